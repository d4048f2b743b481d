"""Ctrl-C between two steps, never in the middle of one. Imports the standard library only."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class Interruption:
    """Remember that somebody asked to stop, so that a loop can end where its state is whole.

    As a context manager it takes over Ctrl-C (SIGINT) and a polite kill (SIGTERM). The first one
    is remembered; the handlers from before are then put back, so that the second stops at once.

    Attributes
    ----------
    signal : int
        The number of the signal that came, 0 if none did.

    Examples
    --------
    >>> with Interruption() as interruption:
    ...     signal.raise_signal(signal.SIGINT)
    >>> interruption.status
    130
    """

    def __init__(self) -> None:
        self.signal = 0
        self._before: dict[int, Any] = {}

    @property
    def status(self) -> int:
        """The exit status by which a shell knows the signal: 130 for Ctrl-C, 0 if none came."""
        return 128 + self.signal if self.signal else 0

    def __enter__(self) -> Interruption:
        # Python hands signals to the main thread alone; elsewhere there is nothing to take over.
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._remember)
        return self

    def __exit__(self, *exception: object) -> None:
        self._put_back()

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        self._put_back()

    def _put_back(self) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
