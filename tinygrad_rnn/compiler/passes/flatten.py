"""Sums and products without an order, and then in the best one. Imports `program`.

A chain of additions has an order only because Python has one. Taken as a set of terms, those that
are ready early can be added early, outside the recurrent path; the same holds for factors. Where
dtypes differ the order stays: two truths are not added as they are after a float was.
"""

from __future__ import annotations

from collections import deque

from ...engine.rule import RULES, Rule
from ..program.own_ops import PRODUCT_OF, SUM_OF
from ..program.program import Program
from ..program.steps import Step, constant, step
from ..program.views import VIEWS
from .arithmetic import is_normal
from .kinds import is_new_each_time

ADD, SUBTRACT = RULES["add"], RULES["subtract"]
MULTIPLY, NEGATIVE = RULES["multiply"], RULES["negative"]

Signed = tuple[Step, int]


class Operands:
    """Terms, or factors, with a sign each; `sign` turns all of them."""

    def __init__(self, operands: list[Signed], sign: int = 1) -> None:
        self.operands = deque(operands)
        self.sign = sign

    def __iadd__(self, other: Operands) -> Operands:
        """Take others in behind these; the fewer are moved, so that a long chain costs no more."""
        sign = self.sign * other.sign
        if len(self.operands) >= len(other.operands):
            self.operands.extend((x, sign * s) for x, s in other.operands)
            return self
        other.operands.extendleft((x, sign * s) for x, s in reversed(self.operands))
        return other

    def signed(self) -> list[Signed]:
        """List all with their signs."""
        return [(x, s * self.sign) for x, s in self.operands]


def flatten(program: Program) -> Program:
    """Turn chains of additions and multiplications into sums and products of many."""
    users = program.users()
    roots = set(program.roots)
    opened: dict[Step, Operands] = {}  # of steps that their only user takes apart

    def is_inner(s: Step, *rules: Rule) -> bool:
        """Say whether the only user of a step is one of these, of the same shape and dtype."""
        user = users[s][0] if len(users[s]) == 1 and s not in roots else None
        return (
            user is not None
            and user.rule in rules
            and (user.shape, user.dtype) == (s.shape, s.dtype)
            and has_one_dtype(user)
        )

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        if s.rule is NEGATIVE and is_inner(s, ADD, SUBTRACT):
            opened[s] = Operands([(inputs[0], -1)])
        elif s.rule is NEGATIVE and is_inner(s, MULTIPLY):
            opened[s] = Operands([(constant(-1), 1), (inputs[0], 1)])
        elif s.rule in (ADD, SUBTRACT, MULTIPLY) and has_one_dtype(s):
            a, b = (
                opened.pop(old) if old in opened else Operands([(new, 1)])
                for old, new in zip(s.inputs, inputs, strict=True)
            )
            if s.rule is SUBTRACT:
                b.sign = -b.sign
            a += b
            if not is_inner(s, *((MULTIPLY,) if s.rule is MULTIPLY else (ADD, SUBTRACT))):
                return product(a.signed(), s) if s.rule is MULTIPLY else total(a.signed(), s)
            opened[s] = a
        else:
            return s.on(inputs)
        return s  # which nobody will look at

    return program.rewritten(rewrite)


def has_one_dtype(s: Step) -> bool:
    """Say whether a step makes floats of floats like them, and numbers."""
    return bool(s.dtype.kind == "f") and all(x.is_number or x.dtype == s.dtype for x in s.inputs)


def total(terms: list[Signed], s: Step) -> Step:
    """Return a sum, the Python numbers in it as one."""
    number = sum(x.value * sign for x, sign in terms if x.is_number)
    rest = [(x, sign) for x, sign in terms if not x.is_number]
    if number or not rest:
        rest.append((constant(number), 1))
    if len(rest) == 1 and rest[0][1] == 1:
        return rest[0][0]
    signs = {"signs": tuple(sign for _, sign in rest)}
    return Step(SUM_OF, tuple(x for x, _ in rest), signs, s.form, s.scope)


def product(factors: list[Signed], s: Step) -> Step:
    """Return a product, the Python numbers in it as one."""
    found = [x for x, _ in factors]
    numbers = [x for x in found if x.is_number]
    if len(numbers) > 1:
        rest = [x for x in found if not x.is_number]
        value = 1.0
        for x in numbers:
            value *= x.value
        found = [*rest, *numbers]  # each meets an array
        if is_normal(value, s.dtype):
            found = rest if value == 1 else [constant(value), *rest]
    return found[0] if len(found) == 1 else Step(PRODUCT_OF, tuple(found), {}, s.form, s.scope)


def order(program: Program) -> Program:
    """Give sums and products an order again: what is ready early first."""
    ready: dict[Step, int] = {}  # how many steps have to be made before; views take none
    early_on: set[Step] = set()  # weights and what is made of them, before everything else

    def depth(s: Step) -> int:
        unknown = [s]
        while unknown:
            x = unknown[-1]
            before = [y for y in x.inputs if y not in ready]
            if before:
                unknown += before
                continue
            unknown.pop()
            if not is_new_each_time(x) and early_on.issuperset(x.inputs):
                early_on.add(x)
            most = max((ready[y] for y in x.inputs), default=0)
            takes_time = x.rule is not None and x.rule not in VIEWS and x not in early_on
            ready[x] = most + takes_time
        return ready[s]

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        new = s.on(inputs)
        if s.rule is PRODUCT_OF:
            new = folded([(x, 1) for x in sorted(inputs, key=early)], s)
        elif s.rule is SUM_OF:
            terms = zip(inputs, s.params["signs"], strict=True)
            new = folded(sorted(terms, key=lambda term: early(term[0])), s)
        depth(new)
        return new

    def early(x: Step) -> tuple[int, int]:
        return x.size, depth(x)

    return program.rewritten(rewrite)


def folded(operands: list[Signed], s: Step) -> Step:
    """Combine operands one after the other."""
    if sum(x.is_number for x, _ in operands) > 1:  # each of which shall meet an array
        operands.sort(key=lambda operand: operand[0].is_number)
    if s.rule is PRODUCT_OF:
        y = operands[0][0]
        for x, _ in operands[1:]:
            y = step(MULTIPLY, [y, x], scope=s.scope)
        return y
    first = next((i for i, (_, sign) in enumerate(operands) if sign > 0), None)
    if first is None:
        y = step(NEGATIVE, [operands[0][0]], scope=s.scope)
        rest = operands[1:]
    else:
        y = operands[first][0]
        rest = operands[:first] + operands[first + 1 :]
    for x, sign in rest:
        y = step(ADD if sign > 0 else SUBTRACT, [y, x], scope=s.scope)
    return y
