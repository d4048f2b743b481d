"""The reverse sweep with mistakes in it: what a gradient becomes if some steps back are wrong.

Imports `problem` and the engine's sweep. With no change it computes what the engine computes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...engine.backward import Deferred, Sum, contributions, fitted
from ...engine.graph import Node
from .problem import Edge, Problem, array_of

Gradients = list[Any]
"""What a VJP returns: for each input an array, a function that gives it when called, or None."""


@dataclass(slots=True)
class Here:
    """One step back: a node, the gradient that has arrived, and what goes on to its inputs.

    Attributes
    ----------
    node : Node
    g : array
        The gradient of the node.
    gradients : list
        One for each input; a change replaces some.
    sweep : Swept
        What has been found so far: the gradients of all that was computed later.
    """

    node: Node
    g: Any
    gradients: Gradients
    sweep: Swept
    elsewhere: list[tuple[Node, Any]] = field(default_factory=list)

    @property
    def y(self) -> Any:
        """The value of the node."""
        return self.node.data

    def x(self, position: int) -> Any:
        """Return the array of an input."""
        return array_of(self.node.inputs[position])

    def back(self, position: int) -> Any:
        """Return what goes back to an input, as an array."""
        g = dense(fit(self.gradients[position], self.node, position))
        return np.zeros_like(self.x(position)) if g is None else g

    def with_input(self, position: int, array: Any) -> Gradients:
        """Apply the VJP as if an input had been another array."""
        return vjp(self.node, self.g, {position: array})


Change = Callable[[Here], None]
"""A mistake at one node: it replaces entries of ``here.gradients``."""

Changes = Mapping[Node, Sequence[Change]]


class Swept:
    """The terms of all weights' gradients under some changes.

    Parameters
    ----------
    problem : Problem
    changes : dict from Node to list of callables
        The mistakes.
    names : collection of str, optional
        The weights whose terms are wanted; all by default.

    Attributes
    ----------
    terms : dict from name to dict from edge to array
        What each use of a weight contributes.
    heres : dict from Node to Here
        The step back at every node at which a weight is used.
    arrived : dict from Node to array
        The gradient that has arrived at each node.
    """

    def __init__(
        self, problem: Problem, changes: Changes | None = None, names: Collection[str] | None = None
    ) -> None:
        self.problem = problem
        names = problem.weights.keys() if names is None else names
        self.terms: dict[str, dict[Edge, Any]] = {name: {} for name in names}
        self.heres: dict[Node, Here] = {}
        self.arrived: dict[Node, Any] = {}
        self.memory: dict[Any, Any] = {}
        self._bare: dict[Node, Any] = {}
        self._names = {problem.weights[name]: name for name in names}
        changes = changes or {}
        totals: dict[Node, Any] = {problem.loss: np.ones_like(problem.loss.data)[()]}
        for node, edges in problem.way_back(names):
            g = totals.pop(node, None)
            if g is None:
                continue
            if isinstance(g, (Sum, Deferred)):
                g = g.total(create_graph=False) if isinstance(g, Sum) else g.dense()
            self.arrived[node] = g
            here = Here(node, g, vjp(node, g), self)
            for change in changes.get(node, ()):
                change(here)
            for edge in edges:
                gx = fit(here.gradients[edge.position], node, edge.position)
                if gx is None:
                    continue
                if edge.x not in problem.weight_side:
                    add(totals, edge.x, gx)
                    continue
                self.heres[node] = here
                for name, term in self.weights_below(edge.x, gx):
                    held = self.terms[name]
                    held[edge] = held[edge] + term if edge in held else term
            for x, gx in here.elsewhere:
                add(totals, x, gx)

    def weights_below(self, x: Node, g: Any) -> list[tuple[str, Any]]:
        """Go on from a form of a weight to the weight itself."""
        found = []
        waiting = [(x, g)]
        while waiting:
            x, g = waiting.pop()
            g = dense(g)
            if x in self._names:
                found.append((self._names[x], g))
            elif x.rule is not None:
                waiting += contributions(x, g, wanted=self.problem.weight_side)
        return found

    def bare(self, node: Node) -> Any:
        """Return what would have arrived at a node if no curve of its step had a slope.

        That is what has arrived at the outputs of the curves, brought back to the node.
        """
        if node in self._bare:
            return self._bare[node]
        problem, total = self.problem, np.zeros_like(node.data)
        if node is problem.loss:
            return self.arrived[node]
        for edge in problem.readers[node]:
            reader = edge.node
            if reader not in self.arrived:
                continue
            curve = problem.curve_from.get(reader)
            if curve is not None:
                total = total + self.arrived[curve.node]
            elif problem.times[reader] == problem.times[node]:
                g = vjp(reader, self.bare(reader))[edge.position]
                total = total + dense(fit(g, reader, edge.position))
            else:
                g = vjp(reader, self.arrived[reader])[edge.position]
                total = total + dense(fit(g, reader, edge.position))
        self._bare[node] = total
        return total

    def gradient(self, name: str) -> Any:
        """Return the sum of all terms of a weight; zeros if there is none."""
        return total_of(self.terms[name].values(), self.problem.weights[name])


def vjp(node: Node, g: Any, instead: Mapping[int, Any] | None = None) -> Gradients:
    """Apply a node's VJP, with other arrays in the place of some inputs."""
    arrays = [x.data if isinstance(x, Node) else x for x in node.inputs]
    for position, array in (instead or {}).items():
        arrays[position] = array
    assert node.rule is not None and node.rule.vjp is not None
    gradients = node.rule.vjp(g, node.data, *arrays, **node.params)
    return list(gradients) if isinstance(gradients, (tuple, list)) else [gradients]


def fit(g: Any, node: Node, position: int) -> Any:
    """Compute a gradient that waits to be asked for, and give it its input's shape."""
    if callable(g):
        g = g()
    if g is None or isinstance(g, Deferred) or g.shape == node.inputs[position].data.shape:
        return g
    return fitted(g, node, position)


def dense(g: Any) -> Any:
    """Return a gradient as an array."""
    return g.dense() if isinstance(g, Deferred) else g


def add(totals: dict[Node, Any], x: Node, g: Any) -> None:
    """Add to what arrives at a node."""
    held = totals.get(x)
    if held is None:
        totals[x] = g
    elif type(held) is Sum:
        held.add(g)
    else:
        totals[x] = both = Sum(held)
        both.add(g)


def total_of(terms: Iterable[Any], weight: Node) -> Any:
    """Return a sum of terms in the form of the weight."""
    total = np.zeros_like(weight.data)
    for term in terms:
        total = total + term
    return total
