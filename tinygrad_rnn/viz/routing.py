"""Through which channels the arrows of a placed graph run.

Inside a cell an arrow runs from level to level, through the lanes kept free for it. Between cells
it runs along channels where no box is: the gap between two levels, the gutter left of a column,
the zone above a row. In a channel every source has one track of its own, so that the arrows of a
weight to all time steps look like the bus that they are. Imports `placement` and `snapshot` only.
"""

from __future__ import annotations

from typing import NamedTuple

from .placement import SHARED, Cell, Placement
from .record import Edge
from .snapshot import Snapshot


class Gap(NamedTuple):
    """The channel above a level of a cell."""

    cell: Cell
    level: int


class Gutter(NamedTuple):
    """The channel left of a column, by its place in `Placement.columns`."""

    column: int


class Zone(NamedTuple):
    """The channel above a row, by its place in `Placement.rows`; the last is below all rows."""

    row: int


Channel = Gap | Gutter | Zone


class Routes:
    """The channels of every arrow, and the tracks of every channel.

    Parameters
    ----------
    graph : Snapshot
    placement : Placement

    Attributes
    ----------
    ways : dict
        From each arrow between two cells to its channels, in order.
    inner : list of Edge
        The arrows within a cell.
    tracks : dict
        From a channel to its sources: the place in the list is the track.
    """

    def __init__(self, graph: Snapshot, placement: Placement) -> None:
        self.placement = placement
        self.ways: dict[Edge, list[Channel]] = {}
        self.inner: list[Edge] = []
        self.tracks: dict[Channel, list[int]] = {}
        cells = placement.cells
        for edge in sorted(graph.edges()):
            if edge.source not in cells:
                continue
            if cells[edge.source] == cells[edge.target]:
                self.inner.append(edge)
                continue
            self.ways[edge] = self.way(edge)
            for channel in self.ways[edge]:
                sources = self.tracks.setdefault(channel, [])
                if edge.source not in sources:
                    sources.append(edge.source)

    def way(self, edge: Edge) -> list[Channel]:
        """Return the channels of an arrow from one cell to another."""
        placement = self.placement
        source, target = placement.cells[edge.source], placement.cells[edge.target]
        i, j = placement.columns.index(source.column), placement.columns.index(target.column)
        out, into = Gutter(i + (i <= j)), Gutter(j + (i >= j))
        way: list[Channel] = []
        if source.column != SHARED:  # from there an arrow leaves sideways
            way.append(Gap(source, placement.level(edge.source) + 1))
        way.append(out)
        if into != out:
            way += [self.zone(source, target), into]
        return [*way, Gap(target, placement.level(edge.target))]

    def zone(self, source: Cell, target: Cell) -> Zone:
        """Choose the zone through which an arrow passes the columns between its ends."""
        rows = self.placement.rows
        if source.row in rows and source.column != SHARED:
            return Zone(rows.index(source.row) + 1)
        for cell in (target, source):
            if cell.row in rows:
                return Zone(rows.index(cell.row))
        return Zone(0)

    def count(self, channel: Channel) -> int:
        """Return the number of tracks of a channel."""
        return len(self.tracks.get(channel, ()))

    def track(self, channel: Channel, source: int) -> int:
        """Return the track of a source in a channel."""
        return self.tracks[channel].index(source)
