"""The steps in words: what a screen reader says, and everybody reads. Imports the files above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .escaping import printable
from .numbers import number, size
from .record import NodeRecord
from .sheets import Sheet
from .snapshot import Snapshot

Data = dict[str, Any]


class Wording:
    """Sentences about the steps of one graph.

    Parameters
    ----------
    graph : Snapshot
    orders : dict
        From the id of each op to its number in the forward pass.
    sheets : list of Sheet
        The arrays, by number.
    calls : int
        The number of VJP calls.
    """

    def __init__(
        self, graph: Snapshot, orders: dict[int, int], sheets: list[Sheet], calls: int
    ) -> None:
        self.graph = graph
        self.orders = orders
        self.sheets = sheets
        self.calls = calls

    def handle(self, node: NodeRecord) -> str:
        """Name a node: by its name, by op and number, by its number or its shape."""
        if node.name:
            return printable(node.name)
        if node.kind == "op":
            return f"{node.rule} ({self.orders[node.id]})"
        if node.kind == "constant":
            return minus(number(node.value))
        if node.shape == ():
            return f"the {node.kind} {minus(number(node.value))}"
        return f"the {node.kind} of shape {size(node.shape)}"

    def numbers(self, sheet: int) -> str:
        """Say what an array holds."""
        x = self.sheets[sheet]
        if not x["cells"]:
            return "no numbers"
        if x["shape"] == []:
            return signed(x["cells"][0])
        low, high = signed(x["least"]), signed(x["most"])
        between = f"all {low}" if low == high else f"from {low} to {high}"
        return f"numbers of shape {size(tuple(x['shape']))}, {between}"

    def start(self) -> str:
        """Say what there is before the first step."""
        leaves = sum(node.kind != "op" for node in self.graph.nodes)
        return (
            f"While the loss was computed, this graph was recorded: {plural(leaves, 'number')} or"
            f" arrays that went in, and {plural(len(self.orders), 'op')}. Step forward to see each"
            " op as it ran; then step on to see the gradient come back."
        )

    def forward(self, node: NodeRecord, value: int) -> str:
        """Say what an op computed."""
        taken = listed([self.handle(self.graph.nodes[source]) for source in node.inputs])
        target = f"{node.name} = " if node.name else ""
        return (
            f"Forward {self.orders[node.id]} of {len(self.orders)}{at(node)}."
            f" {node.rule} takes {taken} and gives {target}{self.numbers(value)}."
        )

    def seed(self, gradient: int, given: bool) -> str:
        """Say where the sweep begins."""
        begin = "The gradient that was given" if given else "The loss changes as much as itself"
        return (
            "Backward begins. A gradient says by how much the loss changes when a number changes a"
            f" little. {begin}: {self.handle(self.graph.root)} holds {self.numbers(gradient)}."
            " Now every op passes on what it got, in reverse order."
        )

    def backward(self, call: int, node: NodeRecord, arrived: int, parts: Sequence[Data]) -> str:
        """Say what a VJP got and gave."""
        scalars = all(self.sheets[part["given"]]["shape"] == [] for part in parts)
        given = []
        for part in parts:
            said = self.handle(self.graph.nodes[node.inputs[part["position"]]])
            if scalars:
                said = f"{self.numbers(part['given'])} to {said}"
            if part["of"] > 1:
                last = ", now whole" if part["part"] == part["of"] else ""
                said += f" ({part['part']} of {part['of']}{last})"
            given.append(said)
        adds = "It adds" if scalars else "It adds a part to the gradient of"
        return (
            f"Backward {call} of {self.calls}{at(node)}. {self.handle(node)} has its whole"
            f" gradient, {self.numbers(arrived)}. {adds} {listed(given)}."
        )

    def end(self, leaves: int) -> str:
        """Say what the sweep has found."""
        return (
            f"Done. The gradient has reached {plural(leaves, 'leaf', 'leaves')}: these are the"
            " numbers that backward() adds to .grad. An optimiser moves each number against its"
            " gradient, to make the loss smaller."
        )


def at(node: NodeRecord) -> str:
    """Say at which time step an op ran."""
    return "" if node.time is None else f", t = {node.time}"


def signed(x: float | str) -> str:
    """Write a sheet's cell, a negative number with a minus sign, which is read out as one.

    Examples
    --------
    >>> signed(-0.5), signed(-0.0)
    ('−0.5', '0')
    """
    return x if isinstance(x, str) else minus(number(x + 0.0))


def minus(text: str) -> str:
    """Put minus signs for hyphens."""
    return text.replace("-", "−")


def listed(names: Sequence[str]) -> str:
    """Join a list for a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(names[:-1]), *names[-1:]]) if len(names) > 1 else "".join(names)


def plural(n: int, noun: str, nouns: str = "") -> str:
    """Count something.

    Examples
    --------
    >>> plural(1, "leaf", "leaves"), plural(3, "op")
    ('1 leaf', '3 ops')
    """
    return f"{n} {noun if n == 1 else nouns or noun + 's'}"
