"""What stands beside a weight in its products: an input, or the state of the step before.

Imports `problem`.
"""

from __future__ import annotations

from typing import Any

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
        return position if (self.problem.kinds[edge.node], position) in self.before else None

    def after(self, edge: Edge, position: int) -> Any:
        """Return the state of the same step, which the next one reads."""
        kind = self.before[self.problem.kinds[edge.node], position]
        node = self.at_time.get((kind, self.problem.times[edge.node]))
        return None if node is None else node.data

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


def is_lookup(edge: Edge) -> bool:
    """Say whether rows of a weight are picked by ids: an embedding."""
    node = edge.node
    if node.rule is ops.take.rule:
        return node.params.get("axis") == 0
    return node.rule is ops.getitem.rule and node.params["index"] == (HOLE,)
