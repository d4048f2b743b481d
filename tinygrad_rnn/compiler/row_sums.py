"""Adding up rows that were looked up, as a call: the gradient of an embedding. Imports the ops."""

from __future__ import annotations

import numpy as np

from ..ops.indexing import add_rows

LONG = 512  # numbers for each place, from which on a sum of its own is quicker than `reduceat`


def rows_into(g: np.ndarray, ids: np.ndarray, out: np.ndarray) -> None:
    """Write zeros, with each row of g added at its id; an id may be there more than once.

    Parameters
    ----------
    g : array, shape (*ids.shape, …)
    ids : array of int
        Where each row goes, counted from the end if below 0.
    out : array, shape (V, …)
    """
    out.fill(0)
    rows = ids.reshape(-1) % len(out)
    order = np.argsort(rows, kind="stable")
    places, starts = np.unique(rows[order], return_index=True)
    if g.size < LONG * len(places) or ids.size == 0:
        add_rows(out, ids, g)
        return
    g = g.reshape(rows.size, *out.shape[1:])
    for place, run in zip(places, np.split(order, starts[1:]), strict=True):
        out[place] = g[run].sum(axis=0)  # a few rows, which the cache holds
