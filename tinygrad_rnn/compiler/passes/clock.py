"""Where a step stands in time, for programs that know no time. Imports `program`.

A loop's forward half is made from the first step to the last, its backward half from the last to
the first. What is to lie in one array should lie in one order: that of the forward half.
"""

from __future__ import annotations

from operator import attrgetter

from ..program.program import Program, reachable
from ..program.steps import SEED, Step


class Clock:
    """When, in the order of the forward half, the numbers of a step are from.

    Parameters
    ----------
    program : Program
    """

    def __init__(self, program: Program) -> None:
        self.times: dict[Step, int] = {}
        self.late: set[Step] = set()  # steps that wait for the gradient of a result
        forward = set(reachable(program.outputs))
        for s in program.steps:
            self.enter(s, s in forward)

    def enter(self, s: Step, is_forward: bool = False) -> None:
        """Note a step's time; its inputs' are known."""
        if s.kind == SEED or not self.late.isdisjoint(s.inputs):
            self.late.add(s)
        if is_forward:
            self.times[s] = s.order if s.rule is not None else -1
            return
        early = [x for x in s.inputs if x not in self.late and self.times[x] >= 0]  # no weights
        self.times[s] = max((self.times[x] for x in early or s.inputs), default=-1)

    def time(self, s: Step) -> int:
        """Return a number that grows with time."""
        return self.times[s]


def drawn_in_turn(program: Program) -> list[Step]:
    """List the steps that draw random numbers, in the order of the function."""
    random = [s for s in program.steps if s.rule is not None and s.rule.random]
    return sorted(random, key=attrgetter("turn"))
