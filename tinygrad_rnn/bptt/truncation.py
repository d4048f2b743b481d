"""Truncated BPTT: every k1 steps, back through k2 of them, over a stream without end.

Imports the engine, `nn.detach_state` and the files above.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..engine.errors import ShapeError, explain
from ..engine.graph import Node, ancestors
from ..engine.recording import time_of, time_step
from ..engine.value import Value
from ..nn import detach_state
from .arguments import Step, taken


@dataclass(frozen=True, eq=False)
class Window:
    """A stretch of a stream, run with a graph of its own.

    Attributes
    ----------
    start, new, stop : int
        The graph has the steps from `start` to before `stop`; the losses are those of the steps
        from `new` on.
    loss : Value
        The sum of these losses: what to call `backward` on.
    state : Value, array or tuple of them
        After the last step, cut off from the graph.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> w = tg.Value(0.5)
    >>> windows = tg.bptt.Truncation(k1=2, k2=2).windows(lambda x, h: (w * x, w * x), [1.0, 2.0])
    >>> [(window.start, window.stop, float(window.loss)) for window in windows]
    [(0, 2, 1.5)]
    """

    start: int
    new: int
    stop: int
    loss: Any
    state: Any


@dataclass(frozen=True)
class Truncation:
    """Truncated backpropagation through time with windows k1/k2.

    Parameters
    ----------
    k1 : int
        How many steps are taken between one backward pass and the next.
    k2 : int
        Through how many steps each goes back; at least k1.

    Raises
    ------
    ValueError
        If k1 or k2 is no whole number above zero, or k2 is less than k1.

    Notes
    -----
    The gradient that comes of it is exact, only of less: of all pairs "loss at t′, weight used at
    t", those with `keeps` ``(t′, t)``, summed. With k1 = 1 these are the lags below k2.

    R. J. Williams, J. Peng, "An efficient gradient-based algorithm for on-line training of
    recurrent network trajectories", Neural Computation 2 (1990), where it is BPTT(h; h′) with
    h = k2, h′ = k1.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> cell = tg.nn.RNNCell(2, 3, generator=np.random.default_rng(0))
    >>> def step(x, h):
    ...     h = cell(x, h)
    ...     return (h**2).sum(), h
    >>> truncation = tg.bptt.Truncation(k1=2, k2=3)
    >>> for window in truncation.windows(step, np.ones((5, 2))):
    ...     window.loss.backward()  # and optimizer.step()
    ...     print(window.start, window.new, window.stop)
    0 0 2
    1 2 4
    3 4 5
    >>> [t for t in range(4) if truncation.keeps(3, t)]
    [1, 2, 3]
    """

    k1: int
    k2: int

    def __post_init__(self) -> None:
        for name, k in (("k1", self.k1), ("k2", self.k2)):
            if isinstance(k, bool) or not isinstance(k, int) or k < 1:
                raise ShapeError(
                    explain(
                        f"Truncation: {name}={k!r}",
                        why="it counts time steps",
                        fix=f"pass a whole number above zero as {name}",
                    )
                )
        if self.k2 < self.k1:
            raise ShapeError(
                explain(
                    f"Truncation: k2={self.k2} is less than k1={self.k1}",
                    why="losses more than k2 steps before a backward pass would never be reached",
                    fix=f"pass k2 of at least {self.k1}, or a smaller k1",
                )
            )

    @classmethod
    def horizon(cls, k: int) -> Truncation:
        """Let each loss go back exactly k steps: ``Truncation(1, k + 1)``."""
        return cls(1, k + 1)

    @classmethod
    def from_text(cls, text: str) -> Truncation:
        """Read ``"k1,k2"``, as it is written on a command line.

        Raises
        ------
        ValueError
            If the text is not two whole numbers, or they do not fit.

        Examples
        --------
        >>> Truncation.from_text("20,40")
        Truncation(k1=20, k2=40)
        """
        if not re.fullmatch(r"[0-9]{1,9},[0-9]{1,9}", text):
            raise ShapeError(
                explain(
                    f"Truncation: {text!r} is not two whole numbers",
                    why="there are two lengths, k1 between updates and k2 of the way back",
                    fix="write them with a comma between, for example 20,40",
                )
            )
        return cls(*map(int, text.split(",")))

    def first_step(self, t: int) -> int:
        """Return the earliest step that a loss at step t reaches."""
        new = t - t % self.k1  # where t's window begins to count losses
        return max(0, new - (self.k2 - self.k1))

    def keeps(self, loss_step: int, step: int) -> bool:
        """Say whether the use of a weight at `step` is told of the loss at `loss_step`."""
        return self.first_step(loss_step) <= step <= loss_step

    def windows(self, step: Step, stream: Iterable[Any], state: Any = None) -> Iterator[Window]:
        """Run over a stream and yield a window every k1 steps.

        Parameters
        ----------
        step : callable
            ``step(x, state)`` takes a step and returns ``(loss, state)``; the loss is a single
            number, or None where a step has none. Called inside ``time_step(t)``.
        stream : iterable
            What each step is given. It may be endless.
        state : Value, array, tuple of them, or None
            What the first step is given.

        Yields
        ------
        Window
            Call ``window.loss.backward()``; the weights may be updated before the next window.

        Raises
        ------
        TypeError
            If `step` does not return a loss and a state.
        ValueError
            If no step of a window has a loss.

        Notes
        -----
        The k2 − k1 steps before the new ones are run again, with the weights as they are now, from
        the state that was reached then: k2 / k1 times the cost of the forward pass. Memory does not
        grow with the stream: alive are the graph of the window that is being computed, that of the
        window before while the caller holds it, k2 inputs and two states.
        """
        stream = iter(stream)
        kept: deque[Any] = deque()  # the inputs of the steps from `start` on
        start = new = 0
        before = detach_state(state)
        while chunk := list(islice(stream, self.k1)):
            kept.extend(chunk)
            stop, next_start = new + len(chunk), self.first_step(new + self.k1)
            total: Any = None
            state = next_before = before
            for t, x in enumerate(kept, start):
                with time_step(t):
                    loss, state = taken(step, x, state)
                    if t + 1 == next_start:
                        next_before = detach_state(state)  # inside, so that it knows its t
                if t >= new and loss is not None:
                    total = loss if total is None else total + loss
            if total is None:
                raise ShapeError(
                    explain(
                        f"no loss in the steps {new} to {stop - 1}",
                        where=f"Truncation(k1={self.k1}, k2={self.k2}).windows(step, stream)",
                        why="each backward pass starts from the losses of its k1 new steps",
                        fix="return a loss at least every k1 steps, or choose a longer k1",
                    )
                )
            yield Window(start, new, stop, total, detach_state(state))
            del total, loss, state  # from here on the graph belongs to the caller alone
            for _ in range(min(next_start - start, len(kept))):
                kept.popleft()
            start, new, before = next_start, stop, next_before


def cut_edges(root: Value) -> list[tuple[Node, Node]]:
    """List the edges between time steps on which no gradient goes back.

    Parameters
    ----------
    root : Value
        A window's loss, or anything computed from it.

    Returns
    -------
    list of pairs (node, state)
        `state` belongs to an earlier time step than `node`, which was computed from it, and is cut
        off: it needs no gradient. `detach_state` inside the earlier ``time_step(t)`` makes such an
        edge, also in a loop of your own.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> w, h = tg.Value(0.5), 1.0
    >>> for t in range(4):
    ...     with tg.time_step(t):
    ...         h = w * h
    ...         if t == 1:
    ...             h = tg.nn.detach_state(h)
    >>> [(node.scope, state.scope) for node, state in tg.bptt.cut_edges(h)]
    [('t=2', 't=1')]
    """
    found: list[tuple[Node, Node]] = []
    for node in ancestors(root):
        t = time_of(node)
        for x in node.inputs:
            if isinstance(x, Node) and not x.requires_grad and t is not None:
                before = time_of(x)
                if before is not None and before < t:
                    found.append((node, x))
    return found
