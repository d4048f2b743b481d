"""Changes of the sweep that several mistakes are made of. Imports `problem` and `sweep`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ...engine.graph import Node
from .problem import Edge, Problem, argument_names
from .sweep import Change, Here


def at(edges: Iterable[Edge], change: Any) -> dict[Node, list[Change]]:
    """Make a change at each of some edges."""
    changes: dict[Node, list[Change]] = {}
    for edge in edges:
        changes.setdefault(edge.node, []).append(change(edge))
    return changes


def dropped(edge: Edge) -> Change:
    """Let nothing go back along an edge."""

    def change(here: Here) -> None:
        here.gradients[edge.position] = None

    return change


def transposed(position: int, weight: int) -> Change:
    """Go back through the transpose of a weight, each gate's square block by itself."""

    def change(here: Here) -> None:
        turned = blocks_turned(here.x(weight))
        here.gradients[position] = here.with_input(weight, turned)[position]

    return change


def blocks_turned(weight: Any) -> Any:
    """Transpose the square blocks of which a weight is stacked."""
    rows, columns = weight.shape
    if rows >= columns:
        return np.concatenate([block.T for block in np.split(weight, rows // columns)])
    return np.concatenate([b.T for b in np.split(weight, columns // rows, axis=1)], axis=1)


def partner(edge: Edge) -> int | None:
    """Return the position of what an input of a product is multiplied by."""
    names = argument_names(edge.node)
    name = names[edge.position] if edge.position < len(names) else ""
    other = {"h": "w_hh", "a": "b", "b": "a", "x": "w_ih" if "w_ih" in names else "weight"}
    return names.index(other[name]) if other.get(name) in names else None


def weight_position(problem: Problem, edge: Edge) -> int | None:
    """Return where the weight stands that an input is multiplied by, if it is made of squares."""
    position = partner(edge)
    weight = edge.node.inputs[position] if position is not None else None
    if not (isinstance(weight, Node) and weight in problem.weight_side and weight.data.ndim == 2):
        return None
    short, long = sorted(weight.data.shape)
    return position if short > 1 and long % short == 0 else None


def replaced(position: int, g: Callable[[Here], Any]) -> Change:
    """Send something else back to one input."""

    def change(here: Here) -> None:
        here.gradients[position] = g(here)

    return change


def negated(edge: Edge) -> Change:
    """Turn the sign of what goes back along an edge."""

    def change(here: Here) -> None:
        here.gradients[edge.position] = -here.back(edge.position)

    return change
