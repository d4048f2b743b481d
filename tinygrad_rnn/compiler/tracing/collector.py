"""Python's collector of cycles waits while a program is made. Imports the standard library only.

A long trace is a million small objects that all stay. The collector walks through all of them each
time their number has grown by a quarter, finds nothing, and takes a third of the time.
"""

from __future__ import annotations

import gc
from threading import Lock


class Waiting:
    """A context in which the collector of cycles waits, in all threads; contexts may overlap."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.open = 0
        self.was_enabled = False

    def __enter__(self) -> None:
        with self.lock:
            if not self.open:
                self.was_enabled = gc.isenabled()
                gc.disable()
            self.open += 1

    def __exit__(self, *exception: object) -> None:
        with self.lock:
            self.open -= 1
            if not self.open and self.was_enabled:
                gc.enable()


collector_waits = Waiting()
