"""When memory can be used again: slots of values that are never alive together share it.

Imports `calls`, `placement` and files above them.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from .calls import IN_PLACE
from .placement import Placement
from .regions import Region, Slot
from .steps import WRITTEN, Step

ALIGNMENT = 64  # bytes: a cache line


class Memory:
    """Where each slot begins in one block of memory.

    Parameters
    ----------
    placement : Placement
    order : list of Step
        What is run, in order.

    Attributes
    ----------
    starts : dict
        From each slot that is the program's own to its first byte.
    nbytes : int
        How long the block is.
    """

    def __init__(self, placement: Placement, order: list[Step]) -> None:
        self.regions = placement.regions
        self.first: dict[Slot, int] = {}
        self.last: dict[Slot, int] = {}
        for s in placement.program.steps:
            if s.kind in WRITTEN:
                self.touch(s, -1)
        for when, s in enumerate(order):
            for x in (s, *s.inputs):
                if not x.is_number:
                    self.touch(x, when)
        for y in placement.program.roots:
            self.touch(y, len(order))

        self.starts: dict[Slot, int] = {}
        self.nbytes = 0
        self.free: list[tuple[int, int]] = []  # pieces: (length, start), in order
        self.piece_from: dict[int, int] = {}  # where each free piece ends
        self.piece_to: dict[int, int] = {}  # where each free piece begins
        born, dying = by_time(self.first), by_time(self.last)
        handed: set[Slot] = set()
        for when in range(-1, len(order) + 1):
            giver = self.giver(order[when], when) if 0 <= when < len(order) else None
            for slot in born.get(when, ()):
                if giver is not None and slot is self.regions[order[when]].slot:
                    self.starts[slot] = self.starts[giver]
                    handed.add(giver)
                else:
                    self.starts[slot] = self.take(rounded(slot.nbytes))
            for slot in dying.get(when, ()):
                if slot not in handed:
                    self.release(self.starts[slot], rounded(slot.nbytes))

    def touch(self, s: Step, when: int) -> None:
        """Note that a value is written or read."""
        slot = self.regions[s].slot
        if slot.owner is None:
            self.first.setdefault(slot, when)
            self.last[slot] = max(self.last.get(slot, when), when)

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
                self.last.get(slot) == when
                and self.first[slot] < when
                and slot.nbytes == mine.slot.nbytes
                and theirs.form.dtype == mine.form.dtype
                and all(fills(x) for x in operands if x.slot is slot)  # none is a transpose of it
            ):
                return slot
        return None

    def take(self, length: int) -> int:
        """Take the smallest free piece that is long enough, or lengthen the block."""
        i = bisect_left(self.free, (length, 0))
        if i < len(self.free):
            start = self.free[i][1]
            end = self.drop(start)
            if end > start + length:
                self.keep(start + length, end)
            return start
        start = self.piece_to.get(self.nbytes, self.nbytes)
        if start < self.nbytes:  # the last piece, lengthened
            self.drop(start)
        self.nbytes = start + length
        return start

    def release(self, start: int, length: int) -> None:
        """Give a piece back, and merge it with free neighbours."""
        end = start + length
        if start in self.piece_to:
            start = self.piece_to[start]
            self.drop(start)
        if end in self.piece_from:
            end = self.drop(end)
        self.keep(start, end)

    def keep(self, start: int, end: int) -> None:
        """Enter a free piece; each is found by its length, its beginning and its end."""
        insort(self.free, (end - start, start))
        self.piece_from[start], self.piece_to[end] = end, start

    def drop(self, start: int) -> int:
        """Take a free piece off the lists; returns where it ends."""
        end = self.piece_from.pop(start)
        del self.piece_to[end]
        del self.free[bisect_left(self.free, (end - start, start))]
        return end


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
