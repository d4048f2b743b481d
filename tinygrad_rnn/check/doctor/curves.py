"""Curves of a graph: tanh, sigmoid and relu, also as people write them out. Imports ops, engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import ops
from ...engine.graph import Node

Slope = Callable[[Any, Any], Any]  # of the output y and of the pre-activation a


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve at one node.

    Attributes
    ----------
    name : {"tanh", "sigmoid", "relu"}
    node : Node
        Its output y.
    a : Node
        What it was applied to.
    first : Node
        The op that reads a: the curve itself, or of one that is written out the innermost op.
    """

    name: str
    node: Node
    a: Node
    first: Node


NAMES = {ops.tanh.rule: "tanh", ops.sigmoid.rule: "sigmoid", ops.relu.rule: "relu"}


def curve_at(node: Node) -> Curve | None:
    """Return the curve that ends at a node: an op, or 1 / (1 + exp(−a)) written out."""
    if node.rule in NAMES:
        (a,) = node.inputs
        return Curve(NAMES[node.rule], node, a, node) if isinstance(a, Node) else None
    return written_out(node)


def written_out(node: Node) -> Curve | None:
    """Return the sigmoid that is written as 1 / (1 + exp(−a)), or None."""
    if node.rule is not ops.divide.rule or not is_one(node.inputs[0]):
        return None
    below = node.inputs[1]
    if not isinstance(below, Node) or below.rule is not ops.add.rule:
        return None
    power = [x for x in below.inputs if isinstance(x, Node) and x.rule is ops.exp.rule]
    if len(power) != 1 or not any(is_one(x) for x in below.inputs):
        return None
    (minus,) = power[0].inputs
    if not isinstance(minus, Node) or minus.rule is not ops.negative.rule:
        return None
    (a,) = minus.inputs
    return Curve("sigmoid", node, a, minus) if isinstance(a, Node) else None


def is_one(x: Any) -> bool:
    """Say whether an input is the number 1."""
    return not isinstance(x, Node) and np.ndim(x) == 0 and x == 1


def sigmoid(a: Any) -> Any:
    """Return 1 / (1 + e⁻ᵃ)."""
    return ops.sigmoid.rule.forward(a)


RIGHT: dict[str, Slope] = {
    "tanh": lambda y, a: 1 - y * y,
    "sigmoid": lambda y, a: y * (1 - y),
    "relu": lambda y, a: (a > 0).astype(y.dtype),
}

WRONG: dict[str, dict[str, Slope]] = {
    "tanh": {
        "1": lambda y, a: np.ones_like(y),
        "1 − a²": lambda y, a: 1 - a * a,
        "1 − tanh(y)²": lambda y, a: 1 - np.tanh(y) ** 2,
        "1 − y": lambda y, a: 1 - y,
        "1 + y²": lambda y, a: 1 + y * y,
        "y (1 − y)": lambda y, a: y * (1 - y),
    },
    "sigmoid": {
        "1": lambda y, a: np.ones_like(y),
        "a (1 − a)": lambda y, a: a * (1 - a),
        "σ(y) (1 − σ(y))": lambda y, a: sigmoid(y) * (1 - sigmoid(y)),
        "y": lambda y, a: y,
        "1 − y": lambda y, a: 1 - y,
        "1 − y²": lambda y, a: 1 - y * y,
    },
    "relu": {"1": lambda y, a: np.ones_like(y)},
}
"""Slopes that people write instead, by the formula that they write."""
