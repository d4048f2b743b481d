"""The graph of a loss as the doctor sees it: steps, carried states, uses of weights, like ops.

Imports `curves`, `time_steps`, ops and the engine. Nothing here writes to the graph.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import ops
from ...engine.graph import Node, ancestors, dependants
from ...engine.recording import time_of
from ..time_steps import REARRANGING, inferred_times, times_of
from .curves import Curve, curve_at

PRODUCTS = {ops.matmul.rule, ops.linear.rule, ops.recurrent_linear.rule, ops.einsum.rule}
FORMS = {
    op.rule
    for op in (
        *(ops.transpose, ops.reshape, ops.broadcast_to, ops.getitem, ops.astype),
        *(ops.concatenate, ops.stack),
    )
}


@dataclass(frozen=True, eq=False)
class Edge:
    """An input of a node that a gradient goes back to.

    Attributes
    ----------
    node : Node
        What was computed.
    position : int
        Which of its inputs.
    x : Node
        The input.
    """

    node: Node
    position: int
    x: Node


class Problem:
    """A loss, its weights, and the structure of the graph between them.

    Parameters
    ----------
    loss : Value
        A single number.
    weights : mapping from name to Value
        By which it is differentiated.

    Attributes
    ----------
    nodes : list of Node
        Inputs before outputs.
    weight_side : set of Node
        The weights, and what is only another form of one.
    explicit : bool
        Whether the steps were named by ``time_step(t)``.
    times : dict
        From node to its time step, None outside of time.
    steps : list of int
        The time steps in the order of computation; empty if there is one only.
    edges : dict from Node to list of Edge
        Its inputs that a gradient goes back to.
    readers : dict from Node to list of Edge
        The same edges, by their input.
    carries : list of Edge
        Those that come from an earlier time step.
    curve_from : dict from Node to Curve
        The curves, by the node that reads the pre-activation.
    first_states : set of Node
        Weights that are not used again after the first step: h_0, if one asks for its gradient.
    kinds : dict from Node to Hashable
        Nodes of different steps that are the same op of the same net have an equal kind.
    alike : dict from kind to list of Node
    states_read : dict from (kind, position) to kind
        Where the state of the step before is read, in the first step too, and which state it is.
    """

    def __init__(self, loss: Node, weights: Mapping[str, Node]) -> None:
        self.loss = loss
        self.weights = dict(weights)
        self.nodes = ancestors(loss)
        self.weight_side = self._forms_of_weights()
        self.explicit = any(n.rule is not None and time_of(n) is not None for n in self.nodes)
        if self.explicit:
            self.times = times_of(self.nodes)
        else:
            self.times = inferred_times(self.nodes, self.weight_side)
        self.steps = [
            t for t in dict.fromkeys(map(self.times.__getitem__, self.nodes)) if t is not None
        ]
        self._ways: dict[frozenset[str], list[tuple[Node, list[Edge]]]] = {}
        self.edges = {
            node: [
                Edge(node, i, x)
                for i, x in enumerate(node.inputs)
                if isinstance(x, Node) and x.requires_grad
            ]
            for node in self.nodes
        }
        self.readers: dict[Node, list[Edge]] = defaultdict(list)
        for edges in self.edges.values():
            for edge in edges:
                self.readers[edge.x].append(edge)
        self.curve_from: dict[Node, Curve] = {}
        for node in self.nodes:
            if (curve := curve_at(node)) is not None:
                self.curve_from[curve.first] = curve
        self.carries = [e for edges in self.edges.values() for e in edges if self.is_carry(e)]
        self.first_states = self._first_states()
        self.kinds = self._kinds()
        self.states_read = {(self.kinds[e.node], e.position): self.kinds[e.x] for e in self.carries}
        self.alike: dict[Hashable, list[Node]] = defaultdict(list)
        for node in self.nodes:
            self.alike[self.kinds[node]].append(node)

    def _forms_of_weights(self) -> set[Node]:
        side: set[Node] = set(self.weights.values())
        for node in self.nodes:
            if node.rule in FORMS and all(isinstance(x, Node) and x in side for x in node.inputs):
                side.add(node)
        return side

    def _first_states(self) -> set[Node]:
        """Return the weights that only the first of several steps reads, and their forms."""
        found: set[Node] = set()
        if len(self.steps) < 2:
            return found
        for weight in self.weights.values():
            forms, users, waiting = {weight}, set(), [weight]
            while waiting:
                for edge in self.readers[waiting.pop()]:
                    if edge.node in self.weight_side:
                        forms.add(edge.node)
                        waiting.append(edge.node)
                    else:
                        users.add(self.times[edge.node])
            if users == {self.steps[0]}:
                found |= forms
        return found

    def is_product(self, node: Node) -> bool:
        """Say whether a node is a product that a weight can be part of; also entry by entry."""
        if node.rule is ops.multiply.rule:
            return any(isinstance(x, Node) and x in self.weight_side for x in node.inputs)
        return node.rule in PRODUCTS

    def is_carry(self, edge: Edge) -> bool:
        """Say whether an edge leads to an earlier time step."""
        now, before = self.times[edge.node], self.times[edge.x]
        return None not in (now, before) and now != before and edge.x not in self.weight_side

    def way_back(self, names: Collection[str]) -> list[tuple[Node, list[Edge]]]:
        """List the nodes that a sweep for some weights goes through, and the edges, last first."""
        key = frozenset(names)
        if key not in self._ways:
            wanted = dependants(self.nodes, {self.weights[name] for name in key})
            self._ways[key] = [
                (node, [e for e in self.edges[node] if e.x in wanted])
                for node in reversed(self.nodes)
                if node.rule is not None and node in wanted and node not in self.weight_side
            ]
        return self._ways[key]

    def _kinds(self) -> dict[Node, Hashable]:
        """Give nodes that compute the same from what their own step made an equal kind.

        What comes from another step counts as a constant does: the first step has a constant there.
        """
        names = {weight: name for name, weight in self.weights.items()}
        numbers: dict[Hashable, int] = {}
        kinds: dict[Node, Hashable] = {}
        read_only: set[Node] = set()  # nothing but what was there before the step, put together
        for node in self.nodes:
            t = self.times[node]
            kind: Hashable
            if node in names:
                kind = ("weight", names[node])
            elif node.rule is None or (t is None and node not in self.weight_side):
                kind = ("apart", node.order)
            else:
                inputs = []
                for x in node.inputs:
                    here = isinstance(x, Node) and x in kinds
                    known = here and x in self.weight_side and x not in self.first_states
                    same_step = here and (known or self.times[x] == t) and x not in read_only
                    inputs.append(numbers[kinds[x]] if same_step else None)
                if node.rule in REARRANGING and all(x is None for x in inputs):
                    read_only.add(node)
                kind = (
                    place(node.scope),
                    node.rule.name,
                    settings(node, node not in self.weight_side),
                    tuple(inputs),
                )
            numbers.setdefault(kind, len(numbers))
            kinds[node] = kind
        return kinds


def place(scope: str) -> str:
    """Return a scope without its time."""
    return "/".join(part for part in scope.split("/") if not part.startswith("t="))


def settings(node: Node, moves: bool) -> str:
    """Write a node's settings; a place that moves with time, the t of ``x[t]``, as a sign."""
    params = dict(node.params)
    index = params.get("index")
    if moves and isinstance(index, tuple):
        params["index"] = tuple("t" if isinstance(i, int) else i for i in index)
    return repr(sorted(params.items()))


def argument_names(node: Node) -> tuple[str, ...]:
    """Return the names of an op's inputs."""
    return node.rule.arrays if node.rule is not None else ()


def array_of(x: Any) -> Any:
    """Return the array of an input."""
    return x.data if isinstance(x, Node) else np.asarray(x)
