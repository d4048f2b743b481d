"""Trials: the checks that a mutant of a built-in derivative has to go through, made quick.

A trial is one check of `check_op` on one case, or one of those that stand beside it. It is made
once on the right derivative, which must pass: then it is known which statements it reaches, so that
mutants of others can skip it, and what differences measure there, which no mutant can change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.check.mutation_cases import MANY_USES, MORE_CASES
from tests.check.mutation_points import POINTS
from tests.ops.cases import CASES, Case
from tinygrad_rnn.check import gradcheck, op_derivatives, op_kinks
from tinygrad_rnn.check.gradients import cotangent
from tinygrad_rnn.check.mutants import Mutant, Statement, control, survives
from tinygrad_rnn.check.op_application import Application
from tinygrad_rnn.check.op_check import checks_on
from tinygrad_rnn.check.op_report import FAILED, Row

FIRST_ORDER, OTHERS = "first order, central differences", "other checks of check_op"
MANY, POINT = "many uses at once", "single points and forms"
MEASURED = {
    op_derivatives: ("measured_gradient", "slopes_along", "complex_step"),
    op_kinks: ("measured_gradient", "slopes_along", "slopes_nearby"),
}


@dataclass
class Trial:
    """One check.

    Attributes
    ----------
    kind : str
        Which check of `check_op` it is, or what stands beside that.
    check : callable
        Raises if it notices something.
    reached : set of Statement
        What it executes of the derivative.
    measured : dict
        What differences have measured in it.
    """

    kind: str
    check: Callable[[], object]
    reached: set[Statement] = field(default_factory=set)
    measured: dict[Any, Any] = field(default_factory=dict)

    def __call__(self) -> None:
        """Make the check; measure only what has not been measured yet."""
        with remembering(self.measured):
            self.check()


def trials_of(name: str) -> list[Trial]:
    """Prepare the trials of a rule, the quick ones first, and make them on what is right."""
    trials = [Trial(POINT, check) for check in POINTS.get(name, [])]
    for case in (c for c in MORE_CASES + CASES if c.rule == name):
        app = Application(case, case.inputs, {})
        trials += [Trial(kind_of(check), partial(must_pass, check)) for check in checks_on(app)]
    trials.sort(key=lambda trial: (trial.kind != FIRST_ORDER, trial.kind != POINT))
    trials += [Trial(MANY, partial(many_uses, case)) for case in MANY_USES.get(name, [])]
    reached: set[Statement] = set()
    right = control(tg.RULES[name], reached)
    for trial in trials:
        reached.clear()
        assert survives(right, [trial]), f"{name} fails as it is: {trial.check}"
        trial.reached |= reached
    return trials


def rejected_by(mutant: Mutant, trials: list[Trial]) -> str:
    """Say what kind of trial notices a mutant first; an empty string if none does."""
    for trial in trials:
        reached = (mutant.name, mutant.line) in trial.reached
        if reached and not survives(mutant, [trial]):
            return trial.kind
    return ""


def must_pass(check: Callable[[], Row]) -> None:
    """Raise if a row of the report says FAILED."""
    row = check()
    assert row.outcome.verdict != FAILED, row


def kind_of(check: Any) -> str:
    """Tell the check of first derivatives, which rejects nearly all in no time, from the others."""
    return FIRST_ORDER if check.args[1] == FIRST_ORDER else OTHERS


@contextmanager
def remembering(memory: dict[Any, Any]) -> Iterator[None]:
    """Measure each slope of a forward function once: its derivative does not change it."""

    def remembered(measure: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            key = (measure.__name__, *map(fingerprint, args))
            if key not in memory:
                memory[key] = measure(*args)
            return memory[key]

        return call

    with pytest.MonkeyPatch.context() as patch:
        for module, names in MEASURED.items():
            for name in names:
                patch.setattr(module, name, remembered(getattr(module, name)))
        yield


def fingerprint(x: Any) -> Any:
    """Return something hashable that tells arrays, and lists of them, apart."""
    if isinstance(x, Application):
        return fingerprint(x.arrays)
    if isinstance(x, (list, tuple)):
        return tuple(map(fingerprint, x))
    return (np.shape(x), np.asarray(x).tobytes()) if isinstance(x, (np.ndarray, float)) else None


def many_uses(case: Case) -> None:
    """Use an op several times beside other ops, so that gradients of every kind meet and join."""
    app, rng = Application(case, case.inputs, {}), np.random.default_rng(0)
    arrays = [x[()] for x in app.arrays]
    y, pullback = tg.vjp(app, *arrays)
    u = cotangent(y, rng)
    for times in (1, 3, 4):
        factors = rng.uniform(0.5, 1.5, times)
        for others in (False, True):

            def total(*x: Any, factors: Any = factors, others: bool = others) -> Any:
                parts = [rows(*x)]
                if others:
                    parts += [products(*x), *(np.sum(v * v) for v in x)]
                parts += [c * np.sum(u * app(*x)) for c in factors]
                return sum([*parts, products(*x) if others else 0.0, rows(*x)])

            _, back = tg.vjp(total, *arrays)
            gradients = zip(back(np.float64(1.0)), pullback(u[()]), arrays, strict=True)
            for g, once, x in gradients:
                expected = once * factors.sum() + others * (2 * x + 6.0 * (x.ndim == 2))
                expected[:1] += 2
                np.testing.assert_allclose(g, expected, rtol=1e-11, atol=1e-11)
    if sum(x.size for x in arrays) < 50:
        gradcheck(lambda *x: beside_others(app, *x), tuple(arrays))


def beside_others(app: Application, *x: Any) -> Any:
    """Use an op four times, and its variables before and after: it adds up when recorded, too."""
    cubes = sum(np.sum(v * v * v) for v in x)
    return np.sin(app(*x)) + cubes + 0.5 * app(*x) + app(*x) * app(*x) + cubes


def rows(*x: Any) -> Any:
    """Use the first row of each: a gradient that is placed at an index."""
    return sum(np.sum(v[:1]) for v in x)


def products(*x: Any) -> Any:
    """Use each matrix in a product: a gradient that is not yet multiplied."""
    return sum(np.sum(np.ones((3, len(v))) @ v) for v in x if v.ndim == 2)
