"""Taking a function down as a program, forward and back. Imports the engine, `traced`.

The function runs once on `Traced` Values, then the engine's own sweep runs on what it recorded,
with the ops' own VJPs: the backward half of the program is what `Value.backward` would have done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import is_
from typing import Any

import numpy as np

from ...engine.backward import Sweep
from ...engine.graph import Node, creation_order
from ...engine.messages import failed_forward
from ...engine.pullback import leaves, map_leaves
from ...engine.recording import current, in_scope, no_grad, traced_by
from ...engine.rule import NO_PARAMS, RULES, Rule
from ...engine.value import Value, apply
from ...ops.indexing import HOLE, getitem
from ..program.one_hot import is_one_hot
from ..program.program import Program
from ..program.refusals import hidden_result, left_a_mark
from ..program.shapes import Form, form_like
from ..program.steps import ARGUMENT, PARAMETER, SEED, Step, constant, given, step
from ..program.views import VIEWS
from .results import Output, hides_values
from .traced import Traced

STATIC = {RULES[name]: name for name in ("shape", "ndim", "size")}  # known while it is traced


class Tracer:
    """Takes ops down as steps.

    Attributes
    ----------
    parameters : list of Value
        What the function found outside itself, in order of first use.
    looked_at : list of (array, array)
        Constants whose numbers decide about shapes, and a copy of what they were.
    """

    def __init__(self) -> None:
        self.began = next(creation_order)
        self.parameters: list[Value] = []
        self.lifted: dict[Value, Traced] = {}
        self.constants: dict[int, Step] = {}
        self.looked_at: list[tuple[np.ndarray, np.ndarray]] = []
        self.sweeping = False
        self.refusal: Exception | None = None  # the first one, also if the function caught it
        self.viewed: set[Step] = set()  # of which the function sees a part, or another form

    def apply(self, rule: Rule, inputs: tuple[Any, ...], params: dict[str, Any] = NO_PARAMS) -> Any:
        """Take an op down; on arrays alone compute it, for that is a constant."""
        inputs = tuple([np.asarray(x) if isinstance(x, (list, tuple)) else x for x in inputs])
        if rule in STATIC:
            return getattr(inputs[0], STATIC[rule])
        if not any([isinstance(x, Node) for x in inputs]) and not self.takes_down(rule):
            with traced_by(None):
                return apply(rule, inputs, params)
        if rule is getitem.rule:
            inputs, params = self.without_masks(inputs, params)
        nodes = tuple([self.lift(x) if isinstance(x, Value) else x for x in inputs])
        now = current.get()
        try:
            made = step(rule, [self.step_of(x) for x in nodes], params, now.scope)
        except Exception as error:
            worded = failed_forward(rule, nodes, params, now.scope, error)
            if worded is error:
                raise
            raise worded from error
        if rule in VIEWS and len(made.inputs) == 1:
            self.viewed.update(made.inputs)
        values = [x for x in nodes if isinstance(x, Traced)]
        if rule.differentiable and now.mode.enabled and any([x.requires_grad for x in values]):
            return Traced.of(made, True, rule, nodes, params)
        plain = not rule.differentiable or all([x.is_plain for x in values])
        return Traced.of(made, plain=plain)

    def takes_down(self, rule: Rule) -> bool:
        """Say whether an op on arrays alone is taken down: one that draws numbers is.

        So is a join in the sweep, of the rows that a weight met: they may lie in order already.
        """
        return rule.random or (self.sweeping and rule is RULES["concatenate"])

    def without_masks(
        self, inputs: tuple[Any, ...], params: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Write masks in an index, which are the function's own, as the places that they pick."""
        x, *arrays = inputs
        index: list[Any] = []
        places: list[Any] = []
        rest = iter(arrays)
        for part in params["index"]:
            array = next(rest) if part is HOLE else None
            found = [array]
            if isinstance(array, np.ndarray) and array.dtype == bool and array.ndim:
                self.looked_at.append((array, array.copy()))
                found = list(np.nonzero(array))
            index += [part] * len(found)
            places += found if part is HOLE else []
        return (x, *places), {"index": tuple(index)}

    def lift(self, value: Value) -> Traced:
        """Return the stand-in of a Value that the function found outside or made itself."""
        if isinstance(value, Traced):
            return value
        found = self.lifted.get(value)
        if found is None:
            if value.order > self.began:  # made by the function: the same at every call
                leaf = self.step_of(value.data)
            else:
                form = form_like(value)
                leaf = given(PARAMETER, len(self.parameters), form, value.name or "")
                self.parameters.append(value)
            found = self.lifted[value] = Traced.of(leaf, value.requires_grad)
        return found

    def seen(self, value: Value) -> Value:
        """Return what stands for a Value: one that the function made itself is as it is."""
        return value if value.order > self.began else self.lift(value)

    def step_of(self, x: Any) -> Step:
        """Return the step of an op's input: of an array or number a constant."""
        if isinstance(x, Traced):
            return x.step
        if not isinstance(x, (np.ndarray, np.generic)):
            return constant(x)
        found = self.constants.get(id(x))
        if found is None:
            found = self.constants[id(x)] = constant(x)  # which holds x, so that its id stays its
        return found


class Capture:
    """A function taken down for arguments of given forms.

    Parameters
    ----------
    fn : callable
        The function.
    args, kwargs
        Its arguments: arrays and Values stand for all of their shape and dtype.

    Attributes
    ----------
    result : tree
        What the function returned; where the program's outputs go stand `Output`.
    parameters : list of Value
        What it found outside itself.
    differentiable : list of int
        The outputs that a gradient can come from.
    """

    def __init__(
        self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        tracer = Tracer()
        self.arguments: list[Traced] = []

        def placeholder(x: Any) -> Any:
            if not isinstance(x, (np.ndarray, np.generic, Value)):
                return x
            wanted = isinstance(x, Value) and x.requires_grad
            form = form_like(x)
            hot = not wanted and is_one_hot(x.data if isinstance(x, Value) else x)
            params = {"one_hot": True} if hot else NO_PARAMS
            leaf = given(ARGUMENT, len(self.arguments), form, params=params)
            self.arguments.append(Traced.of(leaf, wanted, plain=not isinstance(x, Value)))
            return self.arguments[-1]

        args, kwargs = map_leaves(placeholder, (args, kwargs))
        held = leaves((args, kwargs))
        with traced_by(tracer):
            result = fn(*args, **kwargs)
        if tracer.refusal is not None:  # and `fn` has caught it
            raise tracer.refusal
        after = leaves((args, kwargs))
        if len(held) != len(after) or not all(map(is_, held, after)):
            raise left_a_mark("a list or dict among the arguments")
        self.outputs: list[Traced] = []

        def output(y: Any) -> Any:
            if isinstance(y, Value):
                self.outputs.append(tracer.lift(y))
                return Output(len(self.outputs) - 1)
            if hides_values(y):
                raise hidden_result(y)
            return y

        self.result = map_leaves(output, result)
        self.tracer = tracer
        self.parameters = tracer.parameters
        self.differentiable = [k for k, y in enumerate(self.outputs) if y.requires_grad]

    def sources(self) -> list[tuple[str, int]]:
        """List what can get a gradient: ("parameter", i) and ("argument", i)."""
        found = [
            (PARAMETER, i)
            for i, p in enumerate(self.parameters)
            if self.tracer.lift(p).requires_grad
        ]
        return found + [(ARGUMENT, i) for i, x in enumerate(self.arguments) if x.requires_grad]

    def program(self, seeded: Sequence[int]) -> Program:
        """Sweep back from some of the outputs and return the program of all.

        Parameters
        ----------
        seeded : sequence of int
            The outputs whose gradients will be given, as the program's seeds in this order.
        """
        outputs = [y.step for y in self.outputs]
        if not seeded:
            return Program(outputs)
        roots = [self.outputs[k] for k in seeded]
        seeds = [Traced.of(given(SEED, i, Form(y.shape, y.dtype))) for i, y in enumerate(roots)]
        found = [
            self.tracer.lift(self.parameters[i]) if kind == PARAMETER else self.arguments[i]
            for kind, i in self.sources()
        ]
        with traced_by(self.tracer), no_grad():
            root = Traced.of(roots[0].step, True, gathered(seeds), tuple(roots))
            self.tracer.sweeping = True
            sweep = SweepInPlace(root, seeds[0], create_graph=True, retain=False, sources=found)
        gradients = [sweep.gradients.get(x) for x in found]
        return Program(outputs, [None if g is None else self.tracer.step_of(g) for g in gradients])


class SweepInPlace(Sweep):
    """A sweep whose steps belong to the layer and the time step that they go back through."""

    def spread(self, node: Node, g: Any) -> None:
        """Add what a node's VJP gives to its inputs."""
        with in_scope(node.scope):
            super().spread(node, g)


def gathered(seeds: list[Traced]) -> Rule:
    """Return the rule of the root that a sweep from several results starts at."""

    def results(*ys: Any) -> Any:
        """y = 0, which depends on all results"""
        return np.float64(0)

    rule = Rule(results)
    rule.vjp = lambda g, y, *ys: tuple(seeds)
    return rule
