"""Schedules against their definition, step by step, and through a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.optim.weights import Weight
from tinygrad_rnn.optim import (
    SGD,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    Optimizer,
    SequentialLR,
    StepLR,
)


def sgd(lr: float = 0.8) -> SGD:
    return SGD([Weight(np.ones(1))], lr=lr)


def rates(schedule: LRScheduler, steps: int) -> list[float]:
    """The learning rate that each of so many steps is made with."""
    seen = []
    for _ in range(steps):
        seen.append(schedule.optimizer.lr)
        assert schedule.get_last_lr() == [schedule.optimizer.lr]
        schedule.step()
    return seen


def warm_up_and_decay(optimizer: Optimizer) -> SequentialLR:
    parts = [LinearLR(optimizer, 0.25, total_iters=3), StepLR(optimizer, 2, gamma=0.5)]
    return SequentialLR(optimizer, parts, milestones=[3])


# The base rate is 0.8; the rates are worked out by hand (cosine: cos 0, 60°, 120°, 180°, 240°).
SCHEDULES: dict[str, tuple[Callable[[Optimizer], LRScheduler], list[float]]] = {
    "LambdaLR": (lambda o: LambdaLR(o, lambda t: 1 / (1 + t)), [0.8, 0.4, 0.8 / 3, 0.2]),
    "StepLR": (lambda o: StepLR(o, 2), [0.8, 0.8, 0.08, 0.08, 0.008]),
    "StepLR gamma": (lambda o: StepLR(o, step_size=1, gamma=0.5), [0.8, 0.4, 0.2, 0.1]),
    "ExponentialLR": (lambda o: ExponentialLR(o, 0.5), [0.8, 0.4, 0.2, 0.1]),
    "LinearLR": (lambda o: LinearLR(o, 0.25, total_iters=3), [0.2, 0.4, 0.6, 0.8, 0.8]),
    "LinearLR down": (lambda o: LinearLR(o, 1.0, 0.0, total_iters=2), [0.8, 0.4, 0.0, 0.0]),
    "LinearLR defaults": (LinearLR, [0.8 * x / 15 for x in (5, 7, 9, 11, 13, 15, 15)]),
    "CosineAnnealingLR": (lambda o: CosineAnnealingLR(o, 3), [0.8, 0.6, 0.2, 0.0, 0.2, 0.6, 0.8]),
    "CosineAnnealingLR min": (lambda o: CosineAnnealingLR(o, 3, 0.4), [0.8, 0.7, 0.5, 0.4, 0.5]),
    "SequentialLR": (warm_up_and_decay, [0.2, 0.4, 0.6, 0.8, 0.8, 0.4, 0.4, 0.2]),
    "SequentialLR nested": (
        lambda o: SequentialLR(o, [warm_up_and_decay(o), ExponentialLR(o, 0.5)], [5]),
        [0.2, 0.4, 0.6, 0.8, 0.8, 0.8, 0.4, 0.2],
    ),
}

every_schedule = pytest.mark.parametrize("case", SCHEDULES)


@every_schedule
def test_the_rates_are_those_worked_out_by_hand(case: str) -> None:
    make, expected = SCHEDULES[case]
    np.testing.assert_allclose(rates(make(sgd()), len(expected)), expected, rtol=1e-14, atol=1e-16)


@every_schedule
def test_a_schedule_goes_on_from_its_state_exactly(case: str) -> None:
    make, _ = SCHEDULES[case]
    never_stopped = make(sgd())
    rates(never_stopped, 4)
    state = json.loads(json.dumps(never_stopped.state_dict()))
    resumed = make(sgd(lr=0.1))  # the base rate comes with the state
    resumed.load_state_dict(state)
    assert resumed.optimizer.lr == never_stopped.optimizer.lr
    assert rates(resumed, 6) == rates(never_stopped, 6)
    assert resumed.state_dict() == never_stopped.state_dict()
    assert StepLR(resumed.optimizer, 9).base_lr == 0.8  # nor is 0.1 remembered elsewhere


def test_options_come_with_the_state() -> None:
    resumed = StepLR(sgd(), step_size=7)
    resumed.load_state_dict(StepLR(sgd(), step_size=2, gamma=0.5).state_dict())
    assert rates(resumed, 4) == [0.8, 0.8, 0.4, 0.4]


def test_optimizer_and_schedule_are_restored_in_either_order() -> None:
    optimizer = sgd()
    schedule = ExponentialLR(optimizer, 0.5)
    rates(schedule, 3)
    saved = optimizer.state_dict(), schedule.state_dict()
    for first in (0, 1):
        other = sgd(lr=0.3)
        if first == 0:  # the optimiser is loaded before its schedule is even made
            other.load_state_dict(saved[0])
        again = ExponentialLR(other, 0.5)
        again.load_state_dict(saved[1])
        other.load_state_dict(saved[0])
        assert rates(again, 2) == [0.1, 0.05]


def test_a_second_schedule_starts_from_the_first_rate_of_all() -> None:
    optimizer = sgd()
    rates(ExponentialLR(optimizer, 0.5), 3)
    assert optimizer.lr == 0.1
    assert rates(StepLR(optimizer, 10), 1) == [0.8]


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda o: StepLR(o, 0), ValueError, r"StepLR: step_size=0 .*\n  why: .* whole .* least 1"),
        (lambda o: StepLR(o, 2.5), TypeError, r"step_size=2\.5"),
        (lambda o: StepLR(o, True), TypeError, r"step_size=True"),
        (lambda o: StepLR(o, 2, -0.1), ValueError, r"gamma=-0\.1"),
        (lambda o: ExponentialLR(o, float("nan")), ValueError, r"gamma=nan"),
        (lambda o: LinearLR(o, 0.0), ValueError, r"start_factor=0\.0 .*\n  why: .* above 0"),
        (lambda o: LinearLR(o, 1.01), ValueError, r"start_factor=1\.01"),
        (lambda o: LinearLR(o, 0.5, 1.5), ValueError, r"end_factor=1\.5"),
        (lambda o: LinearLR(o, total_iters=0), ValueError, r"total_iters=0"),
        (lambda o: CosineAnnealingLR(o, 0), ValueError, r"T_max=0"),
        (lambda o: CosineAnnealingLR(o, 5, -1e-9), ValueError, r"eta_min=-1e-09"),
        (lambda o: LambdaLR(o, lambda t: -1.0), ValueError, r"SGD: lr=-0\.8"),
        (lambda o: StepLR(o.params, 2), TypeError, r"StepLR: optimizer is list"),
        (lambda o: SequentialLR(o, [], []), ValueError, r"0 schedulers with milestones=\[\]"),
        (lambda o: SequentialLR(o, [LinearLR(o)], [1]), ValueError, r"1 schedulers"),
        (lambda o: SequentialLR(o, [LinearLR(o)] * 3, [4, 4]), ValueError, r"=\[4, 4\]"),
        (lambda o: SequentialLR(o, [LinearLR(o)] * 2, [0]), ValueError, r"=\[0\]"),
        (lambda o: SequentialLR(o, [LinearLR(o)] * 2, [1.5]), ValueError, r"=\[1\.5\]"),
        (lambda o: SequentialLR(o, [LinearLR(sgd())], []), ValueError, r"another optimiser"),
    ],
)
def test_what_a_schedule_refuses(
    make: Callable[[SGD], LRScheduler], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said) as caught:
        make(sgd())
    assert "\n  fix: " in str(caught.value)


@pytest.mark.parametrize(
    ("make", "state", "said"),
    [
        (lambda o: StepLR(o, 2), {}, r"3 mismatches[\s\S]*'last_epoch' is missing"),
        (
            lambda o: StepLR(o, 2),
            {"last_epoch": -1, "base_lr": float("nan"), "options": {"gamma": -1, "power": 2}},
            r"5 mismatches[\s\S]*'last_epoch' is -1[\s\S]*'base_lr' is nan[\s\S]*'step_size' is mi"
            r"[\s\S]*'power' is unknown[\s\S]*gamma=-1: it must be",
        ),
        (
            warm_up_and_decay,
            {
                "last_epoch": 1,
                "base_lr": 1.0,
                "options": {},
                "milestones": [2, 1],
                "schedulers": [],
            },
            r"'milestones' is \[2, 1\][\s\S]*it holds 0 schedules, there are 2",
        ),
        (
            warm_up_and_decay,
            SequentialLR(o := sgd(), [StepLR(o, 2), StepLR(o, 2)], [3]).state_dict(),
            r"schedule 0: option 'start_factor' is missing",
        ),
    ],
)
def test_a_state_that_does_not_fit(
    make: Callable[[SGD], LRScheduler], state: dict[str, Any], said: str
) -> None:
    schedule = make(sgd())
    before = schedule.state_dict()
    with pytest.raises(ValueError, match=said):
        schedule.load_state_dict(state)
    assert schedule.state_dict() == before
