"""Sums and products without an order, and then in the best one. Imports `program` and `rules`.

A chain of additions has an order only because Python has one. Taken as a set of terms, those that
are ready early can be added early, outside the recurrent path; the same holds for factors.
"""

from __future__ import annotations

from ...engine.rule import RULES
from ..program import Program
from ..regions import VIEWS
from ..steps import Step, constant, step
from .rules import PRODUCT_OF, SUM_OF

ADD, SUBTRACT = RULES["add"], RULES["subtract"]
MULTIPLY, NEGATIVE = RULES["multiply"], RULES["negative"]


def flatten(program: Program) -> Program:
    """Turn chains of additions and multiplications into sums and products of many."""
    uses = {s: len(users) for s, users in program.users().items()}
    for root in program.roots:
        uses[root] += 1
    inner: dict[Step, int] = {}  # how often a new step is used: as often as the old one

    def terms_of(x: Step, sign: int, like: Step) -> list[tuple[Step, int]]:
        if inner.get(x) == 1 and x.shape == like.shape and x.dtype == like.dtype:
            if x.rule is SUM_OF:
                return [(t, sign * s) for t, s in zip(x.inputs, x.params["signs"], strict=True)]
            if x.rule is NEGATIVE:
                return [(x.inputs[0], -sign)]
        return [(x, sign)]

    def factors_of(x: Step, like: Step) -> list[Step]:
        if inner.get(x) == 1 and x.shape == like.shape and x.dtype == like.dtype:
            if x.rule is PRODUCT_OF:
                return list(x.inputs)
            if x.rule is NEGATIVE:
                return [constant(-1), x.inputs[0]]
        return [x]

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        new = s.on(inputs)
        if s.dtype is not None and s.dtype.kind == "f":
            if s.rule in (ADD, SUBTRACT):
                a, b = inputs
                terms = terms_of(a, 1, s) + terms_of(b, 1 if s.rule is ADD else -1, s)
                signs = {"signs": tuple(sign for _, sign in terms)}
                new = Step(SUM_OF, tuple(t for t, _ in terms), signs, s.form, s.scope)
            elif s.rule is MULTIPLY:
                a, b = inputs
                factors = merged_numbers(factors_of(a, s) + factors_of(b, s))
                if len(factors) > 1:
                    new = Step(PRODUCT_OF, tuple(factors), {}, s.form, s.scope)
        inner[new] = uses[s]
        return new

    return program.rewritten(rewrite)


def merged_numbers(factors: list[Step]) -> list[Step]:
    """Multiply the Python numbers among factors."""
    numbers = [x.value for x in factors if x.is_number]
    if len(numbers) < 2:
        return factors
    value = 1.0
    for n in numbers:
        value *= n
    rest = [x for x in factors if not x.is_number]
    return rest if value == 1 and len(rest) > 1 else [constant(value), *rest]


def order(program: Program) -> Program:
    """Give sums and products an order again: what is ready early first."""
    ready: dict[Step, int] = {}

    def depth(s: Step) -> int:
        """Return how many steps have to be made before s is there; views take none."""
        found = ready.get(s)
        if found is None:
            before = max((depth(x) for x in s.inputs), default=0)
            found = ready[s] = before + (s.rule is not None and s.rule not in VIEWS)
        return found

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


def folded(operands: list[tuple[Step, int]], s: Step) -> Step:
    """Combine operands one after the other."""
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
