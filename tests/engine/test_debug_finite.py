"""`debug` names the op, scope and line where NaN or infinity first appears, and only there."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import NonFiniteError, Value, debug, time_step
from tinygrad_rnn.engine.places import line_of


def here() -> int:
    """Return the line that calls this."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def said(compute: Callable[[], Any]) -> str:
    """Return what `debug` says of a computation."""
    with pytest.raises(NonFiniteError) as caught, debug():
        compute()
    return str(caught.value)


def test_the_first_op_is_named_with_scope_line_and_operands() -> None:
    x = Value([1.0, 2.0, -1.0], name="x")
    place: list[int] = []

    def compute() -> None:
        with tg.name_scope("cell"), time_step(7):
            y = x * 1.0
            place.append(here() + 1)
            y = np.log(y)
            y = y + 1.0

    text = said(compute)
    assert text.startswith("NaN appears: log gives it in 1 of 3 entries, first at (2,)\n")
    assert (
        f"  where: log(x) in scope cell/t=7, at test_debug_finite.py:{place[0]}, in compute" in text
    )
    assert "y = np.log(y)" in text
    assert "  why: y = log x of x = (3,) float64 from -1 to 2" in text
    assert "  fix: " in text


def test_it_is_a_floating_point_error() -> None:
    assert issubclass(NonFiniteError, FloatingPointError)


@pytest.mark.parametrize(
    ("compute", "kind", "op"),
    [
        (lambda x: np.log(x), "inf", "log"),
        (lambda x: 1.0 / x, "inf", "divide"),
        (lambda x: x / x, "NaN", "divide"),
        (lambda x: np.sqrt(x - 1.0), "NaN", "sqrt"),
        (lambda x: np.exp(x + 1000.0), "inf", "exp"),
        (lambda x: (x + 1e200) * 1e200, "inf", "multiply"),
        (lambda x: x**-1.0, "inf", "power"),
    ],
)
def test_kinds_and_ops(compute: Callable[[Any], Any], kind: str, op: str) -> None:
    assert said(lambda: compute(Value(0.0))).startswith(f"{kind} appears: {op} gives it\n")


def test_a_difference_of_infinities_is_where_nan_appears() -> None:
    masked = np.array([0.0, -np.inf])

    def compute() -> None:
        x = Value([1.0, 1.0]) + masked
        _ = x - x

    assert said(compute).startswith(
        "NaN appears: subtract gives it in 1 of 2 entries, first at (1,)"
    )


def test_an_infinite_constant_is_meant_and_what_comes_of_it() -> None:
    mask = np.array([0.0, -np.inf, 0.0])
    x = Value([1.0, 2.0, 3.0])
    with debug():
        for masked in (x + mask, x + Value(mask, requires_grad=False)):
            p = np.exp(tg.log_softmax(masked * 2.0))
            p[0].backward()
            assert float(p.data[1]) == 0.0
    assert np.isfinite(x.grad).all()


def test_nan_behind_the_end_of_a_sequence_is_no_finding() -> None:
    x = np.ones((3, 2, 2))
    x[2, 1] = np.nan
    lstm = tg.nn.LSTM(2, 3, generator=np.random.default_rng(0))
    with debug():
        output, _ = lstm(x, lengths=np.array([3, 2]))
        output.sum().backward()


def test_nan_in_a_constant_comes_in_at_the_op_that_takes_it() -> None:
    x = np.ones((5, 1, 2))
    x[3, 0, 1] = np.nan
    lstm = tg.nn.LSTM(2, 3, generator=np.random.default_rng(0))
    text = said(lambda: lstm(x))
    assert text.startswith("NaN comes in: an array (1, 2) float64 holds it before any op has run\n")
    assert re.search(
        r"where: argument 'x' of \S.* in scope lstm/l0/t=3, at test_debug_finite", text
    )
    assert "it is a constant" in text


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_weight_that_has_gone_is_named(bad: float) -> None:
    w = Value([1.0, bad], name="head.weight")
    text = said(lambda: w * 2.0)
    assert text.startswith(f"{'NaN' if bad != bad else 'inf'} comes in: 'head.weight' (2,) float64")


def test_results_that_are_not_recorded_are_watched_too() -> None:
    x = Value(-1.0)

    def compute() -> None:
        with tg.no_grad():
            np.log(x)

    assert said(compute).startswith("NaN appears: log")


# Backward.


def test_the_vjp_that_gives_infinity_is_named_by_its_forward_line() -> None:
    x = Value([4.0, 0.0], name="x")
    place: list[int] = []

    def compute() -> None:
        with time_step(3):
            place.append(here() + 1)
            y = np.sqrt(x)
        (y * 2.0).sum().backward()

    text = said(compute)
    assert text.startswith(
        "inf appears in the gradient: the VJP of sqrt gives it to 'x' (2,) float64"
        " in 1 of 2 entries, first at (1,)\n"
    )
    where = f"argument 'x' of sqrt (input 0 of 1) in scope t=3, at test_debug_finite.py:{place[0]}"
    assert where in text
    assert "the gradient that arrives is (2,) float64 all 2" in text
    assert x.grad is None  # a sweep that fails writes nothing


def test_the_vjp_is_found_behind_others_that_pass_the_gradient_on() -> None:
    x = Value([1.0, 2.0])

    def compute() -> None:
        norm = np.sqrt(((x - x.data) ** 2).sum())
        (norm * 3.0 + x.sum()).backward(retain_grad=False)

    text = said(compute)
    assert "the VJP of sqrt gives it" in text


def test_nan_of_zero_times_infinity() -> None:
    x = Value([0.0, 1.0])

    def compute() -> None:
        y = np.where(x.data > 0, np.sqrt(x), 0.0)  # sqrt's slope at 0, times the 0 of where
        y.sum().backward()

    assert "NaN appears in the gradient: the VJP of sqrt" in said(compute)


def test_a_sum_that_overflows() -> None:
    x = Value(1e-9, name="x")

    def compute() -> None:
        (x * 1.5e308 + x * 1.2e308).backward()

    assert said(compute).startswith("the gradient of 'x' () float64 overflows float64")


def test_a_starting_gradient_that_is_not_finite() -> None:
    text = said(lambda: (Value(1.0) * 2.0).backward(np.nan))
    assert text.startswith("backward starts from a gradient that is not finite")


def test_second_order_names_the_vjp_too() -> None:
    def compute() -> None:
        tg.hessian(lambda x: np.sqrt(x).sum())(np.array([0.0]))

    assert "the VJP of sqrt gives it" in said(compute)


def test_a_gradient_at_a_given_node_is_watched() -> None:
    assert "the VJP of sqrt" in said(lambda: tg.grad(lambda x: np.sqrt(x) + x)(0.0))


# What does not change.


@pytest.mark.parametrize("retain", [False, True])
def test_gradients_are_those_without_debug(retain: bool) -> None:
    rng = np.random.default_rng(0)
    xs = rng.normal(size=(4, 2, 3))
    results = []
    for watched in (False, True):
        gru = tg.nn.GRU(3, 5, generator=np.random.default_rng(1))
        with debug() if watched else tg.name_scope("plain"):
            output, h = gru(xs)
            loss = (output**2).sum() + h.sum()
            loss.backward(retain_grad=retain)
        results.append([p.grad for p in gru.parameters()])
        assert (output.grad is not None) == retain
    for plain, checked in zip(*results, strict=True):
        np.testing.assert_array_equal(plain, checked)


def test_nodes_know_their_line_in_debug_only() -> None:
    x = Value(2.0)
    with debug():
        y = x * x
    found = line_of(y)
    assert found is not None
    assert (found.function, y.scope) == ("test_nodes_know_their_line_in_debug_only", "")
    assert str(found).endswith("y = x * x")
    assert line_of(x * x) is None


def test_errors_name_the_line_of_the_forward_pass() -> None:
    with debug():
        y = Value([1.0, 2.0]) * 2.0
    with pytest.raises(tg.ShapeError, match=r"a result of multiply, at test_debug_finite\.py:\d+"):
        y.backward()


def test_only_what_is_asked_for_is_looked_at() -> None:
    with debug(finite=False), np.errstate(divide="ignore"):
        y = np.log(Value(0.0))
    assert float(y) == -np.inf


def test_numpys_own_warnings_are_off_meanwhile_and_on_again() -> None:
    before = np.geterr()
    with debug():
        assert np.geterr()["divide"] == "ignore"
    assert np.geterr() == before
    with np.errstate(divide="raise"), debug():  # whoever wants an error at once gets it
        assert np.geterr()["divide"] == "raise"
