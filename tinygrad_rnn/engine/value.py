"""Value: a number in the graph, and `apply`, which computes an op and records it.

An op on Values computes with NumPy at once and records how the result was made, so that
`Value.backward` can go back through it. This module names ops only by their key in `RULES`;
what they compute, and their derivatives, are on the floors above.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import generic, ndarray

from .backward import Sweep
from .copying import copied
from .graph import Node, creation_order
from .intake import as_array, as_data, as_result
from .leaf_history import HISTORIES, added_to, warn_if_stale
from .messages import failed_forward, no_graph
from .methods import seen_by_tracer
from .operators import Operators
from .recording import current
from .rule import NO_PARAMS, RULES, Rule
from .sweeping import starting_gradient, sweep_from


class Value(Operators):
    """A scalar or tensor that remembers how it was computed.

    Parameters
    ----------
    data : array_like
        An array is aliased, not copied. Python numbers become float64.
    name : str, optional
        A name for people: shown by ``repr``, drawings and errors.
    requires_grad : bool
        Whether gradients are computed for it.

    Raises
    ------
    TypeError
        If `data` is not a number or an array of numbers, or is an integer or boolean array that
        shall have a gradient.

    Examples
    --------
    >>> a = Value(-4.0, name="a")
    >>> b = Value(2.0, name="b")
    >>> y = a * b + b**3
    >>> y.backward()
    >>> float(y), float(a.grad), float(b.grad)
    (0.0, 2.0, 8.0)
    """

    __slots__ = ()

    def __init__(self, data: Any, *, name: str | None = None, requires_grad: bool = True) -> None:
        self.data = np.float64(data) if type(data) is float else as_data(data, requires_grad)
        self.grad = None
        self.name = name
        self.rule = None
        self.inputs = ()
        self.params = NO_PARAMS
        self.scope = current.get().scope
        self.requires_grad = requires_grad
        self.order = next(creation_order)

    def backward(
        self, gradient: Any = None, *, retain_grad: bool = True, create_graph: bool = False
    ) -> None:
        """Compute the gradient of this Value by every Value that it was computed from.

        Leaves add it to their ``.grad``; the Values on the way hold the gradient of this sweep.
        All are written at the end, so that a sweep that raises leaves every ``.grad`` as it was.

        Parameters
        ----------
        gradient : array_like, optional
            The gradient of this Value, of its shape; 1 for a single number.
        retain_grad : bool
            Whether Values on the way keep their gradient (read-only). Training passes False.
        create_graph : bool
            Record the sweep itself: each ``.grad`` is then a Value that can be differentiated.

        Raises
        ------
        RuntimeError
            If nothing was recorded, or an op has no derivative.
        ValueError
            If this is not a single number and no `gradient` is given, or its shape is wrong.
        """
        if self.rule is None:
            raise no_graph(self)
        seed = starting_gradient(self, gradient, create_graph)
        sweep = sweep_from(self, seed, create_graph=create_graph, retain=retain_grad)
        finished = [(node, final_gradient(node, g, sweep)) for node, g in sweep.gradients.items()]
        for node in sweep.nodes:
            if node.rule is not None:
                node.grad = None  # never the gradient of an earlier sweep
        if HISTORIES:  # some optimiser has taken a step
            warn_if_stale(sweep.nodes, (node for node, _ in finished if node.rule is None))
        for node, g in finished:
            node.grad = g

    def detach(self) -> Value:
        """Return a Value of the same data (aliased) that no gradient goes through."""
        seen = seen_by_tracer(self)
        if seen is not self:
            return seen.detach()
        return Value(self.data, name=self.name, requires_grad=False)

    def as_leaf(self) -> Value:
        """Return a Value of the same data (aliased) that requires a gradient of its own."""
        seen = seen_by_tracer(self)
        return Value(self.data) if seen is self else seen.as_leaf()

    def astype(self, dtype: Any) -> Value:
        """Return the data in another float dtype; the gradient comes back in this one."""
        return apply(RULES["astype"], (self,), {"dtype": np.dtype(dtype)})

    def relu(self) -> Value:
        """``max(x, 0)`` of each entry."""
        return apply(RULES["relu"], (self,))

    def sigmoid(self) -> Value:
        """``1 / (1 + e⁻ˣ)`` of each entry."""
        return apply(RULES["sigmoid"], (self,))

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    def __repr__(self) -> str:
        text = np.array2string(self.data, separator=", ", prefix="Value(")
        dtype = "" if self.data.dtype == np.float64 else f", dtype={self.data.dtype}"
        name = "" if self.name is None else f", name={self.name!r}"
        made_by = "" if self.rule is None else f", op={self.rule.name}"
        return f"Value({text}{dtype}{name}{made_by})"

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        return copied(self, memo)


new = Value.__new__


def apply(rule: Rule, inputs: tuple[Any, ...], params: dict[str, Any] = NO_PARAMS) -> Any:
    """Compute an op now, and record how the result was made.

    Parameters
    ----------
    rule : Rule
        The op.
    inputs : tuple
        Values, arrays and numbers, in the order of the rule's forward function.
    params : dict
        Its static settings.

    Returns
    -------
    Value or array
        A plain array if no input is a Value, or if the op has no derivative (comparisons, …).

    Raises
    ------
    ValueError, TypeError, IndexError
        What NumPy raises, with op, shapes and scope named.
    """
    now = current.get()
    if now.tracer is not None:
        return now.tracer.apply(rule, inputs, params)
    arrays = []
    has_values = wanted = False
    for x in inputs:
        if isinstance(x, Node):
            arrays.append(x.data)
            has_values = True
            if x.requires_grad:
                wanted = True
        elif isinstance(x, (list, tuple)):
            return apply(rule, tuple(as_array(x) for x in inputs), params)
        else:
            arrays.append(x)
    try:
        y = rule.forward(*arrays, **params)
    except Exception as error:
        worded = failed_forward(rule, inputs, params, now.scope, error)
        if worded is error:
            raise
        raise worded from error
    if not (has_values and rule.differentiable):
        return y
    node = new(Value)
    node.data = y if type(y) is ndarray or isinstance(y, generic) else as_result(y, rule)
    node.grad = None
    node.name = None
    node.scope = now.scope
    node.order = next(creation_order)
    if wanted and now.plain:  # recorded, and nobody watches: the usual case
        node.requires_grad = True
        node.rule, node.inputs, node.params = rule, inputs, params
        return node
    node.requires_grad = recorded = wanted and now.mode.enabled
    node.rule = rule if recorded else None
    node.inputs = inputs if recorded else ()
    node.params = params if recorded else NO_PARAMS
    if now.mode.watcher is not None:
        now.mode.watcher.look_at(node, rule, inputs)
    return node


Value.apply = staticmethod(apply)  # type: ignore[method-assign]


def final_gradient(node: Node, g: Any, sweep: Sweep) -> Any:
    """Return what to write into ``node.grad``: for leaves the sum with what is there already."""
    leaf = node.rule is None
    if type(g) is np.ndarray:
        if not leaf:
            g = g.view()
            g.flags.writeable = False
        elif node not in sweep.fresh:
            g = g.copy()
    if sweep.create_graph:  # a Value, and for leaves one of its own
        many = g.dtype == object  # the results of several outputs, side by side
        value = g if many or isinstance(g, Value) else Value(g, requires_grad=False)
        g = value.astype(value.dtype) if leaf else value
    return added_to(node, g) if leaf and node.grad is not None else g
