"""The thread that runs the second lane: errors, other threads, forks, the end of the process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.two_cores import cores, duet
from tinygrad_rnn.compiler.two_cores.cores import SETTINGS, blas_threads, cores_for_programs
from tinygrad_rnn.compiler.two_cores.duet import Duet
from tinygrad_rnn.compiler.two_cores.lanes import Lanes
from tinygrad_rnn.compiler.two_cores.second_core import SECOND_CORE, SecondCore

from ..agreement import step
from ..sharing import everything_shared, plan_of, same, taken

rng = np.random.default_rng(0)
W, U = tg.Value(rng.normal(size=(4, 4))), tg.Value(rng.normal(size=(4, 4)))
X = rng.normal(size=(9, 3, 4))


@pytest.fixture
def shared() -> Iterator[None]:
    with everything_shared():
        yield


class Mistake(Exception):
    pass


fails = False


@tg.extend.primitive
def fragile(x):
    """y = x, if all is well"""
    if fails:
        raise Mistake
    return np.array(x)


@fragile.vjp
def _(g, y, x):
    """dx = g"""
    return g


def loss(x: Any) -> Any:
    h = g = x[0]
    for row in x:
        h, g = np.tanh(fragile(h) @ W + row), np.sin(g @ U - row)
    return np.sum(h**2) + np.sum(h * g)


def halves(compiled: Any) -> list[tuple[Duet, set[tuple[int, int]]]]:
    """What runs forward and back, and which of its calls may be replaced before the next run."""
    (frame,) = compiled.last.pools.idle[compiled.last.pools.expected]
    found = [half for half in (frame.forward, frame.backward) if isinstance(half[0], Duet)]
    assert found
    return [(both, {both.places[i] for _, i, *_ in lent}) for both, lent in found]


def test_an_op_that_fails_here_stops_the_other_lane(
    shared: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    f = tg.compile(loss)
    expected = step(f, [W, U], (X,))
    assert taken(plan_of(f)) > 0
    for _ in range(3):
        monkeypatch.setattr(sys.modules[__name__], "fails", True)
        with pytest.raises(Mistake):
            f(X)
        monkeypatch.setattr(sys.modules[__name__], "fails", False)
        assert same(step(f, [W, U], (X,)), expected)


@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("lane", [0, 1])
@pytest.mark.parametrize("error", [Mistake, KeyboardInterrupt])
def test_what_is_raised_in_a_lane_is_raised_by_the_call(
    shared: None, error: type[BaseException], lane: int, half: int, where: float
) -> None:
    f = tg.compile(loss)
    expected = step(f, [W, U], (X,))
    both, replaced = halves(f)[half]
    own = both.lists[lane]
    gates = (Duet.go_through, Duet.begin)
    places = [
        i
        for i, (call, given) in enumerate(own)
        if getattr(call, "__func__", None) not in gates and given and (lane, i) not in replaced
    ]
    place = places[int(where * (len(places) - 1))]

    def fail(*args: Any) -> None:
        raise error

    call, own[place] = own[place], (fail, ())
    with pytest.raises(error):
        step(f, [W, U], (X,))
    own[place] = call
    assert all(gate.locked() for gate in both.gates)
    assert not both.is_asked
    assert same(step(f, [W, U], (X,)), expected)


def test_an_interruption_while_waiting_for_the_end_is_raised_after_it(
    shared: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    f = tg.compile(loss)
    expected = step(f, [W, U], (X,))
    both, _ = halves(f)[-1]
    wait, interrupted = both.ended.wait, []

    def interrupted_wait() -> None:
        if not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        wait()
        interrupted.append(both.ended.is_set())

    monkeypatch.setattr(both.ended, "wait", interrupted_wait)
    with pytest.raises(KeyboardInterrupt):
        step(f, [W, U], (X,))
    assert interrupted == [True, True]
    monkeypatch.undo()
    assert same(step(f, [W, U], (X,)), expected)


def test_steps_wait_for_each_other_and_their_calls_can_be_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Any] = []
    calls: list[Any] = [[(made.append, (k,))] for k in "abcd"]
    calls[0] = [*calls[0], (made.append, ("A",))]  # a step may make several
    both = Duet(calls, Lanes([], [0, 1, 0, 1], [0, 1, 1, 2], 0.0))
    for _ in range(10):
        both.run()
    assert made == [*"aAbcd"] * 10
    both.replace(1, (made.append, ("B",)))
    both.replace(2, (made.append, ("C",)))
    made.clear()
    both.run()
    assert made == [*"aABCd"]
    monkeypatch.setattr(SECOND_CORE, "borrow", lambda: False)
    both.run()
    assert made == [*"aABCd"] * 2


def test_threads_of_the_user_do_not_meet(shared: None) -> None:
    f = tg.compile(loss)
    inputs = [rng.normal(size=X.shape) for _ in range(4)]
    expected = [float(f(x)) for x in inputs]
    for k in range(1, 4):
        f(inputs[k]).backward()
    found: list[list[float]] = [[] for _ in inputs]

    def use(k: int) -> None:
        for _ in range(30):
            found[k].append(float(f(inputs[k])))

    threads = [threading.Thread(target=use, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[y] * 30 for y in expected]
    working = [t for t in threading.enumerate() if t.name == "tinygrad_rnn's second core"]
    assert working == [SECOND_CORE.thread]
    assert working[0].daemon


def test_without_a_new_thread_one_core_does_all(
    shared: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    f = tg.compile(loss)
    expected = step(f, [W, U], (X,))

    def none_left(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none_left)
    monkeypatch.setattr(duet, "SECOND_CORE", SecondCore())
    assert same(step(f, [W, U], (X,)), expected)


PROGRAM = """
import os, sys, threading
import numpy as np
import tinygrad_rnn as tg
from tests.compiler.sharing import everything_shared

W = tg.Value(np.eye(4) / 2)
def loss(x):
    h = x[0]
    for row in x:
        h = np.tanh(h @ W + row)
    return np.sum(h**2)

def run(f):
    W.grad = None
    f(np.ones((9, 3, 4))).backward()
    return W.grad.tobytes()
"""
FORKING = """
with everything_shared():
    f = tg.compile(loss)
    first = run(f)
assert threading.active_count() == 2
child = os.fork()
if child == 0:
    assert threading.active_count() == 1
    ok = run(f) == first and threading.active_count() == 2
    os._exit(0 if ok else 7)
assert run(f) == first
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print("both")
"""
ALONE = """
f = tg.compile(loss)
run(f)
with everything_shared():
    g = tg.compile(loss, cores=1)
    run(g)
print(threading.active_count())
"""


def output(program: str, *options: str) -> str:
    """What a Python of its own prints; it has to end by itself, and in peace."""
    run = subprocess.run(
        [sys.executable, *options, "-c", PROGRAM + program],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parents[3],
    )
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout.strip()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_that_forks_makes_a_thread_of_its_own() -> None:
    # Newer Pythons warn of any fork beside threads; here it is known which locks they hold.
    assert output(FORKING, "-W", "ignore::DeprecationWarning") == "both"


def test_what_is_small_or_shall_be_alone_makes_no_thread() -> None:
    assert output(ALONE) == "1"


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the number of cores, of threads of BLAS as it says itself, and the environment."""

    def set_up(there: int, threads: int | None, **environment: str) -> None:
        monkeypatch.setattr(cores, "available", lambda: there)
        libraries = [] if threads is None else ["BLAS"]
        monkeypatch.setattr(cores, "libraries", lambda: libraries)
        monkeypatch.setattr(cores, "function", lambda library, verb: lambda: threads)
        for name in SETTINGS:
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return set_up


def test_a_second_core_has_to_be_there_and_idle(free: Callable[..., None]) -> None:
    free(2, 1)
    assert cores_for_programs() == 2
    free(1, 1)
    assert cores_for_programs() == 1
    free(8, 8, OPENBLAS_NUM_THREADS="1")  # the library knows better: it was told later
    assert cores_for_programs() == 1


@pytest.mark.parametrize(
    ("limit", "most"), [("max 100000", 2), ("150000 100000", 1), ("400000 100000", 2), (None, 2)]
)
def test_a_container_may_leave_less_than_two_cores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, limit: str | None, most: int
) -> None:
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system has other containers")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    monkeypatch.setattr(cores, "LIMIT", tmp_path / "cpu.max")
    if limit is not None:
        (tmp_path / "cpu.max").write_text(f"{limit}\n")
    assert cores.available() == most


def test_of_another_blas_the_environment_tells(free: Callable[..., None]) -> None:
    free(4, None)
    assert (blas_threads(), cores_for_programs()) == (None, 1)
    free(4, None, MKL_NUM_THREADS="1")
    assert cores_for_programs() == 2
    free(4, None, MKL_NUM_THREADS="4", OMP_NUM_THREADS="1")
    assert cores_for_programs() == 1
    free(4, None, OMP_NUM_THREADS="many")
    assert cores_for_programs() == 1
