"""What a traced function returns: where a program's outputs go, and what a replay cannot fill in.

Imports `traced` only.
"""

from __future__ import annotations

import inspect
from collections import deque
from typing import Any

from .traced import Traced

COLLECTIONS = (set, frozenset, deque)  # which a replay does not take apart


class Output:
    """The place of the program's output number `index` in what the function returns."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


def hides_values(y: Any) -> bool:
    """Say whether a result has Values inside that a replay cannot find, or is not there yet."""
    if inspect.isgenerator(y) or inspect.iscoroutine(y) or inspect.isasyncgen(y):
        return True
    cells = getattr(y, "__closure__", None) or ()
    held = [*getattr(y, "__dict__", {}).values(), *(c.cell_contents for c in cells)]
    return any(isinstance(x, Traced) for x in [*held, *(y if isinstance(y, COLLECTIONS) else ())])
