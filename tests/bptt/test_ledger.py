"""The ledger's parts sum to the gradient, and each is the one that the hand formula gives."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.bptt import by_hand
from tests.manual.stacks import Build
from tinygrad_rnn import nn
from tinygrad_rnn.bptt import ledger, paths
from tinygrad_rnn.engine.graph import ancestors

LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
KINDS = [("rnn", "tanh"), ("rnn", "relu"), ("lstm", "tanh"), ("gru", "tanh")]
CASES = [
    (Build(cell, curve, layers, bidirectional, bias, lengths), T)
    for (cell, curve), layers, bidirectional, bias, lengths, T in product(
        KINDS, (1, 2), (False, True), (True, False), (False, True), (1, 5, 50)
    )
    # The long runs once for each kind, and once with everything.
    if T < 50
    or (layers == 1 and not bidirectional and bias and not lengths)
    or (layers == 2 and bidirectional and bias and lengths and cell == "lstm")
]
B, D, H = 2, 3, 4


class Run:
    """A layer run by the engine and by hand, on the same numbers."""

    def __init__(self, build: Build, T: int) -> None:
        rng = np.random.default_rng(7)
        self.weights = {
            # Small enough that 50 steps of a relu do not explode.
            name: w * 0.4
            for name, w in build.random_weights(rng, inputs=D, hidden=H).items()
        }
        x = rng.normal(size=(T, B, D))
        lengths = np.array([T, (T + 1) // 2]) if build.lengths else None
        options = {"nonlinearity": build.nonlinearity} if build.cell == "rnn" else {}
        first = build.random_state(rng, batch=B, hidden=H)
        run_by_hand = build.module.forward
        output, _, self.cache = run_by_hand(self.weights, x, first, lengths=lengths, **options)
        self.d_output = rng.normal(size=output.shape)
        self.layer = LAYERS[build.cell](
            D, H, build.layers, bias=build.bias, bidirectional=build.bidirectional, **options
        )
        self.layer.load_state_dict(self.weights)
        self.loss = (self.layer(x, first, lengths=lengths)[0] * self.d_output).sum()


def agree(ours: dict[Any, Any], theirs: dict[Any, Any], shape: tuple[int, ...]) -> None:
    """What one side does not list is zero there."""
    zero, keys = np.zeros(shape), [*{*ours, *theirs}]
    left, right = ([side.get(key, zero) for key in keys] for side in (ours, theirs))
    np.testing.assert_allclose(np.stack(left), np.stack(right), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("build", "T"), CASES, ids=str)
def test_parts_are_those_of_the_hand_formula_and_sum_to_the_gradient(build: Build, T: int) -> None:
    run = Run(build, T)
    led = ledger(run.loss, run.layer)
    run.loss.backward()
    terms, pairs = by_hand.terms(run.cache, run.d_output), by_hand.pairs(run.cache, run.d_output)
    assert list(led) == list(run.weights)
    for name, weight in run.layer.named_parameters():
        account = led[name]
        assert any(np.any(part) for part in terms[name].values()), "zeros would prove nothing"
        agree(account.by_step, terms[name], weight.shape)
        agree(account.by_lag, by_hand.by_lag(pairs[name]), weight.shape)
        tables: list[dict[Any, np.ndarray]] = [account.by_step, account.by_lag]
        if T < 50 or name.startswith("weight_hh"):
            agree(account.by_pair, pairs[name], weight.shape)
            assert account.norms.keys() == account.by_pair.keys()
            tables.append(account.by_pair)
        for parts in tables:
            np.testing.assert_allclose(sum(parts.values()), weight.grad, rtol=0, atol=1e-12)
        np.testing.assert_allclose(account.total, weight.grad, rtol=0, atol=1e-12)
        assert all(None not in parts for parts in (account.by_step, account.by_lag))
        assert sum(map(account.share, account.by_step.values())) == pytest.approx(1, abs=1e-9)
        lengths = {pair: np.sqrt((part**2).sum()) for pair, part in pairs[name].items()}
        agree(account.norms, lengths, ())


def test_lags_of_a_direction_from_the_end_are_negative() -> None:
    led = ledger((run := Run(Build("gru", bidirectional=True), 4)).loss, run.layer)
    assert list(led["weight_hh_l0"].by_lag) == [0, 1, 2, 3]
    assert list(led["weight_hh_l0_reverse"].by_lag) == [-3, -2, -1, 0]


def test_no_grad_is_touched_and_no_array_is_shared() -> None:
    run = Run(Build("lstm", layers=2), 5)
    nodes = ancestors(run.loss)
    marks = [np.full(node.data.shape, 7.0) for node in nodes]
    for node, mark in zip(nodes, marks, strict=True):
        node.grad = mark
    led = ledger(run.loss, run.layer)
    parts = [
        part
        for account in led.values()
        for found in (account.by_step, account.by_lag, account.by_pair)
        for part in found.values()
    ]
    assert all(node.grad is mark for node, mark in zip(nodes, marks, strict=True))
    for node, mark in zip(nodes, marks, strict=True):
        np.testing.assert_array_equal(mark, 7.0)
        assert not any(np.shares_memory(part, node.data) for part in parts)
    starts = {part.__array_interface__["data"][0] for part in parts}
    assert len(starts) == len(parts)  # each can be changed without changing another


# A loop of one's own.

T, N = 6, 3


def own_loop(where_the_loss_is: str) -> tuple[tg.Value, dict[str, tg.Value], dict[str, Any]]:
    """h = tanh(W h + U x), loss Σ (h − y)² / T; and the terms δ_t h_{t−1}ᵀ by (t′, t), by hand."""
    rng = np.random.default_rng(3)
    W, U, x, y = (rng.normal(size=s) for s in ((N, N), (N, 2), (T, 2), (T, N)))
    first = rng.normal(size=N)

    params = {"W": tg.Value(W), "U": tg.Value(U)}
    h, losses, loss = first, [], 0.0
    W_T = params["W"].T  # made outside, used inside: the use is what counts
    for t in range(T):
        with tg.time_step(t):
            h = np.tanh(h @ W_T + params["U"] @ x[t])
            if where_the_loss_is == "added up inside":
                loss = loss + ((h - y[t]) ** 2).sum() / T
            elif where_the_loss_is == "taken away inside":
                loss = loss - ((h - y[t]) ** 2).sum()
            elif where_the_loss_is == "in the steps":
                losses.append(((h - y[t]) ** 2).sum() / T)
        if where_the_loss_is == "after each step":
            losses.append(((h - y[t]) ** 2).sum() / T)
    if where_the_loss_is == "taken away inside":
        loss = -loss / T
    if losses:
        loss = sum(losses) if where_the_loss_is == "in the steps" else np.stack(losses).sum()

    hs = [first]
    for t in range(T):
        hs.append(np.tanh(W @ hs[t] + U @ x[t]))
    pairs: dict[str, dict[tuple[int, int], np.ndarray]] = {"W": {}, "U": {}}
    for loss_step in range(T):
        dh = 2 * (hs[loss_step + 1] - y[loss_step]) / T
        for t in range(loss_step, -1, -1):
            delta = dh * (1 - hs[t + 1] ** 2)
            pairs["W"][loss_step, t] = np.outer(delta, hs[t])
            pairs["U"][loss_step, t] = np.outer(delta, x[t])
            dh = W.T @ delta
    return loss, params, pairs


PLACES = ["added up inside", "taken away inside", "in the steps", "after each step"]


@pytest.mark.parametrize("place", PLACES)
def test_a_loop_of_one_s_own_wherever_its_loss_is_added_up(place: str) -> None:
    loss, params, pairs = own_loop(place)
    led = ledger(loss, params)
    for name, weight in params.items():
        agree(led[name].by_pair, pairs[name], weight.shape)
        agree(led[name].by_lag, by_hand.by_lag(pairs[name]), weight.shape)
        for t in range(T):
            expected = sum(part for (_, step), part in pairs[name].items() if step == t)
            np.testing.assert_allclose(led[name].by_step[t], expected, rtol=0, atol=1e-12)


def test_a_state_that_is_only_added_to_is_no_running_loss() -> None:
    """h ← h + w x_t, with (h − 1)² at the end: the loss is at the last step, not at each."""
    w, h = tg.Value(0.5), tg.Value(0.0)
    for t in range(3):
        with tg.time_step(t):
            h = h + w * (t + 1.0)
    led = ledger((h - 1.0) ** 2, {"w": w})  # h = 6w = 3; slopes 2 (h − 1) x_t
    assert led["w"].by_step == {0: 4.0, 1: 8.0, 2: 12.0}
    assert led["w"].by_lag == {0: 12.0, 1: 8.0, 2: 4.0}
    assert led["w"].total == 24.0


def test_a_residual_state_is_no_running_loss() -> None:
    """h ← h + sin(w h), read at the end: the sum is used by the sine as well."""
    w, h = tg.Value(0.5), tg.Value(1.0)
    for t in range(3):
        with tg.time_step(t):
            h = h + np.sin(w * h)
    by_lag = ledger(h, {"w": w})["w"].by_lag
    hs = [1.0]
    for _ in range(3):
        hs.append(hs[-1] + np.sin(0.5 * hs[-1]))
    slopes = [1 + 0.5 * np.cos(0.5 * x) for x in hs]
    for lag in range(3):
        t = 2 - lag
        expected = hs[t] * np.cos(0.5 * hs[t]) * np.prod(slopes[t + 1 : 3])
        assert by_lag[lag] == pytest.approx(expected, abs=1e-12)


def test_what_is_outside_of_time_is_under_none() -> None:
    """4 Σ_t (w t) + a², the sum in steps, a and the factor outside."""
    a, w = tg.Value(3.0), tg.Value(2.0)
    total = 0.0
    for t in range(3):
        with tg.time_step(t):
            total = total + w * float(t)
    led = ledger(4.0 * total + a**2, {"a": a, "w": w})
    assert led["a"].by_step == led["a"].by_lag == {None: 6.0}  # 2a
    assert led["a"].by_pair == {(None, None): 6.0}
    assert led["a"].norms == {}
    assert led["w"].by_step == {0: 0.0, 1: 4.0, 2: 8.0}  # 4t
    assert led["w"].by_lag == {0: 12.0}
    assert led.steps == [0, 1, 2]


def test_a_weight_used_in_steps_and_outside_has_both() -> None:
    w, h = tg.Value(0.5), 1.0
    for t in range(2):
        with tg.time_step(t):
            h = w * h
    led = ledger(w * h, {"w": w})  # w³
    assert led["w"].by_step == {0: 0.25, 1: 0.25, None: 0.25}
    assert led["w"].by_lag == {0: 0.25, 1: 0.25, None: 0.25}
    assert list(led["w"].by_step) == [0, 1, None]


def test_between_two_loops_a_use_is_told_by_the_loop_nearest_to_the_weight() -> None:
    """e ← v e three times; m = u e; then d ← m d twice: d = (u v³)², with no time at u."""
    v, u = tg.Value(0.5, name="v"), tg.Value(2.0, name="u")
    e = tg.Value(1.0)
    for t in range(3):
        with tg.time_step(t):
            e = v * e
    m, d = u * e, tg.Value(1.0)
    for t in range(2):
        with tg.time_step(t):
            d = m * d
    led = ledger(d, {"v": v, "u": u})
    # u is used once, but its gradient 2 u v⁶ arrives by the decoder's two steps.
    assert led["u"].by_step == {0: 0.03125, 1: 0.03125}
    # 6 u² v⁵ = 0.75 in three uses; both of the decoder's steps are before its loss.
    assert led["v"].by_step == {0: 0.25, 1: 0.25, 2: 0.25}
    assert led["v"].by_lag == {-1: 0.25, 0: 0.25, 1: 0.25}


def test_an_embedding_s_rows_are_listed_by_the_step_that_reads_them() -> None:
    rng = np.random.default_rng(5)
    model = nn.LanguageModel(5, 3, cell="gru", embedding_size=2, generator=rng)
    ids = np.array([[0], [3], [0], [1]])
    logits, _ = model(ids)
    loss = tg.softmax_cross_entropy(logits, np.array([[1], [2], [3], [4]]))
    led = ledger(loss, model)
    loss.backward()
    embedding = led["embedding.weight"]
    np.testing.assert_allclose(embedding.total, model.embedding.weight.grad, rtol=0, atol=1e-14)
    for t, part in embedding.by_step.items():
        assert set(np.flatnonzero(part.any(axis=1))) == {int(ids[t, 0])}
    assert list(led["head.weight"].by_step) == [None]  # one product, after the loop
    assert list(led["rnn.weight_hh_l0"].by_step) == [0, 1, 2, 3]


def test_a_state_can_be_asked_for_like_a_weight() -> None:
    """dL/dh_1 by its uses: by step 2, and by the loss itself."""
    w, h, states = tg.Value(0.5), tg.Value(1.0), []
    for t in range(3):
        with tg.time_step(t):
            h = w * h
            states.append(h)
    led = ledger(sum(states), {"h_1": states[1], "w": w})
    assert led["h_1"].by_step == {2: 0.5, None: 1.0}
    assert led["h_1"].by_lag == {0: 0.5, None: 1.0}
    assert led["w"].by_step == {0: 1.75, 1: 0.75, 2: 0.25}  # 1 + w + w², (1 + w) w, w²
    assert led["w"].by_lag == {0: 1.75, 1: 0.75, 2: 0.25}


def test_one_sweep_by_step_and_one_for_each_loss_by_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(Build("lstm"), 6)
    calls: list[Any] = []
    original = paths.contributions

    def counted(node: Any, *args: Any, **options: Any) -> Any:
        calls.append(node)
        return original(node, *args, **options)

    monkeypatch.setattr(paths, "contributions", counted)
    led = ledger(run.loss, run.layer)
    assert len(calls) == len(set(calls))  # each node once
    one_sweep = len(calls)
    calls.clear()
    _ = led["weight_hh_l0"].by_lag, led["weight_ih_l0"].by_lag, led["bias_hh_l0"].norms
    assert one_sweep < len(calls) < 6 * one_sweep
    calls.clear()
    _ = led["weight_hh_l0"].by_lag
    assert calls == []


def test_parts_by_lag_are_refused_once_the_weights_have_changed() -> None:
    run = Run(Build("rnn"), 5)
    led = ledger(run.loss, run.layer)
    run.layer.weight_hh_l0.data[...] *= 0.9
    with pytest.raises(tg.GraphError, match=r"do not sum to its gradient any more"):
        _ = led["weight_hh_l0"].by_lag
    with pytest.raises(tg.GraphError, match=r"optimizer.step\(\)"):
        _ = led["weight_ih_l0"].by_pair
    run = Run(Build("rnn"), 5)
    kept = ledger(run.loss, run.layer)["weight_hh_l0"]
    before = kept.by_lag
    run.layer.weight_hh_l0.data[...] *= 0.9
    assert kept.by_lag is before  # asked for in time


def test_float32_stays_float32() -> None:
    layer = nn.GRU(2, 3, generator=np.random.default_rng(0), dtype=np.float32)
    output, _ = layer(np.ones((4, 2), np.float32))
    account = ledger((output**2).sum(), layer)["weight_hh_l0"]
    parts = [account.total, *account.by_step.values(), *account.by_lag.values()]
    assert {part.dtype for part in parts} == {np.dtype(np.float32)}


def test_a_weight_that_the_loss_does_not_see_has_an_empty_account() -> None:
    w, frozen = tg.Value(2.0), tg.Value(np.ones(3), requires_grad=False)
    unused = tg.Value(np.ones((2, 2)))
    account = (led := ledger((w * frozen).sum(), {"w": w, "f": frozen, "u": unused}))["u"]
    assert account.by_step == account.by_lag == account.by_pair == {}
    np.testing.assert_array_equal(account.total, np.zeros((2, 2)))
    assert np.isnan(account.share(account.total))
    assert led["f"].by_step == {}
    assert led["w"].total == 3.0
    assert "u (2, 2): ‖gradient‖ = 0.0e+00" in str(account)


# As text.


def test_the_ledger_prints_as_a_table() -> None:
    w, v, h = tg.Value(3.0), tg.Value(1.0), 1.0
    for t in range(2):
        with tg.time_step(t):
            h = w * h
    led = ledger(v * h, {"w": w, "v": v})
    assert str(led).splitlines() == [
        "‖contribution‖ of each time step",
        "step t   w        v",
        "0        3.0e+00  -",
        "1        3.0e+00  -",
        "outside  -        9.0e+00",
        "sum      6.0e+00  9.0e+00",
    ]
    assert str(led["w"]).splitlines() == [
        "w (): ‖gradient‖ = 6.0e+00",
        "step t  ‖part‖   share",
        "0       3.0e+00  50.0%",
        "1       3.0e+00  50.0%",
        "sum     6.0e+00  100.0%",
        "",
        "lag  ‖part‖   share",
        "0    3.0e+00  50.0%",
        "1    3.0e+00  50.0%",
        "sum  6.0e+00  100.0%",
    ]
    assert repr(led) == "<Ledger of 2 weights over 2 time steps>"
    assert repr(led["w"]) == "<Account w (): 2 parts by step>"


def test_long_and_wide_tables_are_shortened_and_broken() -> None:
    layer = nn.LSTM(2, 2, 3, bidirectional=True, generator=np.random.default_rng(0))
    led = ledger(layer(np.ones((60, 2)))[0].sum(), layer)
    lines = str(led).splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.startswith("sum") for line in lines) == 5  # 24 weights, five to a table
    assert sum(line.startswith("…") for line in lines) == 5
    shown = [line.split()[0] for line in lines[2:27]]
    assert shown == [*map(str, range(12)), "…", *map(str, range(48, 60))]


# What it refuses.


def test_errors_teach() -> None:
    w = tg.Value(np.ones(2))
    with pytest.raises(ValueError, match=r"shape \(2,\)(.|\n)*pass y.sum\(\)"):
        ledger(w * 2, {"w": w})
    with pytest.raises(RuntimeError, match="which has no graph"):
        ledger(tg.Value(1.0), {"w": w})
    with pytest.raises(TypeError, match=r"not its \.data"):
        ledger(np.float64(1.0), {"w": w})  # type: ignore[arg-type]
    loss = (w * 2).sum()
    with pytest.raises(TypeError, match=r"params\['w'\] is \(2,\) float64"):
        ledger(loss, {"w": w.data})
    with pytest.raises(TypeError, match="pass a Module, or a dict from names to Values"):
        ledger(loss, [w])  # type: ignore[arg-type]
    with pytest.raises(KeyError):
        ledger(loss, {"w": w})["W"]
