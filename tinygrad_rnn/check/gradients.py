"""gradcheck: is the gradient of this function true? Imports the files above it and the engine.

Autodiff is held against central differences, first the gradient, then the gradient of the gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine.derivatives import value_and_grad, vjp
from ..engine.errors import DtypeError, ShapeError, explain
from .arguments import Arguments
from .differences import Slopes, slopes_by_entry
from .mismatch import GradientMismatch, Mismatch, judge
from .numeric import without_graph

Arrays = Sequence[np.ndarray]
Function = Callable[..., Any]

GRADIENT_JUMPS = (
    "the gradient jumps here, as that of relu does at 0, so that there is no second derivative:"
    " move the input away from the kink, or check with order=1"
)


def gradcheck(
    f: Callable[..., Any],
    inputs: Any,
    order: int = 2,
    *,
    tolerance: float = 1e-9,
    generator: np.random.Generator | None = None,
) -> bool:
    """Hold the gradient of a function, and the gradient of that, against central differences.

    Parameters
    ----------
    f : callable
        Returns one Value or array of any shape. It is differentiated by each float input.
    inputs : array, Value, number, or a tuple, list or dict of them
        A tuple or list holds several arguments: ``f(*inputs)``. Float inputs are lifted to
        float64; integers, masks and Values that need no gradient are passed on as they are.
        They are not modified, and no ``.grad`` is left behind.
    order : int
        1: the gradient. 2: also the second derivative, in random directions.
    tolerance : float
        Relative to the entry, and a thousandth of it relative to the gradient's largest entry.
        The measured error of the differences is added.
    generator : numpy.random.Generator, optional
        Draws the weights of the outputs: a sum with equal weights would hide errors that cancel
        in it, such as those of a softmax. ``default_rng(0)`` by default.

    Returns
    -------
    bool
        True.

    Raises
    ------
    GradientMismatch
        An AssertionError: a derivative is wrong, or cannot be measured. It names the worst entry.
    TypeError, ValueError
        If `f` cannot be checked: it returns no float64 array, differs from call to call, writes to
        its input, or there is nothing to differentiate by.

    Notes
    -----
    At a kink, such as relu at 0, the slopes to both sides differ: any gradient between the two is
    accepted. There is no second derivative at such a point, and order 2 says so and raises.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> gradcheck(lambda x, w: np.tanh(x @ w), (np.ones((2, 3)), np.full((3, 1), 0.5)))
    True
    >>> gradcheck(lambda x: np.sum(x * x.detach()), np.array([1.0, 2.0]))
    Traceback (most recent call last):
        ...
    tinygrad_rnn.check.mismatch.GradientMismatch: the gradient of input 0 (x) is wrong at [1]:
      got 2, expected 4
      where: first order, central differences; difference 2, tolerance 4e-09; 2 of 2 entries differ
      why: every entry is 0.5 times the expected one: counted half, or a factor 2 is missing
    """
    if order not in (1, 2):
        raise ValueError(f"order {order!r}: gradcheck knows order 1 and order 2")
    generator = np.random.default_rng(0) if generator is None else generator
    arguments = Arguments(inputs, f)

    def of_variables(*variables: Any) -> Any:
        return f(*arguments.filled(variables))

    y = sound_result(of_variables, arguments.arrays)
    u = cotangent(y, generator)
    arrays, labels = arguments.arrays, arguments.labels
    slopes = measured_gradient(without_graph(of_variables), arrays, u)
    mismatch = first_order(of_variables, arrays, labels, u, slopes, tolerance)
    if mismatch is None and order == 2:
        weights = [cotangent(x, generator) for x in arrays]
        mismatch = second_order(of_variables, arrays, labels, u, weights, tolerance)
    if mismatch is not None:
        raise GradientMismatch(mismatch)
    return True


def measured_gradient(evaluate: Function, arrays: Arrays, u: np.ndarray) -> list[Slopes]:
    """Measure the gradient of Σ u · evaluate(*arrays); of a single number, without u."""
    return slopes_by_entry(evaluate, arrays, np.ones(u.shape) if u.size == 1 else u)


def first_order(
    f: Function,
    arrays: Arrays,
    labels: Sequence[str],
    u: np.ndarray,
    slopes: Sequence[Slopes],
    tolerance: float,
) -> Mismatch | None:
    """Hold the gradient of Σ u · f(*arrays) against measured slopes; return the worst mismatch."""
    with np.errstate(all="ignore"):  # what is not finite is told as a mismatch
        y, pullback = vjp(f, *(x[()] for x in arrays))
        gradients = [np.asarray(g) for g in pullback(u[()])]
    if u.size == 1:
        gradients = [g / u.item() for g in gradients]
    expected = {label: s.value for label, s in zip(labels, slopes, strict=True)}
    g_shown = np.ones(u.shape) if u.size == 1 else u
    terms = {"g": g_shown, "y": np.asarray(y), **dict(zip(labels, arrays, strict=True))}
    found = [
        judge(
            label, g, s, tolerance, np.max(np.abs(y), initial=0), x=x, terms=terms,
            others={other: e for other, e in expected.items() if other != label},
        )
        for label, g, s, x in zip(labels, gradients, slopes, arrays, strict=True)
    ]  # fmt: skip
    return worst(found)


def second_order(
    f: Function,
    arrays: Arrays,
    labels: Sequence[str],
    u: np.ndarray,
    weights: Arrays,
    tolerance: float,
) -> Mismatch | None:
    """Hold the gradient of Σ w · (gradient of Σ u · f) against differences, also that by u.

    The differences are those of the gradient itself, which the first order has proven.
    """

    def gradients(*variables: Any) -> tuple[Any, ...]:
        _, pullback = vjp(f, *variables[:-1])
        return pullback(variables[-1])

    def weighted(*variables: Any) -> Any:
        return sum(np.sum(w * g) for w, g in zip(weights, gradients(*variables), strict=True))

    def side_by_side(*variables: Any) -> np.ndarray:
        return np.concatenate([np.ravel(g) for g in gradients(*variables)])

    variables = [*arrays, u]
    numbers = [x[()] for x in variables]
    with np.errstate(all="ignore"):
        total, seconds = value_and_grad(weighted, tuple(range(len(variables))))(*numbers)
        flat = side_by_side(*numbers)
    w = np.concatenate([np.ravel(each) for each in weights])
    if abs(total - w @ flat) > tolerance * (np.abs(w) @ np.abs(flat)):
        return another_gradient(float(total), float(w @ flat))
    slopes = slopes_by_entry(side_by_side, variables, w)
    names = [*(f"the gradient by {label}" for label in labels), "the gradient by g, which arrives"]
    found = [
        judge(
            name, np.asarray(g), s, tolerance, np.max(np.abs(flat), initial=0), x=x,
            witness="second order, central differences of the gradient", undecided=GRADIENT_JUMPS,
        )
        for name, g, s, x in zip(names, seconds, slopes, variables, strict=True)
    ]  # fmt: skip
    return worst(found)


def another_gradient(on_values: float, on_arrays: float) -> Mismatch:
    """Word the mismatch of a VJP that depends on what it is given."""
    return Mismatch(
        label="all inputs, computed on Values and weighted",
        index=(),
        got=on_values,
        expected=on_arrays,
        error=0.0,
        tolerance=0.0,
        wrong=1,
        entries=1,
        witness="the same derivative, computed on arrays",
        cause="a VJP takes another way for Values than for arrays",
    )


def worst(mismatches: Sequence[Mismatch | None]) -> Mismatch | None:
    """Return the mismatch that is farthest beyond its tolerance, a certain one before a vague."""
    found = [m for m in mismatches if m is not None]
    return max(found, key=lambda m: (not m.vague, m.excess), default=None)


def cotangent(y: Any, generator: np.random.Generator) -> np.ndarray:
    """Draw a weight for each entry of y: of size ½ to 1½, so that no entry goes unseen."""
    shape = np.shape(y)
    return np.asarray(generator.uniform(0.5, 1.5, shape) * generator.choice([-1.0, 1.0], shape))


def sound_result(f: Function, arrays: Arrays) -> np.ndarray:
    """Run a function twice; return its result, or refuse it if it cannot be checked."""
    evaluate = without_graph(f)
    given = [x.copy() for x in arrays]
    first = evaluate(*(x[()] for x in given))
    if isinstance(first, (list, tuple, dict)) or not hasattr(first, "dtype"):
        raise DtypeError(
            explain(
                f"the function returned {type(first).__name__}",
                why="gradcheck differentiates one Value or array",
                fix="join several results, as in np.concatenate([a.ravel(), b.ravel()])",
            )
        )
    if first.dtype != np.float64:
        raise DtypeError(
            explain(
                f"the function returned {first.dtype}, although its inputs are float64",
                why="differences need all the digits of float64",
                fix="make its weights and constants float64 while it is being checked",
            )
        )
    first = np.array(first)
    if any(
        not np.array_equal(x, old, equal_nan=True) for x, old in zip(given, arrays, strict=True)
    ):
        raise ShapeError(
            explain(
                "the function wrote to its input",
                why="differences, and the derivatives, need the input as it was",
                fix="write x = x + 1 instead of x += 1",
            )
        )
    if not np.array_equal(first, evaluate(*(x[()] for x in arrays)), equal_nan=True):
        raise ShapeError(
            explain(
                "the function gave another result when it was called again with the same inputs",
                why="it draws random numbers or keeps a state, so that differences measure those",
                fix="draw masks and noise once, outside, or make the generator anew in each call",
            )
        )
    return first
