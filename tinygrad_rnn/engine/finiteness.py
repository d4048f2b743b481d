"""Where NaN or infinity first appears: in an op's result, in a VJP's gradient. For `debug`.

Imports the sweep and below.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import findings
from .backward import Deferred, Sweep, contributions
from .graph import Node, data_of
from .places import Place
from .rule import Rule


def demand_finite(node: Node, rule: Rule, inputs: tuple[Any, ...], place: Place) -> None:
    """Raise if the result holds NaN or infinity that nobody meant."""
    y = node.data
    if y.dtype.kind != "f" or np.isfinite(y).all():
        return
    kind, test = ("NaN", np.isnan) if np.isnan(y).any() else ("inf", np.isinf)
    holding = [i for i, x in enumerate(inputs) if holds(test, data_of(x))]
    meant = [i for i in holding if kind == "inf" and is_meant(inputs[i])]
    if not holding:
        raise findings.appeared(rule, inputs, y, kind, place)
    if not meant:
        raise findings.came_in(rule, inputs, holding[0], kind, place)
    place.unbounded = True


def holds(test: Any, x: Any) -> bool:
    """Say whether any entry of an operand is NaN, or infinite."""
    return getattr(np.asarray(x).dtype, "kind", "") == "f" and bool(test(x).any())


def is_meant(x: Any) -> bool:
    """Say whether an operand is infinite on purpose: a constant, or computed from one."""
    return not (isinstance(x, Node) and x.requires_grad) or getattr(x.scope, "unbounded", False)


def demand_finite_gradients(sweep: Sweep, root: Node) -> None:
    """Raise at the first gradient, in the order of the sweep, that is not finite."""
    for node in reversed(sweep.nodes):
        g = data_of(sweep.gradients.get(node))
        if g is None or np.isfinite(g).all():
            continue
        if node is root:
            raise findings.seed_not_finite(node, g)
        for user in reversed(sweep.nodes):  # whose own gradients are finite: they came before
            arrived = data_of(sweep.gradients.get(user))
            if arrived is None or not any(x is node for x in user.inputs):
                continue
            places = [i for i, x in enumerate(user.inputs) if x is node]
            given = [gx for x, gx in contributions(user, arrived, wanted={node}) if x is node]
            for position, gx in zip(places, given, strict=True):
                dense = gx.dense() if isinstance(gx, Deferred) else gx
                if not np.isfinite(dense).all():
                    raise findings.gradient_appeared(user, position, arrived, dense)
        raise findings.gradient_overflowed(node, g)
