"""All that the page of the stepper shows, as data for JSON: boxes, arrows, steps, numbers, words.

Texts are plain: whoever puts them into a page has to escape them. Imports the files above.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..engine.places import line_of
from ..engine.rule import Rule
from .escaping import printable
from .formula import argument_names, derivative_formula, derivative_of, pieces, without_remark
from .labels import setting, settings
from .layout import Layout
from .numbers import number, size
from .placement import is_drawn, placed
from .playback import WatchedSweep
from .record import NodeRecord
from .sheets import Sheets
from .snapshot import Snapshot
from .wording import Wording, minus

Data = dict[str, Any]

SIGNS = {"add": "+", "subtract": "−", "multiply": "×", "divide": "/", "power": "^"}
LONGEST = 22  # letters of a box's title
LETTER, PADDING, NARROWEST = 6.7, 12.0, 50.0  # pixels
CELLS, MOST_CELLS, LEAST_CELLS = 1_000_000, 4096, 256  # of a page, and of an array on it


class Storyboard:
    """What the page shows of one graph.

    Parameters
    ----------
    graph : Snapshot
    gradient : array_like or None
        What the sweep starts from; 1 if left out.
    """

    def __init__(self, graph: Snapshot, gradient: Any) -> None:
        self.graph = graph
        # An op shows its value, and about two arrays for each of its inputs.
        arrays = sum(1 + 2 * len(node.inputs) for node in graph.nodes)
        self.sheets = Sheets(max(LEAST_CELLS, min(MOST_CELLS, CELLS // arrays)))
        self.values = [self.sheets.add(node.value) for node in graph.nodes]
        self.given = gradient is not None
        self.sweep = WatchedSweep(graph.originals[-1], gradient, self.sheets)
        self.gradients = {graph.id_of(node): sheet for node, sheet in self.sweep.held.items()}
        self.ops = [node.id for node in graph.nodes if node.kind == "op"]
        self.orders = {node: i for i, node in enumerate(self.ops, start=1)}
        self.wording = Wording(graph, self.orders, self.sheets.sheets, len(self.sweep.calls))
        self.laws: dict[tuple[str, int], Data] = {}

    def data(self, title: str) -> Data:
        """Return all of it, in JSON's types only."""
        nodes = [self.node(node) for node in self.graph.nodes]
        picture = self.picture(nodes)
        return {
            "title": title,
            "steps": self.steps(),
            "nodes": nodes,
            "laws": list(self.laws.values()),
            "picture": picture,
            "sheets": self.sheets.sheets,
        }

    def node(self, node: NodeRecord) -> Data:
        """Describe a node; the page knows it by its place in the list."""
        data: Data = {
            "kind": node.kind,
            "handle": self.wording.handle(node),
            "title": self.title(node),
            "value": self.values[node.id],
            "time": node.time,
            "scope": printable(" · ".join(str(x) for x in (node.scope, line_of(node)) if x)),
            "shape": size(node.shape),
            "dtype": node.dtype,
        }
        if node.kind != "op":
            return data
        rule = self.graph.originals[node.id].rule
        key = rule.name, len(node.inputs)
        if key not in self.laws:
            self.laws[key] = law(rule, len(node.inputs), number=len(self.laws))
        return data | {
            "order": self.orders[node.id],
            "op": node.rule,
            "inputs": list(node.inputs),
            "law": self.laws[key]["number"],
            "settings": printable(settings(node)),
            "written": {name: printable(setting(x).strip("[]")) for name, x in node.params.items()},
        }

    def title(self, node: NodeRecord) -> str:
        """Write what stands in a node's box: its name, and what its op does."""
        done = "" if node.kind != "op" else self.deed(node)
        name = printable(node.name or "")
        title = f"{name}: {done}" if name and done else name or done or node.kind
        return title if len(title) <= LONGEST else title[: LONGEST - 1] + "…"

    def deed(self, node: NodeRecord) -> str:
        """Write what an op does, with the plain numbers in it: ``× 2``."""
        inputs = [self.graph.nodes[source] for source in node.inputs]
        sign = SIGNS.get(node.rule or "")
        if sign is None:
            return setting(node.params["index"]) if "index" in node.params else node.rule or ""
        a, b = (minus(number(x.value)) if x.kind == "constant" else "" for x in inputs)
        return f"{a} {sign} {b}".strip()

    def steps(self) -> list[Data]:
        """Describe each step: forward op by op, backward VJP by VJP."""
        words, nodes = self.wording, self.graph.nodes
        root = self.graph.root.id
        seed = self.sweep.calls[0].arrived
        steps: list[Data] = [{"phase": "start", "words": words.start()}]
        for op in self.ops:
            said = words.forward(nodes[op], self.values[op])
            steps.append({"phase": "forward", "node": op, "words": said})
        said = words.seed(seed, self.given)
        steps.append({"phase": "seed", "node": root, "arrived": seed, "words": said})
        steps += self.backward_steps()
        leaves = [[i, x] for i, x in sorted(self.gradients.items()) if i not in self.orders]
        said = words.end(len(leaves))
        steps.append({"phase": "end", "leaves": leaves, "words": said})
        return steps

    def backward_steps(self) -> list[Data]:
        """Describe the calls of VJPs, each with what it adds to its inputs."""
        whole = Counter(
            call.node.inputs[part.position]
            for call in self.sweep.calls
            for part in call.contributions
        )
        so_far: Counter[Any] = Counter()
        steps = []
        for i, call in enumerate(self.sweep.calls, start=1):
            parts = []
            for part in call.contributions:
                x = call.node.inputs[part.position]
                so_far[x] += 1
                parts.append(
                    {
                        **part._asdict(),
                        "part": so_far[x],
                        "of": whole[x],
                        "summed": x.data.shape != call.node.data.shape
                        and is_elementwise(call.node.rule, part.position, len(call.node.inputs)),
                    }
                )
            node = self.graph.id_of(call.node)
            said = self.wording.backward(i, self.graph.nodes[node], call.arrived, parts)
            steps.append(
                {
                    "phase": "backward",
                    "node": node,
                    "arrived": call.arrived,
                    "parts": parts,
                    "words": said,
                }
            )
        return steps

    def picture(self, nodes: list[Data]) -> Data:
        """Lay the graph out."""
        drawn = [node.id for node in self.graph.nodes if is_drawn(node)]
        widths = {node: self.box_width(node, nodes[node]["title"]) for node in drawn}
        layout = Layout(self.graph, placed(self.graph, widths), widths)
        return {
            "width": layout.width,
            "height": layout.height,
            "boxes": [[node, *layout.boxes[node]] for node in drawn],
            "arrows": [[*edge, path] for edge, path in layout.paths.items()],
            "bands": [[frame.title, *frame.box] for frame in layout.bands.values()],
            "frames": [[frame.title, *frame.box] for frame in layout.frames],
        }

    def box_width(self, node: int, title: str) -> float:
        """Return a width that holds a box's title, its value and its gradient."""
        letters = len(title)
        gradient = self.gradients.get(node)
        for sheet in [self.values[node], *([] if gradient is None else [gradient])]:
            shown = self.sheets.sheets[sheet]
            scalar = shown["shape"] == []
            text = number(shown["cells"][0]) if scalar else size(tuple(shown["shape"]))
            letters = max(letters, len(text) + (5 if sheet == gradient else 0))  # "grad "
        return max(NARROWEST, letters * LETTER + PADDING)


def law(rule: Rule, count: int, number: int) -> Data:
    """Describe an op of `count` inputs: its formula, its derivative's, and the words in them."""
    names = argument_names(rule, count)
    derivative = derivative_formula(rule)
    clauses = [derivative_of(derivative, i, names) for i in range(count)]
    parts = pieces(rule.formula, names, rule.settings)
    said = {part.stands_for: part.text for part in reversed(parts)}  # W for weight
    return {
        "number": number,
        "symbols": [said.get(i, name) for i, name in enumerate(names)],
        "formula": written(rule.formula, rule, names),
        "derivative": derivative,
        "clauses": clauses,
        "counted": [written(without_remark(clause), rule, names) for clause in clauses],
    }


def written(formula: str, rule: Rule, names: list[str]) -> list[Any]:
    """Take a formula apart for JSON: mere text as a string, else [text, stands for, raised]."""
    return [
        piece.text if piece.stands_for is None and not piece.raised else list(piece)
        for piece in pieces(formula, names, rule.settings)
    ]


def is_elementwise(rule: Any, position: int, count: int) -> bool:
    """Say whether an op's gradient has the output's shape before the sweep sums it down."""
    names = argument_names(rule, count)
    clause = derivative_of(derivative_formula(rule), position, names)
    return bool(rule.elementwise) or clause.endswith("= g")
