"""Reading by index in every form of NumPy, and the gradient of each against np.add.at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_rnn as tg
from tests.engine.witness import assert_teaches, some_weights
from tinygrad_rnn import Value

X = np.arange(60.0).reshape(3, 4, 5)
MASK = X % 7 < 3
N = None

INDICES: dict[str, Any] = {
    "int": 1,
    "negative int": -1,
    "numpy int": np.int32(2),
    "ints": (1, 2, 3),
    "some ints": (1, -2),
    "slice": slice(1, 3),
    "negative slice": slice(-2, None),
    "step": (slice(None), slice(None, None, 2)),
    "negative step": (slice(None), slice(None), slice(None, None, -2)),
    "empty slice": slice(2, 1),
    "long slice": slice(0, 99),
    "whole": slice(None),
    "nothing": (),
    "ellipsis": ...,
    "ellipsis first": (..., 1),
    "ellipsis last": (1, ...),
    "ellipsis middle": (1, ..., slice(1, 3)),
    "none": N,
    "none middle": (slice(None), N, 1),
    "none and ellipsis": (..., N, slice(0, 2)),
    "true": True,
    "false": False,
    "list": [0, 2],
    "list with repeats": [0, 2, 0, 0],
    "negative list": [-1, 1, 2],
    "empty list": [],
    "array": np.array([1, 1, 0]),
    "array of two axes": np.array([[0, 1], [1, 2]]),
    "unsigned array": np.array([2, 2], np.uint8),
    "array without axes": np.array(1),
    "array, later axis": (slice(None), np.array([3, 3, 0])),
    "array, last axis": (..., np.array([4, 4, 0])),
    "two arrays": (np.array([0, 1, 0]), np.array([3, 3, 3])),
    "two arrays, broadcast": (np.array([[0], [1]]), np.array([3, 3])),
    "two arrays apart": (np.array([0, 0]), slice(None), np.array([1, 1])),
    "three arrays": (np.array([0, 0]), np.array([1, 1]), np.array([2, 2])),
    "array and int": (np.array([0, 0]), 1),
    "int and array": (1, slice(None), [2, 2, 3]),
    "array and none": (slice(None), N, np.array([0, 0])),
    "array and slice": (np.array([2, 2]), slice(1, 3)),
    "mask": MASK,
    "mask of the first axis": np.array([True, False, True]),
    "mask of two axes": MASK[..., 0],
    "mask, later axis": (slice(None), np.array([True, False, False, True])),
    "mask and int": (np.array([True, False, True]), 1),
    "mask and array": (np.array([True, False, True]), np.array([3, 3])),
    "mask as list": [True, False, True],
    "mask of nothing": np.zeros(3, bool),
}


def check_reading(index: Any, x: np.ndarray = X) -> None:
    v = Value(x.copy())
    y = v[index]
    expected = x[index]
    assert isinstance(y, Value)
    assert y.shape == np.shape(expected)
    np.testing.assert_array_equal(y.data, expected)
    weights = some_weights(np.shape(expected))
    y.backward(weights)
    total = np.zeros_like(x)
    np.add.at(total, index, weights)
    assert v.grad.shape == x.shape
    np.testing.assert_allclose(v.grad, total, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", INDICES)
def test_reading_and_its_gradient(name: str) -> None:
    check_reading(INDICES[name])


@pytest.mark.parametrize("name", INDICES)
def test_second_order(name: str) -> None:
    index = INDICES[name]
    weights = some_weights(np.shape(X[index]))
    v = Value(X / 60)
    y = v[index]
    (y * y * y).backward(weights, create_graph=True)
    np.add.at(first := np.zeros_like(X), index, 3 * weights * (X[index] / 60) ** 2)
    np.testing.assert_allclose(v.grad.data, first, rtol=1e-12, atol=1e-13)
    slope, v.grad = v.grad, None
    slope.sum().backward()
    np.add.at(second := np.zeros_like(X), index, 6 * weights * X[index] / 60)
    np.testing.assert_allclose(v.grad, second, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("index", [(), ..., None, (None, ...)], ids=str)
@pytest.mark.parametrize("x", [np.array(3.0), np.array([3.0, 4.0]), np.zeros((0, 2))], ids=str)
def test_small_arrays(index: Any, x: np.ndarray) -> None:
    check_reading(index, x)


def test_a_scalar_can_be_given_axes() -> None:
    v = Value(3.0)
    (v[None, None] * 2.0).sum().backward()
    assert float(v.grad) == 2.0
    v[()].backward()
    assert float(v.grad) == 3.0


@given(data=st.data(), shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
def test_basic_indices(data: st.DataObject, shape: tuple[int, ...]) -> None:
    indices = hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)
    check_reading(data.draw(indices), np.arange(np.prod(shape, dtype=float)).reshape(shape))


@given(data=st.data(), shape=hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
def test_integer_indices(data: st.DataObject, shape: tuple[int, ...]) -> None:
    index = data.draw(hnp.integer_array_indices(shape))
    check_reading(index, np.arange(np.prod(shape, dtype=float)).reshape(shape))


@given(data=st.data(), shape=hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4))
def test_several_readings_of_one_array_meet(data: st.DataObject, shape: tuple[int, ...]) -> None:
    basic = hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)
    last = st.tuples(st.just(...), st.slices(max(shape[-1], 1)))
    indices = data.draw(st.lists(basic | last, min_size=2, max_size=4))
    plain = np.arange(np.prod(shape, dtype=float)).reshape(shape)
    v, total = Value(plain), np.zeros(shape)
    parts = []
    for i, index in enumerate(indices):
        weights = some_weights(np.shape(plain[index])) + i
        np.add.at(total, index, weights)
        parts.append(tg.sum(v[index] * weights))
    sum(parts, Value(0.0)).backward()
    assert v.grad.shape == shape
    np.testing.assert_allclose(v.grad, total, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    "places", [[1, 2, 3], [2, 1], [0, 4], [-1], [4], [9], [3, 3], [1, -1], [2, 0], []], ids=str
)
def test_parts_that_overlap_leave_gaps_or_are_empty(places: list[int]) -> None:
    x = np.arange(8.0).reshape(2, 4)
    v, total = Value(x), np.zeros_like(x)
    parts = np.split(v, places, axis=1)  # type: ignore[call-overload]
    assert [part.shape for part in parts] == [part.shape for part in np.split(x, places, axis=1)]
    sum([tg.sum(part) * (i + 1.0) for i, part in enumerate(parts)], Value(0.0)).backward()
    for i, part in enumerate(np.split(np.arange(8).reshape(2, 4), places, axis=1)):
        total[np.isin(np.arange(8).reshape(2, 4), part)] += i + 1.0
    np.testing.assert_array_equal(v.grad, total)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint32, np.int64])
def test_index_arrays_of_every_integer_dtype_on_a_long_axis(dtype: Any) -> None:
    check_reading(np.array([1, 100, 1], dtype), np.arange(600.0).reshape(300, 2))
    check_reading((slice(None), np.array([1, 100, 1], dtype)), np.arange(600.0).reshape(2, 300))


def test_dense_and_indexed_gradients_meet() -> None:
    v = Value(np.ones((3, 2)))
    (tg.sum(v * 2.0) + tg.sum(v[0]) + tg.sum(v[[0, 2]]) * 10.0 + tg.sum(v * v)).backward()
    np.testing.assert_array_equal(v.grad, [[15.0, 15.0], [4.0, 4.0], [14.0, 14.0]])


# Values as indices, and the index as an input.


@pytest.mark.parametrize("ids", [np.array([2, 0, 2]), np.array([True, False, True])])
def test_a_value_without_gradient_can_be_an_index(ids: np.ndarray) -> None:
    v, index = Value(X.copy()), Value(ids, requires_grad=False)
    y = v[index]
    np.testing.assert_array_equal(y.data, X[ids])
    y.sum().backward()
    np.add.at(total := np.zeros_like(X), ids, np.ones_like(X[ids]))
    np.testing.assert_array_equal(v.grad, total)
    assert index.grad is None
    assert any(x is index for x in y.inputs)


def test_index_arrays_are_inputs_and_not_settings() -> None:
    ids = np.array([0, 2])
    y = Value(X)[ids, 1:]
    assert any(x is ids for x in y.inputs)
    assert not any(isinstance(part, np.ndarray) for part in y.params["index"])


@pytest.mark.parametrize(
    ("index", "kind", "word"),
    [
        (3, IndexError, "out of bounds"),
        (-4, IndexError, "out of bounds"),
        ([0, 3], IndexError, "out of bounds"),
        ((0, 0, 0, 0), IndexError, "too many"),
        (1.0, IndexError, "integer"),
        ([0.5], IndexError, "integer"),
        (np.array([True, False]), IndexError, "mask|boolean"),
        ((..., ...), IndexError, "ellipsis|llipsis"),
    ],
    ids=str,
)
def test_a_wrong_index_names_the_op_and_numpy_s_reason(
    index: Any, kind: type[Exception], word: str
) -> None:
    with pytest.raises(kind, match=word) as caught:
        Value(X)[index]
    assert "getitem" in str(caught.value)
    assert "(3, 4, 5)" in str(caught.value)
    assert isinstance(caught.value.__cause__, IndexError)


def test_a_wrong_index_teaches() -> None:
    with pytest.raises(IndexError) as caught:
        Value(X)[7]
    assert_teaches(caught.value, "getitem", "(3, 4, 5)", "7")
