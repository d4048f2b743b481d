"""Running a program: memory for it, and its steps as flat lists of calls. Imports `places`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import is_
from typing import Any

import numpy as np

from ...engine.backward import NO_WAY
from ..calls.by_id import Call
from ..calls.writing import call_of
from ..places.lending import Loan, copier
from ..places.memory import ALIGNMENT
from ..places.plan import halves, plan
from ..places.regions import Region, address
from ..program.one_hot import ids_into
from ..program.program import Program
from ..program.steps import ARGUMENT, IDS, SEED, Step
from ..two_cores.duet import Duet, Solo, performer
from ..two_cores.lanes import Lanes

Arrays = Sequence[Any]
# What runs the calls, and of each step whose result is handed out: its loan, its
# number, its operands.
Half = tuple[Solo | Duet, list[tuple[Loan, int, Step, tuple[Any, ...]]]]


@np.errstate(all="ignore")
def run_quietly(performer: Solo | Duet) -> None:
    """Make the calls; what NumPy would warn of is in the numbers."""
    performer.run()


class Executable:
    """A program with the places of its values: what all its frames share.

    Parameters
    ----------
    program : Program
    in_place : bool
        Whether values get places that are planned; else each op's result is NumPy's own.
    cores : int
        How many may be used, 1 or 2.

    Attributes
    ----------
    source : Program
        The program as it was given.
    forward, backward : list of Step
        What the outputs need, and what beside it the gradients need, in order.
    generators : list of numpy.random.Generator
        What random numbers are drawn from.
    """

    def __init__(self, program: Program, in_place: bool = True, cores: int = 1) -> None:
        self.in_place = in_place
        self.source = program
        if in_place:
            self.plan = plan(program, cores)
            self.program = self.plan.program
            self.forward, self.backward = (phase.order for phase in self.plan.phases)
        else:
            self.program = program
            self.forward, self.backward = halves(program, program.computed())
        settings = [x for s in program.computed() for x in s.params.values()]
        found = (x for x in settings if isinstance(x, np.random.Generator))
        self.generators = list(dict.fromkeys(found))
        leaves = [s for s in self.program.steps if s.rule is None]
        self.arguments = {s.value: s for s in leaves if s.kind == ARGUMENT}
        self.seeds = {s.value: s for s in leaves if s.kind == SEED}
        self.ids = [s for s in leaves if s.kind == IDS]

    def summary(self) -> str:
        """Say how many calls, copies and bytes a run takes."""
        text = f"run: {len(self.forward)} calls forward, {len(self.backward)} back"
        if not self.in_place:
            return f"{text}, op by op"
        copies = sum(map(len, self.plan.placement.copies.values()))
        text = f"{text}, {copies} of them copies into stacks; {self.plan.memory.nbytes:,} bytes"
        forward, back = (sum(phase.lane) for phase in self.plan.phases)
        second = f"\nsecond core: {forward} of them forward, {back} back"
        return text + second if forward or back else text


class Frame:
    """Memory for one run of a program that is not yet over, and the calls that work in it.

    Parameters
    ----------
    executable : Executable
    parameters : sequence of array
        The parameters' arrays. The calls read them where they lie.

    Attributes
    ----------
    held : list of array
        Where the calls read each parameter.
    loans : dict
        From each slot whose array is handed out to its memory, which is not in the block.
    copied : set of int
        Parameters that are copied to a place of their own at each run: those that are given
        another array from step to step, or lie in memory with gaps.
    """

    def __init__(self, executable: Executable, parameters: Arrays) -> None:
        self.executable = executable
        block = np.empty(executable.plan.memory.nbytes + ALIGNMENT, np.uint8)
        self.block = block[-address(block) % ALIGNMENT :]
        regions = executable.plan.placement.regions
        self.loans = {slot: Loan(regions[y].form) for y, slot in executable.plan.lent.items()}
        self.copied = {i for i, p in enumerate(parameters) if not is_pinned(p)}
        self.bind(parameters)

    def bind(self, parameters: Arrays) -> None:
        """Make the calls, on the frame's memory and the parameters' arrays."""
        e = self.executable
        placement, lent = e.plan.placement, e.plan.lent
        regions, copies = placement.regions, placement.copies
        self.held = [
            np.array(p, order="C") if i in self.copied else p for i, p in enumerate(parameters)
        ]
        arrays: dict[Step, Any] = {}

        def array(s: Step) -> Any:
            if s not in arrays:
                arrays[s] = s.value if s.is_number else self.located(regions[s])
            return arrays[s]

        def calls(s: Step) -> list[Call]:
            if s in copies:
                return [(np.copyto, (self.located(place), array(x))) for x, place in copies[s]]
            inputs = tuple(array(x) for x in s.inputs)
            return [call_of(s.rule, inputs, s.params, array(s))]  # type: ignore[arg-type]

        def half(phase: Lanes) -> Half:
            borrowed = [
                (self.loans[regions[s].slot], i, s, tuple(array(x) for x in s.inputs))
                for i, s in enumerate(phase.order)
                if s not in copies and regions[s].slot in self.loans
            ]
            return performer([calls(s) for s in phase.order], phase), borrowed

        def taken(y: Step | None) -> Callable[[], Any]:
            if y is None:
                return no_way
            return self.loans[lent[y]].hand_out if y in lent else copier(array(y))

        self.forward, self.backward = map(half, e.plan.phases)
        self.arguments = [(array(s), i) for i, s in e.arguments.items()]
        self.ids = [(array(s), s.value) for s in e.ids]
        self.seeds = [(array(s), i) for i, s in e.seeds.items()]
        self.outputs = [taken(y) for y in e.program.outputs]
        self.gradients = [taken(g) for g in e.program.gradients]

    def located(self, region: Region) -> np.ndarray:
        """Return the array of a region."""
        slot = region.slot
        if slot in self.loans:
            return region.array(self.loans[slot].memory, self.loans[slot].start)
        if slot.owner is None:
            return region.array(self.block, self.executable.plan.memory.starts[slot])
        return region.array_in(self.held[slot.owner] if isinstance(slot.owner, int) else slot.owner)

    def run(self, half: Half) -> None:
        """Run forward or back."""
        performer, borrowed = half
        for loan, i, s, inputs in borrowed:  # whose last array somebody may still hold
            if loan.borrower() is not None:
                loan.renew()
                out = self.located(self.executable.plan.placement.regions[s])
                performer.replace(i, call_of(s.rule, inputs, s.params, out))  # type: ignore[arg-type]
        run_quietly(performer)

    def compute(self, arguments: Arrays, parameters: Arrays) -> list[Any]:
        """Run forward; returns outputs that are the caller's own."""
        if not all(map(is_, self.held, parameters)):
            self.reread(parameters)
        for place, i in self.arguments:
            place[...] = arguments[i]
        for place, x in self.ids:
            ids_into(place, arguments[x] if isinstance(x, int) else x)
        self.run(self.forward)
        return [result() for result in self.outputs]

    def reread(self, parameters: Arrays) -> None:
        """Read parameters whose array is another one, now and from now on by copying them."""
        replaced = [
            i
            for i, (held, p) in enumerate(zip(self.held, parameters, strict=True))
            if held is not p and i not in self.copied
        ]
        if replaced:
            self.copied.update(replaced)
            self.bind(parameters)
        for i in self.copied:
            self.held[i][...] = parameters[i]

    def differentiate(self, seeds: Arrays) -> tuple[Any, ...]:
        """Run backward from gradients of the outputs; returns gradients that are the caller's."""
        for place, i in self.seeds:
            place[...] = seeds[i]
        self.run(self.backward)
        return tuple([gradient() for gradient in self.gradients])


def no_way() -> Any:
    """Return what stands for a gradient where there is no way back."""
    return NO_WAY


def is_pinned(array: Any) -> bool:
    """Say whether calls can read an array where it lies, without gaps."""
    return isinstance(array, np.ndarray) and array.flags.c_contiguous
