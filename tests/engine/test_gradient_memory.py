"""Who owns a gradient: a leaf's shares memory with nothing, those on the way are read-only."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from tinygrad_rnn import Value
from tinygrad_rnn.engine.graph import ancestors
from tinygrad_rnn.extend import primitive

SHAPE = (2, 4)

# Expressions whose VJPs hand the incoming gradient on, or a view of it, or an input.
EXPRESSIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "add itself": lambda a, b: a + a,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "reshape": lambda a, b: a.reshape(4, 2).reshape(SHAPE) + b,
    "transpose": lambda a, b: (a.T + b.T).T,
    "flip": lambda a, b: np.flip(a) + b,
    "concatenate": lambda a, b: np.concatenate([a[:1], b[1:]]) + a,
    "stack": lambda a, b: np.stack([a, b])[0] + b,
    "split": lambda a, b: np.concatenate(np.split(a, 2, axis=1), axis=1) + b,
    "whole": lambda a, b: a[...] + b[:],
    "pick": lambda a, b: a[0] + b[1:],
    "sum": lambda a, b: a.sum(axis=0, keepdims=True) + b,
    "broadcast": lambda a, b: np.broadcast_to(a[0], SHAPE) + b,
    "pad": lambda a, b: np.pad(a, 1)[1:-1, 1:-1] + b,
    "astype": lambda a, b: a.astype(np.float64) + b,
    "product": lambda a, b: a @ b.T @ np.ones(SHAPE),
    "long sum": lambda a, b: a + b + a + b + a,
}


def arrays_of(*things: Any) -> list[np.ndarray]:
    return [x for x in things if isinstance(x, np.ndarray)]


@pytest.mark.parametrize("name", EXPRESSIONS)
@pytest.mark.parametrize("retain_grad", [True, False])
def test_a_leaf_s_gradient_shares_memory_with_nothing(name: str, retain_grad: bool) -> None:
    a, b = Value(np.arange(8.0).reshape(SHAPE)), Value(np.ones(SHAPE))
    y = EXPRESSIONS[name](a, b)
    gradient = np.ones(y.shape)
    for _ in range(2):  # also after accumulation
        y.backward(gradient, retain_grad=retain_grad)
        leaves = arrays_of(a.grad, b.grad)
        assert leaves
        on_the_way = [node for node in ancestors(y) if node.rule is not None]
        others = arrays_of(gradient, a.data, b.data, *(x.data for x in on_the_way))
        others += arrays_of(*(x.grad for x in on_the_way))
        for g in leaves:
            assert g.flags.writeable
            assert not any(np.shares_memory(g, other) for other in others)
        assert not any(np.shares_memory(g, h) for g, h in combinations(leaves, 2))
    np.testing.assert_array_equal(gradient, 1.0)


def test_clipping_a_leaf_s_gradient_in_place_changes_no_other() -> None:
    a, b = Value(np.ones(3)), Value(np.ones(3))
    y = a + b
    y.backward(np.ones(3))
    a.grad *= 0.5
    np.testing.assert_array_equal(b.grad, [1.0, 1.0, 1.0])
    np.testing.assert_array_equal(y.grad, [1.0, 1.0, 1.0])


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_gradients_on_the_way_are_read_only(name: str) -> None:
    a, b = Value(np.arange(8.0).reshape(SHAPE)), Value(np.ones(SHAPE))
    y = EXPRESSIONS[name](a, b)
    y.backward(np.ones(y.shape))
    on_the_way = [node.grad for node in ancestors(y) if node.rule is not None]
    assert on_the_way
    for g in arrays_of(*on_the_way):
        assert not g.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            g[...] = 0.0


def test_the_passed_gradient_stays_the_caller_s_and_writeable() -> None:
    a = Value(np.ones(3))
    gradient = np.array([1.0, 2.0, 3.0])
    (a * 2.0).backward(gradient)
    gradient += 1.0
    np.testing.assert_array_equal(gradient, [2.0, 3.0, 4.0])
    np.testing.assert_array_equal(a.grad, [2.0, 4.0, 6.0])


@pytest.mark.parametrize("handed_out", ["g", "y", "x"])
def test_a_vjp_may_hand_out_any_array_it_knows(handed_out: str) -> None:
    @primitive
    def careless(x: Any) -> Any:
        """y = ½x²"""
        return 0.5 * x * x

    @careless.vjp
    def _(g: Any, y: Any, x: Any) -> Any:
        return {"g": g, "y": y, "x": x}[handed_out]

    x = Value(np.array([2.0, 2.0]))  # where ½x² = x, so that y and x are the right derivative
    y = careless(x)
    gradient = np.array([2.0, 2.0])
    y.backward(gradient)
    np.testing.assert_array_equal(x.grad, [2.0, 2.0])
    for other in (gradient, x.data, y.data, y.grad):
        assert not np.shares_memory(x.grad, other)
    x.grad += 1.0
    y.backward(gradient)
    np.testing.assert_array_equal(x.grad, [5.0, 5.0])


def test_a_kept_array_of_a_vjp_is_never_written_to() -> None:
    kept = np.array([1.0, 10.0])

    @primitive
    def keeping(x: Any) -> Any:
        """y = x · (1, 10)"""
        return x * kept

    @keeping.vjp
    def _(g: Any, y: Any, x: Any) -> Any:
        return kept

    x = Value(np.ones(2))
    (keeping(x) + keeping(x) + keeping(x) + x[:1]).backward(np.ones(2))
    np.testing.assert_array_equal(kept, [1.0, 10.0])
    np.testing.assert_array_equal(x.grad, [3.0 + 2.0, 30.0])


def test_leaves_of_a_recorded_sweep_share_no_memory_either() -> None:
    a, b = Value(np.array([1.0, 2.0])), Value(np.array([3.0, 4.0]))
    total = a + b
    (total * total).sum().backward(create_graph=True)
    assert a.grad is not b.grad
    assert not np.shares_memory(a.grad.data, b.grad.data)
    a.grad.data *= 0.5
    np.testing.assert_array_equal(b.grad.data, [8.0, 12.0])


def test_a_scalar_s_gradient_is_a_numpy_number() -> None:
    a = Value(2.0)
    y = a * a
    y.backward()
    assert isinstance(a.grad, np.float64)
    assert isinstance(y.grad, np.float64)


def test_gradients_of_scalars_taken_from_an_array() -> None:
    v = Value(np.array([1.0, 2.0]))
    first, second = v
    (first * second).backward()
    assert isinstance(first.grad, np.float64)
    assert (float(first.grad), float(second.grad)) == (2.0, 1.0)
    np.testing.assert_array_equal(v.grad, [2.0, 1.0])
