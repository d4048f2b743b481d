"""What outlives a call: results, traces, frames of memory, random numbers, settings."""

from __future__ import annotations

import random
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg

rng = np.random.default_rng(0)
ONES = np.ones(3)
settings = types.ModuleType("settings")
settings.factor = 1.0  # type: ignore[attr-defined]


def value(*shape: int) -> tg.Value:
    return tg.Value(rng.normal(size=shape))


def traces(compiled: Any) -> int:
    return sum(map(len, compiled.traces.values()))


def test_an_array_that_is_returned_belongs_to_the_caller() -> None:
    w = value(3)
    f = tg.compile(lambda x: (np.sum(w * x), np.zeros(3)))
    f(ONES)[1][...] = 7.0
    np.testing.assert_array_equal(f(ONES)[1], np.zeros(3))


class Held:
    def __init__(self, loss: Any) -> None:
        self.loss = loss


def later(x: Any) -> Any:
    yield x * 2.0


@pytest.mark.parametrize(
    ("kind", "wrap"),
    [
        ("Held", Held),
        ("generator", later),
        ("set", lambda y: {y}),
        ("function", lambda y: lambda: y * 2.0),
    ],
)
def test_a_result_where_a_replay_does_not_look_is_refused(kind: str, wrap: Any) -> None:
    w = value(3)
    with pytest.raises(tg.CaptureError, match=f"returned a {kind}"):
        tg.compile(lambda x: wrap(np.sum(w * x)))(ONES)


@pytest.mark.parametrize("argument", [slice(0, 2), range(2), float("nan"), (slice(None, 1), -0.0)])
def test_equal_settings_are_the_same_form(argument: Any) -> None:
    w = value(3)
    f = tg.compile(lambda x, setting: np.sum(w * x))
    for _ in range(4):
        again = eval(repr(argument), {"nan": float("nan")})
        f(ONES, again)
    assert traces(f) == 1


def test_minus_zero_is_another_number_than_zero() -> None:
    w = tg.Value(np.ones(3))
    f = tg.compile(lambda x, sign: np.sum(w * np.copysign(x, sign)))
    assert (float(f(ONES, 0.0)), float(f(ONES, -0.0))) == (3.0, -3.0)


def test_a_number_that_never_comes_back_does_not_fill_the_memory() -> None:
    w = value(3)
    f = tg.compile(lambda x, rate: np.sum(w * x) * rate)
    with pytest.warns(UserWarning, match="forgets the oldest"):
        for i in range(70):
            assert float(f(ONES, 1.0 / (i + 1))) == float(f.fn(ONES, 1.0 / (i + 1)))
    assert traces(f) <= 64


def test_frames_of_results_that_were_alive_together_are_not_all_kept() -> None:
    w = value(3, 3)
    f = tg.compile(lambda x: np.sum(np.tanh(x @ w)))
    kept = [f(ONES) for _ in range(30)]
    kept.clear()
    ((trace,),) = f.traces.values()
    assert sum(map(len, trace.pools.idle.values())) <= 4


@pytest.mark.parametrize(
    "draw",
    [np.random.rand, random.random, np.random.RandomState(0).rand, random.Random(0).random],
    ids=["numpy's", "python's", "a RandomState", "a Random"],
)
def test_random_numbers_of_every_generator_are_noticed(draw: Callable[[], float]) -> None:
    w = value(3)
    source = getattr(draw, "__self__", None)  # what a user's function would hold
    f = tg.compile(lambda x: np.sum(w * x) * draw() + 0.0 * (source is None))
    state = np.random.get_state()
    try:
        with pytest.raises(tg.CaptureError, match="random numbers"):
            f(ONES)
    finally:
        np.random.set_state(state)


def test_a_second_derivative_sees_the_numbers_that_dropout_drew() -> None:
    found = []
    for compiled in (False, True):
        generator = np.random.default_rng(3)
        w = tg.Value(np.full(20, 0.3))

        def fn(x: Any, w: Any = w, generator: Any = generator) -> Any:
            return np.sum(np.tanh(tg.dropout(w * x, generator=generator)) ** 2)

        (tg.compile(fn) if compiled else fn)(np.ones(20)).backward(create_graph=True)
        slope, w.grad = w.grad, None
        np.sum(slope * slope).backward()
        found.append([*w.grad, generator.random()])
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12)


def test_a_second_derivative_of_a_parameter_that_is_a_result() -> None:
    w = value(3)
    f = tg.compile(lambda x: (w, w * x * w))
    found = []
    for fn in (f.fn, f):
        w.grad = None
        a, b = fn(ONES)
        np.sum(a * a * b).backward(create_graph=True)
        slope, w.grad = w.grad, None
        np.sum(slope * slope).backward()
        found.append(w.grad)
    np.testing.assert_allclose(found[1], found[0], rtol=1e-12)


class Scaled:
    scale = 1.0

    def __init__(self) -> None:
        self.w = tg.Value(np.ones(3))

    def loss(self, x: Any) -> Any:
        return np.sum(self.w * x) * self.scale * settings.factor


class Slotted:
    __slots__ = ("scale",)


def test_settings_of_a_class_a_module_and_a_slot_are_watched() -> None:
    net, slotted = Scaled(), Slotted()
    slotted.scale = 1.0
    f = tg.compile(lambda x: net.loss(x) * slotted.scale)
    found = [float(f(ONES))]
    try:
        Scaled.scale = 2.0
        found.append(float(f(ONES)))
        settings.factor = 3.0  # type: ignore[attr-defined]
        found.append(float(f(ONES)))
        slotted.scale = 5.0
        found.append(float(f(ONES)))
    finally:
        Scaled.scale = settings.factor = 1.0  # type: ignore[attr-defined]
    assert found == [3.0, 6.0, 18.0, 90.0]


def test_a_default_that_is_given_by_name_is_watched() -> None:
    drop = tg.nn.Dropout(0.5, generator=np.random.default_rng(0))
    w = tg.Value(np.ones(50))

    def fn(x: Any, *, drop: Any = drop) -> Any:
        return np.sum(drop(w * x))

    f = tg.compile(fn)
    f(np.ones(50))
    drop.eval()
    assert float(f(np.ones(50))) == 50.0


def test_calls_of_a_compiled_function_in_between_change_nothing() -> None:
    w = value()
    inner = tg.compile(lambda x: w * x)
    outer = tg.compile(lambda x: np.sum(inner(x)))
    for n in range(3, 9):
        outer(ONES), inner(np.ones(n))
    assert traces(outer) == 1
