"""A step: an op on the results of steps before it. Imports the engine's rules and `shapes` only.

Steps are immutable and know their inputs, so that a list of them is a graph, too: they are numbered
as they are made, after their inputs, and sorting by number sorts topologically.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from operator import attrgetter
from typing import Any

import numpy as np

from ...engine.rule import NO_PARAMS, Rule
from .shapes import Form, Number, Shape, form_like, form_of, frozen

making_order = itertools.count()
by_making = attrgetter("order")

ARGUMENT, PARAMETER, SEED, CONSTANT = "argument", "parameter", "seed", "constant"
IDS = "ids"
WRITTEN = (ARGUMENT, SEED, IDS)  # into the program's memory, at each run


class Step:
    """One line of a program.

    Attributes
    ----------
    rule : Rule or None
        The op; None for what the program is given.
    inputs : tuple of Step
        What it is applied to, in the order of the rule's forward function.
    params : dict
        Its static settings.
    settings : tuple
        The same as the key of a dictionary.
    shape, dtype
        Of its result; for a Python number () and None, for it has no dtype of its own.
    kind : str
        Of a step without a rule: "argument" (an array that the function is called with),
        "parameter" (a Value that it found outside), "seed" (the gradient of a result), "ids" (where
        the ones are in a one-hot argument or constant) or "constant".
    value : int, array or number
        Of a step without a rule: its number among its kind; of a constant the array or number; of
        ids the argument's number, or the constant array.
    scope : str
        Where the function made it: ``"lstm/l0/t=3"``.
    form : Form or Number
        Shape and dtype, or the Python number.
    is_number : bool
        Whether it is a Python number.
    turn : int
        A number that grows with the order of the function, however often the step is made again:
        in this order random numbers are drawn.
    """

    __slots__ = (
        "dtype",
        "form",
        "inputs",
        "is_number",
        "kind",
        "order",
        "params",
        "rule",
        "scope",
        "settings",
        "shape",
        "turn",
        "value",
    )

    def __init__(
        self,
        rule: Rule | None,
        inputs: tuple[Step, ...],
        params: dict[str, Any],
        form: Form | Number,
        scope: str = "",
        kind: str = "",
        value: Any = None,
        settings: Any = None,
        turn: int | None = None,
    ) -> None:
        self.rule = rule
        self.inputs = inputs
        self.params = params
        self.settings = frozen(params) if settings is None else settings
        self.form = form
        self.is_number = type(form) is Number
        self.shape: Shape = form.shape if type(form) is Form else ()
        self.dtype: Any = form.dtype if type(form) is Form else None
        self.kind = kind
        self.value = value
        self.scope = scope
        self.order = next(making_order)
        self.turn = self.order if turn is None else turn

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of entries."""
        return math.prod(self.shape)

    def on(self, inputs: Iterable[Step]) -> Step:
        """Return the same op on other inputs of the same shapes; itself if they are the same."""
        inputs = tuple(inputs)
        if inputs == self.inputs:  # steps are equal only to themselves
            return self
        return self.again(inputs)

    def again(self, inputs: Iterable[Step]) -> Step:
        """Return the same op anew, and so later in the order, on other inputs of these shapes."""
        params, settings = self.params, self.settings
        form, scope, turn = self.form, self.scope, self.turn
        return Step(self.rule, tuple(inputs), params, form, scope, settings=settings, turn=turn)

    def remade(self, inputs: Iterable[Step]) -> Step:
        """Return the same op on inputs of other shapes, which must come to the same result."""
        assert self.rule is not None
        return step(self.rule, inputs, self.params, self.scope)

    def described(self, names: dict[Step, str]) -> str:
        """Write the step as a call, its inputs by their names: ``add(%1, 2)  : float64 3×4``."""
        if self.rule is None:
            call = self.kind if self.kind == CONSTANT else f"{self.kind} {self.origin()}"
        else:
            inputs = [repr(x.value) if x.is_number else names[x] for x in self.inputs]
            settings = [
                f"{name}={getattr(setting, '__name__', None) or repr(setting)}"
                for name, setting in self.params.items()
            ]
            call = f"{self.rule.name}({', '.join(inputs + settings)})"
        return f"{call}  : {self.dtype} {'×'.join(map(str, self.shape)) or '1'}"

    def origin(self) -> str:
        """Say which of its kind a step without a rule is."""
        if self.kind == IDS:
            is_array = isinstance(self.value, np.ndarray)
            return "of a constant" if is_array else f"of argument {self.value}"
        return f"{self.value}, one-hot" if "one_hot" in self.params else f"{self.value}"

    def __repr__(self) -> str:
        name = self.rule.name if self.rule else self.kind
        return f"<Step {name} {self.shape} {self.dtype}>"


def step(
    rule: Rule, inputs: Iterable[Step], params: dict[str, Any] = NO_PARAMS, scope: str = ""
) -> Step:
    """Make a step of an op; its shape and dtype follow."""
    inputs = tuple(inputs)
    settings = frozen(params)
    form = form_of(rule, tuple([x.form for x in inputs]), params, settings)
    return Step(rule, inputs, params, form, scope, settings=settings)


def constant(value: Any, *, is_shared: bool = False) -> Step:
    """Make a step of an array, held by identity, or of a Python number.

    One that `is_shared` is the same at all time steps; of others each may have its own.
    """
    weak = isinstance(value, (bool, int, float)) and not isinstance(value, np.generic)
    form = Number(value) if weak else form_like(value)
    params = {"shared": True} if is_shared else NO_PARAMS
    return Step(None, (), params, form, kind=CONSTANT, value=value)


def given(
    kind: str, value: Any, form: Form, scope: str = "", params: dict[str, Any] = NO_PARAMS
) -> Step:
    """Make a step of what the program is given at each run."""
    return Step(None, (), params, form, scope, kind, value)
