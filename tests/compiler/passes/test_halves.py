"""What the outputs need is computed before their gradients are known, whatever is made one step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.places.plan import halves
from tinygrad_rnn.compiler.program.program import Program
from tinygrad_rnn.compiler.program.shapes import Form
from tinygrad_rnn.compiler.program.steps import ARGUMENT, SEED, given, step
from tinygrad_rnn.engine.rule import RULES

rng = np.random.default_rng(0)
W = tg.Value(rng.normal(size=(3, 3)), name="W")
FORM = Form((3,), np.dtype(float))


def loss(W: Any, xs: Any) -> Any:
    h = np.zeros((2, 3))
    for x in xs:
        h = np.tanh(x + h @ W)
    return np.sum(h * h)


def with_gradient(xs: Any) -> Any:
    return tg.value_and_grad(lambda W: loss(W, xs))(W)


def with_length(xs: Any) -> Any:
    value, g = with_gradient(xs)
    return value, g, np.sqrt(np.sum(g * g))


@pytest.mark.parametrize("fn", [with_gradient, with_length])
def test_a_sweep_inside_and_the_way_back_from_its_value_stay_apart(fn: Any) -> None:
    compiled = tg.compile(fn)
    for seed in (1.0, 2.0, -3.0):  # of which a run must not see the one before
        xs = rng.normal(size=(3, 2, 3))
        W.grad = None
        (loss(W, xs) * seed).backward()
        expected = W.grad
        W.grad = None
        value, g, *_ = compiled(xs)
        (value * seed).backward()
        np.testing.assert_allclose(W.grad, expected, rtol=1e-12)
        np.testing.assert_allclose(g.data * seed, expected, rtol=1e-12)


def test_an_output_that_waits_for_a_gradient_is_noticed() -> None:
    x, seed = given(ARGUMENT, 0, FORM), given(SEED, 0, FORM)
    y, g = step(RULES["tanh"], [x]), step(RULES["multiply"], [x, seed])
    program = Program([y], [g])
    assert halves(program, program.computed()) == ([y], [g])
    wrong = Program([g], [g])
    with pytest.raises(AssertionError, match="waits for the gradient"):
        halves(wrong, wrong.computed())
