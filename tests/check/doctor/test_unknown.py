"""What is not in the catalogue is called unknown, never something that it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.check.doctor.test_planted import MODULES, prepared
from tinygrad_rnn.check.diagnose import examined

Rng = np.random.Generator
CORRUPTED = {"rnn": 104, "lstm": 48, "gru": 48}  # so often: 200 in all


def noise(g: Any, rng: Rng) -> Any:
    return g + rng.normal(size=g.shape) * np.max(np.abs(g)) * 10 ** rng.uniform(-5, 0)


def one_entry(g: Any, rng: Rng) -> Any:
    g = g.copy()
    g.flat[rng.integers(g.size)] += rng.uniform(0.01, 3)
    return g


def shuffled(g: Any, rng: Rng) -> Any:
    return rng.permutation(np.ravel(g)).reshape(g.shape)


def scaled(g: Any, rng: Rng) -> Any:
    return g * rng.uniform(0.2, 1.9)


def scaled_rows(g: Any, rng: Rng) -> Any:
    return (g.T * rng.uniform(0.2, 1.9, size=len(g))).T


def signs(g: Any, rng: Rng) -> Any:
    turned = rng.choice([-1, 1], size=g.shape)
    turned.flat[:2] = 1, -1
    return g * turned


def squared(g: Any, rng: Rng) -> Any:
    return g * np.abs(g)


def few_digits(g: Any, rng: Rng) -> Any:
    return np.round(g, int(2 - np.log10(np.max(np.abs(g)))))


CORRUPTIONS: list[Callable[[Any, Rng], Any]] = [
    *(noise, one_entry, shuffled, scaled, scaled_rows, signs, squared, few_digits)
]


@pytest.mark.parametrize("cell", MODULES)
def test_random_corruptions_are_called_unknown(cell: str) -> None:
    c, candidates = prepared(cell)
    right = MODULES[cell].gradients(c.weights, c.inputs, c.targets)
    rng = np.random.default_rng(7)
    for k in range(CORRUPTED[cell]):
        corrupt = CORRUPTIONS[k % len(CORRUPTIONS)]
        several = k % 3 == 0
        chosen = rng.choice(list(right), size=rng.integers(2, 5) if several else 1, replace=False)
        theirs = {n: corrupt(g, rng) if n in chosen else g for n, g in right.items()}
        found = examined(theirs, candidates)
        assert found.verdict == "unknown", f"{corrupt.__name__} of {chosen}:\n{found}"
        assert set(found.unknown) == set(chosen), f"{corrupt.__name__} of {chosen}:\n{found}"
        assert all(found.findings[n].worst for n in chosen)
        assert not found.explanations


def test_a_known_mistake_is_told_beside_an_unknown_one() -> None:
    c, candidates = prepared("rnn")
    theirs = MODULES["rnn"].gradients(c.weights, c.inputs, c.targets)
    theirs["head.weight"] = noise(theirs["head.weight"], np.random.default_rng(0))
    theirs["rnn.weight_hh_l0"] = theirs["rnn.weight_hh_l0"].T
    found = examined(theirs, candidates)
    assert (found.verdict, found.unknown) == ("unknown", ("head.weight",))
    assert found.names == (frozenset(["transposed"]),)
    assert "head.weight: wrong in a way that is not in the catalogue" in str(found)
