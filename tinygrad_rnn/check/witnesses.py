"""Several witnesses of one gradient: autodiff, a derivation by hand, differences.

Imports the comparison of two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from .compare import Comparison, Row, compare
from .tables import number, shape_text, table


def compare_witnesses(witnesses: Mapping[str, Any], *, tolerance: float = 1e-8) -> WitnessTable:
    """Hold several sets of gradients against one another, each against each.

    Parameters
    ----------
    witnesses : mapping
        From what a witness is called to its gradients, as `compare` takes them.
    tolerance : float
        As for `compare`.

    Returns
    -------
    WitnessTable
        Prints as a table; `.ok`, `.worst`, `.pairs`.

    Raises
    ------
    TypeError
        If a witness's gradients are neither a dict nor a module.

    Examples
    --------
    >>> import numpy as np
    >>> w = np.array([1.0, 2.0])
    >>> print(compare_witnesses({"autodiff": {"w": w}, "by hand": {"w": w}, "measured": {"w": w}}))
    parameter  shape  autodiff / by hand  autodiff / measured  by hand / measured  verdict
    w          (2,)   0.0e+00             0.0e+00              0.0e+00             ok
    3 witnesses agree on all 1 parameters to within 1e-08, relative
    """
    pairs = tuple(
        compare(witnesses[a], witnesses[b], tolerance=tolerance, labels=(a, b))
        for a, b in combinations(witnesses, 2)
    )
    return WitnessTable(pairs, len(witnesses), tolerance)


@dataclass(frozen=True)
class WitnessTable:
    """The table that `compare_witnesses` returns: a `Comparison` for each pair of witnesses.

    Attributes
    ----------
    pairs : tuple of Comparison
        One for each pair of witnesses.
    witnesses : int
        How many there are.
    tolerance : float
        The largest relative difference that is still equal.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> w = np.array([1.0, 2.0])
    >>> table = tg.check.compare_witnesses({"autodiff": {"w": w}, "by hand": {"w": -w}})
    >>> table.ok, len(table.pairs), table.worst.name
    (False, 1, 'w')
    """

    pairs: tuple[Comparison, ...]
    witnesses: int
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether every pair agrees on everything."""
        return bool(self.pairs) and all(pair.ok for pair in self.pairs)

    @property
    def worst(self) -> Row | None:
        """The row of a pair that is farthest off."""
        rows = [pair.worst for pair in self.pairs if pair.worst is not None]
        return max(rows, key=lambda r: (not r.ok, r.max_rel), default=None)

    def __str__(self) -> str:
        names = list(dict.fromkeys(row.name for pair in self.pairs for row in pair.rows))
        found = [{row.name: row for row in pair.rows} for pair in self.pairs]
        cells = []
        for name in names:
            rows = [of_pair[name] for of_pair in found if name in of_pair]
            shape = next((row.shape for row in rows if row.shape is not None), None)
            wrong = next((row.verdict for row in rows if not row.ok), "ok")
            distances = [number(p[name].max_rel) if name in p else "-" for p in found]
            cells.append((name, shape_text(shape), *distances, wrong))
        head = ("parameter", "shape", *(" / ".join(pair.labels) for pair in self.pairs), "verdict")
        verdict = (
            f"{self.witnesses} witnesses agree on all {len(names)} parameters to within"
            f" {self.tolerance:.0e}, relative"
            if self.ok
            else next((p.summary for p in self.pairs if not p.ok), "nothing to compare")
        )
        return "\n".join([*table(head, cells), verdict])
