"""RMSprop: a learning rate per weight that forgets. Imports NumPy and the base class."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .optimizer import Optimizer
from .options import Number, Switch
from .parameters import Parameter


class RMSprop(Optimizer):
    """RMSprop: divide each gradient by the root of the running mean of its square.

    Parameters
    ----------
    params : iterable of Parameter
        What to train, for example ``model.parameters()``.
    lr : float
        The learning rate η.
    alpha : float
        How much of the running means is kept at each step, α.
    eps : float
        Added to the root, so that nothing is divided by zero.
    weight_decay : float
        The factor λ of the penalty (λ/2)·‖w‖².
    momentum : float
        How much of the last step is kept, μ.
    centered : bool
        Whether to divide by the running standard deviation, not by the root mean square.

    Raises
    ------
    TypeError, ValueError
        For an option that makes no sense, or parameters that cannot be trained.

    References
    ----------
    Hinton: Neural networks for machine learning, lecture 6e (2012). Centered: Graves,
    Generating sequences with recurrent neural networks (arXiv:1308.0850), section 4.2.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> w = SimpleNamespace(data=np.array([1.0, 2.0]), grad=np.array([10.0, -10.0]))
    >>> RMSprop([w], lr=0.1, alpha=0.75).step()    # g / √(0.25·g²) = ±2
    >>> print(w.data.round(6))
    [0.8 2.2]
    """

    alpha = Number(0.99, "a number of at least 0 and below 1", lambda a: 0 <= a < 1)
    eps = Number(1e-8)
    momentum = Number(0.9)
    centered = Switch()

    def __init__(
        self,
        params: Iterable[Parameter] | Parameter,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
        )

    def buffers(self) -> tuple[str, ...]:
        """Keep the running mean of g², v; of g, m, if centered; the direction b if momentum."""
        names = ["square_avg"]
        if self.centered:
            names.append("grad_avg")
        if self.momentum:
            names.append("momentum_buffer")
        return tuple(names)

    def update(self, weight: NDArray[Any], g: NDArray[Any], state: dict[str, Any]) -> None:
        """Set v ← α·v + (1 − α)·g²,  b ← μ·b + g / (√v + ε),  w ← w − η·b.

        Centered, with m ← α·m + (1 − α)·g, the variance v − m² stands for v.
        """
        v = state["square_avg"]
        v *= self.alpha
        v += (1 - self.alpha) * g * g
        variance = v
        if self.centered:
            m = state["grad_avg"]
            m *= self.alpha
            m += (1 - self.alpha) * g
            # Rounding may take it below zero where gradients hardly change; a root would be nan.
            variance = np.maximum(v - m * m, 0)
        direction = g / (np.sqrt(variance) + self.eps)
        if self.momentum:
            b = state["momentum_buffer"]
            b *= self.momentum
            b += direction
            direction = b
        weight -= self.lr * direction
