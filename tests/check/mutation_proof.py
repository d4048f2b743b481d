"""Every derivative of every built-in op, made wrong in every way: the checker notices each time.

The count of mutants is printed. A mutant that computes the same derivative by other means cannot
be noticed; each of these is listed in `mutation_cases.EQUIVALENT` with the reason why.

Not part of the suite yet: `pytest tests/check/mutation_proof.py` still names survivors that nobody
has gone through, to be rejected by a new case or listed with their reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.check.mutation_cases import EQUIVALENT, MANY_USES, MORE_CASES
from tests.ops.cases import CASES, Case
from tinygrad_rnn.check import gradcheck
from tinygrad_rnn.check.arguments import data_of
from tinygrad_rnn.check.gradients import cotangent
from tinygrad_rnn.check.mutants import Mutant, control, mutants, survives
from tinygrad_rnn.check.op_application import Application
from tinygrad_rnn.check.op_check import examine, silence
from tinygrad_rnn.check.op_derivatives import by_differences

RULES = [
    name
    for name, rule in tg.RULES.items()
    if rule.vjp is not None and rule.forward.__module__.startswith("tinygrad_rnn.")
]
MODULES = sorted({tg.RULES[name].forward.__module__ for name in RULES})
ENTRIES = [(reason, *entry) for reason, entries in EQUIVALENT.items() for entry in entries]


@pytest.fixture(scope="module")
def count(request: pytest.FixtureRequest) -> Iterator[dict[str, int]]:
    """Count what was noticed; print it when all rules are done."""
    tally = {"mutants": 0, "equivalent": 0}
    yield tally
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and tally["mutants"]:
        reporter.write_line(
            f"\n{tally['mutants']} mutants of the built-in derivatives:"
            f" {tally['mutants'] - tally['equivalent']} rejected,"
            f" {tally['equivalent']} equivalent and listed"
        )


def differences(case: Case) -> None:
    """Hold the gradient against differences: rejects nearly all mutants, in a millisecond."""
    with silence():
        outcome = by_differences(Application(case, case.inputs, {}), np.random.default_rng(0))
    assert outcome.verdict != "FAILED", outcome.detail


def everything(case: Case) -> None:
    """Check everything that `check_op` checks, up to the first failure."""
    report = examine(case, case.inputs, {}, stop_at_failure=True)
    assert report.ok, str(report)


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
    if sum(x.size for x in arrays) < 100:
        gradcheck(lambda *x: np.sin(app(*x)) + 0.5 * app(*x) + app(*x) * app(*x), tuple(arrays))


def rows(*x: Any) -> Any:
    """Use the first row of each: a gradient that is placed at an index."""
    return sum(np.sum(v[:1]) for v in x)


def products(*x: Any) -> Any:
    """Use each matrix in a product: a gradient that is not yet multiplied."""
    return sum(np.sum(np.ones((3, len(v))) @ v) for v in x if v.ndim == 2)


def checks_of(rule: str) -> tuple[list[Callable[[], None]], list[Callable[[], None]]]:
    """Return the cheap checks of a rule, and the others."""
    cases = [case for case in MORE_CASES + CASES if case.rule == rule]
    return [partial(differences, case) for case in cases], [
        *(partial(many_uses, case) for case in MANY_USES.get(rule, [])),
        *(partial(everything, case) for case in cases),
    ]


def is_listed(mutant: Mutant, function: str, after: str) -> bool:
    """Say whether an entry of `EQUIVALENT` means a mutant."""
    name = f"VJP of {mutant.rule.name}" if mutant.name == "VJP" else mutant.name
    return name == function and (after == "*" or after in mutant.after)


@pytest.mark.parametrize("case", [*MORE_CASES, *chain(*MANY_USES.values())], ids=str)
def test_the_cases_of_the_proof_are_right(case: Case) -> None:
    result = data_of(case(*case.inputs))
    np.testing.assert_allclose(result, case.reference(*case.inputs), rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_every_mutant_is_rejected_or_listed(module: str, count: dict[str, int]) -> None:
    """Rules of a module share helpers: a mutant of one is rejected if a check of any rule is."""
    rules = [tg.RULES[name] for name in RULES if tg.RULES[name].forward.__module__ == module]
    checks = {rule.name: checks_of(rule.name) for rule in rules}
    same: dict[tuple[str, int], list[Mutant]] = {}
    for rule in rules:
        cheap, thorough = checks[rule.name]
        assert survives(control(rule), [*cheap, *thorough]), "the machinery itself is wrong"
        for mutant in mutants(rule):
            name = str(mutant.rule) if mutant.name == "VJP" else mutant.name
            same.setdefault((name, mutant.number), []).append(mutant)
    assert same
    noticed, survivors = [], []
    for shared in same.values():
        listed = any(is_listed(shared[0], *entry) for _, *entry in ENTRIES)
        alive = all(survives(m, checks[m.rule.name][0]) for m in shared)
        if alive and not listed:
            alive = all(survives(m, checks[m.rule.name][1]) for m in shared)
        if listed and not alive:
            noticed.append(str(shared[0]))
        if alive and not listed:
            survivors.append(str(shared[0]))
        count["equivalent"] += listed
    assert not noticed, "listed as equivalent, but rejected:\n" + "\n".join(noticed)
    assert not survivors, "nobody notices:\n" + "\n".join(survivors)
    count["mutants"] += len(same)


def test_every_listed_mutant_exists() -> None:
    made = [mutant for rule in RULES for mutant in mutants(tg.RULES[rule])]
    gone = [entry for _, *entry in ENTRIES if not any(is_listed(m, *entry) for m in made)]
    assert not gone, f"no longer among the mutants: {gone}"
