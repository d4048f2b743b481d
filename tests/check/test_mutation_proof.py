"""Every derivative of every built-in op, made wrong in every way: each is noticed.

The counts are printed. A mutant that computes the same derivative by other means cannot be noticed;
each of these is listed in `mutation_equivalents` with the reason why, and must not be noticed.
"""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from collections.abc import Iterator
from itertools import chain

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.check.mutation_cases import MANY_USES, MORE_CASES
from tests.check.mutation_equivalents import EQUIVALENT
from tests.check.mutation_points import POINTS
from tests.check.mutation_trials import Trial, rejected_by, trials_of
from tests.ops.cases import Case
from tinygrad_rnn.check.arguments import data_of
from tinygrad_rnn.check.mutants import Mutant, mutants
from tinygrad_rnn.check.sources import definitions

RULES = [
    name
    for name, rule in tg.RULES.items()
    if rule.vjp is not None and rule.forward.__module__.startswith("tinygrad_rnn.")
]
MODULES = sorted({tg.RULES[name].forward.__module__ for name in RULES})
ENTRIES = [
    (function, changed)
    for functions in EQUIVALENT.values()
    for function, changes in functions.items()
    for changed in changes
]
MADE: dict[tuple[str, ...], list[Mutant]] = {}


def made() -> dict[tuple[str, ...], list[Mutant]]:
    """Make all mutants; those of a function that rules of a module share are one."""
    if not MADE:
        for name in RULES:
            module = tg.RULES[name].forward.__module__
            for mutant in mutants(tg.RULES[name]):
                key = (module, full_name(mutant), str(mutant.line), mutant.before, mutant.after)
                MADE.setdefault(key, []).append(mutant)
    return MADE


def full_name(mutant: Mutant) -> str:
    """Name the function that was changed."""
    return f"VJP of {mutant.rule.name}" if mutant.name == "VJP" else mutant.name


def is_meant(mutant: Mutant, function: str, changed: str) -> bool:
    """Say whether an entry of `EQUIVALENT` means a mutant; ``$`` is the end of a line."""
    old, _, new = changed.rpartition(" → ")
    fits = old in mutant.before and new in mutant.after + "$"
    return full_name(mutant) == function and fits and (bool(old) or new not in mutant.before)


@pytest.fixture(scope="module")
def tally(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """Count who noticed a mutant; print it when all rules are done."""
    counts: Counter[str] = Counter()
    yield counts
    listed = counts.pop("equivalent", 0)
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(
            f"\n{counts.total() + listed} mutants of the derivatives of {len(RULES)} ops:"
            f" {counts.total()} rejected"
            f" (first noticed by {', '.join(f'{who}: {n}' for who, n in counts.most_common())}),"
            f" {listed} equivalent and listed"
        )


@pytest.mark.parametrize("case", [*MORE_CASES, *chain(*MANY_USES.values())], ids=str)
def test_the_cases_of_the_proof_are_right(case: Case) -> None:
    result = data_of(case(*case.inputs))
    np.testing.assert_allclose(result, case.reference(*case.inputs), rtol=1e-12)


@pytest.mark.parametrize("module", MODULES)
def test_every_mutant_is_rejected_or_listed(module: str, tally: Counter[str]) -> None:
    """Rules of a module share helpers: a mutant of one is rejected if a trial of any rule is."""
    rules = [name for name in RULES if tg.RULES[name].forward.__module__ == module]
    trials: dict[str, list[Trial]] = {name: trials_of(name) for name in rules}
    noticed, survivors = [], []
    for key, shared in made().items():
        if key[0] != module:
            continue
        by = next(filter(None, (rejected_by(m, trials[m.rule.name]) for m in shared)), "")
        listed = any(is_meant(shared[0], *entry) for entry in ENTRIES)
        if by and listed:
            noticed.append(f"{shared[0]}, by {by}")
        if not (by or listed):
            survivors.append(str(shared[0]))
        tally[by or "equivalent"] += 1
    assert not noticed, "listed as equivalent, but rejected:\n" + "\n".join(noticed)
    assert not survivors, "nobody notices:\n" + "\n".join(survivors)


def test_every_listed_mutant_exists() -> None:
    all_made = [shared[0] for shared in made().values()]
    gone = [entry for entry in ENTRIES if not any(is_meant(m, *entry) for m in all_made)]
    assert not gone, f"no longer among the mutants: {gone}"
    assert len(ENTRIES) == len(set(ENTRIES))


def test_every_rule_has_mutants_and_every_point_a_rule() -> None:
    assert {m.rule.name for shared in made().values() for m in shared} == set(RULES)
    assert set(POINTS) | set(MANY_USES) <= set(RULES)


def test_no_helper_of_a_derivative_is_left_out() -> None:
    """Functions of a VJP's own module are mutated with it; others have to be ops with a proof."""
    foreign = set()
    for name in RULES:
        vjp = inspect.unwrap(tg.RULES[name].vjp)
        names = {x.id for x in ast.walk(definitions(tg.RULES[name].vjp)) if isinstance(x, ast.Name)}
        for found in map(vjp.__globals__.get, names):
            is_helper = inspect.isfunction(found) or inspect.isclass(found)
            if is_helper and found.__module__ not in (vjp.__module__, "builtins"):
                foreign.add(f"{found.__module__}.{found.__name__}")
    assert foreign <= {
        "tinygrad_rnn.engine.backward.Deferred",  # abstract
        "tinygrad_rnn.engine.graph.Node",
        "tinygrad_rnn.ops.shaping.swapaxes",  # composed of transpose, which is mutated
        "numpy.lib._array_utils_impl.normalize_axis_tuple",
        "numpy.lib.array_utils.normalize_axis_tuple",
        "typing.Any",
    }
