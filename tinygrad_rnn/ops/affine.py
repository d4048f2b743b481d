"""Adding onto a product in place, and the errors of products and sums that do not fit.

What the ops of `linear` do on arrays, beside multiplying. Imports NumPy and the errors.
"""

from __future__ import annotations

import numpy as np

from ..engine.errors import ShapeError, explain


def add_onto(y, b):
    """Return y + b, written over y where that changes neither its shape nor its dtype."""
    if getattr(b, "dtype", None) is y.dtype:
        try:
            y += b
        except ValueError:  # b has more rows, or more columns
            pass
        else:
            return y
    total = y + b
    if total.shape[-1] != y.shape[-1]:
        raise repeated_column(total.shape[-1])
    return total


def repeated_column(columns):
    """Word the error of a sum that would repeat the only column of a product."""
    return ShapeError(
        explain(
            f"{columns} columns are added to the 1 of a product",
            why="a weight of one row gives one column, which would be repeated",
            fix="give weights the same number of rows, and each bias one entry for each of them",
        )
    )


def misfit(op, a, b, wanted):
    """Word the error of a product whose inner lengths differ."""
    found = np.shape(a)[-1] if np.ndim(a) else None
    if None in (found, wanted):
        why, fix = "a single number has no axis to sum over", "write a * b"
    else:
        why = f"the product sums over a's last axis, of length {found}, and b's, of length {wanted}"
        fix = "the two lengths must be equal: transpose one with .T, or check which weight it is"
    return ShapeError(
        explain(f"{op} cannot multiply shapes {np.shape(a)} and {np.shape(b)}", why=why, fix=fix)
    )
