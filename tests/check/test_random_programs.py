"""Random small programs of built-in ops, with shared operands and loops, against differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tinygrad_rnn.check import gradcheck

Op = Callable[..., Any]
Step = tuple[str, tuple[int, ...], int]  # an op, which earlier values it takes, how many turns

# Every value of a program is of shape (2, 3), so that any op can follow any other.
UNARY: dict[str, Op] = {
    "tanh": np.tanh,
    "sigmoid": tg.sigmoid,
    "softplus": tg.softplus,
    "sin": np.sin,
    "exp": lambda x: np.exp(-x * x),
    "log": lambda x: np.log(x * x + 0.5),
    "sqrt": lambda x: np.sqrt(x * x + 0.5),
    "power": lambda x: (x * x + 1) ** 0.3,
    "relu": lambda x: tg.relu(x) + 0.1 * x,
    "absolute": abs,
    "clip": lambda x: np.clip(x, -0.8, 1.1),
    "softmax": lambda x: tg.softmax(x, axis=1),
    "log_softmax": lambda x: tg.log_softmax(x, axis=0),
    "logsumexp": lambda x: x - tg.logsumexp(x, axis=1, keepdims=True),
    "mean": lambda x: x - np.mean(x, axis=0),
    "var": lambda x: x / np.sqrt(np.var(x, axis=1, keepdims=True) + 1),
    "max": lambda x: x - np.max(x, axis=1, keepdims=True),
    "prod": lambda x: x + 0.1 * np.prod(x, axis=0, keepdims=True),
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "transpose": lambda x: np.reshape(x.T, (2, 3)),
    "flip": lambda x: x[::-1, ::-1],
    "take": lambda x: np.take(x, np.array([2, 0, 2]), axis=1),
    "gather": lambda x: x[np.array([[0], [1]]), np.array([1, 1, 0])],
    "mask": lambda x: np.where(np.array([True, False, True]), x, 0.3),
    "pad": lambda x: np.pad(x[:, 1:], ((0, 0), (1, 0))),
    "roll": lambda x: np.concatenate([x[:, 2:], x[:, :2]], axis=1),
    "rows": lambda x: np.stack(list(reversed(tg.unstack(x)))),
    "columns": lambda x: np.concatenate(tg.split(x, 3, axis=1)[::-1], axis=1),
    "outer": lambda x: tg.outer(x[:, 0], x[0]),
}
BINARY: dict[str, Op] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - 2 * b,
    "multiply": lambda a, b: a * np.tanh(b),
    "divide": lambda a, b: a / (1 + b * b),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "matmul": lambda a, b: np.tanh(a @ b.T) @ a,
    "einsum": lambda a, b: np.einsum("ij,kj,kl->il", np.tanh(a), np.tanh(b), b),
    "linear": lambda a, b: tg.linear(a, np.concatenate([b, a[:1]]), b[0]),
    "dot": lambda a, b: a + np.dot(a[0], np.tanh(b[1])),
    "broadcast": lambda a, b: a[:1] + b[:, :1],
    "cross entropy": lambda a, b: a * tg.mse(a, b),
}
OPS = UNARY | BINARY


def run(program: list[Step], *inputs: Any) -> Any:
    """Run a program: each step takes earlier values and makes one; a loop feeds it back."""
    values = list(inputs)
    for name, operands, turns in program:
        chosen = [values[i % len(values)] for i in operands]
        y = OPS[name](*chosen)
        for _ in range(turns):  # a state that goes round, beside operands that are used each turn
            y = np.tanh(OPS[name](*([y, *chosen[1:]])) + 0.5 * chosen[0])
        values.append(y)
    return values[-1] + 0.3 * values[len(values) // 2]


steps = st.one_of(
    st.tuples(st.sampled_from(sorted(UNARY)), st.tuples(st.integers(0, 9)), st.integers(0, 2)),
    st.tuples(
        st.sampled_from(sorted(BINARY)),
        st.tuples(st.integers(0, 9), st.integers(0, 9)),
        st.integers(0, 2),
    ),
)


def numbers(seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(2, 3)), rng.normal(size=(2, 3))


@settings(max_examples=60)
@given(program=st.lists(steps, min_size=1, max_size=7), seed=st.integers(0, 2**32 - 1))
def test_the_gradient_of_a_random_program(program: list[Step], seed: int) -> None:
    assert gradcheck(lambda *x: run(program, *x), numbers(seed), order=1)


@settings(max_examples=15)
@given(program=st.lists(steps, min_size=1, max_size=4), seed=st.integers(0, 2**32 - 1))
def test_the_second_derivative_of_a_random_program(program: list[Step], seed: int) -> None:
    assert gradcheck(lambda *x: run(program, *x), numbers(seed), order=2)


def test_every_op_of_the_programs_alone_and_in_a_loop() -> None:
    for name in UNARY:
        assert gradcheck(lambda *x, name=name: run([(name, (0,), 2)], *x), numbers(1))
    for name in BINARY:
        assert gradcheck(lambda *x, name=name: run([(name, (0, 1), 2)], *x), numbers(1))
        assert gradcheck(lambda *x, name=name: run([(name, (1, 1), 0)], *x), numbers(2))
