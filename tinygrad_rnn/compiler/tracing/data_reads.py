"""What a traced function reads of Values that it found outside: `W.data`. Imports the engine.

The arrays behind parameters are there while a function is traced, and Python would hand them over:
``np.exp(W.data)`` would be computed once and for all. While a function whose code says ``data`` is
traced, the attribute gives what arguments are: a plain array without numbers, whose ops are taken
down and computed anew at each call. ``W.grad``, which every step replaces, is refused.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from ...engine.graph import Node
from ...engine.methods import seen_by_tracer
from ...engine.recording import current
from ...engine.value import Value
from ..program.refusals import no_change_in_place, no_gradients

SLOT, GRADIENT = vars(Node)["data"], vars(Node)["grad"]
OURS = __name__.partition(".")[0] + "."
WRITERS = (f"{OURS}engine.", f"{OURS}compiler.")  # who has to write gradients, of new Values
# What in a function's code says that an attribute may be read or written.
SAYING = {
    "data": {"data"},
    "grad": {"grad", "zero_grad", "clip_grad_norm_", "clip_grad_value_"},
}


def read(value: Value) -> Any:
    """Return the data; to a function that is being traced, what stands for it."""
    seen = value if asked_by_us() else seen_by_tracer(value)
    return SLOT.__get__(value) if seen is value else seen.as_plain()


def write(value: Value, data: Any) -> None:
    """Set the data; a function that is being traced may not."""
    if current.get().tracer is not None and not asked_by_us():
        raise no_change_in_place("v.data = …")
    SLOT.__set__(value, data)


def read_gradient(value: Value) -> Any:
    """Return the gradient; a function that is being traced may not see it."""
    if current.get().tracer is not None and not asked_by_us(WRITERS):
        raise no_gradients()
    return GRADIENT.__get__(value)


def write_gradient(value: Value, gradient: Any) -> None:
    """Set the gradient; a function that is being traced may not."""
    if current.get().tracer is not None and not asked_by_us(WRITERS):
        raise no_gradients()
    GRADIENT.__set__(value, gradient)


PROPERTIES = {"data": property(read, write), "grad": property(read_gradient, write_gradient)}


def asked_by_us(rooms: str | tuple[str, ...] = OURS) -> bool:
    """Say whether the code that asks for an attribute is of this package: engine, ops, layers."""
    return bool(sys._getframe(2).f_globals.get("__name__", "").startswith(rooms))


class Reads:
    """A context in which an attribute looks who asks; contexts of several threads may overlap."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.open = Counter[str]()

    @contextmanager
    def traced(self, said: Collection[str]) -> Iterator[None]:
        """Look who asks for what the function's code says: others are spared the question."""
        names = [name for name, words in SAYING.items() if not words.isdisjoint(said)]
        with self.lock:
            for name in names:
                self.open[name] += 1
                if self.open[name] == 1:
                    setattr(Value, name, PROPERTIES[name])
        try:
            yield
        finally:
            with self.lock:
                for name in names:
                    self.open[name] -= 1
                    if not self.open[name]:
                        delattr(Value, name)  # Node's own attribute is seen again


reads = Reads()
