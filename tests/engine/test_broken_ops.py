"""Wrong ops: the error names the op, the argument and the scope, and keeps NumPy's reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.engine.witness import assert_teaches
from tinygrad_rnn import GraphError, ShapeError, Value
from tinygrad_rnn.extend import Primitive, primitive

MISSING = object()


def op_with(result: Any) -> Primitive:
    """Make an op of two arguments whose VJP returns what it is told to."""

    @primitive
    def broken(left: Any, right: Any) -> Any:
        """y = left · right"""
        return left * right

    if result is not MISSING:

        @broken.vjp
        def _(g: Any, y: Any, left: Any, right: Any) -> Any:
            return result(g, left, right)

    return broken


def sweep(result: Any, create_graph: bool = False) -> BaseException:
    """Sweep through such an op, two leaves of shape (2, 3), and return what is raised."""
    a, b = Value(np.ones((2, 3))), Value(np.ones((2, 3)))
    with tg.name_scope("layer"):
        y = op_with(result)(a, b)
    with pytest.raises((RuntimeError, ValueError)) as caught:
        y.sum().backward(create_graph=create_graph)
    assert a.grad is None
    assert b.grad is None
    assert y.grad is None
    return caught.value


both_ways = pytest.mark.parametrize("create_graph", [False, True])


@both_ways
def test_a_missing_vjp(create_graph: bool) -> None:
    error = sweep(MISSING, create_graph)
    assert isinstance(error, GraphError)
    assert_teaches(error, "broken", "@broken.vjp", "(g, y, left, right)", "vector-Jacobian")


@both_ways
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_wrong_number_of_gradients(count: int, create_graph: bool) -> None:
    error = sweep(lambda g, left, right: (g,) * count, create_graph)
    assert isinstance(error, GraphError)
    assert_teaches(error, "broken", f"{count} gradients", "2 inputs", "layer")


@both_ways
@pytest.mark.parametrize("gone", [0, 1])
def test_none_where_a_gradient_is_owed(gone: int, create_graph: bool) -> None:
    error = sweep(lambda g, left, right: (None, g) if gone == 0 else (g, None), create_graph)
    assert isinstance(error, GraphError)
    name = ("left", "right")[gone]
    assert_teaches(error, f"argument {name!r} of broken", f"input {gone} of 2", "(2, 3)", "layer")


@both_ways
def test_none_from_a_function_that_was_asked(create_graph: bool) -> None:
    error = sweep(lambda g, left, right: (g, lambda: None), create_graph)
    assert_teaches(error, "argument 'right' of broken", "no gradient")


@both_ways
@pytest.mark.parametrize("shape", [(3, 2), (2,), (2, 4), (1, 3), (4, 2, 4), ()])
def test_a_gradient_of_a_wrong_shape(shape: tuple[int, ...], create_graph: bool) -> None:
    error = sweep(lambda g, left, right: (g, np.ones(shape)), create_graph)
    assert isinstance(error, ShapeError)
    assert_teaches(error, f"shape {shape}", "(2, 3)", "argument 'right' of broken", "layer")


@both_ways
@pytest.mark.parametrize("thing", [[[1.0, 2.0, 3.0]] * 2, "g", {"right": 1.0}])
def test_something_that_is_no_array(thing: Any, create_graph: bool) -> None:
    error = sweep(lambda g, left, right: (g, thing), create_graph)
    assert isinstance(error, GraphError)
    assert_teaches(error, "argument 'right' of broken", type(thing).__name__)


@both_ways
def test_a_gradient_that_broadcasting_gives_is_no_error(create_graph: bool) -> None:
    a, b = Value(np.ones((2, 3))), Value(np.ones((1, 3)))
    y = op_with(lambda g, left, right: (g * right, g * left))(a, b)
    y.sum().backward(create_graph=create_graph)
    assert b.grad.shape == (1, 3)


def test_none_for_a_constant_is_no_error() -> None:
    op = op_with(lambda g, left, right: (g * right, None))
    for constant in (2.0, np.full((2, 3), 2.0), Value(np.full((2, 3), 2.0), requires_grad=False)):
        a = Value(np.ones((2, 3)))
        op(a, constant).sum().backward()
        np.testing.assert_array_equal(a.grad, np.full((2, 3), 2.0))


def test_an_argument_of_an_op_of_many_inputs_is_named_by_its_place() -> None:
    @primitive
    def total(*xs: Any) -> Any:
        """y = Σ x"""
        return sum(xs)

    @total.vjp
    def _(g: Any, y: Any, *xs: Any) -> Any:
        return [g, g, None]

    with pytest.raises(RuntimeError) as caught:
        total(Value(1.0), Value(2.0), Value(3.0, name="third")).backward()
    assert_teaches(caught.value, "total", "input 2 of 3", "third")


# A forward function that raises.


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("no such axis"), ValueError),
        (TypeError("no such type"), TypeError),
        (IndexError("no such place"), IndexError),
        (np.exceptions.AxisError("no such axis"), ValueError),
    ],
    ids=lambda x: x.__name__ if isinstance(x, type) else type(x).__name__,
)
def test_numpy_s_error_is_kept_and_explained(error: Exception, kind: type[Exception]) -> None:
    @primitive
    def failing(x: Any, w: Any, *, k: int = 1) -> Any:
        """y = ?"""
        raise error

    with pytest.raises(kind) as caught, tg.name_scope("encoder"), tg.time_step(3):
        failing(Value(np.ones((2, 3)), name="x"), np.ones(4, np.float32))
    assert_teaches(
        caught.value, "failing", "'x'", "(2, 3)", "(4,)", "float32", "encoder/t=3", str(error)
    )
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "error", [KeyError("k"), ZeroDivisionError("z"), NotImplementedError("n"), OverflowError("o")]
)
def test_other_errors_pass_unchanged(error: Exception) -> None:
    @primitive
    def failing(x: Any) -> Any:
        """y = ?"""
        raise error

    with pytest.raises(type(error)) as caught:
        failing(Value(1.0))
    assert caught.value is error


def test_an_op_inside_an_op_is_explained_once() -> None:
    @primitive
    def inner(x: Any) -> Any:
        """y = x[9]"""
        return x[9]

    @primitive
    def outer(x: Any) -> Any:
        """y = inner(x)"""
        return inner(x)

    with pytest.raises(IndexError) as caught:
        outer(Value(np.ones(3)))
    assert_teaches(caught.value, "inner", "out of bounds")


def test_an_op_on_arrays_explains_as_well() -> None:
    with pytest.raises(ValueError, match="add"):
        tg.add(np.ones(2), np.ones(3))
