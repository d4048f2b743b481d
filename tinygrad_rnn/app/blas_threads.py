"""One thread for NumPy's matrix products while a command runs. Imports NumPy only.

The products of a recurrent step are too small to be shared out: with as many threads as cores,
training is hardly faster on an idle machine and ten times slower on a busy one, where the threads
wait for each other. And the last bit of a sum depends on how many share it, so that a run could not
be repeated or resumed bit for bit.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

# Whoever sets one of these has made up his mind.
SETTINGS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "GOTO_NUM_THREADS")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let the OpenBLAS in NumPy's wheels use one thread inside, and as many as before outside.

    With another BLAS, or where the environment names a number of threads, nothing is changed.
    """
    if any(name in os.environ for name in SETTINGS):
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


def libraries() -> list[Any]:
    """Find the OpenBLAS that came with NumPy, which is loaded already."""
    package = Path(np.__file__).parent
    found = []
    for folder in (package.with_name("numpy.libs"), package / ".dylibs"):
        for path in sorted(folder.glob("*scipy_openblas*")):
            try:
                library = ctypes.CDLL(str(path))
            except OSError:
                continue
            if all(hasattr(library, name(verb)) for verb in ("get", "set")):
                found.append(library)
    return found


def function(library: Any, verb: str) -> Callable[..., int]:
    """Return the library's function that gets or sets the number of threads."""
    call: Any = getattr(library, name(verb))
    call.argtypes = [ctypes.c_int] if verb == "set" else []
    call.restype = None if verb == "set" else ctypes.c_int
    return call


def name(verb: str) -> str:
    """Write the function's name as in the wheels: of 64-bit integers, with SciPy's prefix."""
    return f"scipy_openblas_{verb}_num_threads64_"
