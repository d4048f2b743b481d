"""What stands beside a weight in its products: an input, or the state of the step before.

Imports `problem`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import ops
from ...engine.graph import Node
from ...ops.indexing import HOLE
from .problem import Edge, Problem, argument_names, array_of


class Operands:
    """Finds the operand of each use of a weight, and what belongs to the steps beside it."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.before = problem.states_read
        self.at_time: dict[tuple[Any, int | None], Node] = {
            (problem.kinds[n], problem.times[n]): n for n in problem.nodes
        }
        self.joined: dict[tuple[Any, int], tuple[Any, tuple[Any, ...]]] = {}
        for edge in problem.carries:
            if edge.node.rule is ops.concatenate.rule:
                for reader in problem.readers[edge.node]:
                    key = problem.kinds[reader.node], reader.position
                    self.joined[key] = problem.kinds[edge.x], place_in_join(edge)

    def beside(self, edge: Edge) -> int | None:
        """Return the position of what a weight is multiplied with."""
        names = argument_names(edge.node)
        if not self.problem.is_product(edge.node) or edge.position >= len(names):
            return None
        other = {"w_hh": "h", "w_ih": "x", "weight": "x", "a": "b", "b": "a"}.get(
            names[edge.position]
        )
        return names.index(other) if other in names else None

    def state_position(self, edge: Edge) -> int | None:
        """Return the position of the state of the step before beside a weight, if one is there."""
        position = self.beside(edge)
        if position is None:
            return None
        key = self.problem.kinds[edge.node], position
        return position if key in self.before or key in self.joined else None

    def after(self, edge: Edge, position: int) -> Any:
        """Return the state of the same step, which the next one reads."""
        key = self.problem.kinds[edge.node], position
        kind, place = self.joined[key] if key in self.joined else (self.before[key], None)
        node = self.at_time.get((kind, self.problem.times[edge.node]))
        if node is None or place is None:
            return None if node is None else node.data
        whole = np.array(array_of(edge.node.inputs[position]))
        whole[place] = node.data
        return whole

    def first_state(self, edge: Edge, position: int) -> Any:
        """Return what was carried into the first step, of the state that a weight is used on."""
        x = edge.node.inputs[position]
        kind = self.problem.kinds[x] if isinstance(x, Node) and x in self.problem.kinds else None
        if isinstance(x, Node) and x.rule is ops.stack.rule:
            kind = self.problem.kinds[x.inputs[0]]
        for (reader, place), state in self.before.items():
            if state == kind:
                return array_of(self.problem.alike[reader][0].inputs[place])
        return None


def place_in_join(edge: Edge) -> tuple[Any, ...]:
    """Return where an input of a concatenation lies in it: an index."""
    axis = edge.node.params.get("axis", 0)
    before = sum(array_of(x).shape[axis] for x in edge.node.inputs[: edge.position])
    index = [slice(None)] * edge.x.data.ndim
    index[axis] = slice(before, before + edge.x.data.shape[axis])
    return tuple(index)


def is_lookup(edge: Edge) -> bool:
    """Say whether rows of a weight are picked by ids: an embedding."""
    node = edge.node
    if node.rule is ops.take.rule:
        return node.params.get("axis") == 0
    return node.rule is ops.getitem.rule and node.params["index"] == (HOLE,)
