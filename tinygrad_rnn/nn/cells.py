"""Recurrent cells: one time step, with weights of its own. Imports NumPy and files above."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arguments import Array, checked_choice, checked_input, checked_state
from .init import as_generator
from .recurrent import Recurrent
from .steps import GRU_RECURRENCE, LSTM_RECURRENCE, RNN_RECURRENCES, Recurrence


class Cell(Recurrent):
    """The base of `RNNCell`, `LSTMCell` and `GRUCell`."""

    def __init__(
        self,
        recurrence: Recurrence,
        input_size: int,
        hidden_size: int,
        bias: bool,
        init: str,
        forget_bias: float | None,
        generator: np.random.Generator | None,
        dtype: Any,
    ) -> None:
        super().__init__(recurrence, input_size, hidden_size, bias, dtype)
        self._add_weights(input_size, "", init, forget_bias, as_generator(generator))

    def forward(self, x: Array, state: Any = None) -> Any:
        """Take one step.

        Parameters
        ----------
        x : array or Value, shape (B, D) or (D,)
        state : array or Value, shape (B, H) or (H,); for an LSTM a pair (h, c) of them
            The state of the step before; zeros if left out.

        Returns
        -------
        Value, for an LSTM a pair (h, c)
            The new state, of the shape of the old.

        Raises
        ------
        ValueError
            If a shape does not fit.
        TypeError
            If a dtype is not that of the parameters.
        """
        name, D, H = type(self).__name__, self.input_size, self.hidden_size
        x = checked_input(name, x, D, self.dtype, f"(B, {D}) or ({D},)", ndims=(1, 2))
        axes = "(B, H)" if x.ndim == 2 else "(H,)"
        shape = (*x.shape[:-1], H)
        before = checked_state(name, state, self.recurrence.states, shape, self.dtype, axes)
        return self._as_returned(self.recurrence.step(x, before, self._weights("")))

    def extra_repr(self) -> str:
        """Give the sizes, in the order in which they are passed."""
        return f"{self.input_size}, {self.hidden_size}{'' if self.bias else ', bias=False'}"


class RNNCell(Cell):
    """One step of the plain recurrent net: h′ = tanh(W_ih x + b_ih + W_hh h + b_hh).

    Parameters
    ----------
    input_size, hidden_size : int
        D and H.
    bias : bool
        Whether it has biases.
    nonlinearity : {"tanh", "relu"}
        The curve.
    init : {"uniform", "orthogonal"}
        "uniform": all parameters between ±1/√H, as in PyTorch; "orthogonal": W_hh orthogonal.
    generator : numpy.random.Generator, optional
        Where the first weights come from; a fresh one if left out.
    dtype : dtype
        Of the parameters, input and state: float64 or float32.

    Attributes
    ----------
    weight_ih : Value, shape (H, D)
    weight_hh : Value, shape (H, H)
    bias_ih, bias_hh : Value, shape (H,)
        Not there if `bias` is False.

    Raises
    ------
    ValueError
        For a size that is no whole number above zero, or a choice that is not there; on a call, if
        a shape does not fit.
    TypeError
        For another dtype than float32 and float64, or a generator that is none.

    See Also
    --------
    tinygrad_rnn.nn.steps.rnn_step : the equation.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(3, 4, generator=np.random.default_rng(0))
    >>> h = None
    >>> for x in np.eye(3):
    ...     h = cell(x, h)
    >>> h.shape
    (4,)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        init: str = "uniform",
        generator: np.random.Generator | None = None,
        dtype: Any = np.float64,
    ) -> None:
        recurrence = checked_choice("RNNCell", "nonlinearity", nonlinearity, RNN_RECURRENCES)
        super().__init__(recurrence, input_size, hidden_size, bias, init, None, generator, dtype)
        self.nonlinearity = nonlinearity

    def extra_repr(self) -> str:
        """Give sizes and nonlinearity, in the order in which they are passed."""
        curve = "" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity!r}"
        return super().extra_repr() + curve


class LSTMCell(Cell):
    """One step of the long short-term memory: ``cell(x, (h, c))`` returns the new (h, c).

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool
    forget_bias : float, optional
        The forget gate's bias to begin with: written into ``bias_ih``, and 0 into ``bias_hh``,
        which is added to it. 1 lets the cell remember from the start (Jozefowicz et al., 2015).
    init : {"uniform", "orthogonal"}
    generator : numpy.random.Generator, optional
    dtype : dtype
        As in `RNNCell`.

    Attributes
    ----------
    weight_ih : Value, shape (4H, D)
    weight_hh : Value, shape (4H, H)
    bias_ih, bias_hh : Value, shape (4H,)
        In blocks of H rows for the gates i f g o.

    Raises
    ------
    ValueError, TypeError
        As `RNNCell`.

    See Also
    --------
    tinygrad_rnn.nn.steps.lstm_step : the equations.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.LSTMCell(3, 4, forget_bias=1.0, generator=np.random.default_rng(0))
    >>> h, c = cell(np.ones((5, 3)))
    >>> h.shape, c.shape
    ((5, 4), (5, 4))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        forget_bias: float | None = None,
        init: str = "uniform",
        generator: np.random.Generator | None = None,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__(
            LSTM_RECURRENCE, input_size, hidden_size, bias, init, forget_bias, generator, dtype
        )


class GRUCell(Cell):
    """One step of the gated recurrent unit: ``cell(x, h)`` returns the new h.

    Parameters
    ----------
    input_size, hidden_size : int
    bias : bool
    init : {"uniform", "orthogonal"}
    generator : numpy.random.Generator, optional
    dtype : dtype
        As in `RNNCell`.

    Attributes
    ----------
    weight_ih : Value, shape (3H, D)
    weight_hh : Value, shape (3H, H)
    bias_ih, bias_hh : Value, shape (3H,)
        In blocks of H rows for the gates r z n.

    Raises
    ------
    ValueError, TypeError
        As `RNNCell`.

    See Also
    --------
    tinygrad_rnn.nn.steps.gru_step : the equations.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.GRUCell(3, 4, generator=np.random.default_rng(0))
    >>> cell(np.ones((5, 3))).shape
    (5, 4)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        init: str = "uniform",
        generator: np.random.Generator | None = None,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__(
            GRU_RECURRENCE, input_size, hidden_size, bias, init, None, generator, dtype
        )
