"""Gates that are computed side by side and cut apart: where, along which axis, in which order.

Imports `anatomy`, `curves`, `problem`.
"""

from __future__ import annotations

from typing import Any

from ... import ops
from ...engine.graph import Node
from .anatomy import GATES, Anatomy
from .problem import Edge, Problem


class GateBlocks:
    """The nodes that hold the pre-activations of all gates, one block beside the other.

    Attributes
    ----------
    letters : str
        The gates in the order of the blocks, such as ``ifgo``; empty if there are none.
    axes : dict from Node to int
        Along which axis each node is cut into its blocks; from the end.
    """

    def __init__(self, problem: Problem, anatomy: Anatomy) -> None:
        self.problem = problem
        self.anatomy = anatomy
        self.letters = ""
        self.axes: dict[Node, int] = {}
        wanted = sorted(GATES.get(anatomy.cell, ""))
        for node in problem.nodes if wanted else ():
            parts: dict[tuple[int, int], Edge] = {}
            axis = 0
            for edge in problem.readers[node]:
                found = block(edge.node) if problem.times[node] is not None else None
                if found is not None:
                    axis, start = found
                    parts[axis, start] = edge
            order = "".join(self.letter(parts[key].node) for key in sorted(parts))
            if sorted(order) == wanted and order in (self.letters or order):
                self.letters = order
                self.axes[node] = axis

    def letter(self, node: Node) -> str:
        """Return the gate that a block becomes: that of the first curve behind it."""
        waiting = [node]
        while waiting:
            node = waiting.pop(0)
            for edge in self.problem.readers[node]:
                curve = self.problem.curve_from.get(edge.node)
                part = self.anatomy.part(curve.node) if curve is not None else None
                if part is not None and len(part.role) == 1:
                    return part.role
                if curve is None and edge.node.rule in (ops.add.rule, ops.multiply.rule):
                    waiting.append(edge.node)
        return "?"


def block(node: Node) -> tuple[int, int] | None:
    """Return the axis and the start of the block that a node cuts out of its input."""
    if node.rule is not ops.getitem.rule or not isinstance(node.inputs[0], Node):
        return None
    index: tuple[Any, ...] = node.params["index"]
    ndim = node.inputs[0].data.ndim
    cut = [i for i, part in enumerate(index) if isinstance(part, slice) and part != slice(None)]
    if len(cut) != 1 or any(not isinstance(part, slice) and part is not ... for part in index):
        return None
    from_end = cut[0] - len(index) if ... in index[: cut[0]] else cut[0] - ndim
    return from_end, index[cut[0]].start or 0
