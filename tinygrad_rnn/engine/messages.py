"""The messages of the engine's errors, one function each. Imports the errors and places.

They live apart from the code that raises them, so that neither hides the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .errors import (
    OURS,
    DtypeError,
    GraphError,
    NoRuleError,
    OutOfRangeError,
    ShapeError,
    describe,
    explain,
)
from .places import in_scope


def failed_forward(
    rule: Any, inputs: Iterable[Any], params: dict[str, Any], scope: str, error: Exception
) -> Exception:
    """Word the error of a forward function, keeping the kind of the exception.

    Parameters
    ----------
    rule : Rule
        The op that was being computed.
    inputs : iterable
        What it was applied to.
    params : dict
        Its settings.
    scope : str
        The scope that was open.
    error : Exception
        What NumPy said.
    """
    where = f"{rule.call_form()}{in_scope(scope)}"
    if isinstance(error, OURS):  # worded by the op, which does not know where it runs
        what, *parts = str(error).splitlines()
        if any(part.startswith("  where: ") for part in parts):
            return error
        return type(error)("\n".join([what, f"  where: {where}", *parts]))
    kinds = {ValueError: ShapeError, TypeError: DtypeError, IndexError: OutOfRangeError}
    kind = next((kinds[base] for base in type(error).__mro__ if base in kinds), None)
    if kind is None:
        return error
    inputs = tuple(inputs)
    return kind(
        explain(
            f"{rule.name} cannot take {' and '.join(describe(x) for x in inputs)}"
            + "".join(f", {name}={setting!r}" for name, setting in params.items()),
            where=where,
            why=str(error),
            fix=advice(rule, [np.shape(x) for x in inputs if hasattr(x, "shape")], kind),
        )
    )


def advice(rule: Any, shapes: list[tuple[int, ...]], kind: type[Exception]) -> str:
    """Say what to change so that a forward function accepts its inputs."""
    if kind is OutOfRangeError:
        return "along an axis of length n, indices run from -n to n - 1"
    found = broadcast_advice(shapes) if rule.elementwise else ""
    return found or f"change the shapes, dtypes or settings so that {rule.formula!r} is defined"


def broadcast_advice(shapes: list[tuple[int, ...]]) -> str:
    """Say at which axis shapes part, for people who meet broadcasting for the first time."""
    longest = max((len(shape) for shape in shapes), default=0)
    for axis in range(1, longest + 1):
        lengths = {shape[-axis] for shape in shapes if len(shape) >= axis} - {1}
        if len(lengths) > 1:
            return (
                f"axis {-axis} has lengths {sorted(lengths)}: make them equal, or 1 "
                "(x[:, None] and x.reshape(...) insert axes of length 1)"
            )
    return ""


def argument(node: Any, position: int) -> str:
    """Name an argument of a node's op: ``argument 'b' of matmul (input 1 of 2)``."""
    names = node.rule.arrays
    label = f"argument {names[position]!r}" if position < len(names) else "an argument"
    count = f"(input {position} of {len(node.inputs)})"
    return f"{label} of {node.rule.name} {count}{in_scope(node.scope)}"


def no_derivative(rule: Any) -> GraphError:
    """Word the error of a sweep that meets an op without a VJP."""
    form = ", ".join(["g", "y", *rule.arrays])
    return GraphError(
        explain(
            f"{rule.name} has no derivative yet",
            where=f"{rule.forward.__module__}.{rule.name}",
            why="the sweep needs its vector-Jacobian product (VJP)",
            fix=f"write @{rule.name}.vjp above a function of ({form})",
        )
    )


def wrong_number(node: Any, count: int) -> GraphError:
    """Word the error of a VJP that returns too many or too few gradients."""
    return GraphError(
        explain(
            f"the VJP of {node.rule.name} returned {count} gradients for {len(node.inputs)} inputs",
            where=f"{node.rule.call_form()}{in_scope(node.scope)}",
            why="a VJP owes one gradient to each input, in order",
            fix="return a tuple; put None where an input can have no gradient",
        )
    )


def not_a_gradient(node: Any, position: int, g: Any) -> GraphError:
    """Word the error of a VJP that returns no array for an input that wants a gradient."""
    what = "no gradient" if g is None else f"{describe(g)} as the gradient"
    return GraphError(
        explain(
            f"{what} for {describe(node.inputs[position])}",
            where=argument(node, position),
            why="the VJP returned it, but the input was made with requires_grad=True",
            fix="return an array of the input's shape, or pass the input as an array or v.detach()",
        )
    )


def wrong_shape(node: Any, position: int, g: Any) -> ShapeError:
    """Word the error of a VJP whose gradient does not fit its input."""
    return ShapeError(
        explain(
            f"a gradient of shape {g.shape} for an input of shape {node.inputs[position].shape}",
            where=argument(node, position),
            why="a gradient has its input's shape, or one that broadcasting the input gives",
            fix="check the transposes and sums in the VJP",
        )
    )


def wrong_total(node: Any, g: Any) -> ShapeError:
    """Word the error of a deferred gradient that turns out not to fit its node."""
    return ShapeError(
        explain(
            f"a gradient of shape {g.shape} for {describe(node)}",
            where=f"the deferred gradients of {describe(node)}",
            why="a gradient has the shape of the value that it belongs to",
            fix="check what the VJPs of the ops that use it return",
        )
    )


def no_graph(value: Any) -> GraphError:
    """Word the error of a backward call on a Value that was not computed from anything."""
    return GraphError(
        explain(
            f"backward from {value!r}, which has no graph",
            where=made_by(value),
            why="it was made by hand, under no_grad(), by detach(), or from constants only,"
            " so that there is nothing to go back through",
            fix="call backward on the result of ops on Values that require a gradient",
        )
    )


def needs_gradient(value: Any) -> ShapeError:
    """Word the error of a backward call on an array without a starting gradient."""
    return ShapeError(
        explain(
            f"backward from an array of shape {value.data.shape} without a gradient",
            where=made_by(value),
            why="only a single number has the obvious starting gradient 1",
            fix="reduce it first, as in y.sum().backward(), or pass y.backward(gradient)"
            f" with a gradient of shape {value.data.shape}",
        )
    )


def wrong_seed(value: Any, gradient: Any) -> ShapeError:
    """Word the error of a starting gradient that does not fit."""
    return ShapeError(
        explain(
            f"a gradient of shape {gradient.shape} for a Value of shape {value.data.shape}",
            where=made_by(value),
            why="each entry of the Value has its own derivative",
            fix=f"pass an array of shape {value.data.shape}",
        )
    )


def not_one_truth(value: Any) -> ShapeError:
    """Word the error of ``if v:`` on an array."""
    return ShapeError(
        explain(
            f"the truth of a Value of shape {value.data.shape} is ambiguous",
            where="if v:, while v:, not v, v and w, max(v, w) or sorted([v, w])",
            why=f"each of its {value.data.size} entries is true or false for itself",
            fix="ask a question with one answer: (v.data > 0).any(), (v.data > 0).all();"
            " to choose entry by entry write np.where(v > 0, v, w)",
        )
    )


def not_one_number(value: Any) -> DtypeError:
    """Word the error of ``float(v)`` on an array."""
    return DtypeError(
        explain(
            f"a Python number of a Value of shape {value.data.shape}",
            where="float(v), or a function of the module math",
            why="it holds more than a single number",
            fix="take one entry, float(v[0]); or a function that works on arrays, np.exp(v)",
        )
    )


def made_by(value: Any) -> str:
    """Say where a Value comes from: its op, scope and, under `debug`, source line."""
    origin = "a leaf" if value.rule is None else f"a result of {value.rule.name}"
    return f"{origin}{in_scope(value.scope)}"


def no_rule(function: Any, known: bool, detail: str = "") -> NoRuleError:
    """Word the error of a NumPy function that would lose the gradient.

    Parameters
    ----------
    function : callable
        NumPy's function.
    known : bool
        Whether it has a rule in its plain form, so that only `detail` is too much.
    detail : str
        The ufunc's method, or the keywords, that were used.
    """
    name = getattr(function, "__name__", str(function))
    module = "np.linalg" if "linalg" in str(getattr(function, "__module__", "")) else "np"
    write_a_rule = (
        f"pass v.data for a plain result; or add a rule: @primitive({module}.{name})"
        f" above def {name}(x): ..., then @{name}.vjp above def _(g, y, x): ..."
    )
    use_the_rule = (
        f"{module}.{name}(...) without it works: write y = x + v for x += v,"
        " np.sum(v) for np.add.reduce(v)"
    )
    return NoRuleError(
        explain(
            f"{module}.{name}{detail} has no rule for Values",
            where=f"{module}.{name}, called with a Value among its arguments",
            why="computing it without a derivative would silently lose the gradient",
            fix=use_the_rule if known else write_a_rule,
        )
    )
