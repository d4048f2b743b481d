"""What lets tiny programs use a second core, and what looks whether its memory is in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from tinygrad_rnn.compiler import trace
from tinygrad_rnn.compiler.places import plan as planning
from tinygrad_rnn.compiler.places.dependences import read_by, written_by
from tinygrad_rnn.compiler.places.plan import Plan
from tinygrad_rnn.compiler.places.regions import Region, Slot
from tinygrad_rnn.compiler.program.steps import WRITTEN
from tinygrad_rnn.compiler.two_cores import division, lanes


@contextmanager
def everything_shared() -> Iterator[None]:
    """Each step that the second core is able to take is worth it, however small it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lanes, "LARGE", 0.0)
        patch.setattr(lanes, "CROSSING", 0.0)
        patch.setattr(division, "PART", 1e-12)
        patch.setattr(division, "ROWS", 1)
        patch.setattr(division, "HALVED", 0.0)
        patch.setattr(division, "AHEAD", 0.0)
        patch.setattr(division, "WHOLE", 1)
        patch.setattr(planning, "GAIN", -1.0)
        patch.setattr(planning, "SHARE", -1e9)
        patch.setattr(trace, "cores_for_programs", lambda: 2)
        yield


def plan_of(compiled: Any) -> Plan:
    """The plan of the program that ran last."""
    pools = compiled.last.pools
    return pools.executable(pools.expected).plan


def taken(plan: Plan) -> int:
    """How many steps the second core has."""
    return sum(sum(phase.lane) for phase in plan.phases)


def beginnings(plan: Plan) -> dict[Slot, int]:
    """Where each slot begins: in the block, or behind it if its memory is its own."""
    found, end = dict(plan.memory.starts), plan.memory.nbytes
    for slot in plan.lent.values():
        found[slot] = end
        end += slot.nbytes
    return found


def bytes_of(region: Region, begins: dict[Slot, int]) -> np.ndarray:
    """The bytes that a region takes; none in an array that is not the program's."""
    if region.slot not in begins:
        return np.empty(0, int)
    found = np.arange(region.form.itemsize) + begins[region.slot] + region.offset
    for n, step in zip(region.form.shape, region.form.strides, strict=True):
        found = np.add.outer(np.arange(n) * step, found).ravel()
    return np.unique(found)


def faults(plan: Plan) -> list[str]:
    """What can go wrong in a plan, found by looking at all pairs of accesses to memory.

    Two steps that may run at once must not touch the same bytes, if one of them writes. And a step
    must find in what it reads what was written there for it.
    """
    found: list[str] = []
    begins = beginnings(plan)
    slots = {slot: k for k, slot in enumerate(begins)}
    end = max((begin + slot.nbytes for slot, begin in begins.items()), default=0)
    held = np.full(end, -1)  # whose each byte is, if one core runs all

    def hold(region: Region) -> None:
        held[bytes_of(region, begins)] = slots.get(region.slot, -1)

    for s in plan.program.steps:
        if s.kind in WRITTEN:
            hold(plan.placement.regions[s])
    for phase in plan.phases:
        count, known = [0, 0], [0, 0]
        seen: list[tuple[Any, int, int, np.ndarray, np.ndarray]] = []
        for s, lane, needs in zip(phase.order, phase.lane, phase.needs, strict=True):
            known[lane] = max(known[lane], needs)
            regions = list(read_by(plan.placement, s))
            for region in regions:
                if np.any(held[bytes_of(region, begins)] != slots.get(region.slot)):
                    found.append(f"{s!r} reads what is not there")
            reads = np.concatenate([np.empty(0, int), *(bytes_of(x, begins) for x in regions)])
            regions = list(written_by(plan.placement, s))
            writes = np.concatenate([np.empty(0, int), *(bytes_of(x, begins) for x in regions)])
            for other, its_lane, rank, read, written in seen:
                if its_lane != lane and rank >= known[lane]:
                    both = [(writes, written), (writes, read), (reads, written)]
                    if any(np.intersect1d(a, b).size for a, b in both):
                        found.append(f"{s!r} meets {other!r}, which may run at the same time")
            seen.append((s, lane, count[lane], reads, writes))
            count[lane] += 1
            for region in regions:
                hold(region)
    return found


def same(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
    """Whether arrays are the same, bit for bit."""
    return len(a) == len(b) and all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))
