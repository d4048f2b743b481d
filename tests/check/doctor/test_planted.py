"""Each mistake, planted in a derivative that was written by hand, is named; and pairs of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from tests.check.doctor import hand_gru, hand_lstm, hand_rnn
from tests.check.doctor.planting import Case, case, planted
from tinygrad_rnn.check.diagnose import Diagnosis, diagnose, examined
from tinygrad_rnn.check.doctor.candidates import Candidates
from tinygrad_rnn.check.doctor.problem import Problem

MODULES = {"rnn": hand_rnn, "lstm": hand_lstm, "gru": hand_gru}
SINGLE = [(cell, name) for cell, module in MODULES.items() for name in module.MISTAKES]

# What gives the same numbers on any problem of these sizes: here T = 5, B = 3.
EQUAL = {
    "factor T·B": "accumulated 15 times",
    "factor T": "accumulated 5 times",
    "factor B": "accumulated 3 times",
    "nothing back through rnn.weight_ih_l0": "zero",
    "nothing back through head.weight": "zero",
}
PAIRS = {
    "rnn": [
        ("no carry from t+1", "h_t where h_{t−1} belongs"),
        ("no carry from t+1", "factor T·B"),
        ("no carry from t+1", "tanh′ of the output (h)"),
        ("recurrent weight transposed in the carry", "tanh′ missing (h)"),
        ("carry without the slope", "one-hot missing"),
        ("h_t where h_{t−1} belongs", "bias gradient not summed over the batch"),
        ("only the first step's term", "accumulated 7 times"),
        ("transposed", "first step left out"),
        ("carry cut every 2 steps", "last step left out"),
        ("tanh′ at the pre-activation (h)", "clipped at ±0.05"),
        ("no carry from t+1", "clipped by norm at 0.25"),
        ("sign", "h_t where h_{t−1} belongs"),
        ("repeated tokens counted once", "carry without the recurrent weight"),
    ],
    "lstm": [
        ("carry only through h", "h_t where h_{t−1} belongs"),
        ("factor f missing (c_prev)", "tanh′ missing (tanh_c)"),
        ("sigmoid′ missing (f)", "tanh′ missing (g)"),
        ("c_t where c_{t−1} belongs (f)", "tanh_c before its curve (o)"),
        ("factor o missing (tanh_c)", "sigmoid′ missing (i)"),
        ("no carry from t+1", "sigmoid′ missing (o)"),
    ],
    "gru": [
        ("carry only through the matrix", "h_t where h_{t−1} belongs"),
        ("factor r missing (u_n)", "tanh′ missing (n)"),
        ("sign (1−z from (1−z)n)", "sigmoid′ missing (r)"),
        ("z and 1−z exchanged", "factor u_n missing (r)"),
        ("no carry from t+1", "reset gate applied before the matrix"),
    ],
}


@lru_cache
def prepared(cell: str) -> tuple[Case, Candidates]:
    c = case(cell)
    return c, Candidates(Problem(c.loss, c.values))


def examine(cell: str, *names: str) -> Diagnosis:
    c, candidates = prepared(cell)
    theirs = planted(MODULES[cell], *names)(c.weights, c.inputs, c.targets)
    return examined(theirs, candidates)


@pytest.mark.parametrize("cell", MODULES)
def test_a_right_gradient_is_called_right(cell: str) -> None:
    c, _ = prepared(cell)
    found = diagnose(planted(MODULES[cell])(c.weights, c.inputs, c.targets), c.loss, c.values)
    assert found.ok and found.verdict == "right" and not found.explanations, str(found)
    assert all(v.grad is None for v in c.values.values())


@pytest.mark.parametrize(("cell", "name"), SINGLE)
def test_a_planted_mistake_is_named(cell: str, name: str) -> None:
    found = examine(cell, name)
    equal = {frozenset([name])} | {frozenset([EQUAL[n]]) for n in [name] if n in EQUAL}
    assert found.verdict == "explained", str(found)
    assert set(found.names) == equal, str(found)
    assert found.explanations[0].error < 1e-11
    if len(equal) > 1:
        assert found.experiments, str(found)


@pytest.mark.parametrize(("cell", "pair"), [(c, p) for c, pairs in PAIRS.items() for p in pairs])
def test_two_planted_mistakes_are_both_named(cell: str, pair: tuple[str, str]) -> None:
    found = examine(cell, *pair)
    equal = {frozenset(pair)}
    equal |= {frozenset(EQUAL[n] if n == m else n for n in pair) for m in pair if m in EQUAL}
    assert found.verdict == "explained", str(found)
    assert set(found.names) == equal, str(found)


def test_every_mistake_of_a_cell_has_other_numbers() -> None:
    """A diagnosis is worth what its catalogue can tell apart: no two entries may coincide."""
    for cell in MODULES:
        _, candidates = prepared(cell)
        entries = [
            np.concatenate([np.ravel(g) for g in single.values()]) for single in candidates.singles
        ]
        assert len(entries) == len(candidates.roads)
        for i, a in enumerate(entries):
            for j in range(i):
                apart = np.max(np.abs(a - entries[j])) / np.max(np.abs(a))
                assert apart > 1e-6, (candidates.roads[i].name, candidates.roads[j].name)


@pytest.mark.parametrize("cell", MODULES)
def test_every_mistake_names_a_line_that_is_on_the_page(cell: str) -> None:
    page = (Path(__file__).parents[3] / "docs" / "derivation.md").read_text(encoding="utf-8")
    _, candidates = prepared(cell)
    banks = candidates.banks(())
    terms = [m for bank in banks.values() for m in [*bank.locals, *bank.misshapen] if m]
    assert len({m.name for m in terms}) >= 10
    for mistake in [*candidates.roads, *terms]:
        assert mistake.sentence
        assert f"({mistake.line})" in page, mistake
