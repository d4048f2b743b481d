"""What a sweep leaves behind: accumulated on leaves, of this sweep on the way, never stale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.engine.witness import assert_slopes
from tinygrad_rnn import Value
from tinygrad_rnn.extend import primitive

# Leaves accumulate.


def losses(x: Any, w: Any) -> dict[str, Any]:
    """Different ways for a gradient to arrive: dense, placed at an index, as products, summed."""
    return {
        "elementwise": np.sum(np.tanh(x) * 0.3 * x),
        "index": np.sum(x[0] * 0.7) + np.sum(x[1, 1:] * 0.3),
        "repeated index": np.sum(x[[0, 0, 1]] * 0.1),
        "product": np.sum(np.tanh(x @ w)),
        "two products": np.sum((x @ w) @ w),
        "all at once": np.sum((x @ w) * x) + np.sum(w[0] * x[1]) + np.sum(w * 0.1),
    }


WAYS = list(losses(np.ones((3, 3)), np.ones((3, 3))))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("retain_grad", [True, False])
def test_twice_means_accumulate_twice_exactly(way: str, retain_grad: bool) -> None:
    rng = np.random.default_rng(0)
    leaves = [Value(rng.normal(size=(3, 3))) for _ in range(2)]
    loss = losses(*leaves)[way]
    loss.backward(retain_grad=retain_grad)
    once = [None if x.grad is None else x.grad.copy() for x in leaves]
    assert once[0] is not None
    loss.backward(retain_grad=retain_grad)
    for x, g in zip(leaves, once, strict=True):
        if g is None:
            assert x.grad is None
        else:
            np.testing.assert_array_equal(x.grad, 2 * g)
    loss.backward(retain_grad=retain_grad)
    np.testing.assert_array_equal(leaves[0].grad, 2 * once[0] + once[0])


@pytest.mark.parametrize("way", WAYS)
def test_every_way_agrees_with_difference_quotients(way: str) -> None:
    rng = np.random.default_rng(1)
    x, w = rng.normal(size=(3, 3)), rng.normal(size=(3, 3))
    if way in ("elementwise", "index", "repeated index"):
        assert_slopes(lambda x: losses(x, w)[way], x)
    else:
        assert_slopes(lambda x, w: losses(x, w)[way], x, w)


def test_different_roots_accumulate_on_the_same_leaf() -> None:
    a = Value(3.0)
    (a * a).backward()
    (a * 5.0).backward()
    assert float(a.grad) == 6.0 + 5.0


def test_an_earlier_gradient_that_was_handed_out_does_not_change() -> None:
    a = Value(np.ones(3))
    y = (a * 2.0).sum()
    y.backward()
    kept = a.grad
    y.backward()
    np.testing.assert_array_equal(kept, [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(a.grad, [4.0, 4.0, 4.0])


# Shared operands, diamonds, unused branches.


def test_shared_operands() -> None:
    a = Value(1.5)
    b = a + a
    c = b + b
    c.backward()
    assert (float(a.grad), float(b.grad), float(c.grad)) == (4.0, 2.0, 1.0)


def test_a_diamond_is_summed_before_it_goes_on() -> None:
    a = Value(0.5)
    b = a * 3.0
    left, right = b.tanh(), b * b
    y = left * right
    y.backward()
    t, z = np.tanh(1.5), 1.5
    assert float(b.grad) == pytest.approx((1 - t * t) * z * z + t * 2 * z, rel=1e-14)
    assert float(a.grad) == pytest.approx(3 * float(b.grad), rel=1e-15)


def test_an_array_used_in_both_operands_of_a_product() -> None:
    assert_slopes(lambda x: x @ x, np.random.default_rng(2).normal(size=(3, 3)))
    assert_slopes(lambda x: x @ x, [1.0, -2.0, 0.5])


def test_an_unused_branch_has_no_gradient_and_zero_is_not_none() -> None:
    a, b, c = Value(2.0), Value(3.0), Value(5.0)
    unused = a * b
    (a * c * 0.0).backward()
    assert unused.grad is None
    assert b.grad is None
    assert float(a.grad) == 0.0
    assert float(c.grad) == 0.0


def test_a_gradient_is_none_until_computed() -> None:
    a = Value(np.ones(2))
    y = a.sum()
    assert a.grad is None
    assert y.grad is None


def test_a_value_that_needs_no_gradient_gets_none() -> None:
    a, fixed = Value(2.0), Value(3.0, requires_grad=False)
    way = fixed * 2.0
    (a * way).backward()
    assert float(a.grad) == 6.0
    assert fixed.grad is None
    assert way.grad is None


# Values on the way hold the gradient of this sweep, never a stale one.


def test_values_on_the_way_hold_their_gradient() -> None:
    a = Value(np.array([1.0, 2.0]))
    squares = a * a
    y = squares.sum()
    y.backward()
    assert float(y.grad) == 1.0
    np.testing.assert_array_equal(squares.grad, [1.0, 1.0])


def test_a_shared_part_holds_the_gradient_of_the_last_root_only() -> None:
    a = Value(2.0)
    shared = a * a
    first, second = shared * 3.0, shared * 5.0
    first.backward()
    assert float(shared.grad) == 3.0
    second.backward()
    assert float(shared.grad) == 5.0
    assert float(first.grad) == 1.0
    assert float(a.grad) == (3.0 + 5.0) * 4.0


def test_twice_from_one_root_does_not_accumulate_on_the_way() -> None:
    a = Value(2.0)
    middle = a * a
    y = middle * 3.0
    y.backward()
    y.backward()
    assert (float(middle.grad), float(y.grad), float(a.grad)) == (3.0, 1.0, 24.0)


def test_without_retain_grad_nothing_stays_on_the_way_not_even_of_before() -> None:
    a = Value(2.0)
    middle = a * a
    y = middle * 3.0
    y.backward()
    y.backward(retain_grad=False)
    assert middle.grad is None
    assert y.grad is None
    assert float(a.grad) == 24.0


def test_a_sweep_from_the_middle() -> None:
    a = Value(2.0)
    middle = a * a
    y = middle * 3.0
    y.backward()
    middle.backward()
    assert float(middle.grad) == 1.0
    assert float(y.grad) == 1.0  # not on the way of the second sweep
    assert float(a.grad) == 12.0 + 4.0


def test_the_starting_gradient_is_the_root_s() -> None:
    a = Value(np.ones(2))
    y = a * 3.0
    y.backward([2.0, 5.0])
    np.testing.assert_array_equal(y.grad, [2.0, 5.0])
    np.testing.assert_array_equal(a.grad, [6.0, 15.0])


# A sweep that raises leaves every .grad as it was.


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_vjp_that_raises_changes_no_gradient(create_graph: bool) -> None:
    @primitive
    def brittle(x: Any) -> Any:
        """y = x"""
        return x * 1.0

    broken = False

    @brittle.vjp
    def _(g: Any, y: Any, x: Any) -> Any:
        if broken:
            raise ArithmeticError("this VJP is broken")
        return g

    a, b = Value(np.array([1.0, 2.0])), Value(3.0)
    early = brittle(a)
    late = early * b  # reached before the VJP that raises
    y = late.sum()
    y.backward()
    everything = (a, b, early, late, y)
    before = [(x.grad, np.copy(x.grad)) for x in everything]
    broken = True
    with pytest.raises(ArithmeticError, match="this VJP is broken"):
        y.backward(create_graph=create_graph)
    for x, (kept, copy) in zip(everything, before, strict=True):
        assert x.grad is kept
        np.testing.assert_array_equal(x.grad, copy)
    broken = False
    y.backward()
    np.testing.assert_array_equal(a.grad, [6.0, 6.0])
