"""Gradients kept apart by the paths on which they come: what the rest of this room rests on.

A gradient is a sum over all paths from the loss back to a weight, and each path crosses time steps.
`gradients_by_label` goes back as the sweep does, but adds up only what carries the same label.
Imports the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from ..engine.backward import Gradient, Sum, contributions
from ..engine.graph import Node, ancestors, by_creation, dependants

Label = TypeVar("Label", bound=Hashable)
SomeNode = TypeVar("SomeNode", bound=Node)


def gradients_by_label(
    nodes: Sequence[Node],
    seeds: Mapping[Node, Mapping[Label, Gradient]],
    sources: Collection[Node],
    label_at: Callable[[Label, Node], Label] = lambda label, node: label,
    stops: Collection[Node] = (),
) -> dict[Node, dict[Label, Any]]:
    """Go back from several nodes at once, and add up only gradients of the same label.

    Parameters
    ----------
    nodes : sequence of Node
        What to go through, inputs before outputs.
    seeds : mapping from node to mapping from label to gradient
        Where to start.
    sources : collection of Node
        The nodes whose gradients are wanted.
    label_at : callable
        Gives the label under which a gradient leaves a node, from that under which it came.
    stops : collection of Node
        The nodes at which to end: what arrives there goes no further.

    Returns
    -------
    dict
        From each source that was reached to its gradients by the label under which they came,
        arrays of its shape. They may share memory with one another and with the graph.

    Notes
    -----
    With a single label this is the engine's own reverse sweep. It costs one application of a VJP
    for each pair of a node and a label that meet.
    """
    wanted = dependants(nodes, sources)
    arrived: dict[Node, dict[Label, Sum]] = {
        node: {label: Sum(g) for label, g in family.items()} for node, family in seeds.items()
    }
    found: dict[Node, dict[Label, Any]] = {}
    for node in reversed(nodes):
        sums = arrived.pop(node, None)
        if sums is None:
            continue
        family = {label: settled(node, total) for label, total in sums.items()}
        if node in sources:
            found[node] = family
        if node.rule is None or node in stops:
            continue
        leaving: dict[Label, Any] = {}
        for label, g in family.items():
            label = label_at(label, node)
            leaving[label] = leaving[label] + g if label in leaving else g
        for label, g in leaving.items():
            for x, gx in contributions(node, g, wanted=wanted):
                sums = arrived.setdefault(x, {})
                if label in sums:
                    sums[label].add(gx)
                else:
                    sums[label] = Sum(gx)
    return found


def settled(node: Node, total: Sum) -> Any:
    """Return the sum of what has arrived, an array of the node's dtype."""
    g = total.total(create_graph=False)
    return g if g.dtype == node.data.dtype else g.astype(node.data.dtype)


def ancestors_of_all(roots: Iterable[SomeNode]) -> list[SomeNode]:
    """List the nodes that any of several nodes was computed from, inputs before outputs."""
    seen: set[SomeNode] = set()
    for root in sorted(roots, key=by_creation, reverse=True):  # the last has most of the others
        if root not in seen:
            seen.update(ancestors(root))
    return sorted(seen, key=by_creation)
