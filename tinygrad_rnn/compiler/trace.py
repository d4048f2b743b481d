"""A function traced for arguments of one form, and its replays. Imports the engine, files above."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import recording
from ..engine.backward import NO_WAY
from ..engine.pullback import map_leaves
from ..engine.rule import Rule
from ..engine.value import Value, apply
from .capture import Capture, Output
from .execution import Executable
from .passes import optimised
from .program import Program
from .refusals import left_a_mark
from .replay import RESULT, Handed, Pools, Replay, differentiate_again
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
        if self.capture.differentiable:
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
        program = optimised(self.capture.program(seeded), self.passes)
        return Executable(program, in_place=bool(self.passes))

    @property
    def program(self) -> Program:
        """The program that ran last, or will run next."""
        return self.pools.executable(self.pools.expected).source

    def make_rule(self, name: str) -> Rule:
        """Return the rule of the bundle that a replay leaves in the caller's graph."""

        def bundle(*inputs: Any, outputs: Any, **_: Any) -> Any:
            return outputs

        bundle.__name__ = name
        bundle.__doc__ = f"y = {name}(…), compiled"
        rule = Rule(bundle)
        rule.vjp = self.vjp
        return rule

    def vjp(
        self, g: Any, y: Any, *inputs: Any, outputs: Any, replay: Replay, call: Any
    ) -> list[Any]:
        """Return the gradients of the parameters and arguments: the program's second half."""
        if isinstance(y, Value):  # the sweep itself is recorded
            with replay.same_numbers():
                return differentiate_again(self.fn, call, self.capture.result, inputs, g)
        found = replay.differentiate(g)
        return [NO_WAY if part is None else Handed(part) for part in found]

    def run(self, arrays: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Replay the program and return what the function would."""
        arguments = [x.data if isinstance(x, Value) else x for x in arrays]
        parameters = [p.data for p in self.parameters]
        recorded = recording.current.get().mode.enabled and bool(self.capture.differentiable)
        replay = Replay(self.pools, self.pools.expected if recorded else (), arguments, parameters)
        outputs = replay.outputs
        if not recorded:
            replay.finish()
            return self.returned(
                [
                    y if traced.is_plain else Value(y, requires_grad=False)
                    for y, traced in zip(outputs, self.capture.outputs, strict=True)
                ]
            )
        inputs = tuple(
            self.parameters[i] if kind == PARAMETER else arrays[i] for kind, i in self.sources
        )
        held = np.empty(len(outputs), object)
        held[:] = outputs
        bundle = apply(
            self.rule, inputs, {"outputs": held, "replay": replay, "call": (args, kwargs)}
        )
        return self.returned(
            [
                y
                if traced.is_plain
                else apply(RESULT, (bundle,), {"index": k})
                if traced.requires_grad
                else Value(y, requires_grad=False)
                for k, (y, traced) in enumerate(zip(outputs, self.capture.outputs, strict=True))
            ]
        )

    def returned(self, outputs: list[Any]) -> Any:
        """Put the outputs where the function returns them."""

        def own(y: Any) -> Any:
            if isinstance(y, Output):
                return outputs[y.index]
            return y.copy() if isinstance(y, np.ndarray) else y  # the caller may change it

        return map_leaves(own, self.capture.result)


def first_number(capture: Capture) -> int:
    """Return the output that backward will be called on: the first that is a single number."""
    single = [k for k in capture.differentiable if capture.outputs[k].size == 1]
    return (single or capture.differentiable)[0]
