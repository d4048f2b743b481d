"""Mistakes that only a GRU offers: its gates in another place. Imports the files above.

The line of the derivation is G7 on the way forward: n = tanh(s_n + r · u_n), r behind the matrix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ... import ops
from ...engine.graph import Node
from .anatomy import Anatomy
from .changes import replaced
from .mistake import Mistake
from .problem import PRODUCTS, Problem, argument_names, array_of
from .sweep import Change, Here, dense, fit, vjp


def gru_mistakes(problem: Problem, anatomy: Anatomy) -> Iterator[Mistake]:
    """Yield mistakes of the gates r and z, if there is a GRU."""
    if anatomy.cell != "gru":
        return
    exchanged: dict[Node, list[Change]] = {}
    for edges in problem.edges.values():
        for edge in edges:
            part = anatomy.part(edge.node)
            below = anatomy.part(edge.x)
            role = below.role if below else ""
            to_n = part and part.role == "(1−z)n" and role == "n"
            to_h = part and part.role == "zh" and role != "z"
            if to_n or to_h:
                change = replaced(edge.position, complement(1 - edge.position))
                exchanged.setdefault(edge.node, []).append(change)
    yield Mistake(
        "z and 1−z exchanged",
        "z and 1 − z are exchanged: dn = dh · z and dh_prev = dh · (1 − z) + …",
        "G9", "dn = dh · (1 − z), dh_prev = dh · z + du W_hh", changes=exchanged,
    )  # fmt: skip
    applied = [n for n in problem.nodes if (p := anatomy.part(n)) and p.role == "ru"]
    places = [(n, *found) for n in applied if (found := product_of(problem, anatomy, n))]
    if not places:
        return
    yield Mistake(
        "h_{t−1} in the place of u_n (r)",
        "the gradient of r is multiplied by h_{t−1}, where u_n = h_{t−1} W_hn + b_hn belongs",
        "G12", "dr = da_n · u_n", 
        changes={n: [replaced(gate, by_state(product))] for n, gate, product in places},
    )  # fmt: skip
    changes: dict[Node, list[Change]] = {}
    for n, gate, product in places:
        changes[n] = [to_reset(gate, product)]
        changes[product] = [through_reset(product)]
    yield Mistake(
        "reset gate applied before the matrix",
        "the derivative is that of tanh(s_n + (r · h_prev) W_hn), with r before the matrix; here"
        " r stands behind it",
        "G7", "n = tanh(s_n + r · u_n), so that du_n = da_n · r and dr = da_n · u_n", 
        changes=changes,
    )  # fmt: skip


def complement(other: int) -> Callable[[Here], Any]:
    """Multiply by 1 − z where z belongs, and the other way round."""
    return lambda here: here.g * (1 - here.x(other))


def by_state(product: Node) -> Callable[[Here], Any]:
    """Multiply by the state that went into a product."""
    return lambda here: here.g * state_of(product)


def product_of(problem: Problem, anatomy: Anatomy, node: Node) -> tuple[int, Node] | None:
    """Return the position of r in r · u_n, and the product that u_n is part of."""
    gates = [i for i, x in enumerate(node.inputs) if (p := anatomy.part(x)) and p.role == "r"]
    if len(gates) != 1:
        return None
    u = node.inputs[1 - gates[0]]
    while isinstance(u, Node) and u.rule not in PRODUCTS:
        inner = [x for x in u.inputs if isinstance(x, Node) and x not in problem.weight_side]
        if u.rule not in (ops.getitem.rule, ops.add.rule) or len(inner) != 1:
            return None
        (u,) = inner
    if not isinstance(u, Node) or state_position(u) is None:
        return None
    return gates[0], u


def state_position(product: Node) -> int | None:
    """Return where the state stands in a product with a weight."""
    names = argument_names(product)
    for name in ("h", "x"):
        if name in names:
            return names.index(name)
    weights = [
        i for i, x in enumerate(product.inputs[:2]) if isinstance(x, Node) and x.rule is None
    ]
    return 1 - weights[0] if len(weights) == 1 else None


def state_of(product: Node) -> Any:
    """Return the state in a product with a weight."""
    position = state_position(product)
    assert position is not None
    return array_of(product.inputs[position])


def to_reset(gate: int, product: Node) -> Change:
    """Send back to r what it gets if it stands before the matrix; keep da_n for the product."""

    def change(here: Here) -> None:
        g, u = here.g, here.node.inputs[1 - gate]
        while u is not product:  # da_n as a gradient of the whole product
            position = next(i for i, x in enumerate(u.inputs) if leads(x, product))
            g = dense(fit(vjp(u, g)[position], u, position))
            u = u.inputs[position]
        state = state_position(product)
        assert state is not None
        back = dense(fit(vjp(product, g)[state], product, state))
        here.gradients[gate] = back * state_of(product)
        here.gradients[1 - gate] = np.zeros_like(here.x(1 - gate))
        here.sweep.memory["reset", product] = g, here.x(gate)

    return change


def through_reset(product: Node) -> Change:
    """Add to each gradient of the product what da_n brings if r stands before the matrix."""
    state = state_position(product)
    assert state is not None

    def change(here: Here) -> None:
        if ("reset", product) not in here.sweep.memory:
            return  # nothing has arrived at r · u_n
        g, r = here.sweep.memory["reset", product]
        late = vjp(product, g, {state: r * state_of(product)})
        for position, x in enumerate(product.inputs):
            more = fit(late[position], product, position) if isinstance(x, Node) else None
            if more is not None:
                scale = r if position == state else 1
                here.gradients[position] = here.back(position) + dense(more) * scale

    return change


def leads(x: Any, product: Node) -> bool:
    """Say whether an input is a product, or a part of it."""
    while isinstance(x, Node) and x is not product and x.rule in (ops.getitem.rule, ops.add.rule):
        inner = [i for i in x.inputs if isinstance(i, Node) and i.rule is not None]
        x = inner[0] if inner else None
    return x is product
