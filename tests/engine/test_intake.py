"""What may come into a Value, and what may come out of an op."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.engine.witness import assert_teaches
from tinygrad_rnn import Value
from tinygrad_rnn.extend import primitive


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (2, 2.0),
        (-3, -3.0),
        (2.5, 2.5),
        (True, 1.0),
        (False, 0.0),
        (10**20, 1e20),
        (float("inf"), np.inf),
        (np.float64(2.5), 2.5),
        (np.int64(3), 3.0),
        (np.uint8(3), 3.0),
        (np.bool_(True), 1.0),
    ],
)
def test_numbers_become_float64_scalars(data: Any, expected: float) -> None:
    v = Value(data)
    assert isinstance(v.data, np.float64)
    assert float(v.data) == expected
    assert v.shape == ()


def test_nan_stays_nan() -> None:
    assert np.isnan(Value(float("nan")).data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([1, 2], [1.0, 2.0]),
        ((1, 2), [1.0, 2.0]),
        ([[1, 2], [3, 4]], [[1.0, 2.0], [3.0, 4.0]]),
        ([True, False], [1.0, 0.0]),
        ([0.5, 2], [0.5, 2.0]),
        ([np.float64(1.0), 2], [1.0, 2.0]),
        ([np.array([1.0, 2.0]), [3, 4]], [[1.0, 2.0], [3.0, 4.0]]),
        (range(3), [0.0, 1.0, 2.0]),
        ([], []),
        ([[]], [[]]),
    ],
)
def test_lists_become_float64_arrays(data: Any, expected: Any) -> None:
    v = Value(data)
    assert isinstance(v.data, np.ndarray)
    assert v.dtype == np.float64
    np.testing.assert_array_equal(v.data, np.array(expected, dtype=np.float64))
    v.data[...] = 0.0  # a parameter can be written to


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_floats_keep_their_dtype(dtype: Any) -> None:
    assert Value(np.ones(3, dtype)).dtype == dtype
    assert Value(dtype(2.0)).dtype == dtype
    assert isinstance(Value(dtype(2.0)).data, dtype)


def test_a_list_of_one_dtype_keeps_it() -> None:
    assert Value([np.float32(1.0), np.float32(2.0)]).dtype == np.float32


@pytest.mark.parametrize(
    "array", [np.ones((2, 3)), np.ones((2, 3)).T, np.ones(4)[::2], np.ones(())]
)
def test_an_array_is_aliased_not_copied(array: np.ndarray) -> None:
    v = Value(array)
    assert v.data is array


def test_writing_into_the_aliased_array_is_seen_by_the_next_op() -> None:
    array = np.ones(2)
    v = Value(array)
    array[0] = 5.0
    np.testing.assert_array_equal((v * 2.0).data, [10.0, 2.0])


@pytest.mark.parametrize("dtype", [int, np.int8, np.uint16, np.int64, bool])
@pytest.mark.parametrize("shape", [(3,), (2, 2), ()])
def test_integer_and_boolean_arrays_want_no_gradient(dtype: Any, shape: tuple[int, ...]) -> None:
    array = np.ones(shape, dtype)
    with pytest.raises(TypeError) as caught:
        Value(array)
    assert_teaches(
        caught.value, str(array.dtype), str(shape), "astype(float)", "requires_grad=False"
    )
    constant = Value(array, requires_grad=False)
    assert constant.data is array
    assert constant.dtype == array.dtype


@pytest.mark.parametrize(
    "data",
    [
        1j,
        np.complex64(1),
        np.ones(3, complex),
        "3.5",
        b"3.5",
        np.array(["a", "b"]),
        None,
        object(),
        [1.0, None],
        [1.0, "a"],
        np.array([1.0, None]),
        {"a": 1.0},
        {1.0, 2.0},
        Fraction(1, 2),
        Decimal("0.5"),
        np.datetime64("2020-01-01"),
        lambda: 1.0,
    ],
    ids=lambda data: type(data).__name__,
)
@pytest.mark.parametrize("requires_grad", [True, False])
def test_what_is_no_real_number_is_refused(data: Any, requires_grad: bool) -> None:
    with pytest.raises(TypeError) as caught:
        Value(data, requires_grad=requires_grad)
    assert_teaches(caught.value, type(data).__name__, "number")


def test_a_ragged_list_is_refused() -> None:
    with pytest.raises(ValueError):
        Value([[1.0], [2.0, 3.0]])


def test_a_value_of_a_value_is_refused() -> None:
    v = Value(2.0)
    with pytest.raises(TypeError) as caught:
        Value(v)
    assert_teaches(caught.value, "Value", "v.data")


def test_a_list_of_values_is_refused_and_stack_recommended() -> None:
    with pytest.raises(TypeError) as caught:
        Value([Value(2.0), Value(3.0)])
    assert_teaches(caught.value, "np.stack")


def test_name_and_requires_grad_are_keywords() -> None:
    v = Value(2.0, name="w", requires_grad=False)
    assert v.name == "w"
    assert not v.requires_grad
    assert Value(2.0).name is None
    assert Value(2.0).requires_grad
    with pytest.raises(TypeError):
        Value(2.0, "w")  # type: ignore[misc]


# Results of ops.


@pytest.mark.parametrize("result", [3.0, 3, np.float64(3.0), np.float32(3.0), np.array(3.0)])
def test_an_op_may_return_a_number(result: Any) -> None:
    @primitive
    def three(x: Any) -> Any:
        """y = 3"""
        return result

    y = three(Value(1.0))
    assert isinstance(y.data, (np.ndarray, np.generic))
    assert y.dtype.kind == "f"
    assert float(y.data) == 3.0


@pytest.mark.parametrize("result", [[1.0, 2.0], (1.0, 2.0), None, "a", {"y": 1.0}])
def test_an_op_that_returns_no_array_is_refused(result: Any) -> None:
    @primitive
    def wrong(x: Any) -> Any:
        """y = ?"""
        return result

    with pytest.raises(TypeError) as caught:
        wrong(Value(1.0))
    assert_teaches(caught.value, "wrong", type(result).__name__, "one NumPy array")
