"""What a sweep costs, by counting: each node once, nothing unasked, memory linear in the graph."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.engine.conftest import Counter
from tinygrad_rnn import RULES, Value
from tinygrad_rnn.engine.graph import ancestors

# Each node once.


def test_a_vjp_runs_once_for_each_node_however_many_paths(counter: Counter) -> None:
    x = y = Value(1.0)
    for _ in range(40):  # 2⁴⁰ paths
        y = counter.op(y, 0.5)
        y = y + y
    y.backward()
    assert float(x.grad) == 1.0
    assert counter.forwards == counter.vjps == 40


def test_an_unused_branch_costs_nothing(counter: Counter) -> None:
    x = Value(1.0)
    used = counter.op(x, 2.0)
    counter.op(used, 3.0)
    used.backward()
    assert counter.vjps == 1


def test_a_branch_of_constants_costs_nothing(counter: Counter) -> None:
    x, fixed = Value(1.0), Value(2.0, requires_grad=False)
    (x * counter.op(fixed, 3.0)).backward()
    assert counter.forwards == 1
    assert counter.vjps == 0


# No gradient is computed that nobody asked for.


@pytest.mark.parametrize("create_graph", [False, True])
def test_only_inputs_that_need_a_gradient_are_asked_for(
    counter: Counter, create_graph: bool
) -> None:
    x = Value(np.ones(2))
    constants = (3.0, np.full(2, 3.0), Value(np.full(2, 3.0), requires_grad=False))
    for constant in constants:
        counter.op(x, constant).backward(np.ones(2), create_graph=create_graph)
    assert counter.asked == ["x", "x", "x"]
    counter.asked.clear()
    counter.op(constants[1], x).backward(np.ones(2), create_graph=create_graph)
    assert counter.asked == ["w"]
    counter.asked.clear()
    counter.op(x, x).backward(np.ones(2), create_graph=create_graph)
    assert counter.asked == ["x", "w"]


def test_a_function_s_derivative_asks_for_its_arguments_only(counter: Counter) -> None:
    x0, w0 = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert tg.grad(lambda x, w: tg.sum(counter.op(x, w)))(x0, w0).tolist() == [3.0, 4.0]
    assert counter.asked == ["x"]
    counter.asked.clear()
    assert tg.grad(lambda x, w: tg.sum(counter.op(x, w)), 1)(x0, w0).tolist() == [1.0, 2.0]
    assert counter.asked == ["w"]


def test_a_function_s_derivative_leaves_out_the_values_that_it_closes_over(
    counter: Counter,
) -> None:
    w = Value(np.array([3.0, 4.0]))
    before = counter.op(w, 2.0)
    g = tg.grad(lambda x: tg.sum(x * before * counter.op(w, 5.0)))(np.array([1.0, 1.0]))
    np.testing.assert_array_equal(g, [6.0 * 15.0, 8.0 * 20.0])
    assert counter.vjps == 0
    assert w.grad is None


def test_a_function_s_derivative_stops_at_its_argument(counter: Counter) -> None:
    w = Value(np.array([3.0, 4.0]))
    x = counter.op(w, 2.0)
    g = tg.grad(lambda x: tg.sum(x * x))(x)
    np.testing.assert_array_equal(g.data, [12.0, 16.0])
    assert counter.vjps == 0
    tg.sum(g).backward()  # the result stays connected to where x came from
    assert counter.vjps == 1
    np.testing.assert_array_equal(w.grad, [4.0, 4.0])


# Memory, in bytes that NumPy and Python report.


class TakenBetween:
    """The memory that was taken between two VJPs, beyond what was held at the first, summed."""

    def __init__(self) -> None:
        self.times = self.total = 0
        self.held: int | None = None

    def __call__(self) -> None:
        held, peak = tracemalloc.get_traced_memory()
        self.times += 1
        if self.held is not None:
            self.total += peak - self.held
        tracemalloc.reset_peak()
        self.held = held


READERS: dict[str, Callable[[Value, int], list[Any]]] = {
    "x[t]": lambda x, T: [x[t] for t in range(T)],
    "x[t:t + 1]": lambda x, T: [x[t : t + 1] for t in range(T)],
    "x[..., t, :]": lambda x, T: [x[..., t, :] for t in range(T)],
    "iteration": lambda x, T: list(x),
    "unstack": lambda x, T: list(tg.unstack(x)),
    "split": lambda x, T: np.split(x, T),  # type: ignore[call-overload]
}


@pytest.mark.parametrize("reader", READERS)
def test_reading_one_step_costs_the_memory_of_one_step(
    reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    T, D = 256, 64
    x = Value(np.ones((T, D)))
    total = tg.sum(tg.stack([h * 2.0 for h in READERS[reader](x, T)]))
    rule, taken = RULES["getitem"], TakenBetween()
    vjp: Any = rule.vjp

    def watched(*args: Any, **params: Any) -> Any:
        taken()
        return vjp(*args, **params)

    monkeypatch.setattr(rule, "vjp", watched)
    tracemalloc.start()
    try:
        total.backward(retain_grad=False)
    finally:
        tracemalloc.stop()
    assert taken.times == T
    np.testing.assert_array_equal(x.grad, np.full((T, D), 2.0))
    # Zeros as long as the sequence, made at each step, would be T · T · D numbers.
    assert taken.total < 8 * T * D * 8


def peak_of_backward(y: Value, **settings: Any) -> int:
    tracemalloc.start()
    try:
        y.backward(**settings)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def sequence(T: int) -> Value:
    """Read T steps of a sequence in a recurrence with one weight."""
    x, w = Value(np.ones((T, 32))), Value(np.full((32, 32), 0.01))
    h: Any = x[0]
    for t in range(1, T):
        h = tg.tanh(h @ w + x[t])
    return tg.sum(h)


@pytest.mark.parametrize("create_graph", [False, True])
def test_peak_memory_is_linear_in_time(create_graph: bool) -> None:
    peaks = [peak_of_backward(sequence(T), create_graph=create_graph) for T in (100, 200, 400)]
    assert peaks[1] < 2.3 * peaks[0]
    assert peaks[2] < 2.3 * peaks[1]


def test_the_recorded_gradient_of_a_sequence_is_linear_in_time() -> None:
    def entries(T: int) -> int:
        x = Value(np.ones((T, 8)))
        tg.sum(tg.stack([h * h for h in x])).backward(create_graph=True)
        return sum(node.data.size for node in ancestors(x.grad, constants=True))

    assert entries(200) <= 2.1 * entries(100)


def test_training_frees_gradients_on_the_way_as_it_goes() -> None:
    def chain() -> Value:
        y = Value(np.ones(10_000))
        for _ in range(50):
            y = tg.sin(y)
        return tg.sum(y)

    array = 8 * 10_000
    assert peak_of_backward(chain(), retain_grad=False) < 6 * array
    assert peak_of_backward(chain(), retain_grad=True) > 50 * array
