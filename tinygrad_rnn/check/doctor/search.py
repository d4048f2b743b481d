"""The search: which mistakes, and how few, reproduce the given gradients. Imports the files above.

Mistakes of the sweep are shared by all weights; mistakes of a weight's own terms, and those made
with its finished gradient, are found weight by weight. So a combination is found without trying
all combinations: for each road, each weight is explained by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from . import clipping, finishing
from .bank import Bank, plausible
from .candidates import Candidates
from .explanation import Explanation, Local
from .gates import GateBlocks
from .mistake import Mistake
from .pairs import explained_by_pairs

MOST = 3  # mistakes in one explanation


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
        self.letters = GateBlocks(candidates.problem, candidates.anatomy).letters

    def explain(self, theirs: Mapping[str, Any], tolerance: float) -> list[Explanation]:
        """Return the shortest explanations that leave fewest weights unexplained.

        Parameters
        ----------
        theirs : mapping from name to array
            Of all weights that can be compared.
        tolerance : float
            Relative to the largest entry of a weight's gradient.
        """
        right = self.candidates.right
        wrong = frozenset(
            n for n, g in theirs.items() if not finishing.close(g, right[n], tolerance)
        )
        nothing = Explanation((), {}, tuple(n for n in theirs if n in wrong), 0.0, {})
        found: list[tuple[int, int, Explanation]] = [(len(wrong), 0, nothing)]
        if wrong:
            found += self.on_road((), theirs, tolerance)
            for i, affected in enumerate(self.candidates.affected):
                if affected & wrong:
                    found += self.on_road((i,), theirs, tolerance)
        unknown, mistakes, _ = min(found, key=lambda entry: entry[:2])
        if wrong and (unknown or mistakes >= 2):
            found += [(0, 1, e) for e in self.of_other_nets(theirs, tolerance)]
            unknown, mistakes, _ = min(found, key=lambda entry: entry[:2])
        if unknown or mistakes >= 2:
            found += [
                (0, 2, e) for e in explained_by_pairs(self.candidates, theirs, wrong, tolerance)
            ]
            unknown, mistakes, _ = min(found, key=lambda entry: entry[:2])
        best = [e for *rank, e in found if rank == [unknown, mistakes]]
        return sorted(best, key=likelihood) if mistakes else [nothing]

    def of_other_nets(self, theirs: Mapping[str, Any], tolerance: float) -> Iterator[Explanation]:
        """Find the other nets that have just these gradients."""
        right = self.candidates.right
        for net in self.candidates.other_nets():
            errors = [finishing.apart(g, net.gradients[n]) for n, g in theirs.items()]
            if max(errors) <= tolerance:
                changed = tuple(
                    n for n, g in theirs.items() if not finishing.close(g, right[n], tolerance)
                )
                locals_ = {n: frozenset([net.mistake] if n in changed else []) for n in theirs}
                yield Explanation((), locals_, (), max(errors), {net.mistake: changed})

    def on_road(
        self, road: tuple[int, ...], theirs: Mapping[str, Any], tolerance: float
    ) -> Iterator[tuple[int, int, Explanation]]:
        """Explain each weight behind the mistakes of a road, with as few more as can be."""
        banks = self.candidates.banks(road)
        options = {n: self.options(n, g, banks, tolerance) for n, g in theirs.items()}
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

    def options(
        self, name: str, theirs: Any, banks: Mapping[str, Bank], tolerance: float
    ) -> dict[Local, float]:
        """Return what explains one weight's gradient on a road: sets of mistakes, and the error."""
        bank, shape = banks[name], self.candidates.right[name].shape
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
                error = finishing.apart(theirs, second.finish(ours)) if second.finish else 0.0
                found.setdefault(first | {second}, error)
        if frozenset() not in found:
            arrays = {
                n: other.rows[0].reshape(self.candidates.right[n].shape)
                for n, other in banks.items()
                if other.rows.shape[1] == theirs.size
            }
            for other in finishing.another(theirs, name, arrays, tolerance):
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


def likelihood(explanation: Explanation) -> tuple[int, int]:
    """Order explanations of equal length: what is wrong in one place before what is in several."""
    named = [m for m in explanation.mistakes if m not in explanation.road]
    return len(named), sum(m.name.startswith("accumulated") for m in named)
