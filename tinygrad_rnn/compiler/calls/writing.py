"""How a step becomes a call that writes its result into memory that is there already.

Imports the ops' rules, `program` and the files of special calls beside it. Most of NumPy's
functions take an array to write into. An op that has no such form here, a user's own among them, is
computed as always and its result is copied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from ...engine.errors import ShapeError, explain
from ...engine.rule import RULES, Rule
from ...ops.indexing import HOLE
from ...ops.softmax import is_calm, shifted_rows
from ..program.own_ops import CLONE, LESS_ONE_HOT, PACKED
from .by_id import Call, by_id, is_ids
from .row_sums import rows_into

UFUNCS: dict[Rule, np.ufunc] = {
    RULES[f.__name__]: f
    for f in (
        *(np.add, np.subtract, np.multiply, np.divide, np.negative, np.absolute),
        *(np.maximum, np.minimum, np.exp, np.expm1, np.log, np.log1p, np.sqrt),
        *(np.sin, np.cos, np.tanh, np.sign, np.floor, np.ceil, np.rint, np.trunc),
        *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal),
        *(np.isfinite, np.isnan),
    )
}
# Ops whose result can be written over an operand: each entry waits for its own place only.
IN_PLACE = {*UFUNCS, LESS_ONE_HOT, shifted_rows.rule}
BLOCK = 64  # rows of a matrix that is transposed
REDUCTIONS: dict[Rule, np.ufunc] = {
    RULES["sum"]: np.add,
    RULES["max"]: np.maximum,
    RULES["min"]: np.minimum,
    RULES["prod"]: np.multiply,
}


def is_mask(x: Any) -> bool:
    """Say whether x is an array of truths; for others NumPy asks which entries are not zero."""
    return isinstance(x, np.ndarray) and x.dtype.kind == "b"


def where_into(condition: Any, a: Any, b: Any, out: np.ndarray) -> None:
    """Write a where the condition holds, b elsewhere."""
    np.copyto(out, b)
    np.copyto(out, a, where=condition)


def product_into(a: Any, b: Any, out: np.ndarray) -> Call:
    """Return the call of a product: with one matrix on the right it is one product of all rows."""
    if a.ndim == 2 and b.ndim == 1 and out.flags.c_contiguous:
        return a.dot, (b, out)
    if b.ndim != 2 or not out.flags.c_contiguous:
        return np.matmul, (a, b, out)
    if a.ndim > 2 and a.flags.c_contiguous and a.size and out.size:
        a, out = a.reshape(-1, a.shape[-1]), out.reshape(-1, out.shape[-1])
    return (a.dot, (b, out)) if a.ndim <= 2 else (np.matmul, (a, b, out))


def shifted_into(x: np.ndarray, out: np.ndarray) -> Call:
    """Return the call that brings rows into the range of `exp`: most are there already."""
    is_over = np.shares_memory(x, out)

    def compute() -> None:
        if not is_calm(x):
            np.subtract(x, np.maximum.reduce(x, -1, keepdims=True), out)
        elif not is_over:
            np.copyto(out, x)

    return compute, ()


def transpose_into(x: np.ndarray, out: np.ndarray) -> None:
    """Write the transpose of a matrix, some rows at a time: what is read fits into the cache."""
    for i in range(0, len(x), BLOCK):
        out[:, i : i + BLOCK] = x[i : i + BLOCK].T


def as_always(forward: Callable[..., Any], params: dict[str, Any], out: np.ndarray) -> Any:
    """Return a function that computes an op as always, and copies its result."""

    def compute(*inputs: Any) -> None:
        y = forward(*inputs, **params)
        if np.shape(y) != out.shape:
            raise ShapeError(
                explain(
                    f"{forward.__name__} returned shape {np.shape(y)} where it returned"
                    f" {out.shape} while it was traced",
                    where="a compiled function",
                    why="the shape of its result depends on the numbers in its inputs",
                    fix="let it depend on shapes and settings only, or leave it out of tg.compile",
                )
            )
        out[...] = y

    return compute


def call_of(rule: Rule, inputs: tuple[Any, ...], params: dict[str, Any], out: np.ndarray) -> Call:
    """Return the call that computes an op into `out`.

    Parameters
    ----------
    rule : Rule
        The op.
    inputs : tuple of array or number
        Where its inputs lie.
    params : dict
        Its settings.
    out : array
        Where its result goes.
    """
    if rule in UFUNCS:
        *operands, out = flat((*with_dtype(inputs, out), out))
        if UFUNCS[rule] in (np.maximum, np.minimum):  # which want their output named
            return partial(UFUNCS[rule], out=out), tuple(operands)
        return UFUNCS[rule], (*operands, out)
    if rule in REDUCTIONS:
        (x,) = inputs
        ufunc, axis = REDUCTIONS[rule], params.get("axis")
        axis = tuple(axis) if isinstance(axis, list) else axis
        return ufunc.reduce, (x, axis, out.dtype, out, params.get("keepdims", False))
    if rule is RULES["matmul"]:
        return product_into(inputs[0], inputs[1], out)
    if rule is shifted_rows.rule and out.size and out.dtype == inputs[0].dtype:
        return shifted_into(inputs[0], out)
    if rule is RULES["where"] and is_mask(inputs[0]):
        return where_into, (*inputs, out)
    if rule is RULES["square"]:
        return np.multiply, (*inputs, *inputs, out)
    if rule is PACKED and inputs[0].ndim == 2 and inputs[0].flags.f_contiguous:
        return transpose_into, (inputs[0].T, out)
    if rule in (CLONE, PACKED) or rule is RULES["astype"]:
        return np.copyto, (out, *inputs)
    of_rows = rule is RULES["place"] and params["indices"] == ((HOLE,),) and is_ids(inputs[1])
    if of_rows and out.size and out.flags.c_contiguous:
        return rows_into, (*inputs, out)
    return by_id(rule, inputs, params, out) or (as_always(rule.forward, params, out), inputs)


def with_dtype(inputs: tuple[Any, ...], out: np.ndarray) -> tuple[Any, ...]:
    """Return numbers as arrays where they become that anyway: NumPy then asks no more questions."""
    dtypes = {x.dtype for x in inputs if isinstance(x, np.ndarray)}
    if out.dtype.kind != "f" or dtypes != {out.dtype}:
        return inputs
    with np.errstate(all="ignore"):
        return tuple(np.asarray(x, out.dtype) for x in inputs)


def flat(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return arrays of one size as vectors: NumPy then has nothing to broadcast."""
    arrays = [x for x in operands if isinstance(x, np.ndarray) and x.ndim]
    one_size = len({x.size for x in arrays}) == 1 < len({x.shape for x in arrays})
    if not one_size or not all(x.flags.c_contiguous for x in arrays):
        return operands
    return tuple(x.reshape(-1) if isinstance(x, np.ndarray) and x.ndim else x for x in operands)


def run(calls: Iterable[Call]) -> None:
    """Make the calls, one after the other."""
    for function, arguments in calls:
        function(*arguments)
