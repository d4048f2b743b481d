"""The arguments of a function, and the arrays in them by which it is differentiated.

Arrays, Values and Python floats may be nested in lists, tuples and dicts; whole numbers, masks,
strings and Values that need no gradient stay as they are. Imports the engine only.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..engine.errors import DtypeError, explain
from ..engine.graph import Node
from ..engine.pullback import map_leaves


class Arguments:
    """The arguments of a call; its variables are copied to float64 arrays, so that they can move.

    Parameters
    ----------
    inputs : array, Value, number, or a tuple, list or dict of them
        A tuple or list holds several arguments, anything else is the only one.
    function : callable, optional
        Whose parameter names to use in labels.
    numbers : bool
        Whether Python floats are variables, too.

    Attributes
    ----------
    arrays : list of numpy.ndarray
        A float64 copy of each variable, in order.
    labels : list of str
        What people call each of them: ``input 1 (weight)``.

    Raises
    ------
    TypeError
        If there is no variable, or one is complex.
    """

    def __init__(
        self, inputs: Any, function: Callable[..., Any] | None = None, *, numbers: bool = True
    ) -> None:
        self.numbers = numbers
        self.inputs = tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,)
        self.arrays: list[np.ndarray] = []
        self.labels: list[str] = []
        names = parameter_names(function)
        for position, argument in enumerate(self.inputs):
            name = getattr(argument, "name", None) or "".join(names[position : position + 1])
            label = f"input {position}" + (f" ({name})" if name else "")
            for path, leaf in named_leaves(argument, label):
                if self.is_variable(leaf):
                    self.labels.append(path)
                    self.arrays.append(np.array(data_of(leaf), np.float64))
        if not self.arrays:
            raise DtypeError(
                explain(
                    "there is nothing to differentiate by",
                    where=f"inputs of type {', '.join(type(x).__name__ for x in self.inputs)}",
                    why="no input is a float, an array of floats, or a Value that needs a gradient",
                    fix="pass at least one, as in np.array([1.0, 2.0])",
                )
            )

    def is_variable(self, x: Any) -> bool:
        """Say whether to differentiate by x: real numbers that may move a little."""
        if isinstance(x, Node):
            return x.requires_grad
        kind = getattr(getattr(x, "dtype", None), "kind", "")
        if kind == "c":
            raise DtypeError(
                explain(
                    f"a complex input of shape {np.shape(x)}",
                    why="derivatives here are of real numbers",
                    fix="pass real and imaginary part as two real arrays",
                )
            )
        return kind == "f" or (self.numbers and type(x) is float)

    def filled(self, variables: Sequence[Any]) -> tuple[Any, ...]:
        """Return the arguments with other variables in their places."""
        rest = iter(variables)
        tree = map_leaves(lambda x: next(rest) if self.is_variable(x) else x, self.inputs)
        return tuple(tree)

    def like_inputs(self, results: Sequence[Any], inputs: Any) -> Any:
        """Arrange one result for each variable in the form in which the inputs were passed."""
        tree = self.filled(results)
        return tree if isinstance(inputs, (list, tuple)) else tree[0]


def data_of(x: Any) -> Any:
    """Return the array of a Value, anything else as it is."""
    return x.data if isinstance(x, Node) else x


def named_leaves(tree: Any, label: str) -> Iterator[tuple[str, Any]]:
    """List the leaves of nested lists, tuples and dicts with the path that leads to each."""
    if isinstance(tree, dict):
        for key, branch in tree.items():
            yield from named_leaves(branch, f"{label}[{key!r}]")
    elif isinstance(tree, (list, tuple)):
        for i, branch in enumerate(tree):
            yield from named_leaves(branch, f"{label}[{i}]")
    else:
        yield label, tree


def parameter_names(function: Callable[..., Any] | None) -> list[str]:
    """Return the names of a function's positional parameters; none where it does not tell."""
    try:
        parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
