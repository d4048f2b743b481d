"""What a traced function returns: where a program's outputs go, and what a replay cannot fill in.

Imports `namespaces` and `traced`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, ItemsView, Iterator, ValuesView
from typing import Any

from .namespaces import namespaces_of
from .traced import Traced

# What somebody looks through later, when there are no stand-ins any more.
LATER = (Iterator, AsyncIterator, Coroutine, ValuesView, ItemsView)
ENOUGH = 10_000  # things: a result that holds more is not searched any further


class Output:
    """The place of the program's output number `index` in what the function returns."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


def hides_values(y: Any) -> bool:
    """Say whether a result has Values inside that a replay cannot find, or is not there yet."""
    if isinstance(y, LATER):
        return True
    seen: set[int] = set()
    stack = [y]
    while stack and len(seen) < ENOUGH:
        x = stack.pop()
        if isinstance(x, Traced):
            return True
        if id(x) not in seen:
            seen.add(id(x))
            stack += [part for space in namespaces_of("", x) for part in space.entries()]
    return False
