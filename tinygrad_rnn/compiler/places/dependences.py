"""Which steps have to wait for which: told by the memory that they write and read.

Imports `program` and `placement`. A product of some rows of a stack needs the members that these
rows are from, and not the whole stack, as its inputs alone would say.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from ..program.steps import Step
from .placement import Placement
from .regions import Region, Slot

Extent = tuple[int, int, int]  # first byte, end, and the number of the step that writes them


def dependences(placement: Placement, steps: list[Step]) -> list[list[int]]:
    """List for each step the numbers of the steps that write what it reads.

    Parameters
    ----------
    placement : Placement
    steps : list of Step
        In an order in which they can be run.
    """
    written: dict[Slot, list[Extent]] = {}
    longest: dict[Slot, int] = {}
    needs: list[list[int]] = []
    last_random: list[int] = []  # random numbers are drawn in the order of the function
    for i, s in enumerate(steps):
        found: set[int] = set()
        for region in read_by(placement, s):
            start, end = extent(region)
            extents = written.get(region.slot, [])
            first = bisect_left(extents, (start - longest.get(region.slot, 0), -1, -1))
            for lower, upper, writer in extents[first:]:
                if lower >= end:
                    break
                if upper > start:
                    found.add(writer)
        if s.rule is not None and s.rule.random:
            found.update(last_random)
            last_random = [i]
        needs.append(sorted(found))
        for region in written_by(placement, s):
            start, end = extent(region)
            insort(written.setdefault(region.slot, []), (start, end, i))
            longest[region.slot] = max(longest.get(region.slot, 0), end - start)
    return needs


def read_by(placement: Placement, s: Step) -> Iterator[Region]:
    """Yield what a step reads."""
    for x in s.inputs if s not in placement.copies else (x for x, _ in placement.copies[s]):
        if not x.is_number:
            yield placement.regions[x]


def written_by(placement: Placement, s: Step) -> Iterator[Region]:
    """Yield what a step writes."""
    if s in placement.copies:
        yield from (place for _, place in placement.copies[s])
    else:
        yield placement.regions[s]


def extent(region: Region) -> tuple[int, int]:
    """Return the first byte of a region in its slot, and the byte behind its last."""
    form = region.form
    if form.size == 0:
        return region.offset, region.offset
    way = [(n - 1) * step for n, step in zip(form.shape, form.strides, strict=True)]
    start = region.offset + sum(w for w in way if w < 0)
    return start, region.offset + sum(w for w in way if w > 0) + form.itemsize
