"""A small graph laid out in levels, inputs above outputs. Imports nothing of ours.

The method of Sugiyama, Tagawa and Toda (1981) in its plainest form: each node on the level below
its deepest input, the order within a level by the mean place of the neighbours, and positions that
come as near to the neighbours as order and spacing allow. An arrow across several levels keeps a
narrow lane free on each, so that no arrow ever runs through a box.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise

Slot = tuple[int, int]  # (node, level); a node's lane on a level below its own is one as well

SPACING = 10.0  # pixels between two slots
LANE = 4.0  # pixels that a passing arrow takes
ORDER_PASSES = 6
POSITION_PASSES = 12


@dataclass(frozen=True)
class Levels:
    """The inside of a cell.

    Attributes
    ----------
    level : dict
        From a node to its level; 0 is the top.
    rows : list of list of (node, level)
        Each level's slots from left to right.
    x : dict
        From a slot to the middle of it, in pixels from the left edge.
    width : float
    """

    level: dict[int, int]
    rows: list[list[Slot]]
    x: dict[Slot, float]
    width: float

    def lane(self, source: int, target: int) -> list[float]:
        """Return the x of an arrow's lane on every level between its ends."""
        between = range(self.level[source] + 1, self.level[target])
        return [self.x[source, level] for level in between]


def levels(
    inputs: Mapping[int, Sequence[int]],
    leaves: Set[int],
    widths: Mapping[int, float],
    first: int = 0,
) -> Levels:
    """Lay out a graph.

    Parameters
    ----------
    inputs : mapping
        From every node, inputs before outputs, to those of its inputs that are in the graph.
    leaves : set
        The nodes that belong close to their users rather than at the top.
    widths : mapping
        From every node to the width of its box.
    first : int
        The level where the others begin; 1 leaves room for leaves that only other cells have.
    """
    level = depths(inputs, leaves, first)
    rows, above = with_lanes(inputs, level)
    below: dict[Slot, list[Slot]] = {slot: [] for row in rows for slot in row}
    for slot, sources in above.items():
        for source in sources:
            below[source].append(slot)
    rows = untangled(rows, above, below)

    def width(slot: Slot) -> float:
        return widths[slot[0]] if level[slot[0]] == slot[1] else LANE

    x = positions(rows, above, below, {slot: width(slot) for row in rows for slot in row})
    left = min(x[slot] - width(slot) / 2 for slot in x)
    right = max(x[slot] + width(slot) / 2 for slot in x)
    return Levels(level, rows, {slot: middle - left for slot, middle in x.items()}, right - left)


def depths(inputs: Mapping[int, Sequence[int]], leaves: Set[int], first: int) -> dict[int, int]:
    """Give each node its level: below its inputs; a leaf just above the first that uses it."""
    first = max(first, 1) if leaves else first
    level: dict[int, int] = {}
    uppermost: dict[int, int] = {}  # from a leaf to the level of the first that uses it
    for node, sources in inputs.items():
        if node in leaves:
            continue
        level[node] = max([first, *(level[s] + 1 for s in sources if s not in leaves)])
        for leaf in leaves & set(sources):
            uppermost[leaf] = min(level[node], uppermost.get(leaf, level[node]))
    return level | {leaf: uppermost[leaf] - 1 for leaf in leaves}


def with_lanes(
    inputs: Mapping[int, Sequence[int]], level: Mapping[int, int]
) -> tuple[list[list[Slot]], dict[Slot, list[Slot]]]:
    """Fill the levels with nodes and lanes; return them, and what each slot hangs on above it."""
    rows: list[list[Slot]] = [[] for _ in range(max(level.values()) + 1)]
    above: dict[Slot, list[Slot]] = {}
    for node in inputs:
        slot = (node, level[node])
        rows[level[node]].append(slot)
        above[slot] = []
    for node, sources in inputs.items():
        for source in sources:
            last = (source, level[source])
            for between in range(level[source] + 1, level[node]):
                lane = (source, between)
                if lane not in above:
                    rows[between].append(lane)
                    above[lane] = [last]
                last = lane
            above[node, level[node]].append(last)
    return rows, above


Links = Mapping[Slot, Sequence[Slot]]


def untangled(rows: list[list[Slot]], above: Links, below: Links) -> list[list[Slot]]:
    """Order each level by the mean place of its neighbours; keep the order that crosses least."""
    best, fewest = rows, crossings(rows, above)
    for turn in range(ORDER_PASSES):
        downwards = turn % 2 == 0
        links = above if downwards else below
        rows = [list(row) for row in rows]
        place = {slot: float(i) for row in rows for i, slot in enumerate(row)}
        for row in rows if downwards else reversed(rows):
            wishes = {s: mean([place[n] for n in links[s] or [s]]) for s in row}
            row.sort(key=wishes.__getitem__)
            place |= {slot: float(i) for i, slot in enumerate(row)}
        count = crossings(rows, above)
        if count < fewest:
            best, fewest = rows, count
    return best


def crossings(rows: Sequence[Sequence[Slot]], above: Links) -> int:
    """Count the pairs of links that cross."""
    place = {slot: i for row in rows for i, slot in enumerate(row)}
    count = 0
    for row in rows:
        ends: list[int] = []  # upper ends of the links, in the order of their lower ends
        for slot in row:
            fan = sorted(place[n] for n in above[slot])
            count += sum(other > end for end in fan for other in ends)
            ends += fan
    return count


def positions(
    rows: Sequence[Sequence[Slot]], above: Links, below: Links, width: Mapping[Slot, float]
) -> dict[Slot, float]:
    """Place the slots of each level near their neighbours, in order and without touching."""
    x: dict[Slot, float] = {}
    for row in rows:
        x |= dict(zip(row, spread([0.0] * len(row), [width[s] for s in row]), strict=True))
    for turn in range(POSITION_PASSES):
        downwards = turn % 2 == 0
        links = above if downwards else below
        for row in rows if downwards else reversed(rows):
            wishes = [wish(slot, links[slot], x) for slot in row]
            x |= dict(zip(row, spread(wishes, [width[s] for s in row]), strict=True))
    return x


def wish(slot: Slot, neighbours: Sequence[Slot], x: Mapping[Slot, float]) -> float:
    """Return where a slot would like to be: in line with its own lane, or amid its neighbours."""
    own = [n for n in neighbours if n[0] == slot[0]]
    return mean([x[n] for n in own or neighbours]) if neighbours else x[slot]


def spread(wishes: Sequence[float], widths: Sequence[float]) -> list[float]:
    """Return the places nearest to the wishes (least squares) that keep order and spacing.

    Isotonic regression by pooling adjacent violators: once each place is measured from where it
    would stand if all stood close together, the places must not decrease.

    Examples
    --------
    >>> spread([0.0, 0.0], [20.0, 20.0])
    [-15.0, 15.0]
    """
    close = [0.0]
    for left, right in pairwise(widths):
        close.append(close[-1] + (left + right) / 2 + SPACING)
    pools: list[tuple[float, int]] = []  # (mean, how many)
    for wish, offset in zip(wishes, close, strict=False):
        pooled, count = wish - offset, 1
        while pools and pools[-1][0] > pooled:
            other, n = pools.pop()
            pooled, count = (pooled * count + other * n) / (count + n), count + n
        pools.append((pooled, count))
    measured = [pooled for pooled, count in pools for _ in range(count)]
    return [place + offset for place, offset in zip(measured, close, strict=False)]


def mean(numbers: Iterable[float]) -> float:
    """Return the arithmetic mean."""
    numbers = list(numbers)
    return sum(numbers) / len(numbers)
