"""When memory can be used again: slots of values that are never alive together share it.

Imports `calls`, `two_cores`, `placement` and `arena`. A lane is what one core runs; without a
second core there is one lane. What only one lane uses comes from an arena of its own, and is used
again at once. What both use is used again when both know that it is over.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..calls.writing import IN_PLACE
from ..program.steps import WRITTEN, Step
from ..two_cores.crossings import NEVER, Crossings
from ..two_cores.lanes import Lanes
from .arena import Arena
from .placement import Placement
from .regions import Region, Slot

ALIGNMENT = 64  # bytes: a cache line


class Memory:
    """Where each slot begins in one block of memory.

    Parameters
    ----------
    placement : Placement
    phases : sequence of Lanes
        What is run, in order, and who runs it.

    Attributes
    ----------
    starts : dict
        From each slot that is the program's own to its first byte.
    nbytes : int
        How long the block is.
    """

    def __init__(self, placement: Placement, phases: Sequence[Lanes]) -> None:
        self.regions = placement.regions
        self.crossings = Crossings(phases)
        self.first: dict[Slot, int] = {}
        self.last: dict[Slot, list[int]] = {}  # in each lane
        order = [s for phase in phases for s in phase.order]
        for s in placement.program.steps:
            if s.kind in WRITTEN:
                self.touch(s, -1)
        for when, s in enumerate(order):
            for x in (s, *s.inputs):
                if not x.is_number:
                    self.touch(x, when)
        for y in placement.program.roots:
            self.touch(y, len(order))

        arenas = [Arena() for _ in ("the first lane's", "the second's", "both lanes'")]
        self.starts: dict[Slot, int] = {}
        born = by_time(self.first)
        dying = by_time({slot: self.crossings.end(last) for slot, last in self.last.items()})
        handed: set[Slot] = set()
        for when in range(-1, len(order) + 1):
            giver = self.giver(order[when], when) if 0 <= when < len(order) else None
            for slot in born.get(when, ()):
                if giver is not None and slot is self.regions[order[when]].slot:
                    self.starts[slot] = self.starts[giver]
                    handed.add(giver)
                else:
                    self.starts[slot] = arenas[self.arena(slot)].take(rounded(slot.nbytes))
            for slot in dying.get(when, ()):
                if slot not in handed:
                    arenas[self.arena(slot)].release(self.starts[slot], rounded(slot.nbytes))
        first, second, both = (arena.nbytes for arena in arenas)
        for slot in self.starts:
            self.starts[slot] += (0, first, first + second)[self.arena(slot)]
        self.nbytes = first + second + both

    def touch(self, s: Step, when: int) -> None:
        """Note that a value is written or read."""
        slot = self.regions[s].slot
        if slot.owner is None:
            self.first.setdefault(slot, when)
            last = self.last.setdefault(slot, [NEVER, NEVER])
            last[self.crossings.lane_at(when)] = when

    def arena(self, slot: Slot) -> int:
        """Return the number of the arena that a slot is in."""
        first, second = self.last[slot]
        return 0 if second == NEVER else 1 if first == NEVER else 2

    def giver(self, s: Step, when: int) -> Slot | None:
        """Return the slot that a result can be written over: of an operand that dies with it.

        Entry by entry: where the result's entry goes, the operand's has just been read.
        """
        mine = self.regions[s]
        if s.rule not in IN_PLACE or self.first.get(mine.slot) != when or not fills(mine):
            return None
        operands = [self.regions[x] for x in s.inputs if not x.is_number]
        for theirs in operands:
            slot = theirs.slot
            if (
                slot.owner is None
                and max(self.last[slot]) == when
                and self.first[slot] < when
                and self.arena(slot) == self.arena(mine.slot)
                and self.crossings.is_done(min(self.last[slot]), when)
                and slot.nbytes == mine.slot.nbytes
                and theirs.form.dtype == mine.form.dtype
                and all(fills(x) for x in operands if x.slot is slot)  # none is a transpose of it
            ):
                return slot
        return None


def by_time(times: dict[Slot, int]) -> dict[int, list[Slot]]:
    """Turn a dict from slots to times around."""
    slots: dict[int, list[Slot]] = {}
    for slot, when in times.items():
        slots.setdefault(when, []).append(slot)
    return slots


def fills(region: Region) -> bool:
    """Say whether a region is all of its slot, its entries in order."""
    return region.form.nbytes == region.slot.nbytes and region.form.flags.c_contiguous


def rounded(nbytes: int) -> int:
    """Return a length that keeps the next slot aligned."""
    return -(-max(nbytes, 1) // ALIGNMENT) * ALIGNMENT
