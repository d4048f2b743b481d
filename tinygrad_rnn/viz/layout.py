"""Boxes and arrows in pixels: the last step from a graph to a page. Imports the files above.

The sizes are those of a page in which one pixel is one pixel; the page may scale them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .placement import AFTER, BEFORE, SHARED, Column, Placement
from .record import Edge
from .rectangles import Box, Point, around, bottom, middle, overlap, rounded
from .routing import Gap, Gutter, Routes, Zone
from .snapshot import Snapshot

BOX_HEIGHT = 41.0
HEADER = 30.0  # the time axis; the page has the same number
MARGIN = 8.0
TITLE = 18.0  # the room for a module's name
GAP, GUTTER, ZONE = 17.0, 16.0, 14.0  # channels without tracks
TRACK = 5.0  # from track to track
STACKED = 10.0  # between shared leaves
PORT = 9.0  # between arrows that enter the same box, at most
CORNER = 5.0  # radius


class Frame(NamedTuple):
    """A titled rectangle around a module, or the band of a column."""

    title: str
    box: Box


class Layout:
    """A placed graph in pixels.

    Parameters
    ----------
    graph : Snapshot
    placement : Placement
    widths : mapping
        From the id of each node that is drawn to the width of its box.

    Attributes
    ----------
    boxes : dict
        From the id of a node to its box.
    paths : dict
        From an arrow to what an SVG path's ``d`` says.
    bands : dict
        From a column to its frame, the whole height of the page.
    frames : list of Frame
        Around modules.
    width, height : float
        Of the whole page.
    """

    def __init__(self, graph: Snapshot, placement: Placement, widths: Mapping[int, float]) -> None:
        self.placement = placement
        self.routes = Routes(graph, placement)
        self.box_widths = widths
        self.lefts, self.width = self._horizontal()
        self.level_tops, self.zone_tops, self.height = self._vertical()
        self.boxes = {node: self._box(node) for node in placement.cells}
        self.ports = self._ports(graph)
        self.paths = {edge: self._inner_path(edge) for edge in self.routes.inner}
        self.paths |= {edge: rounded(self._corners(edge), CORNER) for edge in self.routes.ways}
        self.bands = {
            column: Frame(title_of(column), Box(x, 0, self._column_width(column), self.height))
            for column, x in zip(placement.columns, self.lefts, strict=True)
        }
        self.frames = self._frames(graph)

    # Where columns, rows and levels begin.

    def _column_width(self, column: Column) -> float:
        cells = [cell for cell in self.placement.cells.values() if cell.column == column]
        if column == SHARED:
            nodes = [n for ids in self.placement.shared.values() for n in ids]
            return max(self.box_widths[node] for node in nodes)
        return max(self.placement.insides[cell].width for cell in cells) + 2 * MARGIN

    def _horizontal(self) -> tuple[list[float], float]:
        lefts = []
        x = 0.0
        for i, column in enumerate(self.placement.columns):
            x += GUTTER + TRACK * self.routes.count(Gutter(i))
            lefts.append(x)
            x += self._column_width(column)
        return lefts, x + GUTTER + TRACK * self.routes.count(Gutter(len(lefts)))

    def _vertical(self) -> tuple[dict[str, list[float]], list[float], float]:
        """Return the tops of every row's levels, the tops of the zones, and the height of all."""
        placement = self.placement
        tops: dict[str, list[float]] = {}
        zones = []
        y = header = HEADER if placement.rows else 0.0
        for i, row in enumerate(placement.rows):
            zones.append(y)
            y += ZONE + TRACK * self.routes.count(Zone(i)) + TITLE
            tops[row] = self._level_tops(row, y)
            leaves = len(placement.shared.get(row, ()))
            y = max(tops[row][-1], y + leaves * (BOX_HEIGHT + STACKED))
        zones.append(y)
        end = y + ZONE + TRACK * self.routes.count(Zone(len(placement.rows)))
        for side in (BEFORE, AFTER):
            if side in placement.columns:
                begin = header + TITLE
                spare = y - self._level_tops(side, begin)[-1]
                if side == AFTER:  # it ends where the rows end
                    begin += max(0.0, spare)
                tops[side] = self._level_tops(side, begin)
                end = max(end, tops[side][-1])
        return tops, zones, end + MARGIN

    def _level_tops(self, row: str, y: float) -> list[float]:
        """Return the tops of the levels of a row's cells, and where a further one would begin."""
        insides = {cell: x for cell, x in self.placement.insides.items() if cell.row == row}
        tops = []
        for level in range(1 + max(len(inside.rows) for inside in insides.values())):
            y += GAP + TRACK * max(self.routes.count(Gap(cell, level)) for cell in insides)
            tops.append(y)
            y += BOX_HEIGHT
        return tops

    def _box(self, node: int) -> Box:
        cell = self.placement.cells[node]
        left, width = self.lefts[self.placement.columns.index(cell.column)], self.box_widths[node]
        if cell.column == SHARED:
            top = self.level_tops[cell.row][0]
            top += self.placement.shared[cell.row].index(node) * (BOX_HEIGHT + STACKED)
            return Box(left + self._column_width(SHARED) - width, top, width, BOX_HEIGHT)
        inside = self.placement.insides[cell]
        level = inside.level[node]
        middle = left + MARGIN + inside.x[node, level]
        return Box(middle - width / 2, self.level_tops[cell.row][level], width, BOX_HEIGHT)

    # Arrows.

    def _ports(self, graph: Snapshot) -> dict[Edge, float]:
        """Return the x at which each arrow enters its box, in the order in which they come."""
        entering: dict[int, list[Edge]] = {}
        for edge in sorted([*self.routes.inner, *self.routes.ways], key=self._comes_from):
            entering.setdefault(edge.target, []).append(edge)
        ports = {}
        for target, edges in entering.items():
            left, _, width, _ = self.boxes[target]
            apart = min(PORT, (width - 2 * CORNER) / len(edges))
            for i, edge in enumerate(edges):
                ports[edge] = left + width / 2 + apart * (i - (len(edges) - 1) / 2)
        return ports

    def _comes_from(self, edge: Edge) -> tuple[float, int, int]:
        """Return the x from which an arrow comes to its box's level, then what decides a tie."""
        if edge in self.routes.ways:
            gutter = self.routes.ways[edge][-2]  # an early track turns in above the later ones
            return self._line(gutter, self.routes.tracks[gutter][-1]), -edge.source, edge.position
        lane = self._lane(edge)
        return lane[-1] if lane else middle(self.boxes[edge.source]), edge.source, edge.position

    def _lane(self, edge: Edge) -> list[float]:
        """Return the x of an arrow on each level between its ends."""
        cell = self.placement.cells[edge.source]
        left = self.lefts[self.placement.columns.index(cell.column)] + MARGIN
        inside = self.placement.insides[cell]
        return [left + x for x in inside.lane(edge.source, edge.target)]

    def _inner_path(self, edge: Edge) -> str:
        """Lead an arrow down from level to level: curved in the gaps, straight in the lanes."""
        cell = self.placement.cells[edge.source]
        x, y = middle(self.boxes[edge.source]), bottom(self.boxes[edge.source])
        path = [f"M{x:.1f} {y:.1f}"]
        first = self.placement.level(edge.source) + 1
        for level, x_below in enumerate([*self._lane(edge), self.ports[edge]], first):
            top = self.level_tops[cell.row][level]
            half = (y + top) / 2
            path.append(f"C{x:.1f} {half:.1f} {x_below:.1f} {half:.1f} {x_below:.1f} {top:.1f}")
            x, y = x_below, top
            if level < self.placement.level(edge.target):
                y = top + BOX_HEIGHT
                path.append(f"V{y:.1f}")
        return "".join(path)

    def _corners(self, edge: Edge) -> list[Point]:
        """Lead an arrow through its channels, by right angles."""
        source = self.boxes[edge.source]
        x, y = middle(source), bottom(source)
        if self.placement.cells[edge.source].column == SHARED:  # sideways
            leftwards = self.placement.cells[edge.target].column == BEFORE
            x, y = source.left + source.width * (not leftwards), source.top + source.height / 2
        points = [(x, y)]
        for channel in self.routes.ways[edge]:
            if isinstance(channel, Gutter):
                x = self._line(channel, edge.source)
            else:
                y = self._line(channel, edge.source)
            points.append((x, y))
        x = self.ports[edge]
        return [*points, (x, y), (x, self.boxes[edge.target].top)]

    def _line(self, channel: Gap | Gutter | Zone, source: int) -> float:
        """Return the x of a source's track in a gutter, or the y in another channel."""
        track, count = self.routes.track(channel, source), self.routes.count(channel)
        if isinstance(channel, Zone):
            return self.zone_tops[channel.row] + ZONE / 2 + TRACK * track
        if isinstance(channel, Gutter):
            right = [*self.lefts, self.width][channel.column]
            if self.placement.columns[channel.column - 1] != SHARED:
                track = count - 1 - track  # so that arrows along a zone turn off without crossing
            return right - GUTTER / 2 - TRACK * (count - 1 - track)
        top = self.level_tops[channel.cell.row][channel.level]
        return top - GAP / 2 - TRACK * (count - 1 - track)

    # Frames.

    def _frames(self, graph: Snapshot) -> list[Frame]:
        """Frame each module of the time steps; other modules where no stranger would be inside."""
        frames = []
        spans: dict[tuple[str, str], list[Box]] = {}
        for node, cell in self.placement.cells.items():
            if cell.column != SHARED:
                spans.setdefault((cell.row, graph.nodes[node].module), []).append(self.boxes[node])
        for (_, module), boxes in spans.items():
            box = around(boxes, MARGIN, TITLE)
            strangers = [
                node
                for node, other in self.boxes.items()
                if overlap(box, other) and graph.nodes[node].module != module
            ]
            if module and not strangers:
                frames.append(Frame(module, box))
        return frames


def title_of(column: Column) -> str:
    """Return a column's title on the time axis."""
    return f"t = {', '.join(map(str, column))}" if isinstance(column, tuple) else column
