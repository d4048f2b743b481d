"""Adagrad: a learning rate per weight that only ever shrinks. Imports NumPy and the base class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .optimizer import Optimizer
from .options import Number
from .parameters import Parameter


class Adagrad(Optimizer):
    """Adagrad: divide each gradient by the root of the sum of its squares so far.

    Parameters
    ----------
    params : iterable of Parameter
        What to train, for example ``model.parameters()``.
    lr : float
        The learning rate η.
    lr_decay : float
        How the learning rate falls: at step t it is η / (1 + (t − 1)·lr_decay).
    weight_decay : float
        The factor λ of the penalty (λ/2)·‖w‖².
    initial_accumulator_value : float
        What the sum of squares starts from.
    eps : float
        Added to the root, so that nothing is divided by zero.

    Raises
    ------
    TypeError, ValueError
        For an option that makes no sense, or parameters that cannot be trained.

    References
    ----------
    Duchi, Hazan, Singer: Adaptive subgradient methods for online learning and stochastic
    optimization (JMLR 12, 2011).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> w = SimpleNamespace(data=np.array([1.0, 2.0]), grad=np.array([10.0, -0.1]))
    >>> Adagrad([w], lr=0.5).step()
    >>> print(w.data.round(6))
    [0.5 2.5]
    """

    lr_decay = Number(0.0)
    initial_accumulator_value = Number(0.1)
    eps = Number(1e-10)

    def __init__(
        self,
        params: Iterable[Parameter] | Parameter,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )

    def buffers(self) -> tuple[str, ...]:
        """Keep the sum of the squared gradients, s."""
        return ("sum",)

    def new_buffer(self, name: str, weight: NDArray[Any]) -> NDArray[Any]:
        """Start the sum from the value asked for."""
        return np.full_like(weight, self.initial_accumulator_value)

    def update(self, weight: NDArray[Any], g: NDArray[Any], state: dict[str, Any]) -> None:
        """Set s ← s + g²,  w ← w − ηₜ·g / (√s + ε), where ηₜ = η / (1 + (t − 1)·lr_decay)."""
        s, t = state["sum"], state["step"]
        s += g * g
        lr = self.lr / (1 + (t - 1) * self.lr_decay)
        weight -= lr * g / (np.sqrt(s) + self.eps)
