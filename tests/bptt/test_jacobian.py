"""∂h_t/∂h_k: powers of W for a linear net, products of slopes for tanh, derivatives by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.manual.stacks import GATES, MODULES
from tinygrad_rnn import nn
from tinygrad_rnn.bptt import state_jacobian
from tinygrad_rnn.engine.graph import ancestors

T, B, D, H = 6, 2, 3, 4
LAYERS = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
CELLS = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}


def close(a: Any, b: Any, atol: float = 1e-12) -> None:
    np.testing.assert_allclose(a, b, rtol=0, atol=atol)


def product(factors: list[np.ndarray], t: int, k: int) -> np.ndarray:
    """Multiply factors[t] ⋯ factors[k + 1]; factors[t] is ∂h_t/∂h_{t−1}."""
    J = np.broadcast_to(np.eye(factors[-1].shape[-1]), factors[-1].shape)
    for i in range(k + 1, t + 1):
        J = factors[i] @ J
    return J


def all_pairs(T: int = T) -> list[tuple[int, int]]:
    return [(t, k) for t in range(T) for k in range(t + 1)]


# What one can write down.


@pytest.mark.parametrize("batch", [(), (B,)], ids=["vector", "batch"])
def test_a_linear_net_gives_powers_of_its_matrix(batch: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    W, U, x = rng.normal(size=(H, H)), rng.normal(size=(H, D)), rng.normal(size=(T, *batch, D))
    w, h, states = tg.Value(W), np.zeros((*batch, H)), []
    for t in range(T):
        h = h @ w.T + x[t] @ U.T
        states.append(h)
    jac = state_jacobian(states)
    assert len(jac) == T
    assert jac.shape == (*batch, H, H)
    for t, k in all_pairs():
        close(jac[t, k], np.broadcast_to(np.linalg.matrix_power(W, t - k), jac.shape))


@pytest.mark.parametrize("as_layer", [True, False])
def test_tanh_gives_products_of_slopes_and_the_matrix(as_layer: bool) -> None:
    layer = nn.RNN(D, H, generator=np.random.default_rng(1))
    x = np.random.default_rng(2).normal(size=(T, B, D))
    output, _ = layer(x)
    states = output if as_layer else list(output.inputs)
    W, hs = layer.weight_hh_l0.data, output.data
    factors = [(1 - hs[t] ** 2)[..., None] * W for t in range(T)]  # diag(1 − h²) W, (B, H, H)
    jac = state_jacobian(states)
    for t, k in all_pairs():
        close(jac[t, k], product(factors, t, k))


def test_norms_and_spectral_radii_of_matrices_that_one_knows() -> None:
    """A turn by 0.9 shrinks everything alike; a shift has a norm, and no eigenvalue but 0."""
    c, s = np.cos(0.4), np.sin(0.4)
    nets = {"turn": 0.9 * np.array([[c, -s], [s, c]]), "shift": np.array([[0.0, 2.0], [0.0, 0.0]])}
    found = {}
    for name, W in nets.items():
        h, states = tg.Value(np.ones(2)), []
        for _ in range(4):
            h = W @ h
            states.append(h)
        found[name] = state_jacobian(states)
    back = np.subtract.outer(np.arange(4), np.arange(4))
    below = np.tril(np.ones((4, 4)))
    close(found["turn"].norms, np.where(below, 0.9 ** np.maximum(back, 0), 0))
    close(found["turn"].spectral_radius, np.where(below, 0.9 ** np.maximum(back, 0), 0))
    close(found["shift"].norms, np.where(back == 0, 1.0, np.where(back == 1, 2.0, 0.0)))
    close(found["shift"].spectral_radius, np.eye(4))


# Derived by hand, for all cells.


def weights_of(cell: str, rng: np.random.Generator) -> list[np.ndarray]:
    rows = GATES[cell] * H
    return [rng.normal(size=size) * 0.7 for size in ((rows, D), (rows, H), (rows,), (rows,))]


def by_hand(cell: str, weights: list[np.ndarray], x: np.ndarray) -> tuple[list[Any], list[Any]]:
    """Run a cell of `manual`; return its states, and ∂s_t/∂s_{t−1} row by row."""
    step, back = MODULES[cell].step, MODULES[cell].step_backward
    members = 2 if cell == "lstm" else 1
    state, states, factors = [np.zeros((B, H))] * members, [], []
    for t in range(T):
        *state, saved = step(x[t], *state, *weights)
        states.append(state)
        rows = np.zeros((B, members * H, members * H))
        for i in range(members * H):
            g = np.zeros((B, members * H))
            g[:, i] = 1.0
            _, *d_state, _ = back(*np.split(g, members, axis=1), saved)
            rows[:, i] = np.concatenate(d_state, axis=1)
        factors.append(rows)
    return states, factors


@pytest.mark.parametrize("cell", CELLS)
def test_the_whole_state_of_each_cell_as_derived_by_hand(cell: str) -> None:
    rng = np.random.default_rng(4)
    weights, x = weights_of(cell, rng), rng.normal(size=(T, B, D))
    ours = CELLS[cell](D, H)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    ours.load_state_dict(dict(zip(names, weights, strict=True)))
    state, listed = None, []
    for t in range(T):
        state = ours(x[t], state)
        listed.append(state)
    jac = state_jacobian(listed)
    _, factors = by_hand(cell, weights, x)
    for t, k in all_pairs():
        close(jac[t, k], product(factors, t, k))


@pytest.mark.parametrize("num_layers", [1, 2])
@pytest.mark.parametrize("cell", LAYERS)
def test_h_alone_from_a_layer_s_output_as_measured(cell: str, num_layers: int) -> None:
    """Move h_k of the top layer a little, hold everything else of that time, run on."""
    rng = np.random.default_rng(5)
    layer = LAYERS[cell](D, H, num_layers, generator=rng)
    x = rng.normal(size=(T, B, D))
    output, _ = layer(x)
    below = x
    if num_layers == 2:  # what the top layer reads
        first = LAYERS[cell](D, H)
        state = layer.state_dict()
        first.load_state_dict({name: w for name, w in state.items() if name.endswith("_l0")})
        below = first(x)[0].data
    top = f"_l{num_layers - 1}"
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    weights = [layer.state_dict()[name + top] for name in names]
    step = MODULES[cell].step
    states, _ = by_hand(cell, weights, below)
    jac = state_jacobian(output)
    for k in range(T):
        for j in range(H):
            moved = []
            for by in (-1e-5, 1e-5):
                h, *rest = states[k]
                h = h.copy()
                h[:, j] += by
                state, hs = [h, *rest], [h]
                for t in range(k + 1, T):
                    *state, _ = step(below[t], *state, *weights)
                    hs.append(state[0])
                moved.append(np.array(hs))
            slopes = (moved[1] - moved[0]) / 2e-5  # (T − k, B, H)
            for t in range(k, T):
                close(jac[t, k][..., j], slopes[t - k], atol=1e-9)


# Nets of one's own, whose states are not passed on in a single file.


def test_a_state_that_skips_a_step() -> None:
    """h_t = tanh(W h_{t−1}) + V h_{t−2}: J_{t,k} = A_t J_{t−1,k} + V J_{t−2,k}."""
    rng = np.random.default_rng(6)
    W, V = rng.normal(size=(2, H, H)) * 0.5
    w, v = tg.Value(W), tg.Value(V)
    states = [tg.Value(rng.normal(size=H)), tg.Value(rng.normal(size=H))]
    states[1] = states[0] + states[1]  # so that it comes after the first
    for _ in range(2, T):
        states.append(np.tanh(w @ states[-1]) + v @ states[-2])
    jac = state_jacobian(states)
    expected = {(0, 0): np.eye(H), (1, 1): np.eye(H), (1, 0): np.eye(H)}
    for t in range(2, T):
        A = (1 - np.tanh(W @ states[t - 1].data) ** 2)[:, None] * W
        expected[t, t] = np.eye(H)
        for k in range(t):
            before = expected.get((t - 2, k), np.zeros((H, H)))
            expected[t, k] = A @ expected[t - 1, k] + V @ before
    for pair in all_pairs():
        close(jac[pair], expected[pair])


def test_a_first_state_that_every_step_looks_at() -> None:
    """h_t = w h_{t−1} h_0, so h_t = wᵗ h_0ᵗ⁺¹, with ∂h_t/∂h_0 through all of its uses."""
    w = tg.Value(1.5)
    states = [tg.Value(0.7)]
    for _ in range(3):
        states.append(w * states[-1] * states[0])
    jac = state_jacobian(states)
    assert jac.shape == (1, 1)
    close(jac[3, 0], [[4 * 1.5**3 * 0.7**3]])
    close(jac[3, 1], [[(1.5 * 0.7) ** 2]])


def test_members_of_a_state_count_as_independent() -> None:
    """c ← w c, h = c²: with (h, c) the state, h_{t+1} depends on c_t and not on h_t."""
    w, c, listed = tg.Value(0.5), tg.Value(np.array([3.0])), []
    for _ in range(3):
        c = w * c
        listed.append((c * c, c))
    jac = state_jacobian(listed)
    c_0 = listed[0][1].data.item()
    close(jac[1, 0], [[0.0, 2 * 0.25 * c_0], [0.0, 0.5]])
    close(jac[2, 0], [[0.0, 2 * 0.0625 * c_0], [0.0, 0.25]])


def test_no_grad_is_touched_and_later_changes_do_not_matter() -> None:
    layer = nn.LSTM(D, H, generator=np.random.default_rng(1))
    output, _ = layer(np.ones((T, D)))
    for node in ancestors(output):
        node.grad = "mark"
    jac = state_jacobian(output)
    before = jac.row(T - 1).copy()
    layer.weight_hh_l0.data[...] = 0.0
    jac.row(2)
    close(jac.row(T - 1), before, atol=0)
    assert all(node.grad == "mark" for node in ancestors(output))


def test_one_that_overflows_is_infinite() -> None:
    big = np.diag([1e200, 1.0])
    h, states = tg.Value(np.zeros(2)), []
    for _ in range(4):
        h = big @ h
        states.append(h)
    jac = state_jacobian(states)
    assert jac.norms[1, 0] == 1e200
    assert jac.norms[3, 0] == jac.spectral_radius[3, 0] == np.inf
    assert jac.norms[3, 3] == 1.0


def test_positions_count_from_both_ends() -> None:
    output, _ = nn.RNN(D, H, generator=np.random.default_rng(1))(np.ones((T, D)))
    jac = state_jacobian(output)
    close(jac[-1, 0], jac[T - 1, 0], atol=0)
    close(jac[-1, -2], jac[T - 1, T - 2], atol=0)
    assert jac[3].shape == (4, H, H)
    for t, row in enumerate(jac):
        close(row[0], jac[t, 0], atol=0)
    assert t == T - 1
    with pytest.raises(IndexError, match=r"∂h_0/∂h_3(.|\n)*the later state comes first: jac\[3, 0"):
        _ = jac[0, 3]
    with pytest.raises(IndexError, match=r"state 6 of 6"):
        _ = jac[T, 0]
    with pytest.raises(ValueError, match="read-only"):
        jac[2, 1][...] = 0.0


def test_it_prints_sizes_by_distance() -> None:
    h, states = tg.Value(np.ones((2, 2))), []
    for t in range(30):
        h = 0.5 * h if t % 2 else 2.0 * h
        states.append(h)
    jac = state_jacobian(states)
    lines = str(jac).splitlines()
    assert lines[0] == "∂h_t/∂h_k of 30 states, (2, 2, 2) each"
    assert lines[2].split() == ["1", "5.0e-01", "2.0e+00", "5.0e-01", "2.0e+00"]
    assert lines[3].split() == ["2", *["1.0e+00"] * 4]
    assert len(lines) == 2 + 25
    assert repr(jac) == "<StateJacobian of 30 states, (2, 2, 2) each>"
    assert state_jacobian(states[:1]).norms.shape == (1, 1, 2)


def test_a_single_precision_net_has_single_precision_jacobians() -> None:
    layer = nn.GRU(D, H, generator=np.random.default_rng(1), dtype=np.float32)
    output, _ = layer(np.ones((3, B, D), np.float32))
    assert state_jacobian(output)[2, 0].dtype == np.float32


# What it refuses.


def mixing(h: Any) -> Any:
    return h - h.mean(axis=0)


def mixing_by_a_shared_number(h: Any) -> Any:
    return h * (h**2).mean()


@pytest.mark.parametrize("mix", [mixing, mixing_by_a_shared_number])
def test_a_batch_whose_sequences_act_on_one_another(mix: Callable[[Any], Any]) -> None:
    h, states = tg.Value(np.random.default_rng(0).normal(size=(3, 2))), []
    for _ in range(3):
        h = mix(h)
        states.append(h)
    with pytest.raises(ValueError, match="sequences of the batch act on one another"):
        state_jacobian(states)
    alone = [s.reshape(-1) for s in states]  # a vector again: but read by no later step
    with pytest.raises(ValueError, match="none is computed from the one before"):
        state_jacobian(alone)


def test_a_number_carried_for_all_sequences() -> None:
    h, scale, states = tg.Value(np.ones((3, 2))), tg.Value(1.0), []
    for _ in range(3):
        h = h * scale
        states.append(h)
        scale = scale + h.sum()
        states[-1] = h + 0.0 * scale  # made after scale, which then crosses to the next step
        h = states[-1]
    with pytest.raises(ValueError, match=r"shape \(\) is carried on for all sequences together"):
        state_jacobian(states)


@pytest.mark.parametrize("options", [{"bidirectional": True}, {"lengths": [3, 2]}], ids=str)
def test_outputs_that_no_later_step_reads(options: dict[str, Any]) -> None:
    lengths = options.pop("lengths", None)
    layer = nn.GRU(D, H, generator=np.random.default_rng(0), **options)
    output, _ = layer(np.ones((3, 2, D)), lengths=lengths)
    with pytest.raises(ValueError, match="3 states, and none is computed from the one before"):
        state_jacobian(output)


def test_other_errors_teach() -> None:
    h = tg.Value(np.ones(2))
    a = h * 2.0
    b = a * 2.0
    with pytest.raises(ValueError, match="state 1 was computed before state 0"):
        state_jacobian([b, a])
    with pytest.raises(ValueError, match=r"state 1 is \(1,\) float64, the first \(2,\) float64"):
        state_jacobian([a, b[:1]])
    with pytest.raises(TypeError, match=r"state 0 is .* float64"):
        state_jacobian([a.data, b])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="needs no gradient"):
        state_jacobian([a.detach(), b])
    with pytest.raises(ValueError, match=r"the states of .* a result of multiply"):
        state_jacobian(b)
    with pytest.raises(ValueError, match="a leaf"):
        state_jacobian(h)
    with pytest.raises(ValueError, match="no states"):
        state_jacobian([])
