"""The inputs that an op is tried on beside the given ones: other shapes, signs, ties, no entries.

All are made of the numbers that were given, so that they stay in the op's domain where that can be.
Imports the application and the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from .arguments import data_of
from .op_application import Application, Transform

BRANCH = "a branch for some range of numbers is wrong, or missing"
TIE = "entries that tie share g so that the shares add up to g, or one of them gets it all"
REPEATED = "an entry that is picked twice gets two gradients: np.add.at(dx, i, g), not dx[i] = g"
SINGLE = "a shortcut for axes of length 1, or a squeeze that takes too many of them"
SCALAR = "NumPy's scalars have no axes to index or to sum over: x[0], x.T and x.shape[0] fail"
EMPTY = "something is divided by the length of an axis, or its first entry is taken"
ZERO = "a division by x, hidden at 0, or a product that misses a factor"
LENGTH = "the length of another axis is used, or a number of rows is written into the code"
REPEATED_AXIS = (
    "the length of another axis is used; or the forward function repeats the short one, and the VJP"
    " does not know: handle it there, or refuse such shapes"
)
ALONE = "what is returned has one gradient for each input that was given"
NUMBER = "a Python number has no shape, ndim or dtype: np.shape(b), or b * np.ones_like(g)"
MASK = "a shortcut for masks that are true, or false, everywhere"
FROM_THE_END = "an index counts from the end where it is negative: i % n"
SIZES = {
    "a thousand times as large": 1000.0,
    "ten times as large": 10.0,
    "a tenth as large": 0.1,
    "a thousandth as large": 0.001,
}
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
        ``smooth`` (differences apply), ``kinks`` (entries tie, or are 0), ``empty`` or ``large``
        (too many entries to move each).
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
    yield from of_ties(app)
    yield from of_constants(app)
    yield from of_number(app)
    yield from of_lengths(app)
    if app.is_elementwise:
        yield from of_broadcasting(app)
    else:
        yield from of_one_axis(app)
        yield Variant("0-d", app.changed(lambda x, i: np.resize(x, ())[()]), hint=SCALAR)


def of_floats(app: Application, f: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Change all float arrays."""
    return app.changed(lambda x, i: f(x) if is_float(x) else x)


def of_values(app: Application) -> Iterator[Variant]:
    """Put other numbers into arrays of the same shape."""
    yield Variant("negated", of_floats(app, lambda x: -x), hint=BRANCH)
    for name, factor in SIZES.items():
        yield Variant(name, of_floats(app, partial(np.multiply, factor)), hint=BRANCH)


def of_ties(app: Application) -> Iterator[Variant]:
    """Let entries be 0, or equal to one another: all of them, or some."""

    def cut_off(f: Any) -> Callable[[Any], Any]:
        return lambda x: f(x, np.median(x, axis=-1, keepdims=True)) if x.size and x.ndim else x

    yield Variant("all 0", of_floats(app, np.zeros_like), "kinks", BRANCH)
    yield Variant("one entry 0", of_floats(app, one_zero), "kinks", ZERO)
    yield Variant("all equal", of_floats(app, lambda x: np.full_like(x, x.flat[0])), "kinks", TIE)
    yield Variant("the largest equal", of_floats(app, cut_off(np.minimum)), "kinks", TIE)
    yield Variant("the smallest equal", of_floats(app, cut_off(np.maximum)), "kinks", TIE)
    first = next((x for x in floats(app) if x.size), None)
    if first is not None and len(app.arrays) > 1:
        tied = of_floats(app, lambda x: np.resize(first, x.shape).astype(x.dtype)[()])
        yield Variant("inputs equal to one another", tied, "kinks", TIE)


def of_constants(app: Application) -> Iterator[Variant]:
    """Put other indices and masks into the arrays that have no gradient."""
    kinds = {x.dtype.kind for x in arrays_of(app) if x.size}

    def of_kind(kind: str, f: Callable[[Any], Any]) -> tuple[Any, ...]:
        return app.changed(lambda x, i: f(x) if x.dtype.kind in kind else x)

    if kinds & set("iu"):
        same = of_kind("iu", lambda x: np.full_like(x, x.flat[0]) if x.size else x)
        yield Variant("integers all the same", same, hint=REPEATED)
    if "i" in kinds:
        yield Variant("integers from the end", of_kind("i", lambda x: -1 - x), hint=FROM_THE_END)
    if "b" in kinds:
        yield Variant("masks true everywhere", of_kind("b", np.ones_like), hint=MASK)
        yield Variant("masks false everywhere", of_kind("b", np.zeros_like), hint=MASK)


def of_number(app: Application) -> Iterator[Variant]:
    """Pass fewer or more inputs, or a Python number, where the op takes that."""
    rule, inputs = app.rule, app.inputs
    if rule is not None and not rule.variadic:
        for n in range(len(inputs) - 1, rule.least - 1, -1):
            yield Variant(f"the first {n} inputs alone", inputs[:n], hint=ALONE)
    if rule is not None and rule.variadic and inputs:
        members = inputs[0] if isinstance(inputs[0], (list, tuple)) else inputs
        more = [*members, *members[-1:]]
        for name, given in (("one input more", more), ("the first input alone", members[:1])):
            whole = (given, *inputs[1:]) if members is inputs[0] else tuple(given)
            yield Variant(name, whole, hint=ALONE)
    if app.is_elementwise and len(floats(app)) > 1:
        for i, x in enumerate(inputs):
            if is_array(x) and is_float(data_of(x)) and np.size(x):
                number = float(np.ravel(data_of(x))[0])
                yield Variant(
                    f"a Python number as input {i}",
                    (*inputs[:i], number, *inputs[i + 1 :]),
                    hint=NUMBER,
                )


def of_lengths(app: Application) -> Iterator[Variant]:
    """Change all axes of some length, and keep the rank."""
    lengths = sorted({n for x in arrays_of(app) for n in np.shape(x) if n > 1}, reverse=True)
    for n in lengths:
        yield Variant(f"axes of length {n} cut to 1", app.changed(cut(n, 1)), hint=SINGLE)
    for n in lengths or [1]:
        yield Variant(f"axes of length {n} cut to 0", app.changed(cut(n, 0)), "empty", EMPTY)
    largest = max((x.size for x in arrays_of(app)), default=0)
    times = next((k for k in (17, 5, 2) if largest * k ** max_rank(app) <= 20_000), None)
    if lengths and times is not None:
        longer = app.changed(lambda x, i: repeated(x, times))
        yield Variant(f"all axes {times} times as long", longer, "large", LENGTH)


def of_one_axis(app: Application) -> Iterator[Variant]:
    """Shorten one axis of one input: its length may be mistaken for that of another."""
    for number, array in enumerate(arrays_of(app)):
        for axis, n in enumerate(np.shape(array)):
            if n > 1:
                part = (slice(None),) * axis + (slice(1),)
                shorter = app.changed(partial(cut_one, number, part))
                name = f"axis {axis} of array {number} cut to 1"
                yield Variant(name, shorter, hint=REPEATED_AXIS)


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


def is_array(x: Any) -> bool:
    """Say whether an input is an array, or a Value of one."""
    return hasattr(x, "dtype")


def is_float(x: Any) -> bool:
    """Say whether an array is of a float dtype."""
    return bool(x.dtype.kind == "f")


def cut(n: int, to: int) -> Transform:
    """Shorten every axis of length n."""
    return lambda x, i: x[tuple(slice(to) if m == n else slice(None) for m in np.shape(x))]


def cut_one(number: int, part: tuple[slice, ...], x: Any, i: int) -> Any:
    """Take a part of the array with that number, and leave the others."""
    return x[part] if i == number else x


def to_shapes(shapes: Sequence[Any]) -> Transform:
    """Give each array a shape, filled with its own numbers."""
    return lambda x, i: np.resize(x, shapes[i])[()]


def one_zero(x: Any) -> Any:
    """Return x with its first entry 0."""
    x = np.array(x)
    x.flat[:1] = 0
    return x[()]


def repeated(x: Any, times: int) -> Any:
    """Repeat an array along each axis; no two floats of it are equal."""
    y = np.tile(x, (times,) * np.ndim(x))
    if not is_float(y) or not y.ndim:
        return x if not y.ndim else y
    return y * np.random.default_rng(1).uniform(0.9, 1.1, y.shape).astype(y.dtype)


def max_rank(app: Application) -> int:
    """Return the largest number of axes of an input."""
    return max((np.ndim(x) for x in arrays_of(app)), default=0)


def text(shapes: Sequence[Any]) -> str:
    """Write shapes side by side."""
    return " with ".join(str(shape).replace(",)", ",)") for shape in shapes)
