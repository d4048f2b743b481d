"""How a call as people write it is sorted into array inputs and static settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_rnn import Value
from tinygrad_rnn.extend import Primitive, primitive


@pytest.fixture
def mix() -> Primitive:
    @primitive
    def mix(a: Any, b: Any, *, weight: float = 0.5, power: int = 1) -> Any:
        """y = (w · a + (1 − w) · b)ᵖ"""
        return (weight * a + (1 - weight) * b) ** power

    @mix.vjp
    def _(g: Any, y: Any, a: Any, b: Any, *, weight: float = 0.5, power: int = 1) -> Any:
        inner = g * power * (weight * a + (1 - weight) * b) ** (power - 1)
        return inner * weight, inner * (1 - weight)

    return mix


CALLS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "by keyword": lambda f, a, b: f(a, b, weight=0.25, power=2),
    "by position": lambda f, a, b: f(a, b, 0.25, 2),
    "half and half": lambda f, a, b: f(a, b, 0.25, power=2),
    "array by name": lambda f, a, b: f(a, b=b, weight=0.25, power=2),
    "arrays by name": lambda f, a, b: f(b=b, a=a, weight=0.25, power=2),
    "another order": lambda f, a, b: f(power=2, weight=0.25, b=b, a=a),
}


@pytest.mark.parametrize("name", CALLS)
def test_settings_and_arrays_by_position_and_by_name(mix: Primitive, name: str) -> None:
    a, b = Value(2.0), Value(6.0)
    y = CALLS[name](mix, a, b)
    assert float(y.data) == 25.0
    assert y.inputs[0] is a
    assert y.inputs[1] is b
    assert dict(y.params) == {"weight": 0.25, "power": 2}
    y.backward()
    assert (float(a.grad), float(b.grad)) == (2.5, 7.5)
    assert CALLS[name](mix, 2.0, 6.0) == 25.0


def test_settings_left_out_are_not_recorded(mix: Primitive) -> None:
    y = mix(Value(2.0), 6.0)
    assert dict(y.params) == {}
    assert float(y.data) == 4.0


@pytest.mark.parametrize(
    "call",
    [
        lambda f: f(Value(1.0)),
        lambda f: f(),
        lambda f: f(Value(1.0), 2.0, 0.5, 1, 3),
        lambda f: f(Value(1.0), 2.0, wieght=0.5),
        lambda f: f(Value(1.0), 2.0, 0.5, weight=0.25),
        lambda f: f(Value(1.0), 2.0, a=3.0),
        lambda f: f(Value(1.0), weight=0.5),
        lambda f: f(a=Value(1.0)),
        lambda f: f(Value(1.0), c=2.0),
    ],
)
def test_a_wrong_call_names_the_op_and_shows_its_form(mix: Primitive, call: Any) -> None:
    with pytest.raises(TypeError, match=r"mix\(a, b, \*, weight, power\)"):
        call(mix)


def test_the_unexpected_keyword_is_named(mix: Primitive) -> None:
    with pytest.raises(TypeError, match="wieght"):
        mix(Value(1.0), 2.0, wieght=0.5)


@pytest.fixture
def total() -> Primitive:
    @primitive
    def total(*xs: Any, scale: float = 1.0) -> Any:
        """y = scale · (x₁ + x₂ + …)"""
        return scale * sum(xs)

    @total.vjp
    def _(g: Any, y: Any, *xs: Any, scale: float = 1.0) -> Any:
        return [g * scale for _ in xs]

    return total


@pytest.mark.parametrize(
    "call",
    [
        lambda f, a, b: f(a, b, 3.0, scale=2.0),
        lambda f, a, b: f([a, b, 3.0], scale=2.0),
        lambda f, a, b: f((a, b, 3.0), scale=2.0),
        lambda f, a, b: f([a, b, 3.0], 2.0),
    ],
)
def test_an_op_of_many_inputs(total: Primitive, call: Any) -> None:
    a, b = Value(np.array([1.0, 2.0])), Value(5.0)
    y = call(total, a, b)
    assert len(y.inputs) == 3
    np.testing.assert_array_equal(y.data, [18.0, 20.0])
    y.sum().backward()
    np.testing.assert_array_equal(a.grad, [2.0, 2.0])
    assert float(b.grad) == 4.0


def test_an_op_of_many_inputs_takes_one_or_a_thousand(total: Primitive) -> None:
    leaves = [Value(float(i)) for i in range(1000)]
    total(leaves).backward()
    assert all(float(leaf.grad) == 1.0 for leaf in leaves)
    assert float(total([Value(3.0)]).data) == 3.0


def test_first_arrays_then_many_more() -> None:
    @primitive
    def picked(x: Any, *rest: Any, times: int = 1) -> Any:
        """y = times · x · (Σ rest)"""
        return times * x * sum(rest)

    y = picked(Value(2.0), 3.0, 4.0, times=2)
    assert float(y.data) == 28.0
    assert len(y.inputs) == 3


def test_an_optional_array_may_be_left_out() -> None:
    @primitive
    def shifted(x: Any, shift: Any = None) -> Any:
        """y = x + shift"""
        return x * 1.0 if shift is None else x + shift

    @shifted.vjp
    def _(g: Any, y: Any, x: Any, shift: Any = None) -> Any:
        return g if shift is None else (g, g)

    for call in (
        lambda x: shifted(x),
        lambda x: shifted(x, None),
        lambda x: shifted(x, shift=None),
        lambda x: shifted(x, 2.0),
        lambda x: shifted(x, shift=Value(2.0)),
    ):
        x = Value(1.0)
        call(x).backward()
        assert float(x.grad) == 1.0


def test_an_op_without_arrays() -> None:
    @primitive(differentiable=False)
    def noise(*, generator: np.random.Generator, n: int = 2) -> Any:
        """y = n random numbers"""
        return generator.random(n)

    y = noise(generator=np.random.default_rng(0), n=3)
    np.testing.assert_array_equal(y, np.random.default_rng(0).random(3))

    @primitive(differentiable=False)
    def nothing(*, n: int = 2) -> Any:
        """y = n zeros"""
        return np.zeros(n)

    np.testing.assert_array_equal(nothing(), [0.0, 0.0])
