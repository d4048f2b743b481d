"""Which steps a second core takes, and where the two cores wait for each other.

Imports `calls` and `program`. All is decided before anything runs, from estimates, so that every
run is the same. The first lane keeps its order and leaves out what the second one has taken: large
steps, as soon as what they read is there, unless the first is about to come to them.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple

from ...engine.rule import RULES
from ..calls.costs import seconds
from ..calls.writing import REDUCTIONS, UFUNCS
from ..program.steps import Step

CROSSING = 40e-6  # seconds until a thread that waits for the other lane has woken up
LARGE = 50e-6  # seconds: what is worth a crossing
# A user's op, and whatever draws random numbers or may refuse its input, stays in the first lane.
ABLE = {RULES["matmul"], *UFUNCS, *REDUCTIONS}


class Lanes(NamedTuple):
    """Steps, and who runs them.

    Attributes
    ----------
    order : list of Step
        In an order in which one core can run them all, and each of two cores its own.
    lane : list of int
        Of each step: 0 or 1.
    needs : list of int
        Of each step: how many steps of the other lane have to be done before it.
    seconds : float
        About how long it takes.
    """

    order: list[Step]
    lane: list[int]
    needs: list[int]
    seconds: float


def one_lane(steps: list[Step]) -> Lanes:
    """Let one core run all steps."""
    return Lanes(steps, [0] * len(steps), [0] * len(steps), sum(map(seconds, steps)))


def two_lanes(steps: list[Step], needs: Sequence[Sequence[int]]) -> Lanes:
    """Share steps out.

    Parameters
    ----------
    steps : list of Step
        In an order in which they can be run.
    needs : sequence of sequence of int
        The numbers of the steps that each of them waits for.
    """
    table = Timetable(steps, needs)
    order = sorted(range(len(steps)), key=lambda i: (table.start[i], table.lane[i]))
    rank: dict[int, int] = {}  # of a step in its lane
    count = [0, 0]
    for i in order:
        rank[i] = count[table.lane[i]]
        count[table.lane[i]] += 1
    return Lanes(
        [steps[i] for i in order],
        [table.lane[i] for i in order],
        [
            max((rank[j] + 1 for j in needs[i] if table.lane[j] != table.lane[i]), default=0)
            for i in order
        ],
        max(
            (start + cost for start, cost in zip(table.start, table.cost, strict=True)), default=0.0
        ),
    )


class Timetable:
    """When each step begins, in which lane, if all take as long as is estimated.

    Attributes
    ----------
    lane : list of int
        Of each step.
    start : list of float
        When it begins, in seconds.
    free : list of float
        When each lane has nothing more to do.
    """

    def __init__(self, steps: list[Step], needs: Sequence[Sequence[int]]) -> None:
        self.steps = steps
        self.needs = needs
        self.cost = [seconds(s) for s in steps]
        self.lane = [-1] * len(steps)  # nobody has taken it yet
        self.start = [0.0] * len(steps)
        self.free = [0.0, 0.0]
        self.users: list[list[int]] = [[] for _ in steps]
        for i, earlier in enumerate(needs):
            for j in earlier:
                self.users[j].append(i)
        self.waits = [len(earlier) for earlier in needs]
        self.coming: list[tuple[float, int]] = []  # for the second lane: from when on, which
        self.there: list[int] = []  # for the second lane: what it can begin as soon as it is free
        for i in range(len(steps)):
            if not self.waits[i]:
                self.offer(i)
        self.position = 0  # of the first lane
        for i in range(len(steps)):
            self.position = i
            self.fill_second(i)
            if self.lane[i] < 0:
                self.take(i, 0)

    def ready(self, i: int, lane: int) -> float:
        """Return when a lane knows that everything is there that a step reads."""
        return max(
            (
                self.start[j] + self.cost[j] + (CROSSING if self.lane[j] != lane else 0.0)
                for j in self.needs[i]
            ),
            default=0.0,
        )

    def take(self, i: int, lane: int) -> None:
        """Put a step next into a lane."""
        self.lane[i] = lane
        self.start[i] = max(self.free[lane], self.ready(i, lane))
        self.free[lane] = self.start[i] + self.cost[i]
        for j in self.users[i]:
            self.waits[j] -= 1
            if not self.waits[j]:
                self.offer(j)

    def offer(self, i: int) -> None:
        """Let the second lane choose a step: a large one, or what follows on one of its own."""
        follows = any(self.lane[j] == 1 for j in self.needs[i])
        if self.steps[i].rule in ABLE and (follows or self.cost[i] >= LARGE):
            heapq.heappush(self.coming, (self.ready(i, 1), i))

    def fill_second(self, i: int) -> None:
        """Let the second lane take what it can begin before the first one begins step `i`."""
        while self.lane[i] < 0:
            until = max(self.free[0], self.ready(i, 0))
            if not self.there and self.coming:
                self.free[1] = max(self.free[1], self.coming[0][0])
            while self.coming and self.coming[0][0] <= self.free[1]:
                heapq.heappush(self.there, heapq.heappop(self.coming)[1])
            if not self.there or self.free[1] > until:
                return
            j = heapq.heappop(self.there)
            if self.lane[j] < 0 and not self.is_near(j):
                self.take(j, 1)

    def is_near(self, i: int) -> bool:
        """Say whether the first lane comes to a step sooner than it would hear that it is done."""
        arrival = self.free[0]
        for j in range(self.position, i):
            if arrival > self.free[1] + 2 * CROSSING:
                return False
            if self.lane[j] < 0:
                arrival += self.cost[j]
        return arrival <= self.free[1] + 2 * CROSSING
