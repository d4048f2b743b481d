"""Lists of calls: one that is run, or two that are run side by side. Imports `calls`, `lanes`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from itertools import accumulate
from typing import Any

from ..calls.by_id import Call
from ..calls.writing import run
from .lanes import Lanes
from .second_core import SECOND_CORE


class Abandoned(Exception):
    """The other lane has failed."""


class Solo:
    """The calls of steps, run one after the other.

    Parameters
    ----------
    calls : sequence of list of Call
        Those of each step.

    Attributes
    ----------
    alone : list of Call
        All of them.
    """

    def __init__(self, calls: Sequence[list[Call]]) -> None:
        self.alone = [call for made in calls for call in made]
        self.starts = [0, *accumulate(map(len, calls))]  # where in the list each step begins

    def run(self) -> None:
        """Make all calls."""
        run(self.alone)

    def replace(self, i: int, call: Call) -> None:
        """Let a step with one call make another."""
        self.alone[self.starts[i]] = call


class Duet(Solo):
    """The calls of steps in two lanes, which can be run side by side.

    Where a step needs one of the other lane, there is a gate: a lock that is shut, opened after
    the one and passed before the other, which shuts it again for the next run.

    Parameters
    ----------
    calls : sequence of list of Call
        Those of each step.
    lanes : Lanes
        Who runs them.

    Attributes
    ----------
    lists : pair of list of Call
        The calls of each lane, and those of the gates.
    """

    def __init__(self, calls: Sequence[list[Call]], lanes: Lanes) -> None:
        super().__init__(calls)
        self.gates: list[Any] = []
        self.lists: tuple[list[Call], list[Call]] = ([], [])
        self.places: list[tuple[int, int]] = []  # of each step: its lane, where in its list
        self.place(calls, lanes)
        self.ended = threading.Event()
        self.is_asked = False
        self.error: BaseException | None = None

    def place(self, calls: Sequence[list[Call]], lanes: Lanes) -> None:
        """Put the calls into lists, with gates between them."""
        opening: dict[tuple[int, int], Call] = {}  # what is called after a lane's n-th step
        waiting: dict[int, Call] = {}  # what is called before the i-th step of all
        known = [0, 0]
        has_begun = False
        for i, (lane, needs) in enumerate(zip(lanes.lane, lanes.needs, strict=True)):
            if lane == 1 and not has_begun:
                has_begun = True
                known[1] = needs
                opening[0, needs] = self.begin, ()
            elif needs > known[lane]:
                known[lane] = needs
                gate = shut()
                self.gates.append(gate)
                waiting[i] = self.go_through, (gate,)
                opening[1 - lane, needs] = gate.release, ()
        count = [0, 0]
        if (0, 0) in opening:
            self.lists[0].append(opening[0, 0])
        for i, (lane, made) in enumerate(zip(lanes.lane, calls, strict=True)):
            own = self.lists[lane]
            if i in waiting:
                own.append(waiting[i])
            self.places.append((lane, len(own)))
            own += made
            count[lane] += 1
            if (lane, count[lane]) in opening:
                own.append(opening[lane, count[lane]])

    def replace(self, i: int, call: Call) -> None:
        """Let a step with one call make another."""
        super().replace(i, call)
        lane, place = self.places[i]
        self.lists[lane][place] = call

    def run(self) -> None:
        """Make all calls; alone where the second core is busy.

        Raises
        ------
        BaseException
            What a call in either lane has raised first.
        """
        if SECOND_CORE.borrow():
            try:
                self.run_both()
            finally:
                SECOND_CORE.give_back()
        else:
            super().run()

    def run_both(self) -> None:
        """Run the first lane here and the second one there."""
        self.ended.clear()
        self.run_lane(0)
        while self.is_asked:  # whatever happens, for the second lane works in this run's memory
            try:
                self.ended.wait()
                self.is_asked = False
            except BaseException as error:  # the keyboard's interruption
                self.fail(error)
        if self.error is not None:
            failure, self.error = self.error, None
            for gate in self.gates:
                gate.acquire(blocking=False)
            raise failure

    def begin(self) -> None:
        """Let the second lane begin."""
        self.is_asked = True
        SECOND_CORE.asked.put(self.run_second)

    def run_second(self) -> None:
        """Run the second lane."""
        try:
            self.run_lane(1)
        finally:
            self.ended.set()

    def run_lane(self, lane: int) -> None:
        """Run one lane."""
        try:
            run(self.lists[lane])
        except BaseException as error:  # of a user's op, or the keyboard's interruption
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """Note what was raised first, and let the other lane end at its next gate."""
        if self.error is None:
            self.error = error
        for gate in self.gates:
            if gate.locked():
                with suppress(RuntimeError):  # it has been opened meanwhile
                    gate.release()

    def go_through(self, gate: Any) -> None:
        """Wait at a gate."""
        gate.acquire()
        if self.error is not None:
            raise Abandoned


def performer(calls: Sequence[list[Call]], lanes: Lanes) -> Solo | Duet:
    """Return what runs the calls of steps, in one lane or two."""
    return Duet(calls, lanes) if 1 in lanes.lane else Solo(calls)


def shut() -> Any:
    """Return a gate that is shut."""
    gate = threading.Lock()
    gate.acquire()
    return gate
