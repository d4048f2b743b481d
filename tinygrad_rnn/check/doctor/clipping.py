"""Gradients that were clipped: entry by entry, or all together by their length.

Imports `mistake` and `finishing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .finishing import close, ratio, times
from .mistake import Mistake


def clip_bound(theirs: Any) -> float:
    """Return the bound that an array may have been clipped at: its largest entry."""
    return float(np.max(np.abs(theirs), initial=0.0))


def clipped(theirs: Any, ours: Any, bound: float, tolerance: float) -> list[Mistake]:
    """Recognise entries cut off at ±c."""
    if not bound or not np.any(np.abs(ours) > bound * (1 + 1e-9)):
        return []
    if not close(theirs, np.clip(ours, -bound, bound), tolerance):
        return []
    at_bound = np.count_nonzero(np.abs(theirs) >= bound * (1 - 1e-12))
    if at_bound < 2 and not is_round(bound):
        return []  # any smaller number is "clipped" at itself
    return [clipping(bound)]


def clipping(bound: float) -> Mistake:
    """Return the mistake of clipped entries."""
    return Mistake(
        f"clipped at ±{bound:.6g}",
        f"is the right gradient with its entries clipped at ±{bound:.6g}",
        "", "", "compare before clipping: a clipped entry hides what was wrong with it",
        finish=lambda g: np.clip(g, -bound, bound),
    )  # fmt: skip


def is_round(x: float) -> bool:
    """Say whether people would write a number so: at most two digits that are not zero."""
    return bool(np.isclose(x, float(f"{x:.2g}"), rtol=1e-9, atol=0))


def left_out_of_clipping(
    concerned: Mapping[Mistake, tuple[str, ...]], theirs: Mapping[str, Any]
) -> tuple[Mistake, tuple[str, ...]] | None:
    """Find gradients that have entries beyond the bound at which others were clipped."""
    for mistake, names in concerned.items():
        if mistake.name.startswith("clipped at ±"):
            bound = clip_bound(theirs[names[0]])
            spared = tuple(
                n
                for n, g in theirs.items()
                if n not in names and clip_bound(g) > bound * (1 + 1e-9)
            )
            if spared:
                left_out = Mistake(
                    "left out of the clipping",
                    f"was left out of the clipping at ±{bound:.6g}, though it has entries beyond",
                    "", "", mistake.experiment,
                )  # fmt: skip
                return left_out, spared
    return None


def by_norm(theirs: Mapping[str, Any], ours: Mapping[str, Any], tolerance: float) -> Mistake | None:
    """Recognise that all gradients were scaled down to a length that people would choose."""
    ratios = []
    for name, g in theirs.items():
        if np.any(ours[name]):
            k = ratio(g, ours[name]) if g.shape == ours[name].shape else None
            if k is None or not close(g, k * ours[name], tolerance):
                return None
            ratios.append(k)
    if not ratios or not 0 < max(ratios) < 1 - tolerance:
        return None
    if max(ratios) - min(ratios) > 2 * max(tolerance, 1e-12):
        return None
    bound = max(ratios) * np.sqrt(sum(float(np.vdot(g, g)) for g in ours.values()))
    if not np.isclose(bound, float(f"{bound:.2g}"), rtol=max(1e-6, tolerance), atol=0):
        return None
    return Mistake(
        f"clipped by norm at {bound:.2g}",
        f"is the right gradient scaled by {max(ratios):.6g}: all together were clipped to the"
        f" length {bound:.2g}",
        "", "", "compare before clipping", finish=times(max(ratios)),
    )  # fmt: skip
