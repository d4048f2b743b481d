"""What each of two lanes knows of the other at each step. Imports `lanes`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from .lanes import Lanes

NEVER = -2  # before the arguments are there, which is at -1


class Crossings:
    """The steps of phases that run one after the other, numbered through, as the lanes see them.

    A lane knows of its own steps that they are done, and of the other's as many as it has waited
    for. At the end of a phase both wait for each other.

    Parameters
    ----------
    phases : sequence of Lanes
        Forward and back.
    """

    def __init__(self, phases: Sequence[Lanes]) -> None:
        self.lane = [lane for phase in phases for lane in phase.lane]
        self.rank: list[int] = []  # of each step in its lane
        self.known: list[int] = []  # at each step: how many of the other lane's are done
        count = [0, 0]
        for phase in phases:
            before = tuple(count)
            known = [before[1], before[0]]  # to each lane
            for lane, needs in zip(phase.lane, phase.needs, strict=True):
                known[lane] = max(known[lane], before[1 - lane] + needs)
                self.rank.append(count[lane])
                self.known.append(known[lane])
                count[lane] += 1
        self.places = [[i for i, who in enumerate(self.lane) if who == lane] for lane in (0, 1)]
        self.grows = [[self.known[i] for i in places] for places in self.places]

    def lane_at(self, when: int) -> int:
        """Return who runs a step; before and after all of them it is the first lane."""
        return self.lane[when] if 0 <= when < len(self.lane) else 0

    def is_done(self, earlier: int, when: int) -> bool:
        """Say whether the lane of the step `when` knows there that an earlier one is done."""
        if earlier < 0 or self.lane[earlier] == self.lane[when]:
            return True
        return self.rank[earlier] < self.known[when]

    def end(self, last: Sequence[int]) -> int:
        """Return up to which step memory is in use.

        Parameters
        ----------
        last : pair of int
            Where each lane uses it last, `NEVER` if it does not.

        Returns
        -------
        int
            After this step every user of memory, in either lane, knows that all uses are over.
        """
        over = len(self.lane)
        if max(last) >= over or NEVER in last:
            return max(last)
        done = [0 if when < 0 else self.rank[when] + 1 for when in last]
        starts = []
        for lane, (places, grows) in enumerate(zip(self.places, self.grows, strict=True)):
            k = max(done[lane], bisect_left(grows, done[1 - lane]))
            starts.append(places[k] if k < len(places) else over)
        return max(*last, max(starts) - 1)
