"""What a traced function reads of Values that it found outside: `W.data`. Imports the engine.

The arrays behind parameters are there while a function is traced, and Python would hand them over:
``np.exp(W.data)`` would be computed once and for all. While a function whose code says ``data`` is
traced, the attribute gives what arguments are: a plain array without numbers, whose ops are taken
down and computed anew at each call.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from ...engine.graph import Node
from ...engine.methods import seen_by_tracer
from ...engine.recording import current
from ...engine.value import Value
from ..program.refusals import no_change_in_place

SLOT = vars(Node)["data"]
OURS = __name__.partition(".")[0] + "."


def read(value: Value) -> Any:
    """Return the data; to a function that is being traced, what stands for it."""
    seen = value if asked_by_us() else seen_by_tracer(value)
    return SLOT.__get__(value) if seen is value else seen.as_plain()


def write(value: Value, data: Any) -> None:
    """Set the data; a function that is being traced may not."""
    if current.get().tracer is not None and not asked_by_us():
        raise no_change_in_place("v.data = …")
    SLOT.__set__(value, data)


def asked_by_us() -> bool:
    """Say whether the code that asks for the data is of this package: engine, ops, layers."""
    return bool(sys._getframe(2).f_globals.get("__name__", "").startswith(OURS))


class Reads:
    """A context in which `Value.data` looks who asks; contexts of several threads may overlap."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.open = 0

    @contextmanager
    def traced(self, needed: bool) -> Iterator[None]:
        """Look who asks, if `needed`: every other function is spared the question."""
        if not needed:
            yield
            return
        with self.lock:
            self.open += 1
            if self.open == 1:
                setattr(Value, "data", property(read, write))  # noqa: B010 (mypy sees a slot)
        try:
            yield
        finally:
            with self.lock:
                self.open -= 1
                if not self.open:
                    delattr(Value, "data")  # Node's own attribute is seen again


reads = Reads()
