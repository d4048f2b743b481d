"""The same with fewer steps: equal steps become one, and what undoes itself goes.

Imports `program`. Every rule of algebra here holds for each entry by itself, up to rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine.rule import RULES, Rule
from ...ops.indexing import HOLE
from ..program.own_ops import LESS_ONE_HOT
from ..program.program import Program
from ..program.shapes import frozen
from ..program.steps import Step, by_making, constant, step

Simpler = Callable[[Step], Step | None]

SIMPLER: dict[Rule, list[Simpler]] = {}
SEVERAL = 8  # multiplications that are quicker than as many divisions, and one division beside
PRECISE = (np.dtype(np.float32), np.dtype(np.float64))  # an inverse lies within their range
FORMS: dict[Any, Step] = {}  # arrays of zeros, which take no memory
COMMUTATIVE = {RULES["add"], RULES["multiply"]}


def simplify(program: Program) -> Program:
    """Merge equal steps, and replace steps by simpler ones."""
    known: dict[Any, Step] = {}

    def merged(s: Step) -> Step:
        """Return the step that computes the same, if there is one already."""
        assert s.rule is not None
        if s.rule.random:
            return s
        inputs: tuple[Any, ...] = s.inputs
        if any([x.is_number for x in inputs]):
            inputs = tuple([("number", frozen(x.value)) if x.is_number else x for x in inputs])
        elif s.rule in COMMUTATIVE:
            inputs = tuple(sorted(inputs, key=by_making))
        return known.setdefault((s.rule, inputs, s.settings), s)

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        s = merged(s.on(inputs))
        while s.rule is not None:
            better = None
            for simpler_form in SIMPLER.get(s.rule, ()):
                better = better or simpler_form(s)
            if better is None or (better.shape, better.dtype) != (s.shape, s.dtype):
                break
            s = better if better.rule is None else merged(better)
        return s

    return program.rewritten(rewrite)


def simpler(*names: str) -> Callable[[Simpler], Simpler]:
    """Enter a rule of algebra for the ops of these names: it returns the simpler step, or None."""

    def enter(f: Simpler) -> Simpler:
        for name in names:
            SIMPLER.setdefault(RULES[name], []).append(f)
        return f

    return enter


def number(x: Step) -> Any:
    """Return the Python number that a step is; None if it is an array."""
    return x.value if x.is_number else None


def is_normal(x: float, dtype: Any) -> bool:
    """Say whether a number has all its digits in a dtype: that it is not too large or small."""
    limits = np.finfo(dtype)
    return float(limits.tiny) <= abs(x) <= float(limits.max)


@simpler("multiply")
def times_one(s: Step) -> Step | None:
    """x · 1 = x"""
    a, b = s.inputs
    return a if number(b) == 1 else b if number(a) == 1 else None


@simpler("add")
def plus_zero(s: Step) -> Step | None:
    """x + 0 = x"""
    a, b = s.inputs
    return a if number(b) == 0 else b if number(a) == 0 else None


@simpler("divide")
def by_a_number(s: Step) -> Step | None:
    """x / n = x · (1 / n)"""
    a, b = s.inputs
    if not number(b) or s.dtype != a.dtype or s.dtype.kind != "f":
        return None
    if not is_normal(1 / b.value, s.dtype):
        return None  # 1 / n is no number of this dtype, or one of few digits
    return step(RULES["multiply"], [a, constant(1 / b.value)], scope=s.scope)


@simpler("divide")
def by_fewer(s: Step) -> Step | None:
    """x / n = x · (1 / n), where there are many x for each n, as in a softmax"""
    a, b = s.inputs
    if b.is_number or not a.dtype == b.dtype == s.dtype or s.dtype not in PRECISE:
        return None  # the inverse would have the digits of n, not those of the fraction
    if b.size * SEVERAL > a.size:
        return None
    inverse = step(RULES["divide"], [constant(1.0), b], scope=s.scope)
    return step(RULES["multiply"], [a, inverse], scope=s.scope)


@simpler("power")
def small_power(s: Step) -> Step | None:
    """x¹ = x, x² = x · x"""
    a, b = s.inputs
    if number(b) == 2:
        return step(RULES["multiply"], [a, a], scope=s.scope)
    return a if number(b) == 1 else None


@simpler("negative")
def twice_negative(s: Step) -> Step | None:
    """−(−x) = x"""
    (x,) = s.inputs
    return x.inputs[0] if x.rule is s.rule else None


@simpler("astype")
def same_dtype(s: Step) -> Step | None:
    """x in its own dtype is x"""
    return s.inputs[0]


@simpler("reshape")
def reshape_once(s: Step) -> Step | None:
    """Only the last of several shapes counts."""
    (x,) = s.inputs
    if x.shape == s.shape:
        return x
    if x.rule is s.rule:
        return step(RULES["reshape"], x.inputs, {"shape": s.shape}, s.scope)
    return None


@simpler("transpose")
def transpose_twice(s: Step) -> Step | None:
    """(xᵀ)ᵀ = x"""
    (x,) = s.inputs
    if x.rule is s.rule and not s.params.get("axes") and not x.params.get("axes"):
        return x.inputs[0]
    return None


@simpler("broadcast_to")
def same_shape(s: Step) -> Step | None:
    """x repeated to its own shape is x"""
    return s.inputs[0]


@simpler("add", "subtract", "multiply", "divide", "maximum", "minimum")
def broadcasts_anyway(s: Step) -> Step | None:
    """An operand need not be repeated to a shape that the other one has."""
    for i, x in enumerate(s.inputs):
        other = s.inputs[1 - i]
        if x.rule is RULES["broadcast_to"] and other.shape == s.shape:
            inputs = list(s.inputs)
            inputs[i] = x.inputs[0]
            return s.remade(inputs)
    return None


@simpler("getitem")
def member_of_stack(s: Step) -> Step | None:
    """The i-th row of a stack is its i-th member."""
    x, index = s.inputs[0], s.params["index"]
    if x.rule is not RULES["stack"] or x.params.get("axis", 0) != 0 or len(s.inputs) > 1:
        return None
    if not index or type(index[0]) is not int:
        return None
    member = x.inputs[index[0]]
    if len(index) == 1:
        return member
    return step(RULES["getitem"], [member], {"index": index[1:]}, s.scope)


@simpler("getitem")
def rows_by_ids(s: Step) -> Step | None:
    """x[ids] looks rows up, as take does."""
    x, *arrays = s.inputs
    if s.params["index"] != (HOLE,) or x.ndim == 0 or arrays[0].dtype.kind not in "iu":
        return None
    return step(RULES["take"], [x, arrays[0]], {"axis": 0}, s.scope)


@simpler("stack", "concatenate")
def rows_in_order(s: Step) -> Step | None:
    """The rows of x, joined in order, are x; some of them that follow on are a slice."""
    first = s.inputs[0]
    if first.rule is not RULES["getitem"] or s.params.get("axis", 0) != 0:
        return None
    (x, *arrays), index = first.inputs, first.params["index"]
    if arrays or len(index) != 1 or type(index[0]) is not int or index[0] < 0:
        return None
    for i, member in enumerate(s.inputs):
        if (
            member.rule is not first.rule
            or member.inputs != first.inputs
            or member.params["index"] != (index[0] + i,)
        ):
            return None
    rows = x
    if len(s.inputs) < x.shape[0]:
        index = (slice(index[0], index[0] + len(s.inputs)),)
        rows = step(first.rule, [x], {"index": index}, s.scope)
    return rows if rows.shape == s.shape else step(RULES["reshape"], [rows], {"shape": s.shape})


@simpler("place")
def placed_everywhere(s: Step) -> Step | None:
    """Gradients placed at rows 0, 1, 2, … that cover an array are a stack."""
    indices = s.params["indices"]
    if len(indices) != len(s.inputs) or any(x.shape != s.shape[1:] for x in s.inputs):
        return None
    rows: dict[int, Step] = {}
    for index, x in zip(indices, s.inputs, strict=True):
        if len(index) != 1 or type(index[0]) is not int:
            return None
        rows[index[0] % s.shape[0]] = x
    if len(rows) != len(s.inputs) or len(rows) != s.shape[0]:
        return None
    return step(RULES["stack"], [rows[i] for i in range(len(rows))], scope=s.scope)


@simpler("subtract")
def softmax_less_target(s: Step) -> Step | None:
    """P − one_hot(ids) needs no array of zeros."""
    p, x = s.inputs
    if x.rule is not RULES["one_hot"] or x.params.get("ignore_index") is not None:
        return None
    if p.shape != x.shape or p.dtype != x.dtype:
        return None
    return step(LESS_ONE_HOT, [p, x.inputs[0]], scope=s.scope)


@simpler("keep_mask")
def mask_of_a_form(s: Step) -> Step | None:
    """Which entries are kept depends on their number only, and waits for none of them."""
    (x,) = s.inputs
    if x.form not in FORMS:
        FORMS[x.form] = constant(np.broadcast_to(np.zeros((), x.dtype), x.shape))
    return None if x is FORMS[x.form] else s.on([FORMS[x.form]])
