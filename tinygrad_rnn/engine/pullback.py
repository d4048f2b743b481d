"""Running a function on fresh Values and going back through it: what all derivatives share.

Imports the engine only. Arguments may be nested lists, tuples and dicts of numbers, arrays, Values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import recording
from .errors import GraphError, ShapeError, explain
from .graph import Node
from .primitive import primitive
from .sweeping import starting_gradient, sweep_from
from .value import Value

Function = Callable[..., Any]


@primitive
def alias(x: Any) -> Any:
    """y = x"""
    return x


@alias.vjp
def _(g: Any, y: Any, x: Any) -> Any:
    """dx = g"""
    return g


def pull(
    f: Function, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: int | tuple[int, ...]
) -> tuple[Any, Function]:
    """Run `f` on fresh Values; return its result and the function that goes back through it."""
    wanted = argnums if isinstance(argnums, tuple) else (argnums,)
    if len(set(wanted)) < len(wanted):
        raise ValueError(
            explain(
                f"argnums={argnums} names an argument twice",
                where=f"a derivative of {getattr(f, '__name__', 'f')}",
                why="an argument has one gradient",
                fix="name each position once",
            )
        )
    again = recording.current.get().mode.differentiating or is_recorded(args)
    variables: list[Value] = []
    lifted = list(args)
    for i in wanted:
        lifted[i] = map_leaves(lambda x: variable(x, variables), args[i])
    with recording.differentiating():
        y = f(*lifted, **kwargs)
    if not isinstance(y, Node):
        y = Value(y, requires_grad=False)

    def pullback(g: Any) -> Any:
        with recording.differentiating():
            is_value = isinstance(g, Node) and not getattr(g, "is_plain", False)
            gradients = iter(gradients_of(y, g, variables, again or is_value))
        results = tuple(map_leaves(lambda _: next(gradients), args[i]) for i in wanted)
        return results if isinstance(argnums, tuple) else results[0]

    return result_of(y, again), pullback


def variable(x: Any, variables: list[Value]) -> Value:
    """Return a Value of its own for x, so that ``f(x, x)`` has two arguments; list it."""
    if isinstance(x, Node) and x.requires_grad:
        lifted: Value = alias(x)  # stays connected to the graph that x comes from
    else:
        lifted = x.as_leaf() if isinstance(x, Value) else Value(x)
        if recording.current.get().tracer is not None:
            lifted = alias(lifted)  # of an array that is known already, too: what the sweep meets
    variables.append(lifted)
    return lifted


def gradients_of(y: Any, g: Any, variables: list[Value], create_graph: bool) -> list[Any]:
    """Sweep back from y and return the gradient of each variable: zeros where there is no way."""
    as_values = create_graph
    create_graph = create_graph or recording.current.get().tracer is not None
    seed = starting_gradient(y, g, create_graph)
    sweep = None
    if y.requires_grad:
        sweep = sweep_from(y, seed, create_graph=create_graph, retain=False, sources=variables)
    results = []
    for x in variables:
        result = sweep.gradients.get(x) if sweep else None
        if result is None and x.grad is not None and not isinstance(x.grad, Node):
            raise first_order_only(x)
        if result is None:
            result = np.zeros(x.shape, x.dtype)[()]
        elif isinstance(result, np.ndarray) and sweep and x not in sweep.fresh:
            result = result.copy()
        if create_graph and not isinstance(result, Node):
            result = Value(result, requires_grad=False)
        results.append(result_of(result, as_values) if create_graph else result)
    return results


def first_order_only(x: Any) -> GraphError:
    """Word the error of a function that takes a derivative of its own and keeps only numbers."""
    return GraphError(
        explain(
            f"no gradient comes back to an argument of shape {x.shape} through a backward() inside",
            where="grad, jacobian, hessian, … of a function that calls backward() and uses .grad",
            why="that backward() left plain arrays: a first-order graph has no second derivative",
            fix="inside, call backward(create_graph=True), or take the derivative with tg.grad",
        )
    )


def map_leaves(f: Callable[[Any], Any], tree: Any) -> Any:
    """Apply f to every leaf of nested lists, tuples and dicts, and keep their form."""
    if isinstance(tree, dict):
        return {key: map_leaves(f, x) for key, x in tree.items()}
    if isinstance(tree, (list, tuple)):
        mapped = [map_leaves(f, x) for x in tree]
        return type(tree)(*mapped) if hasattr(tree, "_fields") else type(tree)(mapped)
    return f(tree)


def leaves(tree: Any) -> list[Any]:
    """List the leaves of nested lists, tuples and dicts."""
    found: list[Any] = []
    map_leaves(found.append, tree)
    return found


def is_recorded(tree: Any) -> bool:
    """Say whether any leaf is a Value that requires a gradient."""
    return any(isinstance(x, Node) and x.requires_grad for x in leaves(tree))


def result_of(y: Any, as_value: bool) -> Any:
    """Return a Value where Values came in, else its array."""
    return y if as_value else y.as_plain()


def pairs(xs: Any, ys: Any) -> list[tuple[Any, Any]]:
    """Pair the leaves of two structures, those of dicts by key."""
    if isinstance(xs, dict) and isinstance(ys, dict) and xs.keys() == ys.keys():
        return [pair for key in xs for pair in pairs(xs[key], ys[key])]
    sequences = isinstance(xs, (list, tuple)) and isinstance(ys, (list, tuple))
    if sequences and len(xs) == len(ys):
        return [pair for x, y in zip(xs, ys, strict=True) for pair in pairs(x, y)]
    nested = isinstance(xs, (dict, list, tuple)) or isinstance(ys, (dict, list, tuple))
    if nested or np.shape(xs) != np.shape(ys):
        raise ShapeError(
            explain(
                f"a tangent of {outline(ys)} for an argument of {outline(xs)}",
                where="jvp(f, primals, tangents) or hvp(f, primals, tangents)",
                why="a direction has one entry for each entry of the arguments",
                fix="pass one tangent for each primal, of its form and shape",
            )
        )
    return [(xs, ys)]


def outline(tree: Any) -> str:
    """Say what form an argument has: its keys, its length or its shape."""
    if isinstance(tree, dict):
        return f"keys {list(tree)}"
    if isinstance(tree, (list, tuple)):
        return f"{len(tree)} parts"
    return f"shape {np.shape(tree)}"
