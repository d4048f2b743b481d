"""A language model differentiated by hand, end to end; imports NumPy alone.

Embedding, recurrent layer, linear head and softmax cross-entropy, with the parameter names of the
package's own language model, so that the two can be compared entry by entry. The numbered lines
are derived in ``docs/derivation.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from . import cross_entropy, sequence
from .model_arguments import check_head, checked_cell, checked_ids


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

    Examples
    --------
    >>> shapes = {"embedding.weight": (4, 2), "rnn.weight_ih_l0": (3, 2),
    ...           "rnn.weight_hh_l0": (3, 3), "head.weight": (4, 3)}
    >>> weights = {name: np.zeros(shape) for name, shape in shapes.items()}
    >>> loss, state_n, cache = forward(weights, np.array([0, 1]), np.array([1, 2]), cell="rnn")
    >>> round(float(loss), 6), cache.logits.shape
    (1.386294, (2, 4))
    """
    layer = checked_cell(weights, cell, nonlinearity)
    embedding, W = np.asarray(weights["embedding.weight"]), np.asarray(weights["head.weight"])
    ids = checked_ids(inputs, len(embedding))
    options = {"nonlinearity": nonlinearity} if cell == "rnn" else {}
    recurrent = {
        name.removeprefix("rnn."): w for name, w in weights.items() if name.startswith("rnn.")
    }

    x = embedding[ids]  # (M1) (T, B, E)
    output, state_n, layer_cache = layer.forward(
        recurrent, x, state, lengths=lengths, batch_first=batch_first, **options
    )  # (T, B, H*dirs)
    check_head(weights, output)
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

    Raises
    ------
    ValueError
        If `d_state_n` does not fit the state.

    Examples
    --------
    >>> shapes = {"embedding.weight": (4, 2), "rnn.weight_ih_l0": (3, 2),
    ...           "rnn.weight_hh_l0": (3, 3), "head.weight": (4, 3), "head.bias": (4,)}
    >>> weights = {name: np.zeros(shape) for name, shape in shapes.items()}
    >>> loss, state_n, cache = forward(weights, np.array([0, 1]), np.array([1, 2]), cell="rnn")
    >>> gradients, d_state_0 = backward(cache)
    >>> gradients["head.bias"].tolist()
    [0.25, -0.25, -0.25, 0.25]
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
    """Loss and every gradient, in one call.

    Parameters
    ----------
    weights, inputs, targets, state
        As in `forward`.
    **options
        The keywords of `forward`, such as ``cell``.

    Returns
    -------
    loss : scalar of the weights' dtype, in nats
    gradients : dict from name to array
        The names, shapes and dtype of `weights`.

    Raises
    ------
    ValueError, TypeError
        As `forward`.

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
