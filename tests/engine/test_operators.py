"""Python's operators: both orders, every kind of operand, plain comparisons, refused mutation."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.engine.witness import assert_slopes, assert_teaches
from tinygrad_rnn import RULES, Value

A = np.array([[0.5, 1.5, 2.5], [3.5, 0.75, 1.25]])
B = np.array([2.0, 0.5, 1.5])

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
}
COMPARISONS = [
    operator.eq,
    operator.ne,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
]


@pytest.mark.parametrize("name", BINARY)
def test_binary_operators_record_one_op(name: str) -> None:
    f = BINARY[name]
    a, b = Value(A), Value(B)
    y = f(a, b)
    assert y.rule is RULES[name]
    assert y.inputs[0] is a
    assert y.inputs[1] is b
    np.testing.assert_array_equal(y.data, f(A, B))


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize(
    "other", [2, 2.0, True, np.float64(2.0), np.int64(2), B, B.tolist(), tuple(B), np.array(2.0)]
)
def test_operands_of_every_kind_in_both_orders(name: str, other: Any) -> None:
    f = BINARY[name]
    plain = np.array(other) if isinstance(other, (list, tuple)) else other
    for y, expected in ((f(Value(A), other), f(A, plain)), (f(other, Value(A)), f(plain, A))):
        assert isinstance(y, Value)
        assert y.rule is RULES[name]
        np.testing.assert_array_equal(y.data, expected)
    assert_slopes(lambda a: f(a, other) if isinstance(a, Value) else f(a, plain), A)
    assert_slopes(lambda a: f(other, a) if isinstance(a, Value) else f(plain, a), A)


@pytest.mark.parametrize("name", BINARY)
def test_both_operands_are_differentiated(name: str) -> None:
    assert_slopes(BINARY[name], A, B)
    assert_slopes(BINARY[name], B, A)
    assert_slopes(BINARY[name], 1.5, A)
    assert_slopes(BINARY[name], 1.5, 2.5)


@pytest.mark.parametrize("f", [operator.neg, operator.pos, abs])
def test_unary_operators(f: Callable[[Any], Any]) -> None:
    data = A - 1.6
    np.testing.assert_array_equal(f(Value(data)).data, f(data))
    assert_slopes(lambda x: f(x) * 2.0, data)


@pytest.mark.parametrize(
    ("left", "right"),
    [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((4, 2, 3), (3, 2))],
)
def test_matmul_with_arrays_on_either_side(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=left), rng.normal(size=right)
    for y in (Value(a) @ b, a @ Value(b), Value(a) @ Value(b), a.tolist() @ Value(b)):
        assert isinstance(y, Value)
        assert y.rule is RULES["matmul"]
        np.testing.assert_allclose(y.data, a @ b, rtol=1e-14)
    assert_slopes(operator.matmul, a, b)
    assert_slopes(lambda a: a @ b, a)
    assert_slopes(lambda b: a @ b, b)


def test_power_at_the_edges() -> None:
    x = Value([-3.0, 0.0, 2.0])
    (x**2).sum().backward()
    np.testing.assert_array_equal(x.grad, [-6.0, 0.0, 4.0])
    x.grad = None
    (x**0).sum().backward()
    np.testing.assert_array_equal(x.grad, [0.0, 0.0, 0.0])
    x.grad = None
    (x**1).sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 1.0, 1.0])


def test_ops_on_arrays_alone_record_nothing() -> None:
    for f in BINARY.values():
        assert type(f(A, B)) is np.ndarray


# Comparisons give plain arrays.


@pytest.mark.parametrize("compare", COMPARISONS)
@pytest.mark.parametrize("other", [1.5, np.array([0.5, 1.5, 9.0]), Value([0.5, 1.5, 9.0])])
def test_comparisons_give_plain_boolean_arrays(
    compare: Callable[[Any, Any], Any], other: Any
) -> None:
    plain = other.data if isinstance(other, Value) else other
    for found, expected in (
        (compare(Value(A), other), compare(A, plain)),
        (compare(other, Value(A)), compare(plain, A)),
    ):
        assert type(found) is np.ndarray
        assert found.dtype == bool
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("compare", COMPARISONS)
def test_comparisons_of_scalars_are_truths(compare: Callable[[Any, Any], Any]) -> None:
    assert bool(compare(Value(1.0), 2.0)) == compare(1.0, 2.0)
    assert bool(compare(Value(2.0), Value(2.0))) == compare(2.0, 2.0)


def test_builtin_max_picks_the_value_itself() -> None:
    a, b = Value(1.0), Value(2.0)
    assert max([a, b]) is b
    assert min([a, b]) is a


def test_a_comparison_with_anything_else_is_no_error() -> None:
    assert not np.any(Value([1.0, 2.0]) == None)  # noqa: E711
    assert np.all(Value([1.0, 2.0]) != None)  # noqa: E711


# What would lose a gradient, or change history, is refused and explained.


def test_assignment_into_a_value_is_refused() -> None:
    v = Value([1.0, 2.0])
    for index in (0, slice(None), ..., [0, 1]):
        with pytest.raises(TypeError) as caught:
            v[index] = 5.0
        assert_teaches(caught.value, "np.where", "np.concatenate", "p.data[...] = x")
    np.testing.assert_array_equal(v.data, [1.0, 2.0])


@pytest.mark.parametrize(
    "convert",
    [
        np.asarray,
        np.array,
        lambda v: np.array([v, v]),
        lambda v: np.array(v, dtype=object),
        lambda v: np.asarray(v, dtype=np.float32),
        lambda v: np.add(np.zeros((2, 2)), [v, v]),
        lambda v: np.ones(2).__setitem__(slice(None), v),
        lambda v: np.random.default_rng(0).choice(v),
        lambda v: np.ones(2)[np.array([0, 1])].__setitem__(..., v),
    ],
)
def test_becoming_a_plain_array_is_refused(convert: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError) as caught:
        convert(Value([1.0, 2.0]))
    assert_teaches(caught.value, "(2,)", "v.data", "np.stack", "gradient")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (operator.iadd, "np.add"),
        (operator.isub, "np.subtract"),
        (operator.imul, "np.multiply"),
        (operator.itruediv, "np.divide"),
        (operator.ipow, "np.power"),
        (operator.imatmul, "np.matmul"),
    ],
)
def test_changing_an_array_in_place_by_a_value_is_refused(
    change: Callable[[Any, Any], Any], name: str
) -> None:
    array = np.eye(2)
    with pytest.raises(TypeError) as caught:
        change(array, Value(np.full((2, 2), 3.0)))
    assert_teaches(caught.value, name, "out=", "gradient")
    np.testing.assert_array_equal(array, np.eye(2))


@pytest.mark.parametrize("other", [None, "a", {}, object()])
def test_an_operand_that_is_no_number_is_refused(other: Any) -> None:
    for f in (lambda: Value([1.0]) + other, lambda: other + Value([1.0])):
        with pytest.raises(TypeError):
            f()


@pytest.mark.parametrize("f", [operator.floordiv, operator.mod, divmod, operator.and_])
def test_operators_without_an_op_are_refused(f: Callable[[Any, Any], Any]) -> None:
    with pytest.raises(TypeError):
        f(Value(7.0), 2.0)
    with pytest.raises(TypeError):
        f(np.array([7.0]), Value(2.0))
