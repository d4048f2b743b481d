"""Functions written at random agree with themselves uncompiled, with inputs that they never saw."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.places import lending, plan
from tinygrad_rnn.compiler.program import one_hot
from tinygrad_rnn.compiler.two_cores import division, lanes

from .agreement import step
from .random_source import made, written

BATCHES, MANY = 3, 40


def weights(rng: np.random.Generator, H: int, V: int, dtype: Any) -> dict[str, tg.Value]:
    shapes = {"W1": (H, H), "W2": (H, 4 * H), "W3": (V, H), "W4": (H,), "W5": (), "W6": (1, H)}
    return {k: tg.Value((0.6 * rng.normal(size=s)).astype(dtype)) for k, s in shapes.items()}


def drawn(rng: np.random.Generator, T: int, B: int, H: int, dtype: Any) -> dict[str, Any]:
    one_hot_rows = np.eye(H)[rng.integers(H, size=(T, B))]
    xs = one_hot_rows if T % 3 == 0 else rng.normal(size=(T, B, H))
    return {
        "xs": xs.astype(dtype),
        "ids": rng.integers(2, size=(T, B)),
        "h0": rng.normal(size=(B, H)).astype(dtype) / 2,
        "column": rng.normal(size=(H, 1)).astype(dtype)[::-1],
        "few": rng.integers(0, 3, size=B).astype(np.uint8),
        "u": tg.Value(rng.normal(size=(B, 1)).astype(dtype)),
    }


def assert_program_agrees(seed: int, cores: int = 1) -> int:
    """Return how many batches the program was replayed with."""
    rng = np.random.default_rng(seed)
    dtype = np.float32 if seed % 4 == 0 else np.float64
    H, V, T, B = (int(rng.choice(n)) for n in ([2, 3, 4], [3, 4, 5], [1, 2, 3, 6, 9], [1, 2, 3]))
    w = weights(rng, H, V, dtype)
    with np.errstate(all="ignore"):
        text = written(seed, w, drawn(rng, T, B, H, dtype))
    close = 1e-3 if "float32" in text or dtype is np.float32 else 1e-9
    fn = made(text, w)
    compiled = tg.compile(fn, cores=cores)
    for batch in range(BATCHES):
        arguments = tuple(drawn(rng, T, B, H, dtype).values())
        with np.errstate(all="ignore"):
            try:
                expected = step(fn, w.values(), arguments)
            except (ValueError, IndexError):
                return batch  # with these numbers it is no function
            got = step(compiled, w.values(), arguments)
        assert len(got) == len(expected)
        for mine, theirs in zip(got, expected, strict=True):
            assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype), text
            largest = np.max(np.abs(theirs), initial=0.01, where=np.isfinite(theirs))
            np.testing.assert_allclose(mine, theirs, rtol=0, atol=close * largest, err_msg=text)

    return BATCHES


def assert_programs_agree(first: int, cores: int = 1) -> None:
    replays = sum(assert_program_agrees(seed, cores) for seed in range(first, first + MANY))
    assert replays > 0.8 * BATCHES * MANY  # most of them are functions of any numbers


@pytest.mark.parametrize("block", range(5))
def test_as_it_is(block: int) -> None:
    assert_programs_agree(MANY * block)


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("block", range(3))
def test_however_small_the_arrays(block: int, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are looked up, factors folded, results handed out, and two cores share the work."""
    look_up = sys.modules["tinygrad_rnn.compiler.passes.look_up"]
    small: dict[Any, dict[str, Any]] = {
        one_hot: {"ENOUGH": 1, "CLASSES": 2},
        look_up: {"is_quicker_by_rows": lambda *_: True},
        lending: {"LARGE": 1},
        plan: {"GAIN": -np.inf, "SHARE": -np.inf, "LARGE": 0.0},
        lanes: {"CROSSING": 1e-7, "LARGE": 0.0},
        division: {"PART": 1e-9, "ROWS": 1, "HALVED": 1e-9, "AHEAD": 0.0, "WHOLE": 1},
    }
    for module, settings in small.items():
        for name, x in settings.items():
            monkeypatch.setattr(module, name, x)
    assert_programs_agree(10_000 + MANY * block, cores)
