"""When memory can be used again: slots of values that are never alive together share it.

Imports `placement` and files above it.
"""

from __future__ import annotations

from .placement import Placement
from .regions import Slot
from .steps import ARGUMENT, SEED, Step

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
        regions = placement.regions
        last: dict[Slot, int] = {}
        first: dict[Slot, int] = {}

        def touch(s: Step, when: int) -> None:
            slot = regions[s].slot
            if slot.owner is None:
                first.setdefault(slot, when)
                last[slot] = max(last.get(slot, when), when)

        end = len(order)
        for s in placement.program.steps:
            if s.kind in (ARGUMENT, SEED):
                touch(s, -1)
        for when, s in enumerate(order):
            touch(s, when)
            for x in s.inputs:
                if not x.is_number:
                    touch(x, when)
        for y in placement.program.roots:
            touch(y, end)

        self.starts: dict[Slot, int] = {}
        self.nbytes = 0
        free: list[tuple[int, int]] = []  # (start, length), by start
        dying: dict[int, list[Slot]] = {}
        for slot, when in last.items():
            dying.setdefault(when, []).append(slot)
        born: dict[int, list[Slot]] = {}
        for slot, when in first.items():
            born.setdefault(when, []).append(slot)
        for when in range(-1, end + 1):
            for slot in born.get(when, ()):
                self.starts[slot] = self.take(free, rounded(slot.nbytes))
            for slot in dying.get(when, ()):
                release(free, self.starts[slot], rounded(slot.nbytes))

    def take(self, free: list[tuple[int, int]], length: int) -> int:
        """Take the smallest free piece that is long enough, or lengthen the block."""
        fitting = [(n, i) for i, (_, n) in enumerate(free) if n >= length]
        if fitting:
            n, i = min(fitting)
            start = free[i][0]
            free[i : i + 1] = [(start + length, n - length)] if n > length else []
            return start
        start = self.nbytes
        if free and sum(free[-1]) == self.nbytes:  # the last piece, lengthened
            start = free.pop()[0]
        self.nbytes = start + length
        return start


def rounded(nbytes: int) -> int:
    """Return a length that keeps the next slot aligned."""
    return -(-max(nbytes, 1) // ALIGNMENT) * ALIGNMENT


def release(free: list[tuple[int, int]], start: int, length: int) -> None:
    """Give a piece back, and merge it with free neighbours."""
    free.append((start, length))
    free.sort()
    merged: list[tuple[int, int]] = []
    for piece in free:
        if merged and sum(merged[-1]) == piece[0]:
            merged[-1] = (merged[-1][0], merged[-1][1] + piece[1])
        else:
            merged.append(piece)
    free[:] = merged
