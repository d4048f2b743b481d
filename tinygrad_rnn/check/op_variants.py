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
    """

    name: str
    inputs: tuple[Any, ...]
    kind: str = "smooth"


def variants(app: Application) -> Iterator[Variant]:
    """Yield the variants of an application's inputs."""
    yield from of_values(app)
    yield from of_lengths(app)
    if app.is_elementwise:
        yield from of_broadcasting(app)
    else:
        yield Variant("0-d", app.changed(lambda x, i: np.resize(x, ())[()]))


def of_values(app: Application) -> Iterator[Variant]:
    """Put other numbers into arrays of the same shape."""

    def of_floats(f: Callable[[Any], Any]) -> tuple[Any, ...]:
        return app.changed(lambda x, i: f(x) if is_float(x) else x)

    yield Variant("negated", of_floats(lambda x: -x))
    yield Variant("ten times as large", of_floats(lambda x: x * 10))
    yield Variant("a tenth as large", of_floats(lambda x: x * 0.1))
    yield Variant("all 0", of_floats(np.zeros_like), "kinks")
    yield Variant("all equal", of_floats(lambda x: np.full_like(x, x.flat[0])), "kinks")
    first = next((x for x in floats(app) if x.size), None)
    if first is not None and len(app.arrays) > 1:
        tied = of_floats(lambda x: np.resize(first, x.shape).astype(x.dtype)[()])
        yield Variant("inputs equal to one another", tied, "kinks")
    integers: list[bool] = []
    repeated = app.changed(lambda x, i: repeat_first(x, integers))
    if any(integers):
        yield Variant("integers all the same", repeated)


def of_lengths(app: Application) -> Iterator[Variant]:
    """Shorten all axes of some length to 1 or 0, and keep the rank."""
    lengths = sorted({n for x in arrays_of(app) for n in np.shape(x) if n > 1}, reverse=True)
    for n in lengths:
        yield Variant(f"axes of length {n} cut to 1", app.changed(cut(n, 1)))
    for n in lengths or [1]:
        yield Variant(f"axes of length {n} cut to 0", app.changed(cut(n, 0)), "empty")


def of_broadcasting(app: Application) -> Iterator[Variant]:
    """Combine shapes that broadcast, for ops that work entry by entry."""
    inputs = arrays_of(app)
    for shape in ((), (1,), (2, 3)):
        yield Variant(f"all of shape {shape}", app.changed(to_shapes([shape] * len(inputs))))
    if len(inputs) < 2:
        return
    for i in range(len(inputs)):
        for small in ((), (1,), (3,), (2, 1), (1, 3)):
            shapes: list[tuple[int, ...]] = [(2, 3)] * len(inputs)
            shapes[i] = small
            yield Variant(f"broadcast {text(shapes)}", app.changed(to_shapes(shapes)))
    crossed = [((2, 1), (1, 3), (3,))[i % 3] for i in range(len(inputs))]
    yield Variant(f"broadcast {text(crossed)}", app.changed(to_shapes(crossed)))
    ranks = [((4, 1, 1), (3,), (2, 1))[i % 3] for i in range(len(inputs))]
    yield Variant(f"broadcast {text(ranks)}", app.changed(to_shapes(ranks)))


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
