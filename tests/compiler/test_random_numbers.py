"""Random numbers are drawn in the order of the function, whatever the passes make of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler import PASSES

rng = np.random.default_rng(0)
GENERATOR = np.random.default_rng(1)
W = tg.Value(rng.uniform(-1, 1, (3, 3)))


@tg.extend.primitive(differentiable=False, random=True)
def drawn_near(x, *, generator):
    """y = a number for each entry, near the entry itself"""
    return generator.normal(x, 1.0)


def masks_of_inputs_and_states(xs: Any) -> Any:
    h, total = np.zeros((2, 3)), 0.0
    for x in xs:
        z = tg.dropout(x, p=0.5, generator=GENERATOR)
        h = np.tanh(z @ W + h @ W)
        total = total + np.sum(tg.dropout(h, p=0.5, generator=GENERATOR) ** 2)
    return total


def noise_that_sees_what_it_is_added_to(xs: Any) -> Any:
    h, total = np.zeros((2, 3)), 0.0
    for x in xs:
        late = h + drawn_near(np.sin(h @ W), generator=GENERATOR)
        early = drawn_near(np.sin(x @ W), generator=GENERATOR)
        h = np.tanh(late * 0.5 + early + h @ W)
        total = total + np.sum(h**2)
    return total


@pytest.mark.parametrize("without", [None, "schedule", "batch", "simplify"])
@pytest.mark.parametrize("fn", [masks_of_inputs_and_states, noise_that_sees_what_it_is_added_to])
def test_the_order_of_the_function(fn: Any, without: str | None) -> None:
    f = tg.compile(fn, passes=[name for name in PASSES if name != without])
    first = rng.normal(size=(6, 2, 3))
    f(first)
    for xs in (first, rng.normal(size=(6, 2, 3))):
        state = GENERATOR.bit_generator.state
        expected = fn(xs)
        expected.backward()
        gradient, W.grad = W.grad, None
        GENERATOR.bit_generator.state = state
        got = f(xs)
        got.backward()
        np.testing.assert_allclose(float(got), float(expected), rtol=1e-12)
        np.testing.assert_allclose(W.grad, gradient, rtol=1e-10)
        W.grad = None
