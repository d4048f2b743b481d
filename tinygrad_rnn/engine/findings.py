"""What `debug` says when it has found something, one function each. Imports errors and messages."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import ChangedDataError, NonFiniteError, describe, explain
from .graph import Node, data_of
from .messages import argument, made_by
from .places import Line, in_scope

STABLE = "log_softmax, logsumexp, softplus or expm1"


def shown(x: Any) -> str:
    """Say what an operand is and between which numbers it lies."""
    numbers = np.asarray(data_of(x))
    if isinstance(x, (bool, int, float)) or numbers.size == 0 or numbers.dtype.kind not in "fiub":
        return describe(x)
    if numbers.size == 1:
        return f"{describe(x)} {numbers.item():.6g}"
    low, high = numbers.min(), numbers.max()
    return f"{describe(x)} {f'all {low:.6g}' if low == high else f'from {low:.6g} to {high:.6g}'}"


def called(x: Any) -> str:
    """Say what an operand is: by its name, else as an array, a Value or a number."""
    if getattr(x, "name", None) or not hasattr(x, "shape"):
        return describe(x)
    return f"{'a Value' if isinstance(x, Node) else 'an array'} {describe(x)}"


def spot(y: Any, wrong: Any) -> str:
    """Say how many entries of a result are wrong, and which is the first."""
    if np.ndim(y) == 0:
        return ""
    first = tuple(np.argwhere(wrong)[0].tolist())
    return f" in {np.count_nonzero(wrong)} of {np.size(y)} entries, first at {first}"


def appeared(rule: Any, inputs: tuple[Any, ...], y: Any, kind: str, scope: str) -> NonFiniteError:
    """Word the error of an op whose inputs were in order and whose result is not."""
    wrong = np.isnan(y) if kind == "NaN" else np.isinf(y)
    operands = [*rule.arrays, *([""] * len(inputs))]  # an op of many inputs has no names for them
    return NonFiniteError(
        explain(
            f"{kind} appears: {rule.name} gives it{spot(y, wrong)}",
            where=f"{rule.call_form()}{in_scope(scope)}",
            why=f"{rule.formula} of "
            + ", ".join(
                f"{name}{' = ' if name else ''}{shown(x)}"
                for name, x in zip(operands, inputs, strict=False)
            ),
            fix="keep the inputs where the result is finite: clip or scale them, add a small number"
            f" below a root or a logarithm, or use a stable op ({STABLE})",
        )
    )


def came_in(
    rule: Any, inputs: tuple[Any, ...], position: int, kind: str, scope: str
) -> NonFiniteError:
    """Word the error of an op that was given NaN or infinity from outside the graph."""
    names = rule.arrays
    name = f" {names[position]!r}" if position < len(names) else ""
    if isinstance(inputs[position], Node):
        why = "no op that debug has seen computed it: it was set, loaded, or updated by a step"
        fix = "look at what wrote it: a learning rate too large, gradients never clipped"
    else:
        why = "it is a constant: data that was read, or computed outside the graph"
        fix = "look at the data: np.isnan(x).any()"
    return NonFiniteError(
        explain(
            f"{kind} comes in: {called(inputs[position])} holds it before any op has run",
            where=f"argument{name} of {rule.call_form()}{in_scope(scope)}",
            why=why,
            fix=fix,
        )
    )


def gradient_appeared(node: Any, position: int, g: Any, gx: Any) -> NonFiniteError:
    """Word the error of a VJP that was given a finite gradient and returned another."""
    kind = "NaN" if np.isnan(gx).any() else "inf"
    wrong = np.isnan(gx) if kind == "NaN" else np.isinf(gx)
    return NonFiniteError(
        explain(
            f"{kind} appears in the gradient: the VJP of {node.rule.name} gives it to"
            f" {called(node.inputs[position])}{spot(gx, wrong)}",
            where=argument(node, position),
            why=f"the gradient that arrives is {shown(g)}; the op is {node.rule.formula} of"
            f" {', '.join(shown(x) for x in node.inputs)}",
            fix="keep the input away from where the slope has no end: add a small number below a"
            " root, a power or a norm; choose with np.where before the op, not only after it",
        )
    )


def gradient_overflowed(node: Any, g: Any) -> NonFiniteError:
    """Word the error of finite contributions whose sum is not finite."""
    return NonFiniteError(
        explain(
            f"the gradient of {called(node)} overflows {g.dtype}",
            where=f"the sum of what its uses give to it{in_scope(node.scope)}",
            why="every contribution is finite, their sum is not",
            fix="scale the loss down, or clip the state or the gradient on the way",
        )
    )


def seed_not_finite(node: Any, g: Any) -> NonFiniteError:
    """Word the error of a sweep that starts from NaN or infinity."""
    return NonFiniteError(
        explain(
            f"backward starts from a gradient that is not finite: {shown(g)}",
            where=f"{called(node)}{in_scope(node.scope)}",
            why="it was passed so",
            fix="look at what computes it",
        )
    )


def changed(node: Any, position: int, before: Line | None, after: Line | None) -> ChangedDataError:
    """Word the error of data that is not what it was when an op took it.

    Parameters
    ----------
    node : Node
        The op's result.
    position : int
        Which input has changed; -1 for the result itself.
    before, after : Line or None
        Where it was last seen as it had been, and where it was first seen changed.
    """
    if position < 0:
        what, where = f"the result of {node.rule.name}", made_by(node)
    else:
        what, where = called(node.inputs[position]), argument(node, position)
    return ChangedDataError(
        explain(
            f"{what} was changed in place between forward and backward",
            where=f"{where}\n  changed after: {before}\n  and before: {after}",
            why=f"the derivative of {node.rule.formula} needs the numbers that the op ran with",
            fix="make a new array, x = x + 1 for x += 1; change parameters after backward only;"
            " detach a state that is carried over an optimiser's step",
        )
    )


def widened(rule: Any, inputs: tuple[Any, ...], dtype: Any, scope: str) -> str:
    """Word the warning of an op that turns float32 into float64."""
    operands = " and ".join(describe(x) for x in inputs)
    return explain(
        f"{rule.name} of {operands} gives {dtype}",
        where=f"{rule.call_form()}{in_scope(scope)}",
        why="NumPy computes in the wider precision of two; an array of whole numbers, np.float64(2)"
        " and Value(2.0) count as wide, a plain 2.0 does not",
        fix="give the other operand the dtype: x.astype(np.float32), Value(np.float32(2));"
        " or ask for the wide one: v.astype(np.float64)",
    )
