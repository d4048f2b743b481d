"""`debug` is a context like the others: nested, restored, each thread's own; precision warnings."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import NonFiniteError, PrecisionWarning, Value, debug, debugging
from tinygrad_rnn.engine.recording import current


def test_it_is_off_by_default_and_off_again() -> None:
    assert not debugging()
    with debug():
        assert debugging()
    assert not debugging()
    assert current.get().plain


def test_an_exception_ends_it() -> None:
    with pytest.raises(KeyError), debug(), tg.name_scope("a"):
        raise KeyError("lost")
    assert not debugging()


def test_scopes_and_no_grad_inside_keep_it_and_the_inner_settings_win() -> None:
    x = Value(0.0)
    with debug():
        with tg.name_scope("a"), tg.time_step(1):
            assert debugging()
            with tg.no_grad():
                assert debugging()
                assert not (x * 2.0).requires_grad
            with debug(finite=False), np.errstate(divide="ignore"):
                assert np.isinf((1.0 / x).data)
            with pytest.raises(NonFiniteError, match="in scope a/t=1"):
                _ = 1.0 / x
        assert (x * 2.0).scope == ""


def test_it_works_inside_a_function_that_is_differentiated() -> None:
    with debug():
        assert float(tg.grad(tg.grad(lambda x: x**3))(2.0)) == 12.0
        seen = tg.grad(lambda x: x * x if debugging() else x)(3.0)
    assert float(seen) == 6.0


def test_debug_inside_a_differentiated_function_keeps_second_derivatives() -> None:
    def f(x: Value) -> Value:
        with debug():
            return tg.grad(lambda u: u**3)(x)

    assert float(tg.grad(f)(2.0)) == 12.0


def test_each_thread_has_its_own() -> None:
    inside, looked = threading.Event(), threading.Event()
    seen: list[bool] = []

    def other() -> None:
        inside.wait(30)
        with np.errstate(divide="ignore"):
            seen.append(debugging())
            seen.append(bool(np.isinf((1.0 / Value(0.0)).data)))  # nobody watches here
        looked.set()

    thread = threading.Thread(target=other)
    thread.start()
    with debug():
        inside.set()
        assert looked.wait(30)
        with pytest.raises(NonFiniteError):
            _ = 1.0 / Value(0.0)
    thread.join(30)
    assert seen == [False, True]


def test_apply_asks_one_question_and_hands_nothing_over_when_it_is_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []

    class Spy:
        def look_at(self, node: Value, rule: tg.Rule, inputs: tuple[object, ...]) -> None:
            seen.append(rule.name)

    monkeypatch.setattr("tinygrad_rnn.engine.watching.Watcher", lambda *settings: Spy())
    x = Value(2.0)
    _ = x * x + 1.0
    assert seen == []
    with debug():
        _ = x * x + 1.0
    assert seen == ["multiply", "add"]


# float32 and float64.

NARROW = np.ones(3, np.float32)


@pytest.mark.parametrize(
    ("other", "dtype"),
    [
        (np.float64(2.0), "float64"),
        (np.ones(3), "float64"),
        (np.arange(3), "float64"),
        (Value(2.0), "float64"),
    ],
)
def test_a_wide_operand_is_named_at_the_line(other: object, dtype: str) -> None:
    with pytest.warns(PrecisionWarning) as caught, debug():
        y = Value(NARROW, name="h") * other
    assert y.dtype == dtype
    (warning,) = caught
    assert warning.filename == __file__
    assert f"multiply of 'h' (3,) float32 and {tg.engine.errors.describe(other)}" in str(
        warning.message
    )


def test_python_numbers_astype_and_float64_throughout_are_silent() -> None:
    h, wide = Value(NARROW), Value(np.ones(3))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with debug():
            _ = h * 2.0 + 1
            _ = h.astype(np.float64) * wide
            _ = wide * np.float64(2.0)
            _ = h[np.array([0, 1])]


def test_an_op_that_widens_by_itself_is_found() -> None:
    @tg.extend.primitive
    def doubled(x: np.ndarray) -> np.ndarray:
        """y = 2x"""
        return np.float64(2) * x

    with pytest.warns(PrecisionWarning, match="doubled of"), debug():
        doubled(Value(NARROW))


def test_a_line_is_said_once() -> None:
    h = Value(NARROW)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        with debug():
            for _ in range(5):
                _ = h * np.float64(2.0)
    assert len(caught) == 1


def test_without_debug_nothing_is_said() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (Value(NARROW) * np.float64(2.0)).dtype == np.float64
        with debug(precision=False):
            _ = Value(NARROW) * np.float64(2.0)


def test_each_task_has_its_own() -> None:
    async def work(watched: bool) -> list[bool]:
        seen = []
        with debug() if watched else tg.name_scope("plain"):
            for _ in range(3):
                await asyncio.sleep(0)
                seen.append(debugging())
        return seen

    async def both() -> list[list[bool]]:
        return list(await asyncio.gather(work(True), work(False)))

    assert asyncio.run(both()) == [[True] * 3, [False] * 3]


def test_it_decorates_a_function() -> None:
    @debug()
    def reciprocal(x: Value) -> Value:
        return 1.0 / x

    for _ in range(2):
        with pytest.raises(NonFiniteError):
            reciprocal(Value(0.0))
        assert float(reciprocal(Value(4.0)).data) == 0.25
    assert not debugging()


def test_a_generator_that_is_advanced_elsewhere_takes_its_watcher_along_and_leaves_none() -> None:
    def values() -> Iterator[bool]:
        with debug():
            yield debugging()

    def advance() -> list[bool]:
        return [*values(), debugging()]

    assert contextvars.copy_context().run(advance) == [True, False]
