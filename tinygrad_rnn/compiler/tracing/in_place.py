"""``x += 1`` of a plain array while it is traced. Imports the engine, `program`.

Outside the tracing NumPy changes the array, and everybody who holds it or sees part of it sees the
change; of a Value or a single number Python makes a new one. A stand-in that a function has
computed itself can be changed in the same way: from now on it stands for something else. An
argument or a view is somebody else's memory, and changing it is refused.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine.recording import current
from ...engine.value import Value
from ..program.refusals import no_change_in_place
from ..program.steps import Step
from ..program.views import VIEWS

CHANGES: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "@": operator.matmul,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}


class ChangedInPlace(Value):
    """A Value that stands for an array which may be changed in place."""

    __slots__ = ("is_plain", "step")

    step: Step
    is_plain: bool

    def become(self, symbol: str, y: Any) -> Any:
        """Stand for `y` from now on; a Value, or a single number, stays what it is."""
        if not self.is_plain or not self.ndim:
            return y
        if not self.is_own() or not y.is_plain or y.shape != self.shape:
            raise no_change_in_place(f"x {symbol}= …")
        if not np.can_cast(y.dtype, self.dtype, "same_kind"):
            raise no_change_in_place(f"{y.dtype} written into {self.dtype} by x {symbol}= …")
        self.step = y.step if y.dtype == self.dtype else y.astype(self.dtype).step
        return self

    def is_own(self) -> bool:
        """Say whether the function has made the array, and nobody sees a part of it."""
        tracer = current.get().tracer
        return self.step.rule not in (None, *VIEWS) and self.step not in tracer.viewed


def changing(symbol: str, compute: Callable[[Any, Any], Any]) -> Any:
    """Return the method of an assignment like ``+=``."""

    def change(self: ChangedInPlace, other: Any) -> Any:
        return self.become(symbol, compute(self, other))

    return change


for symbol, compute in CHANGES.items():
    setattr(ChangedInPlace, f"__i{compute.__name__.strip('_')}__", changing(symbol, compute))
