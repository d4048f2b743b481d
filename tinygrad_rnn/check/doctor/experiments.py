"""How to tell apart what gives the same numbers: experiments, tried on a twin of the graph.

The graph is computed again from other weights, another first state or other inputs. Where two
explanations then give different gradients, that is the experiment. Imports the files above.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .anatomy import Anatomy
from .candidates import Candidates, catalogue
from .explanation import Explanation
from .mistake import together
from .problem import Problem
from .sweep import Swept
from .terms import Terms
from .twins import Vary, twin

SAME = "no other numbers tell them apart at these sizes: look at both lines of the code"


def experiments(explanations: Sequence[Explanation], candidates: Candidates) -> list[str]:
    """Say what to change so that the first explanation and each other give different numbers."""
    found: list[str] = []
    twins = [(says, twin(candidates.problem, changes)) for says, changes in EXPERIMENTS]
    first = explanations[0]
    for other in explanations[1:]:
        says = next(
            (says for says, problem in twins if problem and differ(first, other, problem)),
            by_sizes(first, other, candidates.problem),
        )
        if says not in found:
            found.append(says)
    return found


def renewed(*kinds: str) -> Vary:
    """Draw arrays of some kinds anew."""
    generator = np.random.default_rng(0)

    def vary(array: Any, kind: str, name: str) -> Any:
        if kind not in kinds:
            return array
        return np.asarray(generator.normal(size=array.shape), array.dtype)[()]

    return vary


EXPERIMENTS = (
    ("begin from another first state, one that is not zero", renewed("state")),
    ("take other weights: here they happen to give equal numbers", renewed("weight")),
    ("take other inputs: here they happen to give equal numbers", renewed("input")),
    ("take other weights, inputs and a first state", renewed("weight", "state", "input")),
)


def by_sizes(a: Explanation, b: Explanation, problem: Problem) -> str:
    """Name an experiment that needs a problem of other sizes, if the mistakes know of one."""
    if len(problem.steps) < 2:
        return "run more than one time step: with one, nothing is carried"
    only_one = set(a.mistakes) ^ set(b.mistakes)
    known = sorted({m.experiment for m in only_one if m.experiment})
    return known[0] if known else SAME


def differ(a: Explanation, b: Explanation, problem: Problem) -> bool:
    """Say whether two explanations give different gradients on a problem."""
    first, second = predicted(a, problem), predicted(b, problem)
    for name in first.keys() & second.keys():
        x, y = first[name], second[name]
        size = np.max(np.abs(x), initial=0.0)
        if x.shape != y.shape or np.max(np.abs(x - y), initial=0.0) > 1e-6 * size:
            return True
    return False


def predicted(explanation: Explanation, problem: Problem) -> dict[str, Any]:
    """Return the gradients that somebody would get who makes these mistakes on a problem."""
    anatomy = Anatomy(problem)
    names = {mistake.name for mistake in explanation.road}
    swept = Swept(problem, together([m for m in catalogue(problem, anatomy) if m.name in names]))
    terms = Terms(problem, anatomy)
    found = {}
    for name, locals_ in explanation.locals.items():
        g = swept.gradient(name)
        wanted = {m.name for m in locals_ if m.finish is None}
        for mistake, array in terms.candidates(swept, name).items() if wanted else ():
            if mistake.name in wanted:
                g = array
        for mistake in locals_:
            g = mistake.finish(g) if mistake.finish is not None else g
        found[name] = g
    return found
