"""micrograd's habits work here, with its printed figures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tests.engine.witness import slopes
from tinygrad_rnn import Value


def first_expression(a: Any, b: Any, relu: Any) -> Any:
    """The expression of micrograd's README, line by line."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + relu(b + a)
    d += 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def test_the_first_expression_prints_the_figures_of_its_readme() -> None:
    a = Value(-4.0)
    b = Value(2.0)
    g = first_expression(a, b, lambda x: x.relu())
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_the_first_expression_agrees_with_difference_quotients() -> None:
    a, b = Value(-4.0), Value(2.0)
    first_expression(a, b, lambda x: x.relu()).backward()
    da, db = slopes(lambda a, b: first_expression(a, b, lambda x: np.maximum(x, 0)), -4.0, 2.0)
    np.testing.assert_allclose([a.grad, b.grad], [da, db], rtol=1e-7)


def test_micrograd_s_own_sanity_check() -> None:
    # micrograd's test: z = 2x + 2 + x; q = relu(z) + z·x; h = relu(z²); y = h + q + q·x, x = −4,
    # by hand: z = −10, q = 40, h = 100, y = −20; dy/dx = 2z·3 + (1 + x)·(3x + z) + q = 46.
    x = Value(-4.0)
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    y = h + q + q * x
    y.backward()
    assert float(y.data) == -20.0
    assert float(x.grad) == 46.0


@pytest.mark.parametrize(
    ("f", "y", "slope"),
    [
        (lambda x: 3 + x, 5.0, 1.0),
        (lambda x: 3 - x, 1.0, -1.0),
        (lambda x: 3 * x, 6.0, 3.0),
        (lambda x: 3 / x, 1.5, -0.75),
        (lambda x: x + 3, 5.0, 1.0),
        (lambda x: x - 3, -1.0, 1.0),
        (lambda x: x / 4, 0.5, 0.25),
        (lambda x: x**3, 8.0, 12.0),
        (lambda x: x**-1, 0.5, -0.25),
        (lambda x: x**0.5, math.sqrt(2), 0.5 / math.sqrt(2)),
        (lambda x: 3**x, 9.0, 9 * math.log(3)),
        (lambda x: x**x, 4.0, 4 * (math.log(2) + 1)),
        (lambda x: -x, -2.0, -1.0),
        (lambda x: +x * 1, 2.0, 1.0),
        (lambda x: abs(x), 2.0, 1.0),
        (lambda x: abs(-x), 2.0, 1.0),
        (lambda x: x.relu(), 2.0, 1.0),
        (lambda x: (-x).relu(), 0.0, 0.0),
        (lambda x: x.tanh(), math.tanh(2), 1 / math.cosh(2) ** 2),
        (lambda x: x.exp(), math.exp(2), math.exp(2)),
        (lambda x: x.log(), math.log(2), 0.5),
        (lambda x: x.sqrt(), math.sqrt(2), 0.5 / math.sqrt(2)),
        (lambda x: x.sigmoid(), 1 / (1 + math.exp(-2)), math.exp(-2) / (1 + math.exp(-2)) ** 2),
        (lambda x: sum([x, x * x, x]), 8.0, 6.0),
        (lambda x: sum((x * i for i in range(4)), Value(1.0)), 13.0, 6.0),
    ],
)
def test_operators_and_methods_of_a_scalar(f: Any, y: float, slope: float) -> None:
    x = Value(2.0)
    result = f(x)
    result.backward()
    assert float(result.data) == pytest.approx(y, rel=1e-15)
    assert float(x.grad) == pytest.approx(slope, rel=1e-14)


def test_augmented_assignment_makes_a_new_value_and_leaves_the_old_one() -> None:
    a = Value(2.0)
    kept = b = a * 3
    b += a
    b *= 2
    b.backward()
    assert (float(kept.data), float(b.data)) == (6.0, 16.0)
    assert float(a.grad) == 8.0
    assert float(kept.grad) == 2.0


def test_gradients_are_reset_by_hand_as_micrograd_s_users_do() -> None:
    a = Value(3.0)
    for expected in (6.0, 6.0):
        a.grad = None
        (a * a).backward()
        assert float(a.grad) == expected
    a.grad = np.float64(0.0)
    (a * a).backward()
    assert float(a.grad) == 6.0


def test_a_neuron_learns() -> None:
    # One step of gradient descent by hand: y = tanh(w·x + b), loss = (y − t)².
    w, b, x, t = Value(0.5), Value(-0.25), 2.0, 1.0
    y = (w * x + b).tanh()
    loss = (y - t) ** 2
    loss.backward()
    out = math.tanh(0.75)
    inner = 2 * (out - t) * (1 - out**2)
    np.testing.assert_allclose([w.grad, b.grad], [inner * x, inner], rtol=1e-14)
    w.data -= 0.1 * w.grad
    b.data -= 0.1 * b.grad
    assert float(((w * x + b).tanh() - t) ** 2) < float(loss)
