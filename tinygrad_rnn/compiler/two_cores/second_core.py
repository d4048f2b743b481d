"""One thread beside the caller's. Imports NumPy only.

The thread is made when it is needed first, and lent to one run at a time; whoever finds it taken
does its work himself. It waits without using the processor. A process that forks leaves it
behind, and makes its own.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

import numpy as np


class SecondCore:
    """A thread that does what it is asked to, for one asker at a time."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Be without a thread, as in a process that has just begun."""
        self.asked: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.lent = threading.Lock()
        self.thread: threading.Thread | None = None

    def borrow(self) -> bool:
        """Say whether the thread is free, and keep it for the asker until it is given back."""
        if not self.lent.acquire(blocking=False):
            return False
        try:
            if self.thread is None:
                work = threading.Thread(target=serve, args=(self.asked,), daemon=True)
                work.name = "tinygrad_rnn's second core"
                work.start()
                self.thread = work
        except RuntimeError:  # no more threads, or Python is about to end
            self.lent.release()
            return False
        return True

    def give_back(self) -> None:
        """Let somebody else have the thread."""
        self.lent.release()


def serve(asked: SimpleQueue[Callable[[], None]]) -> None:
    """Do what is asked, forever."""
    with np.errstate(all="ignore"):
        while True:
            asked.get()()


SECOND_CORE = SecondCore()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SECOND_CORE.forget)
