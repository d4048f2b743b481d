"""Each optimiser against its formula, written again for one number in plain Python.

The recurrences are those of the papers (named at each), in their own letters and order; the
gradients come from a sequence, so that no error can heal itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import sqrt
from typing import Any

import numpy as np
import pytest

from tests.optim.weights import CASES, Weight, make

Steps = Iterator[float]


def sgd(
    w: float,
    gradients: list[float],
    lr: float,
    momentum: float = 0,
    dampening: float = 0,
    weight_decay: float = 0,
    nesterov: bool = False,
) -> Steps:
    """Sutskever et al. 2013, with the learning rate outside of the velocity."""
    velocity = None
    for g in gradients:
        g = g + weight_decay * w
        velocity = g if velocity is None else momentum * velocity + (1 - dampening) * g
        if momentum == 0:
            step = g
        elif nesterov:
            step = g + momentum * velocity
        else:
            step = velocity
        w = w - lr * step
        yield w


def adagrad(
    w: float,
    gradients: list[float],
    lr: float,
    lr_decay: float = 0,
    weight_decay: float = 0,
    initial_accumulator_value: float = 0,
    eps: float = 1e-10,
) -> Steps:
    """Duchi et al. 2011, diagonal; the sum is added up anew at every step."""
    seen: list[float] = []
    for t, g in enumerate(gradients, start=1):
        seen.append(g + weight_decay * w)
        total = initial_accumulator_value + sum(x**2 for x in seen)
        w = w - lr / (1 + (t - 1) * lr_decay) * seen[-1] / (sqrt(total) + eps)
        yield w


def rmsprop(
    w: float,
    gradients: list[float],
    lr: float,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0,
    momentum: float = 0,
    centered: bool = False,
) -> Steps:
    """Graves 2013, equations 38 to 41, with ε outside of the root; means as explicit sums."""
    seen: list[float] = []
    delta = 0.0
    for g in gradients:
        seen.append(g + weight_decay * w)
        shares = [(1 - alpha) * alpha**age for age in range(len(seen))]
        n = sum(s * x**2 for s, x in zip(shares, reversed(seen), strict=True))
        mean = sum(s * x for s, x in zip(shares, reversed(seen), strict=True))
        spread = sqrt(n - mean**2) if centered else sqrt(n)
        delta = momentum * delta + seen[-1] / (spread + eps)
        w = w - lr * delta
        yield w


def adam(
    w: float,
    gradients: list[float],
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0,
    amsgrad: bool = False,
    decoupled: bool = False,
) -> Steps:
    """Kingma & Ba 2015, algorithm 1; AdamW: Loshchilov & Hutter 2019, algorithm 2, line 12."""
    m = v = largest = 0.0
    for t, g in enumerate(gradients, start=1):
        old = w
        if not decoupled:
            g = g + weight_decay * old
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g**2
        largest = max(largest, v)
        m_hat = m / (1 - betas[0] ** t)
        v_hat = (largest if amsgrad else v) / (1 - betas[1] ** t)
        w = old - lr * m_hat / (sqrt(v_hat) + eps)
        if decoupled:
            w = w - lr * weight_decay * old
        yield w


def adamw(w: float, gradients: list[float], lr: float, **options: Any) -> Steps:
    return adam(w, gradients, lr, **({"weight_decay": 1e-2} | options), decoupled=True)


FORMULAS: dict[str, Callable[..., Steps]] = {
    "SGD": sgd,
    "Adagrad": adagrad,
    "RMSprop": rmsprop,
    "Adam": adam,
    "AdamW": adamw,
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("defaults", [False, True])
def test_twelve_steps_follow_the_formula(case: str, defaults: bool) -> None:
    kind, options = CASES[case]
    start = [0.7, -1.3, 2.1]
    # Sizes from 10⁻³ to 10², signs that change, and a zero.
    sequence = np.random.default_rng(3).standard_normal((12, 3)) * 10.0 ** np.arange(-3, 3).repeat(
        6
    ).reshape(12, 3)
    sequence[4, 1] = 0.0
    w = Weight(np.array(start))
    if defaults:
        options = {"lr": 0.02}
        optimizer = kind([w], **options)
    else:
        optimizer = make(case, [w])
    ours = []
    for g in sequence:
        w.grad = g
        optimizer.step()
        ours.append(w.data.copy())
    columns = [
        list(FORMULAS[kind.__name__](start[i], sequence[:, i].tolist(), **options))
        for i in range(3)
    ]
    np.testing.assert_allclose(np.array(ours), np.transpose(columns), rtol=1e-12, atol=1e-13)


def test_adam_by_hand() -> None:
    # g = 2, then −1 with β = (½, ¾): m = 1, 0; v = 1, 1; after correction m̂ = 2, 0 and v̂ = 4, 16/7.
    w = Weight(np.array([1.0]), np.array([2.0]))
    optimizer = CASES["Adam"][0]([w], lr=0.25, betas=(0.5, 0.75), eps=0.0)
    optimizer.step()
    assert w.data[0] == 0.75  # 1 − ¼ · 2/√4
    w.grad = np.array([-1.0])
    optimizer.step()
    assert w.data[0] == 0.75
    assert optimizer.state[0]["exp_avg"][0] == 0.0
    assert optimizer.state[0]["exp_avg_sq"][0] == 1.0
