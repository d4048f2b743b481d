"""Products with one-hot rows become look-ups. Imports `program`.

One row of zeros with a one, times a weight, is a row of the weight: nothing needs multiplying. The
weight's gradient adds up rows where the product would add up zeros.
"""

from __future__ import annotations

import numpy as np

from ...engine.rule import RULES
from ...ops.indexing import HOLE
from ..program.one_hot import ids_of_ones, is_quicker_by_rows
from ..program.own_ops import PACKED
from ..program.program import Program
from ..program.shapes import Form, Shape
from ..program.steps import ARGUMENT, CONSTANT, IDS, Step, given, step
from ..program.views import JOINS

ASTYPE = RULES["astype"]
ALIAS, GETITEM, RESHAPE, TAKE = (RULES[n] for n in ("alias", "getitem", "reshape", "take"))
MATMUL, PLACE, TRANSPOSE = (RULES[n] for n in ("matmul", "place", "transpose"))
WHOLE = {int, slice}  # what in an index keeps or picks rows


def look_up(program: Program) -> Program:
    """Look rows of a weight up instead of multiplying it by rows of zeros with a one."""
    ids_of: dict[Step, Step | None] = {}  # of one-hot rows: where the ones are; None of others
    tables: dict[Step, Step] = {}

    def ids_in(x: Step) -> Step | None:
        """Return where the ones are in what is given."""
        if x not in ids_of:
            ids_of[x] = ids_given(x) if x.rule is None else None
        return ids_of[x]

    def seen_through(x: Step) -> Step | None:
        """Return where the ones are in rows that were picked, joined or given another shape."""
        if x.rule not in (ALIAS, GETITEM, RESHAPE, TAKE, TRANSPOSE, *JOINS) or x.ndim == 0:
            return None
        rows = x.inputs[:1] if x.rule in (GETITEM, TAKE) else x.inputs
        ids = [y for y in map(ids_in, rows) if y is not None]
        if len(ids) < len(rows):
            return None
        if x.rule is TAKE and x.params.get("axis") == 0:
            return step(TAKE, [*ids, x.inputs[1]], {"axis": 0}, x.scope)
        if x.rule is GETITEM and picks_rows(x):
            return step(GETITEM, ids, x.params, x.scope)
        axes = x.params.get("axes") or ()
        if x.rule is TRANSPOSE and axes and axes[-1] % x.ndim == x.ndim - 1:
            return step(TRANSPOSE, ids, {"axes": tuple(i % x.ndim for i in axes[:-1])}, x.scope)
        if x.rule is RESHAPE and x.size and x.shape[-1] == x.inputs[0].shape[-1]:
            return step(RESHAPE, ids, {"shape": x.shape[:-1]}, x.scope)
        if x.rule in JOINS and x.params.get("axis", 0) == 0 and x.ndim > 1:
            return step(x.rule, ids, {"axis": 0}, x.scope)
        return ids[0] if x.rule is ALIAS else None

    def table_of(weight: Step) -> Step:
        """Return a weight whose rows lie in one piece."""
        if weight.rule is not TRANSPOSE:
            return weight
        if weight not in tables:
            tables[weight] = step(PACKED, [weight], scope=weight.scope)
        return tables[weight]

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        new = s.on(inputs)
        if s.rule is MATMUL and s.inputs[1].ndim == 2:
            x, other = inputs
            ids = ids_in(x)
            if ids is not None:  # x @ W
                rows = step(TAKE, [table_of(other), ids], {"axis": 0}, s.scope)
                return rows if rows.dtype == s.dtype else step(ASTYPE, [rows], {"dtype": s.dtype})
            if x.rule is TRANSPOSE and x.ndim == 2 and not x.params.get("axes"):
                (rows,) = x.inputs
                sums = added_up(other, ids_in(rows), s.shape)  # xᵀ @ g
                if sums is None:  # gᵀ @ x
                    sums = added_up(rows, ids_in(other), s.shape[::-1])
                    sums = None if sums is None else step(TRANSPOSE, [sums], scope=s.scope)
                if sums is not None and sums.dtype == s.dtype:
                    return sums
        ids_of[new] = seen_through(new)
        return new

    return program.rewritten(rewrite)


def added_up(g: Step, ids: Step | None, shape: Shape) -> Step | None:
    """Return the rows of `g` added up at their ids; None if a product is quicker, or no ids."""
    if ids is None or not is_quicker_by_rows(shape[0], shape[1], ids.size):
        return None
    return step(PLACE, [g, ids], {"indices": ((HOLE,),), "shape": shape}, g.scope)


def ids_given(x: Step) -> Step | None:
    """Return the ids of what the program is given, to be found at each run."""
    if x.kind == ARGUMENT and x.params.get("one_hot"):
        return given(IDS, x.value, Form(x.shape[:-1], np.dtype(np.intp)))
    is_table = x.kind == CONSTANT and not x.is_number and x.ndim == 2 and x.dtype.kind == "f"
    if is_table and x.size and ids_of_ones(x.value) is not None:
        return given(IDS, x.value, Form(x.shape[:-1], np.dtype(np.intp)))
    return None


def picks_rows(x: Step) -> bool:
    """Say whether an index leaves the last axis as it is."""
    index = x.params["index"]
    return len(index) < x.inputs[0].ndim and WHOLE.issuperset(map(type, index))
