"""Stochastic gradient descent, with momentum. Imports the base class only, and NumPy's types."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from numpy.typing import NDArray

from .optimizer import Optimizer
from .options import Number, Switch
from .parameters import Parameter


class SGD(Optimizer):
    """Stochastic gradient descent: w ← w − η·g, if wanted with momentum.

    Parameters
    ----------
    params : iterable of Parameter
        What to train, for example ``model.parameters()``.
    lr : float
        The learning rate η.
    momentum : float
        How much of the last step is kept, μ.
    dampening : float
        How much of a gradient is held back from the momentum, d.
    weight_decay : float
        The factor λ of the penalty (λ/2)·‖w‖².
    nesterov : bool
        Whether to look ahead by the momentum; needs momentum and no dampening.

    Raises
    ------
    TypeError, ValueError
        For an option that makes no sense, or parameters that cannot be trained.

    Notes
    -----
    The meaning of every option is PyTorch's; the first gradient enters the momentum undampened.

    References
    ----------
    Sutskever, Martens, Dahl, Hinton: On the importance of initialization and momentum in deep
    learning (ICML 2013).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> w = SimpleNamespace(data=np.array([1.0, 2.0]), grad=np.array([10.0, -10.0]))
    >>> SGD([w], lr=0.1).step()
    >>> print(w.data)
    [0. 3.]
    """

    momentum = Number(0.9)
    dampening = Number(0.0)
    nesterov = Switch()

    def __init__(
        self,
        params: Iterable[Parameter] | Parameter,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
        )
        if self.nesterov and (not self.momentum or self.dampening):
            raise ValueError(
                f"SGD: nesterov=True with momentum={momentum!r}, dampening={dampening!r}\n"
                "  why: looking ahead needs a momentum to look along, undampened\n"
                "  fix: write for example momentum=0.9, dampening=0, nesterov=True"
            )

    def buffers(self) -> tuple[str, ...]:
        """Keep the running direction b if there is momentum."""
        return ("momentum_buffer",) if self.momentum else ()

    def update(self, weight: NDArray[Any], g: NDArray[Any], state: dict[str, Any]) -> None:
        """Set b ← μ·b + (1 − d)·g,  w ← w − η·b;  Nesterov: w ← w − η·(g + μ·b)."""
        direction = g
        if self.momentum:
            b = state["momentum_buffer"]
            if state["step"] == 1:
                b[...] = g
            else:
                b *= self.momentum
                b += (1 - self.dampening) * g
            direction = g + self.momentum * b if self.nesterov else b
        weight -= self.lr * direction
