"""Running a program: memory for it, and its steps as a flat list of calls. Imports files above."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import is_
from typing import Any

import numpy as np

from ..engine.backward import NO_WAY
from .by_id import Call
from .calls import call_of, run
from .lending import Loan, copier, lend
from .memory import ALIGNMENT, Memory
from .one_hot import ids_into
from .placement import Placement
from .program import Program, reachable
from .regions import Region, address
from .steps import ARGUMENT, IDS, SEED, Step

Arrays = Sequence[Any]
Lent = tuple[Loan, int, Step, tuple[Any, ...]]  # which call writes there: its place, step, operands
run_quietly = np.errstate(all="ignore")(run)


class Executable:
    """A program with the places of its values: what all its frames share.

    Parameters
    ----------
    program : Program
    in_place : bool
        Whether values get places that are planned; else each op's result is NumPy's own.

    Attributes
    ----------
    source : Program
        The program as it was given.
    forward, backward : list of Step
        What the outputs need, and what beside it the gradients need, in order.
    generators : list of numpy.random.Generator
        What random numbers are drawn from.
    """

    def __init__(self, program: Program, in_place: bool = True) -> None:
        self.in_place = in_place
        self.source = program
        steps = program.computed()
        if in_place:
            self.placement = Placement(program)
            program, steps = self.placement.program, self.placement.computed
        self.program = program
        needed = set(reachable(program.outputs))
        self.forward = [s for s in steps if s in needed]
        self.backward = [s for s in steps if s not in needed]
        if in_place:
            self.lent = lend(self.placement)
            self.memory = Memory(self.placement, self.forward + self.backward)
        settings = [x for s in program.computed() for x in s.params.values()]
        found = (x for x in settings if isinstance(x, np.random.Generator))
        self.generators = list(dict.fromkeys(found))
        leaves = [s for s in program.steps if s.rule is None]
        self.arguments = {s.value: s for s in leaves if s.kind == ARGUMENT}
        self.seeds = {s.value: s for s in leaves if s.kind == SEED}
        self.ids = [s for s in leaves if s.kind == IDS]

    def summary(self) -> str:
        """Say how many calls, copies and bytes a run takes."""
        text = f"run: {len(self.forward)} calls forward, {len(self.backward)} back"
        if not self.in_place:
            return f"{text}, op by op"
        copies = sum(map(len, self.placement.copies.values()))
        return f"{text}, {copies} of them copies into stacks; {self.memory.nbytes:,} bytes"


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
        block = np.empty(executable.memory.nbytes + ALIGNMENT, np.uint8)
        self.block = block[-address(block) % ALIGNMENT :]
        regions = executable.placement.regions
        self.loans = {slot: Loan(regions[y].form) for y, slot in executable.lent.items()}
        self.copied = {i for i, p in enumerate(parameters) if not is_pinned(p)}
        self.bind(parameters)

    def bind(self, parameters: Arrays) -> None:
        """Make the calls, on the frame's memory and the parameters' arrays."""
        e = self.executable
        regions, copies = e.placement.regions, e.placement.copies
        self.held = [
            np.array(p, order="C") if i in self.copied else p for i, p in enumerate(parameters)
        ]
        arrays: dict[Step, Any] = {}

        def array(s: Step) -> Any:
            if s not in arrays:
                arrays[s] = s.value if s.is_number else self.located(regions[s])
            return arrays[s]

        def calls(steps: list[Step]) -> tuple[list[Call], list[Lent]]:
            made: list[Call] = []
            lent: list[Lent] = []
            for s in steps:
                if s in copies:
                    made += [(np.copyto, (self.located(place), array(x))) for x, place in copies[s]]
                    continue
                inputs = tuple(array(x) for x in s.inputs)
                if regions[s].slot in self.loans:
                    lent.append((self.loans[regions[s].slot], len(made), s, inputs))
                made.append(call_of(s.rule, inputs, s.params, array(s)))  # type: ignore[arg-type]
            return made, lent

        def taken(y: Step | None) -> Callable[[], Any]:
            if y is None:
                return no_way
            return self.loans[e.lent[y]].hand_out if y in e.lent else copier(array(y))

        self.forward, self.lent_forward = calls(e.forward)
        self.backward, self.lent_backward = calls(e.backward)
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
            return region.array(self.block, self.executable.memory.starts[slot])
        return region.array_in(self.held[slot.owner] if isinstance(slot.owner, int) else slot.owner)

    def reclaim(self, calls: list[Call], lent: list[Lent]) -> None:
        """Give new memory to each result whose last array somebody still holds."""
        for loan, i, s, inputs in lent:
            if loan.borrower() is not None:
                loan.renew()
                out = self.located(self.executable.placement.regions[s])
                calls[i] = call_of(s.rule, inputs, s.params, out)  # type: ignore[arg-type]

    def compute(self, arguments: Arrays, parameters: Arrays) -> list[Any]:
        """Run forward; returns outputs that are the caller's own."""
        if not all(map(is_, self.held, parameters)):
            self.reread(parameters)
        for place, i in self.arguments:
            place[...] = arguments[i]
        for place, x in self.ids:
            ids_into(place, arguments[x] if isinstance(x, int) else x)
        self.reclaim(self.forward, self.lent_forward)
        run_quietly(self.forward)
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
        self.reclaim(self.backward, self.lent_backward)
        run_quietly(self.backward)
        return tuple([gradient() for gradient in self.gradients])


def no_way() -> Any:
    """Return what stands for a gradient where there is no way back."""
    return NO_WAY


def is_pinned(array: Any) -> bool:
    """Say whether calls can read an array where it lies, without gaps."""
    return isinstance(array, np.ndarray) and array.flags.c_contiguous
