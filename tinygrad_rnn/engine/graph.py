"""The graph and the walk through it: each node once, no recursion. Imports nothing of ours.

Nothing calls itself, so a graph of a million nodes is walked at Python's default recursion limit.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .rule import Rule

creation_order = itertools.count()


class Node:
    """What the graph knows of a number: its value, and how it was made.

    Attributes
    ----------
    data : numpy.ndarray or numpy.generic
        The value.
    grad : array, Value or None
        The gradient of the last sweep (leaves: accumulated), None until computed.
    name : str or None
        A name for people.
    rule : Rule or None
        The op that made it; None for a leaf.
    inputs : tuple
        What the op was applied to, in order: nodes, and plain arrays or numbers for constants.
    params : dict
        The op's static settings.
    scope : str
        Where it was made: ``"lstm/l0/t=3"``.
    requires_grad : bool
        Whether a sweep goes through it.
    order : int
        Its place in the order of creation. A node is made after its inputs, so that sorting by
        `order` sorts the graph topologically.
    """

    __slots__ = (
        "__weakref__",
        "data",
        "grad",
        "inputs",
        "name",
        "order",
        "params",
        "requires_grad",
        "rule",
        "scope",
    )

    data: Any
    grad: Any
    name: str | None
    rule: Rule | None
    inputs: tuple[Any, ...]
    params: dict[str, Any]
    scope: str
    requires_grad: bool
    order: int


by_creation = attrgetter("order")

SomeNode = TypeVar("SomeNode", bound=Node)


def ancestors(root: SomeNode, *, constants: bool = False) -> list[SomeNode]:
    """List the nodes that `root` was computed from, itself included, inputs before outputs.

    Parameters
    ----------
    root : Node
        Where to start.
    constants : bool
        Whether to include nodes that need no gradient.

    Returns
    -------
    list of Node
        Each node once, in order of creation, which is a topological order.
    """
    seen: set[Node] = {root}
    found = [root]
    for node in found:  # which grows meanwhile
        for x in node.inputs:
            if isinstance(x, Node) and x not in seen and (x.requires_grad or constants):
                seen.add(x)
                found.append(x)  # type: ignore[arg-type]
    found.sort(key=by_creation)
    return found


def dependants(nodes: Iterable[Node], sources: Collection[Node]) -> set[Node]:
    """Return those of `nodes`, given inputs before outputs, that were computed from `sources`."""
    found = set(sources)
    for node in nodes:
        if any(isinstance(x, Node) and x in found for x in node.inputs):
            found.add(node)
    return found


def data_of(x: Any) -> Any:
    """Return the data of a node; leave anything else as it is."""
    return x.data if isinstance(x, Node) else x
