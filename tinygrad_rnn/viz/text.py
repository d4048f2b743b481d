"""Text: a graph as lines for a terminal. Imports `snapshot` and what writes labels.

The result stands at the top, and below it, indented, what it was computed from. Nothing here calls
itself, and no line grows with the depth of the graph.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from ..engine.graph import Node
from ..engine.places import line_of
from .escaping import printable
from .labels import NOT_COMPUTED, settings
from .numbers import Range, shown, size
from .record import NodeRecord
from .snapshot import snapshot

DEEPEST = 24  # levels of indentation
FORK, LAST, PIPE, SPACE = "├─ ", "└─ ", "│  ", "   "
ABOVE, BELOW = " ↑", " ↓"


def tree(value: Node, values: bool = True, grads: bool = True) -> str:
    """Write how a Value was computed, as text.

    A node that is used twice is written once; where it comes again, ``↑`` behind its number says
    that it stands above. What lies deeper than 24 levels goes on below, where
    ``↓`` says so.

    Parameters
    ----------
    value : Value
        The result.
    values, grads : bool
        Whether to write the numbers and the gradients.

    Returns
    -------
    str
        A line for each node, and one for each further use of it.

    Raises
    ------
    TypeError
        If `value` is not a Value.
    RuntimeError
        If it was not computed from anything.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> a = tg.Value(3.0, name="a")
    >>> b = a * a + 1.0
    >>> b.backward()
    >>> print(tree(b))
    #3 add  y = a + b  () float64  value 10  grad 1
    ├─ #1 multiply  y = a · b  () float64  value 9  grad 1
    │  ├─ #0 a  parameter  () float64  value 3  grad 6
    │  └─ #0 a ↑
    └─ #2 1
    """
    nodes = snapshot(value).nodes
    lines: list[str] = []
    written: set[int] = set()
    roots = deque([nodes[-1].id])
    while roots:
        # Each entry: a node, what stands before its line and before those below it, its user.
        stack: list[tuple[int, str, str, NodeRecord | None]] = [(roots.popleft(), "", "", None)]
        while stack:
            number, before, before_inputs, user = stack.pop()
            node = nodes[number]
            if number in written:
                if user is not None:
                    lines.append(f"{before}{title(node)}{ABOVE}")
            elif len(before_inputs) > DEEPEST * len(PIPE):
                lines.append(f"{before}{title(node)}{BELOW}")
                roots.append(number)
            else:
                written.add(number)
                place = "" if user is not None and user.place == node.place else node.place
                lines.append(before + line(node, place, values, grads))
                last = len(node.inputs) - 1
                for i in range(last, -1, -1):
                    fork, below = (LAST, SPACE) if i == last else (FORK, PIPE)
                    entry = (node.inputs[i], before_inputs + fork, before_inputs + below, node)
                    stack.append(entry)
    return "\n".join(lines)


def title(node: NodeRecord) -> str:
    """Name a node by its number and what it is."""
    if node.kind == "constant" and not node.name:
        return f"#{node.id} {in_one_line(node.value)}"
    return f"#{node.id} {printable(node.name or node.rule or node.kind)}"


def line(node: NodeRecord, place: str, values: bool, grads: bool) -> str:
    """Write all about a node, and where it was made as far as that is known."""
    if node.kind == "constant":
        return title(node)
    parts = [title(node)]
    if node.name:
        parts.append(node.rule or node.kind)
    parts += [printable(part) for part in (node.formula, settings(node)) if part]
    parts.append(f"{size(node.shape)} {node.dtype}")
    if values:
        parts.append(f"value {in_one_line(node.value)}")
    if grads and node.requires_grad:
        known = node.gradient is not None
        parts.append(f"grad {in_one_line(node.gradient) if known else NOT_COMPUTED}")
    if place:
        parts.append(f"in {printable(place)}")
    if made_at := line_of(node):
        parts.append(f"at {printable(made_at)}")
    return "  ".join(parts)


def in_one_line(array: Any) -> str:
    """Write a few numbers, or the range of many, without a line break."""
    what = shown([array])
    if not isinstance(what, Range):
        return " ".join(row.strip() for row in what)
    if what.min == what.max:
        return f"{what.min} everywhere"
    return f"{what.min} … {what.max}, mean {what.mean}"
