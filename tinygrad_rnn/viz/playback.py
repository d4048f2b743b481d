"""The reverse sweep, watched: what every VJP got and gave, and what was added to what.

The sweep is the engine's own. Only its adding is done here, openly: each contribution as a dense
array, added at once, where `backward` postpones sums to be quick. Imports the engine and `sheets`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..engine.backward import Deferred, Sweep, contributions, fitted
from ..engine.graph import Node
from ..engine.sweeping import starting_gradient
from ..engine.value import Value
from .sheets import Sheets


class Contribution(NamedTuple):
    """What one input of an op receives from its VJP; the numbers are those of sheets.

    Attributes
    ----------
    position : int
        Which input of the op it is.
    before : int or None
        The gradient that the input held; None if nothing had arrived.
    given : int
        What is added.
    after : int
        What the input holds then.
    """

    position: int
    before: int | None
    given: int
    after: int


class Call(NamedTuple):
    """One call of a VJP: the node, the sheet of the gradient that arrives, what it gives on."""

    node: Node
    arrived: int
    contributions: list[Contribution]


class WatchedSweep(Sweep):
    """A reverse sweep that writes down each call of a VJP. No node is written to.

    Parameters
    ----------
    root : Value
        Where the sweep starts.
    gradient : array_like or None
        The gradient of `root`; 1 if left out.
    sheets : Sheets
        Where the arrays are kept.

    Attributes
    ----------
    calls : list of Call
        In the order of the sweep.
    held : dict
        From each node that a gradient reached to the sheet of its whole gradient.
    """

    def __init__(self, root: Value, gradient: Any, sheets: Sheets) -> None:
        self.calls: list[Call] = []
        self.sheets = sheets
        seed = starting_gradient(root, gradient, False)
        self.held: dict[Node, int] = {root: sheets.add(seed)}
        super().__init__(root, seed)
        for node, g in self.gradients.items():
            self.renew(node, g)

    def renew(self, node: Node, g: Any) -> None:
        """Keep a node's whole gradient anew, if the sweep has cast it to the node's dtype."""
        if self.sheets.sheets[self.held[node]]["dtype"] != str(g.dtype):
            self.held[node] = self.sheets.add(g)

    def spread(self, node: Node, g: Any) -> None:
        """Add what a node's VJP gives to its inputs, and write it down."""
        self.renew(node, g)
        positions = [
            i for i, x in enumerate(node.inputs) if isinstance(x, Node) and x.requires_grad
        ]
        received = []
        for position, (x, gx) in zip(positions, contributions(node, g), strict=True):
            if isinstance(gx, Deferred):
                gx = fitted(gx.dense(), node, position)
            held = self.gradients.get(x)
            self.gradients[x] = total = gx if held is None else held + gx
            before, given = self.held.get(x), self.sheets.add(gx)
            self.held[x] = after = given if held is None else self.sheets.add(total)
            received.append(Contribution(position, before, given, after))
        self.calls.append(Call(node, self.held[node], received))
