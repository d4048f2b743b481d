"""SequentialLR: one schedule after the other, as warm-up before decay. Imports `schedule` only."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from .optimizer import Optimizer
from .options import whole
from .schedule import LRScheduler


class SequentialLR(LRScheduler):
    """One schedule after the other, each counting from its own first step.

    Parameters
    ----------
    optimizer : Optimizer
        Whose learning rate is set.
    schedulers : sequence of LRScheduler
        All of them on this optimiser.
    milestones : sequence of int
        The steps at which the second, third … schedule takes over.

    Raises
    ------
    ValueError
        If there is not one rising milestone for each schedule but the first, or a schedule
        belongs to another optimiser.

    Examples
    --------
    Warm-up over 2 steps, then a cosine:

    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> from tinygrad_rnn.optim import SGD, CosineAnnealingLR, LinearLR
    >>> sgd = SGD([SimpleNamespace(data=np.zeros(1), grad=None)], lr=1.0)
    >>> warm_up, decay = LinearLR(sgd, 0.5, total_iters=2), CosineAnnealingLR(sgd, T_max=4)
    >>> schedule = SequentialLR(sgd, [warm_up, decay], milestones=[2])
    >>> for _ in range(6):
    ...     print(round(sgd.lr, 3), end=" ")
    ...     schedule.step()
    0.5 0.75 1.0 0.854 0.5 0.146
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int]
    ) -> None:
        self.schedulers = list(schedulers)
        if not self._separate(milestones):
            raise ValueError(
                f"SequentialLR: {len(self.schedulers)} schedulers with milestones={milestones!r}\n"
                "  why: each scheduler but the first takes over at a step later than the last\n"
                "  fix: write for example SequentialLR(adam, [warm_up, decay], milestones=[100])"
            )
        if any(schedule.optimizer is not optimizer for schedule in self.schedulers):
            raise ValueError(
                "SequentialLR: a scheduler in it belongs to another optimiser\n"
                "  why: the learning rate that is set would be another one's\n"
                "  fix: make every scheduler with the same optimizer"
            )
        self.milestones = [whole(milestone) for milestone in milestones]
        super().__init__(optimizer)

    def rate(self, t: int) -> float:
        """Return the rate of the schedule whose turn it is, at its own step."""
        turn = bisect_right(self.milestones, t)
        return self.schedulers[turn].rate(t - (0, *self.milestones)[turn])

    def state_dict(self) -> dict[str, Any]:
        """Return what the schedule depends on, the states of its schedules included."""
        parts = [schedule.state_dict() for schedule in self.schedulers]
        return {**super().state_dict(), "milestones": list(self.milestones), "schedulers": parts}

    def _separate(self, milestones: Sequence[int]) -> bool:
        """Whether these are rising steps, one between each schedule and the next."""
        try:
            steps = [0, *(whole(milestone) for milestone in milestones)]
        except TypeError:
            return False
        return len(steps) == len(self.schedulers) and steps == sorted(set(steps))

    def _check_state(self, state: Mapping[str, Any], faults: list[str]) -> None:
        super()._check_state(state, faults)
        if "milestones" in state and not self._separate(state["milestones"]):
            faults.append(f"'milestones' is {state['milestones']!r}")
        parts = state.get("schedulers", [])
        if "schedulers" in state and len(parts) != len(self.schedulers):
            faults.append(f"it holds {len(parts)} schedules, there are {len(self.schedulers)}")
        for index, (schedule, part) in enumerate(zip(self.schedulers, parts, strict=False)):
            inner: list[str] = []
            schedule._check_state(part, inner)
            faults.extend(f"schedule {index}: {fault}" for fault in inner)

    def _take_state(self, state: Mapping[str, Any]) -> None:
        super()._take_state(state)
        self.milestones = [whole(milestone) for milestone in state["milestones"]]
        for schedule, part in zip(self.schedulers, state["schedulers"], strict=True):
            schedule._take_state(part)
