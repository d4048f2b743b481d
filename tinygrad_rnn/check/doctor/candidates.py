"""All gradients that a doctor compares with: of each road the terms, each with what it means.

A *road* is a set of mistakes of the sweep: it changes what arrives. Behind it, a weight's own
terms may be wrong, too (`terms`), and what is done to the finished sum (`finishing`). Imports the
files above.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .anatomy import Anatomy
from .bank import Bank, same
from .carry_mistakes import carry_mistakes
from .ends import input_mistakes, loss_mistakes
from .forward_mistakes import OtherNet, other_nets
from .gru_mistakes import gru_mistakes
from .mistake import Mistake, together
from .order_mistakes import order_mistakes
from .problem import Problem
from .slope_mistakes import slope_mistakes
from .step_mistakes import factor_mistakes, sum_mistakes
from .sweep import Swept
from .terms import Terms

Road = tuple[Mistake, ...]


class Candidates:
    """The roads of a problem, and the gradients at their ends, computed when asked for.

    Parameters
    ----------
    problem : Problem

    Attributes
    ----------
    roads : list of Mistake
        The single mistakes of the sweep that change any gradient here.
    affected : list of set of str
        Which weights' gradients each of them changes.
    singles : list of dict from name to array
        The gradients under each of them; of a large problem, of the first few only.
    right : dict from name to array
        The right gradients.
    """

    kept_entries = 4_000_000  # of arrays that are kept for the next diagnosis

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.anatomy = Anatomy(problem)
        self.terms = Terms(problem, self.anatomy)
        base = Swept(problem)
        self.right = {name: base.gradient(name) for name in problem.weights}
        self._unsummed = {name: self.terms.unsummed(base, name) for name in problem.weights}
        self._banks: dict[tuple[int, ...], dict[str, Bank]] = {}
        self._pairs: dict[tuple[int, int, str], Any] = {}
        self._nets: list[OtherNet] | None = None
        self._kept = 0
        self.roads: list[Mistake] = []
        self.affected: list[frozenset[str]] = []
        self.singles: list[dict[str, Any]] = []
        for mistake in catalogue(problem, self.anatomy):
            swept = Swept(problem, mistake.changes)
            found = {name: swept.gradient(name) for name in self.right}
            changed = frozenset(n for n, g in found.items() if not same(g, self.right[n]))
            if changed and all(np.all(np.isfinite(g)) for g in found.values()):
                self.roads.append(mistake)
                self.affected.append(changed)
                if self._room_for(sum(g.size for g in found.values())):
                    self.singles.append(found)

    def banks(self, road: tuple[int, ...]) -> dict[str, Bank]:
        """Return the candidates for all weights on a road."""
        banks = self._banks.get(road)
        if banks is None:
            swept = Swept(self.problem, together([self.roads[i] for i in road]))
            banks = {
                name: Bank(swept.gradient(name), self.terms.candidates(swept, name))
                for name in self.problem.weights
            }
            if self._room_for(2 * sum(b.rows.size for b in banks.values())):
                self._banks[road] = banks
        return banks

    def pair(self, i: int, j: int, name: str) -> Any:
        """Return one weight's gradient under two mistakes of the sweep."""
        found = self._pairs.get((i, j, name))
        if found is None:
            both = together([self.roads[i], self.roads[j]])
            found = Swept(self.problem, both, [name]).gradient(name)
            if self._room_for(found.size):
                self._pairs[i, j, name] = found
        return found

    def unsummed(self, name: str) -> Any:
        """Return the right gradient of a bias before its sum over the batch, or None."""
        return self._unsummed[name]

    def other_nets(self) -> list[OtherNet]:
        """Return the nets that are mistaken for this one, with their gradients."""
        if self._nets is None:
            self._nets = list(other_nets(self.problem, self.anatomy))
        return self._nets

    def _room_for(self, entries: int) -> bool:
        """Say whether arrays may be kept, and count them."""
        room = self._kept + entries <= self.kept_entries
        self._kept += entries * room
        return room


def catalogue(problem: Problem, anatomy: Anatomy) -> list[Mistake]:
    """List every single mistake of the sweep that can be made on this problem."""
    # Changes of one node are made in this order: gates are reordered before anything is multiplied,
    # and a carry is cut when everything else has been computed.
    found = [
        *order_mistakes(problem, anatomy),
        *slope_mistakes(problem, anatomy),
        *factor_mistakes(problem, anatomy),
        *sum_mistakes(problem, anatomy),
        *gru_mistakes(problem, anatomy),
        *loss_mistakes(problem),
        *input_mistakes(problem, anatomy),
        *carry_mistakes(problem, anatomy),
    ]
    return [mistake for mistake in found if mistake.changes]
