"""Truncated BPTT is an exact object: the ledger's parts that it keeps, and nothing else."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from itertools import count, islice
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.bptt import Truncation, cut_edges, ledger
from tinygrad_rnn.engine.graph import ancestors

T, D, H = 11, 2, 3
CELLS: dict[str, Any] = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}
WINDOWS = [(1, 1), (1, 4), (2, 2), (2, 5), (3, 4), (4, 11), (11, 11), (20, 30)]

Step = Callable[[Any, Any], tuple[Any, Any]]


def net(kind: str) -> tuple[Any, Step, np.ndarray]:
    """A cell, a step that hits a target at each time, and what the steps are given."""
    rng = np.random.default_rng(9)
    cell = CELLS[kind](D, H, generator=rng)
    stream = rng.normal(size=(T, D + H))

    def step(x: np.ndarray, state: Any) -> tuple[Any, Any]:
        state = cell(x[:D], state)
        h = state[0] if kind == "lstm" else state
        return ((h - x[D:]) ** 2).sum(), state

    return cell, step, stream


def whole(step: Step, stream: np.ndarray) -> Any:
    """The same loss by one graph over all of the stream."""
    loss, state = 0.0, None
    for t, x in enumerate(stream):
        with tg.time_step(t):
            term, state = step(x, state)
        loss = loss + term
    return loss


def truncated(truncation: Truncation, cell: Any, step: Step, stream: Any) -> dict[str, Any]:
    cell.zero_grad()
    for window in truncation.windows(step, stream):
        window.loss.backward()
    return {name: parameter.grad for name, parameter in cell.named_parameters()}


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("k", [0, 1, 4, T - 1, 3 * T])
def test_a_horizon_keeps_exactly_the_lags_up_to_it(kind: str, k: int) -> None:
    cell, step, stream = net(kind)
    led = ledger(whole(step, stream), cell)
    found = truncated(Truncation.horizon(k), cell, step, stream)
    for name, g in found.items():
        kept = sum(part for lag, part in led[name].by_lag.items() if lag <= k)
        np.testing.assert_allclose(g, kept, rtol=0, atol=1e-12)
        if k < T - 1 and name == "weight_hh":
            assert np.abs(g - led[name].total).max() > 1e-4  # it is another gradient


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize(("k1", "k2"), WINDOWS)
def test_windows_keep_exactly_the_pairs_that_they_say(kind: str, k1: int, k2: int) -> None:
    cell, step, stream = net(kind)
    led = ledger(whole(step, stream), cell)
    truncation = Truncation(k1, k2)
    for name, g in truncated(truncation, cell, step, stream).items():
        kept = sum(
            part for (loss, t), part in led[name].by_pair.items() if truncation.keeps(loss, t)
        )
        np.testing.assert_allclose(g, kept, rtol=0, atol=1e-12)


def test_a_window_as_long_as_the_stream_is_full_backpropagation() -> None:
    cell, step, stream = net("lstm")
    found = truncated(Truncation(T, T), cell, step, stream)
    cell.zero_grad()
    whole(step, stream).backward()
    for name, parameter in cell.named_parameters():
        np.testing.assert_allclose(found[name], parameter.grad, rtol=0, atol=1e-13)


def test_which_pairs_are_kept_written_out() -> None:
    """k1 = 2, k2 = 3: passes after steps 1, 3, 5, each back through three steps."""
    table = [[Truncation(2, 3).keeps(loss, t) for t in range(6)] for loss in range(6)]
    assert np.array(table).astype(int).tolist() == [
        [1, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0],
        [0, 1, 1, 0, 0, 0],
        [0, 1, 1, 1, 0, 0],
        [0, 0, 0, 1, 1, 0],
        [0, 0, 0, 1, 1, 1],
    ]
    assert [Truncation.horizon(2).first_step(t) for t in range(5)] == [0, 0, 0, 1, 2]


@pytest.mark.parametrize(("k1", "k2"), WINDOWS)
def test_windows_lie_end_to_end_and_their_graphs_begin_where_they_say(k1: int, k2: int) -> None:
    _, step, stream = net("gru")
    windows = list(Truncation(k1, k2).windows(step, stream))
    assert [w.new for w in windows] == list(range(0, T, k1))
    assert [w.stop for w in windows] == [min(T, new + k1) for new in range(0, T, k1)]
    for w in windows:
        assert w.start == max(0, w.new + k1 - k2)
        times = {tg.time_of(node) for node in ancestors(w.loss) if node.rule is not None} - {None}
        assert times == set(range(w.start, w.stop))


@pytest.mark.parametrize(("k1", "k2"), WINDOWS)
@pytest.mark.parametrize("kind", CELLS)
def test_values_flow_on_where_gradients_stop(kind: str, k1: int, k2: int) -> None:
    _, step, stream = net(kind)
    total = 0.0
    for window in Truncation(k1, k2).windows(step, stream):
        total += float(window.loss)
    assert total == pytest.approx(float(whole(step, stream)), abs=1e-12)
    state = None
    for x in stream:
        _, state = step(x, state)
    pairs = zip(*(s if kind == "lstm" else (s,) for s in (window.state, state)), strict=True)
    for ours, theirs in pairs:
        assert not ours.requires_grad
        np.testing.assert_allclose(ours.data, theirs.data, rtol=0, atol=1e-14)


def test_weights_that_change_between_windows_are_used_as_they_are_now() -> None:
    """h ← w h, loss h_t: with w = 2 until the second window, then 3."""
    w = tg.Value(2.0)

    def step(x: float, h: Any) -> tuple[Any, Any]:
        h = w * h
        return h, h

    first, second = [], []
    for window in Truncation(2, 3).windows(step, [1.0] * 4, 1.0):
        w.grad = None
        window.loss.backward()
        (second if first else first).append((float(window.loss), float(w.grad)))
        w.data = np.float64(3.0)
    assert first == [(2.0 + 4.0, 1.0 + 4.0)]  # w + w²
    # Step 1 is run again from h_0 = 2 with w = 3: 2w³ + 2w² of the two new steps.
    assert second == [(18.0 + 54.0, 12.0 + 54.0)]


# A stream without end.


def test_inputs_are_taken_only_when_they_are_needed() -> None:
    _, step, _ = net("rnn")
    taken = []

    def stream() -> Iterator[np.ndarray]:
        for t in count():
            taken.append(t)
            yield np.ones(D + H)

    windows = Truncation(4, 6).windows(step, stream())
    assert taken == []
    for n in range(1, 4):
        next(windows)
        assert taken == list(range(4 * n))


@pytest.mark.parametrize(("kind", "steps"), [("rnn", 10_000), ("lstm", 2_000)])
def test_live_nodes_stay_bounded_however_long_the_stream(kind: str, steps: int) -> None:
    cell, step, _ = net(kind)
    k1, k2 = 20, 30
    stream = (np.full(D + H, np.sin(t)) for t in range(steps))
    alive, seen = [], 0
    gc.collect()
    before = sum(isinstance(x, tg.Value) for x in gc.get_objects())
    for n, window in enumerate(Truncation(k1, k2).windows(step, stream)):
        window.loss.backward(retain_grad=False)
        cell.zero_grad()
        seen = window.stop
        if n % 20 == 0:
            alive.append(sum(isinstance(x, tg.Value) for x in gc.get_objects()) - before)
    assert seen == steps
    one_window = sum(tg.time_of(x) is not None for x in ancestors(window.loss, constants=True))
    assert len(set(alive[1:])) == 1  # the same at every window
    assert max(alive) < 2 * (one_window + k2)  # one graph, its losses, and two states


def test_a_window_s_graph_is_freed_before_the_next_is_computed() -> None:
    _, step, stream = net("lstm")
    nodes: list[Any] = []  # of the windows so far, weakly
    alive = []

    def watched(x: np.ndarray, state: Any) -> tuple[Any, Any]:
        alive.append(sum(node() is not None for node in nodes))
        return step(x, state)

    windows = Truncation(2, 4).windows(watched, stream)
    for _ in range(3):
        nodes += [weakref.ref(x) for x in ancestors(next(windows).loss) if x.rule is not None]
    assert len(alive) == 2 + 4 + 4
    assert not any(alive)
    assert len(nodes) > 10 * 15


# Where it was cut.


@pytest.mark.parametrize(("kind", "members"), [("rnn", 1), ("gru", 2), ("lstm", 2)])
def test_the_cut_edges_of_a_window(kind: str, members: int) -> None:
    """A GRU reads h_{t−1} twice, an LSTM reads h and c once each."""
    _, step, stream = net(kind)
    first, second, third = islice(Truncation(3, 4).windows(step, stream), 3)
    assert cut_edges(first.loss) == []
    for window in (second, third):
        edges = cut_edges(window.loss)
        assert {(tg.time_of(state), tg.time_of(node)) for node, state in edges} == {
            (window.start - 1, window.start)
        }
        assert len({state for _, state in edges}) == (2 if kind == "lstm" else 1)
        assert len({node for node, _ in edges}) == members
        assert all(any(x is state for x in node.inputs) for node, state in edges)


def test_cut_edges_of_a_loop_of_one_s_own_and_what_is_none() -> None:
    w, x, h = tg.Value(0.5), tg.Value(2.0, requires_grad=False), tg.Value(1.0)
    for t in range(4):
        with tg.time_step(t):
            target = tg.Value(1.0, requires_grad=False)  # of this very step: data, no state
            h = w * h + x - target
            if t == 1:
                h = nn.detach_state(h)
                cut = h
    (edge,) = cut_edges(h + x)
    assert edge[1] is cut
    assert edge[0].scope == "t=2"
    assert cut_edges(w * 2.0) == []


# What it refuses.


@pytest.mark.parametrize(("k1", "k2"), [(0, 1), (-1, 3), (1.5, 2), (True, 2), (1, 0), ("2", 3)])
def test_lengths_that_count_no_steps(k1: Any, k2: Any) -> None:
    with pytest.raises(ValueError, match="pass a whole number above zero as k"):
        Truncation(k1, k2)


def test_lengths_as_they_are_written() -> None:
    assert Truncation.from_text("5,12") == Truncation(5, 12)
    for text in ("5", "5,", ",5", "5,6,7", "5;6", "5, 6", "-5,6", "5.0,6", "", "1" * 10 + ",1"):
        with pytest.raises(ValueError, match="not two whole numbers"):
            Truncation.from_text(text)
    with pytest.raises(ValueError, match="k2=4 is less than k1=5"):
        Truncation.from_text("5,4")
    with pytest.raises(ValueError, match="k1=0"):
        Truncation.from_text("0,4")


def test_a_window_shorter_than_its_distance() -> None:
    with pytest.raises(ValueError, match=r"k2=3 is less than k1=5(.|\n)*pass k2 of at least 5"):
        Truncation(5, 3)


@pytest.mark.parametrize("result", [None, 1.0, (1.0, 2.0), (np.ones(2), None), [1, 2], (1, 2, 3)])
def test_steps_that_return_something_else(result: Any) -> None:
    windows = Truncation(1, 1).windows(lambda x, state: result, [1.0])
    with pytest.raises(TypeError, match="return loss, state"):
        next(windows)


def test_a_loss_of_several_numbers() -> None:
    w = tg.Value(np.ones(2))
    windows = Truncation(1, 1).windows(lambda x, state: (w * x, state), [1.0])
    with pytest.raises(TypeError, match=r"returned \(2,\) float64 as its loss"):
        next(windows)


def test_a_loss_now_and_then_is_enough_but_none_is_not() -> None:
    cell, step, stream = net("gru")

    def rarely(x: tuple[int, np.ndarray], state: Any) -> tuple[Any, Any]:
        t, row = x
        loss, state = step(row, state)
        return (loss if t % 4 == 3 else None), state

    found = truncated(Truncation(4, 6), cell, rarely, list(enumerate(stream))[:8])
    loss, state = 0.0, None
    for t, row in enumerate(stream[:8]):
        with tg.time_step(t):
            term, state = step(row, state)
        loss = loss + term if t % 4 == 3 else loss
    pairs = ledger(loss, cell)["weight_hh"].by_pair
    kept = sum(part for (u, t), part in pairs.items() if Truncation(4, 6).keeps(u, t))
    np.testing.assert_allclose(found["weight_hh"], kept, rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="no loss in the steps 0 to 1"):
        next(Truncation(2, 2).windows(rarely, enumerate(stream)))
