"""Does an op care how its arrays are stored? It keeps float32, and takes any memory layout.

Imports the files above it and the engine.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.derivatives import vjp
from ..engine.value import Value
from .agreement import close, first_difference
from .arguments import data_of
from .gradients import cotangent
from .op_application import Application, called, op_of, owed, raw_gradients
from .op_report import NOT_APPLICABLE, PASSED, Outcome, failed

MEMORY = "the op looks at memory, by strides, views or `.data`, instead of at entries"
LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "non-contiguous": lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
    "reversed-stride": lambda x: np.flip(np.flip(x).copy()),
    "column-order": lambda x: np.asfortranarray(x) if x.ndim else x,
    "read-only": lambda x: np.broadcast_to(x.copy(), x.shape),
}
SINGLE = 1e-3  # relative to the largest entry: what float32 may lose in a sum of many


def keeps_float32(app: Application, rng: np.random.Generator) -> Outcome:
    """Check that float32 stays float32, forward, backward and backward on Values."""
    settings = [p for node in app.nodes(app.arrays) for p in node.params.values()]
    if any(isinstance(p, (np.dtype, type)) for p in settings):
        return Outcome(NOT_APPLICABLE, "the dtype is a setting")
    app = app.with_inputs(app.changed(lambda x, _: x.astype(np.int16) if is_integer(x) else x))
    singles = [x.astype(np.float32) for x in app.arrays]
    if app.forward(*app.arrays).dtype != np.float64:
        return Outcome(NOT_APPLICABLE, "the result is of no float dtype")
    y, double = app.forward(*singles), app.forward(*app.arrays)
    if y.dtype != np.float32:
        return leak("the forward function returns a result", y.dtype)
    if far_apart(y, double):
        return another("the result", y, double)
    for node in app.nodes(singles):
        g = cotangent(node.data, rng).astype(node.data.dtype)[()]
        ways: dict[str, tuple[Any, ...]] = {
            "": (g, node.data, [data_of(x) for x in node.inputs]),
            ", run on Values,": (Value(g), node, node.inputs),
        }
        for way, given in ways.items():
            gradients = raw_gradients(node, *given)
            for i, label in owed(node):
                dtype = called(gradients[i]).dtype
                if dtype != node.inputs[i].data.dtype:
                    who = f"the VJP of {op_of(node)}{way} returns a gradient of {label}"
                    return leak(who, dtype)
    u = cotangent(y, rng)
    in_single = vjp(app, *(x[()] for x in singles))[1](u.astype(np.float32)[()])
    in_double = vjp(app, *(x[()] for x in app.arrays))[1](u[()])
    for label, g, right in zip(app.labels, in_single, in_double, strict=True):
        if far_apart(g, right):
            return another(f"the gradient of {label}", np.asarray(g), np.asarray(right))
    return Outcome(PASSED)


def far_apart(single: Any, double: Any) -> bool:
    """Say whether two arrays differ by more than float32 explains."""
    size = float(np.max(np.abs(double), initial=0, where=np.isfinite(double)))
    return not np.allclose(single, double, rtol=SINGLE, atol=SINGLE * size, equal_nan=True)


def another(what: str, single: np.ndarray, double: np.ndarray) -> Outcome:
    """Word a number that is another one in float32."""
    place = tuple(first_difference(single, double))
    return failed(
        f"{what} is another one in float32: at {list(place)} got {single[place]:.6g},"
        f" expected {double[place]:.6g}",
        why="a branch for this dtype, a step that loses digits, or a number beyond float32's range",
        fix="compute the same in every dtype; 1e-300 is 0 in float32, and 1e300 is infinite",
    )


def is_integer(x: Any) -> bool:
    """Say whether x holds integers that 16 bits can hold: beside these, float32 stays float32."""
    return x.dtype.kind in "iu" and bool(np.all(np.abs(x) < 2**15))


def leak(who: str, dtype: object) -> Outcome:
    """Word a dtype that should have been float32."""
    return failed(
        f"{who}: got {dtype}, expected float32, as all inputs are",
        why="somewhere a float64 array comes in: np.ones(n), np.arange(n), np.float64(2), …",
        fix="give it the dtype of an input, as in np.ones(n, x.dtype); Python numbers keep it",
    )


def takes_any_layout(app: Application, rng: np.random.Generator) -> Outcome:
    """Check inputs and g that are strided, reversed, in column order, or repeated views."""
    arrays = app.arrays
    if all(x.ndim == 0 for x in arrays):
        return Outcome(NOT_APPLICABLE, "all inputs are single numbers")
    y, pullback = vjp(app, *(x[()] for x in arrays))
    u = cotangent(y, rng)
    right = [np.array(g) for g in pullback(u[()])]
    for name, laid_out in LAYOUTS.items():
        z, pullback = vjp(app, *(laid_out(x)[()] for x in arrays))
        if not close(z, y):
            return failed(f"the result is another one for {name} inputs", why=MEMORY)
        for label, g, expected in zip(app.labels, pullback(laid_out(u)[()]), right, strict=True):
            if not close(g, expected):
                return failed(
                    f"the gradient of {label} is another one for {name} arrays:"
                    f" at {first_difference(g, expected)}",
                    why=MEMORY,
                )
    _, pullback = vjp(app, *(x[()] for x in arrays))
    repeated = np.broadcast_to(np.float64(0.5), np.shape(y))  # read-only, one number in memory
    dense = [np.array(g) for g in pullback(repeated.copy()[()])]
    for label, g, expected in zip(app.labels, pullback(repeated[()]), dense, strict=True):
        if not close(g, expected):
            return failed(f"the gradient of {label} is another one for a repeated g", why=MEMORY)
    return Outcome(PASSED)


def warns_of_nothing(app: Application, rng: np.random.Generator) -> Outcome:
    """Check that NumPy has nothing to warn of on the way there and back."""
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn"):
        warnings.simplefilter("always")
        y, pullback = vjp(app, *(x[()] for x in app.arrays))
        pullback(cotangent(y, rng)[()])
    if caught:
        return failed(
            f"NumPy warns: {caught[0].message}",
            why="an overflow, a division by 0 or an invalid value on the way",
            fix="write it so that it stays finite, as in np.logaddexp(0, x) for log(1 + eˣ)",
        )
    return Outcome(PASSED)
