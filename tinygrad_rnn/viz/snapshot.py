"""Snapshot: what a picture needs to know of a graph, read off without changing anything.

Every drawing in this room, as a picture, as text or as a page, begins with `snapshot`. It walks
iteratively and gives the same record for the same graph. Imports the engine, NumPy
and the files above.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ..engine.graph import Node
from .record import Edge, Kind, NodeRecord
from .scopes import common, module_of, times_in
from .subject import graph_of

NO_PARAMS: Mapping[str, Any] = MappingProxyType({})

__all__ = ["Edge", "NodeRecord", "Snapshot", "graph_of", "snapshot", "times_in"]


class Snapshot:
    """A graph as a picture needs it: nodes in topological order, the root last.

    Attributes
    ----------
    nodes : tuple of NodeRecord
        ``nodes[i].id == i``; inputs before outputs.
    originals : tuple
        What each record was made of: the Value itself, or the plain array or number.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> a = tg.Value(3.0, name="a")
    >>> graph = tg.viz.snapshot(a * a)
    >>> graph, graph.root.rule, graph.id_of(a), graph.originals[0] is a
    (<Snapshot of 2 nodes>, 'multiply', 0, True)
    """

    __slots__ = ("_ids", "nodes", "originals")

    def __init__(self, nodes: tuple[NodeRecord, ...], originals: tuple[Any, ...]) -> None:
        self.nodes = nodes
        self.originals = originals
        self._ids = {id(x): i for i, x in enumerate(originals) if isinstance(x, Node)}

    @property
    def root(self) -> NodeRecord:
        """The node that the snapshot was taken of."""
        return self.nodes[-1]

    def edges(self) -> Iterator[Edge]:
        """List the arrows input → op, by op and by position."""
        for node in self.nodes:
            for position, source in enumerate(node.inputs):
                yield Edge(source, node.id, position)

    def users(self) -> list[list[Edge]]:
        """List for each node the arrows that leave it."""
        leaving: list[list[Edge]] = [[] for _ in self.nodes]
        for edge in self.edges():
            leaving[edge.source].append(edge)
        return leaving

    def id_of(self, value: Node) -> int:
        """Return the id of a Value of the graph.

        Raises
        ------
        KeyError
            If the graph does not hold it.
        """
        return self._ids[id(value)]

    def __len__(self) -> int:
        return len(self.nodes)

    def __repr__(self) -> str:
        return f"<Snapshot of {len(self.nodes)} nodes>"


def snapshot(value: Node) -> Snapshot:
    """Record the graph of a Value.

    Parameters
    ----------
    value : Value
        The result to look at; it and everything it was computed from are recorded, plain arrays
        and numbers included.

    Returns
    -------
    Snapshot
        The graph itself is as it was.

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
    >>> graph = snapshot(a * a + 1.0)
    >>> for node in graph.nodes:
    ...     print(node.id, node.kind, node.rule or node.name, node.inputs)
    0 parameter a ()
    1 op multiply (0, 0)
    2 constant None ()
    3 op add (1, 2)
    """
    originals, inputs = numbered(graph_of(value))
    places = places_of(originals, inputs)
    parts = {place: (times_in(place), module_of(place)) for place in dict.fromkeys(places)}
    nodes = (
        record(number, x, inputs[number], place, *parts[place])
        for number, (x, place) in enumerate(zip(originals, places, strict=True))
    )
    return Snapshot(tuple(nodes), tuple(originals))


def numbered(nodes: list[Node]) -> tuple[list[Any], list[tuple[int, ...]]]:
    """List nodes, arrays and numbers in order, and for each the places of its inputs in the list.

    An array that is used twice is one node; a number written twice is two.
    """
    originals: list[Any] = []
    inputs: list[tuple[int, ...]] = []
    ids: dict[int, int] = {}  # by identity: the graph holds what it names, so none is used twice
    for node in nodes:
        numbers = []
        for x in node.inputs:
            number = ids.get(id(x)) if isinstance(x, (Node, np.ndarray)) else None
            if number is None:
                number = ids[id(x)] = len(originals)
                originals.append(x)
                inputs.append(())
            numbers.append(number)
        ids[id(node)] = len(originals)
        originals.append(node)
        inputs.append(tuple(numbers))
    return originals, inputs


def places_of(originals: list[Any], inputs: list[tuple[int, ...]]) -> list[str]:
    """Find out where each node belongs in a picture; see `NodeRecord.place`."""
    places = [x.scope if isinstance(x, Node) else "" for x in originals]
    of_users: dict[int, str] = {}
    for number, place in enumerate(places):
        for source in inputs[number]:
            if not inputs[source] and not places[source]:
                of_users[source] = common(of_users.get(source, place), place)
    for source, place in of_users.items():
        alone = kind_of(originals[source]) != "parameter"
        places[source] = place if alone else module_of(place)  # a weight is of no single step
    return places


def record(
    number: int, x: Any, inputs: tuple[int, ...], place: str, times: tuple[int, ...], module: str
) -> NodeRecord:
    """Write down one node, array or number."""
    node = isinstance(x, Node)
    rule = x.rule if node else None
    value = x.data if node else x
    gradient = x.grad if node else None
    if isinstance(gradient, Node):  # of a sweep with create_graph=True
        gradient = gradient.data
    names = () if rule is None else rule.arrays[: len(inputs)]
    return NodeRecord(
        id=number,
        kind=kind_of(x),
        name=x.name if node else None,
        rule=None if rule is None else rule.name,
        formula=None if rule is None else rule.formula,
        params=MappingProxyType(x.params) if node else NO_PARAMS,
        inputs=inputs,
        arguments=(*names, *map(str, range(len(names), len(inputs)))),
        shape=value.shape if hasattr(value, "shape") else (),
        dtype=str(value.dtype) if hasattr(value, "dtype") else type(value).__name__,
        value=read_only(value),
        gradient=read_only(gradient),
        requires_grad=node and x.requires_grad,
        scope=x.scope if node else "",
        place=place,
        time=times[-1] if times else None,
        module=module,
    )


def kind_of(x: Any) -> Kind:
    """Say what part a node, array or number plays."""
    if isinstance(x, Node):
        return "op" if x.rule is not None else "parameter" if x.requires_grad else "input"
    return "input" if isinstance(x, np.ndarray) and x.ndim else "constant"


def read_only(x: Any) -> Any:
    """Return an array as a view that cannot be written to; anything else as it is."""
    if isinstance(x, np.ndarray):
        x = x.view()
        x.flags.writeable = False
    return x
