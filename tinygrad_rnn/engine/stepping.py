"""Time steps one after the other, for whoever takes all of them. Imports `recording`.

``with time_step(t):`` around each of many short steps opens and ends a scope at each. Here the
scope of one step takes the place of the last one's, and there is one end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .recording import Recording, current, name_scope


class time_steps(name_scope):
    """Mark the nodes made at each of several time steps, as `time_step` does for one.

    Parameters
    ----------
    times : iterable of int
        The time indices.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> from tinygrad_rnn.engine.stepping import time_steps
    >>> h = tg.Value(0.5)
    >>> with time_steps(range(3)) as steps:
    ...     for t in steps:
    ...         h = h.tanh()
    >>> h.scope, tg.Value(0.5).scope
    ('t=2', '')
    """

    __slots__ = ("times",)

    def __init__(self, times: Iterable[int]) -> None:
        self.times = times

    def __enter__(self) -> Any:
        return self.steps(current.get())

    def steps(self, outer: Recording) -> Iterator[int]:
        """Open the scope of each step in the place of the last one's."""
        before = f"{outer.scope}/t=" if outer.scope else "t="
        for t in self.times:
            current.set(Recording(outer.mode, f"{before}{t:d}", outer, self))
            yield t
