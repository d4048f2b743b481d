"""Gradients kept apart by the paths on which they come: what the rest of this room rests on.

A gradient is a sum over all paths from the loss back to a weight, and each path crosses time steps.
`times_of` says when each node happened, `gradients_by_label` goes back as the sweep does, but adds
up only what carries the same label. Imports the engine and ops.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from .. import ops
from ..engine.backward import Gradient, Sum, contributions
from ..engine.graph import Node, ancestors, by_creation, dependants
from ..engine.recording import time_of

Label = TypeVar("Label", bound=Hashable)
SomeNode = TypeVar("SomeNode", bound=Node)

RUNNING = {ops.add.rule, ops.subtract.rule}
LINEAR = RUNNING | {ops.negative.rule, ops.sum.rule, ops.mean.rule}


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


def times_of(nodes: Sequence[Node]) -> dict[Node, int | None]:
    """Return the time index of each node, None for those that stand outside of time.

    Parameters
    ----------
    nodes : sequence of Node
        The ancestors of a loss, inputs before outputs; the loss is the last.

    Notes
    -----
    Leaves have none, wherever they were made: a weight is *used* at a time.

    A loss that is added up step by step, ``loss = loss + …`` inside ``time_step(t)``, is a sum that
    happens to be written there: its terms belong to their own steps, the sum itself to none. Such a
    sum is an addition of an earlier step's number that nothing else uses, and the loss is linear in
    it. (A state that is only ever added to, and read at the end, is the same graph.)
    """
    times = {node: None if node.rule is None else time_of(node) for node in nodes}
    uses = Counter(x for node in nodes for x in node.inputs if isinstance(x, Node))
    waiting, seen = [nodes[-1]], set()
    while waiting:
        node = waiting.pop()
        inputs = [x for x in node.inputs if isinstance(x, Node) and x in times]
        if times[node] is not None:
            earlier = [x for x in inputs if times[x] not in (None, times[node])]
            if node.rule not in RUNNING or not earlier or any(uses[x] > 1 for x in earlier):
                continue
            times[node] = None
        if node not in seen and is_linear(node):
            waiting += inputs
        seen.add(node)
    return times


def is_linear(node: Node) -> bool:
    """Say whether a node is a sum of its inputs, or a number times (or divided by) a constant."""
    varying = [isinstance(x, Node) and x.requires_grad for x in node.inputs]
    if node.rule is ops.multiply.rule:
        return varying.count(True) == 1
    if node.rule is ops.divide.rule:
        return varying == [True, False]
    return node.rule in LINEAR


def ancestors_of_all(roots: Iterable[SomeNode]) -> list[SomeNode]:
    """List the nodes that any of several nodes was computed from, inputs before outputs."""
    seen: set[SomeNode] = set()
    for root in sorted(roots, key=by_creation, reverse=True):  # the last has most of the others
        if root not in seen:
            seen.update(ancestors(root))
    return sorted(seen, key=by_creation)
