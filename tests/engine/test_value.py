"""Value: what it shows of itself, how it becomes a number, copies of it."""

from __future__ import annotations

import copy
import weakref
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value
from tinygrad_rnn.engine.graph import ancestors

# Printing.


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Value(2.0), "Value(2.)"),
        (Value(2.5, name="w"), "Value(2.5, name='w')"),
        (Value([1, 2.5]), "Value([1. , 2.5])"),
        (Value(np.ones(2, np.float32)), "Value([1., 1.], dtype=float32)"),
        (Value(np.array([1, 2]), requires_grad=False), "Value([1, 2], dtype=int64)"),
        (Value(2.0) * 3.0, "Value(6., op=multiply)"),
        (Value(np.eye(2)), "Value([[1., 0.],\n       [0., 1.]])"),
        (Value([]), "Value([])"),
    ],
)
def test_repr(value: Value, text: str) -> None:
    assert repr(value) == text
    assert str(value) == text
    assert f"{value}" == text


def test_a_long_array_is_abbreviated() -> None:
    assert "..." in repr(Value(np.zeros(10_000)))
    assert len(repr(Value(np.zeros(10_000)))) < 200


@pytest.mark.parametrize(
    ("data", "spec", "text"),
    [
        (2.0, ".3f", "2.000"),
        (2.0, "8.2f", "    2.00"),
        (1e-5, ".1e", "1.0e-05"),
        (np.float32(0.5), ".2f", "0.50"),
        (np.array(0.25), ".2f", "0.25"),
        (0.5, "%", "50.000000%"),
    ],
)
def test_format_of_a_single_number(data: Any, spec: str, text: str) -> None:
    assert format(Value(data), spec) == text


def test_format_of_an_array_takes_no_number_s_spec() -> None:
    with pytest.raises(TypeError):
        format(Value([1.0, 2.0]), ".3f")


# Numbers, explicitly.


def test_explicit_numbers() -> None:
    v = Value(2.5)
    assert float(v) == 2.5
    assert v.item() == 2.5
    assert type(float(v)) is float
    assert type(v.item()) is float
    assert float(Value(np.array(2.5))) == 2.5
    assert Value([[2.5]]).item() == 2.5
    assert bool(Value(0.0)) is False
    assert bool(Value(-1.0)) is True
    assert bool(Value([0.5])) is True


def test_an_array_is_no_number_and_no_truth() -> None:
    v = Value([1.0, 2.0])
    with pytest.raises((TypeError, ValueError)):
        float(v)
    with pytest.raises(ValueError):
        v.item()
    with pytest.raises(ValueError, match="ambiguous"):
        bool(v)


def test_a_value_is_no_index() -> None:
    with pytest.raises(TypeError):
        [10, 20, 30][Value(1.0)]  # type: ignore[call-overload]
    with pytest.raises(TypeError):
        range(Value(1.0))  # type: ignore[call-overload]


# Length and iteration.


def test_len_and_iteration() -> None:
    v = Value([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert len(v) == 3
    rows = list(v)
    assert [row.shape for row in rows] == [(2,)] * 3
    a, b, c = v
    (a * 1.0 + b * 10.0 + c * 100.0).sum().backward()
    np.testing.assert_array_equal(v.grad, [[1.0, 1.0], [10.0, 10.0], [100.0, 100.0]])


def test_reversed_and_star() -> None:
    v = Value([1.0, 2.0, 3.0])
    assert [float(x) for x in reversed(v)] == [3.0, 2.0, 1.0]  # type: ignore[call-overload]
    assert [float(x) for x in [*v]] == [1.0, 2.0, 3.0]


def test_iterating_makes_indexing_nodes_that_need_the_gradient() -> None:
    v = Value([1.0, 2.0])
    for i, x in enumerate(v):
        assert x.rule is tg.RULES["getitem"]
        assert x.inputs[0] is v
        assert float(x) == i + 1.0


@pytest.mark.parametrize("data", [2.0, np.array(2.0)])
def test_a_single_number_has_no_length(data: Any) -> None:
    with pytest.raises(TypeError):
        len(Value(data))
    with pytest.raises(TypeError):
        iter(Value(data))


# detach and astype.


def test_detach_aliases_the_data_and_stops_the_gradient() -> None:
    w = Value(np.array([1.0, 2.0]), name="w")
    v = w.detach()
    assert v.data is w.data
    assert v.name == "w"
    assert not v.requires_grad
    assert v.rule is None
    (w * v).sum().backward()
    np.testing.assert_array_equal(w.grad, [1.0, 2.0])
    assert v.grad is None


def test_astype_is_differentiated_and_the_gradient_comes_back_in_the_old_dtype() -> None:
    v = Value(np.array([1.0, 2.0], np.float32))
    y = v.astype(np.float64)
    assert y.dtype == np.float64
    (y * 3.0).sum().backward()
    assert v.grad.dtype == np.float32
    np.testing.assert_array_equal(v.grad, [3.0, 3.0])


# Copies.


def test_deepcopy_copies_the_graph() -> None:
    a = Value(np.array([1.0, 2.0]), name="a")
    with tg.name_scope("layer"):
        y = (a * a).sum()
    twin = copy.deepcopy(y)
    leaf = next(node for node in ancestors(twin) if node.rule is None)
    assert leaf is not a
    assert (leaf.name, twin.scope) == ("a", "layer")
    twin.backward()
    np.testing.assert_array_equal(leaf.grad, [2.0, 4.0])
    assert a.grad is None
    y.backward()
    np.testing.assert_array_equal(a.grad, [2.0, 4.0])
    assert not np.shares_memory(leaf.data, a.data)


def test_deepcopy_of_recorded_gradients() -> None:
    x = Value(2.0)
    y = x * x * x
    y.backward(create_graph=True)  # x.grad = 3x² is a Value that was computed from x
    twin = copy.deepcopy(x)
    slope = twin.grad
    assert isinstance(slope, Value)
    assert float(slope.data) == 12.0
    twin.grad = None
    slope.backward()
    assert float(twin.grad) == 12.0  # 6x, on the twin
    assert x.grad is not None
    assert float(x.grad.data) == 12.0


def test_deepcopy_of_a_structure_keeps_what_is_shared() -> None:
    w = Value([1.0, 2.0])
    y, twin_of_w = copy.deepcopy([(w * w).sum(), w])
    y.backward()
    np.testing.assert_array_equal(twin_of_w.grad, [2.0, 4.0])
    assert w.grad is None


def test_a_copied_leaf_owns_its_gradient() -> None:
    w = Value([1.0, 2.0])
    (w * w).sum().backward()
    twin = copy.deepcopy(w)
    np.testing.assert_array_equal(twin.grad, [2.0, 4.0])
    assert not np.shares_memory(twin.grad, w.grad)


@pytest.mark.parametrize("data", [np.array(2.0), np.float32(2.0), np.ones((2, 2), np.float32)])
def test_a_copy_has_the_kind_of_data_of_the_original(data: Any) -> None:
    v = Value(data)
    twin = copy.deepcopy(v)
    assert type(twin.data) is type(v.data)
    assert twin.dtype == v.dtype
    np.testing.assert_array_equal(twin.data, v.data)


def test_deepcopy_keeps_constants_constant() -> None:
    ids = Value(np.array([1, 0]), requires_grad=False)
    twin = copy.deepcopy(ids)
    assert not twin.requires_grad
    assert twin.dtype == ids.dtype


def test_values_can_be_watched_weakly() -> None:
    v = Value(1.0)
    watcher = weakref.ref(v)
    assert watcher() is v
    y = v * 2.0
    del v
    assert watcher() is y.inputs[0]
    del y
    assert watcher() is None  # freed at once, without the garbage collector
