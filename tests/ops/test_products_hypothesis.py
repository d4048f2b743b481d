"""matmul, dot, outer and einsum of shapes that Hypothesis draws, against NumPy and linearity.

A product is linear in each operand: its derivative by an entry is the product with that entry 1
and all others 0. That needs no step and no calculus, and is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_rnn as tg
from tests.engine.witness import gradients, some_weights
from tinygrad_rnn import Value
from tinygrad_rnn.check import gradcheck


def numbers(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def slopes_by_linearity(f: Callable[..., Any], inputs: list[np.ndarray]) -> list[np.ndarray]:
    """Return the derivatives of Σ weights · f by every entry of every input."""
    weights = some_weights(np.shape(f(*inputs)))
    results = []
    for i, x in enumerate(inputs):
        slope = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            unit = np.zeros(x.shape)
            unit[place] = 1.0
            slope[place] = np.sum(weights * f(*inputs[:i], unit, *inputs[i + 1 :]))
        results.append(slope)
    return results


def check_product(f: Callable[..., Any], inputs: list[np.ndarray]) -> None:
    expected = f(*inputs)
    y = f(*map(Value, inputs))
    assert y.shape == np.shape(expected)
    np.testing.assert_allclose(y.data, expected, rtol=1e-13, atol=1e-13)
    found = gradients(f, *inputs, weights=some_weights(y.shape))
    for g, slope in zip(found, slopes_by_linearity(f, inputs), strict=True):
        assert g.shape == slope.shape
        np.testing.assert_allclose(g, slope, rtol=1e-12, atol=1e-12)


@settings(max_examples=150)
@given(
    shapes=hnp.mutually_broadcastable_shapes(
        signature=np.matmul.signature, max_dims=2, min_side=0, max_side=3
    )
)
def test_matmul(shapes: hnp.BroadcastableShapes) -> None:
    inputs = [numbers(shape, i) for i, shape in enumerate(shapes.input_shapes)]
    check_product(lambda a, b: a @ b, inputs)
    assert (Value(inputs[0]) @ Value(inputs[1])).shape == shapes.result_shape


@settings(max_examples=20)
@given(
    shapes=hnp.mutually_broadcastable_shapes(
        signature=np.matmul.signature, max_dims=2, min_side=1, max_side=3
    )
)
def test_matmul_second_order(shapes: hnp.BroadcastableShapes) -> None:
    inputs = tuple(numbers(shape, i) for i, shape in enumerate(shapes.input_shapes))
    assert gradcheck(lambda a, b: a @ b, inputs)


@settings(max_examples=60)
@given(data=st.data(), length=st.integers(0, 3))
def test_dot(data: st.DataObject, length: int) -> None:
    shape = hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3)
    a, b = data.draw(shape), data.draw(shape)
    if data.draw(st.booleans()):
        first: tuple[int, ...] = (*a, length)
        second = (*b[:-1], length, *b[-1:]) if b else (length,)
    else:
        first, second = ((), b) if length % 2 else (a, ())
    check_product(np.dot, [np.asarray(numbers(first, 0)), np.asarray(numbers(second, 1))])


@settings(max_examples=30)
@given(a=hnp.array_shapes(min_dims=0, max_side=3, min_side=0), b=hnp.array_shapes(max_side=3))
def test_outer(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    check_product(np.outer, [numbers(a, 0)[...], numbers(b, 1)])


@settings(max_examples=60)
@given(
    leading=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
    D=st.integers(0, 3),
    H=st.integers(0, 3),
    bias=st.booleans(),
)
def test_linear(leading: tuple[int, ...], D: int, H: int, bias: bool) -> None:
    inputs = [numbers((*leading, D), 0), numbers((H, D), 1), numbers((H,), 2)][: 2 + bias]

    def reference(x: Any, w: Any, b: Any = 0.0) -> Any:
        return np.einsum("...d,hd->...h", x, w) + b

    values = [Value(x) for x in inputs]
    y = tg.linear(*values)
    np.testing.assert_allclose(y.data, reference(*inputs), rtol=1e-13, atol=1e-14)
    weights = some_weights(y.shape)
    y.backward(weights)
    zero_bias = inputs[:2]
    expected = slopes_by_linearity(reference, zero_bias)
    expected += [weights.reshape(-1, H).sum(axis=0) if weights.size else np.zeros(H)] * bias
    for v, slope in zip(values, expected, strict=True):
        np.testing.assert_allclose(v.grad, slope, rtol=1e-12, atol=1e-12)


# einsum: letters drawn at random, repeated within a term, summed or not, with and without "...".


@st.composite
def subscripts(draw: st.DrawFn, *, repeats: bool = True) -> tuple[str, list[tuple[int, ...]]]:
    """Draw subscripts, and shapes that fit them."""
    lengths = {letter: draw(st.integers(1, 3)) for letter in "ijkX"}
    count = draw(st.integers(1, 3))
    term = st.lists(st.sampled_from("ijkX"), max_size=3, unique=not repeats).map("".join)
    terms = [draw(term) for _ in range(count)]
    shapes = [tuple(lengths[letter] for letter in each) for each in terms]
    if draw(st.booleans()):  # leading axes that broadcast
        extra = draw(
            hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=2, max_side=2)
        ).input_shapes
        at = [draw(st.integers(0, len(each))) for each in terms]
        shapes = [s[:k] + e + s[k:] for s, e, k in zip(shapes, extra, at, strict=True)]
        terms = [each[:k] + "..." + each[k:] for each, k in zip(terms, at, strict=True)]
    text = ",".join(terms)
    if draw(st.booleans()):
        letters = sorted(set(text) & set(lengths))
        chosen = draw(st.lists(st.sampled_from(letters), unique=True)) if letters else []
        dots = "..." if "..." in text else ""
        text += f"->{dots}{''.join(chosen)}"
    if draw(st.booleans()):
        text = text.replace(",", " , ").replace("->", " -> ")
    return text, shapes


@settings(max_examples=150)
@given(drawn=subscripts())
def test_einsum(drawn: tuple[str, list[tuple[int, ...]]]) -> None:
    text, shapes = drawn
    inputs = [np.asarray(numbers(shape, i)) for i, shape in enumerate(shapes)]
    check_product(lambda *x: np.einsum(text, *x), inputs)


@settings(max_examples=15)
@given(drawn=subscripts())
def test_einsum_second_order(drawn: tuple[str, list[tuple[int, ...]]]) -> None:
    text, shapes = drawn
    assume(sum(np.prod(shape, dtype=int) for shape in shapes) <= 30)
    inputs = tuple(np.asarray(numbers(shape, i)) for i, shape in enumerate(shapes))
    assert gradcheck(lambda *x: tg.einsum(text, *x), inputs)


@settings(max_examples=40)
@given(
    data=st.data(),
    shapes=hnp.mutually_broadcastable_shapes(num_shapes=2, min_dims=2, max_dims=2, max_side=3),
)
def test_einsum_broadcasts_axes_of_length_one_under_a_letter(
    data: st.DataObject, shapes: hnp.BroadcastableShapes
) -> None:
    """As NumPy does, although a letter has two lengths then."""
    output = data.draw(st.sampled_from(["", "i", "j", "ij", "ji"]))
    (a, b) = (s if len(s) == 2 else (1,) * (2 - len(s)) + s for s in shapes.input_shapes)
    check_product(lambda x, y: np.einsum(f"ij,ij->{output}", x, y), [numbers(a, 0), numbers(b, 1)])
