"""Is an op's derivative true at ties and kinks? Differences see two slopes there.

Imports the files above it and the engine.
"""

from __future__ import annotations

import numpy as np

from ..engine.derivatives import vjp
from .differences import slopes_along
from .gradients import cotangent, first_order, measured_gradient
from .op_application import Application
from .op_derivatives import TOLERANCE
from .op_report import NOT_APPLICABLE, PASSED, Outcome, failed, of_mismatch

BENT = 1e-7  # relative: where only the second derivative jumps, differences converge slowly


def at_kinks(app: Application, rng: np.random.Generator) -> Outcome:
    """Hold the gradient at ties and kinks against the slopes of the pieces that meet there.

    Along any direction, the gradient must lie between the smallest and the largest slope found
    close by: it is then a (Clarke) subgradient. Where the function is smooth along a direction,
    as a maximum is if all tied entries grow together, there is only one slope.
    """
    arrays = app.arrays
    y, pullback = vjp(app, *(x[()] for x in arrays))
    u = cotangent(y, rng)
    slopes = measured_gradient(app.forward, arrays, u)
    if all(np.all((s.jump == 0) & np.isfinite(s.error)) for s in slopes):  # no kink here
        return of_mismatch(first_order(app, arrays, app.labels, u, slopes, BENT))
    gradients = [np.asarray(g) for g in pullback(u[()])]
    for name, v in directions(app):
        low, high = slopes_nearby(app, v, rng)
        if not np.all(np.isfinite(low + high)):
            return Outcome(NOT_APPLICABLE, "the function has no finite slope close by")
        got = float(sum(np.sum(g * w) for g, w in zip(gradients, v, strict=True)))
        least = float(np.sum(np.where(u > 0, u * low, u * high)))
        most = float(np.sum(np.where(u > 0, u * high, u * low)))
        slope = np.maximum(np.abs(low), np.abs(high))
        slack = 0.01 * float(np.sum(np.abs(u) * np.maximum(slope, 1), where=slope > 1e-9)) + 1e-9
        if most - least < slack:  # smooth along v: one slope, which can be measured well
            exact, error, jump = slopes_along(app.forward, arrays, v).contracted(u)
            if jump == 0 and error < 1e-6 * slack:
                least, most, slack = exact, exact, TOLERANCE * abs(exact) + 1e-6 * slack
        if not least - slack <= got <= most + slack:
            return failed(
                f"the derivative along {name} is wrong: got {got:.6g}, expected"
                + (f" {least:.6g}" if most - least <= slack else f" {least:.6g} to {most:.6g}"),
                where="inputs that tie, or lie at a kink; differences around them",
                why="ties are shared so that the parts add up to g, or one entry gets it all",
            )
    return Outcome(PASSED)


def directions(app: Application) -> list[tuple[str, list[np.ndarray]]]:
    """List directions: all inputs together, each input, each entry (up to 6 of an input)."""
    arrays = app.arrays
    found = []
    if len(arrays) > 1:
        found.append(("all inputs together", [np.ones(x.shape) for x in arrays]))
    for i, label in enumerate(app.labels):
        alone = [np.full(x.shape, float(i == j)) for j, x in enumerate(arrays)]
        found.append((f"{label}, all entries together", alone))
        for index in list(np.ndindex(arrays[i].shape))[:6]:
            one = [np.zeros(x.shape) for x in arrays]
            one[i][index] = 1.0
            found.append((f"entry {list(index)} of {label}", one))
    return found


def slopes_nearby(
    app: Application, v: list[np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest and largest slope along v at points close by, for each output."""
    distance, step = 1e-3, 1e-6
    slopes = []
    for lean in (-1, 1, *[0] * 24):  # behind the kink, beyond it, and anywhere around it
        noise = 0.1 if lean else 1.0
        near = [
            x + distance * (lean * w + noise * rng.normal(size=x.shape))
            for x, w in zip(app.arrays, v, strict=True)
        ]
        ahead = app.forward(*((x + step * w)[()] for x, w in zip(near, v, strict=True)))
        behind = app.forward(*((x - step * w)[()] for x, w in zip(near, v, strict=True)))
        slopes.append((np.asarray(ahead, float) - behind) / (2 * step))
    return np.min(slopes, axis=0), np.max(slopes, axis=0)
