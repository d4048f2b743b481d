"""Which part of a recurrent cell an op is, and where its derivative stands. Imports files above.

A cell is recognised by its form, not by its class: a loop of the user's own is read as well as a
layer. The lines are those of ``docs/derivation.md``.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from ... import ops
from ...engine.graph import Node
from .curves import Curve, curve_at
from .problem import Edge, Problem

LINES = {
    ("lstm", "h", "o"): ("L10", "do = dh · tanh_c"),
    ("lstm", "h", "tanh_c"): ("L11", "dc = dc_next + dh · o · (1 − tanh_c²)"),
    ("lstm", "fc", "f"): ("L12", "df = dc · c_prev"),
    ("lstm", "fc", "c_prev"): ("L15", "dc_prev = dc · f"),
    ("lstm", "ig", "i"): ("L13", "di = dc · g"),
    ("lstm", "ig", "g"): ("L14", "dg = dc · i"),
    ("lstm", "tanh_c", ""): ("L11", "dc = dc_next + dh · o · (1 − tanh_c²)"),
    ("lstm", "i", ""): ("L16", "da_i = di · i · (1 − i)"),
    ("lstm", "f", ""): ("L17", "da_f = df · f · (1 − f)"),
    ("lstm", "g", ""): ("L18", "da_g = dg · (1 − g²)"),
    ("lstm", "o", ""): ("L19", "da_o = do · o · (1 − o)"),
    ("gru", "(1−z)n", "n"): ("G9", "dn = dh · (1 − z)"),
    ("gru", "(1−z)n", "1−z"): ("G10", "dz = dh · (h_prev − n)"),
    ("gru", "1−z", "z"): ("G10", "dz = dh · (h_prev − n)"),
    ("gru", "zh", "z"): ("G10", "dz = dh · (h_prev − n)"),
    ("gru", "zh", "h_prev"): ("G19", "dh_prev = dh · z + du W_hh"),
    ("gru", "n", ""): ("G11", "da_n = dn · (1 − n²)"),
    ("gru", "ru", "r"): ("G12", "dr = da_n · u_n"),
    ("gru", "ru", "u"): ("G13", "du_n = da_n · r"),
    ("gru", "z", ""): ("G14", "da_z = dz · z · (1 − z)"),
    ("gru", "r", ""): ("G15", "da_r = dr · r · (1 − r)"),
    ("rnn", "h", ""): ("R3", "da = dh · slope(h)"),
}
"""From cell, part and input (none of a curve) to the line of its derivative."""

CARRY = {"rnn": "R5", "lstm": "L22", "gru": "G19"}
INPUT = {"rnn": "R4", "lstm": "L21", "gru": "G18"}
FROM_INPUT = {"rnn": "R6", "lstm": "L23", "gru": "G20"}
FROM_STATE = {"rnn": "R7", "lstm": "L24", "gru": "G21"}
BIAS = {"rnn": "R8", "lstm": "L25", "gru": "G22"}
ORDER = {"rnn": "R3", "lstm": "L20", "gru": "G16"}

GATES = {"lstm": "ifgo", "gru": "rzn"}  # in the order of the weights


@dataclass(frozen=True)
class Part:
    """What an op is in its cell.

    Attributes
    ----------
    cell : {"rnn", "lstm", "gru"}
    role : str
        The letter of the derivation: ``f`` for the forget gate, ``fc`` for f · c_prev.
    """

    cell: str
    role: str


class Anatomy:
    """The parts of the cells of a problem.

    Attributes
    ----------
    parts : dict from kind to Part
        Of the ops that were recognised.
    direct, through_weight : list of Edge
        The carried states, by how they are read: entry by entry, or multiplied by a matrix.
    cell : str
        The kind of all cells, or "" if they are of several kinds or none was recognised.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.parts: dict[Hashable, Part] = {}
        self.through_weight = [e for e in problem.carries if self.leads_to_product(e.node)]
        self.direct = [e for e in problem.carries if e not in self.through_weight]
        for edge in self.direct:
            self.gated(edge)
        for edge in self.through_weight:
            self.plain(edge)
        cells = {part.cell for part in self.parts.values()}
        self.cell = cells.pop() if len(cells) == 1 else ""

    def leads_to_product(self, node: Node) -> bool:
        """Say whether a carried state is only put in another form before a matrix product."""
        seen = {node}
        waiting = [node]
        while waiting:
            node = waiting.pop()
            if self.problem.is_product(node):
                return True
            if node.rule in JOINED:
                for edge in self.problem.readers[node]:
                    if edge.node not in seen:
                        seen.add(edge.node)
                        waiting.append(edge.node)
        return False

    def part(self, node: Node) -> Part | None:
        """Return what a node is in its cell."""
        return self.parts.get(self.problem.kinds[node])

    def name(self, node: Node, cell: str, role: str) -> None:
        """Remember what a node is."""
        self.parts.setdefault(self.problem.kinds[node], Part(cell, role))

    def only_reader(self, node: Node, rule: object) -> Node | None:
        """Return the op of a kind that reads a node in its own step."""
        t = self.problem.times[node]
        found = [
            e.node
            for e in self.problem.readers[node]
            if e.node.rule is rule and self.problem.times[e.node] == t
        ]
        return found[0] if found else None

    def gated(self, edge: Edge) -> None:
        """Recognise an LSTM or a GRU from a state that is multiplied by a gate."""
        if edge.node.rule is not ops.multiply.rule:
            return
        gate = other_input(edge)
        total = self.only_reader(edge.node, ops.add.rule)
        if gate is None or total is None:
            return
        written = next((x for x in total.inputs if x is not edge.node), None)
        if not isinstance(written, Node) or written.rule is not ops.multiply.rule:
            return
        factors = [x for x in written.inputs if isinstance(x, Node)]
        candidate = next((c for x in factors if (c := curve_at(x)) and c.name != "sigmoid"), None)
        if candidate is None or len(factors) != 2:
            return
        writing = factors[1] if factors[0] is candidate.node else factors[0]
        squashed = next(
            (
                e.node
                for e in self.problem.readers[total]
                if (c := curve_at(e.node)) and c.name != "sigmoid"
            ),
            None,
        )
        if squashed is not None and curve_at(gate) and curve_at(writing):
            self.lstm(edge, gate, total, written, writing, candidate, squashed)
        elif squashed is None:
            self.gru(edge, gate, total, written, writing, candidate)

    def lstm(
        self,
        edge: Edge,
        gate: Node,
        c: Node,
        written: Node,
        writing: Node,
        candidate: Curve,
        tanh_c: Node,
    ) -> None:
        """Name the parts of an LSTM."""
        h = self.only_reader(tanh_c, ops.multiply.rule)
        for node, role in (
            *((edge.node, "fc"), (gate, "f"), (c, "c"), (written, "ig"), (writing, "i")),
            *((candidate.node, "g"), (tanh_c, "tanh_c")),
        ):
            self.name(node, "lstm", role)
        if h is not None:
            self.name(h, "lstm", "h")
            o = next((x for x in h.inputs if x is not tanh_c), None)
            if isinstance(o, Node):
                self.name(o, "lstm", "o")

    def gru(
        self, edge: Edge, gate: Node, h: Node, written: Node, writing: Node, candidate: Curve
    ) -> None:
        """Name the parts of a GRU."""
        for node, role in (
            *((edge.node, "zh"), (gate, "z"), (h, "h"), (written, "(1−z)n"), (writing, "1−z")),
            (candidate.node, "n"),
        ):
            self.name(node, "gru", role)
        for node in inside(candidate.a):
            if node.rule is ops.multiply.rule:
                for x in node.inputs:
                    curve = curve_at(x) if isinstance(x, Node) else None
                    if curve and curve.name == "sigmoid":
                        self.name(node, "gru", "ru")
                        self.name(x, "gru", "r")

    def plain(self, edge: Edge) -> None:
        """Recognise an RNN: a state that is multiplied by a matrix and goes through one curve."""
        waiting = [edge.node]
        while waiting:
            node = waiting.pop()
            curve = curve_at(node)
            if curve is not None and curve.name != "sigmoid":
                if self.problem.kinds[node] == self.problem.kinds[edge.x]:
                    self.name(node, "rnn", "h")
            elif self.problem.is_product(node) or node.rule in (*JOINED, ops.add.rule):
                t = self.problem.times[node]
                waiting += [
                    e.node for e in self.problem.readers[node] if self.problem.times[e.node] == t
                ]

    def line(self, edge: Edge) -> tuple[str, str]:
        """Return the line of the derivative on an edge, and its formula; "" where unknown."""
        part = self.part(edge.node)
        if part is None:
            return "", ""
        below = self.part(edge.x)
        role = below.role if below and below.cell == part.cell else ""
        if role == "c" or (part.role == "fc" and role not in ("f",)):
            role = "c_prev"
        if part.role == "zh" and role != "z":
            role = "h_prev"
        if part.role == "ru" and role != "r":
            role = "u"
        if curve_at(edge.node):
            role = ""
        return LINES.get((part.cell, part.role, role), ("", ""))


JOINED = {ops.concatenate.rule, ops.reshape.rule, ops.transpose.rule}


def other_input(edge: Edge) -> Node | None:
    """Return the other factor of a product, if it is recorded."""
    others = [x for i, x in enumerate(edge.node.inputs) if i != edge.position]
    return others[0] if len(others) == 1 and isinstance(others[0], Node) else None


def inside(node: Node) -> list[Node]:
    """List what a pre-activation is added up from, itself included."""
    found, waiting = [], [node]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if node.rule is ops.add.rule:
            waiting += [x for x in node.inputs if isinstance(x, Node)]
    return found
