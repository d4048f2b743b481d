"""Gates that are put together in another order than the weights have them.

Imports `mistake`, `anatomy`, `sweep`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np

from ... import ops
from .anatomy import GATES, ORDER, Anatomy
from .mistake import Mistake
from .problem import PRODUCTS, Problem
from .sweep import Change, Here, vjp


def order_mistakes(problem: Problem, anatomy: Anatomy) -> Iterator[Mistake]:
    """Yield gates that are put together in another order before the weights' products."""
    letters = GATES.get(anatomy.cell, "")
    nodes = [
        n
        for n in problem.nodes
        if n.rule in PRODUCTS
        and problem.times[n] is not None
        and letters
        and len({str(e.node.params) for e in problem.readers[n] if e.node.rule is ops.getitem.rule})
        == len(letters)
    ]
    for order in permutations(range(len(letters))):
        if order != tuple(range(len(letters))):
            label = " ".join(letters[i] for i in order)
            yield Mistake(
                f"gates in the order {label} on the way back",
                f"the gates' gradients are put side by side in the order {label} before they are"
                f" multiplied by the weights, which have {' '.join(letters)}",
                ORDER.get(anatomy.cell, ""),
                "da = the gates side by side, in the order of the weights",
                changes={node: [reordered(order)] for node in nodes},
                rare=True,
            )


def reordered(order: tuple[int, ...]) -> Change:
    """Exchange the blocks of the gradient that has arrived, before the products."""

    def change(here: Here) -> None:
        blocks = np.split(here.g, len(order), axis=-1)
        here.g = np.concatenate([blocks[i] for i in order], axis=-1)
        here.gradients[:] = vjp(here.node, here.g)

    return change
