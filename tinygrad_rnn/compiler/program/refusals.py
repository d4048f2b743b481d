"""What cannot be compiled, and how that is worded. Imports the engine only."""

from __future__ import annotations

from typing import Any

from ...engine.errors import GraphError, explain
from ...engine.recording import current
from ...engine.rule import Rule


class CaptureError(GraphError):
    """A function cannot be compiled: it looks at numbers that are not there while it is traced.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> @tg.compile
    ... def f(x):
    ...     return x if x.sum() > 0 else -x
    >>> try:
    ...     f(np.ones(2))
    ... except tg.CaptureError as error:
    ...     print(str(error).splitlines()[0])
    if v:, while v: or v1 and v2 of a Value whose numbers are not known yet
    """


def refusal(
    what: str, *, why: str, fix: str, where: str = "a function that tg.compile is tracing"
) -> CaptureError:
    """Word an error and note it: a function that caught it would go another way than otherwise."""
    error = CaptureError(explain(what, where=where, why=why, fix=fix))
    tracer = current.get().tracer
    if tracer is not None:
        tracer.refusal = tracer.refusal or error
    return error


def no_numbers(what: str, fix: str = "") -> CaptureError:
    """Word the error of a function that looks at a number while it is traced."""
    return refusal(
        f"{what} of a Value whose numbers are not known yet",
        why="the function is traced once and replayed with other numbers: what it read now"
        " would hold for the first batch only",
        fix=fix or "return what you want to look at, and look at it outside",
    )


def no_change_in_place(what: str) -> CaptureError:
    """Word the error of a function that changes an array while it is traced."""
    return refusal(
        f"{what} changes an array in place",
        why="the array is not there yet, and what is traced never changes",
        fix="write y = np.sort(x), np.where(…) and the like, which return the changed array",
    )


def several_results(function: str) -> CaptureError:
    """Word the error of a NumPy function that returns several arrays, as np.nonzero does."""
    return refusal(
        f"{function} of an array whose numbers are not known yet",
        why="it returns a tuple of arrays, and a step of a program has one array of a known shape",
        fix="call it outside, and pass the arrays as arguments; for np.where(mask) and"
        " np.nonzero(mask) keep the shape: np.where(mask, x, 0.0)",
    )


def no_gradients() -> CaptureError:
    """Word the error of a function that reads or writes the gradient of a Value."""
    return refusal(
        ".grad of a Value",
        why="each backward() puts another array there: a replay would go on with that of the"
        " first call, and write none",
        fix="pass the gradient as an argument: f(x, W.grad); set gradients to zero outside",
    )


def depends_on_numbers(rule: Rule) -> CaptureError:
    """Word the error of an op whose result's shape is not known beforehand."""
    return refusal(
        f"the shape of {rule.name}'s result depends on the numbers in its inputs",
        where=rule.call_form(),
        why="a compiled function is traced once for all inputs of the same shapes",
        fix="keep the shape and mask instead: np.where(mask, x, 0.0), or compile only"
        " what comes before and after",
    )


def no_plain_numbers(x: Any) -> CaptureError:
    """Word the error of an array of Python's objects, of a masked array or a matrix."""
    return refusal(
        f"a {type(x).__name__} of {x.dtype}, shape {x.shape}",
        why="a program's arrays hold numbers, and work as NumPy's plain arrays do",
        fix="convert it: np.asarray(x, float); a mask can be an array of its own",
    )


def hidden_result(y: Any) -> CaptureError:
    """Word the error of a function whose results are where a replay does not look."""
    return refusal(
        f"a function that is compiled returned a {type(y).__name__}",
        where="tg.compile",
        why="a replay puts its results into tuples, lists and dicts, not into other objects;"
        " and what runs only after the function has returned is not traced",
        fix="return the Values themselves, in a tuple or dict, and make the object outside",
    )


def left_a_mark(changed: str) -> CaptureError:
    """Word the error of a function that changes what it sees."""
    if not changed:
        return refusal(
            "random numbers were drawn while a function was traced",
            why="they would be the same at every replay",
            fix="draw with tg.dropout, whose numbers are drawn anew; or draw outside and pass"
            " them as an array",
        )
    return refusal(
        f"{changed} changed while a function was traced",
        why="a replay computes results and changes nothing else",
        fix="return what shall be kept, and keep it outside",
    )
