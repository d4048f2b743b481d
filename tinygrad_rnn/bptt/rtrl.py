"""Real-time recurrent learning: the gradient carried forward with the state, not sent back.

Imports the engine and the files above.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engine.backward import Sweep
from ..engine.errors import DtypeError, describe, explain
from ..engine.recording import time_step
from ..engine.value import Value
from ..nn import Module
from .arguments import Step, named_weights, taken
from .carried import assembled, rows_of_jacobian
from .paths import ancestors_of_all


class RTRL:
    """A net that knows at every step how its state depends on its weights.

    Parameters
    ----------
    step : callable
        ``step(x, state)`` takes one step and returns ``(loss, state)``; the loss is a Value of a
        single number, or None where a step has none. Called inside ``time_step(t)``.
    params : Module or dict from name to Value
        The weights.
    state : Value, array, tuple of them, or None
        What the first step is given. A constant: its own gradient is not computed.

    Attributes
    ----------
    state : array, tuple of arrays, or None
        After the last step.
    sensitivity : dict from name to array
        ∂s/∂w of each weight w: (S, *w.shape), S the number of entries of the state, of all
        sequences of the batch and all members together.
    steps : int
        How many have been taken.

    Raises
    ------
    TypeError, ValueError
        If a weight is no Value that requires a gradient; on `advance`, if `step` does not return a
        loss of a single number and a state of the form that it was given.

    Notes
    -----
    With s_t = f(s_{t−1}, w), the chain rule gives

    | ∂s_t/∂w = J_t ∂s_{t−1}/∂w + ∂f/∂w        J_t = ∂f/∂s_{t−1}
    | ∂L_t/∂w = (∂L_t/∂s_{t−1}) ∂s_{t−1}/∂w + ∂L_t/∂w, the last with s_{t−1} held fixed

    f is one step of the cell, and its Jacobians are found by autodiff: S backward steps. Nothing is
    kept of earlier steps, so the memory does not depend on T, but it holds S numbers for every
    weight, and each step costs S² operations for every weight. BPTT keeps T steps instead, and
    computes the same gradient.

    R. J. Williams, D. Zipser, "A learning algorithm for continually running fully recurrent neural
    networks", Neural Computation 1 (1989).

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.GRUCell(2, 3, generator=np.random.default_rng(0))
    >>> def step(x, h):
    ...     h = cell(x, h)
    ...     return (h**2).sum(), h
    >>> forward = tg.bptt.RTRL(step, cell)
    >>> totals = {name: 0.0 for name, _ in cell.named_parameters()}
    >>> for x in np.ones((5, 2)):
    ...     loss, gradients = forward.advance(x)
    ...     totals = {name: totals[name] + g for name, g in gradients.items()}
    >>> h, loss = None, 0.0
    >>> for x in np.ones((5, 2)):
    ...     term, h = step(x, h)
    ...     loss = loss + term
    >>> loss.backward()  # the same, by BPTT
    >>> bool(np.allclose(totals["weight_hh"], cell.weight_hh.grad, rtol=0, atol=1e-12))
    True
    """

    def __init__(self, step: Step, params: Module | Mapping[str, Value], state: Any = None) -> None:
        self.step = step
        self.weights = named_weights(params)
        self.steps = 0
        self.state = as_arrays(state)
        S = sum(np.size(s) for s in members(self.state))
        self.sensitivity = {
            name: np.zeros((S, *w.shape), w.dtype) for name, w in self.weights.items()
        }

    def advance(self, x: Any) -> tuple[Any, dict[str, Any]]:
        """Take a step.

        Parameters
        ----------
        x : anything
            What `step` takes.

        Returns
        -------
        loss : float or None
            Of this step.
        gradients : dict from name to array
            Of this step's loss by each weight, through all steps so far; zeros without a loss.

        Raises
        ------
        TypeError
            If `step` does not return a loss and a state.
        """
        before = [Value(s) for s in members(self.state)]
        given: Any = tuple(before) if isinstance(self.state, tuple) else next(iter(before), None)
        with time_step(self.steps):
            loss, state = taken(self.step, x, given)
        gradients = self._gradients(loss, before)
        self._carry(state, before)
        self.state = as_arrays(state)
        self.steps += 1
        return None if loss is None else float(loss), gradients

    def _gradients(self, loss: Value | None, before: list[Value]) -> dict[str, Any]:
        """Differentiate a step's loss: directly, and through the state before it."""
        found: Mapping[Any, Any] = {}
        if loss is not None and loss.requires_grad:
            one = np.ones_like(loss.data)[()]
            sources = {*before, *self.weights.values()}
            found = Sweep(loss, one, retain=False, sources=sources).gradients
        gradients = {}
        for name, w in self.weights.items():
            total = np.zeros_like(w.data) + found.get(w, 0.0)
            row = 0
            for s in before:
                if s in found:
                    rows = self.sensitivity[name][row : row + s.size]
                    total = total + np.tensordot(np.reshape(found[s], -1), rows, axes=1)
                row += s.size
            gradients[name] = total
        return gradients

    def _carry(self, state: Any, before: list[Value]) -> None:
        """Carry ∂s/∂w from the state before to the state after the step."""
        after = list(members(state))
        for s in after:
            if not isinstance(s, Value):
                raise DtypeError(
                    explain(
                        f"the step returned {describe(s)} as a state",
                        where="step(x, state)",
                        why="its derivative is found in the graph of the step",
                        fix="return the Value itself, not its .data",
                    )
                )
        weights = list(self.weights.values())
        found = rows_of_jacobian(ancestors_of_all(after), after, [*before, *weights], ())
        J = assembled(found, after, before, ())  # (S, S)
        for name, w in self.weights.items():
            direct = assembled(found, after, [w], ()).reshape(len(J), *w.shape)
            self.sensitivity[name] = np.tensordot(J, self.sensitivity[name], axes=1) + direct


def members(state: Any) -> tuple[Any, ...]:
    """Return the members of a state: h, or h and c; none for None."""
    if state is None:
        return ()
    return state if isinstance(state, tuple) else (state,)


def as_arrays(state: Any) -> Any:
    """Return the numbers of a state, in its form."""
    if isinstance(state, tuple):
        return tuple(as_arrays(s) for s in state)
    if state is None:
        return None
    return state.data if isinstance(state, Value) else np.asarray(state)[()]
