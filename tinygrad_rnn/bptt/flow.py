"""Gradient flow: how much of a loss still arrives at each state.

Imports the engine and the files above.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..engine.backward import Sweep
from ..engine.value import Value
from .arguments import State, checked_loss, checked_states


def gradient_flow(loss: Value, states: Value | Sequence[Value] | Sequence[State]) -> np.ndarray:
    """Measure how long the gradient of a loss is at each state: ‖∂L/∂h_t‖.

    Parameters
    ----------
    loss : Value
        A single number.
    states : list of Value, list of tuple of Value, or Value
        The states in the order in which they were computed, or a recurrent layer's output; see
        `state_jacobian`.

    Returns
    -------
    array of float64, shape (T,)
        The length over all entries, of all sequences and members; 0 where nothing arrives.

    Raises
    ------
    ValueError
        If `loss` is not a single number, or the states do not follow on one another.
    TypeError
        If `loss` or a state is not a Value.
    RuntimeError
        If `loss` has no graph.

    Notes
    -----
    ∂L/∂h_t is all that h_t does to the loss, at t and later. No ``.grad`` is written or read. It
    costs one sweep.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> h, states = tg.Value(1.0), []
    >>> for t in range(4):
    ...     h = 0.5 * h
    ...     states.append(h)
    >>> tg.bptt.gradient_flow(states[-1], states)  # the loss is the last state
    array([0.125, 0.25 , 0.5  , 1.   ])
    """
    listed = checked_states(states)
    one = np.ones_like(checked_loss(loss).data)[()]
    members = {x for state in listed for x in state}
    found = Sweep(loss, one, retain=False, sources=members).gradients
    return np.array([length([found[x] for x in state if x in found]) for state in listed])


def length(arrays: Sequence[np.ndarray]) -> float:
    """Return the length of all entries together, also where their squares are too small to tell."""
    largest = float(max((np.max(np.abs(x), initial=0.0) for x in arrays), default=0.0))
    if not 0.0 < largest < np.inf:
        return largest
    return largest * float(np.sqrt(sum(np.sum(np.square(x / largest)) for x in arrays)))
