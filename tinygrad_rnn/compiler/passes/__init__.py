"""What is done to a program between tracing and running: small functions, Program → Program.

Each can be read by itself; `PASSES` has the order in which they run: `widen`, `expand`, `simplify`,
`flatten`, `gather`, `look_up`, `fold`, `batch`, `pack`, `schedule`. Begin with `simplify`, whose
rules of algebra stand in `arithmetic` and `arrangement`, and in the table of `simpler`; then read
`gather` and `batch`, which make few large products of many small ones. `clock` says which time step
a step's numbers are from, `kinds` which steps are alike, `sources` what rows were made of;
`entries` prepares for `look_up` what is picked one by one, `gates` for `widen` what lies apart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from ...engine.errors import explain
from ..program.program import Program
from .batch import batch
from .expand import expand
from .flatten import flatten, order
from .fold import fold
from .gather import gather
from .look_up import look_up
from .pack import pack
from .schedule import in_turn, schedule
from .simplify import simplify
from .widen import widen

Pass = Callable[[Program], Program]

PASSES: dict[str, Pass] = {
    "widen": widen,
    "expand": expand,
    "simplify": simplify,
    "flatten": flatten,
    "gather": gather,
    "look up": look_up,
    "fold": fold,
    "order": order,
    "merge": simplify,
    "batch": batch,
    "tidy": simplify,
    "pack": pack,
    "schedule": schedule,
}


def chosen(names: Iterable[str] | None) -> tuple[str, ...]:
    """Return the names of passes in the order in which they run; all of them for None."""
    wanted = tuple(PASSES) if names is None else tuple(names)
    unknown = [name for name in wanted if name not in PASSES]
    if unknown:
        raise ValueError(
            explain(
                f"no pass is called {', '.join(map(repr, unknown))}",
                where="tg.compile(fn, passes=…)",
                why=f"there are {', '.join(PASSES)}",
                fix="choose among these; passes=() leaves the program as it was traced",
            )
        )
    return tuple(name for name in PASSES if name in wanted)


def optimised(program: Program, names: Iterable[str]) -> Program:
    """Apply the passes of these names one after the other, checking the program after each."""
    ((_, last),) = deque(stages(program, names), maxlen=1)  # those before it are freed on the way
    last = in_turn(last)
    last.remake = lambda: dict(stages(program, names))
    return last


def stages(program: Program, names: Iterable[str]) -> Iterator[tuple[str, Program]]:
    """Apply passes, and yield the program after each by its name; first of all as it was traced."""
    yield "trace", program
    for name in names:
        program = PASSES[name](program).check(like=program)
        yield name, program
