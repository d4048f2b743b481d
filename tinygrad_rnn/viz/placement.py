"""Which cell of the page each node goes to: time runs along x, depth along y.

Every time step is a column and every module a row; where they cross is a cell, laid out in levels
of its own, so that equal steps look equal. What belongs to no time step stands before or after the
steps. How arrows run between cells is left to `routing`. Imports `snapshot` and `levels`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .levels import Levels, levels
from .record import NodeRecord
from .scopes import times_in
from .snapshot import Snapshot

Column = tuple[int, ...] | str

BEFORE, SHARED, AFTER = "before", "shared", "after"


class Cell(NamedTuple):
    """A crossing of a column and a row, both by name.

    `column` is a time step (of a loop within a loop the outer time first), or BEFORE, SHARED or
    AFTER; `row` is a module. BEFORE and AFTER have one row only, named as they are.
    """

    column: Column
    row: str


@dataclass(frozen=True)
class Placement:
    """Where every node stands, in cells and levels, not yet in pixels.

    Attributes
    ----------
    columns : list
        From left to right: BEFORE (ops before the first step), SHARED (leaves that several cells
        use, such as weights), the time steps, AFTER; those that hold something.
    rows : list of str
        The modules that have time steps, from top to bottom.
    cells : dict
        From the id of each node that is drawn to its cell.
    insides : dict
        From each cell, but for those of SHARED, to its levels.
    shared : dict
        From a row to the ids of the leaves that stand one below the other in column SHARED.
    """

    columns: list[Column]
    rows: list[str]
    cells: dict[int, Cell]
    insides: dict[Cell, Levels]
    shared: dict[str, list[int]]

    def level(self, node: int) -> int:
        """Return the level of a node in its cell."""
        return self.insides[self.cells[node]].level[node]


def is_drawn(node: NodeRecord) -> bool:
    """Say whether a node has a box of its own; plain numbers are written into their op's box."""
    return node.kind != "constant"


def placed(graph: Snapshot, widths: Mapping[int, float]) -> Placement:
    """Give every node that is drawn a cell, and a level and position in it.

    Parameters
    ----------
    graph : Snapshot
    widths : mapping
        From the ids of the nodes that are drawn to the widths of their boxes.
    """
    cells = cells_of_ops(graph)
    cells |= cells_of_leaves(graph, cells)
    members: dict[Cell, list[int]] = {}
    for node in sorted(cells):
        members.setdefault(cells[node], []).append(node)
    shared = {cell.row: ids for cell, ids in members.items() if cell.column == SHARED}
    topped = {cells[n.id].row for n in graph.nodes if n.id in cells and not n.inputs}
    insides = {}
    for cell, ids in members.items():
        if cell.column != SHARED:
            inside = {i: [s for s in graph.nodes[i].inputs if cells.get(s) == cell] for i in ids}
            leaves = {i for i in ids if not graph.nodes[i].inputs}
            insides[cell] = levels(inside, leaves, widths, first=int(cell.row in topped))
    used = {cell.column for cell in members}
    columns = [c for c in (BEFORE, SHARED, *steps_in_order(cells), AFTER) if c in used]
    return Placement(columns, rows_of(cells), cells, insides, shared)


def steps_in_order(cells: Mapping[int, Cell]) -> list[tuple[int, ...]]:
    """List the time steps in order; what an outer loop does after its inner one stands after it."""
    first: dict[tuple[int, ...], int] = {}
    for node in sorted(cells):
        column = cells[node].column
        if isinstance(column, tuple):
            first.setdefault(column, node)

    def place(step: tuple[int, ...]) -> tuple[float, ...]:
        inner = (other for other in first if other != step and other[: len(step)] == step)
        return (*step, math.inf if any(first[x] < first[step] for x in inner) else -math.inf)

    return sorted(first, key=place)


def rows_of(cells: Mapping[int, Cell]) -> list[str]:
    """List the modules that have time steps."""
    timed = (cell.row for cell in cells.values() if isinstance(cell.column, tuple))
    return list(dict.fromkeys(timed))


def cells_of_ops(graph: Snapshot) -> dict[int, Cell]:
    """Return the cell of every op.

    One without a time step is AFTER, if a time step leads to it or there is none at all, else
    BEFORE.
    """
    cells: dict[int, Cell] = {}
    any_time = any(times_in(node.place) for node in graph.nodes if node.inputs)
    for node in graph.nodes:
        if not node.inputs:
            continue
        if times_in(node.place):
            cells[node.id] = Cell(times_in(node.place), node.module)
            continue
        led_to = any(s in cells and cells[s].column != BEFORE for s in node.inputs)
        side = AFTER if led_to or not any_time else BEFORE
        cells[node.id] = Cell(side, side)
    return cells


def cells_of_leaves(graph: Snapshot, ops: Mapping[int, Cell]) -> dict[int, Cell]:
    """Return the cell of every leaf that is drawn.

    It is that of its users if they have but one, or the first of its own time step; else the leaf
    is SHARED.
    """
    cells = {}
    rows = rows_of(ops)
    for node, leaving in zip(graph.nodes, graph.users(), strict=True):
        if node.inputs or not is_drawn(node):
            continue
        users = [ops[edge.target] for edge in leaving]
        same_time = [cell for cell in users if cell.column == times_in(node.place)]
        if len(set(users)) == 1:
            cells[node.id] = users[0]
        elif same_time:
            cells[node.id] = same_time[0]
        else:
            cells[node.id] = Cell(SHARED, next((c.row for c in users if c.row in rows), rows[0]))
    return cells
