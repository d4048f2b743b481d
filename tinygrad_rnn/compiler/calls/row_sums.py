"""Adding up rows that were looked up, as a call: the gradient of an embedding. Imports NumPy."""

from __future__ import annotations

import numpy as np

FEW = 4  # rows for each place, from which on rows are sorted by their places


def rows_into(g: np.ndarray, ids: np.ndarray, out: np.ndarray) -> None:
    """Write zeros, with each row of g added at its id; an id may be there more than once.

    Parameters
    ----------
    g : array, shape (*ids.shape, …)
    ids : array of int
        Where each row goes, counted from the end if below 0.
    out : array, shape (V, …)
        The entries of each place in one piece; V > 0.
    """
    places = ids.reshape(-1).astype(np.intp) % len(out)  # 256 is no number of uint8
    table = out.reshape(len(out), out[0].size)
    rows = g.reshape(len(places), table.shape[1])
    if len(places) < FEW * len(out):
        table.fill(0)
        for place, row in zip(places.tolist(), rows, strict=True):
            at = table[place]
            np.add(at, row, at)
        return
    order = np.argsort(places.astype(np.uint32), kind="stable")
    ends = np.cumsum(np.bincount(places, minlength=len(out))).tolist()
    ones = np.ones(len(rows), rows.dtype)
    for at, start, end in zip(table, [0, *ends], ends, strict=False):
        # The rows of one place are few: they stay in the cache while they are added up.
        np.dot(ones[start:end], rows[order[start:end]], at)
