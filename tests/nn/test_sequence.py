"""Layers over time: layouts, lengths, carried state, scopes, dropout, dtype, long sequences."""

from __future__ import annotations

import gc
import sys
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_rnn as tg
from tests.manual.stacks import members
from tinygrad_rnn import manual, nn
from tinygrad_rnn.engine.graph import ancestors

T, B, D, H = 5, 3, 2, 4
KINDS = {
    "rnn": (nn.RNN, nn.RNNCell, {}),
    "relu": (nn.RNN, nn.RNNCell, {"nonlinearity": "relu"}),
    "lstm": (nn.LSTM, nn.LSTMCell, {}),
    "gru": (nn.GRU, nn.GRUCell, {}),
}


def rng(seed: int = 31) -> np.random.Generator:
    return np.random.default_rng(seed)


def make(name: str, *sizes: int, **options: Any) -> Any:
    layer, _, own = KINDS[name]
    return layer(*(sizes or (D, H)), generator=rng(), **own, **options)


def numbers(state: Any) -> np.ndarray:
    """A state's arrays, one or two, as one."""
    return np.stack([np.asarray(getattr(s, "data", s)) for s in members(state)])


def close(a: Any, b: Any, atol: float = 1e-13) -> None:
    np.testing.assert_allclose(getattr(a, "data", a), getattr(b, "data", b), rtol=0, atol=atol)


# Against the cell: what a layer does over time.


@pytest.mark.parametrize("name", KINDS)
def test_two_layers_are_cells_one_above_the_other(name: str) -> None:
    net = make(name, D, H, 2)
    _, cell, options = KINDS[name]
    x = rng().normal(size=(T, B, D))
    inputs, last = list(x), []
    for layer in range(2):
        step = cell(D if layer == 0 else H, H, **options)
        step.load_state_dict(
            {
                key.removesuffix(f"_l{layer}"): w
                for key, w in net.state_dict().items()
                if key.endswith(f"_l{layer}")
            }
        )
        state, outputs = None, []
        for x_t in inputs:
            state = step(x_t, state)
            outputs.append(members(state)[0])
        last.append(numbers(state))
        inputs = outputs
    output, state_n = net(x)
    close(output, np.stack([h.data for h in inputs]))
    close(numbers(state_n), np.stack(last, axis=1))


@pytest.mark.parametrize("name", KINDS)
def test_the_second_direction_is_the_first_on_reversed_time(name: str) -> None:
    net, alone = make(name, bidirectional=True), make(name)
    reverse = {k: w for k, w in net.state_dict().items() if k.endswith("_reverse")}
    alone.load_state_dict({k.removesuffix("_reverse"): w for k, w in reverse.items()})
    x = rng().normal(size=(T, B, D))
    output, state_n = net(x)
    expected, expected_n = alone(x[::-1])
    close(output.data[..., H:], expected.data[::-1])
    close(numbers(state_n)[:, 1], numbers(expected_n)[:, 0])


# Layouts.


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("name", KINDS)
def test_batch_first_and_unbatched_are_the_same_numbers(name: str, bidirectional: bool) -> None:
    net = make(name, D, H, 2, bidirectional=bidirectional)
    turned = make(name, D, H, 2, bidirectional=bidirectional, batch_first=True)
    x = rng().normal(size=(T, B, D))
    output, state_n = net(x)
    for given_x in (x.swapaxes(0, 1), tg.Value(x.swapaxes(0, 1))):
        other, other_n = turned(given_x, lengths=None)
        assert other.shape == (B, T, H * (1 + bidirectional))
        close(other.data.swapaxes(0, 1), output)
        close(numbers(other_n), numbers(state_n))
    for layer in (net, turned):
        other, other_n = layer(x[:, 1])
        close(other, output.data[:, 1])
        close(numbers(other_n), numbers(state_n)[:, :, 1])


def test_a_value_and_an_array_give_the_same() -> None:
    net, x = make("lstm"), rng().normal(size=(T, B, D))
    close(net(tg.Value(x))[0], net(x)[0])
    close(net(x.tolist())[0], net(x)[0])


# Lengths.


@given(data=st.data())
@pytest.mark.parametrize("name", KINDS)
def test_a_padded_batch_is_each_sequence_alone(name: str, data: st.DataObject) -> None:
    lengths = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4), "lengths")
    steps = data.draw(st.integers(max(lengths), 5), "T")
    layers = data.draw(st.integers(1, 2), "layers")
    two = data.draw(st.booleans(), "bidirectional")
    batch_first = data.draw(st.booleans(), "batch_first")
    with_state = data.draw(st.booleans(), "state")
    net = make(name, D, 3, layers, bidirectional=two, batch_first=batch_first)
    alone = make(name, D, 3, layers, bidirectional=two)
    x = rng().normal(size=(steps, len(lengths), D))
    x[np.arange(steps)[:, None] >= lengths] = np.nan  # never read
    first = rng(1).normal(size=(2, layers * (1 + two), len(lengths), 3))
    pair = name == "lstm"

    def state_of(array: np.ndarray) -> Any:
        return None if not with_state else tuple(array) if pair else array[0]

    output, state_n = net(x.swapaxes(0, 1) if batch_first else x, state_of(first), lengths)
    rows = output.data.swapaxes(0, 1) if batch_first else output.data
    for b, n in enumerate(lengths):
        expected, expected_n = alone(x[:n, b], state_of(first[:, :, b]))
        close(rows[:n, b], expected)
        assert not rows[n:, b].any()
        close(numbers(state_n)[:, :, b], numbers(expected_n))


@pytest.mark.parametrize("name", KINDS)
def test_padding_gets_no_gradient_and_gives_none(name: str) -> None:
    def gradients(padding: float) -> list[np.ndarray]:
        net = make(name, D, H, 2, bidirectional=True)
        data = rng().normal(size=(T, B, D))
        data[2:, 1] = padding
        x = tg.Value(data)
        output, state_n = net(x, lengths=[T, 2, T])
        (output.sum() + sum(s.sum() for s in members(state_n))).backward()
        assert not x.grad[2:, 1].any() and x.grad[:2, 1].all()
        return [x.grad, *(p.grad for p in net.parameters())]

    for a, b in zip(gradients(0.0), gradients(np.nan), strict=True):
        np.testing.assert_array_equal(a, b)


def test_full_lengths_change_nothing() -> None:
    net, x = make("gru", bidirectional=True), rng().normal(size=(T, B, D))
    close(net(x, lengths=np.full(B, T))[0], net(x)[0], atol=0)


def test_lengths_of_one_sequence_without_a_batch() -> None:
    net, x = make("lstm"), rng().normal(size=(T, D))
    for lengths in (3, [3]):
        output, state_n = net(x, lengths=lengths)
        close(output.data[:3], net(x[:3])[0])
        assert not output.data[3:].any()
        close(numbers(state_n), numbers(net(x[:3])[1]))


def test_lengths_and_state_may_be_values() -> None:
    net, x = make("lstm"), rng().normal(size=(T, B, D))
    state = tuple(rng(1).normal(size=(2, 1, B, H)))
    lengths = np.array([2, T, 1])
    values = tuple(tg.Value(s) for s in state), tg.Value(lengths, requires_grad=False)
    close(net(x, *values)[0], net(x, state, lengths)[0], atol=0)


@pytest.mark.parametrize(
    ("lengths", "said"),
    [
        ([1, 2], r"(?s)lengths of shape \(2,\).*pass 3 integers"),
        ([[1, 2, 3]], r"lengths of shape \(1, 3\)"),
        ([1.0, 2.0, 3.0], r"lengths of shape \(3,\), float64"),
        ([True, True, True], r"lengths of shape \(3,\), bool"),
        ([0, 2, 3], r"(?s)lengths from 0 to 3.*lengths from 1 to 5"),
        ([1, 2, 6], r"(?s)lengths from 1 to 6.*x has 5 time steps"),
    ],
)
def test_wrong_lengths_are_refused(lengths: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make("rnn")(np.ones((T, B, D)), lengths=lengths)


# Carried state.


@pytest.mark.parametrize("name", KINDS)
def test_two_windows_with_carried_state_are_one(name: str) -> None:
    x, g = rng().normal(size=(T, B, D)), rng(1).normal(size=(T, B, H))
    whole, split = make(name, D, H, 2), make(name, D, H, 2)
    output, state_n = whole(x)
    (output * g).sum().backward()

    before, state = split(x[:2])
    after, state = split(x[2:], state)
    ((before * g[:2]).sum() + (after * g[2:]).sum()).backward()
    close(np.concatenate([before.data, after.data]), output)
    close(numbers(state), numbers(state_n))
    for a, b in zip(whole.parameters(), split.parameters(), strict=True):
        close(a.grad, b.grad)


@pytest.mark.parametrize("name", KINDS)
def test_a_detached_state_stops_the_gradient_and_keeps_the_numbers(name: str) -> None:
    net = make(name)
    x = tg.Value(rng().normal(size=(T, B, D)))
    _, state = net(x[:2])
    cut = nn.detach_state(state)
    assert type(cut) is type(state)
    for a, b in zip(members(state), members(cut), strict=True):
        assert a.requires_grad and not b.requires_grad
        close(a, b, atol=0)
    output, _ = net(x[2:], cut)
    output.sum().backward()
    assert not x.grad[:2].any() and x.grad[2:].any()
    # As if the state had been a constant from the start.
    constant = tuple(s.data for s in members(cut)) if name == "lstm" else cut.data
    expected = make(name)
    expected(x.data[2:], constant)[0].sum().backward()
    for a, b in zip(net.parameters(), expected.parameters(), strict=True):
        close(a.grad, b.grad)


def test_detach_state_takes_what_a_loop_starts_with() -> None:
    assert nn.detach_state(None) is None
    zeros = np.zeros(3)
    assert nn.detach_state(zeros) is zeros


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (np.ones((1, B, H)), r"(?s)a state of one ndarray.*pass \(h, c\)"),
        ((np.ones((1, B, H)),), r"a state of 1 arrays"),
        ((np.ones((1, T, H)),) * 2, r"(?s)expected \(1, 3, 4\).*B = 3.*batch_first=False"),
        ((np.ones((B, H)),) * 2, r"the state h has shape \(3, 4\), expected \(1, 3, 4\)"),
        ((np.ones((1, B, H)), np.ones((2, B, H))), r"the state c has shape \(2, 3, 4\)"),
    ],
)
def test_wrong_states_are_refused(state: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make("lstm")(np.ones((T, B, D)), state)


def test_a_state_of_an_unbatched_layer_has_no_batch_either() -> None:
    with pytest.raises(ValueError, match=r"expected \(1, 4\)"):
        make("gru")(np.ones((T, D)), np.ones((1, 1, H)))


def test_a_state_of_another_precision_is_refused() -> None:
    with pytest.raises(TypeError, match="h holds float32, the parameters float64"):
        make("gru")(np.ones((T, B, D)), np.ones((1, B, H), np.float32))


@pytest.mark.parametrize(
    ("x", "kind", "said"),
    [
        (np.ones((T, B, 7)), ValueError, r"(?s)x has shape \(5, 3, 7\).*2 features.*\(T, B, 2\)"),
        (np.ones(D), ValueError, r"x has shape \(2,\)"),
        (np.ones((1, T, B, D)), ValueError, r"x has shape \(1, 5, 3, 2\)"),
        (np.ones((0, B, D)), ValueError, r"(?s)no time step.*T ≥ 1"),
        (np.ones((T, B, D), np.float32), TypeError, r"x holds float32"),
        (np.ones((T, B), int), TypeError, r"(?s)not token ids.*Embedding\(vocabulary_size, 2\)"),
    ],
)
def test_a_wrong_x_is_refused(x: Any, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        make("gru")(x)


def test_errors_name_the_scope() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.encoder = make("gru")

        def forward(self, x: Any) -> Any:
            return self.encoder(x)

    with pytest.raises(ValueError, match="where: GRU in scope net/encoder"):
        Net()(np.ones((T, B, 7)))


# Scopes.


def scopes(value: tg.Value) -> set[str]:
    return {node.scope for node in ancestors(value) if node.rule is not None}


def test_every_node_knows_its_layer_and_its_step() -> None:
    output, (h_n, _) = make("lstm", D, H, 2, bidirectional=True)(np.ones((3, B, D)))
    steps = {
        f"lstm/l{layer}{ending}/t={t}"
        for layer in range(2)
        for ending in ("", "_reverse")
        for t in range(3)
    }
    assert scopes(output) == steps | {"lstm"}
    # The last state of the direction from the end is that of step 0.
    assert [node.scope for node in h_n.inputs] == [
        "lstm/l0/t=2",
        "lstm/l0_reverse/t=0",
        "lstm/l1/t=2",
        "lstm/l1_reverse/t=0",
    ]


@pytest.mark.parametrize(("name", "nodes"), [("rnn", 2), ("relu", 2), ("lstm", 14), ("gru", 19)])
def test_a_step_is_few_nodes(name: str, nodes: int) -> None:
    output, _ = make(name)(np.ones((3, B, D)))
    at_1 = [node for node in ancestors(output) if tg.time_of(node) == 1]
    assert len(at_1) == nodes, [node.rule and node.rule.name for node in at_1]


def test_the_output_is_a_stack_of_the_steps_own_nodes() -> None:
    output, h_n = make("rnn")(np.ones((3, B, D)))
    assert [tg.time_of(h) for h in output.inputs] == [0, 1, 2]
    assert h_n.inputs[0] is output.inputs[2]


# Dropout.


@pytest.mark.parametrize("bidirectional", [False, True])
def test_dropout_lies_between_the_layers(bidirectional: bool) -> None:
    wide = H * (1 + bidirectional)
    net = make("lstm", D, H, 3, dropout=0.5, bidirectional=bidirectional)
    x = rng().normal(size=(T, B, D))
    net.generator.bit_generator.state = rng(99).bit_generator.state
    output, _ = net(x)

    generator, inputs = rng(99), x
    for layer in range(3):
        one = make("lstm", D if layer == 0 else wide, H, bidirectional=bidirectional)
        one.load_state_dict(
            {
                name.replace(f"_l{layer}", "_l0"): w
                for name, w in net.state_dict().items()
                if f"_l{layer}" in name
            }
        )
        inputs = one(inputs)[0].data
        if layer < 2:  # step by step, as the numbers are drawn; both directions read the same
            inputs = np.stack([tg.dropout(h, p=0.5, generator=generator) for h in inputs])
    close(output, inputs)


def test_dropout_is_off_in_eval() -> None:
    x = rng().normal(size=(T, B, D))
    net, plain = make("gru", D, H, 2, dropout=0.9), make("gru", D, H, 2)
    assert not np.allclose(net(x)[0].data, plain(x)[0].data)
    close(net.eval()(x)[0], plain(x)[0], atol=0)


def test_dropout_without_a_layer_to_lie_between_warns() -> None:
    with pytest.warns(UserWarning, match="no effect with num_layers=1") as caught:
        make("gru", dropout=0.5)
    assert caught[0].filename == __file__


# Precision.


@pytest.mark.parametrize("with_lengths", [False, True])
@pytest.mark.parametrize("name", KINDS)
def test_float32_stays_on_the_whole_way(name: str, with_lengths: bool) -> None:
    net = make(name, D, H, 2, bidirectional=True, dropout=0.3, dtype=np.float32)
    x = tg.Value(np.ones((T, B, D), np.float32))
    output, state_n = net(x, lengths=[T, 1, 3] if with_lengths else None)
    loss = output.sum() + sum(s.sum() for s in members(state_n))
    loss.backward()
    assert {node.dtype for node in ancestors(loss, constants=True)} == {np.dtype(np.float32)}
    assert {node.grad.dtype for node in ancestors(loss)} == {np.dtype(np.float32)}


def test_nothing_is_recorded_under_no_grad() -> None:
    with tg.no_grad():
        output, h_n = make("gru", D, H, 2)(np.ones((T, B, D)), lengths=[1, 2, 3])
    assert not output.requires_grad and not h_n.requires_grad and output.inputs == ()


# The gradient of the gradient.


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_second_order(name: str) -> None:
    net = make(name, D, 3, 1, bidirectional=True)
    x, g = rng().normal(size=(3, 2, D)), rng(1).normal(size=(3, 2, 6))
    along = {key: rng(2).normal(size=p.shape) for key, p in net.named_parameters()}

    def gradients(create_graph: bool) -> dict[str, Any]:
        net.zero_grad()
        (net(x, lengths=[3, 2])[0] * g).sum().backward(create_graph=create_graph)
        return {key: p.grad for key, p in net.named_parameters()}

    first = gradients(create_graph=True)
    net.zero_grad()
    sum((first[key] * along[key]).sum() for key in along).backward()
    second = {key: p.grad.copy() for key, p in net.named_parameters()}

    step, start = 1e-5, net.state_dict()
    sides = []
    for sign in (1, -1):
        net.load_state_dict({key: w + sign * step * along[key] for key, w in start.items()})
        sides.append(gradients(create_graph=False))
    for key in along:
        difference = (sides[0][key] - sides[1][key]) / (2 * step)
        np.testing.assert_allclose(second[key], difference, rtol=1e-6, atol=1e-8)


# Long sequences.


@pytest.mark.slow
def test_twenty_thousand_steps_under_the_default_recursion_limit() -> None:
    assert sys.getrecursionlimit() <= 1000
    steps = 20_000
    net = make("rnn", 1, 2)
    x = rng().normal(size=(steps, 1, 1))
    output, h_n = net(x)
    g = rng(1).normal(size=output.shape)
    (output * g).sum().backward(retain_grad=False)

    weights = net.state_dict()
    expected, _, cache = manual.rnn.forward(weights, x)
    close(output, expected, atol=1e-12)
    by_hand, _, _ = manual.rnn.backward(cache, g)
    for name, parameter in net.named_parameters():
        np.testing.assert_allclose(parameter.grad, by_hand[name], rtol=1e-9)

    gone = [weakref.ref(h) for h in output.inputs[:: steps // 4]]
    del output, h_n
    gc.collect()
    assert [ref() for ref in gone] == [None] * len(gone)
