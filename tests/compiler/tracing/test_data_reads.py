"""What a traced function reads of Values outside it: anew at each call, or it is refused."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.engine.graph import Node

X = np.array([1.0, 2.0, 3.0])
W = tg.Value(np.array([0.5, -1.0, 2.0]), name="W")


@pytest.fixture(autouse=True)
def as_it_was() -> Any:
    data = np.array([0.5, -1.0, 2.0])
    W.data, W.grad = data, None
    yield
    for name in ("data", "grad"):
        assert name not in vars(tg.Value)  # nothing stays in the way of Node's attribute
        assert type(vars(Node)[name]).__name__ == "member_descriptor"


def helper(v: Any) -> Any:
    return np.abs(v.data) + 1.0


class Norm:
    def __call__(self, x: Any) -> Any:
        return x / np.sqrt(np.sum(W.data**2))


norm = Norm()

FUNCTIONS = {
    "arithmetic of NumPy": lambda x: np.sum(W * np.exp(W.data) * x),
    "an operator": lambda x: np.sum(W * (W.data + 1.0) * x),
    "the array itself": lambda x: np.sum(x * W.data * W),
    "a method": lambda x: W.data.sum() * np.sum(W * x),
    "an index": lambda x: W.data[0] * np.sum(W * x),
    "a mask of it": lambda x: np.sum(np.where(W.data > 0, W, 0.1 * W) * x),
    "shape and dtype": lambda x: np.sum(W * np.full(W.data.shape, 2.0, W.data.dtype) * x),
    "in a helper": lambda x: np.sum(W / helper(W) * x),
    "in an object": lambda x: np.sum(W * norm(x)),
    "detached": lambda x: np.sum(W * W.detach() * x),
    "detached, in an op": lambda x: np.sum(W * tg.exp(W.detach()) * x),
    "of a Value made inside": lambda x: np.sum(W * x) * float(tg.Value(2.0).data),
}


@pytest.mark.parametrize("passes", [None, ()])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_what_it_is_now(name: str, passes: Any) -> None:
    fn = FUNCTIONS[name]
    f = tg.compile(fn, passes=passes)

    def change_in_place() -> None:
        W.data[...] = [1.5, 0.25, -0.5]

    def replace() -> None:
        W.data = np.array([-3.0, 0.5, 1.0])

    for change in (lambda: None, change_in_place, replace, change_in_place):
        change()
        expected = fn(X)
        expected.backward()
        gradient, W.grad = W.grad, None
        y = f(X)
        y.backward()
        np.testing.assert_allclose(float(y), float(expected), rtol=1e-12)
        np.testing.assert_allclose(W.grad, gradient, rtol=1e-12)
        W.grad = None
    assert len(f.traces) == 1


def test_a_function_of_a_detached_value_has_its_derivative() -> None:
    fn = lambda x: np.sum(tg.grad(lambda v: np.sum(v**3))(W.detach()) * W * x)  # noqa: E731
    f = tg.compile(fn)
    for data in (W.data, np.array([2.0, 1.0, -1.0])):
        W.data = data
        np.testing.assert_allclose(float(f(X)), np.sum(3 * data**2 * data * X), rtol=1e-12)


@pytest.mark.parametrize(
    ("what", "fn"),
    [
        ("float", lambda x: x * float(w)),
        ("item", lambda x: x * w.item()),
        ("if v:", lambda x: x if w else -x),
        ("an index or range", lambda x: [x for _ in range(w.data)]),
        ("float", lambda x: x * float(w.data)),
        ("np.asarray", lambda x: x * np.asarray(W.data)),
        ("assign", lambda x: W.data.__setitem__(0, 1.0) or x * W),
        (r"v.data = … changes", lambda x: setattr(w, "data", w.data + 1.0) or x * w),
    ],
)
def test_what_would_be_the_same_for_ever_is_refused(what: str, fn: Any) -> None:
    before = W.data.copy(), w.data
    with pytest.raises((tg.CaptureError, TypeError), match=what):
        tg.compile(fn)(X)
    np.testing.assert_array_equal(W.data, before[0])
    assert w.data is before[1]


w = tg.Value(2.0)
optimiser = tg.optim.SGD([w], lr=0.1)
linear = tg.nn.Linear(2, 2, generator=np.random.default_rng(0))


@pytest.mark.parametrize(
    "fn",
    [
        lambda x: w * x + w.grad,
        lambda x: optimiser.zero_grad() or w * x,
        lambda x: linear.zero_grad() or linear(x),
        lambda x: setattr(w, "grad", None) or w * x * (0 if w is None else w.grad),
        lambda x: tg.optim.clip_grad_norm_([w], 1.0) * w * x,
    ],
)
def test_gradients_are_neither_read_nor_written(fn: Any) -> None:
    before = w.grad = np.ones(())
    with pytest.raises(tg.CaptureError, match=r"\.grad of a Value"):
        tg.compile(fn)(np.ones(2))
    assert w.grad is before
    w.grad = None


def test_gradients_of_functions_are_what_they_always_are() -> None:
    f = tg.compile(lambda x: np.sum(tg.grad(lambda v: np.sum(v**3))(W) * x))
    np.testing.assert_allclose(float(f(X)), np.sum(3 * W.data**2 * X), rtol=1e-12)


def test_another_thread_reads_arrays_meanwhile() -> None:
    inside, done = threading.Event(), threading.Event()
    seen = np.zeros(1)

    def other() -> None:
        inside.wait(30)
        seen[0] = W.data[2]
        W.data = W.data + 1.0
        done.set()

    thread = threading.Thread(target=other)
    thread.start()

    def fn(x: Any, wait: Any = done.wait, go: Any = inside.set) -> Any:
        go()
        wait(30)
        return np.sum(W * W.data * x)

    y = tg.compile(fn)(X)
    thread.join()
    assert seen[0] == 2.0
    assert float(y) == np.sum(W.data**2 * X)


def test_two_that_are_traced_one_in_the_other() -> None:
    inner = tg.compile(lambda x: np.sum(x * W.data))

    def outer(x: Any) -> Any:
        inner.trace("form", (X,), {}, [])
        return inner(x) * np.sum(W.data * W)

    f = tg.compile(outer)
    for data in (W.data, np.array([2.0, 1.0, -1.0])):
        W.data = data
        np.testing.assert_allclose(float(f(X)), np.sum(X * data) * np.sum(data**2), rtol=1e-12)
