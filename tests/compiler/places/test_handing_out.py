"""Large results are handed out where they lie; they are the holder's as long as there is one."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.places.lending import LARGE, Loan
from tinygrad_rnn.engine.graph import ancestors

rng = np.random.default_rng(0)
N = 64
assert 8 * N * N > LARGE > 8 * N


@pytest.fixture
def renewed(monkeypatch: pytest.MonkeyPatch) -> list[Loan]:
    """The loans that have taken new memory."""
    found: list[Loan] = []
    renew = Loan.renew

    def counted(self: Loan) -> None:
        found.append(self)
        renew(self)

    monkeypatch.setattr(Loan, "renew", counted)
    return found


def problem() -> tuple[tg.Value, Any]:
    W = tg.Value(rng.normal(size=(N, N)))
    return W, tg.compile(lambda x: np.sum(np.tanh(x @ W)))


def gradient(f: Any, W: tg.Value, x: np.ndarray) -> np.ndarray:
    """The gradient alone, with which nobody else can be compared afterwards."""
    W.grad = None
    f(x).backward()
    g, W.grad = W.grad, None
    return g


INPUTS = [rng.normal(size=(5, N)) for _ in range(3)]


def test_training_takes_memory_for_gradients_once(renewed: list[Loan]) -> None:
    W, f = problem()
    for x in INPUTS * 3:
        W.grad = None
        f(x).backward()
    assert len(renewed) == 1


HOLDERS: dict[str, Callable[[np.ndarray], Any]] = {
    "itself": lambda g: g,
    "a row": lambda g: g[3],
    "its transpose": lambda g: g.T,
    "a view of a view": lambda g: g[1:][:, 2:].reshape(-1, 2, 31)[1],
    "a matrix": lambda g: g.view(np.matrix),
    "a memoryview": memoryview,
    "a masked array": lambda g: np.ma.masked_array(g, g > 0),
    "a sliding window": lambda g: np.lib.stride_tricks.sliding_window_view(g, 5, axis=0),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("holder", HOLDERS)
def test_whoever_holds_part_of_a_gradient_keeps_its_numbers(
    holder: str, renewed: list[Loan]
) -> None:
    W, f = problem()
    kept, numbers = [], []
    for x in INPUTS:
        kept.append(HOLDERS[holder](gradient(f, W, x)))
        numbers.append(np.array(kept[-1]))
        gc.collect()
    for held, before in zip(kept, numbers, strict=True):
        np.testing.assert_array_equal(np.array(held), before)
    assert len(renewed) == len(INPUTS)
    del held, kept[:]
    for x in INPUTS:  # and memory that comes back is used again
        gradient(f, W, x)
    assert len(renewed) == len(INPUTS)


def test_a_gradient_that_is_held_while_the_next_is_computed_is_added_to() -> None:
    W, f = problem()
    separately = sum(gradient(f, W, x) for x in INPUTS)
    for x in INPUTS:
        f(x).backward()
    np.testing.assert_allclose(W.grad, separately, rtol=1e-12)


def test_a_gradient_may_be_changed_and_shares_memory_with_nothing() -> None:
    W, f = problem()
    V = tg.Value(rng.normal(size=(N, N)))
    both = tg.compile(lambda x: np.sum(np.tanh(x @ W @ V)))
    both(INPUTS[0]).backward()
    assert W.grad.flags.writeable and W.grad.flags.c_contiguous and W.grad.ctypes.data % 64 == 0
    assert not np.shares_memory(W.grad, V.grad)
    before = V.grad.copy()
    W.grad[...] = 7.0
    np.testing.assert_array_equal(V.grad, before)
    np.testing.assert_array_equal(gradient(f, W, INPUTS[0]), gradient(f, W, INPUTS[0]))


def test_gradients_of_results_that_are_alive_together(renewed: list[Loan]) -> None:
    W, f = problem()
    losses = [f(x) for x in INPUTS]
    found = []
    for loss in reversed(losses):
        W.grad = None
        loss.backward()
        found.append(W.grad)
    for x, g in zip(reversed(INPUTS), found, strict=True):
        np.testing.assert_allclose(g, gradient(f, W, x), rtol=1e-12)


def test_going_back_twice_from_one_result() -> None:
    W, f = problem()
    loss = f(INPUTS[0])
    loss.backward()
    first = W.grad
    before = first.copy()
    W.grad = None
    loss.backward()
    np.testing.assert_array_equal(W.grad, before)
    W.grad[...] = 0.0
    np.testing.assert_array_equal(first, before)


def test_a_large_output_is_handed_out_and_kept() -> None:
    W = tg.Value(rng.normal(size=(N, N)))
    f = tg.compile(lambda x: tg.grad(lambda w: np.sum(np.tanh(x @ w)))(W))
    found = [f(x) for x in INPUTS]
    for x, g in zip(INPUTS, found, strict=True):
        np.testing.assert_allclose(g.data, f.fn(x).data, rtol=1e-12)
    executable = f.last.pools.executable(f.last.pools.expected)
    assert set(executable.program.outputs) <= set(executable.plan.lent)


def test_a_result_that_the_way_back_needs_is_copied() -> None:
    W = tg.Value(rng.normal(size=(N, N)))
    f = tg.compile(lambda: np.tanh(W))
    y = f()
    y.data[...] = 0.0  # the caller's own
    y.backward(np.ones((N, N)))
    np.testing.assert_allclose(W.grad, 1 - np.tanh(W.data) ** 2, rtol=1e-12)


def test_one_gradient_of_two_parameters_is_two_arrays() -> None:
    A, B = tg.Value(rng.normal(size=(N, N))), tg.Value(rng.normal(size=(N, N)))
    f = tg.compile(lambda x: np.sum(np.tanh(x @ (A + B))))
    f(INPUTS[0]).backward()
    np.testing.assert_array_equal(A.grad, B.grad)
    assert not np.shares_memory(A.grad, B.grad)


def test_one_result_is_one_node_and_several_are_one_more() -> None:
    W = tg.Value(rng.normal(size=(3, 3)))
    x = np.ones((2, 3))
    one = tg.compile(lambda x: (np.sum(np.tanh(x @ W)), x * 2.0))
    assert [node.rule is None for node in ancestors(one(x)[0])] == [True, False]
    two = tg.compile(lambda x: (np.sum(x @ W), np.tanh(x @ W)))
    a, b = two(x)
    assert len(ancestors(a)) == len(ancestors(b)) == 3 and len(ancestors(a + b.sum())) == 6
