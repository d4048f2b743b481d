"""A language model: embedding, recurrent layers, dropout, linear head. Imports the files above."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import explain
from ..engine.value import Value
from .arguments import checked_choice, checked_sizes
from .init import as_generator
from .layers import Dropout, Embedding, Linear
from .module import Module
from .sequence import GRU, LSTM, RNN

LAYERS = {"lstm": LSTM, "gru": GRU, "rnn": RNN}


class LanguageModel(Module):
    """Predict each token of a text from those before it.

    ``model(ids, state=None)`` returns ``(logits, state)``; see `forward`.

    Parameters
    ----------
    vocabulary_size : int
        Number of tokens, V.
    hidden_size : int
        Length of the recurrent state, H.
    cell : {"lstm", "gru", "rnn"}
        The kind of recurrent layers.
    embedding_size : int, optional
        Length of a token's row, E. By default the smaller of V and H: with E = V the first input
        product can already be any matrix, so that more columns add nothing, and beyond H the rows
        are only squeezed again.
    num_layers : int
        How many recurrent layers lie above each other.
    dropout : float
        Probability of dropping an entry, while training, between the layers and before the head.
    nonlinearity : {"tanh", "relu"}, optional
        Of the cell "rnn" only.
    forget_bias : float, optional
        Of the cell "lstm" only; see `LSTM`.
    init : {"uniform", "orthogonal"}
        Of the recurrent layers; see `RNN`.
    generator : numpy.random.Generator, optional
        Where first weights and dropout come from; a fresh one if left out.
    dtype : dtype
        Of the parameters: float64 or float32.

    Attributes
    ----------
    embedding : Embedding
    rnn : LSTM, GRU or RNN
        Under this name whatever the cell, so that ``rnn.weight_ih_l0`` is always there.
    dropout : Dropout
    head : Linear

    Raises
    ------
    ValueError
        For a size that is no whole number above zero, or a choice that is not there.
    TypeError
        For another dtype than float32 and float64, or a generator that is none.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> model = tg.nn.LanguageModel(65, 32, cell="gru", generator=np.random.default_rng(0))
    >>> ids = np.zeros((50, 8), int)
    >>> logits, state = model(ids)
    >>> logits.shape
    (50, 8, 65)
    >>> loss = tg.softmax_cross_entropy(logits, ids)
    >>> loss.backward()
    >>> [name for name, p in model.named_parameters() if p.grad is not None][:2]
    ['embedding.weight', 'rnn.weight_ih_l0']
    """

    def __init__(
        self,
        vocabulary_size: int,
        hidden_size: int,
        *,
        cell: str = "lstm",
        embedding_size: int | None = None,
        num_layers: int = 1,
        dropout: float = 0.0,
        nonlinearity: str | None = None,
        forget_bias: float | None = None,
        init: str = "uniform",
        generator: np.random.Generator | None = None,
        dtype: Any = np.float64,
    ) -> None:
        checked_sizes("LanguageModel", vocabulary_size=vocabulary_size, hidden_size=hidden_size)
        layers = checked_choice("LanguageModel", "cell", cell, LAYERS)
        options: dict[str, Any] = {}
        for only, name, setting in (
            ("rnn", "nonlinearity", nonlinearity),
            ("lstm", "forget_bias", forget_bias),
        ):
            if setting is not None and cell != only:
                raise ValueError(
                    explain(
                        f"LanguageModel: {name}={setting!r} with cell={cell!r}",
                        why=f"only the cell {only!r} has it to choose",
                        fix=f"leave {name} out, or pass cell={only!r}",
                    )
                )
            if setting is not None:
                options[name] = setting
        E = min(vocabulary_size, hidden_size) if embedding_size is None else embedding_size
        generator = as_generator(generator)
        options |= {"init": init, "generator": generator, "dtype": dtype}
        between = dropout if num_layers > 1 else 0.0

        self.cell = cell
        self.embedding = Embedding(vocabulary_size, E, generator=generator, dtype=dtype)
        self.rnn = layers(E, hidden_size, num_layers, dropout=between, **options)
        self.dropout = Dropout(dropout, generator=generator)
        self.head = Linear(hidden_size, vocabulary_size, generator=generator, dtype=dtype)

    def forward(self, ids: Any, state: Any = None) -> tuple[Value, Any]:
        """Score the next token at every place.

        Parameters
        ----------
        ids : array of int, shape (T, B) or (T,)
            Tokens, numbered 0 to V − 1.
        state : as returned, optional
            For a text read in windows, the state at the end of the window before; see
            `detach_state`.

        Returns
        -------
        logits : Value, shape (T, B, V) or (T, V)
            Of the token after each place.
        state : Value, for an LSTM a pair
            To carry on with, (layers, B, H) each.

        Raises
        ------
        IndexError
            If an id names no token.
        """
        x = self.embedding(ids)  # (T, B, E)
        h, state = self.rnn(x, state)  # (T, B, H)
        logits = self.head(self.dropout(h))  # (T, B, V)
        return logits, state

    def extra_repr(self) -> str:
        """Name the cell."""
        return f"cell={self.cell!r}"
