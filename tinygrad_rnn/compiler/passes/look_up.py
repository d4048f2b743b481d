"""Products with rows of a table become look-ups. Imports `sources` and `program`.

Rows looked up in a table E, times W, are rows of E W: where more are looked up than E has, there is
less to multiply. One row of zeros with a one, times W, is a row of W: nothing needs multiplying.

With S, the rows' gradients added up by their ids, that of W is Eᵀ S, and that of E is S Wᵀ.
"""

from __future__ import annotations

import numpy as np

from ...engine.rule import RULES
from ...ops.indexing import HOLE
from ..program.one_hot import is_quicker_by_rows
from ..program.own_ops import PACKED
from ..program.program import Program
from ..program.steps import Step, step
from ..program.views import JOINS
from .entries import entries_by_id
from .gather import axes
from .sources import Sources, look_up_of, product_of

ASTYPE = RULES["astype"]
CONCATENATE, MATMUL, PLACE = (RULES[n] for n in ("concatenate", "matmul", "place"))
RESHAPE, STACK, SUM = (RULES[n] for n in ("reshape", "stack", "sum"))
TAKE, TRANSPOSE = RULES["take"], RULES["transpose"]
WORTH = 2  # times as many rows have to be multiplied as the table has


def look_up(program: Program) -> Program:
    """Look rows up in a product of the table, and multiply their sums instead of all of them."""
    program = entries_by_id(program)
    look_ups, products = Sources(look_up_of), Sources(product_of)
    worth = worth_a_table(program)
    uses = {s: len(users) for s, users in program.users().items()}
    tables: dict[tuple[Step | None, Step], Step] = {}

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        new, better = s.on(inputs), None
        if s.rule is MATMUL and s.inputs[1].ndim == 2:
            better = looked_up(new, s in worth) or gradient_of_weight(new, look_ups)
        elif s.rule is PLACE:
            better = gradient_of_table(new, products)
        if better is not None and better.dtype == s.dtype:  # ones may be of another precision
            new = better
        look_ups.of(new)
        if uses[s] > 1:
            products.known[new] = None  # it is needed beside
        products.of(new)
        return new

    def looked_up(s: Step, is_worth_it: bool) -> Step | None:
        """x W = (E W) at ids"""
        x, weight = s.inputs
        found = look_ups.of(x)
        if found is None or not (found.shared is None or is_worth_it):
            return None
        key = found.shared, weight
        if key not in tables:
            tables[key] = product_with(*key)
        taken = step(TAKE, [tables[key], found.rows], {"axis": 0}, s.scope)
        return taken if taken.dtype == s.dtype else step(ASTYPE, [taken], {"dtype": s.dtype})

    return summed_once(program.rewritten(rewrite))


def worth_a_table(program: Program) -> set[Step]:
    """Find the products with rows of tables that are so many that the table is multiplied."""
    look_ups = Sources(look_up_of)
    found: dict[tuple[Step, Step], list[Step]] = {}
    for s in program.steps:
        if s.rule is MATMUL and s.inputs[1].ndim == 2:
            x, weight = s.inputs
            source = look_ups.of(x)
            if source is not None and source.shared is not None:
                found.setdefault((source.shared, weight), []).append(s)
        look_ups.of(s)
    worth: set[Step] = set()
    for (table, weight), products in found.items():
        if sum(s.size for s in products) > WORTH * table.shape[0] * weight.shape[1]:
            worth.update(products)
    return worth


def product_with(table: Step | None, weight: Step) -> Step:
    """Return E W; for the unit matrix that is W, its rows in one piece."""
    if table is not None:
        return step(MATMUL, [table, weight], scope=weight.scope)
    return step(PACKED, [weight], scope=weight.scope) if weight.rule is TRANSPOSE else weight


def gradient_of_weight(s: Step, look_ups: Sources) -> Step | None:
    """xᵀ g = Eᵀ S, and gᵀ x = Sᵀ E"""
    left, right = s.inputs
    if left.rule is not TRANSPOSE or left.ndim != 2 or left.params.get("axes"):
        return None
    (above,) = left.inputs
    found = look_ups.of(above)
    if found is not None:
        sums = added_up(right, found.rows, above.shape[-1], found.shared)
        if sums is None or found.shared is None:
            return sums
        return step(MATMUL, [transposed(found.shared), sums], scope=s.scope)
    found = look_ups.of(right)
    sums = added_up(above, found.rows, right.shape[-1], found.shared) if found else None
    if found is None or sums is None:
        return None
    if found.shared is None:
        return transposed(sums)
    return step(MATMUL, [transposed(sums), found.shared], scope=s.scope)


def gradient_of_table(s: Step, products: Sources) -> Step | None:
    """g Wᵀ at ids = S Wᵀ"""
    if len(s.inputs) != 2 or s.params["indices"] != ((HOLE,),) or s.ndim != 2:
        return None
    gradient, ids = s.inputs
    found = products.of(gradient)
    if found is None or found.shared is None or ids.dtype.kind not in "iu":
        return None
    sums = added_up(found.rows, ids, s.shape[-1], s)
    return None if sums is None else step(MATMUL, [sums, found.shared], scope=s.scope)


def added_up(g: Step, ids: Step, width: int, table: Step | None) -> Step | None:
    """Return S, for rows so wide of a table; None where products with all rows are quicker."""
    count, columns = ids.size, g.shape[-1]
    places = width if table is None else table.shape[0]
    spared = count if table is None else count - places  # rows that are not multiplied
    if not is_quicker_by_rows(places, columns, count, spared * width * columns):
        return None
    order = g.params.get("axes")
    if g.rule is TRANSPOSE and order and order[-1] % g.ndim == g.ndim - 1:  # rows in any order
        back = tuple(int(i) for i in np.argsort([i % g.ndim for i in order[:-1]]))
        (g,), ids = g.inputs, step(TRANSPOSE, [ids], {"axes": back}, ids.scope)
    inputs = below_each_other(g, (count, columns)), below_each_other(ids, (count,))
    return step(PLACE, inputs, {"indices": ((HOLE,),), "shape": (places, columns)}, g.scope)


def summed_once(program: Program) -> Program:
    """Add up the sums S instead of all the rows, for the gradient of a bias beside the weight."""
    sums = {
        parts_of(s.inputs[0]): s
        for s in program.steps
        if s.rule is PLACE
        and s.params["indices"] == ((HOLE,),)
        and s.ndim == 2
        and s.inputs[1].dtype.kind in "iu"
    }
    new = {s: s for s in program.roots}
    for s in program.roots:
        if s.rule is SUM and axes(s) == list(range(s.inputs[0].ndim - 1)):
            by_id = sums.get(parts_of(s.inputs[0]))
            few = by_id is not None and by_id.size * WORTH < s.inputs[0].size
            if by_id is not None and few and by_id.dtype == s.dtype:
                settings = {"axis": (0,), "keepdims": False}
                new[s] = step(RESHAPE, [step(SUM, [by_id], settings)], {"shape": s.shape}, s.scope)
    return program.replaced(new)


def parts_of(x: Step) -> tuple[Step, ...]:
    """Return what lies one below the other in rows, or them alone."""
    return x.inputs if x.rule in JOINS and x.params.get("axis", 0) == 0 else (x,)


def below_each_other(x: Step, shape: tuple[int, ...]) -> Step:
    """Return rows, or their ids, one below the other: both gradients are to find the same sums."""
    if x.rule is STACK and x.params.get("axis", 0) == 0 and x.ndim == len(shape) + 1:
        return step(CONCATENATE, x.inputs, {"axis": 0}, x.scope)
    return x if x.shape == shape else step(RESHAPE, [x], {"shape": shape}, x.scope)


def transposed(x: Step) -> Step:
    """Return the transpose of a matrix."""
    return step(TRANSPOSE, [x], scope=x.scope)
