"""Gradients of functions of nested arrays and Values by differences, for people to compare with.

Imports the differences and the engine; no VJP is called.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.graph import Node
from ..engine.recording import no_grad
from ..engine.value import Value
from .arguments import Arguments, data_of
from .differences import Evaluate, slopes_along, slopes_by_entry


def numeric_gradient(
    f: Evaluate,
    inputs: Any,
    weights: Any = None,
    *,
    at_most: int | None = None,
    generator: np.random.Generator | None = None,
) -> Any:
    """Compute the gradient of a function by central differences, in float64.

    Parameters
    ----------
    f : callable
        Returns one array or Value. It gets Values, so that their methods work.
    inputs : array, Value, number, or a tuple, list or dict of them
        A tuple or list holds several arguments: ``f(*inputs)``. Anything else is the only one.
    weights : array, optional
        Of the result's shape: the gradient is that of Σ weights · f. All ones by default.
    at_most : int, optional
        Measure only so many entries of each array, drawn at random: for arrays that are large.
    generator : numpy.random.Generator, optional
        What draws them; needed with `at_most`.

    Returns
    -------
    array, or the same nesting of arrays as `inputs`
        With `at_most` masked arrays, whose masked entries were not measured.

    Raises
    ------
    TypeError
        If there is nothing to differentiate by, or `at_most` comes without a generator.

    Examples
    --------
    >>> np.round(numeric_gradient(lambda x: x**3, np.array([1.0, 2.0])), 9)
    array([ 3., 12.])
    """
    arguments = Arguments(inputs, f)
    arrays = arguments.arrays
    evaluate = without_graph(lambda *variables: f(*arguments.filled(variables)))
    shape = np.shape(evaluate(*(x[()] for x in arrays)))
    weights = np.ones(shape) if weights is None else np.broadcast_to(data_of(weights), shape)
    if at_most is None:
        results = [found.value[()] for found in slopes_by_entry(evaluate, arrays, weights)]
        return arguments.like_inputs(results, inputs)
    if generator is None:
        raise TypeError("at_most draws entries at random: pass generator=np.random.default_rng(0)")
    drawn = [generator.choice(x.size, min(at_most, x.size), replace=False) for x in arrays]
    entries = [
        (i, tuple(int(k) for k in np.unravel_index(place, x.shape)))
        for i, x in enumerate(arrays)
        for place in drawn[i]
    ]
    results = []
    measured = slopes_by_entry(evaluate, arrays, weights, entries)
    for found, places in zip(measured, drawn, strict=True):
        skipped = np.ones(found.value.shape, bool)
        skipped.flat[places] = False
        results.append(np.ma.array(found.value, mask=skipped))
    return arguments.like_inputs(results, inputs)


def numeric_jvp(f: Evaluate, inputs: Any, directions: Any) -> np.ndarray:
    """Compute the derivative of a function along a direction, J·v, by central differences.

    Two sweeps through a large model check its whole gradient g at once: ⟨g, v⟩ = J·v.

    Parameters
    ----------
    f : callable
        As for `numeric_gradient`.
    inputs : array, Value, number, or lists, tuples and dicts of them
        As for `numeric_gradient`.
    directions : array, or lists, tuples and dicts of arrays
        Nested as the variables among the inputs are, and of their shapes.

    Returns
    -------
    numpy.ndarray
        Of the result's shape.

    Raises
    ------
    ValueError
        If there are more or fewer directions than variables, or one has another shape.

    Examples
    --------
    >>> np.round(numeric_jvp(np.square, np.array([1.0, 2.0]), np.array([1.0, 0.5])), 9)
    array([2., 2.])
    """
    arguments = Arguments(inputs, f)
    evaluate = without_graph(lambda *variables: f(*arguments.filled(variables)))
    along = [
        np.broadcast_to(v, x.shape)
        for x, v in zip(arguments.arrays, Arguments(directions).arrays, strict=True)
    ]
    return slopes_along(evaluate, arguments.arrays, along).value


def without_graph(f: Evaluate) -> Evaluate:
    """Return the function of arrays that runs f on Values, records nothing, and gives an array."""

    def evaluate(*arrays: Any) -> Any:
        with no_grad():
            y = f(*(Value(x, requires_grad=False) for x in arrays))
        return y.data if isinstance(y, Node) else y

    return evaluate
