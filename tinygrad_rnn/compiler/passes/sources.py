"""What rows were made of, followed through ops that pick, join or reshape them. Imports `program`.

Rows of zeros with a one are rows of the unit matrix, looked up where the ones are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ...engine.rule import RULES
from ..program.one_hot import ids_of_ones
from ..program.shapes import Form
from ..program.steps import ARGUMENT, CONSTANT, IDS, Step, given, step
from ..program.views import JOINS

ALIAS, GETITEM, MATMUL, RESHAPE = (RULES[n] for n in ("alias", "getitem", "matmul", "reshape"))
TAKE, TRANSPOSE = RULES["take"], RULES["transpose"]
KEEP_ROWS = {ALIAS, GETITEM, RESHAPE, TAKE, TRANSPOSE, *JOINS}
WHOLE = {int, slice}  # what in an index keeps or picks rows


class Source(NamedTuple):
    """A table and the ids of rows in it, or a weight and the rows that are multiplied by it."""

    shared: Step | None  # None is the unit matrix
    rows: Step  # shape (…) of ids or (…, K), where what is made of them is (…, N)


class Sources:
    """What the rows of arrays were made of.

    Parameters
    ----------
    origin : callable
        Returns the source of what an op, or the program's caller, makes; None if there is none.
    """

    def __init__(self, origin: Callable[[Step], Source | None]) -> None:
        self.origin = origin
        self.known: dict[Step, Source | None] = {}

    def of(self, x: Step) -> Source | None:
        """Return the source of an array's rows; asked of each step in order, it looks one back."""
        if x not in self.known:
            self.known[x] = self.followed(x) or self.origin(x)
        return self.known[x]

    def followed(self, x: Step) -> Source | None:
        """Return the source of rows that were picked, joined or given another shape."""
        if x.rule not in KEEP_ROWS or x.ndim == 0:
            return None
        before = x.inputs[:1] if x.rule in (GETITEM, TAKE) else x.inputs
        sources = [source for source in map(self.of, before) if source is not None]
        if len(sources) < len(before) or len({source.shared for source in sources}) > 1:
            return None
        rows = kept(x, [source.rows for source in sources])
        return None if rows is None else Source(sources[0].shared, rows)


def kept(x: Step, rows: list[Step]) -> Step | None:
    """Do to rows, or to their ids, what an op does to arrays of such rows; None if it cuts them."""
    last = rows[0].shape[x.inputs[0].ndim - 1 :]
    axes = x.params.get("axes") or ()
    if x.rule is TAKE and x.params.get("axis") == 0:
        return step(TAKE, [*rows, x.inputs[1]], {"axis": 0}, x.scope)
    if x.rule is GETITEM and picks_rows(x):
        return step(GETITEM, rows, x.params, x.scope)
    if x.rule is TRANSPOSE and axes and axes[-1] % x.ndim == x.ndim - 1:
        order = tuple(i % x.ndim for i in axes)
        return step(TRANSPOSE, rows, {"axes": order if last else order[:-1]}, x.scope)
    if x.rule is RESHAPE and x.size and x.shape[-1] == x.inputs[0].shape[-1]:
        return step(RESHAPE, rows, {"shape": (*x.shape[:-1], *last)}, x.scope)
    if x.rule in JOINS and x.params.get("axis", 0) == 0 and x.ndim > 1:
        return step(x.rule, rows, {"axis": 0}, x.scope)
    return rows[0] if x.rule is ALIAS else None


def picks_rows(x: Step) -> bool:
    """Say whether an index leaves the last axis as it is."""
    index = x.params["index"]
    return len(index) < x.inputs[0].ndim and WHOLE.issuperset(map(type, index))


def look_up_of(x: Step) -> Source | None:
    """Return the table and the ids of rows that are looked up, or that the program is given."""
    if x.rule is TAKE and x.params.get("axis") == 0:
        table, ids = x.inputs
        is_table = table.ndim == 2 and table.dtype.kind == "f"
        return Source(table, ids) if is_table and ids.dtype.kind in "iu" else None
    is_table = x.kind == CONSTANT and not x.is_number and x.ndim == 2 and x.dtype.kind == "f"
    if (x.kind == ARGUMENT and x.params.get("one_hot")) or (
        is_table and x.size and ids_of_ones(x.value) is not None
    ):
        return Source(None, given(IDS, x.value, Form(x.shape[:-1], np.dtype(np.intp))))
    return None


def product_of(x: Step) -> Source | None:
    """Return the weight of a product and the rows that it multiplies."""
    if x.rule is not MATMUL or x.inputs[1].ndim != 2:
        return None
    rows, weight = x.inputs
    return Source(weight, rows)
