"""How to tell apart what gives the same numbers: experiments, tried where they can be.

Imports the files above.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .candidates import Candidates
from .search import Explanation


def experiments(explanations: Sequence[Explanation], candidates: Candidates) -> Iterator[str]:
    """Yield sentences that say what to change so that explanations give different numbers."""
    T = len(candidates.problem.steps)
    seen = set()
    if T < 2:
        seen.add("run more than one time step: with one, what is carried does not show")
    for explanation in explanations:
        for mistake in explanation.mistakes:
            if mistake.experiment:
                seen.add(f"{mistake.experiment} (for: {mistake.name})")
    yield from sorted(seen)
