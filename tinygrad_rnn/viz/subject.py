"""Subject: what can be looked at, a Value with a graph, and the errors for all else.

Imports the engine only.
"""

from __future__ import annotations

from typing import Any

from ..engine.errors import DtypeError, GraphError, explain
from ..engine.graph import Node, ancestors
from ..engine.messages import made_by


def graph_of(value: Any) -> list[Node]:
    """List a Value's graph, inputs before outputs, or say why there is none to look at."""
    if not isinstance(value, Node):
        raise DtypeError(
            explain(
                f"there is no graph to see in {nameof(type(value))}",
                where="the first argument",
                why="only a Value remembers how it was computed",
                fix="pass one Value, such as a loss; of a layer's results (output, state) choose"
                " one, as in draw(output)",
            )
        )
    if value.rule is None:
        raise GraphError(
            explain(
                f"there is no graph to see in {short(value)}",
                where=made_by(value),
                why="it was made by hand, under no_grad(), by detach(), or from constants only",
                fix="pass the result of ops on Values that require a gradient",
            )
        )
    return ancestors(value, constants=True)


def nameof(kind: type) -> str:
    """Name a class, with its package if it is not Python's own."""
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def short(value: Node) -> str:
    """Name a Value without printing its numbers."""
    return f"the Value {value.name!r}" if value.name else f"a Value of shape {value.data.shape}"
