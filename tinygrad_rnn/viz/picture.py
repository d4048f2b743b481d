"""Picture: what is drawn, as items and arrows, before anybody chooses colours. Imports `snapshot`.

A plain picture has an item for each node. `rolled` draws a node of every time step as one item;
`folded` draws a module as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from ..engine.errors import explain
from .record import Edge, Kind, NodeRecord
from .scopes import Path, is_time, path_of, times_in
from .snapshot import Snapshot


class Item(NamedTuple):
    """What is drawn as one.

    Attributes
    ----------
    kind : {"parameter", "input", "constant", "op", "module"}
    members : tuple of NodeRecord
        The nodes that it stands for, in topological order.
    path : tuple of str
        The boxes that it lies in, outermost first.
    note : str
        Which steps it belongs to, where that is not all of its box.
    title : str
        Of a module, that of the box that was folded.
    """

    kind: Kind | Literal["module"]
    members: tuple[NodeRecord, ...]
    path: Path
    note: str = ""
    title: str = ""


class Arrow(NamedTuple):
    """An arrow from one item to another; the numbers are places in `Picture.items`.

    Attributes
    ----------
    position : int or None
        Which input of the op it is; None if it is several or enters a module.
    label : str
        What is written on it.
    through_time : bool
        Whether it leads from one time step to another, drawn as one.
    cut : bool
        Whether it brings a state of an earlier step that was cut off: no gradient goes back.
    """

    source: int
    target: int
    position: int | None
    label: str = ""
    through_time: bool = False
    cut: bool = False


class Picture(NamedTuple):
    """Items and arrows.

    Attributes
    ----------
    items : tuple of Item
        Inputs before outputs, but for loops.
    arrows : tuple of Arrow
    titles : dict
        The title of each box.
    root : int
        The item of the Value that the picture is of.
    """

    items: tuple[Item, ...]
    arrows: tuple[Arrow, ...]
    titles: dict[Path, str]
    root: int


def plain(graph: Snapshot) -> Picture:
    """Draw every node."""
    items = tuple(Item(node.kind, (node,), path_of(node.place)) for node in graph.nodes)
    arrows = tuple(Arrow(*edge, cut=is_cut(graph, edge)) for edge in graph.edges())
    titles = {path: title(path[-1]) for path in boxes(items)}
    return Picture(items, arrows, titles, len(items) - 1)


def is_cut(graph: Snapshot, edge: Edge) -> bool:
    """Say whether an arrow brings what an earlier time step computed, and detached.

    Where it was made tells a state that was cut off from data, which needs no gradient either.
    """
    source, target = graph.nodes[edge.source], graph.nodes[edge.target]
    made, used = times_in(source.scope), times_in(target.scope)
    return bool(not source.requires_grad and made and used and made[-1] < used[-1])


def folded(picture: Picture, depth: int) -> Picture:
    """Draw each box that lies in `depth` - 1 others as one item, with all that is in it.

    Parameters
    ----------
    picture : Picture
        Plain or rolled.
    depth : int
        For nodes made in ``lstm/l0/t=3``, 1 draws the whole ``lstm`` as one item, 2
        each layer, 3 each time step.
    """
    inside: dict[Path, list[int]] = {}
    for number, item in enumerate(picture.items):
        if len(item.path) >= depth:
            inside.setdefault(item.path[:depth], []).append(number)
    modules = {
        path: Item(
            "module",
            tuple(members_of(picture, numbers)),
            path[:-1],
            title=picture.titles[path],
        )
        for path, numbers in inside.items()
    }
    # An item stands where the last of its nodes stands, so that most arrows lead forwards.
    last = {numbers[-1]: path for path, numbers in inside.items()}
    folds = {number: path for path, numbers in inside.items() for number in numbers}
    items: list[Item] = []
    places: dict[int | Path, int] = {}
    for number, item in enumerate(picture.items):
        if number in last:
            places[last[number]] = len(items)
            items.append(modules[last[number]])
        elif number not in folds:
            places[number] = len(items)
            items.append(item)
    place = [places[folds.get(number, number)] for number in range(len(picture.items))]
    arrows = joined(picture, items, place)
    titles = {path: t for path, t in picture.titles.items() if len(path) < depth}
    return Picture(tuple(items), arrows, titles, place[picture.root])


def checked_depth(depth: int | None) -> int | None:
    """Refuse what is no depth."""
    if depth is None or (isinstance(depth, int) and not isinstance(depth, bool) and depth > 0):
        return depth
    raise ValueError(
        explain(
            f"depth={depth!r}",
            why="it is a number of boxes within boxes: a module that lies in as many, or more, is"
            " drawn as one node",
            fix="depth=1 draws each outermost module as one node, depth=None all nodes",
        )
    )


def members_of(picture: Picture, numbers: Iterable[int]) -> list[NodeRecord]:
    """List the nodes of several items."""
    return [node for number in numbers for node in picture.items[number].members]


def joined(picture: Picture, items: list[Item], place: list[int]) -> tuple[Arrow, ...]:
    """Carry the arrows over to folded items; those that then look the same are drawn once."""
    found: dict[Arrow, None] = {}
    for arrow in picture.arrows:
        source, target = place[arrow.source], place[arrow.target]
        if source == target and items[target].kind == "module" and not arrow.through_time:
            continue
        position = None if items[target].kind == "module" else arrow.position
        found[arrow._replace(source=source, target=target, position=position)] = None
    return tuple(found)


def boxes(items: Iterable[Item]) -> list[Path]:
    """List the boxes around items, each after the one around it."""
    found: dict[Path, None] = {}
    for item in items:
        for length in range(1, len(item.path) + 1):
            found.setdefault(item.path[:length])
    return list(found)


def title(part: str) -> str:
    """Return the title of the box of a part of a scope."""
    return f"t = {part[2:]}" if is_time(part) else part
