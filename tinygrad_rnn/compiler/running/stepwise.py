"""Running a program as it was traced: op by op, each result where NumPy puts it.

Imports `program` and `execution`. It is what runs without any pass: bit for bit what the
function itself computes, down to the order in which an array's entries lie in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.backward import NO_WAY
from ..program.steps import ARGUMENT, CONSTANT, PARAMETER, Step
from .execution import Executable


class StepwiseFrame:
    """One run of a program that is not yet over, in memory that NumPy finds. See `Frame`."""

    def __init__(self, executable: Executable, parameters: Sequence[Any]) -> None:
        self.executable = executable
        self.values: dict[Step, Any] = {}

    def compute(self, arguments: Sequence[Any], parameters: Sequence[Any]) -> list[Any]:
        """Run forward; returns copies of the outputs."""
        self.values = {}
        given = {ARGUMENT: arguments, PARAMETER: parameters}
        for s in self.executable.program.steps:
            if s.kind == CONSTANT:
                self.values[s] = s.value
            elif s.kind in given:
                self.values[s] = given[s.kind][s.value]
        self.run(self.executable.forward)
        return [np.copy(self.values[y])[()] for y in self.executable.program.outputs]

    def differentiate(self, seeds: Sequence[Any]) -> tuple[Any, ...]:
        """Run backward from gradients of the outputs; returns copies of all gradients."""
        for i, s in self.executable.seeds.items():
            self.values[s] = seeds[i]
        self.run(self.executable.backward)
        gradients = self.executable.program.gradients
        found = [NO_WAY if g is None else np.copy(self.values[g])[()] for g in gradients]
        self.values = {}
        return tuple(found)

    def run(self, steps: list[Step]) -> None:
        """Compute one step after the other."""
        values = self.values
        with np.errstate(all="ignore"):
            for s in steps:
                assert s.rule is not None
                values[s] = s.rule.forward(*(values[x] for x in s.inputs), **s.params)
