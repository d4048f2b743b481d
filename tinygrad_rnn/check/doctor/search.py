"""The search: which mistakes, and how few, reproduce the given gradients. Imports the files above.

Mistakes of the sweep are shared by all weights; mistakes of a weight's own terms, and those made
with its finished gradient, are found weight by weight. So a combination is found without trying
all combinations: for each road, each weight is explained by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from . import clipping, finishing
from .anatomy import GATES
from .bank import Bank, error_after, plausible
from .candidates import Candidates
from .mistake import Mistake

MOST = 3  # mistakes in one explanation
MOST_PAIRS = 4000  # sweeps that a search for pairs may take
MOST_WORK = 400_000_000  # entries of weights times sweeps, for the same purpose

Local = frozenset[Mistake]  # what is wrong with one weight, beside the road


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


class Search:
    """Explain given gradients of one problem.

    Parameters
    ----------
    candidates : Candidates
    before : mapping from name to array or None
        What the weights' ``.grad`` held.
    """

    def __init__(self, candidates: Candidates, before: Mapping[str, Any]) -> None:
        self.candidates = candidates
        self.before = before
        self.sizes = finishing.sizes_of(candidates.problem)
        self.letters = GATES.get(candidates.anatomy.cell, "")

    def explain(self, theirs: Mapping[str, Any], tolerance: float) -> list[Explanation]:
        """Return the shortest explanations that leave fewest weights unexplained.

        Parameters
        ----------
        theirs : mapping from name to array
            Of all weights that can be compared.
        tolerance : float
            Relative to the largest entry of a weight's gradient.
        """
        found: list[tuple[int, int, Explanation]] = []
        right = self.candidates.right
        wrong = frozenset(
            n for n, g in theirs.items() if not finishing.close(g, right[n], tolerance)
        )
        roads = [(), *((i,) for i in range(len(self.candidates.roads)))]
        for road in roads:
            if road and not self.candidates.affected[road[0]] & wrong:
                continue
            found += self.on_road(road, theirs, tolerance)
        best = min((entry[:2] for entry in found), default=(len(theirs), 0))
        if best[0] or best[1] > 2:
            found += self.pairs(theirs, wrong, tolerance)
            best = min((entry[:2] for entry in found), default=best)
        return [explanation for *rank, explanation in found if tuple(rank) == best]

    def on_road(
        self, road: tuple[int, ...], theirs: Mapping[str, Any], tolerance: float
    ) -> Iterator[tuple[int, int, Explanation]]:
        """Explain each weight behind the mistakes of a road, with as few more as can be."""
        banks = self.candidates.banks(road)
        options = {n: self.options(n, g, banks[n], tolerance) for n, g in theirs.items()}
        ours = {n: banks[n].rows[0].reshape(self.candidates.right[n].shape) for n in theirs}
        norm = clipping.by_norm(theirs, ours, tolerance)
        if norm is not None:
            for n in theirs:
                options[n][frozenset([norm])] = 0.0
        unknown = tuple(n for n in theirs if not options[n])
        if len(unknown) == len(theirs):
            return
        needed = [list(options[n]) for n in theirs if options[n]]
        universe = sorted(
            {m for sets in needed for local in sets for m in local}, key=lambda m: m.name
        )
        most = 4 if not road else MOST - len(road)
        for size in range(most + 1):
            hits = [
                set(chosen)
                for chosen in combinations(universe, size)
                if all(any(local <= set(chosen) for local in sets) for sets in needed)
            ]
            for chosen in hits:
                yield (
                    len(unknown),
                    len(road) + size,
                    self.explanation(road, options, chosen, unknown, theirs),
                )
            if hits:
                return

    def explanation(
        self,
        road: tuple[int, ...],
        options: Mapping[str, Mapping[Local, float]],
        chosen: set[Mistake],
        unknown: tuple[str, ...],
        theirs: Mapping[str, Any],
    ) -> Explanation:
        """Put an explanation together from what was chosen for each weight."""
        locals_: dict[str, Local] = {}
        error = 0.0
        for n in theirs:
            fitting = [local for local in options[n] if local <= chosen]
            if fitting:
                locals_[n] = min(fitting, key=len)
                error = max(error, options[n][locals_[n]])
        concerned: dict[Mistake, tuple[str, ...]] = {}
        for i in road:
            affected = self.candidates.affected[i]
            concerned[self.candidates.roads[i]] = tuple(
                n for n in theirs if n in affected and n not in unknown
            )
        for m in sorted(chosen, key=lambda m: m.name):
            concerned[m] = tuple(n for n, local in locals_.items() if m in local)
        spared = clipping.left_out_of_clipping(concerned, theirs)
        if spared is not None:
            concerned.update([spared])
        mistakes = tuple(self.candidates.roads[i] for i in road)
        return Explanation(mistakes, locals_, unknown, error, concerned)

    def options(self, name: str, theirs: Any, bank: Bank, tolerance: float) -> dict[Local, float]:
        """Return what explains one weight's gradient on a road: sets of mistakes, and the error."""
        shape = self.candidates.right[name].shape
        found: dict[Local, float] = {}
        if theirs.shape != shape:
            return self.misshapen(name, theirs, bank, tolerance)
        for row in plausible(bank, theirs, self.before.get(name), tolerance):
            ours = bank.rows[row].reshape(shape)
            mistake = bank.locals[row]
            first = frozenset() if mistake is None else frozenset([mistake])
            error = finishing.apart(theirs, ours)
            if error <= tolerance:
                found[first] = error
                if mistake is None:
                    break
                continue
            for second in self.finished(name, theirs, ours, tolerance):
                found.setdefault(first | {second}, error_after(theirs, ours, second))
        if frozenset() not in found:
            for other in finishing.another(theirs, name, self.candidates.right, tolerance):
                found[frozenset([other])] = 0.0
        shortest = min(map(len, found), default=0)
        return {local: error for local, error in found.items() if len(local) == shortest}

    def finished(self, name: str, theirs: Any, ours: Any, tolerance: float) -> Iterator[Mistake]:
        """Yield what was done to a finished gradient."""
        yield from finishing.factor(theirs, ours, self.sizes, tolerance)
        yield from finishing.transposed(theirs, ours, tolerance)
        yield from finishing.zero(theirs, ours)
        yield from finishing.reordered(theirs, ours, self.letters, tolerance)
        yield from finishing.accumulated(theirs, ours, self.before.get(name), tolerance)
        yield from clipping.clipped(theirs, ours, clipping.clip_bound(theirs), tolerance)

    def misshapen(self, name: str, theirs: Any, bank: Bank, tolerance: float) -> dict[Local, float]:
        """Explain a gradient that has another shape than its weight."""
        right = bank.rows[0].reshape(self.candidates.right[name].shape)
        found: dict[Local, float] = {}
        for mistake in finishing.transposed(theirs, right, tolerance):
            found[frozenset([mistake])] = finishing.apart(theirs, right.T)
        for mistake, array in bank.misshapen.items():
            if finishing.close(theirs, array, tolerance):
                found[frozenset([mistake])] = finishing.apart(theirs, array)
        return found

    def pairs(
        self, theirs: Mapping[str, Any], wrong: frozenset[str], tolerance: float
    ) -> Iterator[tuple[int, int, Explanation]]:
        """Try two mistakes of the sweep at once."""
        affected, roads = self.candidates.affected, self.candidates.roads
        entries = sum(g.size for g in self.candidates.right.values())
        usable = [i for i in range(len(roads)) if affected[i] <= wrong]
        tried = 0
        for i, j in combinations(usable, 2):
            if affected[i] | affected[j] != wrong:
                continue
            tried += 1
            if tried > MOST_PAIRS or tried * entries > MOST_WORK:
                return
            found = self.candidates.pair(i, j)
            if all(finishing.close(g, found[n], tolerance) for n, g in theirs.items()):
                error = max(finishing.apart(g, found[n]) for n, g in theirs.items())
                concerned = {roads[k]: tuple(n for n in theirs if n in affected[k]) for k in (i, j)}
                explanation = Explanation(
                    (roads[i], roads[j]), dict.fromkeys(theirs, frozenset()), (), error, concerned
                )
                yield 0, 2, explanation
