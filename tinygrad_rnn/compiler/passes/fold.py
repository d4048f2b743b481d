"""What is done to every row of a product is done to the weight, once. Imports `program`.

Rows looked up in W, plus b, are rows of W + b. And (x W + h U + b) α, with a factor for each
column, is x (W α) + h (U α) + b α: there are more sums, one for each time step, than weights.
"""

from __future__ import annotations

from collections import Counter

from ...engine.rule import RULES, Rule
from ..program.own_ops import PRODUCT_OF, SUM_OF
from ..program.program import Program
from ..program.steps import Step, step
from .kinds import varying

ADD, MULTIPLY, RESHAPE = RULES["add"], RULES["multiply"], RULES["reshape"]
MATMUL, TAKE, TRANSPOSE = RULES["matmul"], RULES["take"], RULES["transpose"]
WORTH = 2  # times as many entries have to be spared as the weights have


def fold(program: Program) -> Program:
    """Add biases to tables, and multiply weights by what their products are multiplied by."""
    return multiplied(biased(program))


def biased(program: Program) -> Program:
    """Add biases to a table instead of to the rows that are looked up in it."""
    weights = Weights(program)
    rows = Counter[Step]()  # that are looked up in a table, to be added to something
    for s in program.steps:
        if s.rule is SUM_OF:
            rows.update({x.inputs[0]: x.inputs[1].size for x in s.inputs if weights.is_table(x)})

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        new = s.on(inputs)
        if s.rule is not SUM_OF or -1 in s.params["signs"]:
            return new
        table = next(filter(weights.is_table, new.inputs), None)
        biases = [x for x in new.inputs if weights.is_row(x, of=s)]
        if table is None or not biases or rows[table.inputs[0]] < table.inputs[0].shape[0]:
            return new
        terms = [x for x in new.inputs if x is not table and x not in biases]
        for b in biases:
            table = weights.with_row(ADD, table, b)
        terms.insert(0, table)
        signs = {"signs": (1,) * len(terms)}
        return table if len(terms) == 1 else Step(SUM_OF, tuple(terms), signs, s.form, s.scope)

    return program.rewritten(rewrite)


def multiplied(program: Program) -> Program:
    """Multiply weights by a factor for each column instead of the sums of their products."""
    weights = Weights(program)
    users = program.users()
    found: dict[Step, list[tuple[Step, Step]]] = {}  # by the factors: products, and their sums
    for s in program.steps:
        if s.rule is PRODUCT_OF and len(s.inputs) == 2:
            factors, total = sorted(s.inputs, key=lambda x: x.rule is SUM_OF)
            if (
                total.rule is SUM_OF
                and len(users[total]) == 1
                and weights.is_row(factors, of=total)
                and all(weights.weight_of(x, of=total) for x in total.inputs)
            ):
                found.setdefault(factors, []).append((s, total))
    worth: dict[Step, Step] = {}
    for factors, products in found.items():
        used = {weights.weight_of(x, of=y) for _, y in products for x in y.inputs}
        spared = sum(total.size for _, total in products)
        if spared >= WORTH * sum(weight.size for weight in used if weight):
            worth.update((s, factors) for s, _ in products)

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        if s not in worth:
            return s.on(inputs)
        total = next(x for x in inputs if x.rule is SUM_OF)
        terms = tuple(weights.with_row(MULTIPLY, x, worth[s]) for x in total.inputs)
        return Step(SUM_OF, terms, total.params, s.form, s.scope)

    return program.rewritten(rewrite)


class Weights:
    """What is the same at all time steps, with rows that are added to it or multiply it."""

    def __init__(self, program: Program) -> None:
        self.varies = varying(program)
        self.made: dict[tuple[Rule, Step, Step], Step] = {}

    def is_row(self, x: Step, of: Step) -> bool:
        """Say whether a term is one row, the same for all rows of a sum."""
        return x.shape == of.shape[-1:] and x not in self.varies

    def is_table(self, x: Step) -> bool:
        """Say whether a term is rows that were looked up in a weight."""
        return (
            x.rule is TAKE
            and x.params.get("axis") == 0
            and x.inputs[0].ndim == 2
            and x.inputs[0] not in self.varies
        )

    def weight_of(self, x: Step, of: Step) -> Step | None:
        """Return the weight that all rows of a term come from; None if there is none."""
        if x.rule is MATMUL and x.inputs[1].ndim == 2 and x.inputs[1] not in self.varies:
            return x.inputs[1]
        return x.inputs[0] if self.is_table(x) else x if self.is_row(x, of) else None

    def with_row(self, rule: Rule, x: Step, row: Step) -> Step:
        """Return a term whose weight each row was added to, or multiplied by."""
        if x.rule is MATMUL:
            a, weight = x.inputs
            return step(MATMUL, [a, self.combined(rule, weight, row)], scope=x.scope)
        if x.rule is TAKE:
            weight, ids = x.inputs
            return step(TAKE, [self.combined(rule, weight, row), ids], x.params, x.scope)
        return self.combined(rule, x, row)

    def combined(self, rule: Rule, weight: Step, row: Step) -> Step:
        """Return a weight and a row in one; of a transposed weight, so that it is read in order."""
        key = (rule, weight, row)
        if key not in self.made:
            if weight.rule is TRANSPOSE and not weight.params.get("axes"):
                column = step(RESHAPE, [row], {"shape": (row.size, 1)})
                self.made[key] = step(TRANSPOSE, [step(rule, [weight.inputs[0], column])])
            else:
                self.made[key] = step(rule, [weight, row])
        return self.made[key]
