"""Clipping: norms against their definition, what is written where, and what cannot be clipped."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.optim.weights import Weight
from tinygrad_rnn.optim import clip_grad_norm_, clip_grad_value_


def weight(grad: Any) -> Weight:
    return Weight(np.zeros_like(grad) if grad is not None else np.zeros(1), grad)


def test_a_norm_by_hand() -> None:
    # 1 + 4 + 4 + 16 = 25, over an array, a scalar and a parameter without gradient
    a, b, c = weight(np.array([[1.0, -2.0], [2.0, 0.0]])), weight(np.float64(4.0)), weight(None)
    assert clip_grad_norm_([a, b, c], max_norm=1.0) == 5.0
    np.testing.assert_allclose(a.grad, [[0.2, -0.4], [0.4, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(b.grad, 0.8, rtol=1e-6)
    assert c.grad is None


@given(
    arrays.arrays(
        np.float64,
        arrays.array_shapes(min_dims=0, max_dims=3, max_side=4),
        elements=st.floats(-1e200, 1e200),
    ),
    st.sampled_from([1.0, 1.5, 2.0, 3.0, math.inf]),
    st.floats(1e-3, 1e3),
)
def test_the_norm_is_its_definition_and_the_clipped_one_keeps_to_the_bound(
    grad: np.ndarray, p: float, max_norm: float
) -> None:
    # In decimal arithmetic the definition needs no care for overflow.
    entries = [abs(Decimal(x)) for x in grad.ravel().tolist()]
    exponent = Decimal(p)
    definition = (
        max(entries) if p == math.inf else sum(x**exponent for x in entries) ** (1 / exponent)
    )
    w = weight(grad.copy())
    norm = clip_grad_norm_([w], max_norm, norm_type=p)
    assert type(norm) is float
    np.testing.assert_allclose(norm, float(definition), rtol=1e-12)
    if max_norm >= norm + 1e-6:
        assert np.array_equal(w.grad, grad)
    else:
        expected = max_norm * norm / (norm + 1e-6)
        assert clip_grad_norm_([w], math.inf, norm_type=p) == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(w.grad, grad * (expected / norm), rtol=1e-12, atol=1e-300)


def test_no_overflow_and_no_underflow() -> None:
    assert clip_grad_norm_([weight(np.full(4, 1e300))], math.inf) == pytest.approx(2e300)
    assert clip_grad_norm_([weight(np.full(4, 1e-300))], math.inf) == pytest.approx(2e-300)
    # In float32 the square of 10³⁰ is infinite.
    w = weight(np.full(4, 1e30, np.float32))
    assert clip_grad_norm_([w], 2.0) == pytest.approx(2e30)
    assert w.grad.dtype == np.float32
    np.testing.assert_allclose(w.grad, 1.0, rtol=1e-6)


@pytest.mark.parametrize("power", [-1000, -600, -480, -460, -440, 0, 460, 500, 520, 900])
def test_a_norm_grows_with_its_gradients_beyond_where_squares_do(power: int) -> None:
    g = np.random.default_rng(1).standard_normal(1000)
    norm = clip_grad_norm_([weight(g), weight(3 * g)], math.inf)
    assert norm == pytest.approx(np.sqrt(10 * np.sum(g * g)), rel=1e-14)
    scale = 2.0**power
    scaled = clip_grad_norm_([weight(g * scale), weight(3 * g * scale)], math.inf)
    assert scaled / scale == pytest.approx(norm, rel=1e-14)


def test_the_norm_of_float32_gradients_has_the_digits_of_float64() -> None:
    g = np.random.default_rng(0).standard_normal(5000).astype(np.float32)
    exact = math.sqrt(math.fsum(x * x for x in map(float, g)))
    assert clip_grad_norm_([weight(g)], math.inf) == pytest.approx(exact, rel=1e-13)


def test_the_small_number_beside_the_norm_is_pytorchs() -> None:
    w = weight(np.array([6e-7, 8e-7]))  # of norm 1e-6, so that the factor is 1e-6 / 2e-6
    clip_grad_norm_([w], 1e-6)
    np.testing.assert_allclose(w.grad, [3e-7, 4e-7], rtol=1e-12)


def test_clipping_writes_in_place_where_it_can() -> None:
    own, read_only = np.array([30.0, 40.0]), np.array([30.0, 40.0])
    read_only.flags.writeable = False
    scalar = np.float32(50.0)
    a, b, c = weight(own), weight(read_only), weight(scalar)
    clip_grad_norm_([a, b, c], 1.0)
    assert a.grad is own
    assert b.grad is not read_only
    assert read_only.tolist() == [30.0, 40.0]
    assert a.grad.tolist() == b.grad.tolist()
    assert isinstance(c.grad, np.float32)
    assert 0 < c.grad < 1
    clip_grad_value_([a, b, c], 0.1)
    assert a.grad is own
    assert max(a.grad.max(), b.grad.max(), c.grad) == pytest.approx(0.1)
    assert isinstance(c.grad, np.float32)


def test_small_gradients_are_left_bit_for_bit() -> None:
    w = weight(np.array([0.3, 0.4]))
    before = w.grad.tobytes()
    assert clip_grad_norm_([w], 0.6) == pytest.approx(0.5)
    assert w.grad.tobytes() == before


def test_value_clipping() -> None:
    w, none, scalar = weight(np.array([-3.0, -0.5, 0.0, 2.0])), weight(None), weight(np.float64(9))
    clip_grad_value_([w, none, scalar], 1.0)
    assert w.grad.tolist() == [-1.0, -0.5, 0.0, 1.0]
    assert scalar.grad == 1.0
    assert none.grad is None


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_norm_that_is_not_finite_leaves_the_gradients_as_they_are(bad: float) -> None:
    good, worse = weight(np.array([3.0, 4.0])), weight(np.array([1.0, bad]))
    worse.name = "weight_hh_l0"
    norm = clip_grad_norm_([good, worse], 1.0)
    assert math.isnan(norm) if math.isnan(bad) else norm == math.inf
    assert good.grad.tolist() == [3.0, 4.0]
    assert np.array_equal(worse.grad, [1.0, bad], equal_nan=True)
    with pytest.raises(RuntimeError, match=r"norm of the gradients is (nan|inf)") as caught:
        clip_grad_norm_([good, worse], 1.0, error_if_nonfinite=True)
    kind = "1 nan and 0 infinite" if math.isnan(bad) else "0 nan and 1 infinite"
    assert f"parameter 1 ('weight_hh_l0') has {kind} of 2 entries" in str(caught.value)
    assert "parameter 0" not in str(caught.value)


def test_a_norm_beyond_float64_is_said_to_be_that() -> None:
    with pytest.raises(RuntimeError, match="every entry is finite"):
        clip_grad_norm_([weight(np.full(9, 1e308))], 1.0, error_if_nonfinite=True)


def test_nothing_to_clip() -> None:
    assert clip_grad_norm_([weight(None)], 1.0) == 0.0
    assert clip_grad_norm_([weight(np.zeros(3))], 1.0) == 0.0
    assert clip_grad_norm_([weight(np.zeros((0, 3)))], 1.0) == 0.0
    assert clip_grad_norm_(weight(np.array([3.0, 4.0])), 9.0) == 5.0  # one parameter alone
    w = weight(np.array([3.0, 4.0]))
    clip_grad_norm_([w], 0.0)
    assert w.grad.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"max_norm": -1.0}, ValueError, r"max_norm=-1\.0 .*\n  why: it is a number of at least 0"),
        ({"max_norm": math.nan}, ValueError, r"max_norm=nan"),
        ({"max_norm": "5"}, TypeError, r"max_norm='5'"),
        ({"max_norm": 1.0, "norm_type": 0}, ValueError, r"norm_type=0 .*\n  why: .* above 0"),
        ({"max_norm": 1.0, "norm_type": math.nan}, ValueError, r"norm_type=nan"),
    ],
)
def test_bounds_that_make_no_sense(
    options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        clip_grad_norm_([weight(np.ones(1))], **options)


def test_value_bound_and_used_up_generators() -> None:
    with pytest.raises(ValueError, match=r"clip_value=-1 "):
        clip_grad_value_([weight(np.ones(1))], -1)
    params = (w for w in [weight(np.ones(1))])
    clip_grad_norm_(params, 1.0)
    with pytest.raises(ValueError, match="generator"):
        clip_grad_norm_(params, 1.0)
    w = weight(np.ones(1))
    with pytest.raises(ValueError, match="the same object"):
        clip_grad_norm_([w, w], 1.0)
