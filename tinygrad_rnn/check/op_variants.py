"""The inputs that an op is tried on beside the given ones: other shapes, signs, ties, no entries.

All are made of the numbers that were given, so that they stay in the op's domain where that can be.
Imports the application and the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .op_application import Application, Transform

BRANCH = "a branch for some range of numbers is wrong, or missing"
TIE = "entries that tie share g so that the shares add up to g, or one of them gets it all"
REPEATED = "an entry that is picked twice gets two gradients: np.add.at(dx, i, g), not dx[i] = g"
SINGLE = "a shortcut for axes of length 1, or a squeeze that takes too many of them"
SCALAR = "NumPy's scalars have no axes to index or to sum over: x[0], x.T and x.shape[0] fail"
EMPTY = "something is divided by the length of an axis, or its first entry is taken"
BROADCAST = "write gradients in the shape of the output: the sweep sums over the repeated axes"


@dataclass(frozen=True)
class Variant:
    """Inputs to try an op on.

    Attributes
    ----------
    name : str
        What is special about them.
    inputs : tuple
        In the form of the given ones.
    kind : str
        ``smooth`` (differences apply), ``kinks`` (entries tie, or are 0) or ``empty``.
    hint : str
        What is usually wrong if it fails here, and not on the given inputs.
    """

    name: str
    inputs: tuple[Any, ...]
    kind: str = "smooth"
    hint: str = ""


def variants(app: Application) -> Iterator[Variant]:
    """Yield the variants of an application's inputs."""
    yield from of_values(app)
    yield from of_lengths(app)
    if app.is_elementwise:
        yield from of_broadcasting(app)
    else:
        yield Variant("0-d", app.changed(lambda x, i: np.resize(x, ())[()]), hint=SCALAR)


def of_values(app: Application) -> Iterator[Variant]:
    """Put other numbers into arrays of the same shape."""

    def of_floats(f: Callable[[Any], Any]) -> tuple[Any, ...]:
        return app.changed(lambda x, i: f(x) if is_float(x) else x)

    yield Variant("negated", of_floats(lambda x: -x), hint=BRANCH)
    yield Variant("ten times as large", of_floats(lambda x: x * 10), hint=BRANCH)
    yield Variant("a tenth as large", of_floats(lambda x: x * 0.1), hint=BRANCH)
    yield Variant("all 0", of_floats(np.zeros_like), "kinks", BRANCH)
    yield Variant("all equal", of_floats(lambda x: np.full_like(x, x.flat[0])), "kinks", TIE)
    first = next((x for x in floats(app) if x.size), None)
    if first is not None and len(app.arrays) > 1:
        tied = of_floats(lambda x: np.resize(first, x.shape).astype(x.dtype)[()])
        yield Variant("inputs equal to one another", tied, "kinks", TIE)
    integers: list[bool] = []
    repeated = app.changed(lambda x, i: repeat_first(x, integers))
    if any(integers):
        yield Variant("integers all the same", repeated, hint=REPEATED)


def of_lengths(app: Application) -> Iterator[Variant]:
    """Shorten all axes of some length to 1 or 0, and keep the rank."""
    lengths = sorted({n for x in arrays_of(app) for n in np.shape(x) if n > 1}, reverse=True)
    for n in lengths:
        yield Variant(f"axes of length {n} cut to 1", app.changed(cut(n, 1)), hint=SINGLE)
    for n in lengths or [1]:
        yield Variant(f"axes of length {n} cut to 0", app.changed(cut(n, 0)), "empty", EMPTY)


def of_broadcasting(app: Application) -> Iterator[Variant]:
    """Combine shapes that broadcast, for ops that work entry by entry."""
    inputs = arrays_of(app)
    for shape in ((), (1,), (2, 3)):
        same = app.changed(to_shapes([shape] * len(inputs)))
        yield Variant(f"all of shape {shape}", same, hint="" if shape else SCALAR)
    if len(inputs) < 2:
        return
    for i in range(len(inputs)):
        for small in ((), (1,), (3,), (2, 1), (1, 3)):
            shapes: list[tuple[int, ...]] = [(2, 3)] * len(inputs)
            shapes[i] = small
            given = app.changed(to_shapes(shapes))
            yield Variant(f"broadcast {text(shapes)}", given, hint=BROADCAST)
    for cycle in (((2, 1), (1, 3), (3,)), ((4, 1, 1), (3,), (2, 1))):
        shapes = [cycle[i % 3] for i in range(len(inputs))]
        given = app.changed(to_shapes(shapes))
        yield Variant(f"broadcast {text(shapes)}", given, hint=BROADCAST)


def arrays_of(app: Application) -> list[Any]:
    """List the arrays among the inputs."""
    found: list[Any] = []
    app.changed(lambda x, i: found.append(x))
    return found


def floats(app: Application) -> list[Any]:
    """List the float arrays among the inputs."""
    return [x for x in arrays_of(app) if is_float(x)]


def is_float(x: Any) -> bool:
    """Say whether an array is of a float dtype."""
    return bool(x.dtype.kind == "f")


def cut(n: int, to: int) -> Transform:
    """Shorten every axis of length n."""
    return lambda x, i: x[tuple(slice(to) if m == n else slice(None) for m in np.shape(x))]


def to_shapes(shapes: Sequence[Any]) -> Transform:
    """Give each array a shape, filled with its own numbers."""
    return lambda x, i: np.resize(x, shapes[i])[()]


def repeat_first(x: Any, found: list[bool]) -> Any:
    """Give all entries of an integer array its first one."""
    if x.dtype.kind not in "iu" or x.size < 2:
        return x
    found.append(True)
    return np.full_like(x, x.flat[0])


def text(shapes: Sequence[Any]) -> str:
    """Write shapes side by side."""
    return " with ".join(str(shape).replace(",)", ",)") for shape in shapes)
