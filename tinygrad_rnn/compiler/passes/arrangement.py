"""What `simplify` knows about where entries stand. Imports `simpler` and `program`."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ...engine.rule import RULES
from ...ops.indexing import HOLE
from ..program.steps import PARAMETER, Step, constant, step
from .simpler import simpler

FORMS: dict[Any, Step] = {}  # arrays of zeros, which take no memory


@simpler("reshape")
def reshape_once(s: Step) -> Step | None:
    """Only the last of several shapes counts; a column has its entries in the order of a row."""
    (x,) = s.inputs
    if x.shape == s.shape:
        return x
    is_turned = x.rule is RULES["transpose"] and max(x.shape, default=1) == x.size
    if x.rule is s.rule or is_turned:
        return step(RULES["reshape"], x.inputs, {"shape": s.shape}, s.scope)
    return None


@simpler("matmul")
def products_with_weights(s: Step) -> Step | None:
    """[V W]ᵀ [g h] = Vᵀ g + Wᵀ h, where V and W are parameters, which never lie in one piece."""
    left, right = s.inputs
    if left.rule is not RULES["transpose"] or left.params.get("axes") or right.ndim != 2:
        return None
    weights, rows = left.inputs[0], right
    if any(x.rule is not RULES["concatenate"] or x.params.get("axis", 0) for x in (weights, rows)):
        return None
    pairs = list(zip(weights.inputs, rows.inputs, strict=False))
    if len(weights.inputs) != len(rows.inputs) or any(
        w.kind != PARAMETER or w.shape[0] != g.shape[0] for w, g in pairs
    ):
        return None
    transposed = [step(RULES["transpose"], [w], scope=s.scope) for w, _ in pairs]
    terms = [
        step(RULES["matmul"], [w, g], scope=s.scope)
        for w, (_, g) in zip(transposed, pairs, strict=True)
    ]
    return total(terms, s.scope)


@simpler("matmul")
def product_with_column(s: Step) -> Step | None:
    """W @ x is for a column what it is for a vector."""
    weight, x = s.inputs
    if weight.ndim != 2 or x.ndim != 2 or x.shape[1] != 1:
        return None
    vector = step(RULES["reshape"], [x], {"shape": x.shape[:1]}, x.scope)
    product = step(RULES["matmul"], [weight, vector], scope=s.scope)
    return step(RULES["reshape"], [product], {"shape": s.shape}, s.scope)


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


@simpler("place")
def placed_as_a_whole(s: Step) -> Step | None:
    """Gradients of x[:, None] are gradients of x, of another shape."""
    indices = s.params["indices"]
    if len(indices) != len(s.inputs) or not all(map(is_whole, indices)):
        return None
    terms = [step(RULES["reshape"], [g], {"shape": s.shape}, s.scope) for g in s.inputs]
    return total(terms, s.scope)


def total(terms: list[Step], scope: str) -> Step:
    """Return the sum of some terms."""
    return functools.reduce(lambda x, y: step(RULES["add"], [x, y], scope=scope), terms)


def is_whole(index: tuple[object, ...]) -> bool:
    """Say whether an index picks everything, in order."""
    return all(part is None or part is Ellipsis or part == slice(None) for part in index)


@simpler("keep_mask")
def mask_of_a_form(s: Step) -> Step | None:
    """Which entries are kept depends on their number only, and waits for none of them."""
    (x,) = s.inputs
    if x.form not in FORMS:
        FORMS[x.form] = constant(np.broadcast_to(np.zeros((), x.dtype), x.shape))
    return None if x is FORMS[x.form] else s.on([FORMS[x.form]])
