"""One set of gradients beside another, by parameter name: a table that one can print and ask.

Imports tables and the engine. Nothing here raises because numbers differ: a missing name or a wrong
shape is a row of the table like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine.errors import DtypeError, explain
from ..engine.graph import Node
from .arguments import data_of
from .tables import number, shape_text, table

ZERO = 1e-6
"""A tensor whose entries are all smaller than this, relative to the largest of all tensors, is
measured on that scale: a bias that cannot matter has a gradient of nothing but rounding errors."""


@dataclass(frozen=True)
class Row:
    """How far two tensors of the same name are apart.

    Attributes
    ----------
    name : str
        Of the parameter.
    shape : tuple of int or None
        Of both; None where they have no common shape.
    max_abs : float
        Largest difference of two entries.
    max_rel : float
        The same, relative to the largest entry of the two tensors.
    index : tuple of int
        Where it is.
    ok : bool
        Whether `max_rel` is within the tolerance.
    note : str
        What else is to be said: missing, another shape, not finite.
    """

    name: str
    shape: tuple[int, ...] | None
    max_abs: float
    max_rel: float
    index: tuple[int, ...]
    ok: bool
    note: str = ""

    @property
    def verdict(self) -> str:
        """``ok``, or what is wrong."""
        return "ok" if self.ok else self.note or f"DIFFERS at {list(self.index)}"


@dataclass(frozen=True)
class Comparison:
    """The table that `compare` returns.

    Attributes
    ----------
    rows : tuple of Row
        One for each name.
    labels : pair of str
        What the two sides are called.
    tolerance : float
        The largest relative difference that is still equal.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> table = tg.check.compare({"w": np.array([1.0, 2.0])}, {"w": np.array([1.0, 2.5])})
    >>> table.ok, table.worst.name, table.worst.index, table.worst.max_abs
    (False, 'w', (1,), 0.5)
    """

    rows: tuple[Row, ...]
    labels: tuple[str, str]
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether every row is; an empty table is not: it has compared nothing."""
        return bool(self.rows) and all(row.ok for row in self.rows)

    @property
    def worst(self) -> Row | None:
        """The row that is farthest off: a missing or misshapen tensor before any difference."""
        return max(self.rows, key=lambda r: (not r.ok, r.max_rel), default=None)

    def __str__(self) -> str:
        cells = [
            (row.name, shape_text(row.shape), number(row.max_abs), number(row.max_rel), row.verdict)
            for row in self.rows
        ]
        head = ("parameter", "shape", "max abs", "max rel", " against ".join(self.labels))
        return "\n".join([*table(head, cells), self.summary])

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        wrong = sum(not row.ok for row in self.rows)
        if not self.rows:
            return "nothing to compare: no side has a name"
        if wrong:
            return f"{wrong} of {len(self.rows)} differ by more than {self.tolerance:.0e}, relative"
        return f"all {len(self.rows)} agree to within {self.tolerance:.0e}, relative"


def compare(
    ours: Any,
    theirs: Any,
    *,
    tolerance: float = 1e-8,
    labels: tuple[str, str] = ("ours", "theirs"),
) -> Comparison:
    """Hold gradients against gradients, by name.

    Parameters
    ----------
    ours, theirs : dict or Module
        From names to arrays or Values; of a module, the gradients of its parameters, and of a
        Value made by hand that has a gradient, that gradient. Masked entries of masked arrays are
        left out: they were not measured.
    tolerance : float
        Largest difference that counts as equal, relative to the largest entry of the tensor.
    labels : pair of str
        What to call the two sides.

    Returns
    -------
    Comparison
        Prints as a table; `.ok`, `.worst`, `.rows`.

    Raises
    ------
    TypeError
        If a side is neither a dict nor a module.

    Examples
    --------
    >>> by_hand = {"w": np.array([1.0, 2.0]), "b": np.array([0.5])}
    >>> autodiff = {"w": np.array([1.0, 2.5]), "b": np.array([0.5])}
    >>> print(compare(autodiff, by_hand, labels=("autodiff", "by hand")))
    parameter  shape  max abs  max rel  autodiff against by hand
    w          (2,)   5.0e-01  2.0e-01  DIFFERS at [1]
    b          (1,)   0.0e+00  0.0e+00  ok
    1 of 2 differ by more than 1e-08, relative
    """
    left, right = by_name(ours), by_name(theirs)
    sizes = [largest(x) for side in (left, right) for x in side.values() if x is not None]
    scale = max((size for size in sizes if np.isfinite(size)), default=0.0)
    rows = []
    for name in [*left, *(name for name in right if name not in left)]:
        row = missing(name, left, right, labels)
        rows.append(row or difference(name, left[name], right[name], tolerance, ZERO * scale))
    return Comparison(tuple(rows), labels, tolerance)


def by_name(side: Any) -> dict[str, Any]:
    """Return a dict from names to arrays; None stands for a gradient that was never computed."""
    if hasattr(side, "named_parameters"):
        side = {name: p.grad for name, p in side.named_parameters()}
    if not isinstance(side, Mapping):
        raise DtypeError(
            explain(
                f"compare got {type(side).__name__}",
                why="it compares by name",
                fix="pass a dict from names to arrays, or a module whose gradients to compare",
            )
        )
    arrays = {}
    for name, x in side.items():
        x = data_of(x.grad if is_parameter(x) else x)
        arrays[str(name)] = x if x is None or isinstance(x, np.ma.MaskedArray) else np.asarray(x)
    return arrays


def is_parameter(x: Any) -> bool:
    """Say whether it is a Value that has collected a gradient, and not a gradient itself."""
    return isinstance(x, Node) and x.rule is None and x.grad is not None


def missing(
    name: str, left: Mapping[str, Any], right: Mapping[str, Any], labels: tuple[str, str]
) -> Row | None:
    """Return the row of a tensor that cannot be compared, or None if it can."""
    note, shape = "", None
    for side, label in zip((left, right), labels, strict=True):
        if name not in side:
            note = note or f"MISSING in {label}"
        elif side[name] is None:
            note = note or f"NO GRADIENT in {label}"
        else:
            shape = side[name].shape
    if not note and left[name].shape != right[name].shape:
        note, shape = f"SHAPES {left[name].shape} and {right[name].shape}", None
    return Row(name, shape, np.nan, np.nan, (), False, note) if note else None


def difference(name: str, a: Any, b: Any, tolerance: float, least: float) -> Row:
    """Return the row of two tensors of the same shape."""
    known = ~(np.ma.getmaskarray(a) | np.ma.getmaskarray(b))
    a, b = np.where(known, np.ma.getdata(a), 0.0), np.where(known, np.ma.getdata(b), 0.0)
    with np.errstate(all="ignore"):
        apart = np.abs(a.astype(np.float64) - b)
    if apart.size == 0 or not np.any(known):
        return Row(name, a.shape, 0.0, 0.0, (), apart.size == 0, "NOTHING measured")
    place = np.unravel_index(np.argmax(np.where(np.isfinite(apart), apart, np.inf)), a.shape)
    index = tuple(int(i) for i in place)
    if not np.all(np.isfinite(apart)):
        return Row(name, a.shape, np.inf, np.inf, index, False, f"NOT FINITE at {list(index)}")
    size = max(largest(a), largest(b), least)
    max_abs = float(apart[place])
    max_rel = max_abs / size if size else 0.0
    return Row(name, a.shape, max_abs, max_rel, index, max_rel <= tolerance)


def largest(x: Any) -> float:
    """Return the size of the largest entry that is not masked."""
    return float(np.max(np.abs(np.ma.filled(x, 0)), initial=0.0))
