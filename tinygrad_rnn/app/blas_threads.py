"""One thread for NumPy's matrix products while a command runs. Imports `compiler.two_cores`.

The products of a recurrent step are too small to be shared out: with as many threads as cores,
training is hardly faster on an idle machine and ten times slower on a busy one, where the threads
wait for each other. And the last bit of a sum depends on how many share it, so that a run could not
be repeated or resumed bit for bit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..compiler.two_cores.cores import SETTINGS, function, libraries


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let the OpenBLAS in NumPy's wheels use one thread inside, and as many as before outside.

    With another BLAS, or where the environment names a number of threads, nothing is changed.
    """
    if any(name in os.environ for name in SETTINGS):  # somebody has made up his mind
        yield
        return
    before = [(library, int(function(library, "get")())) for library in libraries()]
    for library, _ in before:
        function(library, "set")(1)
    try:
        yield
    finally:
        for library, threads in before:
            function(library, "set")(threads)
