"""RTRL, which goes forward, finds the gradient of BPTT, which goes back, and forgets the past."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.bptt import RTRL, ledger
from tinygrad_rnn.engine.graph import ancestors

T, B, D, H = 20, 2, 2, 3
CELLS: dict[str, Callable[..., Any]] = {
    "rnn": nn.RNNCell,
    "relu": lambda *sizes, **options: nn.RNNCell(*sizes, nonlinearity="relu", **options),
    "lstm": nn.LSTMCell,
    "gru": nn.GRUCell,
}


class Net(nn.Module):
    """A cell and a head on its h: y = V h; the loss of a step is |y − target|²."""

    def __init__(self, kind: str, **options: Any) -> None:
        rng = np.random.default_rng(13)
        self.cell = CELLS[kind](D, H, generator=rng, **options)
        self.head = nn.Linear(H, 2, generator=rng)

    def forward(self, pair: Any, state: Any) -> tuple[Any, Any]:
        x, target = pair
        state = self.cell(x, state)
        h = state[0] if isinstance(state, tuple) else state
        loss = None if target is None else ((self.head(h) - target) ** 2).sum()
        return loss, state


def stream(batch: tuple[int, ...] = (), every: int = 1) -> list[tuple[Any, Any]]:
    rng = np.random.default_rng(14)
    return [
        (rng.normal(size=(*batch, D)), rng.normal(size=2) if t % every == every - 1 else None)
        for t in range(T)
    ]


def by_bptt(net: Net, pairs: list[Any], state: Any = None) -> tg.Value:
    loss: Any = 0.0
    for t, pair in enumerate(pairs):
        with tg.time_step(t):
            term, state = net(pair, state)
        loss = loss if term is None else loss + term
    return loss


def close(a: Any, b: Any) -> None:
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)


@pytest.mark.parametrize("batch", [(), (B,)], ids=["vector", "batch"])
@pytest.mark.parametrize("kind", CELLS)
def test_it_is_the_gradient_of_bptt(kind: str, batch: tuple[int, ...]) -> None:
    net, pairs = Net(kind), stream(batch)
    forward = RTRL(net, net)
    results = [forward.advance(pair) for pair in pairs]
    assert all(parameter.grad is None for parameter in net.parameters())
    loss = by_bptt(net, pairs)
    loss.backward()
    assert sum(number for number, _ in results) == pytest.approx(float(loss), abs=1e-12)
    for name, parameter in net.named_parameters():
        assert np.any(parameter.grad)
        close(sum(gradients[name] for _, gradients in results), parameter.grad)


@pytest.mark.parametrize("kind", CELLS)
def test_each_step_s_gradient_is_the_ledger_s_part_of_that_loss(kind: str) -> None:
    net, pairs = Net(kind, bias=False), stream(every=3)
    forward = RTRL(net, net)
    results = [forward.advance(pair) for pair in pairs]
    for name, account in ledger(by_bptt(net, pairs), net).items():
        for t, (loss, gradients) in enumerate(results):
            parts = [part for (u, _), part in account.by_pair.items() if u == t]
            assert (loss is None) == (not parts)
            close(gradients[name], sum(parts, np.zeros(account.total.shape)))


@pytest.mark.parametrize("kind", CELLS)
def test_the_sensitivity_as_measured(kind: str) -> None:
    net, pairs = Net(kind), stream((B,), every=T + 1)[:6]
    forward = RTRL(net, net)
    for pair in pairs:
        forward.advance(pair)

    def state_of() -> np.ndarray:
        state: Any = None
        with tg.no_grad():
            for pair in pairs:
                _, state = net(pair, state)
        members = state if isinstance(state, tuple) else (state,)
        return np.concatenate([s.data.reshape(-1) for s in members])

    members = forward.state if isinstance(forward.state, tuple) else (forward.state,)
    close(np.concatenate([s.reshape(-1) for s in members]), state_of())
    for name, parameter in net.named_parameters():
        sensitivity, step = forward.sensitivity[name], 1e-5
        assert sensitivity.shape == (len(state_of()), *parameter.shape)
        for index in np.ndindex(parameter.shape):
            kept = parameter.data[index]
            parameter.data[index] = kept + step
            above = state_of()
            parameter.data[index] = kept - step
            below = state_of()
            parameter.data[index] = kept
            slopes = (above - below) / (2 * step)
            np.testing.assert_allclose(
                sensitivity[(slice(None), *index)], slopes, rtol=0, atol=1e-9
            )


def test_an_initial_state_is_a_constant_in_any_form() -> None:
    rng = np.random.default_rng(15)
    h, c = rng.normal(size=(2, H))
    found = []
    for state in ((h, c), (tg.Value(h), tg.Value(c))):
        net, pairs = Net("lstm"), stream()
        forward = RTRL(net, net, state)
        assert forward.sensitivity["head.weight"].shape == (2 * H, 2, H)
        found.append(sum(forward.advance(pair)[1]["cell.weight_hh"] for pair in pairs))
        loss = by_bptt(net, pairs, state)
        loss.backward()
        close(found[-1], net.cell.weight_hh.grad)
    assert state[0].grad is not None  # by BPTT's own backward, not by RTRL
    net = Net("gru")
    forward = RTRL(net, net, h)
    forward.advance(stream()[0])
    assert isinstance(forward.state, np.ndarray)
    assert forward.steps == 1


def test_scalars_and_a_loss_that_sees_the_state_before() -> None:
    """h ← w h, loss h_t h_{t−1}: with h_0 = 1, w^{2t−1}, whose slope is (2t − 1) w^{2t−2}."""
    w = tg.Value(0.5)

    def step(x: Any, h: Any) -> tuple[Any, Any]:
        after = w * h
        return after * h, after

    forward = RTRL(step, {"w": w}, 1.0)
    for t in range(1, 6):
        loss, gradients = forward.advance(None)
        assert loss == pytest.approx(0.5 ** (2 * t - 1), abs=1e-15)
        assert gradients["w"] == pytest.approx((2 * t - 1) * 0.5 ** (2 * t - 2), abs=1e-15)
        close(forward.sensitivity["w"], [t * 0.5 ** (t - 1)])


def test_a_weight_that_nothing_sees_and_one_that_only_the_loss_sees() -> None:
    w, v, u = tg.Value(np.ones(2)), tg.Value(3.0), tg.Value(np.ones((2, 2)))
    forward = RTRL(lambda x, h: ((v * (w * h)).sum(), w * h), {"w": w, "v": v, "u": u}, np.ones(2))
    for _ in range(3):
        _, gradients = forward.advance(None)
    close(gradients["w"], [9.0, 9.0])  # v Σ w³, by w: 3 v w²
    assert gradients["v"] == 2.0
    close(gradients["u"], np.zeros((2, 2)))
    assert not forward.sensitivity["v"].any()
    assert not forward.sensitivity["u"].any()


def test_a_step_that_leaves_the_state_alone() -> None:
    """Every other step passes its state on untouched, as padding does."""
    w = tg.Value(0.5)
    forward = RTRL(lambda x, h: (None, w * h if x else h), {"w": w}, 1.0)
    for x in (True, False, True, False):
        forward.advance(x)
    assert forward.sensitivity["w"] == pytest.approx([2 * 0.5], abs=1e-15)


def test_steps_know_their_time() -> None:
    scopes = []
    net = Net("rnn")

    def step(pair: Any, h: Any) -> tuple[Any, Any]:
        loss, h = net(pair, h)
        scopes.append(tg.time_of(h))
        return loss, h

    forward = RTRL(step, net)
    for pair in stream()[:3]:
        forward.advance(pair)
    assert scopes == [0, 1, 2]


# Memory.


def test_memory_does_not_depend_on_the_number_of_steps() -> None:
    net, pair = Net("lstm"), stream()[0]
    forward = RTRL(net, net)

    def held(steps: int) -> tuple[int, int, int]:
        """Run on; what is held afterwards, in Values and bytes, and what one more step adds."""
        for _ in range(steps):
            forward.advance(pair)
        gc.collect()  # also empties the interpreter's own stores of freed tuples
        nodes = sum(isinstance(x, tg.Value) for x in gc.get_objects())
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        forward.advance(pair)
        return nodes, before, tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        held(5)
        few, many = held(5), held(150)
    finally:
        tracemalloc.stop()
    assert few[0] == many[0]
    assert abs(many[1] - few[1]) < 20_000  # bytes; a step's graph has as many, and there were 150
    assert abs(many[2] - few[2]) < 20_000
    assert many[2] > 20_000


def test_single_precision_stays_single() -> None:
    cell = nn.GRUCell(D, H, generator=np.random.default_rng(0), dtype=np.float32)

    def step(x: Any, h: Any) -> tuple[Any, Any]:
        h = cell(x, h)
        return (h**2).sum(), h

    forward = RTRL(step, cell)
    for _ in range(2):
        _, gradients = forward.advance(np.ones(D, np.float32))
    assert {g.dtype for g in gradients.values()} == {np.dtype(np.float32)}
    assert {p.dtype for p in forward.sensitivity.values()} == {np.dtype(np.float32)}


# What it refuses.


def test_errors_teach() -> None:
    net, pair = Net("rnn"), stream()[0]
    with pytest.raises(TypeError, match="pass a Module, or a dict"):
        RTRL(net, [net.head.weight])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"params\['w'\] is"):
        RTRL(net, {"w": np.ones(2)})  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="return loss, state"):
        RTRL(lambda x, h: h, net).advance(pair)  # type: ignore[arg-type,return-value]
    with pytest.raises(TypeError, match=r"return the Value itself, not its \.data"):
        RTRL(lambda x, h: (None, net(x, h)[1].data), net).advance(pair)


def test_a_failed_step_changes_nothing() -> None:
    net, pairs = Net("gru"), stream()
    forward = RTRL(net, net)
    forward.advance(pairs[0])
    state, sensitivity = forward.state, dict(forward.sensitivity)
    with pytest.raises(ValueError, match="shape"):
        forward.advance((np.ones(D + 1), None))
    assert forward.state is state
    assert forward.steps == 1
    assert all(forward.sensitivity[name] is p for name, p in sensitivity.items())
    assert ancestors(net(pairs[0], None)[1])  # the net itself is as it was
