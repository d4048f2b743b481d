"""Sums over time of products become one product; likewise sums over time of sums. Imports `clock`.

The gradient of a weight is Σₜ aₜᵀ gₜ. With the rows of all aₜ and of all gₜ one below the other it
is a single product, aᵀ g, which reads the weight's memory once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...engine.rule import RULES
from ...ops.indexing import HOLE
from ..program.own_ops import SUM_OF
from ..program.program import Program
from ..program.steps import PARAMETER, Step, step
from .clock import Clock

CONCATENATE, MATMUL, PLACE, SUM = (RULES[n] for n in ("concatenate", "matmul", "place", "sum"))
RESHAPE, STACK, TRANSPOSE = (RULES[n] for n in ("reshape", "stack", "transpose"))
FEW = 4  # of equal shape: fewer terms are added one after the other

Pair = tuple[Step, Step]


def gather(program: Program) -> Program:
    """Replace sums over time by products and sums of what lies one below the other."""
    clock = Clock(program)
    times: dict[Step, int] = {}  # of new steps, those of the old ones
    uses = {s: len(users) for s, users in program.users().items()}
    single: set[Step] = set()

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        new = s.on(inputs)
        if s.rule is SUM_OF:
            new = gathered(new)
        elif s.rule is MATMUL and pairs_of(new) is not None:
            new = product(pairs_of(new) or [], new)
        elif s.rule is PLACE:
            new = looked_up_together(new)
        times[new] = clock.time(s)
        if uses[s] == 1:
            single.add(new)
        return new

    def time(x: Step) -> int:
        return times.get(x, clock.times.get(x, -1))

    def pairs_of(x: Step) -> list[Pair] | None:
        """Return the pairs (a, g) of which x is Σ aᵀ g; None if it is no such product."""
        if x.rule is TRANSPOSE and x.inputs[0] in single and not x.params.get("axes"):
            pairs = pairs_of(x.inputs[0])  # (aᵀ g)ᵀ = gᵀ a
            return None if pairs is None else [(g, a) for a, g in pairs]
        if x.rule is not MATMUL or x.ndim != 2:
            return None
        left, g = x.inputs
        if left.rule is not TRANSPOSE or left.ndim != 2 or left.params.get("axes"):
            return None
        (a,) = left.inputs
        rows = [parts_of(a), parts_of(g)]
        if len(rows[0]) == len(rows[1]) and all(
            y.shape[0] == z.shape[0] for y, z in zip(*rows, strict=True)
        ):
            return list(zip(*rows, strict=True))
        return [(a, g)]

    def product(pairs: list[Pair], like: Step) -> Step:
        """Return Σ aᵀ g as one product, in the order of time."""
        pairs = sorted(pairs, key=lambda pair: (min(map(time, pair)), max(map(time, pair))))
        a, g = (below_each_other([as_row(pair[i]) for pair in pairs]) for i in (0, 1))
        transposed = step(TRANSPOSE, [a], scope=like.scope)
        return step(MATMUL, [transposed, g], scope=like.scope)

    def looked_up_together(s: Step) -> Step:
        """Place the gradients of rows that were looked up one after the other by one look-up."""
        pairs = list(zip(s.inputs[::2], s.inputs[1::2], strict=False))
        if len(pairs) < 2 or any(index != (HOLE,) for index in s.params["indices"]):
            return s
        first, ids = pairs[0]
        if not ids.ndim or ids.dtype == bool:
            return s
        form = (first.shape[1:], ids.shape[1:], ids.dtype)
        if any((x.shape[1:], i.shape[1:], i.dtype) != form or not i.ndim for x, i in pairs):
            return s
        pairs.sort(key=lambda pair: time(pair[0]))
        joined = [below_each_other([pair[k] for pair in pairs]) for k in (0, 1)]
        return step(PLACE, joined, {"indices": ((HOLE,),), "shape": s.shape}, s.scope)

    def below_each_other(rows: list[Step]) -> Step:
        return rows[0] if len(rows) == 1 else step(CONCATENATE, rows, {"axis": 0})

    def gathered(s: Step) -> Step:
        terms = list(zip(s.inputs, s.params["signs"], strict=True))
        kinds: dict[Any, list[Step]] = {}
        for x, sign in terms:
            kinds.setdefault((sign, kind_of(x)), []).append(x)
        if len(kinds) == len(terms):
            return s
        new: list[tuple[Step, int]] = []
        for (sign, kind), members in kinds.items():
            merge = MERGES.get(kind[0])
            if merge is None or len(members) < kind[1]:
                new += [(x, sign) for x in members]
            else:
                new.append((merge(members, s), sign))
        if len(new) == 1 and new[0][1] == 1:
            return new[0][0]
        signs = {"signs": tuple(sign for _, sign in new)}
        return Step(SUM_OF, tuple(x for x, _ in new), signs, s.form, s.scope)

    def kind_of(x: Step) -> Any:
        """Return what a term can be merged with: its kind, and how many it takes."""
        pairs = pairs_of(x) if x in single else None
        if pairs and not all(a.kind == PARAMETER for a, _ in pairs):  # V and W lie apart
            return ("products", 2, x.shape)
        if x in single and x.rule is SUM and over_rows(x):
            y = x.inputs[0]
            return ("sums", 2, y.shape[1:], tuple(axes(x)), x.params.get("keepdims", False))
        if not x.is_number:
            return ("terms", FEW, x.shape)
        return ("number", 2, x.value)

    def merge_products(members: list[Step], s: Step) -> Step:
        return product([pair for x in members for pair in pairs_of(x) or ()], s)

    def merge_sums(members: list[Step], s: Step) -> Step:
        parts = sorted((part for x in members for part in parts_of(x.inputs[0])), key=time)
        params = {
            "axis": tuple(axes(members[0])),
            "keepdims": members[0].params.get("keepdims", False),
        }
        return step(SUM, [below_each_other(parts)], params, s.scope)

    def merge_terms(members: list[Step], s: Step) -> Step:
        stacked = step(STACK, sorted(members, key=time), {"axis": 0})
        return step(SUM, [stacked], {"axis": (0,), "keepdims": False}, s.scope)

    MERGES: dict[str, Callable[[list[Step], Step], Step]] = {
        "products": merge_products,
        "sums": merge_sums,
        "terms": merge_terms,
    }
    return program.rewritten(rewrite)


def as_row(x: Step) -> Step:
    """Return a transposed column as what it is in memory."""
    if x.rule is TRANSPOSE and x.shape[0] == 1:
        return step(RESHAPE, x.inputs, {"shape": x.shape}, x.scope)
    return x


def parts_of(x: Step) -> Sequence[Step]:
    """Return what lies one below the other in an array: its parts, or it alone."""
    return x.inputs if x.rule is CONCATENATE and x.params.get("axis", 0) == 0 else (x,)


def axes(x: Step) -> list[int]:
    """Return the axes that a sum goes over."""
    axis, ndim = x.params.get("axis"), x.inputs[0].ndim
    if axis is None or ndim == 0:
        return list(range(ndim))
    return [i % ndim for i in (axis if isinstance(axis, (tuple, list)) else (axis,))]


def over_rows(x: Step) -> bool:
    """Say whether a sum goes over the first axis."""
    return x.inputs[0].ndim > 0 and 0 in axes(x)
