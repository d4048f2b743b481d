"""Which steps are of one kind: the same op, and operands of the same origin. Imports `program`."""

from __future__ import annotations

from typing import Any

from ...engine.rule import RULES
from ..program import Program
from ..regions import VIEWS
from ..shapes import frozen
from ..steps import ARGUMENT, CONSTANT, SEED, Step
from .rules import LESS_ONE_HOT

MATMUL, TAKE = RULES["matmul"], RULES["take"]
JOINS = {RULES["stack"], RULES["concatenate"]}

# Ops that work along the last axes, whatever is before them.
ROW_OPS = ["at_ids", "class_ids", "one_hot", "softmax", "log_softmax"]
BY_ROWS = {LESS_ONE_HOT, *(RULES[n] for n in ROW_OPS)}
REDUCTIONS = {RULES[n] for n in ["sum", "max", "min", "mean", "prod", "logsumexp"]}


class Labels:
    """Where operands come from, in a word: what steps of one kind have in common."""

    def __init__(self, program: Program) -> None:
        self.origins: dict[tuple[Step, int], int] = {}
        self.numbers: dict[Any, int] = {}
        self.varies: set[Step] = set()  # from step to step or from call to call
        for s in program.steps:
            if (s.kind in (ARGUMENT, SEED, CONSTANT) and not s.is_number) or any(
                x in self.varies for x in s.inputs
            ):
                self.varies.add(s)

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
        return (rule, s.shape, frozen(s.params), place_of(s.scope), *operands)

    def operand(self, x: Step) -> tuple[Any, ...]:
        """Describe an operand: a weight by identity, what varies by its shape and origin."""
        if x.is_number:
            return ("number", type(x.value), x.value)
        if x not in self.varies:
            return ("same", x)
        return ("varies", x.shape, x.dtype, self.origin(x))

    def origin(self, x: Step, depth: int = 2) -> int:
        """Number the op that made an operand, with those before it, as they tell gates apart.

        Where an op has one operand the way back is followed on: an LSTM's gates are the same curve
        of other columns. Beyond ops of several it soon leads into the step before. Each step's
        number is found once, so that a long chain costs no more than its length.
        """
        way: list[tuple[Step, list[Step]]] = []
        while (x, depth) not in self.origins:
            before = [y for y in dict.fromkeys(x.inputs) if y in self.varies]
            way.append((x, [] if x.rule is MATMUL else before))
            if len(way[-1][1]) != 1:
                break
            x = before[0]
        for x, before in reversed(way):
            index = x.params.get("index", ())
            own = (x.rule or x.kind, *(None if type(i) is int else frozen(i) for i in index))
            on = depth if len(before) == 1 else depth - 1
            rest = tuple(self.origin(y, on) for y in before) if on >= 0 else ()
            self.origins[x, depth] = self.numbers.setdefault((own, rest), len(self.numbers))
        return self.origins[x, depth]


def place_of(scope: str) -> str:
    """Return a scope without its time steps."""
    return "/".join(part for part in scope.split("/") if not part.startswith("t="))


def is_by_shared_weight(s: Step, operands: list[tuple[Any, ...]]) -> bool:
    """Say whether a product is x @ W or W @ x, with the same W for all."""
    a, b = s.inputs
    left, right = (operand[0] for operand in operands)
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
