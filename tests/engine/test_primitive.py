"""An op of one's own is no second-class citizen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.engine.witness import assert_slopes
from tinygrad_rnn import RULES, Value
from tinygrad_rnn.extend import DOORS, Primitive, numpy_door, primitive

X = np.array([[0.5, 1.5, 2.0], [-0.7, 3.0, 1.1]])


@pytest.fixture
def cbrt() -> Primitive:
    @primitive(np.cbrt, elementwise=True)
    def cbrt(x: Any) -> Any:
        """y = ∛x"""
        return np.cbrt(x)

    @cbrt.vjp
    def _(g: Any, y: Any, x: Any) -> Any:
        """dx = g / 3y²"""
        return g / (3 * y * y)

    return cbrt


def test_on_arrays_it_returns_an_array_and_records_nothing(cbrt: Primitive) -> None:
    y = cbrt(X)
    assert type(y) is np.ndarray
    np.testing.assert_array_equal(y, np.cbrt(X))
    assert cbrt(8.0) == 2.0
    assert not isinstance(cbrt(8.0), Value)


def test_on_values_it_records_its_rule(cbrt: Primitive) -> None:
    x = Value(X)
    with tg.name_scope("here"):
        y = cbrt(x)
    assert isinstance(y, Value)
    assert y.rule is cbrt.rule is RULES["cbrt"]
    assert len(y.inputs) == 1
    assert y.inputs[0] is x
    assert y.scope == "here"
    assert repr(y).endswith("op=cbrt)")
    np.testing.assert_array_equal(y.data, np.cbrt(X))


def test_it_is_differentiated(cbrt: Primitive) -> None:
    assert_slopes(cbrt, X)
    assert_slopes(lambda x: cbrt(x * x + 1.0) * x, X)


def test_numpy_s_door_is_open_from_then_on(cbrt: Primitive) -> None:
    assert DOORS[np.cbrt] is cbrt
    y = np.cbrt(Value(X))
    assert isinstance(y, Value)
    assert y.rule is cbrt.rule
    assert_slopes(np.cbrt, X)


def test_the_door_is_closed_as_long_as_nobody_opens_it() -> None:
    assert np.cbrt not in DOORS
    with pytest.raises(TypeError, match=r"np\.cbrt"):
        np.cbrt(Value(X))


def test_second_and_third_order(cbrt: Primitive) -> None:
    # y = x^(1/3): y′ = x^(−2/3)/3, y″ = −2x^(−5/3)/9, y‴ = 10x^(−8/3)/27
    f = cbrt
    first, second, third = tg.grad(f), tg.grad(tg.grad(f)), tg.grad(tg.grad(tg.grad(f)))
    assert float(first(8.0)) == pytest.approx(8 ** (-2 / 3) / 3, rel=1e-13)
    assert float(second(8.0)) == pytest.approx(-2 * 8 ** (-5 / 3) / 9, rel=1e-13)
    assert float(third(8.0)) == pytest.approx(10 * 8 ** (-8 / 3) / 27, rel=1e-13)


def test_in_every_derivative_of_functions(cbrt: Primitive) -> None:
    x = np.array([1.0, 8.0, 27.0])
    slope, curve = x ** (-2 / 3) / 3, -2 * x ** (-5 / 3) / 9

    def f(x: Any) -> Any:
        return tg.sum(cbrt(x))

    np.testing.assert_allclose(tg.grad(f)(x), slope, rtol=1e-13)
    np.testing.assert_allclose(tg.jacobian(cbrt)(x), np.diag(slope), rtol=1e-13)
    np.testing.assert_allclose(tg.hessian(f)(x), np.diag(curve), rtol=1e-13)
    np.testing.assert_allclose(tg.jvp(cbrt, x, np.ones(3))[1], slope, rtol=1e-13)
    np.testing.assert_allclose(tg.vjp(cbrt, x)[1](np.ones(3))[0], slope, rtol=1e-13)
    np.testing.assert_allclose(tg.hvp(f, x, np.ones(3)), curve, rtol=1e-13)


def test_the_forward_function_gets_arrays_and_its_settings() -> None:
    seen: list[Any] = []

    @primitive
    def spy(x: Any, w: Any, *, k: int = 1) -> Any:
        """y = x · w"""
        seen.append((type(x), type(w), k))
        return x * w

    spy(Value(X), [1.0, 2.0, 3.0], k=2)
    spy(Value(2.0), 3.0)
    assert seen == [(np.ndarray, np.ndarray, 2), (np.float64, float, 1)]


@pytest.mark.parametrize("create_graph", [False, True])
def test_the_vjp_gets_gradient_output_inputs_and_settings(create_graph: bool) -> None:
    seen: list[Any] = []

    @primitive
    def spy(x: Any, w: Any, *, k: int = 1) -> Any:
        """y = k · x · w"""
        return k * x * w

    @spy.vjp
    def _(g: Any, y: Any, x: Any, w: Any, *, k: int = 1) -> Any:
        seen.append((g, y, x, w, k))
        return g * k * w, None

    x, w = Value(X), np.array([1.0, 2.0, 3.0])
    y = spy(x, w, k=2)
    g = np.ones(X.shape)
    y.backward(g, create_graph=create_graph)
    ((got_g, got_y, got_x, got_w, k),) = seen
    np.testing.assert_array_equal(getattr(got_g, "data", got_g), g)
    assert got_w is w
    assert k == 2
    if create_graph:
        assert got_y is y
        assert got_x is x
    else:
        assert got_y is y.data
        assert got_x is x.data
    np.testing.assert_array_equal(getattr(x.grad, "data", x.grad), g * 2 * w)


def test_broadcasting_is_undone_for_it() -> None:
    @primitive
    def plus(a: Any, b: Any) -> Any:
        """y = a + b"""
        return a + b

    @plus.vjp
    def _(g: Any, y: Any, a: Any, b: Any) -> Any:
        return g, g

    assert_slopes(plus, X, X[0])
    assert_slopes(plus, X[:, :1], X[0])
    assert_slopes(plus, 2.0, X)


@pytest.mark.parametrize("kind", [tuple, list])
def test_a_vjp_may_return_a_tuple_or_a_list(kind: Any) -> None:
    @primitive
    def times(a: Any, b: Any) -> Any:
        """y = a · b"""
        return a * b

    @times.vjp
    def _(g: Any, y: Any, a: Any, b: Any) -> Any:
        return kind([g * b, g * a])

    assert_slopes(times, X, X + 1)


def test_an_op_that_is_not_differentiable_returns_plain_arrays() -> None:
    @primitive(differentiable=False)
    def above(x: Any, *, limit: float) -> Any:
        """y = (x > limit)"""
        return x > limit

    found = above(Value(X), limit=1.0)
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, X > 1.0)


def test_a_binder_turns_calls_as_people_write_them_into_inputs_and_params() -> None:
    @primitive
    def scaled(x: Any, factor: Any) -> Any:
        """y = x · factor"""
        return x * factor

    @scaled.binder
    def _(x: Any, percent: float = 100.0) -> Any:
        return (x, percent / 100.0), {}

    @scaled.vjp
    def _(g: Any, y: Any, x: Any, factor: Any) -> Any:
        return g * factor, None

    x = Value(X)
    y = scaled(x, percent=50.0)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, np.full(X.shape, 0.5))
    with pytest.raises(TypeError, match="scaled"):
        scaled(x, per_mille=5.0)


def test_a_composed_function_opens_a_door() -> None:
    @numpy_door(np.hypot)
    def hypot(a: Any, b: Any) -> Any:
        """√(a² + b²)"""
        return np.sqrt(a * a + b * b)

    y = np.hypot(Value(X), X + 1)
    assert isinstance(y, Value)
    np.testing.assert_allclose(y.data, np.hypot(X, X + 1), rtol=1e-14)
    assert_slopes(lambda a, b: np.hypot(a, b), X, X + 1)


def test_one_op_behind_several_doors() -> None:
    @primitive(np.degrees, np.rad2deg)
    def degrees(x: Any) -> Any:
        """y = 180 x / π"""
        return np.degrees(x)

    @degrees.vjp
    def _(g: Any, y: Any, x: Any) -> Any:
        return np.degrees(g)

    for f in (np.degrees, np.rad2deg, degrees):
        x = Value(np.pi)
        f(x).backward()
        assert float(x.grad) == pytest.approx(180 / np.pi)


def test_it_carries_the_name_and_the_words_of_its_function(cbrt: Primitive) -> None:
    assert cbrt.__name__ == "cbrt"
    assert cbrt.__doc__ == "y = ∛x"
    assert cbrt.__module__ == __name__
    assert callable(cbrt.__wrapped__)


def test_the_plain_decorator_and_the_called_one_are_the_same() -> None:
    def first(x: Any) -> Any:
        """y = x"""
        return x * 1.0

    def second(x: Any) -> Any:
        """y = x"""
        return x * 1.0

    assert isinstance(primitive(first), Primitive)
    assert isinstance(primitive()(second), Primitive)
    assert RULES["first"].formula == RULES["second"].formula == "y = x"


def test_extend_re_exports_what_an_op_writer_needs() -> None:
    for name in ("primitive", "numpy_door", "Primitive", "Rule", "RULES", "DOORS"):
        assert hasattr(tg.extend, name)
