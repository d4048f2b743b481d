"""Calls that pick entries and rows by ids, or change them. Imports the ops' rules, `program`.

In its quickest mode NumPy's `take` does not look whether an id is too large. That is asked before,
of all ids at once: seen as unsigned, ids below 0 are too large as well. Where one is, the op itself
is run: it counts from the end, or says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine.rule import RULES, Rule
from ...ops.softmax import less_one_at
from ..program.own_ops import LESS_ONE_HOT

AT_IDS, CLASS_IDS, ONE_HOT, TAKE = (RULES[n] for n in ("at_ids", "class_ids", "one_hot", "take"))

Call = tuple[Callable[..., Any], tuple[Any, ...]]


def is_ids(x: Any) -> bool:
    """Say whether an array holds numbers of rows or classes, and is no mask."""
    return isinstance(x, np.ndarray) and x.dtype.kind in "iu"


def unsigned(ids: np.ndarray) -> np.ndarray:
    """Return the same memory as a vector in which ids below 0 are large."""
    return ids.reshape(-1).view(f"u{ids.itemsize}")


def are_below(count: int, ids: np.ndarray) -> bool:
    """Say whether all ids are below a number."""
    return bool(ids[ids.argmax()] < count)  # which NumPy finds in a third of the time of `max`


def by_id(rule: Rule, inputs: tuple[Any, ...], params: dict[str, Any], out: Any) -> Call | None:
    """Return the call of an op that takes ids; None if it is run as always."""
    arrays = [x for x in (*inputs, out) if isinstance(x, np.ndarray)]
    if out.size == 0 or not all(x.flags.c_contiguous for x in arrays):
        return None
    if rule is ONE_HOT and params.get("ignore_index") is None:
        return one_hot_into, (*inputs, out)
    if rule is CLASS_IDS and is_ids(inputs[0]) and inputs[0].shape == inputs[1].shape[:-1]:
        return class_ids_into(inputs[0], inputs[1], out)
    if rule not in (TAKE, AT_IDS, LESS_ONE_HOT) or not is_ids(inputs[1]):
        return None
    x, ids = inputs
    if np.result_type(ids, np.intp) != np.intp or out.dtype != x.dtype:
        return None
    if rule is TAKE:
        return rows_at(x, ids, out) if params.get("axis") == 0 and x.ndim else None
    return entries_at(x, ids, out) if rule is AT_IDS else less_one_hot_into(x, ids, out)


def rows_at(table: np.ndarray, ids: np.ndarray, out: np.ndarray) -> Call:
    """Return the call that writes rows of a table."""
    all_ids, count = unsigned(ids), len(table)

    def compute() -> None:
        if are_below(count, all_ids):
            table.take(ids, 0, out, "clip")
        else:
            out[...] = TAKE.forward(table, ids, axis=0)

    return compute, ()


def entries_at(x: np.ndarray, ids: np.ndarray, out: np.ndarray) -> Call:
    """Return the call that writes an entry of each row."""
    entries, result, row_ids = x.reshape(-1), out.reshape(-1), ids.reshape(-1)
    starts = np.arange(0, x.size, x.shape[-1])
    places = np.empty_like(starts)
    all_ids, classes = unsigned(ids), x.shape[-1]

    def compute() -> None:
        if are_below(classes, all_ids):
            np.add(starts, row_ids, places)
            entries.take(places, 0, result, "clip")
        else:
            out[...] = AT_IDS.forward(x, ids)

    return compute, ()


def class_ids_into(ids: np.ndarray, logits: np.ndarray, out: np.ndarray) -> Call:
    """Return the call that copies ids, each the number of a class."""
    all_ids, classes = unsigned(ids), logits.shape[-1]

    def compute() -> None:
        out[...] = ids if are_below(classes, all_ids) else CLASS_IDS.forward(ids, logits)

    return compute, ()


def less_one_hot_into(p: np.ndarray, ids: np.ndarray, out: np.ndarray) -> Call:
    """Return the call that takes 1 off at each id, in place where the result lies over `p`."""
    is_over = np.shares_memory(p, out)
    entries, row_ids = out.reshape(-1), ids.reshape(-1)
    starts = np.arange(0, out.size, out.shape[-1])
    places = np.empty_like(starts)
    all_ids, classes = unsigned(ids), out.shape[-1]

    def compute() -> None:
        if not is_over:
            np.copyto(out, p)
        if are_below(classes, all_ids):
            np.add(starts, row_ids, places)
            entries[places] -= 1
        else:
            less_one_at(out, ids)

    return compute, ()


def one_hot_into(ids: np.ndarray, like: Any, out: np.ndarray) -> None:
    """Write a one at each id."""
    out.fill(0)
    np.put_along_axis(out, np.expand_dims(ids, -1), 1, axis=-1)
