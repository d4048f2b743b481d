"""An explanation as data: which mistakes, of which weights, and what is left. Imports `mistake`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .mistake import Mistake

Local = frozenset[Mistake]  # what is wrong with one weight, beside the mistakes of the sweep


@dataclass(frozen=True, eq=False)
class Explanation:
    """Mistakes that together reproduce the given gradients.

    Attributes
    ----------
    road : tuple of Mistake
        Those of the sweep.
    locals : dict from name to set of Mistake
        Those of one weight's terms or finished gradient.
    unknown : tuple of str
        The weights that are not reproduced.
    error : float
        The largest relative difference that is left, of the weights that are.
    concerned : dict from Mistake to list of str
        Which weights a mistake has changed.
    """

    road: tuple[Mistake, ...]
    locals: Mapping[str, Local]
    unknown: tuple[str, ...]
    error: float
    concerned: Mapping[Mistake, tuple[str, ...]]

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """All of them, each once."""
        return tuple(self.concerned)
