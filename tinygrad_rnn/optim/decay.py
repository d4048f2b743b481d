"""Schedules that have names: steps, powers, straight lines, cosines. Imports the base class.

Names and meaning are PyTorch's; `schedule.py` says what all of them share.
"""

from __future__ import annotations

import math

from .optimizer import Optimizer
from .options import Count, Number
from .schedule import LRScheduler


class StepLR(LRScheduler):
    """The rate falls by the factor `gamma` every `step_size` steps.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rate is set.
    step_size : int
        The number of steps n between one fall and the next.
    gamma : float
        The factor γ.

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
    >>> schedule = tg.optim.StepLR(optimizer, step_size=2, gamma=0.1)
    >>> for _ in range(5):
    ...     optimizer.step()
    ...     schedule.step()
    >>> round(optimizer.lr, 6)
    0.01
    """

    step_size = Count(30)
    gamma = Number(0.1)

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        super().__init__(optimizer, step_size=step_size, gamma=gamma)

    def rate(self, t: int) -> float:
        """Return η₀·γ^⌊t/n⌋, where n is `step_size`."""
        return float(self.base_lr * self.gamma ** (t // self.step_size))


class ExponentialLR(LRScheduler):
    """The rate falls by the factor `gamma` at every step.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rate is set.
    gamma : float
        The factor γ.

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
    >>> schedule = tg.optim.ExponentialLR(optimizer, gamma=0.5)
    >>> for _ in range(3):
    ...     optimizer.step()
    ...     schedule.step()
    >>> round(optimizer.lr, 6)
    0.125
    """

    gamma = Number(0.99)

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        super().__init__(optimizer, gamma=gamma)

    def rate(self, t: int) -> float:
        """Return η₀·γᵗ."""
        return float(self.base_lr * self.gamma**t)


class LinearLR(LRScheduler):
    """The rate goes in a straight line from one share of the base rate to another, then stays.

    With the defaults, or a small `start_factor`, this is the usual warm-up.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rate is set.
    start_factor, end_factor : float
        The shares f₀ (above 0) and f₁; neither above 1.
    total_iters : int
        The steps n from one to the other.

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
    >>> schedule = tg.optim.LinearLR(optimizer, start_factor=0.5, total_iters=4)
    >>> for _ in range(2):
    ...     optimizer.step()
    ...     schedule.step()
    >>> round(optimizer.lr, 6)
    0.75
    """

    start_factor = Number(0.1, "a number above 0 and at most 1", lambda f: 0 < f <= 1)
    end_factor = Number(1.0, "a number from 0 to 1", lambda f: 0 <= f <= 1)
    total_iters = Count(100)

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
    ) -> None:
        super().__init__(
            optimizer, start_factor=start_factor, end_factor=end_factor, total_iters=total_iters
        )

    def rate(self, t: int) -> float:
        """Return η₀·(f₀ + (f₁ − f₀)·min(t, n)/n)."""
        done = min(t, self.total_iters) / self.total_iters
        return self.base_lr * (self.start_factor + (self.end_factor - self.start_factor) * done)


class CosineAnnealingLR(LRScheduler):
    """The rate falls to `eta_min` along half a cosine of `T_max` steps (and then rises again).

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rate is set.
    T_max : int
        The steps from the base rate η₀ down to `eta_min`.
    eta_min : float
        The lowest rate η₁.

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
    >>> schedule = tg.optim.CosineAnnealingLR(optimizer, T_max=10)
    >>> for _ in range(5):
    ...     optimizer.step()
    ...     schedule.step()
    >>> round(optimizer.lr, 6)
    0.5
    """

    T_max = Count(1000)
    eta_min = Number(0.0)

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        super().__init__(optimizer, T_max=T_max, eta_min=eta_min)

    def rate(self, t: int) -> float:
        """Return η₁ + (η₀ − η₁)·(1 + cos(π·t/T_max)) / 2.

        Source: Loshchilov, Hutter: SGDR (arXiv:1608.03983), equation 5.
        """
        return self.eta_min + (self.base_lr - self.eta_min) * (
            (1 + math.cos(math.pi * t / self.T_max)) / 2
        )
