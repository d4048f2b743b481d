"""Two mistakes of the sweep at once: which pairs are tried, and in which order.

Imports `candidates`, `explanation`, `finishing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from .candidates import Candidates
from .explanation import Explanation, Local
from .finishing import apart

MOST_PAIRS = 2500  # that one search tries
MOST_WORK = 400_000_000  # entries of all weights, times pairs
MOST_NODES = 400_000  # of the graph, times pairs
AT_ONCE = 250  # pairs after which the search ends if one of them was it


def explained_by_pairs(
    candidates: Candidates, theirs: Mapping[str, Any], wrong: frozenset[str], tolerance: float
) -> list[Explanation]:
    """Find the pairs of mistakes of the sweep that reproduce the given gradients.

    Parameters
    ----------
    candidates : Candidates
    theirs : mapping from name to array
    wrong : set of str
        The weights whose gradients are wrong: a pair must change each of them, and no other.
    tolerance : float

    Notes
    -----
    Each pair takes a sweep, so the likelier come first: what both change, added or multiplied up,
    is near to what two mistakes do together unless one acts on the other.
    """
    affected, roads = candidates.affected, candidates.roads
    usable = [i for i in range(len(roads)) if affected[i] <= wrong]
    pairs = [(i, j) for i, j in combinations(usable, 2) if affected[i] | affected[j] == wrong]
    entries = sum(g.size for g in candidates.right.values())
    nodes = len(candidates.problem.nodes)
    most = min(MOST_PAIRS, MOST_WORK // entries, MOST_NODES // nodes)
    pairs = likely_first(candidates, theirs, wrong, pairs)[:most]
    order = sorted(theirs, key=lambda name: (name not in wrong, theirs[name].size))
    found: list[Explanation] = []
    for tried, (i, j) in enumerate(pairs):
        if found and tried % AT_ONCE == 0:
            break
        errors = []
        for name in order:
            errors.append(apart(theirs[name], candidates.pair(i, j, name)))
            if errors[-1] > tolerance:
                break
        else:
            concerned = {roads[k]: tuple(n for n in theirs if n in affected[k]) for k in (i, j)}
            locals_: dict[str, Local] = dict.fromkeys(theirs, frozenset())
            found.append(Explanation((roads[i], roads[j]), locals_, (), max(errors), concerned))
    return found


def likely_first(
    candidates: Candidates,
    theirs: Mapping[str, Any],
    wrong: frozenset[str],
    pairs: list[tuple[int, int]],
) -> list[tuple[int, int]]:
    """Order pairs by how far the given gradients are from the two single ones put together."""
    names = [
        n for n in sorted(wrong) if n in theirs and theirs[n].shape == candidates.right[n].shape
    ]
    rare = [sum(candidates.roads[i].rare for i in pair) for pair in pairs]
    if not pairs or not names or len(candidates.singles) < len(candidates.roads):
        return [pair for _, pair in sorted(zip(rare, pairs, strict=True))]
    right = side_by_side(candidates.right, names)
    given = side_by_side(theirs, names)
    singles = np.stack([side_by_side(single, names) for single in candidates.singles])
    clear = (np.abs(right) > 1e-3 * np.max(np.abs(right), initial=0)) & (given != 0)
    if not np.any(clear):
        return [pair for _, pair in sorted(zip(rare, pairs, strict=True))]
    right, given, singles = right[clear], given[clear], singles[:, clear]
    distances = []
    for i, j in pairs:
        added = singles[i] + singles[j] - right
        multiplied = singles[i] * singles[j] / right
        distances.append(min(float(np.median(np.abs(x / given - 1))) for x in (added, multiplied)))
    places = np.argsort(np.argsort(distances, kind="stable"), kind="stable")
    near = MOST_PAIRS // 4  # beyond, the distance tells little
    keys = [(0, p) if p < near else (1 + r, p) for p, r in zip(places, rare, strict=True)]
    return [pair for _, pair in sorted(zip(keys, pairs, strict=True))]


def side_by_side(gradients: Mapping[str, Any], names: list[str]) -> Any:
    """Lay the entries of some gradients out in one line."""
    return np.concatenate([np.ravel(gradients[name]) for name in names])
