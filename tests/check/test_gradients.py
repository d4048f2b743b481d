"""gradcheck: right functions pass, wrong ones are named, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.check import GradientMismatch, gradcheck
from tinygrad_rnn.extend import primitive

RNG = np.random.default_rng(7)
X = RNG.normal(size=(2, 3))
W = RNG.normal(size=(3, 4))
SQUARE = RNG.normal(size=(3, 3))


def refused(f: Callable[..., Any], inputs: Any, order: int = 2) -> GradientMismatch:
    with pytest.raises(GradientMismatch) as caught:
        gradcheck(f, inputs, order)
    return caught.value


def lying(forward: Callable[..., Any], vjp: Callable[..., Any]) -> Any:
    """Make an op with a derivative of one's own."""
    op = primitive(forward)
    op.vjp(vjp)
    return op


# What must pass.


@pytest.mark.parametrize(
    ("f", "inputs"),
    [
        (lambda x: np.tanh(x @ W), X),
        (lambda x, w: tg.softmax(x @ w), (X, W)),
        (lambda x, w: tg.softmax(x @ w), [X, W]),
        (lambda p: tg.softmax(p["x"] @ p["w"][0]), {"x": X, "w": [W]}),
        (lambda x: x**3, 2.0),
        (lambda x, n: x**n, (2.0, 3)),
        (lambda x: x, X),
        (lambda x: x * 0.0 + 1.0, X),
        (lambda x: 3.0 * x, X),  # no second derivative to speak of
        (lambda x: np.sum(x), np.zeros((0, 3))),
        (lambda x, i: tg.softmax_cross_entropy(x, i), (X, np.array([2, 0]))),
        (lambda x: (x * 1e-6).sum(), X),
        (lambda x: np.exp(x) * 1e12, X),
        (lambda x: x * np.array([1.0, 1e-9, 1e9]), X),
        (lambda x: np.log(x), np.array([1e-4, 1.0, 1e4])),
        (lambda x: np.sin(x), np.array([1e4])),
    ],
)
def test_right_functions_pass(f: Callable[..., Any], inputs: Any) -> None:
    assert gradcheck(f, inputs) is True


def test_float32_inputs_are_lifted() -> None:
    assert gradcheck(lambda x, w: np.tanh(x @ w), (X.astype(np.float32), tg.Value(W)))


def test_nothing_is_left_behind_and_nothing_modified() -> None:
    x, w, closed_over = tg.Value(X.copy()), tg.Value(W.copy()), tg.Value(2.0)
    x.grad = before = np.full(X.shape, 5.0)
    gradcheck(lambda x, w: np.tanh(x @ w) * closed_over, (x, w))
    assert x.grad is before and np.all(before == 5) and w.grad is None
    assert closed_over.grad is None
    assert np.array_equal(x.data, X) and np.array_equal(w.data, W)


def test_a_value_that_needs_no_gradient_is_a_constant() -> None:
    constant = tg.Value(W, requires_grad=False)
    assert gradcheck(lambda x, w: x @ w, (X, constant))
    with pytest.raises(TypeError, match="nothing to differentiate by"):
        gradcheck(lambda w: w * 2, constant)


def test_a_derivative_within_the_function_is_differentiated_again() -> None:
    assert gradcheck(lambda x: tg.grad(lambda z: np.sum(np.sin(z)))(x), X)


def test_the_weights_come_from_the_generator() -> None:
    def run(seed: int) -> GradientMismatch:
        with pytest.raises(GradientMismatch) as caught:
            generator = np.random.default_rng(seed)
            gradcheck(lambda x: x * x.detach(), X, generator=generator)
        return caught.value

    assert str(run(1)) == str(run(1)) != str(run(2))


# Kinks.


def test_at_a_kink_any_slope_between_the_two_sides_is_right_at_first_order() -> None:
    assert gradcheck(lambda x: tg.relu(x), np.array([0.0, 1.0]), order=1)
    assert gradcheck(lambda x: abs(x), np.array([0.0, 1.0]), order=1)

    steep = lying(lambda x: np.maximum(x, 0), lambda g, y, x: g * np.where(x == 0, 1.2, x > 0))
    mismatch = refused(lambda x: steep(x).sum(), np.array([0.0, 1.0]), order=1).mismatch
    assert mismatch.index == (0,) and mismatch.got == 1.2


def test_at_a_kink_there_is_no_second_order_and_the_message_says_so() -> None:
    error = refused(lambda x: tg.relu(x), np.array([0.0, 1.0]))
    assert "no second derivative" in str(error) and "order=1" in str(error)


def test_close_to_a_kink_is_not_at_it() -> None:
    assert gradcheck(lambda x: tg.relu(x), np.array([1e-5, -1e-5]))


def test_a_point_without_neighbours_is_not_passed() -> None:
    error = refused(np.sqrt, np.array([0.0, 1.0]), order=1)
    assert error.mismatch.index == (0,) and "cannot measure" in str(error)


# What must not pass.


def test_the_message_names_input_entry_both_numbers_and_the_cause() -> None:
    def wrong_b(g: Any, y: Any, a: Any, b: Any) -> Any:
        return g * b, -g * a

    times = lying(lambda a, b: a * b, wrong_b)
    a, b = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    error = refused(lambda first, second: np.sum(times(first, second)), (a, b))
    assert error.mismatch.label == "input 1 (second)"
    assert error.mismatch.index == (2,)
    assert error.mismatch.got == -3.0
    assert abs(error.mismatch.expected - 3.0) < 1e-9
    assert (error.mismatch.wrong, error.mismatch.entries) == (3, 3)
    text = str(error)
    for part in ("input 1 (second)", "[2]", "got -3", "expected 3", "3 of 3", "wrong sign"):
        assert part in text, part


def test_the_error_is_an_assertion_that_failed() -> None:
    assert issubclass(GradientMismatch, AssertionError)


WRONG: dict[str, tuple[Callable[..., Any], Any, str]] = {
    "detached": (lambda x: np.sum(x.detach() * 2), X, "no gradient arrives"),
    "half detached": (lambda x: np.sum(x * x.detach()), X, "0.5 times"),
    "an array instead of a Value": (lambda x: x.data * 2, X, "no gradient arrives"),
    "without a graph": (lambda x: no_graph_product(x), X, "no gradient arrives"),
    "scaled by 1.0005": (lambda x: op_scaled(x), X, "1.0005 times"),
    "transposed": (lambda x: op_transposed(x), SQUARE, "transposed"),
    "swapped": (lambda a, b: op_swapped(a, b), (X, X + 1), "swapped"),
    "a sum for a mean": (lambda x: op_sum_for_mean(x), X[0], "a sum where a mean belongs"),
    "softmax without its second term": (lambda x: op_softmax(x), X, ""),
    "wrong where negative": (lambda x: op_negative(x), X, "the input is negative"),
    "reversed": (lambda x: op_reversed(x), X, "reverse order along axis 1"),
    "not a number": (lambda x: op_nan(x), X, "not finite"),
    "computed in float32": (lambda x: op_float32(x), X, "float32"),
    "a term missing": (lambda x: op_term(x), X, "a term is missing"),
    "a term too many": (lambda x: op_term_more(x), X, "a term is too many"),
    "a factor below the line missing": (
        lambda x: op_line(x),
        X,
        "(1 + |input 0 (x)|) times the expected one",
    ),
    "a factor missing": (lambda x: op_factor(x), X, "a factor input 0 (x) is missing"),
    "one entry": (lambda x: op_one_entry(x), X, "only some entries"),
    "a gradient for a constant": (lambda a, b: op_constant(a, b), (X, X + 1), "1 · g"),
}


def no_graph_product(x: Any) -> Any:
    with tg.no_grad():
        return x * 2


def op_scaled(x: Any) -> Any:
    return lying(lambda x: np.sin(x), lambda g, y, x: g * np.cos(x) * 1.0005)(x)


def op_transposed(x: Any) -> Any:
    return lying(lambda x: x.T * 2, lambda g, y, x: g * 2)(x)


def op_line(x: Any) -> Any:
    return lying(lambda x: x / (1 + abs(x)), lambda g, y, x: g / (1 + abs(x)))(x)


def op_factor(x: Any) -> Any:
    return lying(lambda x: x * x * x, lambda g, y, x: g * 3 * x)(x)


def op_swapped(a: Any, b: Any) -> Any:
    return lying(lambda a, b: a * b, lambda g, y, a, b: (g * a, g * b))(a, b)


def op_sum_for_mean(x: Any) -> Any:
    return lying(lambda x: np.mean(x), lambda g, y, x: np.broadcast_to(g, x.shape))(x)


def op_softmax(x: Any) -> Any:
    def softmax_rows(x: Any) -> Any:
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def vjp(g: Any, y: Any, x: Any) -> Any:  # right if g is the same everywhere
        return y * (g - np.mean(g, axis=-1, keepdims=True))

    return lying(softmax_rows, vjp)(x)


def op_negative(x: Any) -> Any:
    return lying(lambda x: abs(x), lambda g, y, x: g * (x > 0))(x)


def op_reversed(x: Any) -> Any:
    return lying(lambda x: x[:, ::-1] * 2, lambda g, y, x: g * 2)(x)


def op_nan(x: Any) -> Any:
    return lying(lambda x: x * 2, lambda g, y, x: g * 2 * np.where(x == x[0, 0], np.nan, 1))(x)


def op_float32(x: Any) -> Any:
    def vjp(g: Any, y: Any, x: Any) -> Any:
        return (g.astype(np.float32) * np.cos(x).astype(np.float32)).astype(np.float64)

    return lying(lambda x: np.sin(x), vjp)(x)


def op_term(x: Any) -> Any:
    return lying(lambda x: x * x + x, lambda g, y, x: g * 2 * x)(x)


def op_term_more(x: Any) -> Any:
    return lying(lambda x: np.sin(x), lambda g, y, x: g * np.cos(x) + 0.1 * g * x)(x)


def op_one_entry(x: Any) -> Any:
    def vjp(g: Any, y: Any, x: Any) -> Any:
        wrong = np.zeros(x.shape)
        wrong[1, 2] = 1e-3
        return g * 2 + wrong

    return lying(lambda x: x * 2, vjp)(x)


def op_constant(a: Any, b: Any) -> Any:
    return lying(lambda a, b: a * 2, lambda g, y, a, b: (g * 2, g))(a, b)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_gradients_are_refused_with_their_usual_cause(name: str) -> None:
    f, inputs, cause = WRONG[name]
    error = refused(f, inputs, order=1)
    assert cause in error.mismatch.cause, str(error)
    assert "input " in str(error) and "expected" in str(error)


def test_wrong_only_at_second_order() -> None:
    """The gradient of x³ is right, but x was unwrapped on the way: it is a constant to the next."""
    cube = lying(lambda x: x**3, lambda g, y, x: g * 3 * np.square(getattr(x, "data", x)))
    # on arrays `.data` is a memory view, which NumPy reads like the array itself
    assert gradcheck(lambda x: cube(x), X, order=1)
    error = refused(lambda x: cube(x), X)
    assert error.mismatch.label == "the gradient by input 0 (x)"
    assert "second order" in str(error) and "no gradient arrives" in str(error)


def test_a_derivative_that_is_not_linear_in_g_is_refused() -> None:
    double = lying(lambda x: 2 * x, lambda g, y, x: 2 * g * g / g.detach() if hasattr(g, "detach")
                   else 2 * g)  # fmt: skip
    error = refused(lambda x: double(x), X)
    assert "which arrives" in error.mismatch.label


def test_a_derivative_that_is_another_on_values_is_refused() -> None:
    two_faced = lying(lambda x: 2 * x, lambda g, y, x: g * (2 if isinstance(g, np.ndarray) else 3))
    assert "on Values" in refused(lambda x: two_faced(x), X).mismatch.label


# What cannot be checked.


def test_a_function_that_draws_random_numbers_is_told_so() -> None:
    generator = np.random.default_rng(0)
    with pytest.raises(ValueError, match="another result"):
        gradcheck(lambda x: tg.dropout(x, p=0.5, generator=generator), np.ones((4, 4)))
    assert gradcheck(
        lambda x: tg.dropout(x, p=0.5, generator=np.random.default_rng(0)), np.ones((4, 4))
    )


def test_a_function_that_writes_to_its_input_is_told_so() -> None:
    def careless(x: tg.Value) -> Any:
        x.data[0] += 1
        return x * 2

    with pytest.raises(ValueError, match="wrote to its input"):
        gradcheck(careless, X)


@pytest.mark.parametrize("returned", [(1.0, 2.0), [np.ones(2)], {"loss": 1.0}, None, 3.0])
def test_a_result_that_is_no_array_is_told(returned: Any) -> None:
    with pytest.raises(TypeError, match="the function returned"):
        gradcheck(lambda x: returned, X)


def test_a_float32_result_is_told() -> None:
    with pytest.raises(TypeError, match="float32"):
        gradcheck(lambda x: x.astype(np.float32), X)


@pytest.mark.parametrize("order", [0, 3, "2"])
def test_another_order_is_refused(order: Any) -> None:
    with pytest.raises(ValueError, match="order"):
        gradcheck(np.sin, X, order)
