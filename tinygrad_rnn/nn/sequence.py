"""The recurrent layers RNN, LSTM and GRU. Imports NumPy and files above."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arguments import checked_choice
from .steps import GRU_RECURRENCE, LSTM_RECURRENCE, RNN_RECURRENCES
from .unrolling import RecurrentLayers


class RNN(RecurrentLayers):
    """Plain recurrent layers: h′ = tanh(W_ih x + b_ih + W_hh h + b_hh) over time.

    ``layer(x, state=None, lengths=None)`` returns ``(output, h_n)``; see `forward`. Parameters
    and calls are those of ``torch.nn.RNN``, and a `state_dict` moves both ways unchanged.

    Parameters
    ----------
    input_size, hidden_size : int
        D and H.
    num_layers : int
        How many lie above each other, the upper ones reading the output of the lower.
    nonlinearity : {"tanh", "relu"}
        The curve.
    bias : bool
        Whether there are biases.
    batch_first : bool
        Whether input and output are (B, T, ...) rather than (T, B, ...). States are not concerned.
    dropout : float
        Probability of dropping an entry between layers while training.
    bidirectional : bool
        Whether each layer is run from the end as well, with weights of its own.
    init : {"uniform", "orthogonal"}
        "uniform": all parameters between ±1/√H, as in PyTorch; "orthogonal": the same, but each
        gate's recurrent weight (H, H) orthogonal.
    generator : numpy.random.Generator, optional
        Where first weights and dropout come from; a fresh one if left out.
    dtype : dtype
        Of the parameters, input and state: float64 or float32.

    Attributes
    ----------
    weight_ih_l0 : Value, shape (H, D)
        In layers above (H, H·directions), as ``weight_ih_l1`` and so on.
    weight_hh_l0 : Value, shape (H, H)
    bias_ih_l0, bias_hh_l0 : Value, shape (H,)
        Not there if `bias` is False.
    weight_ih_l0_reverse, ... : Value
        Those of the direction from the end.

    Raises
    ------
    ValueError
        For a size below one, or a choice that is not there; on a call, if a shape does not fit.
    TypeError
        For another dtype than float32 and float64, or a generator that is none.

    See Also
    --------
    tinygrad_rnn.nn.steps.rnn_step : the equation.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> layer = tg.nn.RNN(3, 4, num_layers=2, generator=np.random.default_rng(0))
    >>> output, h_n = layer(np.ones((7, 5, 3)))
    >>> output.shape, h_n.shape
    ((7, 5, 4), (2, 5, 4))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        init: str = "uniform",
        generator: np.random.Generator | None = None,
        dtype: Any = np.float64,
    ) -> None:
        self.nonlinearity = nonlinearity
        super().__init__(
            checked_choice("RNN", "nonlinearity", nonlinearity, RNN_RECURRENCES),
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            init,
            None,
            generator,
            dtype,
        )


class LSTM(RecurrentLayers):
    """Long short-term memory layers: gates i f g o, cell c′ = f c + i g, output h′ = o tanh(c′).

    ``layer(x, state=None, lengths=None)`` returns ``(output, (h_n, c_n))``; see `forward`.
    Parameters and calls are those of ``torch.nn.LSTM``, and a `state_dict` moves both ways.

    Parameters
    ----------
    input_size, hidden_size, num_layers : int
    bias, batch_first : bool
    dropout : float
    bidirectional : bool
    forget_bias : float, optional
        The forget gates' bias to begin with: written into every ``bias_ih``, and 0 into the same
        place of ``bias_hh``, which is added to it. 1 lets the cells remember from the start.
    init : {"uniform", "orthogonal"}
    generator : numpy.random.Generator, optional
    dtype : dtype
        As in `RNN`.

    Attributes
    ----------
    weight_ih_l0 : Value, shape (4H, D)
        In blocks of H rows for the gates i f g o; in layers above (4H, H·directions).
    weight_hh_l0 : Value, shape (4H, H)
    bias_ih_l0, bias_hh_l0 : Value, shape (4H,)
    weight_ih_l0_reverse, ... : Value
        Those of the direction from the end.

    Raises
    ------
    ValueError, TypeError
        As `RNN`.

    See Also
    --------
    tinygrad_rnn.nn.steps.lstm_step : the equations.

    Notes
    -----
    On `forget_bias`: R. Jozefowicz, W. Zaremba, I. Sutskever, "An empirical exploration of
    recurrent network architectures", 2015.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> layer = tg.nn.LSTM(3, 4, bidirectional=True, generator=np.random.default_rng(0))
    >>> output, (h_n, c_n) = layer(np.ones((7, 5, 3)), lengths=[7, 2, 1, 7, 3])
    >>> output.shape, h_n.shape, c_n.shape
    ((7, 5, 8), (2, 5, 4), (2, 5, 4))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        forget_bias: float | None = None,
        init: str = "uniform",
        generator: np.random.Generator | None = None,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__(
            LSTM_RECURRENCE,
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            init,
            forget_bias,
            generator,
            dtype,
        )


class GRU(RecurrentLayers):
    """Gated recurrent unit layers: gates r z, candidate n, output h′ = (1 − z) n + z h.

    ``layer(x, state=None, lengths=None)`` returns ``(output, h_n)``; see `forward`. Parameters
    and calls are those of ``torch.nn.GRU``, and a `state_dict` moves both ways unchanged.

    Parameters
    ----------
    input_size, hidden_size, num_layers : int
    bias, batch_first : bool
    dropout : float
    bidirectional : bool
    init : {"uniform", "orthogonal"}
    generator : numpy.random.Generator, optional
    dtype : dtype
        As in `RNN`.

    Attributes
    ----------
    weight_ih_l0 : Value, shape (3H, D)
        In blocks of H rows for the gates r z n; in layers above (3H, H·directions).
    weight_hh_l0 : Value, shape (3H, H)
    bias_ih_l0, bias_hh_l0 : Value, shape (3H,)
    weight_ih_l0_reverse, ... : Value
        Those of the direction from the end.

    Raises
    ------
    ValueError, TypeError
        As `RNN`.

    See Also
    --------
    tinygrad_rnn.nn.steps.gru_step : the equations.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> layer = tg.nn.GRU(3, 4, batch_first=True, generator=np.random.default_rng(0))
    >>> output, h_n = layer(np.ones((5, 7, 3)))
    >>> output.shape, h_n.shape
    ((5, 7, 4), (1, 5, 4))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        init: str = "uniform",
        generator: np.random.Generator | None = None,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__(
            GRU_RECURRENCE,
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            init,
            None,
            generator,
            dtype,
        )
