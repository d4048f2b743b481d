"""Mistakes made with a finished gradient: factors, signs, transposes, clipping, mixed-up names.

Each is recognised by comparing the given array with a candidate; no sweep is needed. Imports
`mistake`, `order_mistakes` and `problem`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine.graph import Node
from .mistake import Mistake
from .order_mistakes import other_orders
from .problem import Problem, argument_names

MOST_TIMES = 100  # a gradient is not taken for accumulated more often than this
OTHER_SIZES = "choose T, B and the number of repetitions all different"


@dataclass(frozen=True)
class Sizes:
    """Lengths that a factor may be recognised as: from what it is called to its number."""

    lengths: dict[str, int]

    def names(self, factor: float, tolerance: float) -> list[str]:
        """Return what a factor is known as."""
        found = []
        for name, n in self.lengths.items():
            if n > 1:
                if abs(factor - n) <= tolerance * n:
                    found.append(name)
                if abs(factor * n - 1) <= tolerance:
                    found.append(f"1/({name})" if "·" in name else f"1/{name}")
        return found


def sizes_of(problem: Problem) -> Sizes:
    """Return T, B and T·B of a problem."""
    T = len(problem.steps)
    B = batch_of(problem)
    lengths = {"T": T, "B": B, "T·B": T * B if T > 1 and B > 1 else 0}
    return Sizes({name: n for name, n in lengths.items() if n > 1})


def batch_of(problem: Problem) -> int:
    """Return how many sequences the carried state has, 1 if that is not told by its shape."""
    for edge in problem.carries:
        shape = edge.x.data.shape
        if len(shape) == 2:
            for position, w in enumerate(edge.node.inputs):
                if not (isinstance(w, Node) and w in problem.weight_side):
                    continue  # an input may be a plain array
                if position != edge.position and w.data.ndim == 2:
                    left = position < edge.position and argument_names(edge.node) == ("a", "b")
                    return int(shape[1] if left else shape[0])
    return 1


def factor(theirs: Any, ours: Any, sizes: Sizes, tolerance: float) -> list[Mistake]:
    """Recognise a constant factor: a sign, a sum for a mean, a gradient added several times."""
    k = ratio(theirs, ours)
    if k is None or not close(theirs, k * ours, tolerance):
        return []
    exact = max(tolerance, 1e-9)
    if abs(k + 1) <= exact:
        return [
            Mistake(
                "sign",
                "is the right gradient with the wrong sign",
                "C6",
                "dz = p − onehot(target): prediction minus truth, not truth minus prediction",
                finish=np.negative,
            )
        ]
    found = []
    for name in sizes.names(k, exact):
        belongs = "a mean where a sum belongs" if name[:2] == "1/" else "a sum where a mean belongs"
        found.append(
            Mistake(
                f"factor {name}",
                f"is {k:.6g} = {name} times the right one: {belongs}",
                "C8",
                "dz *= g / divisor, by how many positions the loss is a mean",
                OTHER_SIZES,
                finish=times(k),
            )
        )
    n = round(k)
    if 2 <= n <= MOST_TIMES and abs(k - n) <= exact * n:
        found.append(
            Mistake(
                f"accumulated {n} times",
                f"is {n} times the right one: it was added up {n} times without being set to zero"
                " in between",
                "S8",
                "total += term, from a total that begins at zero",
                OTHER_SIZES,
                finish=times(n),
            )
        )
    return found


def times(k: float) -> Callable[[Any], Any]:
    """Return the multiplication by a number."""
    return lambda g: k * g


def plus(before: Any) -> Callable[[Any], Any]:
    """Return the addition of an earlier gradient."""
    return lambda g: g + before


def blocks_in(order: tuple[int, ...]) -> Callable[[Any], Any]:
    """Return the exchange of the blocks of which a gradient is stacked."""
    return lambda g: np.concatenate([np.split(g, len(order))[i] for i in order])


def ratio(theirs: Any, ours: Any) -> float | None:
    """Return by which factor one array fits another best."""
    square = float(np.vdot(ours, ours))
    return float(np.vdot(ours, theirs)) / square if square else None


def transposed(theirs: Any, ours: Any, tolerance: float) -> list[Mistake]:
    """Recognise a matrix that lies the other way."""
    if ours.ndim != 2 or theirs.shape != ours.shape[::-1] or min(ours.shape) < 2:
        return []
    if not close(theirs, ours.T, tolerance):
        return []
    return [
        Mistake(
            "transposed", "holds the right numbers, transposed", "section 1", "dW = dyᵀ x",
            finish=np.transpose,
        )
    ]  # fmt: skip


def zero(theirs: Any, ours: Any) -> list[Mistake]:
    """Recognise a gradient that was never written."""
    if np.any(theirs) or not np.any(ours):
        return []
    return [
        Mistake(
            "zero", "is zero everywhere: nothing is ever added to it", "S8",
            "total += term, for every step", finish=times(0),
        )
    ]  # fmt: skip


def reordered(theirs: Any, ours: Any, letters: str, tolerance: float) -> list[Mistake]:
    """Recognise gates in another order than the weights have them."""
    n = len(letters)
    if n < 2 or ours.shape[0] % n:
        return []
    blocks = np.split(ours, n)
    found = []
    for label, order in other_orders(letters):
        if close(theirs, np.concatenate([blocks[i] for i in order]), tolerance):
            found.append(
                Mistake(
                    f"gates in the order {label}",
                    f"holds the right numbers with its gates in the order {label}, where"
                    f" {' '.join(letters)} belongs",
                    {4: "L20", 3: "G16"}.get(n, ""), "da = the gates side by side",
                    finish=blocks_in(order),
                )
            )  # fmt: skip
    return found


def accumulated(theirs: Any, ours: Any, before: Any, tolerance: float) -> list[Mistake]:
    """Recognise a gradient that was added to an earlier one."""
    if before is None or not np.any(before):
        return []
    before = getattr(before, "data", before)
    if not close(theirs, ours + before, tolerance):
        return []
    return [
        Mistake(
            "not set to zero", "is the right gradient added to the one that was in .grad before",
            "S8", "total += term, from a total that begins at zero",
            "call it twice: the second result must equal the first", finish=plus(before),
        )
    ]  # fmt: skip


def another(theirs: Any, name: str, right: dict[str, Any], tolerance: float) -> list[Mistake]:
    """Recognise the gradient of another weight."""
    return [
        Mistake(
            f"gradient of {other}", f"is the gradient of {other}: the names are mixed up",
        )
        for other, g in right.items()
        if other != name and g.shape == theirs.shape and close(theirs, g, tolerance)
    ]  # fmt: skip


def close(a: Any, b: Any, tolerance: float) -> bool:
    """Say whether two arrays agree, relative to the largest entry."""
    return apart(a, b) <= tolerance


def apart(a: Any, b: Any) -> float:
    """Return the largest difference of two arrays, relative to their largest entry."""
    if a.shape != b.shape:
        return np.inf
    size = max(np.max(np.abs(a), initial=0.0), np.max(np.abs(b), initial=0.0))
    difference = float(np.max(np.abs(a - b), initial=0.0))
    return difference / size if size else 0.0
