"""Results that are handed out where they lie, not copied. Imports `program`, `placement`.

A run overwrites what the run before it has computed, so that a caller gets copies. A large result
that is nothing but a result, such as a weight's gradient, lies in memory of its own instead, and
its array is handed out. The next run writes there again if nobody holds that array any more, nor
a view of it; else it takes new memory.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..program.steps import Step
from .placement import Placement
from .regions import LENT, Slot, address

ALIGNMENT = 64  # bytes: a cache line
LARGE = 4096  # bytes: a shorter result is copied in less time than it takes to hand it out


class Lendable(np.ndarray):
    """Memory from which arrays are handed out.

    An array that sees part of another holds what lies beneath it, and NumPy looks through arrays of
    its own type to the first of them. Not so here: whoever sees part of what is handed out holds
    what is handed out, because this is of another type.
    """


class Loan:
    """The memory of one result, and who holds what has been handed out last.

    Parameters
    ----------
    form : array
        Has the result's shape and dtype.

    Attributes
    ----------
    memory : Lendable
        Bytes; from the one at `start` on the program writes the result there.
    borrower : callable
        Returns the array that was handed out, or None if nobody holds it any more.
    """

    __slots__ = ("borrower", "form", "memory", "result", "start")

    def __init__(self, form: np.ndarray) -> None:
        self.form = form
        self.renew()

    def renew(self) -> None:
        """Take new memory."""
        form = self.form
        self.memory = Lendable(form.nbytes + ALIGNMENT, np.uint8)
        self.start = -address(self.memory) % ALIGNMENT
        self.result = Lendable(form.shape, form.dtype, self.memory, self.start)
        self.borrower: Callable[[], Any] = nobody

    def hand_out(self) -> np.ndarray:
        """Return the result in an array that its receiver may keep and change."""
        array = self.result.view(np.ndarray)
        self.borrower = weakref.ref(array)
        return array


def nobody() -> None:
    """Say that nobody holds what has not been handed out."""


def lend(placement: Placement) -> dict[Step, Slot]:
    """Find the results that can be handed out, and let each lie in memory of its own.

    Returns
    -------
    dict
        From each of these results to its slot, which nothing but the step that computes it touches.
    """
    program, regions = placement.program, placement.regions
    touching: dict[Slot, set[Step]] = {}
    for s in [*placement.computed, *(s for s in program.steps if s.rule is None)]:
        for x in (s, *s.inputs):
            if not x.is_number:
                touching.setdefault(regions[x].slot, set()).add(s)
    times = Counter(regions[y].slot for y in program.roots)
    lent: dict[Step, Slot] = {}
    for y in program.roots:
        slot, form = regions[y].slot, regions[y].form
        if slot.owner is not None or len(touching[slot]) > 1 or times[slot] > 1:
            continue
        (writer,) = touching[slot]
        fills = form.nbytes == slot.nbytes >= LARGE and form.flags.c_contiguous
        if fills and writer.rule is not None and writer not in placement.copies:
            slot.owner = LENT
            lent[y] = slot
    return lent


def copier(array: np.ndarray) -> Callable[[], Any]:
    """Return a function that copies an array; of a single number it makes a NumPy number."""
    return array.copy if array.ndim else partial(array.__getitem__, ())
