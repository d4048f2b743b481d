"""On arrays alone an op is a NumPy function: whole numbers and lists come in, arrays go out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value

WHOLE = np.array([[1, 2, 3], [7, 5, 4]])
IDS = np.array([0, 2])

# Ops whose result of whole numbers is the same as of the floats that they equal.
OPS: dict[str, Callable[[Any], Any]] = {
    **{
        name: getattr(tg, name)
        for name in [
            "negative", "absolute", "exp", "expm1", "log", "log1p", "sqrt", "square", "sin", "cos",
            "tanh", "sigmoid", "relu", "softplus", "sum", "mean", "var", "max", "min", "prod",
            "cumsum", "logsumexp", "softmax", "log_softmax", "ravel", "transpose", "flip",
        ]
    },
    "add": lambda x: tg.add(x, 1),
    "divide": lambda x: tg.divide(x, 2),
    "power": lambda x: tg.power(x, 2),
    "maximum": lambda x: tg.maximum(x, 3),
    "clip": lambda x: tg.clip(x, 2, 4),
    "where": lambda x: tg.where(WHOLE > 2, x, 0),
    "logsumexp, axis": lambda x: tg.logsumexp(x, axis=0),
    "softmax, axis": lambda x: tg.softmax(x, axis=0),
    "matmul": lambda x: tg.matmul(x, [[1], [2], [3]]),
    "linear": lambda x: tg.linear(x, [[1, 0, 2]], [3]),
    "einsum": lambda x: tg.einsum("ij->j", x),
    "outer": lambda x: tg.outer(x, [1, 2]),
    "concatenate": lambda x: tg.concatenate([x, x]),
    "stack": lambda x: tg.stack([x, x], axis=1),
    "pad": lambda x: tg.pad(x, pad_width=1),
    "take": lambda x: tg.take(x, [0, 0], axis=1),
    "cross-entropy": lambda x: tg.softmax_cross_entropy(x, IDS),
    "cross-entropy of shares": lambda x: tg.softmax_cross_entropy(x, np.full((2, 3), 1 / 3)),
}  # fmt: skip


@pytest.mark.parametrize("name", OPS)
def test_whole_numbers_and_lists(name: str) -> None:
    f = OPS[name]
    expected = f(WHOLE.astype(np.float64))
    for given in (WHOLE, WHOLE.astype(np.int8), WHOLE.astype(np.uint8), WHOLE.tolist()):
        if name in ("negative", "prod", "square", "power") and given is not WHOLE:
            continue  # NumPy's narrow integers wrap around, as they do in NumPy
        y = f(given)
        assert isinstance(y, (np.ndarray, np.generic))
        # exp of int8 is float16 in NumPy: compare within the precision of the result.
        eps = np.finfo(y.dtype).eps if y.dtype.kind == "f" else 0.0
        np.testing.assert_allclose(
            y.astype(np.float64), expected, rtol=16 * float(eps), atol=4 * float(eps)
        )


@pytest.mark.parametrize("name", OPS)
def test_a_value_of_whole_numbers_that_needs_no_gradient(name: str) -> None:
    f = OPS[name]
    y = f(Value(WHOLE, requires_grad=False))
    assert isinstance(y, Value)
    assert not y.requires_grad
    np.testing.assert_allclose(y.data, f(WHOLE.astype(np.float64)), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("name", OPS)
def test_the_array_that_came_in_is_left_as_it_was(name: str) -> None:
    x = WHOLE.astype(np.float64)
    y = OPS[name](x)
    np.testing.assert_array_equal(x, WHOLE)
    if name not in ("ravel", "transpose", "flip"):  # views, as in NumPy
        assert not np.shares_memory(x, y)
