"""Carrying a state from window to window: its numbers go on, its graph ends. Imports the engine."""

from __future__ import annotations

from typing import Any

from ..engine.value import Value


def detach_state(state: Any) -> Any:
    """Cut a state off from the graph that it came from, to carry it into the next window.

    Parameters
    ----------
    state : None, Value, array, or a tuple of them
        What a recurrent layer or a language model returned.

    Returns
    -------
    of the same form
        The same numbers, through which no gradient goes back: truncated backpropagation through
        time.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> layer = tg.nn.GRU(3, 4, generator=np.random.default_rng(0))
    >>> state = None
    >>> for window in np.ones((2, 7, 5, 3)):
    ...     output, state = layer(window, tg.nn.detach_state(state))
    >>> state.requires_grad, tg.nn.detach_state(state).requires_grad
    (True, False)
    """
    if isinstance(state, tuple):
        return tuple(map(detach_state, state))
    return state.detach() if isinstance(state, Value) else state
