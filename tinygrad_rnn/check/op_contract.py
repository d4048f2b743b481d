"""Does a VJP keep its contract? It is linear in g, knows every setting, takes one Value twice.

Imports the files above it and the engine.
"""

from __future__ import annotations

import inspect
from itertools import combinations
from typing import Any

import numpy as np

from ..engine.derivatives import vjp
from .agreement import close, first_difference
from .gradients import cotangent
from .op_application import Application, op_of
from .op_report import NOT_APPLICABLE, PASSED, Outcome, failed


def is_linear_in_g(app: Application, rng: np.random.Generator) -> Outcome:
    """Check that a gradient is linear in the g that arrives: of any size, all the same, or 0."""
    y, pullback = vjp(app, *(x[()] for x in app.arrays))
    u = cotangent(y, rng)
    once = [np.array(g) for g in pullback(u[()])]
    ones = np.ones(u.shape)
    more = [np.array(g) for g in pullback((u + ones)[()])]
    cases: list[tuple[str, np.ndarray, list[np.ndarray]]] = [
        ("2⁴⁰ times as large", u * 2.0**40, [g * 2.0**40 for g in once]),
        ("2⁻⁴⁰ times as large", u * 2.0**-40, [g * 2.0**-40 for g in once]),
        ("of the other sign", -u, [-g for g in once]),
        ("0", np.zeros(u.shape), [np.zeros(g.shape) for g in once]),
        ("1 everywhere", ones, [b - a for a, b in zip(once, more, strict=True)]),
    ]
    for name, g, expected in cases:
        unit = float(np.max(np.abs(g), initial=0)) or 1.0
        found = pullback(g[()])
        for label, dx, right, a, b in zip(app.labels, found, expected, once, more, strict=True):
            size = float(np.max(np.abs([a, b]), initial=0))  # what was subtracted
            if not close(dx / unit, right / unit, size):
                place = first_difference(dx, right)
                return failed(
                    f"the gradient of {label} is not linear in g: with a g that is {name},"
                    f" at {place} got {np.asarray(dx)[tuple(place)]:.6g},"
                    f" expected {right[tuple(place)]:.6g}",
                    why="g is clipped, squared, compared or divided by, or a shortcut for some g is"
                    " wrong",
                    fix="multiply g by the slope, and do nothing else with it",
                )
    return Outcome(PASSED)


def knows_every_setting(app: Application, rng: np.random.Generator) -> Outcome:
    """Check that a VJP has each setting of the forward function, with the same default."""
    seen = False
    for node in app.nodes(app.arrays):
        if node.rule is None or node.rule.vjp is None:
            continue
        settings = {p.name: p for p in parameters(node.rule.forward) if p.kind is p.KEYWORD_ONLY}
        known = {p.name: p for p in parameters(node.rule.vjp)}
        seen = seen or bool(settings)
        if any(p.kind is p.VAR_KEYWORD for p in parameters(node.rule.vjp)):
            continue
        for name, setting in settings.items():
            default = default_of(setting)
            if name not in known:
                return failed(
                    f"the VJP of {op_of(node)} does not take the setting {name!r}",
                    why=f"a call with {name}=… is recorded, and fails only when it is swept back",
                    fix=f"add it behind a *, as the forward function has it: *, {name}={default}",
                )
            if default_of(known[name]) != default:
                return failed(
                    f"the setting {name!r} of {op_of(node)} has two defaults:"
                    f" {default} forward, {default_of(known[name])} in the VJP",
                    why="only settings that were given are passed on; each function uses its own"
                    " default for the others",
                    fix=f"write {name}={default} in both",
                )
    return Outcome(PASSED) if seen else Outcome(NOT_APPLICABLE, "the op has no settings")


def parameters(function: Any) -> list[inspect.Parameter]:
    """List the parameters of a function."""
    return list(inspect.signature(function).parameters.values())


def default_of(parameter: inspect.Parameter) -> str:
    """Write the default of a parameter; a word where there is none."""
    return "none" if parameter.default is parameter.empty else repr(parameter.default)


def takes_one_value_twice(app: Application, rng: np.random.Generator) -> Outcome:
    """Check that a Value which is two inputs at once gets the sum of both gradients."""
    arrays = app.arrays
    pairs = [
        p for p in combinations(range(len(arrays)), 2) if arrays[p[0]].shape == arrays[p[1]].shape
    ]
    checked = False
    for i, j in pairs:
        x = arrays[i]

        def joined(x: Any, i: int = i, j: int = j) -> Any:
            both = [each[()] for each in arrays]
            both[i] = both[j] = x
            return app(*both)

        apart = [x if k == j else each for k, each in enumerate(arrays)]
        try:
            y, pullback = vjp(app, *(each[()] for each in apart))
        except Exception:  # its inputs may not be equal
            continue
        checked = True
        u = cotangent(y, rng)
        gradients = pullback(u[()])
        expected = np.asarray(gradients[i]) + gradients[j]
        got = vjp(joined, x[()])[1](u[()])[0]
        if not close(got, expected):
            place = first_difference(got, expected)
            return failed(
                f"one Value as {app.labels[i]} and {app.labels[j]} at once: the gradient at {place}"
                f" is {np.asarray(got)[tuple(place)]:.6g}, expected the sum of both,"
                f" {expected[tuple(place)]:.6g}",
                why="the VJP asks whether its inputs are the same object, or remembers by identity",
                fix="return the gradient of each input alone; the sweep adds them",
            )
    return Outcome(PASSED) if checked else Outcome(NOT_APPLICABLE, "no two variables of one shape")
