"""Right derivatives of another net: what was computed forward is not what the loss was made of.

The graph is computed again as the other net, its gradients are found by the sweep, and are laid out
as the weights are. Imports the files above.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import ops
from ...engine.graph import Node
from .anatomy import Anatomy
from .gates import GateBlocks, block
from .gru_mistakes import product_of, state_position
from .mistake import Mistake
from .order_mistakes import other_orders
from .problem import Problem, argument_names
from .sweep import Swept
from .twins import Instead, Vary, twin


@dataclass(frozen=True, eq=False)
class OtherNet:
    """A net that people compute instead, and its gradients.

    Attributes
    ----------
    mistake : Mistake
    gradients : dict from name to array
        By the weights as they are laid out here.
    """

    mistake: Mistake
    gradients: Mapping[str, Any]


def other_nets(problem: Problem, anatomy: Anatomy) -> Iterator[OtherNet]:
    """Yield the nets that are mistaken for the one of a problem."""
    if any(np.any(array) for array in first_arrays(problem)):
        mistake = Mistake(
            "first state taken for zero",
            "is the gradient of a net that begins with zeros: the given first state is not used",
            "S2", "after, saved = step(x[t], before, weights), where before is given at first",
        )  # fmt: skip
        yield from computed(mistake, problem, lambda a, kind, _: 0 * a if kind == "state" else a)
    gates = GateBlocks(problem, anatomy)
    axes = axes_of_gates(problem, gates)
    for label, order in other_orders(gates.letters):
        mistake = Mistake(
            f"gates read in the order {label}",
            f"is the gradient of a net that reads its gates from the weights in the order {label},"
            f" forward as well as back, where they have {' '.join(gates.letters)}",
            {"lstm": "L2", "gru": "G3"}.get(anatomy.cell, ""),
        )
        places = [order.index(k) for k in range(len(order))]  # of each of our blocks in theirs
        yield from computed(mistake, problem, in_order(axes, places), in_order(axes, list(order)))
    cells = cells_before(problem, anatomy)
    if anatomy.cell == "lstm" and cells:
        mistake = Mistake(
            "c_{t−1} where h_{t−1} belongs, forward as well",
            "is the gradient of a net whose recurrent weight is multiplied by c_{t−1}, forward as"
            " well as back, where h_{t−1} belongs",
            "L1", "a = x W_ihᵀ + b_ih + h_prev W_hhᵀ + b_hh",
        )  # fmt: skip
        yield from computed(mistake, problem, as_it_is, instead=cell_for_state(problem, cells))
    if anatomy.cell == "gru" and gates.letters:
        mistake = Mistake(
            "z weighs the new state",
            "is the gradient of a net in which z and 1 − z have changed places, forward as well as"
            " back: h = z · n + (1 − z) · h_prev",
            "G8", "h = (1 − z) · n + z · h_prev",
        )  # fmt: skip
        turned = negated_block(axes, gates.letters.index("z"), len(gates.letters))
        yield from computed(mistake, problem, turned, turned)
        mistake = Mistake(
            "reset gate applied before the matrix, forward as well",
            "is the gradient of the GRU of the paper, tanh(s_n + (r · h_prev) W_hn + b_hn), where r"
            " stands before the matrix; in this one it stands behind",
            "G7", "n = tanh(s_n + r · u_n)",
        )  # fmt: skip
        yield from computed(mistake, problem, as_it_is, instead=reset_first(problem, anatomy))


def computed(
    mistake: Mistake,
    problem: Problem,
    vary: Vary,
    back: Vary | None = None,
    instead: Instead | None = None,
) -> Iterator[OtherNet]:
    """Compute another net, and lay its gradients out as the weights are."""
    other = twin(problem, vary, instead)
    if other is not None:
        swept = Swept(other)
        gradients = {name: swept.gradient(name) for name in problem.weights}
        if back is not None:
            gradients = {name: back(g, "weight", name) for name, g in gradients.items()}
        yield OtherNet(mistake, gradients)


def as_it_is(array: Any, kind: str, name: str) -> Any:
    """Change nothing."""
    return array


def in_order(axes: Mapping[str, int], places: list[int]) -> Vary:
    """Return the exchange of the blocks of the weights of gates."""

    def vary(array: Any, kind: str, name: str) -> Any:
        if name not in axes:
            return array
        blocks = np.split(array, len(places), axis=axes[name])
        return np.concatenate([blocks[i] for i in places], axis=axes[name])

    return vary


def negated_block(axes: Mapping[str, int], which: int, count: int) -> Vary:
    """Turn the sign of one gate's weights: σ(−a) = 1 − σ(a)."""

    def vary(array: Any, kind: str, name: str) -> Any:
        if name not in axes:
            return array
        blocks = np.split(array, count, axis=axes[name])
        blocks[which] = -blocks[which]
        return np.concatenate(blocks, axis=axes[name])

    return vary


def axes_of_gates(problem: Problem, gates: GateBlocks) -> dict[str, int]:
    """Return the weights that have a block for each gate, and along which axis."""
    names = {weight: name for name, weight in problem.weights.items()}
    axes: dict[str, int] = {}
    waiting = list(gates.axes)
    seen = set(waiting)
    while waiting:
        node = waiting.pop()
        for edge in problem.edges[node]:
            if edge.x in names:
                weight, argument = edge.x.data, argument_names(node)[edge.position]
                right = argument == "b" and problem.is_product(node) and weight.ndim == 2
                axis = weight.ndim - 1 if right else 0
                if weight.shape and weight.shape[axis] % len(gates.letters) == 0:
                    axes[names[edge.x]] = axis
            elif edge.x.rule is not None and edge.x not in seen and node.rule is ops.add.rule:
                seen.add(edge.x)
                waiting.append(edge.x)
    return axes


def first_arrays(problem: Problem) -> Iterator[Any]:
    """Yield what the first step reads where later ones read a state."""
    for kind, position in problem.states_read:
        x = problem.alike[kind][0].inputs[position]
        yield x.data if isinstance(x, Node) else np.asarray(x)


Steps = Mapping[tuple[str, int | None], Any]  # by scope and time, which stacked layers share not


def cells_before(problem: Problem, anatomy: Anatomy) -> Steps:
    """Return the c_prev of each step of an LSTM; empty if two layers cannot be told apart."""
    found: dict[tuple[str, int | None], Any] = {}
    for node in problem.nodes:
        part = anatomy.part(node)
        if part is None or part.role != "fc":
            continue
        key = node.scope, problem.times[node]
        if key in found:
            return {}
        parts = [anatomy.part(x) if isinstance(x, Node) else None for x in node.inputs]
        gates = [i for i, p in enumerate(parts) if p is not None and p.role == "f"]
        if len(gates) == 1:
            found[key] = node.inputs[1 - gates[0]]
    return found


def cell_for_state(problem: Problem, cells: Steps) -> Instead:
    """Compute the product of the recurrent weight with c_prev where it was that with h_prev."""

    def instead(node: Node, copies: Mapping[Node, Node]) -> Node | None:
        c = cells.get((node.scope, problem.times[node]))
        if c is None or not problem.is_product(node):
            return None
        inputs = [copies.get(x, x) if isinstance(x, Node) else x for x in node.inputs]
        read = [i for i in range(len(inputs)) if (problem.kinds[node], i) in problem.states_read]
        if len(read) != 1:
            return None
        inputs[read[0]] = copies.get(c, c) if isinstance(c, Node) else c
        assert node.rule is not None
        result: Node = getattr(ops, node.rule.name)(*inputs, **node.params)
        result.scope = node.scope
        return result

    return instead


def reset_first(problem: Problem, anatomy: Anatomy) -> Instead:
    """Compute (r · h_prev) W_hn + b_hn where r · (h_prev W_hn + b_hn) was."""

    def instead(node: Node, copies: Mapping[Node, Node]) -> Node | None:
        part = anatomy.part(node)
        found = product_of(problem, anatomy, node) if part and part.role == "ru" else None
        if found is None:
            return None
        gate, product = found
        u = node.inputs[1 - gate]
        cut = block(u) if isinstance(u, Node) else None
        state = state_position(product)
        if argument_names(product)[:2] != ("x", "weight") or cut is None or state is None:
            return None
        rows = (u.params["index"][cut[0]],)
        inputs = [copies.get(x, x) if isinstance(x, Node) else x for x in product.inputs]
        h, parts = inputs[0], [ops.getitem(x, rows) for x in inputs[1:]]
        result: Node = ops.linear(ops.multiply(copies[node.inputs[gate]], h), *parts)
        result.scope = node.scope
        return result

    return instead
