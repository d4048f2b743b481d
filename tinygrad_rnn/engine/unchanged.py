"""Whether data is what it was when an op ran with it. For `debug`; imports the sweep and below.

A VJP computes from the arrays that its op ran with. Of each a fingerprint is kept, and looked at
again before a sweep.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from . import findings
from .backward import Deferred, contributions
from .graph import Node, data_of
from .places import Line, calling_line, line_of


def fingerprint(x: Any) -> bytes | None:
    """Return a short hash of an array's bytes; None for a Python number, which cannot change."""
    if not isinstance(x, (np.ndarray, np.generic)):
        return None
    return hashlib.blake2b(x.tobytes(), digest_size=16).digest()


def demand_unchanged(nodes: list[Node]) -> None:
    """Raise if data that a derivative depends on is not what it was when its op ran."""
    for node in nodes:
        prints = getattr(node.scope, "prints", ())
        if len(prints) != len(node.inputs) + 1:
            continue
        for i, x in enumerate((*node.inputs, node)):
            position = i if i < len(node.inputs) else -1
            if fingerprint(data_of(x)) != prints[i] and depends_on(node, position):
                before, after = lines_between(nodes, x, prints[i])
                raise findings.changed(node, position, before, after or calling_line())


def depends_on(node: Node, position: int) -> bool:
    """Say whether a node's VJP gives anything else for other data in one of its places."""
    fills = (None, np.nan, 1, -1)  # None: as it is
    try:
        with np.errstate(all="ignore"):
            first, *others = (gradients_with(node, position, fill) for fill in fills)
    except Exception:  # a VJP that cannot take such data reads it
        return True
    return any(
        not np.array_equal(a, b, equal_nan=True)
        for other in others
        for a, b in zip(first, other, strict=True)
    )


def gradients_with(node: Node, position: int, fill: float | None) -> list[Any]:
    """Apply a node's VJP to a gradient of ones, with one array filled with a number."""

    def copy_of(x: Any, filled: bool) -> Any:
        data = data_of(x)
        if filled and fill is not None:
            data = np.full_like(data, fill)[()]
        if not isinstance(x, Node):
            return data
        twin = Node()
        twin.data, twin.requires_grad, twin.scope, twin.name = data, x.requires_grad, "", None
        return twin

    twin = copy_of(node, position < 0)
    twin.rule, twin.params = node.rule, node.params
    twin.inputs = tuple(copy_of(x, i == position) for i, x in enumerate(node.inputs))
    given = contributions(twin, np.ones_like(node.data)[()])
    return [g.dense() if isinstance(g, Deferred) else g for _, g in given]


def lines_between(
    nodes: list[Node], x: Any, print_then: bytes | None
) -> tuple[Line | None, Line | None]:
    """Return the last line that saw an operand as it was, and the first op that saw it changed."""
    before = after = None
    for node in nodes:
        prints = getattr(node.scope, "prints", ())
        seen = [p for p, y in zip(prints, (*node.inputs, node), strict=False) if y is x]
        if print_then in seen:
            before = line_of(node)
        elif seen and after is None and before is not None:
            after = line_of(node)
    return before, after
