"""Dotted names such as ``"layers.0.weight"``, and guessing which one was meant.

Imports the standard library only.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any


def dotted(path: str, name: str) -> str:
    """Join two names, the first of which may be empty."""
    return f"{path}.{name}" if path else name


def flattened(things: Mapping[Any, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """List what a dict holds under dotted names, with lists, tuples and dicts in it opened.

    Examples
    --------
    >>> list(flattened({"a": 1, "b": [2, {"c": 3}]}))
    [('a', 1), ('b.0', 2), ('b.1.c', 3)]
    """
    for key, x in things.items():
        name = dotted(path, str(key))
        if isinstance(x, (list, tuple)):
            yield from flattened(dict(enumerate(x)), name)
        elif isinstance(x, dict):
            yield from flattened(x, name)
        else:
            yield name, x


def near(name: str, known: Iterable[str]) -> str:
    """Say which of the known names was perhaps meant, for the end of an error's first line.

    Examples
    --------
    >>> near("wieght", ["weight", "bias"])
    " (did you mean 'weight'?)"
    """
    found = difflib.get_close_matches(name, list(known), n=3)
    return f" (did you mean {' or '.join(map(repr, found))}?)" if found else ""
