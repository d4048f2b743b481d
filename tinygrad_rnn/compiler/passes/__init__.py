"""What is done to a program between tracing and running: small functions, Program → Program."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..program import Program
from .batch import batch
from .expand import expand
from .flatten import flatten, order
from .gather import gather
from .pack import pack
from .schedule import schedule
from .simplify import simplify
from .widen import widen

Pass = Callable[[Program], Program]

PASSES: dict[str, Pass] = {
    "widen": widen,
    "expand": expand,
    "simplify": simplify,
    "flatten": flatten,
    "gather": gather,
    "order": order,
    "merge": simplify,
    "batch": batch,
    "tidy": simplify,
    "pack": pack,
    "schedule": schedule,
}


def optimised(program: Program, passes: Iterable[Pass]) -> Program:
    """Apply passes one after the other, checking the program after each."""
    for rewrite in passes:
        program = rewrite(program).check(like=program)
    return program
