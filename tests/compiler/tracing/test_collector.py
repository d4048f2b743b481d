"""While a program is made, the collector of cycles waits; and then it does not wait any longer."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from threading import Barrier, Thread
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.tracing.collector import collector_waits

w = tg.Value(np.full(3, 0.5))


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    was = gc.isenabled()
    yield
    (gc.enable if was else gc.disable)()


def test_no_collection_walks_through_the_objects_of_a_trace() -> None:
    inside, outside = np.zeros(1), np.zeros(1)

    def count(phase: str, info: dict[str, Any]) -> None:
        (inside if collector_waits.open else outside)[0] += phase == "start"

    def loss(x: Any) -> Any:
        h = w
        for t in range(len(x)):
            h = np.tanh(h + x[t])
        return np.sum(h)

    gc.enable()
    gc.callbacks.append(count)
    try:
        tg.compile(loss)(np.ones((1000, 3))).backward()
    finally:
        gc.callbacks.remove(count)
    assert inside[0] == 0
    assert outside[0] > 0  # it is counted, and goes on afterwards


def test_it_goes_on_after_an_error() -> None:
    gc.enable()

    def wrong(x: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tg.compile(wrong)(np.ones(3))
    with pytest.raises(tg.CaptureError):
        tg.compile(lambda x: float(np.sum(x)))(np.ones(3))
    assert gc.isenabled()


def test_it_stays_off_where_it_was_off() -> None:
    gc.disable()
    tg.compile(lambda x: np.sum(w * x))(np.ones(3))
    assert not gc.isenabled()


def test_a_function_that_is_compiled_while_another_is() -> None:
    gc.enable()
    states = np.ones(1, bool)

    def outer(x: Any) -> Any:
        tg.compile(lambda y: 2.0 * y).trace("form", (np.ones(3),), {}, [])
        states[0] = gc.isenabled()
        return np.sum(w * x)

    tg.compile(outer)(np.ones(3))
    assert not states[0]
    assert gc.isenabled()


def test_the_last_of_several_threads_lets_it_go_on() -> None:
    gc.enable()
    both = Barrier(2, timeout=30)
    states: list[bool] = []

    def first() -> None:
        with collector_waits:
            both.wait()  # both are inside
            both.wait()  # the other has left
            states.append(gc.isenabled())

    thread = Thread(target=first)
    thread.start()
    with collector_waits:
        both.wait()
    both.wait()
    thread.join()
    assert states == [False]
    assert gc.isenabled()
