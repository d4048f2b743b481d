"""Running a program: memory for it, and its steps as a flat list of calls. Imports files above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .calls import Call, call_of, run
from .memory import ALIGNMENT, Memory
from .placement import Placement
from .program import Program, reachable
from .regions import Region, address
from .steps import ARGUMENT, SEED, Step

Arrays = Sequence[Any]


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
            self.memory = Memory(self.placement, self.forward + self.backward)
        settings = [x for s in program.computed() for x in s.params.values()]
        found = (x for x in settings if isinstance(x, np.random.Generator))
        self.generators = list(dict.fromkeys(found))
        leaves = [s for s in program.steps if s.rule is None]
        self.arguments = {s.value: s for s in leaves if s.kind == ARGUMENT}
        self.seeds = {s.value: s for s in leaves if s.kind == SEED}

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
    copied : set of int
        Parameters that are copied to a place of their own at each run: those that are given
        another array from step to step, or lie in memory with gaps.
    """

    def __init__(self, executable: Executable, parameters: Arrays) -> None:
        self.executable = executable
        block = np.empty(executable.memory.nbytes + ALIGNMENT, np.uint8)
        self.block = block[-address(block) % ALIGNMENT :]
        self.copied = {i for i, p in enumerate(parameters) if not is_pinned(p)}
        self.bind(parameters)

    def bind(self, parameters: Arrays) -> None:
        """Make the calls, on the frame's memory and the parameters' arrays."""
        e = self.executable
        regions, starts, copies = e.placement.regions, e.memory.starts, e.placement.copies
        self.held = [
            np.array(p, order="C") if i in self.copied else p for i, p in enumerate(parameters)
        ]
        arrays: dict[Step, Any] = {}

        def located(region: Region) -> np.ndarray:
            owner = region.slot.owner
            if owner is None:
                return region.array(self.block, starts[region.slot])
            return region.array_in(self.held[owner] if isinstance(owner, int) else owner)

        def array(s: Step) -> Any:
            if s not in arrays:
                arrays[s] = s.value if s.is_number else located(regions[s])
            return arrays[s]

        def calls(steps: list[Step]) -> list[Call]:
            made: list[Call] = []
            for s in steps:
                if s in copies:
                    made += [(np.copyto, (located(place), array(x))) for x, place in copies[s]]
                else:
                    inputs = tuple(array(x) for x in s.inputs)
                    made.append(call_of(s.rule, inputs, s.params, array(s)))  # type: ignore[arg-type]
            return made

        self.forward = calls(e.forward)
        self.backward = calls(e.backward)
        self.arguments = [(array(s), i) for i, s in e.arguments.items()]
        self.seeds = [(array(s), i) for i, s in e.seeds.items()]
        self.outputs = [array(y) for y in e.program.outputs]
        self.gradients = [None if g is None else array(g) for g in e.program.gradients]

    def compute(self, arguments: Arrays, parameters: Arrays) -> list[Any]:
        """Run forward; returns copies of the outputs."""
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
        for place, i in self.arguments:
            place[...] = arguments[i]
        with np.errstate(all="ignore"):
            run(self.forward)
        return [y.copy()[()] for y in self.outputs]

    def differentiate(self, seeds: Arrays) -> list[Any]:
        """Run backward from gradients of the outputs; returns copies of all gradients."""
        for place, i in self.seeds:
            place[...] = seeds[i]
        with np.errstate(all="ignore"):
            run(self.backward)
        return [None if g is None else g.copy()[()] for g in self.gradients]


def is_pinned(array: Any) -> bool:
    """Say whether calls can read an array where it lies, without gaps."""
    return isinstance(array, np.ndarray) and array.flags.c_contiguous
