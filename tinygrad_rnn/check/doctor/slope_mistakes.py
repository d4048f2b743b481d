"""Mistakes in the slopes of curves. Imports `mistake`, `anatomy`, `curves`, `sweep`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .anatomy import Anatomy
from .curves import WRONG, Curve, Slope
from .mistake import Mistake
from .problem import Edge, Problem
from .sweep import Change, Here
from .wording import place_of


def slope_mistakes(problem: Problem, anatomy: Anatomy) -> Iterator[Mistake]:
    """Yield wrong slopes: of each curve by itself, and of all of one name together."""
    groups: dict[Any, list[Curve]] = {}
    for curve in problem.curve_from.values():
        groups.setdefault(problem.kinds[curve.node], []).append(curve)
    by_name: dict[str, list[list[Curve]]] = {}
    for curves in groups.values():
        by_name.setdefault(curves[0].name, []).append(curves)
        part = anatomy.part(curves[0].node)
        who = part.role if part else place_of(curves[0].node)
        line, formula = anatomy.line(Edge(curves[0].node, 0, curves[0].a))
        yield from wrong_slopes(curves, who, line or "N2", formula)
    for name, families in by_name.items():
        if len(families) > 1:
            curves = [curve for family in families for curve in family]
            yield from wrong_slopes(
                curves, f"every {name}", "N4" if name == "sigmoid" else "N2", ""
            )


def wrong_slopes(curves: list[Curve], who: str, line: str, formula: str) -> Iterator[Mistake]:
    """Yield the wrong slopes of some curves of one name."""
    name = curves[0].name
    right = {"tanh": "1 − y²", "sigmoid": "y (1 − y)", "relu": "1 where y > 0"}[name]
    for text, slope in WRONG[name].items():
        if who.startswith("every") and text in ("y", "1 − y", "1 − y²", "1 + y²", "y (1 − y)"):
            continue
        changes = {c.node: [with_slope(c, slope)] for c in curves}
        if text == "1":
            yield Mistake(
                f"{name}′ missing ({who})",
                f"the slope of {name} is missing at {who}: the gradient goes through it unchanged",
                line, formula or f"slope = {right}", changes=changes,
            )  # fmt: skip
        elif "a" in text and "tanh" not in text:
            yield Mistake(
                f"{name}′ at the pre-activation ({who})",
                f"the slope of {name} at {who} is computed from the pre-activation: {text}, where"
                f" {right} with the output y belongs",
                line, formula or f"slope = {right}", changes=changes,
            )  # fmt: skip
        elif "(y)" in text:
            yield Mistake(
                f"{name}′ of the output ({who})",
                f"the curve is applied twice at {who}: the slope is computed as {text}, though y is"
                f" the output already and {right} belongs there",
                line, formula or f"slope = {right}", changes=changes,
            )  # fmt: skip
        else:
            yield Mistake(
                f"{name}′ wrong ({who}: {text})",
                f"the slope of {name} at {who} is {text}, where {right} belongs",
                line, formula or f"slope = {right}", changes=changes, rare=True,
            )  # fmt: skip


def with_slope(curve: Curve, slope: Slope) -> Change:
    """Go back through a curve with another slope."""

    def change(here: Here) -> None:
        y, a = curve.node.data, curve.a.data
        if curve.first is curve.node:
            here.gradients[0] = here.g * slope(y, a)
        else:  # written out: past its inner ops
            here.gradients[:] = [None] * len(here.gradients)
            here.elsewhere.append((curve.a, here.g * slope(y, a)))

    return change
