"""A graph computed again from other numbers, as data for experiments. Imports `problem`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...engine.graph import Node
from ...engine.value import Value
from .problem import Problem

Vary = Callable[[Any, str, str], Any]  # of an array, what it is, and the name of a weight
Instead = Callable[[Node, Mapping[Node, Node]], Node | None]


def twin(problem: Problem, vary: Vary, instead: Instead | None = None) -> Problem | None:
    """Compute a graph again from other numbers; None if that is not possible with them.

    Parameters
    ----------
    problem : Problem
    vary : callable
        Gives another array for one of the graph, which is a "weight" with a name, a first "state"
        or another "input".
    instead : callable, optional
        Gives another node for one of the graph, made of copies; None for those to copy.
    """
    states = first_states(problem)
    names = {weight: name for name, weight in problem.weights.items()}
    copies: dict[Node, Node] = {}
    with np.errstate(all="ignore"):
        for node in problem.nodes:
            other = instead(node, copies) if instead is not None else None
            if other is None:
                other = copied(node, copies, names, states, vary)
            copies[node] = other
    if not np.isfinite(copies[problem.loss].data):
        return None
    return Problem(copies[problem.loss], {n: copies[w] for n, w in problem.weights.items()})


def copied(
    node: Node,
    copies: Mapping[Node, Node],
    names: Mapping[Node, str],
    states: set[int],
    vary: Vary,
) -> Node:
    """Return a node computed from the copies of its inputs."""
    if node.rule is None:
        kind = "state" if id(node) in states else "weight" if node in names else "input"
        return Value(vary(node.data, kind, names.get(node, "")), name=node.name)
    inputs = []
    for x in node.inputs:
        if isinstance(x, Node) and x in copies:
            inputs.append(copies[x])
            continue
        array = x.data if isinstance(x, Node) else x
        if isinstance(array, np.ndarray) and array.dtype.kind == "f":
            array = vary(array, "state" if id(x) in states else "input", "")
        inputs.append(array)
    arrays = [x.data if isinstance(x, Node) else x for x in inputs]
    assert node.rule is not None
    copy = Value(np.asarray(node.rule.forward(*arrays, **node.params), node.data.dtype)[()])
    copy.rule, copy.inputs = node.rule, tuple(inputs)
    copy.params, copy.scope = node.params, node.scope
    return copy


def first_states(problem: Problem) -> set[int]:
    """Return the identities of what is read at the first step where later ones read a state."""
    found = set()
    for kind, position in problem.states_read:
        x = problem.alike[kind][0].inputs[position]
        if not isinstance(x, Node) or x.rule is None:
            found.add(id(x))
    return found
