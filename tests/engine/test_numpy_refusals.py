"""NumPy's functions that would lose a gradient are refused, and named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.engine.witness import assert_teaches
from tinygrad_rnn import Value

X = np.random.default_rng(5).permutation(np.linspace(0.21, 2.53, 12)).reshape(3, 4)
W = np.random.default_rng(6).normal(size=(4, 2))


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "cbrt": (np.cbrt, "np.cbrt"),
    "hypot": (lambda v: np.hypot(v, 1.0), "np.hypot"),
    "arctan2": (lambda v: np.arctan2(X, v), "np.arctan2"),
    "modf, two results": (np.modf, "np.modf"),
    "floor_divide": (lambda v: np.floor_divide(v, 2), "np.floor_divide"),
    "sort": (np.sort, "np.sort"),
    "median": (np.median, "np.median"),
    "std": (np.std, "np.std"),
    "roll": (lambda v: np.roll(v, 1), "np.roll"),
    "norm": (np.linalg.norm, "np.linalg.norm"),
    "inv": (lambda v: np.linalg.inv(v[:, :3]), "np.linalg.inv"),
    "fft": (np.fft.fft, "fft"),
    "array_split": (lambda v: np.array_split(v, 2), "np.array_split"),
    "add.reduce": (np.add.reduce, "np.add.reduce"),
    "add.accumulate": (np.add.accumulate, "np.add.accumulate"),
    "add.at": (lambda v: np.add.at(v, 0, 1.0), "np.add.at"),
    "add.at, into an array": (lambda v: np.add.at(np.zeros((3, 4)), 0, v), "np.add.at"),
    "multiply.outer": (lambda v: np.multiply.outer(v, v), "np.multiply.outer"),
    "add, out": (lambda v: np.add(v, 1.0, out=np.zeros((3, 4))), "out="),
    "add, out by position": (lambda v: np.add(v, 1.0, np.zeros((3, 4))), "out="),
    "add, into the value": (lambda v: np.add(X, 1.0, out=v), "np.add"),
    "add, where": (lambda v: np.add(v, 1.0, where=X > 1), "where="),
    "exp, dtype": (lambda v: np.exp(v, dtype=np.float32), "np.exp"),
    "matmul, axes": (lambda v: np.matmul(v, W, axes=[(0, 1)] * 3), "np.matmul"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_function_without_a_rule_is_refused_by_name(name: str) -> None:
    call, word = REFUSED[name]
    v = Value(X)
    with pytest.raises(TypeError) as caught:
        call(v)
    assert_teaches(caught.value, word, "gradient")
    np.testing.assert_array_equal(v.data, X)


def test_a_function_without_a_rule_shows_how_to_add_one() -> None:
    with pytest.raises(TypeError, match=r"@primitive\(np\.cbrt\)") as caught:
        np.cbrt(Value(X))
    assert "cbrt.vjp" in str(caught.value)
    assert "v.data" in str(caught.value)


def test_a_known_function_used_in_an_unknown_way_does_not_ask_for_a_rule() -> None:
    for call in (lambda v: np.add.reduce(v), lambda v: np.add(v, 1.0, out=np.zeros((3, 4)))):
        with pytest.raises(TypeError) as caught:
            call(Value(X))
        assert "@primitive" not in str(caught.value)


SETTINGS: dict[str, Callable[[Any], Any]] = {
    "sum dtype": lambda v: np.sum(v, dtype=np.float32),
    "sum out": lambda v: np.sum(v, out=np.zeros(())),
    "sum where": lambda v: np.sum(v, where=X > 1),
    "sum initial": lambda v: np.sum(v, initial=1.0),
    "sum dtype by position": lambda v: np.sum(v, 0, np.float32),
    "mean dtype": lambda v: np.mean(v, dtype=np.float32),
    "mean dtype by position": lambda v: np.mean(v, 0, np.float32),
    "max out": lambda v: np.max(v, 0, np.zeros(4)),
    "max initial": lambda v: np.max(v, initial=1.0),
    "var where": lambda v: np.var(v, where=X > 1),
    "var dtype by position": lambda v: np.var(v, 0, np.float32),
    "cumsum dtype": lambda v: np.cumsum(v, 0, np.float32),
    "prod dtype": lambda v: np.prod(v, dtype=np.float32),
    "take out": lambda v: np.take(v, [0], 1, np.zeros((3, 1))),
    "take mode": lambda v: np.take(v, [9], axis=1, mode="clip"),
    "clip out": lambda v: np.clip(v, 0, 1, np.zeros((3, 4))),
    "clip dtype": lambda v: np.clip(v, 0, 1, dtype=np.float32),
    "einsum optimize": lambda v: np.einsum("ij->i", v, optimize=True),
    "einsum out": lambda v: np.einsum("ij->i", v, out=np.zeros(3)),
    "einsum sublists": lambda v: np.einsum(v, [0, 1], [0]),
    "reshape order": lambda v: np.reshape(v, (4, 3), order="F"),
    "reshape order by position": lambda v: np.reshape(v, (4, 3), "F"),
    "ravel order": lambda v: np.ravel(v, "F"),
    "pad mode": lambda v: np.pad(v, 1, mode="edge"),
    "concatenate out": lambda v: np.concatenate([v, v], out=np.zeros((6, 4))),
    "concatenate dtype": lambda v: np.concatenate([v, v], dtype=np.float32),
    "stack dtype": lambda v: np.stack([v, v], dtype=np.float32),
    "argsort kind": lambda v: np.argsort(v, kind="heapsort"),
    "broadcast_to subok": lambda v: np.broadcast_to(v, (2, 3, 4), subok=True),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_no_op_has_is_refused_and_the_op_named(name: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        SETTINGS[name](Value(X))
    assert name.partition(" ")[0] in str(caught.value)


def test_lists_of_values_go_through_the_joining_functions_only() -> None:
    v, w = Value([1.0, 2.0]), Value([3.0, 4.0])
    with pytest.raises(TypeError, match=r"np\.stack"):
        np.sum([v, w])  # type: ignore[call-overload]
    joined = np.stack([v, w])
    assert isinstance(joined, Value)
    assert joined.shape == (2, 2)
