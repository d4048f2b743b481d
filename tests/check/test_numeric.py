"""Gradients by differences, in the form in which the arguments came."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.check import numeric_gradient, numeric_jvp


def test_a_single_array_gives_a_single_array() -> None:
    gradient = numeric_gradient(lambda x: np.sum(x**3), np.array([[1.0, 2.0]]))
    assert gradient.shape == (1, 2)
    np.testing.assert_allclose(gradient, [[3, 12]], rtol=1e-11)


def test_a_number_gives_a_number() -> None:
    gradient = numeric_gradient(np.exp, 0.0)
    assert isinstance(gradient, np.float64)
    np.testing.assert_allclose(gradient, 1.0, rtol=1e-11)


def test_a_tuple_holds_several_arguments() -> None:
    da, db = numeric_gradient(lambda a, b: np.sum(a * b), (np.array([1.0, 2.0]), 3.0))
    np.testing.assert_allclose(da, [3, 3], rtol=1e-11)
    np.testing.assert_allclose(db, 3, rtol=1e-11)


def test_nested_dicts_and_lists_keep_their_form_and_integers_their_value() -> None:
    ids = np.array([2, 0])
    params = {"w": np.array([1.0, 2.0, 3.0]), "more": [tg.Value(2.0), ids]}
    gradient = numeric_gradient(lambda p: p["w"][p["more"][1]].sum() * p["more"][0], params)
    np.testing.assert_allclose(gradient["w"], [2, 0, 2], rtol=1e-11)
    np.testing.assert_allclose(gradient["more"][0], 4, rtol=1e-11)
    assert gradient["more"][1] is ids
    assert params["more"][0].grad is None


def test_the_function_gets_values_and_may_use_their_methods() -> None:
    gradient = numeric_gradient(lambda x: x.sigmoid().sum(), np.zeros(3))
    np.testing.assert_allclose(gradient, np.full(3, 0.25), rtol=1e-10)


def test_weights_stand_for_the_gradient_that_arrives() -> None:
    gradient = numeric_gradient(lambda x: x * x, np.array([1.0, 2.0]), [10.0, 1.0])
    np.testing.assert_allclose(gradient, [20, 4], rtol=1e-10)


def test_a_sample_of_entries_masks_the_others() -> None:
    x = np.arange(12.0).reshape(3, 4) + 1
    kept = x.copy()
    gradient = numeric_gradient(
        lambda x: np.sum(x**2), x, at_most=5, generator=np.random.default_rng(0)
    )
    assert isinstance(gradient, np.ma.MaskedArray) and gradient.count() == 5
    np.testing.assert_allclose(gradient.compressed(), 2 * x[~gradient.mask], rtol=1e-9)
    assert np.array_equal(x, kept)


def test_a_measured_nan_is_not_masked() -> None:
    gradient = numeric_gradient(
        lambda x: np.sum(x * np.nan), np.ones(3), at_most=2, generator=np.random.default_rng(0)
    )
    assert gradient.count() == 2 and np.isnan(gradient.compressed()).all()


def test_a_sample_needs_a_generator() -> None:
    with pytest.raises(TypeError, match="generator"):
        numeric_gradient(np.sum, np.ones(3), at_most=2)


def test_a_direction_checks_a_whole_gradient_at_once() -> None:
    rng = np.random.default_rng(1)
    w, x = rng.normal(size=(30, 20)), rng.normal(size=(20,))
    v = rng.normal(size=w.shape)

    def loss(w: tg.Value) -> tg.Value:
        return np.sum(np.tanh(w @ x))

    along = numeric_jvp(loss, w, v)
    np.testing.assert_allclose(along, np.sum(tg.grad(loss)(w) * v), rtol=1e-9)


@pytest.mark.parametrize("inputs", [3, np.arange(3), "text", None, ({"n": 2}, [True])])
def test_nothing_to_differentiate_by_is_said(inputs: object) -> None:
    with pytest.raises(TypeError, match="nothing to differentiate by"):
        numeric_gradient(lambda *x: 1.0, inputs)


def test_complex_inputs_are_refused() -> None:
    with pytest.raises(TypeError, match="complex"):
        numeric_gradient(np.sum, np.ones(2, complex))
