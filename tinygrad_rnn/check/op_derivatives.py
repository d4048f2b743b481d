"""Is an op's derivative true? Against differences, complex numbers, and its own adjoint.

Imports the files above it and the engine.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.derivatives import grad, value_and_grad, vjp
from .differences import Slopes, complex_step, slope, slopes_along
from .gradients import cotangent, first_order, measured_gradient, second_order, worst
from .mismatch import judge
from .op_application import Application
from .op_report import NOT_APPLICABLE, PASSED, Outcome, failed, of_mismatch

TOLERANCE = 1e-9
NO_COMPLEX = "the forward function takes no complex numbers, or drops their imaginary part"


def by_differences(app: Application, rng: np.random.Generator) -> Outcome:
    """Hold the gradient against central differences, entry by entry."""
    arrays = app.arrays
    u = cotangent(app.forward(*arrays), rng)
    slopes = measured_gradient(app.forward, arrays, u)
    return of_mismatch(first_order(app, arrays, app.labels, u, slopes, TOLERANCE))


def by_second_differences(app: Application, rng: np.random.Generator) -> Outcome:
    """Hold the gradient of the gradient, by the inputs and by g, against differences of it."""
    u = cotangent(app.forward(*app.arrays), rng)
    weights = [cotangent(x, rng) for x in app.arrays]
    return of_mismatch(second_order(app, app.arrays, app.labels, u, weights, TOLERANCE))


def by_third_differences(app: Application, rng: np.random.Generator) -> Outcome:
    """Hold the third derivative, along one random direction, against differences of the second."""
    arrays = app.arrays
    every = tuple(range(len(arrays)))
    u = cotangent(app.forward(*arrays), rng)
    once, twice, v = ([cotangent(x, rng) for x in arrays] for _ in range(3))

    def first(*x: Any) -> Any:
        gradients = vjp(app, *x)[1](u[()])
        return sum(np.sum(w * g) for w, g in zip(once, gradients, strict=True))

    def second(*x: Any) -> Any:
        gradients = grad(first, every)(*x)
        return sum(np.sum(w * g) for w, g in zip(twice, gradients, strict=True))

    value, thirds = value_and_grad(second, every)(*(x[()] for x in arrays))
    terms = [np.sum(g * w) for g, w in zip(thirds, v, strict=True)]
    got = float(sum(terms))
    measured = slope(
        lambda t: second(*((x + t * w)[()] for x, w in zip(arrays, v, strict=True))),
        max(float(np.max(np.abs(x), initial=0)) for x in arrays),
    )
    expected, error, jump = measured.contracted(np.ones(()))
    size = abs(expected) + float(np.abs(terms).sum())
    if not error <= 1e-4 * max(size, abs(float(value)), 1e-9) or jump:
        return Outcome(NOT_APPLICABLE, "differences cannot measure it here")
    if not abs(got - expected) <= 100 * TOLERANCE * size + 2 * error:
        return failed(
            f"the third derivative is {got:.10g}, expected {expected:.10g}",
            where=f"random directions of {', '.join(app.labels)}; differences of the second",
            why="first and second order are right, so that the derivative of an op which the VJP"
            " uses has none, or a wrong one",
            fix="check the ops that the VJP uses, each by itself",
        )
    return Outcome(PASSED)


def by_complex_step(app: Application, rng: np.random.Generator) -> Outcome:
    """Hold the gradient against the complex step, to twelve digits, where the forward takes it."""
    arrays = app.arrays
    v = [rng.normal(size=x.shape) for x in arrays]
    along = complex_step(app.forward, arrays, v)
    if along is None:
        return Outcome(NOT_APPLICABLE, NO_COMPLEX)
    known = slopes_along(app.forward, arrays, v)
    far = np.abs(along - known.value) > 1e-6 * np.abs(known.value) + 2 * known.error
    if np.any(far | (known.jump > 0)):
        return Outcome(NOT_APPLICABLE, "the forward function is not analytic in complex numbers")
    u = cotangent(known.value, rng)
    _, pullback = vjp(app, *(x[()] for x in arrays))
    found = []
    for i, (label, g) in enumerate(zip(app.labels, pullback(u[()]), strict=True)):
        value = np.empty(arrays[i].shape)
        for index in np.ndindex(value.shape):
            one = [np.zeros(x.shape) for x in arrays]
            one[i][index] = 1.0
            column = complex_step(app.forward, arrays, one)
            value[index] = np.nan if column is None else np.sum(u * column)
        error = 64 * np.finfo(np.float64).eps * np.abs(value).max(initial=0)
        exact = Slopes(value, np.full(value.shape, error), np.zeros(value.shape))
        size = float(np.abs(known.value).max(initial=0))
        found.append(
            judge(label, np.asarray(g), exact, 1e-12, size, witness="first order, complex step")
        )
    return of_mismatch(worst(found))


def by_adjoint(app: Application, rng: np.random.Generator) -> Outcome:
    """Hold ⟨u, J v⟩, with J v measured, against ⟨Jᵀu, v⟩, in three random directions."""
    arrays = app.arrays
    for _ in range(3):
        v = [rng.normal(size=x.shape) for x in arrays]
        slopes = slopes_along(app.forward, arrays, v)
        u = cotangent(slopes.value, rng)
        _, pullback = vjp(app, *(x[()] for x in arrays))
        terms = [np.sum(g * w) for g, w in zip(pullback(u[()]), v, strict=True)]
        value, error, jump = slopes.contracted(u)
        got = float(sum(terms))
        size = np.abs(u * slopes.value).sum() + np.abs(terms).sum()
        if not error <= 1e-4 * size + 1e-9:
            return Outcome(NOT_APPLICABLE, "differences cannot measure it there")
        if not abs(got - value) <= TOLERANCE * size + 2 * error + jump / 2:
            return failed(
                f"⟨Jᵀu, v⟩ is {got:.10g}, expected ⟨u, J v⟩ = {value:.10g}",
                where=f"random directions v of {', '.join(app.labels)}",
                why="J v is measured by differences, Jᵀu is what the VJP gives: they are no"
                " transposes of each other, so that a term, a sum or a transpose is wrong",
            )
    return Outcome(PASSED)
