"""What is carried from step to step, and the Jacobian of one step: the factors of ∂h_t/∂h_k.

Imports the engine and the files above. A sequence of a batch is a row: n entries of each of B rows.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.errors import ShapeError, explain
from ..engine.graph import Node, by_creation, dependants
from .arguments import State
from .paths import ancestors_of_all, gradients_by_label

Batch = tuple[int, ...]  # (B,), or () without a batch
PROBE = -1  # the label of a gradient of every entry at once, which only checks the others


def one_step_jacobians(states: Sequence[State], batch: Batch) -> list[np.ndarray]:
    """Differentiate what each step carries on by what the step before carried on.

    Parameters
    ----------
    states : sequence of tuple of Value
        In the order in which they were made.
    batch : tuple of int
        (B,) if the first axis of each state counts sequences, else ().

    Returns
    -------
    list of array, shape (entries after, entries before), with a batch (B, …)
        From each step to the next; a state's own entries come first.
    """
    nodes = ancestors_of_all(x for state in states for x in state)
    made = [max(x.order for x in state) for state in states]
    carried = carried_nodes(states, made, nodes)
    places = [bisect_right(nodes, order, key=by_creation) for order in made]
    jacobians = []
    for t in range(1, len(states)):
        before, after = carried[t - 1], carried[t]
        between = nodes[places[t - 1] : places[t]]
        found = rows_of_jacobian([*sorted(before, key=by_creation), *between], after, before, batch)
        jacobians.append(assembled(found, after, before, batch))
    return jacobians


def carried_nodes(
    states: Sequence[State], made: Sequence[int], nodes: Sequence[Node]
) -> list[list[Node]]:
    """Return what is carried out of each step: the state, then what else later steps read.

    That is: what exists once the state is made, depends on a state, and is read by a later node.
    Of an LSTM's h it is c.
    """
    last_read = {x: node.order for node in nodes for x in node.inputs if isinstance(x, Node)}
    members = [set(state) for state in states]
    carried: list[list[Node]] = [list(state) for state in states]
    for x in sorted(dependants(nodes, set().union(*members)), key=by_creation):
        for t in range(bisect_left(made, x.order), bisect_left(made, last_read.get(x, 0))):
            if x not in members[t]:
                carried[t].append(x)
    return carried


def rows_of_jacobian(
    nodes: Sequence[Node], after: Sequence[Node], before: Sequence[Node], batch: Batch
) -> dict[Node, dict[int, Any]]:
    """Send a 1 back from every entry of `after`: what arrives at `before`, by entry."""
    seeds: dict[Node, dict[int, Any]] = {}
    row = 0
    for x in after:
        family = {}
        for i in range(entries(x, batch)):
            one = np.zeros((*batch, entries(x, batch)), x.data.dtype)
            one[..., i] = 1  # of all sequences at once
            family[row + i] = one.reshape(x.data.shape)[()]
        row += len(family)
        if batch:
            family[PROBE] = probe(x)
        seeds[x] = family
    return gradients_by_label(nodes, seeds, set(before), stops=set(before))


def assembled(
    found: dict[Node, dict[int, Any]], after: Sequence[Node], before: Sequence[Node], batch: Batch
) -> np.ndarray:
    """Lay the rows out as a matrix, with a batch as one matrix for each sequence."""
    rows = sum(entries(x, batch) for x in after)
    columns = sum(entries(x, batch) for x in before)
    jacobian = np.zeros((*batch, rows, columns), after[0].data.dtype)
    probed = np.zeros((*batch, columns), jacobian.dtype)
    column = 0
    for x in before:
        here = slice(column, column + entries(x, batch))
        for row, g in found.get(x, {}).items():
            g = np.reshape(g, (*batch, -1))
            if row == PROBE:
                probed[..., here] = g
            else:
                jacobian[..., row, here] = g
        column = here.stop
    if batch:
        together = np.concatenate([probe(x).reshape(*batch, -1) for x in after], axis=-1)
        with np.errstate(over="ignore", invalid="ignore"):
            apart = np.abs((together[:, None, :] @ jacobian)[:, 0] - probed)  # (B, columns)
            allowed = np.sqrt(np.finfo(probed.dtype).eps) * np.max(np.abs(jacobian), initial=0.0)
        if np.any(apart > allowed):
            raise mixed("the sequences of the batch act on one another")
    return jacobian


def entries(x: Node, batch: Batch) -> int:
    """Return how many entries of a node each sequence has."""
    if batch and x.data.shape[:1] != batch:
        raise mixed(f"an array of shape {x.data.shape} is carried on for all sequences together")
    return int(x.data.size) // (batch[0] if batch else 1)


def probe(x: Node) -> np.ndarray:
    """Return numbers of different sizes and signs in the shape of a node."""
    return np.cos(np.arange(x.data.size, dtype=x.data.dtype)).reshape(x.data.shape)


def mixed(what: str) -> ShapeError:
    """Word the error of a batch that cannot be taken apart."""
    return ShapeError(
        explain(
            what,
            where="state_jacobian(states), with states of shape (B, H)",
            why="each sequence is given a Jacobian of its own, (H, H)",
            fix="run the sequences one by one, or make each state one vector: h.reshape(-1)",
        )
    )
