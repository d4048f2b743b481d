"""Scopes are restored after exceptions, by generators, and are each thread's or task's own."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Iterator

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value, name_scope, no_grad, time_step


def here() -> str:
    """Return the scope that a node made now gets."""
    return (Value(1.0) * 2.0).scope


def records() -> bool:
    """Say whether an op that runs now is recorded."""
    return (Value(1.0) * 2.0).requires_grad


def test_an_exception_closes_every_scope() -> None:
    with pytest.raises(KeyError), name_scope("a"), time_step(1), no_grad():
        raise KeyError("lost")
    assert (here(), records()) == ("", True)


def test_an_exception_inside_grad_closes_everything() -> None:
    def f(x: Value) -> Value:
        with name_scope("inside"):
            raise KeyError("lost")

    with no_grad():
        with pytest.raises(KeyError):
            tg.grad(f)(2.0)
        assert (here(), records()) == ("", False)


def test_an_exception_in_the_middle_of_nesting_keeps_the_outer_scope() -> None:
    with name_scope("outer"):
        with pytest.raises(KeyError), name_scope("inner"):
            raise KeyError("lost")
        assert here() == "outer"


def states() -> Iterator[Value]:
    h = Value(0.5)
    for t in range(3):
        with time_step(t):
            h = h.tanh()
            yield h


def test_a_generator_that_runs_out_leaves_no_scope() -> None:
    assert [h.scope for h in states()] == ["t=0", "t=1", "t=2"]
    assert here() == ""


def test_a_generator_that_is_closed_leaves_no_scope() -> None:
    generator = states()
    assert next(generator).scope == "t=0"
    generator.close()
    assert here() == ""


def test_a_generator_that_is_thrown_into_leaves_no_scope() -> None:
    generator = states()
    next(generator)
    with pytest.raises(KeyError):
        generator.throw(KeyError("lost"))
    assert here() == ""


def test_a_generator_advanced_inside_no_grad_and_outside() -> None:
    def advance() -> tuple[str, bool]:
        generator = states()
        with no_grad():
            assert not next(generator).requires_grad
        assert [h.scope.rpartition("/")[2] for h in generator] == ["t=1", "t=2"]
        return here(), records()

    # In a context of its own: what goes wrong here must not reach other tests.
    assert contextvars.copy_context().run(advance) == ("", True)


def test_a_generator_advanced_inside_a_scope_and_outside() -> None:
    def advance() -> str:
        generator = states()
        with name_scope("inside"):
            assert next(generator).scope == "inside/t=0"
        list(generator)
        return here()

    assert contextvars.copy_context().run(advance) == ""


def test_each_thread_has_its_own() -> None:
    barrier = threading.Barrier(3, timeout=30)
    seen: dict[str, list[tuple[str, bool]]] = {"a": [], "b": []}

    def work(name: str) -> None:
        for t in range(20):
            with name_scope(name), time_step(t):
                barrier.wait()
                seen[name].append((here(), records()))
            barrier.wait()
            seen[name].append((here(), records()))

    threads = [threading.Thread(target=work, args=(name,)) for name in seen]
    for thread in threads:
        thread.start()
    mine = []
    with no_grad():
        for _ in range(40):
            barrier.wait()
            mine.append((here(), records()))
    for thread in threads:
        thread.join(30)
    assert mine == [("", False)] * 40
    for name, found in seen.items():
        assert [scope for scope, _ in found[::2]] == [f"{name}/t={t}" for t in range(20)]
        assert {scope for scope, _ in found[1::2]} == {""}


def test_threads_differentiate_side_by_side() -> None:
    results: dict[int, float] = {}

    def work(k: int) -> None:
        x = Value(float(k))
        y = x
        for _ in range(300):
            y = y * 1.0 + x
        y.backward()
        results[k] = float(x.grad)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == dict.fromkeys(range(4), 301.0)


def test_each_task_has_its_own() -> None:
    async def work(name: str) -> list[str]:
        found = []
        for t in range(5):
            with name_scope(name), time_step(t):
                await asyncio.sleep(0)
                found.append(here())
        return found

    async def both() -> list[list[str]]:
        return list(await asyncio.gather(work("a"), work("b")))

    assert asyncio.run(both()) == [[f"{name}/t={t}" for t in range(5)] for name in "ab"]
    assert here() == ""
