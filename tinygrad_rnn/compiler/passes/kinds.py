"""Which steps are of one kind: the same op, and operands of the same origin. Imports `program`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.rule import RULES
from ...ops.softmax import shifted_rows
from ..program.own_ops import LESS_ONE_HOT
from ..program.program import Program
from ..program.shapes import frozen
from ..program.steps import CONSTANT, WRITTEN, Step
from ..program.views import JOINS, VIEWS

MATMUL, TAKE = RULES["matmul"], RULES["take"]

# Ops that work along the last axes, whatever is before them.
ROW_OPS = ["at_ids", "class_ids", "one_hot", "softmax", "log_softmax"]
BY_ROWS = {LESS_ONE_HOT, shifted_rows.rule, *(RULES[n] for n in ROW_OPS)}
REDUCTIONS = {RULES[n] for n in ["sum", "max", "min", "mean", "prod", "logsumexp"]}


FAR = 2  # so many steps of several operands an origin looks back


def varying(program: Program) -> set[Step]:
    """Find the steps whose numbers differ from time step to time step, or from call to call."""
    found: set[Step] = set()
    for s in program.steps:
        if is_new_each_time(s) or not found.isdisjoint(s.inputs):
            found.add(s)
    return found


class Labels:
    """Where operands come from, in a word: what steps of one kind have in common.

    The origin of an operand is the op that made it, with those before it, as they tell gates apart.
    Where an op has one operand the way back is followed on: an LSTM's gates are the same curve
    of other columns. Beyond ops of several it soon leads into the step before. Each origin is a
    number, made of its operands' numbers, so that a long chain costs no more than its length.
    """

    def __init__(self, program: Program) -> None:
        self.varies = varies = varying(program)
        origins: list[dict[Step, int]] = [{} for _ in range(FAR + 1)]  # by how far they look back
        numbers: dict[Any, int] = {}
        for s in program.steps:
            if s not in varies:
                continue
            own: Any = s.rule or s.kind
            if "index" in s.params:
                own = (own, *[None if type(i) is int else frozen(i) for i in s.params["index"]])
            before = [] if s.rule is MATMUL else [x for x in dict.fromkeys(s.inputs) if x in varies]
            for far, found in enumerate(origins):
                on = far if len(before) == 1 else far - 1
                rest = tuple([origins[on][x] for x in before]) if on >= 0 else ()
                found[s] = numbers.setdefault((own, rest), len(numbers))
        self.origins = origins[FAR]

    def key(self, s: Step) -> Any:
        """Return the kind of a step; None if it stays by itself."""
        rule = s.rule
        assert rule is not None
        if rule.random or s.dtype is None or not can_stack(s):
            return None
        operands = [self.operand(x) for x in s.inputs]
        if rule is MATMUL and not is_by_shared_weight(s, operands):
            return None
        if rule is TAKE and operands[0][0] != "same":
            return None  # rows of another table each
        if all(kind in ("same", "number") for kind, *_ in operands):
            return None
        return (rule, s.shape, s.settings, place_of(s.scope), *operands)

    def operand(self, x: Step) -> tuple[Any, ...]:
        """Describe an operand: a weight by identity, what varies by its shape and origin."""
        if x.is_number:
            return ("number", frozen(x.value))
        if x not in self.varies:
            return ("same", x)
        return ("varies", x.form, self.origins[x])


def is_new_each_time(s: Step) -> bool:
    """Say whether what is given may be another at each time step or call: no weight is."""
    if s.kind == CONSTANT:
        return not s.is_number and "shared" not in s.params
    return s.kind in WRITTEN and not isinstance(s.value, np.ndarray)  # ids of a constant


def place_of(scope: str) -> str:
    """Return a scope without its time steps."""
    if "t=" not in scope:
        return scope
    return "/".join([part for part in scope.split("/") if not part.startswith("t=")])


def is_by_shared_weight(s: Step, operands: list[tuple[Any, ...]]) -> bool:
    """Say whether a product is x @ W or W @ x, with the same W for all."""
    a, b = s.inputs
    left, right = (operand[0] for operand in operands)
    if not s.size or not a.size:
        return False  # rows without entries cannot be counted
    if right == "same" and b.ndim == 2 and a.ndim in (1, 2):
        return left == "varies"
    return left == "same" and a.ndim == 2 and b.ndim == 1 and right == "varies"


def can_stack(s: Step) -> bool:
    """Say whether an op has a form with one more leading axis."""
    rule = s.rule
    assert rule is not None
    if rule in VIEWS or rule in JOINS:
        return False
    if rule.elementwise:
        return all(x.ndim <= s.ndim for x in s.inputs)
    if rule is TAKE:
        return s.params.get("axis") == 0 and s.inputs[0].ndim >= 1
    return rule is MATMUL or rule in BY_ROWS or rule in REDUCTIONS
