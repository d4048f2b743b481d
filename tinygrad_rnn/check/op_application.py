"""One application of an op: the op, its inputs, and ways to run it. Imports arguments, engine.

What is checked is what people call: an op, or any function that is composed of ops. The ops in it,
and their VJPs, are found in the graph that it records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any

import numpy as np

from ..engine.backward import Deferred
from ..engine.errors import DtypeError, explain
from ..engine.graph import Node, ancestors
from ..engine.messages import no_derivative, wrong_number
from ..engine.pullback import map_leaves
from ..engine.rule import Rule
from ..engine.value import Value
from .arguments import Arguments, data_of
from .numeric import without_graph

Transform = Callable[[Any, int], Any]


class Application:
    """An op with inputs and settings.

    Parameters
    ----------
    op : callable
        An op, or a function composed of ops.
    inputs : tuple
        Arrays, Values and numbers, also in lists. Float arrays are its variables; numbers are
        constants, unless there is nothing else.
    params : dict
        Its settings.
    """

    def __init__(self, op: Callable[..., Any], inputs: tuple[Any, ...], params: dict[str, Any]):
        self.op = op
        self.inputs = inputs
        self.params = params
        rule = getattr(op, "rule", None)
        self.rule: Rule | None = rule if isinstance(rule, Rule) else None
        self.name = self.rule.name if self.rule else str(getattr(op, "__name__", op))
        arrays: list[bool] = []
        map_leaves(lambda x: arrays.append(hasattr(x, "dtype")), inputs)
        named = self.rule.forward if self.rule else op
        self.arguments = Arguments(tuple(inputs), named, numbers=not any(arrays))
        self.evaluate: Callable[..., Any] = self
        if self.rule is None and not self.takes_arrays():
            self.evaluate = without_graph(self)  # a function that uses methods of Values

    def with_inputs(self, inputs: tuple[Any, ...]) -> Application:
        """Return the same op applied to others."""
        return Application(self.op, inputs, self.params)

    def changed(self, transform: Transform) -> tuple[Any, ...]:
        """Return the inputs with ``transform(array, number)`` in place of every array."""
        count = iter(range(10**6))

        def change(x: Any) -> Any:
            if not isinstance(x, (np.ndarray, np.generic, Node)):
                return x
            i = next(count)
            if isinstance(x, Node) and not x.requires_grad:  # it stays such a one
                return x
            return transform(data_of(x), i)

        return tuple(map_leaves(change, self.inputs))

    @property
    def arrays(self) -> list[np.ndarray]:
        """Fresh float64 copies of the variables."""
        return [x.copy() for x in self.arguments.arrays]

    @property
    def labels(self) -> list[str]:
        """What the variables are called."""
        return self.arguments.labels

    def __call__(self, *variables: Any) -> Any:
        """Apply the op to other variables: arrays, or Values."""
        return self.op(*self.arguments.filled(variables), **self.params)

    def takes_arrays(self) -> bool:
        """Say whether the op can be applied to arrays alone."""
        try:
            self(*(x[()] for x in self.arrays))
        except Exception:  # it may still take Values
            return False
        return True

    def forward(self, *arrays: Any) -> np.ndarray:
        """Apply the op to arrays, without a graph."""
        y = data_of(self.evaluate(*arrays))
        result = np.asarray(y)
        if result.dtype.kind not in "biufc":
            raise DtypeError(
                explain(
                    f"the op returned {type(y).__name__}",
                    where=self.name,
                    why="an op returns one array of numbers",
                    fix="end the function with return y; join several results by np.concatenate",
                )
            )
        return result

    def nodes(self, arrays: Sequence[np.ndarray]) -> list[Node]:
        """Apply the op to Values of the arrays; return the nodes that were recorded."""
        y = self(*(Value(x[()]) for x in arrays))
        if not isinstance(y, Value) or not y.requires_grad:
            return []
        return [node for node in ancestors(y) if node.rule is not None]

    @property
    def is_recorded(self) -> bool:
        """Whether the op has a derivative, so that its results belong to a graph."""
        return bool(self.nodes(self.arrays))

    @property
    def is_elementwise(self) -> bool:
        """Whether it is one op, and that is elementwise."""
        if self.rule is not None:
            return self.rule.elementwise
        try:
            nodes = self.nodes(self.arrays)
        except Exception:  # it fails as given, which is told as such
            return False
        return len(nodes) == 1 and nodes[0].rule is not None and nodes[0].rule.elementwise


def raw_gradients(node: Node, g: Any, y: Any, inputs: Sequence[Any]) -> list[Any]:
    """Call the VJP of a node as the sweep does; return what it gives, functions not yet called."""
    if node.rule is None or node.rule.vjp is None:
        raise no_derivative(node.rule)
    gradients = node.rule.vjp(g, y, *inputs, **node.params)
    gradients = list(gradients) if isinstance(gradients, (tuple, list)) else [gradients]
    if len(gradients) != len(node.inputs):
        raise wrong_number(node, len(gradients))
    return gradients


def called(gradient: Any) -> Any:
    """Return a gradient as an array or Value: call it if it is a function, join it if sparse."""
    if isinstance(gradient, FunctionType):
        gradient = gradient()
    return gradient.dense() if isinstance(gradient, Deferred) else gradient


def op_of(node: Node) -> str:
    """Return the name of the op that made a node."""
    return node.rule.name if node.rule else "a leaf"


def owed(node: Node) -> list[tuple[int, str]]:
    """List the inputs of a node that a gradient is owed to: their positions and labels."""
    names = dict(enumerate(node.rule.arrays if node.rule else ()))
    return [
        (i, f"input {i}" + (f" ({names[i]})" if i in names else ""))
        for i, x in enumerate(node.inputs)
        if isinstance(x, Node) and x.requires_grad
    ]
