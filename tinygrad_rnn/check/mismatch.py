"""A gradient held against measured slopes: the worst entry, and how it is told.

Imports the slopes, the patterns and the engine's errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..engine.errors import explain
from .differences import Slopes
from .patterns import Case, likely_cause

UNDECIDED = (
    "differences cannot measure it here: the function is not finite, not smooth or very noisy"
    " around this point: move the input away from it"
)


@dataclass(frozen=True)
class Mismatch:
    """The worst entry of a gradient that is wrong.

    Attributes
    ----------
    label : str
        Which gradient: ``input 1 (weight)``.
    index : tuple of int
        Which entry of it.
    got, expected : float
        What came, and what should have come.
    error, tolerance : float
        How exactly `expected` is known, and how far `got` may be from it.
    wrong, entries : int
        How many entries of how many are too far off.
    witness : str
        What it was held against.
    cause : str
        What usually causes such a pattern; may be empty.
    vague : bool
        Whether nothing is certain but that differences could not measure it.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> def forgotten(x):
    ...     return x * x.detach()
    >>> try:
    ...     tg.check.gradcheck(forgotten, np.array([1.0, 3.0]))
    ... except tg.check.GradientMismatch as error:
    ...     worst = error.mismatch
    >>> worst.label, worst.wrong, worst.entries, round(worst.expected / worst.got, 6)
    ('input 0 (x)', 2, 2, 2.0)
    """

    label: str
    index: tuple[int, ...]
    got: float
    expected: float
    error: float
    tolerance: float
    wrong: int
    entries: int
    witness: str
    cause: str
    vague: bool = False

    @property
    def difference(self) -> float:
        """How far off it is."""
        return abs(self.got - self.expected)

    @property
    def excess(self) -> float:
        """How many times its tolerance it is off; infinite if that is no number."""
        ratio = self.difference / max(self.tolerance, 1e-300)
        return ratio if np.isfinite(ratio) else np.inf

    @property
    def line(self) -> str:
        """The same in one line."""
        return f"{self.label} {list(self.index)}: got {self.got:.6g}, expected {self.expected:.6g}"

    def __str__(self) -> str:
        place = f" at {list(self.index)}" if self.index else ""
        return explain(
            f"the gradient of {self.label} is wrong{place}:"
            f"\n  got {self.got:.10g}, expected {self.expected:.10g}",
            where=f"{self.witness}; difference {self.difference:.2g}, tolerance"
            f" {self.tolerance:.1g}; {self.wrong} of {self.entries} entries differ",
            why=self.cause or "no usual pattern: write the derivative down entry by entry",
        )


class GradientMismatch(AssertionError):
    """A gradient differs from what differences measure; `mismatch` holds the worst entry.

    Parameters
    ----------
    mismatch : Mismatch
        The worst entry; the message is its text.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> try:
    ...     tg.check.gradcheck(lambda x: x * x.detach(), 3.0)
    ... except AssertionError as error:
    ...     print(str(error).splitlines()[1])
      got 3, expected 6
    """

    def __init__(self, mismatch: Mismatch) -> None:
        super().__init__(str(mismatch))
        self.mismatch = mismatch


def judge(
    label: str,
    got: np.ndarray,
    slopes: Slopes,
    tolerance: float,
    size: float,
    *,
    x: np.ndarray | None = None,
    others: Mapping[str, np.ndarray] | None = None,
    terms: Mapping[str, np.ndarray] | None = None,
    witness: str = "first order, central differences",
    undecided: str = UNDECIDED,
) -> Mismatch | None:
    """Hold a gradient against measured slopes; return its worst entry if that is wrong.

    Parameters
    ----------
    label, witness : str
        What the gradient belongs to, and who measured the slopes.
    got : numpy.ndarray
        The gradient.
    slopes : Slopes
        Of the same shape.
    tolerance : float
        Relative to the entry, and a thousandth of it relative to the largest entry.
    size : float
        The largest entry of what was differentiated: says which slopes are rounding errors.
    x, others, terms
        What may explain a mismatch, see `patterns.Case`.
    undecided : str
        What to say of slopes that could not be measured.
    """
    if got.size == 0:
        return None
    with np.errstate(all="ignore"):
        expected = slopes.value
        largest = np.max(np.abs(expected), where=np.isfinite(expected), initial=0)
        exact = tolerance * (np.abs(expected) + 1e-3 * largest)
        too_vague = ~(slopes.error <= 1e-4 * max(largest, 1e-4 * size))
        allowed = exact + np.where(too_vague, 0, 2 * slopes.error + slopes.jump / 2)
        difference = np.abs(got - expected)
        wrong = ~(difference <= allowed)
    if not np.any(wrong):
        return None
    measured = wrong & ~too_vague
    excess = np.where(np.isfinite(got), difference / (allowed + 1e-300), np.inf)
    pool = measured if np.any(measured) else wrong  # a certain mismatch before a vague one
    place = np.unravel_index(np.argmax(np.where(pool, np.nan_to_num(excess, nan=0), -1)), got.shape)
    cause = undecided
    if np.any(measured):
        cause = likely_cause(Case(got, expected, allowed, x, others or {}, terms or {}))
    return Mismatch(
        label=label,
        index=tuple(int(i) for i in place),
        got=float(got[place]),
        expected=float(expected[place]),
        error=float(slopes.error[place]),
        tolerance=float(allowed[place]),
        wrong=int(np.count_nonzero(wrong)),
        entries=got.size,
        witness=witness,
        cause=cause,
        vague=not np.any(measured),
    )
