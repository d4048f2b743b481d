"""Programs that two cores share: the same results, whoever is quicker, and memory in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.benchmarks.ours import layer_model, loop_model
from tests.benchmarks.problem import make
from tinygrad_rnn.compiler import trace
from tinygrad_rnn.compiler.places.memory import Memory
from tinygrad_rnn.compiler.places.plan import Plan
from tinygrad_rnn.compiler.two_cores.crossings import Crossings
from tinygrad_rnn.compiler.two_cores.duet import Duet
from tinygrad_rnn.compiler.two_cores.lanes import Lanes
from tinygrad_rnn.compiler.two_cores.second_core import SECOND_CORE

from ..agreement import assert_agrees, step
from ..sharing import everything_shared, faults, plan_of, same, taken
from ..test_random_programs import batches, build, programs, weights

rng = np.random.default_rng(0)


@pytest.fixture
def shared() -> Iterator[None]:
    with everything_shared():
        yield


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(programs, st.integers(0, 2**31))
def test_random_programs_agree_and_their_memory_is_in_order(program: Any, seed: int) -> None:
    body, T, B, end, marked = program
    draws = np.random.default_rng(seed)
    w = weights(draws, np.float64)
    with everything_shared():
        compiled = assert_agrees(build(body, end, marked, w), w, batches(draws, T, B, np.float64))
    assert faults(plan_of(compiled)) == []


@pytest.fixture(params=["lstm", "loop"])
def net(request: Any, shared: None) -> Any:
    """A small net in float32, compiled for two cores: parameters, function, arguments."""
    layer = tg.nn.LSTM(3, 4, generator=rng, dtype=np.float32)
    head = tg.nn.Linear(4, 5, generator=rng, dtype=np.float32)

    def by_layer(x: Any, targets: Any) -> Any:
        return tg.softmax_cross_entropy(head(layer(x)[0]), targets)

    def by_loop(x: Any, targets: Any) -> Any:
        h, total = np.zeros((2, 4), np.float32), 0.0
        for row, target in zip(x, targets, strict=True):
            h = np.tanh(row @ layer.weight_ih_l0[:4].T + h @ layer.weight_hh_l0[:4].T)
            total = total + tg.softmax_cross_entropy(head(h), target)
        return total

    x, targets = rng.normal(size=(7, 2, 3)).astype(np.float32), rng.integers(5, size=(7, 2))
    fn = by_layer if request.param == "lstm" else by_loop
    return [*layer.parameters(), *head.parameters()], tg.compile(fn), (x, targets)


def test_a_recurrent_net_is_shared_and_agrees(net: Any) -> None:
    parameters, compiled, args = net
    found = assert_agrees(compiled.fn, parameters, [args] * 3)
    forward, back = plan_of(found).phases
    assert sum(back.lane) > 5 and len(set(back.lane)) == 2
    assert f"second core: {sum(forward.lane)} of them forward, {sum(back.lane)} back" in (
        found.report()
    )


def test_whoever_is_quicker_the_bits_are_the_same(
    net: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters, compiled, args = net
    first = step(compiled, parameters, args)
    with monkeypatch.context() as patch:
        patch.setattr(SECOND_CORE, "borrow", lambda: False)
        assert same(step(compiled, parameters, args), first)  # one core runs both lanes
    go_through = Duet.go_through

    def late(self: Duet, gate: Any) -> None:
        go_through(self, gate)
        time.sleep(rng.choice([0.0, 0.0, 0.0003]))

    monkeypatch.setattr(Duet, "go_through", late)
    for _ in range(20):
        other = tg.compile(compiled.fn)
        assert same(step(other, parameters, args), first)
        assert taken(plan_of(other)) > 0


def test_a_lane_that_is_slow_is_waited_for(net: Any) -> None:
    """Each call of one lane takes long: what the other needs of it is still there."""
    parameters, compiled, args = net
    first = step(compiled, parameters, args)
    (frame,) = compiled.last.pools.idle[compiled.last.pools.expected]
    for slow in (0, 1):
        for duet, _ in (frame.forward, frame.backward):
            if isinstance(duet, Duet):
                duet.lists[slow][:] = [(later(f), given) for f, given in duet.lists[slow]]
        assert same(step(compiled, parameters, args), first)


def later(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*args: Any) -> None:
        time.sleep(0.0002)
        function(*args)

    return call


def shared_plan(compiled: Any) -> Plan:
    return Plan(compiled.program, 2)


def test_memory_in_disorder_is_found(net: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look at memory that the tests above rely on sees what they are to see."""
    parameters, compiled, args = net
    step(compiled, parameters, args)
    assert faults(shared_plan(compiled)) == []
    with monkeypatch.context() as patch:  # memory is used again when its lane alone has done
        patch.setattr(Crossings, "end", lambda self, last: max(last))
        assert any("same time" in fault for fault in faults(shared_plan(compiled)))
    with monkeypatch.context() as patch:  # an operand is written over that the other lane reads
        patch.setattr(Crossings, "is_done", lambda self, earlier, when: True)
        patch.setattr(Crossings, "end", lambda self, last: max(last))
        assert any("same time" in fault for fault in faults(shared_plan(compiled)))
    touch = Memory.touch

    def forget(self: Memory, s: Any, when: int) -> None:
        if self.regions[s].slot not in self.first:
            touch(self, s, when)

    with monkeypatch.context() as patch:  # nothing is kept until it is read
        patch.setattr(Memory, "touch", forget)
        assert any("not there" in fault for fault in faults(shared_plan(compiled)))
    plan = shared_plan(compiled)
    forward, back = plan.phases
    gates = [i for i, n in enumerate(back.needs) if n > known_before(back, i)]
    assert len(gates) > 5
    for gate in gates:  # left out
        needs = [0 if i == gate else n for i, n in enumerate(back.needs)]
        plan.phases = (forward, Lanes(back.order, back.lane, needs, 0.0))
        assert any("same time" in fault for fault in faults(plan))


def known_before(phase: Lanes, i: int) -> int:
    """How many steps of the other lane a step's lane has waited for before it."""
    pairs = zip(phase.lane[:i], phase.needs[:i], strict=True)
    return max((needs for lane, needs in pairs if lane == phase.lane[i]), default=0)


def test_gradients_that_are_handed_out_are_kept(shared: None) -> None:
    w, u, v = (tg.Value(0.1 * rng.normal(size=(40, 40))) for _ in range(3))

    def fn(x: Any) -> Any:
        h = g = x[0]
        for row in x:
            h, g = np.tanh(h @ w + row), np.sin(g @ u - row)
        return np.sum(np.tanh(h @ v) ** 2) + np.sum(g**2)

    inputs = list(rng.normal(size=(4, 6, 3, 40)))
    f = tg.compile(fn)
    found, expected = [], []
    for x in inputs:
        found.append(step(f, [w, u, v], (x,)))  # and held, while the next runs
        expected.append([*step(fn, [w, u, v], (x,))])
    for mine, theirs in zip(found, expected, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    assert len(plan_of(f).lent) == 3
    assert sum(plan_of(f).phases[1].lane) > 5


def test_random_numbers_are_drawn_in_order(shared: None) -> None:
    found = []
    w = tg.Value(rng.normal(size=(4, 4)))
    x = rng.normal(size=(5, 3, 4))
    for compiled in (False, True):
        generator = np.random.default_rng(3)

        def fn(x: Any, generator: Any = generator) -> Any:
            h = x[0]
            for row in x:
                h = tg.dropout(np.tanh(row + h @ w), generator=generator)
            return np.sum(h**2)

        f = tg.compile(fn) if compiled else fn
        found.append([y for _ in range(3) for y in step(f, [w], (x,))])
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)


@pytest.mark.parametrize("case", ["rnn1", "lstm1", "rnn50"])
@pytest.mark.parametrize("model", [layer_model, loop_model])
def test_small_programs_are_left_alone(model: Any, case: str) -> None:
    parameters, loss, *args = model(make(case))
    f = tg.compile(loss, cores=2)
    step(f, parameters, tuple(args))
    assert taken(plan_of(f)) == 0
    assert "second core" not in f.report()


def test_large_programs_are_shared_unless_they_are_told_not_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parameters, loss, *args = layer_model(make("lstm50"))
    found = {}
    for cores, there in ((1, 2), (2, 1), (None, 1), (None, 2)):
        monkeypatch.setattr(trace, "cores_for_programs", lambda n=there: n)
        f = tg.compile(loss, cores=cores)
        found[cores, there] = step(f, parameters, tuple(args))
        assert (taken(plan_of(f)) > 0) == (cores == 2 or (cores is None and there == 2))
    assert same(found[1, 2], found[None, 1])
    assert same(found[2, 1], found[None, 2])


@pytest.mark.parametrize("cores", [0, 3, "two"])
def test_a_number_of_cores_that_means_nothing_is_refused(cores: Any) -> None:
    with pytest.raises(ValueError, match="cannot run on"):
        tg.compile(np.sum, cores=cores)
