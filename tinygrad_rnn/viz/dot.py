"""Dot: a graph as a drawing in Graphviz' language. Imports the files above.

The drawing is ``graphviz.Digraph``'s; that package is imported when the first one is made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ..compiler.program.program import Program
from ..compiler.program.steps import Step
from ..engine.errors import explain
from ..engine.graph import Node
from .escaping import in_label, in_tooltip
from .labels import FAINT, INK, LOOKS, has_ports, label, tooltip
from .picture import Arrow, Item, Picture, boxes, checked_depth, folded, plain
from .programs import chosen, snapshot_of_program
from .rendering import drawing_class
from .rolled import roll
from .scopes import Path, path_of, times_in
from .snapshot import Snapshot, snapshot
from .subject import graph_of

# Chosen by measuring: at 450 nodes a drawing is some 12,000 points wide, eight screens side by
# side, and Graphviz takes a second; at 1,700 it takes five, and from then on ever longer per node.
LIMIT = 400

FONT = "Verdana"  # wide, and Graphviz knows its widths: others, where it is missing, fit as well
PAPER = "#ffffff"  # a background of its own, so that a dark viewer does not swallow the letters
SHADES = ("#f6f8fa", "#eceff3")  # of boxes within boxes, in turn
FRAME = "#98a3af"
THROUGH_TIME = "#c2185b"
CUT = "#b45309"


class TooLarge(ValueError):
    """There is more to draw than a layout can make readable."""


def draw(
    value: Node | Program,
    rolled: bool = False,
    values: bool = True,
    grads: bool = True,
    depth: int | None = None,
    *,
    after: str | None = None,
    limit: int | None = LIMIT,
) -> Any:
    """Draw how a Value was computed, or the program of a compiled function.

    Parameters
    ----------
    value : Value or Program
        The result: it and everything it was computed from are drawn. Of a program,
        ``compiled.program``, the steps, which have no numbers.
    rolled : bool
        Draw the same op of different time steps once; arrows from one step to another are dashed.
        The drawing then has the same size for 5 time steps as for 500.
    values, grads : bool
        Whether to write the numbers and the gradients on the nodes.
    depth : int, optional
        How many boxes within boxes to draw: 1 draws each outermost module as one node.
    after : str, optional
        Of a program: draw it as it was after the pass of this name; "trace" is before all of them.
    limit : int or None
        The largest number of nodes to draw; None for any.

    Returns
    -------
    graphviz.Digraph
        It shows itself in a notebook. ``.write("graph.svg")`` writes a file, by its ending an SVG,
        PNG, HTML or DOT file; ``.source`` is the DOT text; ``.render()`` and ``.pipe()`` are
        graphviz' own. Without Graphviz on the machine ``pip install "tinygrad-rnn[render]"``
        suffices.

    Raises
    ------
    TypeError
        If `value` is not a Value.
    RuntimeError
        If it was not computed from anything.
    ValueError
        If there are more nodes than `limit`, or `depth` is not a number of boxes.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> a = tg.Value(2.0, name="a")
    >>> drawing = draw(a * a + 1.0)
    >>> drawing.source.splitlines()[0]
    'digraph "graph" {'
    """
    depth = checked_depth(depth)
    if isinstance(value, Program):
        steps = chosen(value, after)
        check_size(least_size(steps.steps, rolled, depth), limit, rolled)
        return pictured(snapshot_of_program(steps), rolled, depth, limit, False, False)
    check_size(least_size(graph_of(value), rolled, depth), limit, rolled)  # before it takes time
    return pictured(snapshot(value), rolled, depth, limit, values, grads)


def pictured(
    graph: Snapshot, rolled: bool, depth: int | None, limit: int | None, values: bool, grads: bool
) -> Any:
    """Draw a snapshot."""
    picture = roll(graph) if rolled else plain(graph)
    if depth is not None:
        picture = folded(picture, depth)
    check_size(len(picture.items), limit, rolled)
    return digraph(picture, values=values, grads=grads)


def least_size(nodes: Iterable[Node | Step], rolled: bool, depth: int | None) -> int:
    """Count the items that a picture must have at least, by the scopes of the ops alone."""
    scopes = Counter(node.scope for node in nodes if node.rule is not None)
    shown = {s: n for s, n in scopes.items() if depth is None or len(path_of(s)) < depth}
    if rolled and any(map(times_in, scopes)):  # those of one step are not rolled together
        return max((n for s, n in shown.items() if times_in(s)), default=0)
    return sum(shown.values())


def check_size(nodes: int, limit: int | None, rolled: bool) -> None:
    """Refuse what no layout can make readable."""
    if limit is None or nodes <= limit:
        return
    roll_it = "" if rolled else "rolled=True draws the ops of all time steps once; "
    raise TooLarge(
        explain(
            f"too many nodes for one drawing: {nodes:,} at least",
            why=f"beyond {limit:,} it would be many screens wide, and take long to lay out",
            fix=f"{roll_it}depth=1 draws each module as one node; steps of your own loop and parts"
            " of your own model are known by time_step(t) and name_scope(name); limit=None draws"
            " it all the same",
        )
    )


def digraph(picture: Picture, *, values: bool = True, grads: bool = True) -> Any:
    """Write a picture in Graphviz' language: the same text for the same picture."""
    make = drawing_class()
    letters = {"fontname": FONT, "fontsize": "12", "fontcolor": INK}
    drawing = make(
        "graph",
        format="svg",
        graph_attr={**letters, "bgcolor": PAPER, "nodesep": "0.25", "ranksep": "0.4", "pad": "0.2"},
        node_attr={**letters, "margin": "0.06,0.04"},
        edge_attr={**letters, "fontsize": "10", "color": FAINT, "arrowsize": "0.6"},
    )
    frames: dict[Path, Any] = {(): drawing}
    for number, path in enumerate(boxes(picture.items)):
        frames[path] = make(f"cluster_{number}", graph_attr=frame(picture.titles[path], path))
    for number, item in enumerate(picture.items):
        written = label(item, values=values, grads=grads, root=number == picture.root)
        frames[item.path].node(f"n{number}", written, **look(item))
    # Each box is finished before it is put into the one around it, which copies it.
    within: dict[Path, list[Path]] = {path: [] for path in frames}
    for path in list(frames)[1:]:
        within[path[:-1]].append(path)
    for path in reversed(frames):
        for inner in within[path]:
            frames[path].subgraph(frames[inner])
    for arrow in picture.arrows:
        ends = f"n{arrow.source}", head(arrow, picture.items[arrow.target])
        attributes = line(arrow)
        if arrow.through_time and arrow.target < arrow.source:  # Graphviz lays it out as its like
            ends, attributes["dir"] = ends[::-1], "back"
        drawing.edge(*ends, **attributes)
    return drawing


def look(item: Item) -> dict[str, str]:
    """Choose shape, colours and tooltip of an item."""
    shape, fill, colour = LOOKS[item.kind]
    style = "" if shape == "plain" else "filled"  # a plain one is drawn by its label
    room = {
        "constant": {"width": "0.45", "height": "0.35"},
        "module": {"margin": "0.2,0.05"},  # beside what sticks out of a component
    }
    return room.get(item.kind, {}) | {
        "shape": shape,
        "style": style,
        "fillcolor": fill,
        "color": colour,
        "tooltip": in_tooltip(tooltip(item)),
    }


def frame(title: str, path: Path) -> dict[str, str]:
    """Choose how the box of a module or time step looks."""
    return {
        "label": f"<{in_label(title)}>",
        "tooltip": in_tooltip("/".join(path)),
        "style": "rounded,filled",
        "color": FRAME,
        "fillcolor": SHADES[len(path) % 2],
        "labeljust": "l",
    }


def head(arrow: Arrow, target: Item) -> str:
    """Say where an arrow ends: at the name of the input, if the op shows it."""
    named = arrow.position is not None and has_ports(target)
    return f"n{arrow.target}:i{arrow.position}:n" if named else f"n{arrow.target}"


def line(arrow: Arrow) -> dict[str, str]:
    """Choose how an arrow looks: dashed from one time step to another, dotted where it is cut."""
    words = ", ".join(filter(None, (arrow.label, "cut: no gradient" if arrow.cut else "")))
    attributes = {"label": f"< {in_label(words)}>"} if words else {}
    if arrow.cut:
        attributes |= {"style": "dotted", "color": CUT, "fontcolor": CUT, "penwidth": "2"}
    elif arrow.through_time:
        colours = {"color": THROUGH_TIME, "fontcolor": THROUGH_TIME, "penwidth": "1.6"}
        attributes |= {"style": "dashed", **colours}
    return attributes
