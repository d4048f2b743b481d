"""Adam and AdamW: running means of g and g². Imports NumPy and the base class."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .optimizer import Optimizer
from .options import Fractions, Number, Switch
from .parameters import Parameter


class Adam(Optimizer):
    """Adam: step along the running mean of the gradient over the root of that of its square.

    Parameters
    ----------
    params : iterable of Parameter
        What to train, for example ``model.parameters()``.
    lr : float
        The learning rate η: about the size of a step, whatever the size of the gradients.
    betas : tuple of float
        How much of the mean of g and of the mean of g² is kept at each step, β₁ and β₂.
    eps : float
        Added to the root, so that nothing is divided by zero.
    weight_decay : float
        The factor λ of the penalty (λ/2)·‖w‖², whose gradient joins g.
    amsgrad : bool
        Whether to divide by the largest mean of g² so far, not by the present one.

    Raises
    ------
    TypeError, ValueError
        For an option that makes no sense, or parameters that cannot be trained.

    References
    ----------
    Kingma, Ba: Adam: a method for stochastic optimization (arXiv:1412.6980), algorithm 1.
    AMSGrad, as in PyTorch: Reddi, Kale, Kumar: On the convergence of Adam and beyond
    (arXiv:1904.09237).

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> w = SimpleNamespace(data=np.array([1.0, 2.0]), grad=np.array([10.0, -0.1]))
    >>> Adam([w], lr=0.5).step()
    >>> print(w.data.round(6))
    [0.5 2.5]
    """

    betas = Fractions((0.9, 0.999))
    eps = Number(1e-8)
    amsgrad = Switch()

    def __init__(
        self,
        params: Iterable[Parameter] | Parameter,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(
            params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad
        )

    def buffers(self) -> tuple[str, ...]:
        """Keep the running means m of g and v of g², and the largest v if AMSGrad."""
        return ("exp_avg", "exp_avg_sq", *(("max_exp_avg_sq",) if self.amsgrad else ()))

    def update(self, weight: NDArray[Any], g: NDArray[Any], state: dict[str, Any]) -> None:
        """Set w ← w − η·m̂ / (√v̂ + ε), where m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ).

        The means start from zero: m ← β₁·m + (1 − β₁)·g and v ← β₂·v + (1 − β₂)·g².
        """
        m, v, t = state["exp_avg"], state["exp_avg_sq"], state["step"]
        beta1, beta2 = self.betas
        scratch = self.scratch(weight)
        m *= beta1
        m += np.multiply(1 - beta1, g, out=scratch)
        v *= beta2
        v += np.multiply(np.multiply(1 - beta2, g, out=scratch), g, out=scratch)
        if self.amsgrad:
            v = np.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"])
        root = np.sqrt(v, out=scratch)
        root /= sqrt(1 - beta2**t)
        root += self.eps
        step = np.divide(m, root, out=scratch)
        step *= self.lr / (1 - beta1**t)
        weight -= step


class AdamW(Adam):
    """Adam whose weight decay is a step of its own: w ← (1 − η·λ)·w before the rest.

    Parameters
    ----------
    params : iterable of Parameter
        What to train, for example ``model.parameters()``.
    lr : float
    betas : pair of float
    eps : float
        As for `Adam`.
    weight_decay : float
        The share λ of a weight that decays away, per step and unit of learning rate.
    amsgrad : bool
        As for `Adam`.

    Raises
    ------
    TypeError, ValueError
        As `Adam`.

    References
    ----------
    Loshchilov, Hutter: Decoupled weight decay regularization (arXiv:1711.05101), algorithm 2.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> w = SimpleNamespace(data=np.array([1.0, 2.0]), grad=np.zeros(2))
    >>> AdamW([w], lr=0.5, weight_decay=0.5).step()
    >>> print(w.data)
    [0.75 1.5 ]
    """

    def __init__(
        self,
        params: Iterable[Parameter] | Parameter,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)

    def decay(self, weight: NDArray[Any], g: NDArray[Any]) -> NDArray[Any]:
        """Shrink the weight itself and leave the gradient alone."""
        weight *= 1 - self.lr * self.weight_decay
        return g
