"""Mistakes where the carry goes through the recurrent weight: the matrix, and the slope beside it.

Imports `mistake`, `changes`, `curves`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .changes import at, transposed, weight_position
from .curves import RIGHT, curve_at
from .mistake import Mistake
from .problem import Edge, Problem
from .sweep import Change, Here, dense, fit, vjp

MORE_STEPS = "run more time steps, with a loss at each of them"


def weight_mistakes(problem: Problem, through: list[Edge], line: str) -> Iterator[Mistake]:
    """Yield mistakes of the product with the recurrent weight, and of the slope beside it."""
    products = [product for e in through for product in products_at(problem, e)]
    square = {e: w for e in products if (w := weight_position(problem, e)) is not None}
    if square:
        changes = {e.node: [transposed(e.position, w)] for e, w in square.items()}
        yield Mistake(
            "recurrent weight transposed in the carry",
            "dh_prev is multiplied by the transpose of the recurrent weight",
            line,
            "dh_prev = da W_hh, where forward multiplies by W_hhᵀ",
            "take a recurrent weight that is not symmetric",
            changes,
        )
    if products:
        yield Mistake(
            "carry without the slope",
            "the carry leaves out the slope of the curve: dh_prev = dh W_hh where"
            " da = dh · slope(h) belongs in the place of dh",
            line,
            "dh_prev = da W_hh, with the slope inside da",
            MORE_STEPS,
            at(products, bare_carry),
        )
        yield Mistake(
            "carry without the recurrent weight",
            "the carry is not multiplied by the recurrent weight: dh_prev = da",
            line,
            "dh_prev = da W_hh",
            MORE_STEPS,
            at([e for e in products if same_shape(e)], unmultiplied),
        )
    plain = [e for e in products if same_shape(e) and own_curve(problem, e) is not None]
    for how, change, formula in (
        ("after the weight", slope_after, "(dh W_hh) · slope(h_t)"),
        ("of the step before", slope_before, "(dh W_hh) · slope(h_{t−1})"),
        ("inside the product", slope_inside, "dh · (slope W_hh)"),
    ):
        if plain:
            yield Mistake(
                f"tanh′ on the wrong side of the recurrent weight ({how})",
                "the slope of the curve stands on the wrong side of the recurrent weight:"
                f" dh_prev = {formula} where (dh · slope(h_t)) W_hh belongs",
                line,
                "the slope is applied before the matrix: forward went matrix, then curve",
                MORE_STEPS,
                {e.node: [change(problem, e)] for e in plain},
            )


def products_at(problem: Problem, edge: Edge) -> list[Edge]:
    """Return the products that a carried state goes into, also beside constants in one array."""
    if problem.is_product(edge.node):
        return [edge]
    if len(problem.edges[edge.node]) > 1:
        return []
    return [e for e in problem.readers[edge.node] if problem.is_product(e.node)]


def bare_carry(edge: Edge) -> Change:
    """Send back along an edge what arrives if no slope is applied in this step."""

    def change(here: Here) -> None:
        g = here.sweep.bare(here.node)
        here.gradients[edge.position] = vjp(here.node, g)[edge.position]

    return change


def unmultiplied(edge: Edge) -> Change:
    """Send back along an edge what arrived at the node."""

    def change(here: Here) -> None:
        here.gradients[edge.position] = here.g

    return change


def slope_after(problem: Problem, edge: Edge) -> Change:
    """Apply the slope of this step behind the weight."""
    curve = own_curve(problem, edge)
    assert curve is not None

    def change(here: Here) -> None:
        g = fit(vjp(here.node, here.sweep.bare(here.node))[edge.position], here.node, edge.position)
        slope = RIGHT[curve.name](curve.node.data, curve.a.data)
        here.gradients[edge.position] = dense(g) * slope

    return change


def slope_before(problem: Problem, edge: Edge) -> Change:
    """Apply the slope of the step before behind the weight."""

    def change(here: Here) -> None:
        g = fit(vjp(here.node, here.sweep.bare(here.node))[edge.position], here.node, edge.position)
        curve = curve_at(edge.x)
        slope = RIGHT[curve.name](edge.x.data, curve.a.data) if curve else 1 - edge.x.data**2
        here.gradients[edge.position] = dense(g) * slope

    return change


def slope_inside(problem: Problem, edge: Edge) -> Change:
    """Multiply the slope by the weight, and the gradient by that."""
    curve = own_curve(problem, edge)
    assert curve is not None

    def change(here: Here) -> None:
        slope = RIGHT[curve.name](curve.node.data, curve.a.data)
        product = dense(fit(vjp(here.node, slope)[edge.position], here.node, edge.position))
        here.gradients[edge.position] = product * here.sweep.bare(here.node)

    return change


def same_shape(edge: Edge) -> bool:
    """Say whether a product has the shape of the state that went into it."""
    return bool(edge.node.data.shape == edge.x.data.shape)


def own_curve(problem: Problem, edge: Edge) -> Any:
    """Return the one curve that a product goes through in its step."""
    found, waiting = [], [edge.node]
    t = problem.times[edge.node]
    while waiting:
        node = waiting.pop()
        for e in problem.readers[node]:
            if problem.times[e.node] == t:
                curve = curve_at(e.node)
                if curve is not None and curve.a is node:
                    found.append(curve)
                else:
                    waiting.append(e.node)
    return found[0] if len(found) == 1 else None
