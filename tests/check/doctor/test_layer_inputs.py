"""A layer of nn is diagnosed as a loop is, whether its input is a plain array or a Value."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg


@pytest.mark.parametrize("as_input", [np.asarray, tg.Value])
@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
def test_a_gradient_of_a_layer_that_was_added_twice(cell: str, as_input: type) -> None:
    rng = np.random.default_rng(0)
    layer = getattr(tg.nn, cell)(3, 4, generator=rng)
    x = rng.normal(size=(5, 3, 3))  # T, B, D
    output, _ = layer(as_input(x))

    manual = getattr(tg.manual, cell.lower())
    by_hand, _, cache = manual.forward(layer.state_dict(), x)
    gradients, _, _ = manual.backward(cache, 2 * by_hand)
    loss = (output**2).sum()
    assert tg.check.diagnose(gradients, loss, layer).verdict == "right"

    gradients["weight_hh_l0"] = 2 * gradients["weight_hh_l0"]
    found = tg.check.diagnose(gradients, loss, layer)
    assert found.verdict == "explained"
    assert list(found.names) == [frozenset({"accumulated 2 times"})]
