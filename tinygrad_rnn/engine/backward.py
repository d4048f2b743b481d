"""The reverse sweep: walk the graph from its root and apply each rule's VJP once.

This is the only place that sums gradients: over the uses of a value, and over the axes along
which an input was broadcast. It names no Value and imports only the graph and the errors.
"""

from __future__ import annotations

from collections.abc import Collection, Container
from typing import Any

from numpy import ndarray

from .graph import Node, ancestors, dependants
from .messages import no_derivative, not_a_gradient, wrong_number, wrong_shape, wrong_total

Gradient = Any
NO_WAY = object()  # instead of a gradient: the result does not depend on this input


class Deferred:
    """A gradient that is not an array yet, so that sums of many stay cheap.

    A VJP may return one instead of an array. Two of the same kind merge by `absorb`; `dense`
    gives what they stand for. The sweep never looks inside.
    """

    __slots__ = ()

    def absorb(self, other: Deferred) -> bool:
        """Take `other` in, if it is of the same kind; say whether it was taken."""
        raise NotImplementedError

    def dense(self) -> Gradient:
        """Return the gradient as a new array that shares memory with nothing (or as a Value)."""
        raise NotImplementedError

    def add_to(self, buffer: ndarray) -> None:
        """Add the gradient to an array in place, at no more than the cost of its own parts."""
        raise NotImplementedError

    def added_to(self, other: Gradient) -> Gradient:
        """Return `other` and the gradient added, as `add_to` adds them, but of Values."""
        return other + self.dense()


class Sum:
    """The gradient of a node that has more than one: a dense part and deferred ones."""

    __slots__ = ("deferred", "gradient", "owned")

    def __init__(self, first: Gradient) -> None:
        self.gradient: Gradient = None
        self.owned = False  # whether nobody else holds the array, so that it may grow in place
        self.deferred: list[Deferred] = []
        self.add(first)

    def add(self, g: Gradient) -> None:
        """Add one more contribution."""
        held = self.gradient
        if isinstance(g, Deferred):
            for other in self.deferred:
                if other.absorb(g):
                    return
            self.deferred.append(g)
        elif held is None:
            self.gradient = g
        elif self.owned and type(held) is ndarray and type(g) is ndarray:
            held += g
        else:
            self.gradient, self.owned = held + g, True

    def total(self, create_graph: bool) -> Gradient:
        """Return the sum of all contributions, in an array that nobody else holds."""
        for part in self.deferred:
            if self.gradient is None:
                self.gradient = part.dense()
            elif isinstance(self.gradient, ndarray) and not create_graph:
                if not self.owned:
                    self.gradient = self.gradient.copy()
                part.add_to(self.gradient)
            else:
                self.gradient = part.added_to(self.gradient)
            self.owned = True
        return self.gradient


class Sweep:
    """The gradients that one reverse sweep computes.

    Parameters
    ----------
    root : Node
        Where the sweep starts.
    gradient : array or Value
        The gradient of `root`, of its shape.
    create_graph : bool
        Run the VJPs on nodes, not arrays: the ops that compute gradients are recorded, too.
    retain : bool
        Whether to keep the gradients of the nodes on the way beside the leaves'.
    sources : collection of Node, optional
        The nodes whose gradients are wanted: only what depends on them is swept, and only their
        gradients are kept. By default all leaves are.

    Attributes
    ----------
    nodes : list of Node
        Every node on the way, inputs before outputs. None of them is written to.
    gradients : dict
        From each kept node that the sweep reached to its gradient.
    fresh : set of Node
        The nodes whose gradient shares memory with nothing.

    Raises
    ------
    GraphError, ShapeError
        If gradients of a VJP are of wrong number or shape, or missing: which, of which op.
    """

    def __init__(
        self,
        root: Node,
        gradient: Gradient,
        *,
        create_graph: bool = False,
        retain: bool = True,
        sources: Collection[Node] | None = None,
    ) -> None:
        self.nodes = ancestors(root)
        self.wanted = None if sources is None else dependants(self.nodes, sources)
        self.gradients: dict[Node, Gradient] = {root: gradient}
        self.fresh: set[Node] = set()
        self.create_graph = create_graph
        gradients, wanted = self.gradients, self.wanted
        kept = () if sources is None else set(sources)
        for node in reversed(self.nodes):
            g = gradients.get(node)
            if g is None or (wanted is not None and node not in wanted):
                continue
            data = node.data
            if type(g) is not type(data) or g.dtype is not data.dtype:
                g = gradients[node] = self.settled(node, g)
            if node.rule is not None:
                if not retain and node not in kept:
                    del gradients[node]
                self.spread(node, g)

    def spread(self, node: Node, g: Gradient) -> None:
        """Add what a node's VJP gives to its inputs."""
        totals = self.gradients
        for x, gx in contributions(node, g, self.create_graph, self.wanted):
            held = totals.get(x)
            if held is None:
                totals[x] = gx
                if node.rule.fresh:  # type: ignore[union-attr]
                    self.fresh.add(x)
            elif type(held) is Sum:
                held.add(gx)
            elif isinstance(held, Deferred) and isinstance(gx, Deferred) and held.absorb(gx):
                continue
            elif isinstance(held, Deferred) or isinstance(gx, Deferred):
                totals[x] = both = Sum(held)
                both.add(gx)
            elif x in self.fresh and type(held) is type(gx) is ndarray:
                held += gx
            else:
                totals[x] = held + gx
                self.fresh.add(x)

    def settled(self, node: Node, g: Gradient) -> Gradient:
        """Turn what has arrived at a node into one array (or Value) of the node's dtype."""
        if isinstance(g, (Sum, Deferred)):
            g = g.total(self.create_graph) if isinstance(g, Sum) else g.dense()
            self.fresh.add(node)
            if g.shape != node.data.shape:
                raise wrong_total(node, g)
        if g.dtype != node.data.dtype:
            g = g.astype(node.data.dtype)
            self.fresh.add(node)
        return g[()] if type(g) is ndarray and not g.ndim else g  # scalars are quicker


def contributions(
    node: Node,
    g: Gradient,
    create_graph: bool = False,
    wanted: Container[Node] | None = None,
) -> list[tuple[Node, Gradient]]:
    """Apply a node's VJP: what each of its inputs receives, in their shapes.

    The VJP runs on nodes if `create_graph`, else on arrays. Computed are the inputs among `wanted`,
    by default all that require a gradient. They come in their order, each with its gradient, which
    may be `Deferred`; one that is used twice comes twice.
    """
    rule, inputs = node.rule, node.inputs
    if rule is None or rule.vjp is None:
        raise no_derivative(rule)
    if create_graph:
        gradients = rule.vjp(g, node, *inputs, **node.params)
    elif len(inputs) == 1:  # a node, or no gradient would be asked for
        gradients = rule.vjp(g, node.data, inputs[0].data, **node.params)
    else:
        arrays = [x.data if isinstance(x, Node) else x for x in inputs]
        gradients = rule.vjp(g, node.data, *arrays, **node.params)
    if type(gradients) is not tuple and type(gradients) is not list:
        gradients = (gradients,)
    if len(gradients) != len(inputs):
        raise wrong_number(node, len(gradients))
    found = []
    for position, x in enumerate(inputs):
        if not (isinstance(x, Node) and x.requires_grad and (wanted is None or x in wanted)):
            continue
        gx: Any = gradients[position]
        if type(gx) is not ndarray and callable(gx):
            gx = gx()  # costly, so computed only now that somebody asks for it
        if type(gx) is ndarray:
            if gx.shape != x.data.shape:
                gx = fitted(gx, node, position)
        elif type(gx) is not type(x.data) and not isinstance(gx, Deferred):
            if gx is NO_WAY:
                continue
            gx = fitted(gx, node, position)
        found.append((x, gx))
    return found


def fitted(g: Gradient, node: Node, position: int) -> Gradient:
    """Check the gradient of an input, and undo broadcasting: sum over the repeated axes.

    Works on arrays and on Values. An axis of length 1 needs no sum, only a reshape.
    """
    if not hasattr(g, "shape"):
        raise not_a_gradient(node, position, g)
    shape = node.inputs[position].data.shape
    if g.shape == shape:
        return g
    extra = len(g.shape) - len(shape)
    if extra > 0 and g.shape[extra:] == shape:  # repeated along new axes only, as a bias is
        several = g.shape[:extra] != (1,) * extra
        return g.sum(axis=tuple(range(extra))) if several else g.reshape(shape)
    repeated = [i for i, n in enumerate(g.shape) if i < extra or shape[i - extra] == 1 != n]
    summed = [1 if i in repeated else n for i, n in enumerate(g.shape)]
    if extra < 0 or tuple(summed[extra:]) != shape:
        raise wrong_shape(node, position, g)
    repeated = [i for i in repeated if g.shape[i] != 1]
    return (g.sum(axis=tuple(repeated)) if repeated else g).reshape(shape)
