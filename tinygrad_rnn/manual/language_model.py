"""A language model differentiated by hand, end to end; imports NumPy alone.

Embedding, recurrent layer, linear head and softmax cross-entropy, with the parameter names of the
package's own language model, so that the two can be compared entry by entry. The numbered lines
are derived in ``docs/derivation.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from . import cross_entropy, gru, lstm, rnn, sequence

CELLS: dict[str, Any] = {"rnn": rnn, "lstm": lstm, "gru": gru}


class Cache(NamedTuple):
    """A forward run, kept for the way back."""

    weights: Mapping[str, np.ndarray]
    ids: np.ndarray  # (T, B)
    output: np.ndarray  # (T, B, H*dirs)
    logits: np.ndarray  # (T, B, V)
    recurrent: sequence.Cache
    loss: cross_entropy.Cache


def forward(
    weights: Mapping[str, np.ndarray],
    inputs: np.ndarray,
    targets: np.ndarray,
    state: Any = None,
    *,
    cell: str,
    lengths: Any = None,
    batch_first: bool = False,
    nonlinearity: str = "tanh",
    ignore_index: int | None = None,
) -> tuple[Any, Any, Cache]:
    """Mean cross-entropy of predicting `targets` from `inputs`: ``(loss, state_n, cache)``.

    Parameters
    ----------
    weights : mapping from name to array
        ``embedding.weight`` (V, E); the recurrent layer's entries behind ``rnn.``, such as
        ``rnn.weight_ih_l0``; ``head.weight`` (V, H*dirs) and ``head.bias`` (V,), which may be left
        out.
    inputs, targets : integer arrays, shape (T, B), or (B, T) with `batch_first`, or (T,)
        Token ids, in 0 ... V-1.
    state : as the recurrent layer takes it, optional
        For a text read in windows, the state at the end of the window before.
    cell : {"rnn", "lstm", "gru"}
    lengths : integers, shape (B,), optional
        How many steps each sequence really has.
    batch_first : bool
    nonlinearity : {"tanh", "relu"}
        Of an RNN.
    ignore_index : int, optional
        Targets of this number are not counted. With `lengths`, mark the padded targets with it;
        they are predictions like any other else.

    Returns
    -------
    loss : scalar of the weights' dtype, in nats
    state_n : as the recurrent layer returns it
    cache : Cache
        For `backward`.

    Raises
    ------
    ValueError
        A name, shape or id that does not fit; the entry is named.
    TypeError
        Ids that are not integers, or weights of differing or integer dtype.
    """
    layer = _check(weights, cell, nonlinearity)
    embedding, W = np.asarray(weights["embedding.weight"]), np.asarray(weights["head.weight"])
    ids = _checked_ids(inputs, len(embedding))
    options = {"nonlinearity": nonlinearity} if cell == "rnn" else {}
    recurrent = {
        name.removeprefix("rnn."): w for name, w in weights.items() if name.startswith("rnn.")
    }

    x = embedding[ids]  # (M1) (T, B, E)
    output, state_n, layer_cache = layer.forward(
        recurrent, x, state, lengths=lengths, batch_first=batch_first, **options
    )  # (T, B, H*dirs)
    _check_head(weights, output)
    logits = output @ W.T + weights.get("head.bias", 0.0)  # (M2) (T, B, V)
    loss, loss_cache = cross_entropy.forward(logits, targets, ignore_index=ignore_index)

    return loss, state_n, Cache(weights, ids, output, logits, layer_cache, loss_cache)


def backward(
    cache: Cache, d_loss: float = 1.0, d_state_n: Any = None
) -> tuple[dict[str, np.ndarray], Any]:
    """Gradients of the loss: ``(gradients, d_state_0)``.

    Parameters
    ----------
    cache : Cache
        From `forward`.
    d_loss : float
        Gradient that arrives at the loss.
    d_state_n : as the recurrent layer's ``backward`` takes it, optional
        Gradient that arrives at the state from the window behind. Leaving it out is truncated
        backpropagation through time.

    Returns
    -------
    gradients : dict from name to array
        The names, shapes and dtype of ``weights``.
    d_state_0 : as the recurrent layer's ``backward`` returns it
    """
    weights, ids, output, _, layer_cache, loss_cache = cache
    embedding, W = np.asarray(weights["embedding.weight"]), np.asarray(weights["head.weight"])
    V, H = W.shape  # H counts both directions here

    d_logits = cross_entropy.backward(loss_cache, d_loss)  # (T, B, V)
    rows = d_logits.reshape(-1, V)  # (T*B, V) every position used the same head
    d_W = rows.T @ output.reshape(-1, H)  # (M3) (V, H)
    d_b = rows.sum(axis=0)  # (M4) (V,)
    d_output = d_logits @ W  # (M5) (T, B, H)
    recurrent, d_x, d_state_0 = sequence.backward(layer_cache, d_output, d_state_n)
    d_embedding = np.zeros_like(embedding)  # (V, E)
    np.add.at(d_embedding, ids, d_x)  # (M6) a token that occurs twice collects both rows

    gradients = {"embedding.weight": d_embedding, "head.weight": d_W, "head.bias": d_b}
    gradients.update({f"rnn.{name}": gradient for name, gradient in recurrent.items()})
    return {name: gradients[name] for name in weights}, d_state_0


def loss_and_gradients(
    weights: Mapping[str, np.ndarray],
    inputs: np.ndarray,
    targets: np.ndarray,
    state: Any = None,
    **options: Any,
) -> tuple[Any, dict[str, np.ndarray]]:
    """Loss and every gradient, in one call; parameters as in `forward`.

    Returns
    -------
    loss : scalar of the weights' dtype, in nats
    gradients : dict from name to array
        The names, shapes and dtype of `weights`.

    Examples
    --------
    A model that knows nothing yet gives each of V = 4 characters the same chance, a loss of log 4.

    >>> shapes = {"embedding.weight": (4, 2), "rnn.weight_ih_l0": (12, 2),
    ...           "rnn.weight_hh_l0": (12, 3), "head.weight": (4, 3), "head.bias": (4,)}
    >>> weights = {name: np.zeros(shape) for name, shape in shapes.items()}
    >>> loss, gradients = loss_and_gradients(weights, np.array([0, 1]), np.array([1, 2]),
    ...                                      cell="lstm")
    >>> round(float(loss), 6), gradients["head.bias"].tolist()
    (1.386294, [0.25, -0.25, -0.25, 0.25])
    """
    loss, _, cache = forward(weights, inputs, targets, state, **options)
    gradients, _ = backward(cache)
    return loss, gradients


def _check(weights: Mapping[str, np.ndarray], cell: str, nonlinearity: str) -> Any:
    """Refuse unknown settings and names; return the cell's module."""
    if cell not in CELLS:
        raise ValueError(
            f"language_model: unknown cell {cell!r}: gradients were derived for "
            f"{', '.join(CELLS)}; pass cell='rnn', 'lstm' or 'gru'."
        )
    if cell != "rnn" and nonlinearity != "tanh":
        raise ValueError(
            f"language_model: nonlinearity={nonlinearity!r} with cell={cell!r}: the curves of a "
            "gated cell are fixed; leave nonlinearity out, or pass cell='rnn'."
        )
    for name in weights:
        own = ("embedding.weight", "head.weight", "head.bias")
        if name not in own and not name.startswith("rnn."):
            raise ValueError(
                f"language_model: no entry is called {name!r}; there are {', '.join(own)}, and the "
                "recurrent layer's entries behind 'rnn.', such as rnn.weight_ih_l0."
            )
    for name in ("embedding.weight", "head.weight"):
        if name not in weights:
            raise ValueError(
                f"language_model: {name} is missing: every token needs its row there; "
                f"add {name}, an array of V rows."
            )
        shape = np.shape(weights[name])
        if len(shape) != 2:
            raise ValueError(
                f"language_model: {name} has shape {shape}, but it is a matrix with one row per "
                "token; give it shape (V, ...)."
            )
    E = np.shape(weights["embedding.weight"])[1]
    inputs = np.shape(weights.get("rnn.weight_ih_l0", np.empty((0, E))))[1:]
    if inputs != (E,):
        raise ValueError(
            f"language_model: embedding.weight has {E} columns, but rnn.weight_ih_l0 has "
            f"{inputs[0] if inputs else 'none'}: a row of the one is the other's input; give both "
            "the same number."
        )
    return CELLS[cell]


def _check_head(weights: Mapping[str, np.ndarray], output: np.ndarray) -> None:
    """Refuse a head that does not fit the recurrent layer's output."""
    rows = len(weights["head.weight"])
    for name, expected in {"head.weight": (rows, output.shape[-1]), "head.bias": (rows,)}.items():
        if name not in weights:
            continue  # a head without bias
        array = np.asarray(weights[name])
        if array.shape != expected:
            raise ValueError(
                f"language_model: {name} has shape {array.shape}, expected {expected}: one row per "
                f"token, and a column for each of the {output.shape[-1]} numbers that the "
                f"recurrent layer puts out; give it shape {expected}."
            )
        if array.dtype != output.dtype:
            raise TypeError(
                f"language_model: {name} has dtype {array.dtype}, the recurrent layer's output "
                f"{output.dtype}; pass {name}.astype(np.{output.dtype})."
            )


def _checked_ids(inputs: np.ndarray, vocabulary: int) -> np.ndarray:
    """Refuse what is no token id: NumPy would read a negative one from the end."""
    ids = np.asarray(inputs)
    if not np.issubdtype(ids.dtype, np.integer):
        raise TypeError(
            f"language_model: inputs have dtype {ids.dtype}, but they number the rows of "
            "embedding.weight; pass integer ids."
        )
    if ids.size and not (ids.min() >= 0 and ids.max() < vocabulary):
        raise ValueError(
            f"language_model: inputs run from {ids.min()} to {ids.max()}, but embedding.weight has "
            f"the rows 0 to {vocabulary - 1}; pass ids in that range."
        )
    return ids
