"""A function traced for arguments of one form, and its replays. Imports the engine, files above."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import recording
from ..engine.pullback import map_leaves
from ..engine.rule import Rule
from ..engine.value import Value, apply
from .capture import Capture, Output
from .collector import collector_waits
from .execution import Executable
from .passes import optimised
from .program import Program
from .refusals import left_a_mark
from .replay import RESULT, Pools, Replay, differentiate_again
from .steps import PARAMETER
from .surroundings import Surroundings


class Trace:
    """A function traced for arguments of one form.

    Attributes
    ----------
    program : Program
        What is run, after all passes.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        passes: tuple[str, ...],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        statics: list[Any],
    ) -> None:
        self.fn = fn
        self.passes = passes
        self.statics = statics  # held, so that their ids stay theirs
        surroundings = Surroundings(self.fn, statics)
        with collector_waits:
            self.capture = Capture(self.fn, args, kwargs)
        changed = surroundings.changed()
        if changed or surroundings.has_drawn():
            raise left_a_mark(changed)
        self.surroundings = surroundings
        self.parameters = self.capture.parameters
        self.forms = [(p, p.shape, p.dtype, p.requires_grad) for p in self.parameters]
        self.sources = self.capture.sources()
        self.pools = Pools(self.build)
        self.rule = self.make_rule(getattr(fn, "__name__", "compiled"))
        found = enumerate(self.capture.outputs)
        self.values = [k for k, y in found if not y.is_plain]
        self.differentiable = self.capture.differentiable
        self.others = [k for k in self.values if k not in self.differentiable]
        self.only = self.differentiable[0] if len(self.differentiable) == 1 else None
        if self.differentiable:
            self.pools.expected = (first_number(self.capture),)

    def changed(self) -> str:
        """Name something that was otherwise when the function was traced; nothing if all is so."""
        for p, shape, dtype, requires_grad in self.forms:
            data = p.data
            if data.shape != shape or data.dtype != dtype:
                return f"the shape or dtype of {p.name or 'a parameter'}"
            if p.requires_grad is not requires_grad:
                return f"whether {p.name or 'a parameter'} requires a gradient"
        for array, was in self.capture.tracer.looked_at:
            if not np.array_equal(array, was):
                return "a mask that picks entries"
        return self.surroundings.changed()

    def build(self, seeded: tuple[int, ...]) -> Executable:
        """Make the program that goes back from these outputs."""
        with collector_waits:
            program = optimised(self.capture.program(seeded), self.passes)
            return Executable(program, in_place=bool(self.passes))

    @property
    def program(self) -> Program:
        """The program that ran last, or will run next."""
        return self.pools.executable(self.pools.expected).source

    def make_rule(self, name: str) -> Rule:
        """Return the rule of the node that a replay leaves in the caller's graph."""

        def replayed(*inputs: Any, result: Any, **_: Any) -> Any:
            return result

        replayed.__name__ = name
        replayed.__doc__ = f"y = {name}(…), compiled"
        rule = Rule(replayed)
        rule.vjp = self.vjp
        rule.fresh = True
        return rule

    def vjp(
        self, g: Any, y: Any, *inputs: Any, result: Any, replay: Replay, call: Any
    ) -> tuple[Any, ...]:
        """Return the gradients of the parameters and arguments: the program's second half."""
        seeds = {self.only: g} if self.only is not None else seeds_in(g)
        if isinstance(y, Value):  # the sweep itself is recorded
            with replay.same_numbers():
                return differentiate_again(self.fn, call, self.capture.result, inputs, seeds)
        return replay.differentiate(seeds)

    def run(self, arrays: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Replay the program and return what the function would."""
        arguments = [x.data if isinstance(x, Value) else x for x in arrays]
        parameters = [p.data for p in self.parameters]
        recorded = self.differentiable and recording.current.get().mode.enabled
        replay = Replay(self.pools, self.pools.expected if recorded else (), arguments, parameters)
        outputs = list(replay.outputs)
        if recorded:
            self.record(outputs, replay, arrays, (args, kwargs))
        else:
            replay.finish()
        for k in self.others if recorded else self.values:
            outputs[k] = Value(outputs[k], requires_grad=False)
        return self.returned(outputs)

    def record(
        self, outputs: list[Any], replay: Replay, arrays: list[Any], call: tuple[Any, Any]
    ) -> None:
        """Put nodes in the place of the outputs that a gradient can come from."""
        inputs = tuple(
            [self.parameters[i] if kind == PARAMETER else arrays[i] for kind, i in self.sources]
        )
        params = {"replay": replay, "call": call}
        if self.only is not None:
            y = outputs[self.only]
            outputs[self.only] = apply(self.rule, inputs, {"result": y, **params})
            return
        held = np.empty(len(outputs), object)
        held[:] = outputs
        bundle = apply(self.rule, inputs, {"result": held, **params})
        for k in self.differentiable:
            outputs[k] = apply(RESULT, (bundle,), {"index": k})

    def returned(self, outputs: list[Any]) -> Any:
        """Put the outputs where the function returns them."""

        def own(y: Any) -> Any:
            if isinstance(y, Output):
                return outputs[y.index]
            return y.copy() if isinstance(y, np.ndarray) else y  # the caller may change it

        return map_leaves(own, self.capture.result)


def seeds_in(gradients: Any) -> dict[int, Any]:
    """Return the gradients that have arrived at a bundle, by the number of the output."""
    return {k: g for k, g in enumerate(gradients) if g is not None}


def first_number(capture: Capture) -> int:
    """Return the output that backward will be called on: the first that is a single number."""
    single = [k for k in capture.differentiable if capture.outputs[k].size == 1]
    return (single or capture.differentiable)[0]
