"""How a state depends on earlier ones: ∂h_t/∂h_k, its norm and its spectral radius.

Imports the engine and the files above.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..check.tables import number, table
from ..engine.errors import OutOfRangeError, explain
from ..engine.value import Value
from .account import shortened
from .arguments import State, checked_states
from .carried import one_step_jacobians


def state_jacobian(states: Value | Sequence[Value] | Sequence[State]) -> StateJacobian:
    """Compute how each state depends on every earlier one: ∂h_t/∂h_k for all k ≤ t.

    Parameters
    ----------
    states : list of Value, list of tuple of Value, or Value
        The states h_0, h_1, … in the order in which they were computed, (H,) or (B, H) each; for
        an LSTM's (h, c) the state is both, one behind the other. Or a recurrent layer's output,
        whose states are found in the graph.

    Returns
    -------
    StateJacobian
        ``jac[t, k]`` is (H, H), with a batch (B, H, H), its rows the entries of h_t;
        ``jac.norms`` and ``jac.spectral_radius`` are (T, T), with a batch (T, T, B).

    Raises
    ------
    ValueError
        If the states are not of one shape and in order, if none depends on the one before, or if
        the sequences of a batch act on one another.
    TypeError
        If a state is not a Value that has a gradient.

    Notes
    -----
    A later state is reached from an earlier one through what is carried from step to step: the
    state, and for an LSTM's h also c. The graph tells what that is: what exists when h_k does and
    is read later. The Jacobian of one step costs one backward step for each entry carried;
    ∂h_t/∂h_k is the product of t − k of them, and so vanishes or explodes (R. Pascanu, T. Mikolov,
    Y. Bengio, "On the difficulty of training recurrent neural networks", 2013). The members of a
    state, h and c, count as independent variables.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> W, h, states = tg.Value([[0.5, 1.0], [0.0, 0.5]]), tg.Value([1.0, 1.0]), []
    >>> for t in range(4):
    ...     h = W @ h
    ...     states.append(h)
    >>> jac = tg.bptt.state_jacobian(states)
    >>> jac[3, 1]  # W²
    array([[0.25, 1.  ],
           [0.  , 0.25]])
    >>> print(jac)
    ∂h_t/∂h_k of 4 states, (2, 2) each
    steps back  norm from  to       spectral radius from  to
    1           1.2e+00    1.2e+00  5.0e-01               5.0e-01
    2           1.1e+00    1.1e+00  2.5e-01               2.5e-01
    3           7.7e-01    7.7e-01  1.2e-01               1.2e-01
    """
    listed = checked_states(states)
    first = listed[0]
    batch = first[0].shape[:1] if first[0].ndim > 1 else ()
    steps = one_step_jacobians(listed, batch)
    H = sum(x.size for x in first) // (batch[0] if batch else 1)
    return StateJacobian(steps, (*batch, H, H), first[0].dtype)


class StateJacobian:
    """What `state_jacobian` returns: ``jac[t, k]`` is ∂h_t/∂h_k, ``len(jac)`` is T.

    States are numbered from 0, and from the end with negative numbers. ``jac[t]`` is `row` t.

    Attributes
    ----------
    shape : tuple of int
        Of each Jacobian: (H, H), with a batch (B, H, H). Of a state with several members, H counts
        the entries of all.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> states, h = [], tg.Value(np.array([1.0, 2.0]))
    >>> for t in range(3):
    ...     with tg.time_step(t):
    ...         h = 0.5 * h
    ...     states.append(h)
    >>> jac = tg.bptt.state_jacobian(states)
    >>> len(jac), jac.shape, jac[2, 0]
    (3, (2, 2), array([[0.25, 0.  ],
           [0.  , 0.25]]))
    """

    def __init__(self, steps: list[np.ndarray], shape: tuple[int, ...], dtype: Any) -> None:
        self.shape = shape
        self._dtype = dtype
        self._steps = steps  # of step k: from all that is carried out of k to all out of k + 1
        self._row: tuple[int, np.ndarray] | None = None  # the last that was asked for

    def __len__(self) -> int:
        return len(self._steps) + 1

    def __getitem__(self, place: int | tuple[int, int]) -> np.ndarray:
        if not isinstance(place, tuple):
            return self.row(place)
        t, k = (self._position(i) for i in place)
        if k > t:
            raise OutOfRangeError(
                explain(
                    f"∂h_{t}/∂h_{k}",
                    where=f"jac[{t}, {k}]",
                    why="a later state does not act on an earlier one",
                    fix=f"the later state comes first: jac[{k}, {t}]",
                )
            )
        return self.row(t)[k]

    def row(self, t: int) -> np.ndarray:
        """Return ∂h_t/∂h_k for k = 0, …, t: (t + 1, H, H), with a batch (t + 1, B, H, H)."""
        t = self._position(t)
        if self._row is None or self._row[0] != t:
            H = self.shape[-1]
            row = np.empty((t + 1, *self.shape), self._dtype)
            row[t] = np.eye(H)
            product: Any = None
            with np.errstate(over="ignore", invalid="ignore"):  # one that explodes may overflow
                for k in range(t - 1, -1, -1):
                    step = self._steps[k]
                    product = step[..., :H, :] if product is None else product @ step
                    row[k] = product[..., :H]
            row.flags.writeable = False
            self._row = t, row
        return self._row[1]

    @cached_property
    def norms(self) -> np.ndarray:
        """‖∂h_t/∂h_k‖, by how much a small change of h_k can grow at most; 0 for k > t.

        (T, T), with a batch (T, T, B). The largest singular value; infinite after an overflow.
        """
        return self._measured(lambda jacobians: np.linalg.norm(jacobians, 2, axis=(-2, -1)))

    @cached_property
    def spectral_radius(self) -> np.ndarray:
        """The largest |eigenvalue| of each ∂h_t/∂h_k; form and 0 as for `norms`."""
        return self._measured(lambda jacobians: np.abs(np.linalg.eigvals(jacobians)).max(axis=-1))

    def _measured(self, measure: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        T = len(self)
        sizes = np.zeros((T, T, *self.shape[:-2]))
        for t in range(T):
            row = self.row(t)
            finite = np.isfinite(row).all(axis=(-2, -1))  # (t + 1,), with a batch (t + 1, B)
            found = measure(np.where(finite[..., None, None], row, 0.0))
            sizes[t, : t + 1] = np.where(finite, found, np.inf)
        return sizes

    def _position(self, i: int) -> int:
        if not -len(self) <= i < len(self):
            raise OutOfRangeError(
                explain(
                    f"state {i} of {len(self)}",
                    where="jac[t, k]",
                    why=f"states are numbered from 0 to {len(self) - 1}, in the order of the list",
                    fix="pass a number in that range; -1 is the last",
                )
            )
        return i % len(self)

    def __repr__(self) -> str:
        return f"<StateJacobian of {len(self)} states, {self.shape} each>"

    def __str__(self) -> str:
        rows = []
        for back in range(1, len(self)):
            pairs = np.arange(back, len(self)), np.arange(len(self) - back)
            sizes, radii = self.norms[pairs], self.spectral_radius[pairs]
            found = sizes.min(), sizes.max(), radii.min(), radii.max()
            rows.append((str(back), *(number(float(x)) for x in found)))
        head = ("steps back", "norm from", "to", "spectral radius from", "to")
        title = f"∂h_t/∂h_k of {len(self)} states, {self.shape} each"
        return "\n".join([title, *table(head, shortened(rows))])
