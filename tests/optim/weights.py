"""What the tests of `optim` share: the least that can be a parameter, and a case per optimiser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tinygrad_rnn import optim


@dataclass(eq=False)
class Weight:
    """A parameter that is nothing but its data and its gradient."""

    data: Any
    grad: Any = None
    name: str | None = None


# Every optimiser with every option in use at least once; with each, a learning rate that takes
# the bowl of `test_every_optimizer` to its bottom within 400 steps.
CASES: dict[str, tuple[type[optim.Optimizer], dict[str, Any]]] = {
    "SGD": (optim.SGD, {"lr": 0.3}),
    "SGD momentum": (optim.SGD, {"lr": 0.1, "momentum": 0.8}),
    "SGD dampening": (optim.SGD, {"lr": 0.3, "momentum": 0.7, "dampening": 0.5}),
    "SGD nesterov": (optim.SGD, {"lr": 0.1, "momentum": 0.8, "nesterov": True}),
    "SGD decay": (optim.SGD, {"lr": 0.3, "momentum": 0.5, "weight_decay": 0.2}),
    "Adagrad": (optim.Adagrad, {"lr": 1.0}),
    "Adagrad decay": (
        optim.Adagrad,
        {
            "lr": 2.0,
            "lr_decay": 1e-3,
            "weight_decay": 0.2,
            "initial_accumulator_value": 0.5,
            "eps": 1e-6,
        },
    ),
    "RMSprop": (optim.RMSprop, {"lr": 0.01}),
    "RMSprop decay": (optim.RMSprop, {"lr": 0.01, "alpha": 0.9, "eps": 1e-2, "weight_decay": 0.2}),
    "RMSprop momentum": (optim.RMSprop, {"lr": 3e-3, "momentum": 0.8}),
    "RMSprop centered": (optim.RMSprop, {"lr": 0.01, "centered": True, "eps": 0.1}),
    "RMSprop both": (
        optim.RMSprop,
        {"lr": 3e-3, "centered": True, "momentum": 0.8, "eps": 0.1},
    ),
    "Adam": (optim.Adam, {"lr": 0.05}),
    "Adam decay": (optim.Adam, {"lr": 0.05, "betas": (0.8, 0.95), "weight_decay": 0.2}),
    "Adam amsgrad": (optim.Adam, {"lr": 0.1, "amsgrad": True, "eps": 1e-6}),
    "AdamW": (optim.AdamW, {"lr": 0.05, "weight_decay": 1e-3}),
    "AdamW amsgrad": (optim.AdamW, {"lr": 0.1, "amsgrad": True, "weight_decay": 0.0}),
}


def make(case: str, params: Sequence[Weight]) -> optim.Optimizer:
    """Make the optimiser of a case."""
    kind, options = CASES[case]
    return kind(params, **options)
