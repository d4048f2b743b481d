"""A traced function's replays as nodes of the caller's graph. Imports the engine, `execution`.

Running a program makes one node, whose VJP runs the program's second half: the output, or where a
gradient can come from several, their bundle and one node more for each of them. So
``loss.backward()`` is the sweep that it always is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...engine.backward import Deferred
from ...engine.rule import Rule
from .execution import Executable, Frame
from .stepwise import StepwiseFrame

SPARE = 4  # frames that are kept for the next calls
AnyFrame = Frame | StepwiseFrame


class Cotangents(Deferred):
    """The gradients of a program's outputs, None for those that have none yet."""

    __slots__ = ("parts",)

    def __init__(self, count: int, index: int, g: Any) -> None:
        self.parts = np.full(count, None, object)
        self.parts[index] = g

    def absorb(self, other: Deferred) -> bool:
        """Take the gradients of other outputs in."""
        if not isinstance(other, Cotangents):
            return False
        for k, g in enumerate(other.parts):
            if g is not None:
                mine = self.parts[k]
                self.parts[k] = g if mine is None else mine + g
        return True

    def dense(self) -> np.ndarray:
        """Return them as an array of objects, as the bundle is one."""
        return self.parts


def result(bundle: Any, *, index: int) -> Any:
    """y = output number `index`"""
    return bundle[index]


def result_vjp(g: Any, y: Any, bundle: Any, *, index: int) -> Cotangents:
    """dbundle = g at this output"""
    return Cotangents(len(bundle), index, g)


RESULT = Rule(result)
RESULT.vjp = result_vjp


class Replay:
    """One run of a program whose gradients may still be asked for.

    Parameters
    ----------
    pools : Pools
        Where frames come from and go to.
    seeded : tuple of int
        The outputs that are expected to get a gradient.
    arguments, parameters : sequence of array
        What the program runs on.
    """

    __slots__ = ("arguments", "drawn", "frame", "outputs", "parameters", "pools", "seeded")

    def __init__(
        self,
        pools: Pools,
        seeded: tuple[int, ...],
        arguments: Sequence[Any],
        parameters: Sequence[Any],
    ) -> None:
        self.pools = pools
        self.arguments = arguments
        self.parameters = parameters
        self.frame: AnyFrame | None = None
        self.start(seeded)

    def start(self, seeded: tuple[int, ...]) -> None:
        """Run forward in a frame of the program that can go back from `seeded`."""
        self.seeded = seeded
        self.frame = self.pools.take(seeded, self.parameters)
        generators = self.frame.executable.generators
        self.drawn = [(g, g.bit_generator.state) for g in generators]
        self.outputs = self.frame.compute(self.arguments, self.parameters)

    @contextmanager
    def same_numbers(self) -> Iterator[None]:
        """Draw the random numbers of this run once more, and then go on as if nobody had."""
        now = [(g, g.bit_generator.state) for g, _ in self.drawn]
        for g, state in self.drawn:
            g.bit_generator.state = state
        try:
            yield
        finally:
            for g, state in now:
                g.bit_generator.state = state

    def differentiate(self, seeds: dict[int, Any]) -> tuple[Any, ...]:
        """Run backward from the gradients of some outputs, given by their numbers in order."""
        seeded = tuple(seeds)
        if self.frame is None or seeded != self.seeded:
            self.finish()
            with self.same_numbers():
                self.start(seeded)  # the values on the way are not there (any more)
            self.pools.expected = seeded
        assert self.frame is not None
        found = self.frame.differentiate(list(seeds.values()))
        self.finish()
        return found

    def finish(self) -> None:
        """Give the frame back."""
        frame, self.frame = self.frame, None
        if frame is not None:
            self.pools.give(self.seeded, frame)

    __del__ = finish  # the graph is gone, and nobody will ask


class Pools:
    """Programs by the outputs that a gradient comes from, and their frames that are not in use.

    Parameters
    ----------
    build : callable
        Makes the program for a tuple of outputs.

    Attributes
    ----------
    expected : tuple of int
        The outputs that got a gradient last.
    """

    def __init__(self, build: Callable[[tuple[int, ...]], Executable]) -> None:
        self.build = build
        self.executables: dict[tuple[int, ...], Executable] = {}
        self.idle: dict[tuple[int, ...], list[AnyFrame]] = {}
        self.expected: tuple[int, ...] = ()

    def executable(self, seeded: tuple[int, ...]) -> Executable:
        """Return the program that can go back from these outputs."""
        found = self.executables.get(seeded)
        if found is None:
            found = self.executables.setdefault(seeded, self.build(seeded))
        return found

    def take(self, seeded: tuple[int, ...], parameters: Sequence[Any]) -> AnyFrame:
        """Return a frame that nobody else works in."""
        try:
            # Looked for and taken in one step of the interpreter, so that threads do not meet.
            return self.idle.setdefault(seeded, []).pop()
        except IndexError:
            pass
        executable = self.executable(seeded)
        return (Frame if executable.in_place else StepwiseFrame)(executable, parameters)

    def give(self, seeded: tuple[int, ...], frame: AnyFrame) -> None:
        """Take a frame back; of many that were alive together few are kept."""
        idle = self.idle.setdefault(seeded, [])
        if len(idle) < SPARE:
            idle.append(frame)
