"""Where the values of a program lie, and who computes them when. Imports all of its room."""

from __future__ import annotations

from ..calls.costs import seconds
from ..program.program import Program, reachable
from ..program.steps import SEED, Step
from ..two_cores.division import divided
from ..two_cores.lanes import LARGE, one_lane, two_lanes
from .dependences import dependences
from .lending import lend
from .memory import Memory
from .placement import Placement

GAIN = 1.5e-3  # seconds that a second core has to save at least
SHARE = 0.15  # and of the whole time


class Plan:
    """Places, lanes and memory of a program.

    Parameters
    ----------
    program : Program
    cores : int
        How many may be used, 1 or 2.

    Attributes
    ----------
    program : Program
        What is run: with clones for its stacks, and for two cores with long products divided.
    phases : tuple of Lanes
        What the outputs need, and what beside it the gradients need.
    lent : dict
        From each result that is handed out where it lies to its slot.
    """

    def __init__(self, program: Program, cores: int = 1) -> None:
        self.placement = Placement(divided(program) if cores > 1 else program)
        self.program = self.placement.program
        phases = halves(self.program, self.placement.computed)
        if cores > 1:
            needs = [dependences(self.placement, steps) for steps in phases]
            self.phases = tuple(map(two_lanes, phases, needs))
        else:
            self.phases = tuple(map(one_lane, phases))
        self.lent = lend(self.placement)
        self.memory = Memory(self.placement, self.phases)

    @property
    def seconds(self) -> float:
        """About how long a run takes."""
        return sum(phase.seconds for phase in self.phases)


def plan(program: Program, cores: int) -> Plan:
    """Return the plan of a program: with a second core where that clearly pays."""
    alone = Plan(program)
    large = sum(cost for s in program.computed() if (cost := seconds(s)) >= LARGE)
    if cores > 1 and large > GAIN:
        together = Plan(program, cores)
        if alone.seconds - together.seconds > max(GAIN, SHARE * alone.seconds):
            return together
    return alone


def halves(program: Program, steps: list[Step]) -> tuple[list[Step], list[Step]]:
    """Return what the outputs need, and what beside it the gradients need, in order."""
    needed = set(reachable(program.outputs))
    assert not any(s.kind == SEED for s in needed), "an output waits for the gradient of a result"
    return [s for s in steps if s in needed], [s for s in steps if s not in needed]
