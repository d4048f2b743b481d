"""Gates that are put together in another order than the weights have them.

Imports `mistake`, `gates`, `sweep`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from .anatomy import ORDER, Anatomy
from .gates import GateBlocks
from .mistake import Mistake
from .problem import Problem
from .sweep import Change, Here, vjp


def order_mistakes(problem: Problem, anatomy: Anatomy) -> Iterator[Mistake]:
    """Yield gates that are put together in another order before the weights' products."""
    gates = GateBlocks(problem, anatomy)
    for label, order in other_orders(gates.letters):
        yield Mistake(
            f"gates in the order {label} on the way back",
            f"the gates' gradients are put side by side in the order {label} before they are"
            f" multiplied by the weights, which have {' '.join(gates.letters)}",
            ORDER.get(anatomy.cell, ""),
            "da = the gates side by side, in the order of the weights",
            changes={node: [reordered(order, axis)] for node, axis in gates.axes.items()},
            rare=True,
        )


def other_orders(letters: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield every other order of some gates: in letters, and which block stands where."""
    for order in permutations(range(len(letters))):
        if order != tuple(range(len(letters))):
            yield " ".join(letters[i] for i in order), order


def reordered(order: tuple[int, ...], axis: int) -> Change:
    """Exchange the blocks of the gradient that has arrived, before the products."""

    def change(here: Here) -> None:
        blocks = np.split(here.g, len(order), axis=axis)
        here.g = np.concatenate([blocks[i] for i in order], axis=axis)
        here.gradients[:] = vjp(here.node, here.g)

    return change
