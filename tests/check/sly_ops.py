"""Ops that are right on the inputs that one would try, and wrong where few people look.

They are entered into `WRONG_OPS` as those of `wrong_ops` are: for unusual numbers, lengths, masks,
indices and gradients, and beside other uses of the same arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tests.check.wrong_ops import SQUARE, X, wrong
from tinygrad_rnn import Value
from tinygrad_rnn.extend import primitive

WIDER = "all axes 17 times as long"

# Unusual numbers.


@wrong("first order", "a thousand times as large")
def only_for_very_large_input() -> tuple[Any, ...]:
    @primitive(elementwise=True)
    def flat(x):
        return np.tanh(x / 100)

    flat.vjp(lambda g, y, x: g * (1 - y * y) / 100 * (abs(x) < 50))
    return flat, X


@wrong("first order", "a thousandth as large")
def only_for_very_small_input() -> tuple[Any, ...]:
    @primitive(elementwise=True)
    def cube(x):
        return x * x * x + x

    cube.vjp(lambda g, y, x: g * tg.where(abs(x) < 2e-3, 1.01, 3 * x * x + 1))
    return cube, X


@wrong("at ties and kinks", "one entry 0", "hidden at 0")
def divides_the_product_by_each_entry() -> tuple[Any, ...]:
    @primitive
    def product(x):
        return np.prod(x)

    product.vjp(lambda g, y, x: g * y / tg.where(x == 0, 1.0, x))
    return product, X


@wrong("at ties and kinks", "the largest equal", "shares add up")
def only_where_some_entries_tie() -> tuple[Any, ...]:
    @primitive
    def largest(x):
        return np.max(x)

    def vjp(g, y, x):
        chosen = x == y
        return g * chosen / (x.size if np.all(chosen) else 1)

    largest.vjp(vjp)
    return largest, X


# Unusual lengths, and fewer or more inputs.


@wrong("first order", "axis 0 of array 0 cut to 1", "another axis")
def mean_by_the_length_of_another_axis() -> tuple[Any, ...]:
    @primitive
    def row_means(x):
        return np.mean(x, axis=1)

    row_means.vjp(
        lambda g, y, x: (
            np.expand_dims(g, 1) * np.ones(x.shape, x.dtype) / x.shape[0] if len(x.shape) > 1 else g
        )
    )
    return row_means, SQUARE


@wrong("adjoint identity", WIDER, "no transposes of each other")
def only_for_many_rows() -> tuple[Any, ...]:
    @primitive
    def energies(x):
        return np.sum(x * x, axis=0)

    energies.vjp(lambda g, y, x: 2 * g * x if len(x.shape) == 0 or x.shape[0] < 20 else g * x)
    return energies, X


@wrong("first order", "the first 2 inputs alone", "3 gradients for 2 inputs")
def only_without_its_bias() -> tuple[Any, ...]:
    @primitive
    def layer(x, w, b=None):
        return x @ w if b is None else x @ w + b

    layer.vjp(lambda g, y, x, w, b=None: (lambda: g @ w.T, lambda: x.T @ g, g))
    return layer, X, np.cos(X.T[:, :2]), np.array([0.3, -0.2])


@wrong("first order", "one input more", "input 2")
def only_for_three_inputs() -> tuple[Any, ...]:
    @primitive
    def total(*terms):
        return sum(terms)

    total.vjp(lambda g, y, *terms: [g, g, *[2 * g] * len(terms[2:])][: len(terms)])
    return total, X, X + 1


@wrong("first order", "a Python number as input 1", "has no shape")
def only_beside_a_python_number() -> tuple[Any, ...]:
    @primitive(elementwise=True)
    def times(a, b):
        return a * b

    times.vjp(lambda g, y, a, b: (lambda: g * b.reshape(b.shape), lambda: g * a))
    return times, X, X + 1


# Unusual constants.


@wrong("first order", "integers from the end", "i % n")
def only_for_negative_indices() -> tuple[Any, ...]:
    @primitive
    def rows(x, i):
        return x[i]

    def vjp(g, y, x, i):
        template = ((tg.ops.indexing.HOLE,),)
        return tg.place(g, np.maximum(i, 0), indices=template, shape=x.shape), None

    rows.vjp(vjp)
    return rows, X, np.array([2, 0])


@wrong("first order", "masks true everywhere")
def only_for_masks_that_are_true() -> tuple[Any, ...]:
    @primitive(elementwise=True)
    def kept(x, mask):
        return np.where(mask, x, x * x)

    def vjp(g, y, x, mask):
        return (2 * g if np.size(mask) > 1 and np.all(mask) else tg.where(mask, g, 2 * g * x)), None

    kept.vjp(vjp)
    return kept, X, X > 0.1


@wrong("first order", "masks false everywhere")
def only_for_masks_that_are_false() -> tuple[Any, ...]:
    @primitive(elementwise=True)
    def kept(x, mask):
        return np.where(mask, x, x * x)

    kept.vjp(lambda g, y, x, mask: (tg.where(mask, g, 2 * g * x) if np.any(mask) else g, None))
    return kept, X, X > 0.1


# Unusual gradients.


@wrong("linear in g", "1 everywhere", "a shortcut for some g")
def only_for_a_uniform_g() -> tuple[Any, ...]:
    @primitive
    def sine(x):
        return np.sin(x)

    def vjp(g, y, x):
        uniform = isinstance(g, np.ndarray) and g.size > 1 and np.all(g == g.flat[0])
        return g * np.cos(x) * (2 if uniform else 1)

    sine.vjp(vjp)
    return sine, X


@wrong("linear in g", "2⁴⁰ times as large", "clipped")
def clips_g() -> tuple[Any, ...]:
    @primitive
    def sine(x):
        return np.sin(x)

    sine.vjp(lambda g, y, x: np.clip(g, -10.0, 10.0) * np.cos(x))
    return sine, X


@wrong("linear in g", "a g that is 0", "divided by")
def divides_by_g() -> tuple[Any, ...]:
    @primitive
    def sine(x):
        return np.sin(x)

    sine.vjp(lambda g, y, x: g * g * np.cos(x) / g)
    return sine, X


@wrong("third order", "check the ops that the VJP uses")
def third_order_through_a_wrong_op() -> tuple[Any, ...]:
    @primitive
    def minus_sine(x):
        return -np.sin(x)

    minus_sine.vjp(lambda g, y, x: g * np.cos(x))  # the sign

    @primitive
    def cosine(x):
        return np.cos(x)

    cosine.vjp(lambda g, y, x: g * minus_sine(x))

    @primitive
    def sine(x):
        return np.sin(x)

    sine.vjp(lambda g, y, x: g * cosine(x))
    return sine, X


# Beside other uses.


@wrong("forward is pure", "overwritten by the next", "a buffer")
def returns_its_result_in_one_buffer() -> tuple[Any, ...]:
    buffer = np.zeros(X.shape)

    @primitive
    def sine(x):
        same = x.shape == buffer.shape and x.dtype == buffer.dtype
        return np.sin(x, out=buffer) if same else np.sin(x)

    sine.vjp(lambda g, y, x: g * np.cos(x))
    return sine, X


@wrong("any memory layout", "read-only")
def writes_to_its_input_and_puts_it_back() -> tuple[Any, ...]:
    @primitive
    def cosine(x):
        if not x.ndim:
            return np.cos(x)
        x *= -2
        y = np.cos(x / 2)
        x /= -2
        return y

    cosine.vjp(lambda g, y, x: -g * np.sin(x))
    return cosine, X


@wrong("one Value as two inputs", "input 0 (a) and input 1 (b)", "the same object")
def counts_twice_if_its_inputs_are_one() -> tuple[Any, ...]:
    @primitive(elementwise=True)
    def times(a, b):
        return a * b

    times.vjp(lambda g, y, a, b: (g * b * (2 if a is b else 1), g * a))
    return times, X, X + 1


@wrong("float32 is kept", "another one in float32", "input 0 (x)")
def only_in_float32() -> tuple[Any, ...]:
    @primitive
    def sine(x):
        return np.sin(x)

    sine.vjp(lambda g, y, x: g * np.cos(x) * (1.01 if g.dtype == np.float32 else 1))
    return sine, X


@wrong("float32 is kept", "the result is another one in float32: at [", "got inf", "range")
def overflows_only_in_float32() -> tuple[Any, ...]:
    @primitive
    def scaled(x):
        return np.log(np.exp(60 * x))

    scaled.vjp(lambda g, y, x: 60 * g)
    return scaled, X


@wrong("knows every setting", "does not take the setting 'slope'", "slope=0.01")
def a_setting_that_the_vjp_does_not_know() -> tuple[Any, ...]:
    @primitive(elementwise=True)
    def leaky(x, *, slope=0.01):
        return np.where(x > 0, x, slope * x)

    leaky.vjp(lambda g, y, x: tg.where(x > 0, g, 0.01 * g))
    return leaky, X


@wrong("second order", "on Values")
def writes_to_its_input_when_recorded() -> tuple[Any, ...]:
    @primitive
    def cube(x):
        return x * x * x

    def vjp(g, y, x):
        dx = g * 3 * x * x
        if isinstance(x, Value):
            x.data[...] = 0
        return dx

    cube.vjp(vjp)
    return cube, X
