"""Wrong weights and arguments: the message names the entry, what it is, and what to write."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.manual.stacks import MODULES, B, Build, D, H, T
from tinygrad_rnn.manual import gru, lstm, rnn

WEIGHTS = Build("lstm", layers=2, bidirectional=True).random_weights(np.random.default_rng(15))
X = np.zeros((T, B, D))
STATE = np.zeros((4, B, H))


def without(*names: str) -> dict[str, np.ndarray]:
    return {name: w for name, w in WEIGHTS.items() if name not in names}


def test_the_untouched_arguments_are_right() -> None:
    output, _, _ = lstm.forward(WEIGHTS, X, (STATE, STATE), lengths=[1, 2, 3])
    assert output.shape == (T, B, 2 * H)


@pytest.mark.parametrize(
    ("weights", "error", "said"),
    [
        ({}, ValueError, r"weight_ih_l0 is missing: the other names \(none\)"),
        (without("weight_hh_l0"), ValueError, r"weight_hh_l0 is missing"),
        (without("weight_ih_l0"), ValueError, r"weight_ih_l0 is missing"),
        (without("bias_hh_l1"), ValueError, r"bias_hh_l1 is missing.*with biases"),
        (
            without("weight_hh_l1_reverse"),
            ValueError,
            r"weight_hh_l1_reverse is missing.*2 layer\(s\), 2 direction\(s\)",
        ),
        (WEIGHTS | {"weight_hr_l0": X}, ValueError, "no entry .* is called 'weight_hr_l0'"),
        (WEIGHTS | {"weight_ih_l01": X}, ValueError, "no entry .* is called 'weight_ih_l01'"),
        (WEIGHTS | {"weight_ih": X}, ValueError, "no entry .* is called 'weight_ih'"),
        (WEIGHTS | {"rnn.weight_ih_l0": X}, ValueError, "is called 'rnn.weight_ih_l0'"),
        (WEIGHTS | {"weight_ih_l3": X}, ValueError, "is missing.*4 layer"),
        (
            WEIGHTS | {"weight_ih_l0": np.zeros(8)},
            ValueError,
            r"weight_ih_l0 has shape \(8,\), but it is a matrix",
        ),
        (
            WEIGHTS | {"weight_hh_l0": np.zeros((8, 0))},
            ValueError,
            r"weight_hh_l0 has shape \(8, 0\)",
        ),
        (
            WEIGHTS | {"weight_ih_l1": np.zeros((8, 2))},
            ValueError,
            r"weight_ih_l1 has shape \(8, 2\), expected \(8, 4\).*H = 2.*input size of 4",
        ),
        (
            WEIGHTS | {"weight_hh_l1": np.zeros((6, 2))},
            ValueError,
            r"weight_hh_l1 has shape \(6, 2\), expected \(8, 2\): 4 block",
        ),
        (
            WEIGHTS | {"bias_ih_l0": np.zeros((1, 8))},
            ValueError,
            r"bias_ih_l0 has shape \(1, 8\), expected \(8,\)",
        ),
        (
            WEIGHTS | {"bias_ih_l0": np.zeros(8, int)},
            TypeError,
            r"bias_ih_l0 has dtype int64.*bias_ih_l0.astype\(np.float64\)",
        ),
        (
            WEIGHTS | {"bias_ih_l0": np.zeros(8, np.float32)},
            TypeError,
            "bias_ih_l0 has dtype float32, but weight_ih_l0 has float64",
        ),
    ],
)
def test_weights(weights: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match="^lstm: .*" + said):
        lstm.forward(weights, X)


@pytest.mark.parametrize(
    ("cell", "block"), [("rnn", "1 block"), ("lstm", "4 block"), ("gru", "3 block")]
)
def test_another_cells_weights_are_refused(cell: str, block: str) -> None:
    for other, module in MODULES.items():
        weights = Build(other).random_weights(np.random.default_rng(16))
        if other != cell:
            with pytest.raises(ValueError, match=f"^{cell}: weight_ih_l0 has shape .*{block}"):
                MODULES[cell].forward(weights, X)
        else:
            module.forward(weights, X)


@pytest.mark.parametrize(
    ("x", "options", "error", "said"),
    [
        (X[:, :, :1], {}, ValueError, r"x has shape \(3, 3, 1\).*D = 2.*\(T, 2\), \(T, B, 2\)"),
        (X[None], {}, ValueError, r"x has shape \(1, 3, 3, 2\)"),
        (X[0, 0], {}, ValueError, r"x has shape \(2,\)"),
        (X[0, :, :1], {"batch_first": True}, ValueError, r"\(B, T, 2\), with batch_first=True"),
        (X[:0], {}, ValueError, r"x of shape \(0, 3, 2\) has no time step"),
        (X[:, :0], {"batch_first": True}, ValueError, r"x of shape \(3, 0, 2\) has no time step"),
        (X.astype(np.float32), {}, TypeError, "x has dtype float32, but the weights have float64"),
        (X.astype(int), {}, TypeError, r"x has dtype int64.*x.astype\(np.float64\)"),
        (X, {"state": STATE}, ValueError, r"pass \(h_0, c_0\)"),
        (X, {"state": (STATE,)}, ValueError, r"pass \(h_0, c_0\)"),
        (
            X,
            {"state": (STATE, STATE[:2])},
            ValueError,
            r"c_0 has shape \(2, 3, 2\), expected \(4, 3, 2\).*2 layer\(s\) x 2 direction",
        ),
        (
            X,
            {"state": (STATE.swapaxes(0, 1), STATE), "batch_first": True},
            ValueError,
            r"h_0 has shape \(3, 4, 2\), expected \(4, 3, 2\).*whatever batch_first is",
        ),
        (X[:, 0], {"state": (STATE, STATE)}, ValueError, r"h_0 .*expected \(4, 2\)"),
        (
            X,
            {"state": (STATE, STATE.astype(np.float32))},
            TypeError,
            "c_0 has dtype float32, but the weights have float64",
        ),
        (X, {"lengths": [3, 3]}, ValueError, r"lengths has shape \(2,\).*B = 3"),
        (X, {"lengths": [3.0, 3.0, 3.0]}, ValueError, "lengths has shape .* dtype float64"),
        (X, {"lengths": [3, 0, 1]}, ValueError, "lengths run from 0 to 3.*1 to 3"),
        (X, {"lengths": [3, 4, 1]}, ValueError, "lengths run from 1 to 4.*3 time step"),
    ],
)
def test_arguments(x: Any, options: Any, error: Any, said: str) -> None:
    with pytest.raises(error, match="^lstm: .*" + said):
        lstm.forward(WEIGHTS, x, **options)


def test_an_unknown_nonlinearity() -> None:
    weights = Build("rnn").random_weights(np.random.default_rng(17))
    with pytest.raises(ValueError, match=r"unknown nonlinearity 'sigmoid'.*'tanh' or 'relu'"):
        rnn.forward(weights, X, nonlinearity="sigmoid")


def test_gradients_of_a_wrong_shape() -> None:
    _, _, cache = lstm.forward(WEIGHTS, X.swapaxes(0, 1)[:2], batch_first=True)
    d_output = np.zeros((T, 2, 2 * H))
    with pytest.raises(ValueError, match=r"d_output has shape \(3, 2, 4\), but output has \(2, 3,"):
        lstm.backward(cache, d_output)
    with pytest.raises(ValueError, match=r"pass \(dh_n, dc_n\)"):
        lstm.backward(cache, None, STATE)
    with pytest.raises(ValueError, match=r"dc_n has shape \(4, 3, 2\), expected \(4, 2, 2\)"):
        lstm.backward(cache, None, (STATE[:, :2], STATE))


def test_a_pair_where_one_state_belongs() -> None:
    weights = Build("gru").random_weights(np.random.default_rng(18))
    h = np.zeros((1, B, H))
    with pytest.raises(ValueError, match=r"h_0 has shape \(2, 1, 3, 2\), expected \(1, 3, 2\)"):
        gru.forward(weights, X, (h, h))
