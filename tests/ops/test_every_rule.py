"""Every rule against NumPy, against differences, in float32, and broadcast: one test for all."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.ops.cases import CASES, PLAIN_CASES, Case
from tinygrad_rnn.check import gradcheck

FLOAT_CASES = pytest.mark.parametrize("case", CASES, ids=str)


def is_float(x: object) -> bool:
    return np.asarray(x).dtype.kind == "f"


def as_values(inputs: tuple) -> list:
    """Values of the float inputs, so that each gets a gradient; the others as they are."""
    return [tg.Value(np.array(x)[()]) if is_float(x) else x for x in inputs]


def test_every_rule_has_a_case() -> None:
    built_in = {
        name
        for name, rule in tg.RULES.items()
        if rule.forward.__module__.startswith("tinygrad_rnn.")
    }
    assert built_in == {case.rule for case in CASES + PLAIN_CASES}


@pytest.mark.parametrize("case", CASES + PLAIN_CASES, ids=str)
def test_forward_agrees_with_the_reference(case: Case) -> None:
    expected = case.reference(*case.inputs)
    np.testing.assert_allclose(case(*case.inputs), expected, rtol=1e-13, atol=1e-14)
    result = case(*as_values(case.inputs))
    np.testing.assert_allclose(getattr(result, "data", result), expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("case", PLAIN_CASES, ids=str)
def test_a_function_without_derivative_returns_plain_data(case: Case) -> None:
    assert not isinstance(case(*as_values(case.inputs)), tg.Value)


@FLOAT_CASES
def test_first_and_second_derivative_agree_with_differences(case: Case) -> None:
    places = [i for i, x in enumerate(case.inputs) if is_float(x)]

    def of_floats(*floats: object) -> object:
        inputs = list(case.inputs)
        for place, x in zip(places, floats, strict=True):
            inputs[place] = x
        return case(*inputs)

    assert gradcheck(of_floats, tuple(np.array(case.inputs[i], float)[()] for i in places), order=2)


@FLOAT_CASES
def test_arrays_alone_record_nothing(case: Case) -> None:
    assert not isinstance(case(*case.inputs), tg.Value)


@pytest.mark.parametrize("case", [c for c in CASES if c.rule != "astype"], ids=str)
def test_float32_stays_float32_forward_and_backward(case: Case) -> None:
    inputs = [
        tg.Value(np.array(x, np.float32)[()]) if is_float(x) and np.ndim(x) else x
        for x in case.inputs
    ]
    values = [x for x in inputs if isinstance(x, tg.Value)]
    if not values:
        inputs = values = [tg.Value(np.float32(x)) for x in case.inputs]
    inputs = [x if isinstance(x, tg.Value) or not is_float(x) else float(x) for x in inputs]
    y = case(*inputs)
    assert y.dtype == np.float32
    y.backward(np.ones(y.shape, np.float32))
    assert {x.grad.dtype for x in values} == {np.dtype(np.float32)}
    # Interior gradients too: no step of the way may be computed in float64 and cut off after it.
    g = np.ones(y.shape, np.float32)[()]
    arrays = [x.data if isinstance(x, tg.Value) else x for x in y.inputs]
    gradients = y.rule.vjp(g, y.data, *arrays, **y.params)
    gradients = gradients if isinstance(gradients, (tuple, list)) else [gradients]
    for x, gradient in zip(y.inputs, gradients, strict=True):
        if isinstance(x, tg.Value):
            gradient = gradient() if callable(gradient) else gradient
            dense = gradient.dense() if hasattr(gradient, "dense") else gradient
            assert dense.dtype == np.float32


@FLOAT_CASES
def test_inputs_are_left_as_they_were(case: Case) -> None:
    before = [np.array(x) for x in case.inputs]
    y = case(*as_values(case.inputs))
    y.backward(np.ones(y.shape))
    for x, copy in zip(case.inputs, before, strict=True):
        np.testing.assert_array_equal(x, copy)


@FLOAT_CASES
def test_gradients_share_memory_with_nothing(case: Case) -> None:
    values = [x for x in as_values(case.inputs) if isinstance(x, tg.Value)]
    rest = iter(values)
    y = case(*[next(rest) if is_float(x) else x for x in case.inputs])
    seed = np.ones(y.shape)
    y.backward(seed)
    held = [seed, y.data, *(x.data for x in values)]
    for i, x in enumerate(values):
        others = [*held, *(v.grad for v in values[:i])]
        assert not any(np.shares_memory(x.grad, other) for other in others)


@FLOAT_CASES
def test_only_the_inputs_that_ask_get_a_gradient(case: Case) -> None:
    places = [i for i, x in enumerate(case.inputs) if is_float(x)]
    for place in places:
        inputs = [np.array(x)[()] if is_float(x) else x for x in case.inputs]
        inputs[place] = wanted = tg.Value(inputs[place])
        y = case(*inputs)
        y.backward(np.ones(y.shape))
        assert wanted.grad.shape == wanted.shape


BROADCASTING = sorted(
    {c.rule for c in CASES if tg.RULES[c.rule].elementwise and len(tg.RULES[c.rule].arrays) > 1}
)


@pytest.mark.parametrize("rule", BROADCASTING)
def test_an_elementwise_rule_broadcasts(rule: str) -> None:
    case = next(c for c in CASES if c.rule == rule and c.call is None and not c.params)
    column = [np.full((3, 1), 0.4 + i / 10) if is_float(x) else np.full((3, 1), True)
              for i, x in enumerate(case.inputs)]  # fmt: skip
    whole = [np.broadcast_to(x, (2, 3, 4)) for x in column]
    y = case(*as_values(tuple(whole)))
    for i, x in enumerate(column):
        if is_float(x):
            inputs = as_values(tuple(whole))
            inputs[i] = tg.Value(x)
            z = case(*inputs)
            np.testing.assert_array_equal(z.data, y.data)
            z.backward(np.ones((2, 3, 4)))
            full = as_values(tuple(whole))
            case(*full).backward(np.ones((2, 3, 4)))
            np.testing.assert_allclose(
                inputs[i].grad, full[i].grad.sum(axis=(0, 2))[:, None], rtol=1e-13
            )
