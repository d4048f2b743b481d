"""To which time step each node of a graph belongs. Imports the engine and ops.

`times_of` reads the steps that ``time_step(t)`` has written down. `inferred_times` finds them in a
loop that does not say: a weight whose uses follow upon one another is used once in each step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from .. import ops
from ..engine.graph import Node
from ..engine.recording import time_of

RUNNING = {ops.add.rule, ops.subtract.rule}
LINEAR = RUNNING | {ops.negative.rule, ops.sum.rule, ops.mean.rule}
JOINING = {ops.stack.rule, ops.concatenate.rule}
REARRANGING = JOINING | {ops.reshape.rule, ops.transpose.rule}


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
    return without_running_sums(
        nodes, {node: None if node.rule is None else time_of(node) for node in nodes}
    )


def without_running_sums(
    nodes: Sequence[Node], times: dict[Node, int | None]
) -> dict[Node, int | None]:
    """Take sums that only collect the losses of the steps out of time."""
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


def inferred_times(nodes: Sequence[Node], weight_side: Collection[Node]) -> dict[Node, int | None]:
    """Find the time steps of a loop that does not name them.

    Parameters
    ----------
    nodes : sequence of Node
        The ancestors of a loss, inputs before outputs; the loss is the last.
    weight_side : collection of Node
        The weights, and what is only a weight in another form (``W.T``, ``W[:H]``).

    Returns
    -------
    dict
        As `times_of`. All None if no weight is used again on what an earlier use of it has made.

    Notes
    -----
    The step of a node is how many uses of one weight lie one behind the other on the way to it,
    less one; of several weights, the most. What stands before the first use, as the product with
    the input does, belongs to the step that reads it. A `stack` of several steps belongs to none.
    """
    owner = owners(nodes, weight_side)
    depths: dict[Node, Counter[Node]] = {}
    for node in nodes:
        depth: Counter[Node] = Counter()
        inputs = [x for x in node.inputs if isinstance(x, Node)]
        for x in inputs:
            depth |= depths.get(x, Counter())  # the larger of each
        distinct = {max(depths[x].values()) for x in inputs if depths.get(x)}
        if node.rule in JOINING and len(distinct) > 1:
            depth = Counter()
        if node not in weight_side and node.rule is not None:
            for weight in {owner[x] for x in inputs if x in owner}:
                depth[weight] += 1
        depths[node] = depth
    repeated = Counter[Node]()
    for depth in depths.values():
        repeated |= depth
    steps = {weight for weight, most in repeated.items() if most > 1}
    times: dict[Node, int | None] = {}
    for node in nodes:
        counts = [n for weight, n in depths[node].items() if weight in steps]
        times[node] = max(counts) - 1 if counts else None
    readers: dict[Node, set[int | None]] = {}
    for node in reversed(nodes):
        read = readers.get(node, set())
        if times[node] is None and node.rule is not None and len(read) == 1:
            (times[node],) = read
        elif node.rule in REARRANGING and read == {(times[node] or 0) + 1}:
            (times[node],) = read  # the state is put in order for the next step, in the next step
        for x in node.inputs:
            if isinstance(x, Node):
                readers.setdefault(x, set()).add(times[node])
    for node in nodes:
        if node.rule is None:
            times[node] = None
    return without_running_sums(nodes, times)


def owners(nodes: Sequence[Node], weight_side: Collection[Node]) -> dict[Node, Node]:
    """Return the weight that each node of the weights' side is a form of."""
    owner: dict[Node, Node] = {}
    for node in nodes:
        if node in weight_side:
            sources = [owner[x] for x in node.inputs if isinstance(x, Node) and x in owner]
            owner[node] = sources[0] if sources else node
    return owner
