"""Entries that are picked by an id each, in a form that takes many at once. Imports `program`.

``p[target]`` of a vector, a column or a row is the entry that an id names in a row; its gradient is
a row of zeros with a single number. Both are known for many rows at once.
"""

from __future__ import annotations

from ...engine.rule import RULES
from ...ops.indexing import HOLE
from ..program.program import Program
from ..program.shapes import Shape
from ..program.steps import Step, constant, step

AT_IDS, GETITEM, WHERE = RULES["at_ids"], RULES["getitem"], RULES["where"]
ONE_HOT, PLACE, RESHAPE, TAKE = (RULES[n] for n in ("one_hot", "place", "reshape", "take"))


def entries_by_id(program: Program) -> Program:
    """Pick single entries, and place their gradients, as a loss over many rows does."""
    rows: dict[tuple[Step, Shape], Step] = {}  # that entries were picked from, by id and shape

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        new = s.on(inputs)
        if new.rule is PLACE:
            return placed(new) or new
        index = new.params.get("index", (HOLE,))
        if new.rule not in (GETITEM, TAKE) or not picks_an_entry(index, new.inputs[0].shape):
            return new
        x, *ids = new.inputs
        if len(ids) != 1 or not is_id(ids[0]):
            return new
        row = rows[ids[0], x.shape] = step(RESHAPE, [x], {"shape": (x.size,)}, s.scope)
        return step(AT_IDS, [row, ids[0]], scope=s.scope)

    def placed(s: Step) -> Step | None:
        """Return zeros, with a number at the id by which it was picked."""
        g, *ids = s.inputs
        if (
            len(ids) != 1
            or not is_id(ids[0])
            or not picks_an_entry(s.params["indices"][0], s.shape)
        ):
            return None
        like = rows.get((ids[0], s.shape))
        if like is None or not like.dtype == g.dtype == s.dtype:
            return None
        is_there = step(ONE_HOT, [ids[0], like], scope=s.scope)
        row = step(WHERE, [is_there, g, constant(0.0)], scope=s.scope)  # an infinite g is one, too
        return step(RESHAPE, [row], {"shape": s.shape}, s.scope)

    return program.rewritten(rewrite)


def is_id(x: Step) -> bool:
    """Say whether a step is a single number of an entry."""
    return x.shape == () and not x.is_number and x.dtype.kind in "iu"


def picks_an_entry(index: tuple[object, ...], shape: Shape) -> bool:
    """Say whether an index has an id along the one axis that is longer than 1."""
    return (
        len(index) == len(shape)
        and index.count(HOLE) == 1
        and all(type(part) is int or part is HOLE for part in index)
        and all(n == 1 for part, n in zip(index, shape, strict=True) if part is not HOLE)
    )
