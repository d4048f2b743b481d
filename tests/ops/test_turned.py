"""Transposes of weights, copied once where they stay as they are for many products."""

from __future__ import annotations

from threading import Thread
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.ops.turned import FEW, MANY, STRIP, turned, weights_stay

RNG = np.random.default_rng(35)


def is_view(found: np.ndarray, weight: np.ndarray) -> bool:
    return np.shares_memory(found, weight)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("rows", [1, STRIP - 1, STRIP, 2 * STRIP, 2 * STRIP + 1])
@pytest.mark.parametrize("columns", [0, 1, 5])
def test_a_copy_is_the_transpose_row_by_row(rows: int, columns: int, order: Any) -> None:
    weight = np.asarray(RNG.normal(size=(rows, columns)), np.float32, order)
    with weights_stay(MANY):
        found = turned(weight, FEW)
        assert turned(weight, FEW) is found  # made once
    np.testing.assert_array_equal(found, weight.T)
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    lies_so = weight.T.flags.c_contiguous
    assert columns == 0 or is_view(found, weight) == lies_so


def test_nothing_is_copied_where_it_does_not_pay_or_weights_may_change() -> None:
    weight = RNG.normal(size=(7, 5))
    assert is_view(turned(weight, FEW), weight)
    with weights_stay(MANY - 1):
        assert is_view(turned(weight, FEW), weight)
    with weights_stay(MANY):
        assert is_view(turned(weight, FEW - 1), weight)
        with weights_stay(1):  # a promise of its own
            assert is_view(turned(weight, FEW), weight)
        assert not is_view(turned(weight, FEW), weight)
    with pytest.raises(KeyError), weights_stay(MANY):
        raise KeyError
    assert is_view(turned(weight, FEW), weight)


def test_a_copy_is_not_taken_for_that_of_another_weight() -> None:
    """An array that is gone leaves its id to the next one."""
    with weights_stay(MANY):
        for n in range(50):
            np.testing.assert_array_equal(turned(np.full((3, 2), n), FEW), np.full((2, 3), n))


def test_a_promise_holds_in_its_own_thread() -> None:
    weight = RNG.normal(size=(7, 5))
    seen = []
    with weights_stay(MANY):
        turned(weight, FEW)
        thread = Thread(target=lambda: seen.append(is_view(turned(weight, FEW), weight)))
        thread.start()
        thread.join()
    assert seen == [True]


@pytest.mark.parametrize("kind", [tg.nn.RNN, tg.nn.LSTM, tg.nn.GRU])
@pytest.mark.parametrize("batch", [FEW - 1, FEW, 17])
def test_a_layer_sees_weights_that_have_changed_since_its_last_call(kind: Any, batch: int) -> None:
    layer = kind(3, 5, generator=np.random.default_rng(0))
    cell = getattr(tg.nn, f"{kind.__name__}Cell")(3, 5)
    x = RNG.normal(size=(MANY + 2, batch, 3))
    outputs = []
    for _ in range(3):
        for name, parameter in layer.named_parameters():
            parameter.data *= -0.5  # in place: the array is the same
            getattr(cell, name.removesuffix("_l0")).data[...] = parameter.data
        state = None
        for row in x:
            state = cell(row, state)
        h = state[0] if isinstance(state, tuple) else state
        outputs.append(layer(x)[0].data)
        np.testing.assert_allclose(outputs[-1][-1], h.data, rtol=1e-12)
    assert not np.allclose(outputs[0], outputs[1])
