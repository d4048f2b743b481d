"""How many cores a program may use. Imports NumPy and the engine.

A second core is used where the process may run on two and NumPy's products do not use it already.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ...engine.errors import explain

# Microseconds that all processes of a container may run in how many: "150000 100000".
LIMIT = Path("/sys/fs/cgroup/cpu.max")
# How many threads BLAS is to use, where its users say.
SETTINGS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "GOTO_NUM_THREADS")


def allowed(cores: int | None) -> int | None:
    """Return how many cores somebody allows a program, None where he leaves it to us."""
    if cores not in (None, 1, 2):
        raise ValueError(
            explain(
                f"a program cannot run on {cores!r} cores",
                where="tg.compile(fn, cores=…)",
                why="one runs it, or one with the help of a second",
                fix="write cores=1, cores=2, or nothing: a second one then helps where that pays",
            )
        )
    return cores


def cores_for_programs() -> int:
    """Return 2 where a second core is there and idle while BLAS computes; else 1."""
    return 2 if available() > 1 and blas_threads() == 1 else 1


def available() -> int:
    """Return on how many cores this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), share_of_container())
    return os.cpu_count() or 1


def share_of_container() -> int:
    """Return how many cores' time a container leaves its processes; many where it sets no limit."""
    try:
        limit, period = LIMIT.read_text().split()
        return int(limit) // int(period)
    except (OSError, ValueError):  # no such file, or "max"
        return sys.maxsize


def blas_threads() -> int | None:
    """Return how many threads NumPy's products use; None where nobody says.

    The OpenBLAS in NumPy's wheels is asked itself, for others the environment.
    """
    found = [int(function(library, "get")()) for library in libraries()]
    if not found:
        found = [int(n) for name in SETTINGS if (n := os.environ.get(name, "")).isdecimal()]
    return max(found, default=None)


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
