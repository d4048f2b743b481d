"""Schedules: the learning rate as a function of the number of steps. Imports the base class only.

Names and meaning are PyTorch's. Here each schedule is a closed formula of the step, so that
nothing drifts and a resumed run has the very same rates; two schedules on one optimiser
therefore do not multiply: the one that steps last decides (`sequential.py` combines them). The
formulas that have names are in `decay.py`.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from .optimizer import Optimizer
from .options import checked_options, options_of, real, refuse, whole


class LRScheduler(ABC):
    """Set the learning rate of an optimiser, at once and at every `step`.

    To write another: declare its options and write `rate` (see `ExponentialLR`).

    Parameters
    ----------
    optimizer : Optimizer
        Whose ``.lr`` is set. Its learning rate when its first schedule is made is the base rate.
    **options : float or int
        A value for every option that the class declares.

    Attributes
    ----------
    base_lr : float
        The base rate.
    last_epoch : int
        How often `step` was called: after each epoch or each batch, as the caller likes.

    Raises
    ------
    TypeError, ValueError
        If the first argument is no optimiser, or an option makes no sense.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np, tinygrad_rnn as tg
    >>> class Halving(tg.optim.LRScheduler):
    ...     def rate(self, t):
    ...         return self.base_lr / 2**t
    >>> w = SimpleNamespace(data=np.zeros(2), grad=np.ones(2))
    >>> optimizer = tg.optim.SGD([w], lr=1.0)
    >>> schedule = Halving(optimizer)
    >>> schedule.step()
    >>> optimizer.lr
    0.5
    """

    def __init__(self, optimizer: Optimizer, **options: Any) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"{type(self).__name__}: optimizer is {type(optimizer).__name__}\n"
                "  why: a schedule sets the learning rate of an optimiser\n"
                f"  fix: write {type(self).__name__}(optim.Adam(params, lr=1e-3), …)"
            )
        for name, value in options.items():
            setattr(self, name, value)
        if optimizer.initial_lr is None:
            optimizer.initial_lr = optimizer.lr
        self.optimizer = optimizer
        self.base_lr = optimizer.initial_lr
        self.last_epoch = 0
        self.optimizer.lr = self.rate(0)

    @abstractmethod
    def rate(self, t: int) -> float:
        """Return the learning rate after `t` steps of the schedule."""

    def step(self) -> None:
        """Set the next learning rate; call it after ``optimizer.step()``."""
        self.last_epoch += 1
        self.optimizer.lr = self.rate(self.last_epoch)

    def get_last_lr(self) -> list[float]:
        """Return the present learning rate, in a list as PyTorch's groups have it."""
        return [self.rate(self.last_epoch)]

    def state_dict(self) -> dict[str, Any]:
        """Return what the schedule depends on, as numbers that JSON can hold."""
        options = {name: getattr(self, name) for name in options_of(type(self))}
        return {"last_epoch": self.last_epoch, "base_lr": self.base_lr, "options": options}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state, and set the learning rate that belongs to it.

        Raises
        ------
        ValueError
            If it does not fit; all mismatches are named, and nothing has been changed.
        """
        faults: list[str] = []
        self._check_state(state_dict, faults)
        refuse(type(self).__name__, faults)
        self._take_state(state_dict)
        self.optimizer.initial_lr = self.base_lr
        self.optimizer.lr = self.rate(self.last_epoch)

    def _check_state(self, state: Mapping[str, Any], faults: list[str]) -> None:
        """Add to `faults` what is wrong with a saved state."""
        expected = self.state_dict()
        faults.extend(f"{key!r} is missing" for key in expected if key not in state)
        faults.extend(f"{key!r} is unknown" for key in state if key not in expected)
        for key, convert in (("last_epoch", whole), ("base_lr", real)):
            try:
                if key in state and not 0 <= convert(state[key]) < math.inf:
                    raise ValueError
            except (TypeError, ValueError):
                faults.append(f"{key!r} is {state[key]!r}")
        if "options" in state:
            checked_options(type(self), state["options"], faults)

    def _take_state(self, state: Mapping[str, Any]) -> None:
        """Take over a state that was checked."""
        self.last_epoch, self.base_lr = whole(state["last_epoch"]), real(state["base_lr"])
        for name, value in checked_options(type(self), state["options"], []).items():
            setattr(self, name, value)

    def __repr__(self) -> str:
        options = [f"{name}={getattr(self, name)!r}" for name in options_of(type(self))]
        return f"{type(self).__name__}({', '.join([f'base_lr={self.base_lr!r}', *options])})"


class LambdaLR(LRScheduler):
    """The base rate times a function of the step: η₀·f(t).

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rate is set.
    lr_lambda : callable
        From the step t to a factor. It is not part of the state: make the schedule with it again.

    Raises
    ------
    TypeError, ValueError
        If the first argument is no optimiser, or an option makes no sense.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np, tinygrad_rnn as tg
    >>> w = SimpleNamespace(data=np.zeros(2), grad=np.ones(2))
    >>> optimizer = tg.optim.SGD([w], lr=1.0)
    >>> schedule = tg.optim.LambdaLR(optimizer, lambda t: 1 / (1 + t))
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     schedule.step()
    >>> round(optimizer.lr, 6)
    0.25
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Callable[[int], float]) -> None:
        self.lr_lambda = lr_lambda
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """Return η₀·f(t)."""
        return self.base_lr * self.lr_lambda(t)
