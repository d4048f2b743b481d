"""Ops that are wrong, each in one way: `check_op` must reject every one of them.

Each function defines one op, and returns it with the inputs that somebody would have tried it on.
The first line of its docstring is what is wrong; `REJECTED_BY` says which check has to notice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn.extend import primitive

Wrong = Callable[[], tuple[Any, ...]]
WRONG_OPS: dict[str, Wrong] = {}
REJECTED_BY: dict[str, str] = {}
SAYS: dict[str, tuple[str, ...]] = {}

DIFFERENCES = "first order, central differences"
RNG = np.random.default_rng(3)
X = RNG.permutation(np.linspace(-1.4, 1.6, 12)).reshape(3, 4)
SQUARE = RNG.normal(size=(3, 3))
POSITIVE = RNG.uniform(0.5, 2.0, (3, 4))


def wrong(check: str, *says: str) -> Callable[[Wrong], Wrong]:
    """Enter an op, the check that has to reject it, and what the message has to say."""

    def enter(make: Wrong) -> Wrong:
        WRONG_OPS[make.__name__] = make
        REJECTED_BY[make.__name__] = check
        SAYS[make.__name__] = says
        return make

    return enter


# Simply wrong.


@wrong(DIFFERENCES, "wrong sign", "input 0 (x)")
def sign() -> tuple[Any, ...]:
    @primitive
    def sine(x):
        return np.sin(x)

    sine.vjp(lambda g, y, x: -g * np.cos(x))
    return sine, X


@wrong(DIFFERENCES, "1.0005 times", "input 0 (x)")
def factor() -> tuple[Any, ...]:
    @primitive
    def sine(x):
        return np.sin(x)

    sine.vjp(lambda g, y, x: 1.0005 * g * np.cos(x))
    return sine, X


@wrong(DIFFERENCES, "a term is missing", "= -1 · g")
def dropped_term() -> tuple[Any, ...]:
    @primitive
    def parabola(x):
        return x * x + x

    parabola.vjp(lambda g, y, x: g * 2 * x)
    return parabola, X


@wrong(DIFFERENCES, "swapped", "input 0 (a)")
def swapped_inputs() -> tuple[Any, ...]:
    @primitive
    def times(a, b):
        return a * b

    times.vjp(lambda g, y, a, b: (g * a, g * b))
    return times, X, X + 1


@wrong(DIFFERENCES, "input 0 (a)")
def untransposed_matmul() -> tuple[Any, ...]:
    @primitive
    def product(a, b):
        return a @ b

    product.vjp(lambda g, y, a, b: (lambda: g @ b, lambda: a.T @ g))
    return product, SQUARE, SQUARE + 1


@wrong(DIFFERENCES, "input 1 (b)")
def missing_broadcast_sum() -> tuple[Any, ...]:
    @primitive
    def add_bias(x, b):
        return x + b

    add_bias.vjp(lambda g, y, x, b: (g, g[0]))
    return add_bias, X, X[0]


@wrong(DIFFERENCES, "a sum where a mean belongs")
def sum_for_mean() -> tuple[Any, ...]:
    @primitive
    def average(x):
        return np.mean(x)

    average.vjp(lambda g, y, x: g * np.ones_like(x))
    return average, X


@wrong(DIFFERENCES, "input 0 (x)")
def repeated_along_the_wrong_axis() -> tuple[Any, ...]:
    @primitive
    def row_sums(x):
        return np.sum(x, axis=1)

    row_sums.vjp(lambda g, y, x: g * np.ones_like(x))
    return row_sums, SQUARE


@wrong(DIFFERENCES, "input 0 (x)")
def softmax_that_passes_under_a_uniform_gradient() -> tuple[Any, ...]:
    @primitive
    def soft(x):
        e = np.exp(x)
        return e / np.sum(e, axis=-1, keepdims=True)

    soft.vjp(lambda g, y, x: y * (g - np.mean(g, axis=-1, keepdims=True)))
    return soft, X


@wrong(DIFFERENCES, "reverse order")
def running_sum_without_its_flips() -> tuple[Any, ...]:
    @primitive
    def pairs(x):
        return x[::-1] * 2

    pairs.vjp(lambda g, y, x: g * 2)
    return pairs, X[0]


@wrong(DIFFERENCES, "input 0 (x)")
def blind_to_g() -> tuple[Any, ...]:
    @primitive
    def squared(x):
        return x * x

    squared.vjp(lambda g, y, x: 2 * x)
    return squared, X


@wrong(DIFFERENCES, "no gradient arrives")
def said_to_have_no_derivative() -> tuple[Any, ...]:
    @primitive(differentiable=False)
    def squared(x):
        return x * x

    return squared, X


@wrong(DIFFERENCES, "not finite")
def infinite_derivative() -> tuple[Any, ...]:
    @primitive
    def magnitude(x):
        return np.sqrt(x * x)

    magnitude.vjp(lambda g, y, x: g * x / (y - y[0, 0] + 0 * x))
    return magnitude, X


# Wrong only for some inputs.


@wrong("first order", "negated", "input 0 (x)")
def only_for_negative_input() -> tuple[Any, ...]:
    @primitive(elementwise=True)
    def leaky(x):
        return np.where(x > 0, x, 0.1 * x)

    leaky.vjp(lambda g, y, x: g * (x > 0))
    return leaky, POSITIVE


@wrong("first order", "ten times as large")
def only_for_large_input() -> tuple[Any, ...]:
    @primitive(elementwise=True)
    def squash(x):
        return np.tanh(x / 4)

    squash.vjp(lambda g, y, x: g * (1 - y * y) / 4 * (abs(x) < 3))
    return squash, X


@wrong("at ties and kinks", "all entries together", "all equal")
def only_at_ties() -> tuple[Any, ...]:
    @primitive
    def largest(x):
        return np.max(x)

    largest.vjp(lambda g, y, x: g * (x == y))
    return largest, X


@wrong("at ties and kinks", "inputs equal to one another")
def only_at_ties_of_two_inputs() -> tuple[Any, ...]:
    @primitive(elementwise=True)
    def larger(a, b):
        return np.maximum(a, b)

    larger.vjp(lambda g, y, a, b: (g * (a >= b), g * (b >= a)))
    return larger, X, X[::-1] + 0.04


@wrong("at ties and kinks", "all 0")
def only_at_zero() -> tuple[Any, ...]:
    @primitive(elementwise=True)
    def rectify(x):
        return np.maximum(x, 0)

    rectify.vjp(lambda g, y, x: g * (x > 0) + 2 * g * (x == 0))
    return rectify, X


@wrong("first order", "cut to 1")
def only_for_axes_of_length_1() -> tuple[Any, ...]:
    @primitive
    def centred(x):
        return x - np.mean(x, axis=0, keepdims=True)

    def vjp(g, y, x):
        return g if len(x.shape) < 2 or x.shape[0] == 1 else g - np.mean(g, axis=0, keepdims=True)

    centred.vjp(vjp)
    return centred, X


@wrong("first order", "integers all the same", "input 0 (x)")
def set_for_add() -> tuple[Any, ...]:
    @primitive
    def pick(x, rows):
        return x[rows]

    def vjp(g, y, x, rows):
        if isinstance(g, tg.Value):
            return tg.place(g, rows, indices=((tg.ops.indexing.HOLE,),), shape=x.shape), None
        dx = np.zeros(x.shape, g.dtype)
        dx[rows] = g
        return dx, None

    pick.vjp(vjp)
    return pick, X, np.array([2, 0])


@wrong("first order", "broadcast", "input 1 (b)")
def only_where_it_broadcasts() -> tuple[Any, ...]:
    @primitive(elementwise=True)
    def scale(a, b):
        return a * b

    def vjp(g, y, a, b):
        db = g * a if np.shape(a) == np.shape(b) else np.sum(g * a)
        return g * b, db if np.shape(b) == np.shape(a) else db + 0 * b

    scale.vjp(vjp)
    return scale, X, X + 1


@wrong("first order", "shape ()", "IndexError")
def only_for_single_numbers() -> tuple[Any, ...]:
    @primitive(elementwise=True)
    def triple(x):
        return 3 * x

    triple.vjp(lambda g, y, x: 3 * g * np.ones_like(x[..., :1])[..., 0:1])
    return triple, X


@wrong("no entries", "cut to 0", "ZeroDivisionError")
def only_without_entries() -> tuple[Any, ...]:
    @primitive
    def total(x):
        return np.sum(x)

    total.vjp(lambda g, y, x: g * np.ones_like(x) * (x.shape[0] / len(x)) * (len(x) // len(x)))
    return total, X


# Wrong only at second order.


@wrong("second order", "the gradient by input 0 (x)")
def unwrapped_by_data() -> tuple[Any, ...]:
    @primitive
    def cube(x):
        return x * x * x

    cube.vjp(lambda g, y, x: g * 3 * np.square(getattr(x, "data", x)))
    return cube, X


@wrong("second order", "the gradient by g")
def g_unwrapped_by_data() -> tuple[Any, ...]:
    @primitive
    def cube(x):
        return x * x * x

    cube.vjp(lambda g, y, x: np.asarray(getattr(g, "data", g)) * 3 * x * x)
    return cube, X


@wrong("second order", "wrong sign")
def second_order_through_a_wrong_op() -> tuple[Any, ...]:
    @primitive
    def cosine(x):
        return np.cos(x)

    cosine.vjp(lambda g, y, x: g * np.sin(x))  # the sign

    @primitive
    def sine(x):
        return np.sin(x)

    sine.vjp(lambda g, y, x: g * cosine(x))
    return sine, X


@wrong("second order", "on Values")
def another_on_values() -> tuple[Any, ...]:
    @primitive
    def double(x):
        return 2 * x

    double.vjp(lambda g, y, x: g * (2 if isinstance(g, (np.ndarray, np.generic)) else 3))
    return double, X


# Misused.


@wrong("VJP is pure", "2 gradients for 1 inputs", "untold")
def wrong_number_of_gradients() -> tuple[Any, ...]:
    @primitive
    def untold(x):
        return 2 * x

    untold.vjp(lambda g, y, x: (2 * g, g))
    return untold, X


@wrong(DIFFERENCES, "argument 'b' of sum_of_two", "no gradient")
def none_where_one_is_owed() -> tuple[Any, ...]:
    @primitive
    def sum_of_two(a, b):
        return a + b

    sum_of_two.vjp(lambda g, y, a, b: (g, None))
    return sum_of_two, X, X + 1


@wrong(DIFFERENCES, "argument 'x' of flat", "(12,)")
def wrong_shape() -> tuple[Any, ...]:
    @primitive
    def flat(x):
        return np.reshape(x, (-1,))

    flat.vjp(lambda g, y, x: g)
    return flat, X


@wrong("VJP is pure", "has no derivative yet", "underived")
def no_derivative() -> tuple[Any, ...]:
    @primitive
    def underived(x):
        return 2 * x

    return underived, X


# Misbehaving.


@wrong("forward is pure", "changed input 0 (x) at [", "got", "expected")
def writes_to_its_input() -> tuple[Any, ...]:
    @primitive
    def stable_exp(x):
        if isinstance(x, np.ndarray):
            x -= np.max(x)
        return np.exp(x)

    stable_exp.vjp(lambda g, y, x: g * y)
    return stable_exp, X


@wrong("forward is pure", "another result the second time", "input 0 (x)")
def draws_random_numbers() -> tuple[Any, ...]:
    generator = np.random.default_rng(0)

    @primitive
    def noisy(x):
        return x + generator.normal(size=np.shape(x))

    noisy.vjp(lambda g, y, x: g)
    return noisy, X


@wrong("forward is pure", "result of the old ones", "input 0 (x)")
def remembers_results_by_identity() -> tuple[Any, ...]:
    remembered: dict[int, Any] = {}
    kept: list[Any] = []

    @primitive
    def slow_square(x):
        base = x if x.base is None else x.base
        if id(base) not in remembered:
            remembered[id(base)] = x * x
            kept.append(base)
        return remembered[id(base)]

    slow_square.vjp(lambda g, y, x: g * 2 * x)
    return slow_square, X


@wrong("no state between calls", "input 0 (x)", "at [", "got", "expected")
def stale_state() -> tuple[Any, ...]:
    mask = {}

    @primitive
    def rectify(x):
        mask["latest"] = x > -1
        return x * mask["latest"]

    rectify.vjp(lambda g, y, x: g * mask["latest"])
    return rectify, X


@wrong("VJP is pure", "changed g at [", "got", "expected")
def writes_to_g() -> tuple[Any, ...]:
    @primitive
    def double(x):
        return 2 * x

    def vjp(g, y, x):
        g *= 2
        return g

    double.vjp(vjp)
    return double, X


@wrong("VJP is pure", "changed y at [", "got", "expected")
def writes_to_y() -> tuple[Any, ...]:
    @primitive
    def grow(x):
        return np.exp(x)

    def vjp(g, y, x):
        y *= g
        return y

    grow.vjp(vjp)
    return grow, X


@wrong("results survive accumulation", "input 0 (x)", "overwritten")
def returns_the_same_buffer_each_time() -> tuple[Any, ...]:
    buffer = np.zeros(X.shape)

    @primitive
    def double(x):
        return 2 * x

    def vjp(g, y, x):
        return np.multiply(g, 2, out=buffer) if isinstance(g, np.ndarray) else 2 * g

    double.vjp(vjp)
    return double, X


@wrong("float32 is kept", "VJP", "input 0 (x)", "got float64, expected float32")
def float64_leaks_into_the_gradient() -> tuple[Any, ...]:
    @primitive
    def double(x):
        return 2 * x

    double.vjp(lambda g, y, x: g * np.full(x.shape, 2.0))
    return double, X


@wrong("float32 is kept", "forward", "got float64, expected float32")
def float64_leaks_into_the_result() -> tuple[Any, ...]:
    @primitive
    def double(x):
        return np.full(x.shape, 2.0) * x

    double.vjp(lambda g, y, x: 2 * g)
    return double, X


@wrong(DIFFERENCES, "input 0 (x)")
def computed_in_float32() -> tuple[Any, ...]:
    @primitive
    def sine(x):
        return np.sin(x.astype(np.float32)).astype(x.dtype)

    sine.vjp(lambda g, y, x: g * np.cos(x))
    return sine, X


@wrong("any memory layout", "column-order")
def looks_at_memory() -> tuple[Any, ...]:
    @primitive
    def laid_out(x):
        return np.ravel(x, order="K") * 2

    laid_out.vjp(lambda g, y, x: np.reshape(2 * g, x.shape))
    return laid_out, X


@wrong("no NumPy warning", "overflow")
def overflows() -> tuple[Any, ...]:
    @primitive
    def logistic(x):
        return 1 / (1 + np.exp(-x))

    logistic.vjp(lambda g, y, x: g * y * (1 - y))
    return logistic, np.array([-800.0, 0.3, 2.0])


@wrong("elementwise, as declared", "input 0 (x)", "got", "expected")
def elementwise_only_by_name() -> tuple[Any, ...]:
    @primitive(elementwise=True)
    def soft(x):
        e = np.exp(x)
        return e / np.sum(e)

    soft.vjp(lambda g, y, x: y * (g - np.sum(g * y)))
    return soft, X
