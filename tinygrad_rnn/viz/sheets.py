"""Arrays as sheets: rows and columns of numbers that a page can draw. Imports NumPy only.

An array may have any number of axes and millions of entries; a sheet has two axes and no more
cells than are asked for. What a cell stands for is always said.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Sheet = dict[str, Any]


class Sheets:
    """A pool of sheets, numbered in the order in which they were added.

    Parameters
    ----------
    most_cells : int
        Arrays of more entries are averaged over blocks until they fit.
    """

    def __init__(self, most_cells: int) -> None:
        self.most_cells = most_cells
        self.sheets: list[Sheet] = []

    def add(self, array: Any) -> int:
        """Add an array as it is now; return the number of its sheet."""
        self.sheets.append(sheet_of(np.asarray(array), self.most_cells))
        return len(self.sheets) - 1


def sheet_of(array: np.ndarray, most_cells: int) -> Sheet:
    """Lay an array out in rows and columns.

    Parameters
    ----------
    array : numpy.ndarray
        Of any shape: the last axis runs along the rows, all others down the columns.
    most_cells : int
        Larger ones are averaged over blocks.

    Returns
    -------
    dict
        ``shape``, ``dtype``, ``rows``, ``columns``, ``cells`` (row by row), ``least`` and ``most``
        of all entries; ``block`` (rows, columns) where each cell is the mean of a block. It holds
        JSON's types only: NaN and the infinities are strings.

    Examples
    --------
    >>> sheet_of(np.array([[1.0, 2.0], [3.0, 4.0]]), most_cells=2)["cells"]
    [2.0, 3.0]
    """
    columns = array.shape[-1] if array.ndim else 1
    table = array.reshape(-1, columns) if array.size else np.zeros((0, columns))  # (R, C)
    sheet: Sheet = {"shape": list(array.shape), "dtype": str(array.dtype)}
    if table.size:
        sheet |= {"least": number(table.min()), "most": number(table.max())}
    block = block_shape(table.shape, most_cells)
    if block != (1, 1):
        table = block_means(table, block)
        sheet["block"] = list(block)
    sheet |= {"rows": table.shape[0], "columns": table.shape[1]}
    sheet["cells"] = [number(x) for x in table.reshape(-1).tolist()]
    return sheet


def block_shape(shape: tuple[int, ...], most_cells: int) -> tuple[int, int]:
    """Return the blocks, as square as can be, that make at most `most_cells` of a table.

    Examples
    --------
    >>> block_shape((256, 64), 1024), block_shape((1, 5000), 1000)
    ((4, 4), (1, 5))
    """
    rows, columns = shape
    if rows * columns <= most_cells:
        return 1, 1
    side = math.ceil(math.sqrt(rows * columns / most_cells))
    down = max(min(rows, side), math.ceil(rows / most_cells))
    across = math.ceil(columns / (most_cells // math.ceil(rows / down)))
    return down, across


def block_means(table: np.ndarray, block: tuple[int, int]) -> np.ndarray:
    """Average over blocks; the last ones may be smaller."""
    means = np.asarray(table, np.float64)
    with np.errstate(all="ignore"):  # an infinity of each sign has the mean NaN, and shows so
        for axis, length in enumerate(block):
            starts = np.arange(0, table.shape[axis], length)
            counts = np.diff(starts, append=table.shape[axis])
            sums = np.add.reduceat(means, starts, axis=axis)
            means = sums / (counts[:, None] if axis == 0 else counts)
    return means


def number(x: Any) -> float | int | str:
    """Return a number as JSON can hold it: nine digits, which tell any two float32 apart."""
    if isinstance(x, (bool, np.bool_, int, np.integer)):
        return int(x)
    if math.isfinite(x):
        return float(f"{x:.9g}")
    return "NaN" if math.isnan(x) else "∞" if x > 0 else "−∞"
