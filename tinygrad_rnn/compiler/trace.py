"""A function traced for arguments of one form, and its replays. Imports the engine, all rooms."""

from __future__ import annotations

from collections.abc import Callable
from operator import itemgetter
from typing import Any

import numpy as np

from ..engine.pullback import map_leaves
from ..engine.rule import Rule
from ..engine.value import Value, apply
from .passes import optimised
from .program.program import Program
from .program.refusals import left_a_mark
from .program.steps import ARGUMENT, PARAMETER
from .running.execution import Executable
from .running.replay import RESULT, Pools, Replay
from .running.second_derivative import differentiate_again
from .tracing.capture import Capture
from .tracing.collector import collector_waits
from .tracing.data_reads import reads
from .tracing.results import Output
from .tracing.surroundings import Surroundings
from .two_cores.cores import cores_for_programs


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
        cores: int | None = None,
    ) -> None:
        self.fn = fn
        self.passes = passes
        self.cores = cores
        self.statics = statics  # held, so that their ids stay theirs
        surroundings = Surroundings(self.fn, statics)
        with collector_waits, reads.traced(surroundings.said):
            self.capture = Capture(self.fn, args, kwargs)
        changed = surroundings.changed()
        if changed or surroundings.has_drawn():
            raise left_a_mark(changed)
        self.surroundings = surroundings
        self.parameters = self.capture.parameters
        self.forms = [(p, p.shape, p.dtype, p.requires_grad) for p in self.parameters]
        sources = self.capture.sources()
        self.sources = [self.parameters[i] for kind, i in sources if kind == PARAMETER]
        self.source_arguments = [i for kind, i in sources if kind == ARGUMENT]
        self.returned = placed(self.capture.result)
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
            cores = cores_for_programs() if self.cores is None else self.cores
            return Executable(program, bool(self.passes), cores)

    @property
    def program(self) -> Program:
        """The program that ran last, or will run next."""
        return self.pools.executable(self.pools.expected).source

    def make_rule(self, name: str) -> Rule:
        """Return the rule of the node that a replay leaves in the caller's graph."""

        def replayed(*inputs: Any, result: Any, replay: Replay, call: Any) -> Any:
            return result

        replayed.__name__ = name
        replayed.__doc__ = f"y = {name}(…), compiled"
        rule = Rule(replayed)
        rule.vjp = self.vjp
        rule.fresh = True
        return rule

    def vjp(
        self, g: Any, y: Any, *inputs: Any, replay: Replay, call: Any, result: Any = None
    ) -> tuple[Any, ...]:
        """Return the gradients of the parameters and arguments: the program's second half."""
        seeds = {self.only: g} if self.only is not None else seeds_in(g)
        if isinstance(y, Value):  # the sweep itself is recorded
            with replay.same_numbers():
                return differentiate_again(self.fn, call, self.capture.result, inputs, seeds)
        return replay.differentiate(seeds)

    def run(self, arrays: list[Any], call: tuple[Any, Any], enabled: bool) -> Any:
        """Replay the program and return what the function would; record it if that is enabled."""
        arguments = [x.data if isinstance(x, Value) else x for x in arrays]
        parameters = [p.data for p in self.parameters]
        recorded = enabled and bool(self.differentiable)
        replay = Replay(self.pools, self.pools.expected if recorded else (), arguments, parameters)
        outputs = list(replay.outputs)
        if recorded:
            inputs = (*self.sources, *[arrays[i] for i in self.source_arguments])
            self.record(outputs, inputs, {"replay": replay, "call": call})
        else:
            replay.finish()
        for k in self.others if recorded else self.values:
            outputs[k] = Value(outputs[k], requires_grad=False)
        return self.returned(outputs)

    def record(self, outputs: list[Any], inputs: tuple[Any, ...], params: dict[str, Any]) -> None:
        """Put nodes in the place of the outputs that a gradient can come from."""
        if self.only is not None:
            outputs[self.only] = y = Value(outputs[self.only])
            y.rule, y.inputs, y.params = self.rule, inputs, params
            return
        together = np.empty(len(outputs), object)
        together[:] = outputs
        bundle = apply(self.rule, inputs, {**params, "result": together})
        for k in self.differentiable:
            outputs[k] = apply(RESULT, (bundle,), {"index": k})


def placed(result: Any) -> Callable[[list[Any]], Any]:
    """Return the function that puts outputs where `result` has their places."""
    if isinstance(result, Output):
        return itemgetter(result.index)

    def returned(outputs: list[Any]) -> Any:
        def own(y: Any) -> Any:
            if isinstance(y, Output):
                return outputs[y.index]
            return y.copy() if isinstance(y, np.ndarray) else y  # the caller may change it

        return map_leaves(own, result)

    return returned


def seeds_in(gradients: Any) -> dict[int, Any]:
    """Return the gradients that have arrived at a bundle, by the number of the output."""
    return {k: g for k, g in enumerate(gradients) if g is not None}


def first_number(capture: Capture) -> int:
    """Return the output that backward will be called on: the first that is a single number."""
    single = [k for k in capture.differentiable if capture.outputs[k].size == 1]
    return (single or capture.differentiable)[0]
