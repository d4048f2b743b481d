"""What may come into a Value: numbers and arrays of numbers. Imports the graph and the errors."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import DtypeError, explain
from .graph import Node
from .rule import Rule


def as_array(x: Any) -> Any:
    """Turn a nested list into an array; leave Values, arrays and numbers as they are."""
    return np.asarray(x) if isinstance(x, (list, tuple)) else x


def as_data(data: Any, requires_grad: bool) -> Any:
    """Turn what a person passes to `Value` into an array or a NumPy scalar."""
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind == "f":
        return data
    if isinstance(data, (bool, int, float)):
        return np.float64(data)
    if isinstance(data, Node):
        raise DtypeError(
            explain(
                "a Value made from a Value",
                where="Value(data)",
                why="the new one would be a leaf, cut off from the graph of the old one",
                fix="use the Value itself, or Value(v.data) for a fresh leaf",
            )
        )
    array: Any = data if isinstance(data, (np.ndarray, np.generic)) else np.asarray(data)
    kind = array.dtype.kind
    if kind in "iub" and not isinstance(data, np.ndarray):
        return array.astype(np.float64)[()] if isinstance(data, np.generic) else array * 1.0
    if kind in "iub" and requires_grad:
        raise DtypeError(
            explain(
                f"an array of {array.dtype}, shape {array.shape}, asked for a gradient",
                where="Value(data) with requires_grad=True",
                why="a derivative is a limit of small steps, and whole numbers have none",
                fix="Value(x.astype(float)), or Value(x, requires_grad=False) for indices",
            )
        )
    if kind not in "fiub":
        raise DtypeError(
            explain(
                f"a Value of {type(data).__name__}, dtype {array.dtype}",
                where="Value(data)",
                why="Values hold real numbers",
                fix="pass a number, or an array or nested list of numbers",
            )
        )
    return array


def as_result(y: Any, rule: Rule) -> Any:
    """Accept a Python number as an op's result; refuse anything else that is no array."""
    if isinstance(y, (float, int)):
        return np.float64(y)
    raise DtypeError(
        explain(
            f"{rule.name} returned {type(y).__name__}, not an array",
            where=f"the forward function {rule.forward.__module__}.{rule.name}",
            why="an op makes one array of its inputs' arrays",
            fix="return one NumPy array; several results are several ops, or one that is sliced",
        )
    )
