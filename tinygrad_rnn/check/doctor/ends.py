"""Mistakes at the two ends of the sweep: where it leaves the loss, and where it meets the input.

Imports `mistake`, `anatomy`, `changes`, `sweep`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ... import ops
from ...engine.graph import Node
from ...ops.softmax import is_ids, row_count
from .anatomy import INPUT, Anatomy
from .changes import at, dropped, partner, replaced, transposed, weight_position
from .mistake import Mistake
from .problem import Edge, Problem
from .sweep import Here


def loss_mistakes(problem: Problem) -> Iterator[Mistake]:
    """Yield mistakes of softmax and cross-entropy, fused or written out."""
    rule = ops.softmax_cross_entropy.rule
    losses = [
        e for n in problem.nodes if n.rule is rule for e in problem.edges[n] if not e.position
    ]
    if losses:
        right = "dz = p − onehot(target)"
        for name, sentence, line, part in (
            (
                "one-hot missing",
                "the one-hot of the target is missing: the gradient of the logits is p, where"
                " p − onehot(target) belongs",
                "C7",
                probabilities,
            ),
            (
                "softmax missing",
                "the probabilities are missing: the gradient of the logits is −onehot(target),"
                " where p − onehot(target) belongs",
                "C6",
                truth,
            ),
        ):
            changes = {e.node: [replaced(0, part)] for e in losses}
            yield Mistake(name, sentence, line, right, changes=changes)
    divided = [
        e
        for n in problem.nodes
        if n.rule is ops.divide.rule and n not in {c.node for c in problem.curve_from.values()}
        for e in problem.edges[n]
        if len(problem.edges[n]) == 2
    ]
    for position, name, sentence, line in (
        (0, "one-hot missing", "the one-hot of the target is missing: only p is left of"
            " p − onehot(target)", "C7"),
        (1, "softmax missing", "the probabilities are missing: only −onehot(target) is left of"
            " p − onehot(target)", "C6"),
    ):  # fmt: skip
        edges = [e for e in divided if e.position == position]
        if edges:
            yield Mistake(
                name, sentence, line, "dz = p − onehot(target)", changes=at(edges, dropped)
            )


def probabilities(here: Here) -> Any:
    """Return the gradient of the logits as if there were no target."""
    return here.back(0) + target_part(here)


def truth(here: Here) -> Any:
    """Return the gradient of the logits as if nothing were predicted."""
    return -target_part(here)


def target_part(here: Here) -> Any:
    """Return the target's part of the gradient of the logits, without its sign."""
    logits, targets = here.x(0), here.x(1)
    reduction = here.node.params.get("reduction", "mean")
    ignore_index = here.node.params.get("ignore_index")
    g = here.g
    if reduction == "mean":
        g = g / row_count(logits, targets, ignore_index)
    elif reduction == "none":
        g = np.expand_dims(g, -1)
    if not is_ids(targets):
        return g * targets
    return g * ops.one_hot.rule.forward(targets, logits, ignore_index=ignore_index)


def input_mistakes(problem: Problem, anatomy: Anatomy) -> Iterator[Mistake]:
    """Yield mistakes of what goes back to the input of a step, or to the layer below."""
    carried = set(problem.carries)
    recurrent = read_by_later_steps(problem)
    into: dict[str, list[Edge]] = {}
    for node in problem.nodes:
        for edge in problem.edges[node] if problem.is_product(node) else ():
            recorded = edge.x.rule is not None and edge.x not in problem.weight_side
            weight = weight_name(problem, edge) if recorded and edge not in carried else ""
            if weight:
                into.setdefault(weight, []).append(edge)
    for weight, edges in into.items():
        if any((problem.kinds[e.node], e.position) in problem.states_read for e in edges):
            continue  # the recurrent weight: its mistakes are those of the carry
        inside = any(e.node in recurrent for e in edges)
        line = INPUT.get(anatomy.cell, "") if inside else "M5"
        yield Mistake(
            f"nothing back through {weight}",
            f"nothing goes back through {weight} to what it was multiplied with",
            line, "dx = dy W", changes=at(edges, dropped),
        )  # fmt: skip
        square = {e: w for e in edges if (w := weight_position(problem, e)) is not None}
        if square:
            yield Mistake(
                f"{weight} transposed on the way back",
                f"what goes back through {weight} is multiplied by its transpose",
                line, "dx = dy W", f"give {weight} another number of rows than of columns",
                {e.node: [transposed(e.position, w)] for e, w in square.items()},
            )  # fmt: skip


def read_by_later_steps(problem: Problem) -> set[Node]:
    """Return the nodes that anything in a later time step depends on."""
    found: set[Node] = set()
    for node in reversed(problem.nodes):
        if any(problem.is_carry(e) or e.node in found for e in problem.readers[node]):
            found.add(node)
    return found


def weight_name(problem: Problem, edge: Edge) -> str:
    """Return the name of the weight that an input is multiplied by."""
    position = partner(edge)
    w = edge.node.inputs[position] if position is not None else None
    while isinstance(w, Node) and w in problem.weight_side:
        for name, weight in problem.weights.items():
            if w is weight:
                return name
        w = w.inputs[0] if w.inputs else None
    return ""
