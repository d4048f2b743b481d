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


def optimised(program: Program, names: Iterable[str]) -> Program:
    """Apply the passes of these names one after the other, checking the program after each."""
    history = {"trace": program}
    for name in names:
        program = history[name] = PASSES[name](program).check(like=program)
    program.history = history
    return program
