"""A gradient used twice, a graph older than a step, a replaced parameter: said once, or not."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_rnn import (
    ReplacedParameterWarning,
    StaleGradientWarning,
    StaleGraphWarning,
    Value,
    nn,
    optim,
)
from tinygrad_rnn.engine.leaf_history import HISTORIES

X = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 2.0]])


def said(program: Callable[[], Any]) -> list[warnings.WarningMessage]:
    """Run a program and return every warning, repetitions too."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        program()
    return caught


def linear(*, single: bool = False) -> tuple[list[Value], Callable[[], Value]]:
    """Return parameters and a loss: of arrays, or of single numbers."""
    if single:
        w, b = Value(0.5, name="w"), Value(0.1, name="b")
        return [w, b], lambda: (w * 2.0 + b) ** 2
    layer = nn.Linear(3, 2, generator=np.random.default_rng(0))
    return list(layer.parameters()), lambda: (layer(X) ** 2).sum()


# Backward adds to a gradient that a step has used.


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("retain", [False, True])
def test_a_loop_without_zero_grad_is_told_once(single: bool, retain: bool) -> None:
    parameters, loss = linear(single=single)
    optimizer = optim.SGD(parameters, lr=0.001)

    def program() -> None:
        for _ in range(5):
            loss().backward(retain_grad=retain)
            optimizer.step()

    (warning,) = said(program)
    assert warning.category is StaleGradientWarning
    assert warning.filename == __file__
    assert "optimizer.zero_grad()" in str(warning.message)
    assert repr(parameters[0].name) in str(warning.message)


def test_it_comes_at_the_second_step_not_at_the_first_nor_at_a_second_without_backward() -> None:
    parameters, loss = linear()
    optimizer = optim.Adam(parameters)
    loss().backward()
    assert said(optimizer.step) == []
    assert said(optimizer.step) == []  # the same gradient once more: nothing was added
    loss().backward()
    assert len(said(optimizer.step)) == 1


def clear_none(p: Value) -> None:
    p.grad = None


def clear_fill(p: Value) -> None:
    p.grad[...] = 0.0


def decay(p: Value) -> None:
    p.grad *= 0.9


@pytest.mark.parametrize("clear", [clear_none, clear_fill, decay])
def test_whoever_takes_care_of_the_gradient_hears_nothing(clear: Callable[[Value], None]) -> None:
    parameters, loss = linear()
    optimizer = optim.SGD(parameters, lr=0.001)

    def program() -> None:
        for _ in range(3):
            loss().backward()
            optimizer.step()
            for p in parameters:
                clear(p)

    assert said(program) == []


@pytest.mark.parametrize("by", ["optimizer", "module"])
def test_a_batch_in_parts_accumulates_silently(by: str) -> None:
    layer = nn.Linear(3, 2, generator=np.random.default_rng(0))
    optimizer = optim.RMSprop(layer.parameters())

    def program() -> None:
        for _ in range(3):
            (optimizer if by == "optimizer" else layer).zero_grad()
            for _part in range(4):
                (layer(X) ** 2).sum().backward()
            optim.clip_grad_norm_(layer.parameters(), 1.0)
            optimizer.step()

    assert said(program) == []


def test_a_gradient_that_another_loss_adds_to_and_that_is_cleared_before_its_step() -> None:
    critic = nn.Linear(3, 1, generator=np.random.default_rng(0))
    maker = nn.Linear(3, 3, generator=np.random.default_rng(1))
    steps = optim.SGD(critic.parameters(), lr=0.01), optim.SGD(maker.parameters(), lr=0.01)

    def program() -> None:
        for _ in range(3):
            for optimizer in steps:
                optimizer.zero_grad()
                critic(maker(X)).sum().backward()  # reaches the parameters of both
                optimizer.step()

    assert said(program) == []


def test_reading_and_accumulating_without_a_step_never_warn() -> None:
    parameters, loss = linear()

    def program() -> None:
        for _ in range(3):
            loss().backward()
            assert all(p.grad is not None for p in parameters)

    assert said(program) == []
    assert not any(id(p) in HISTORIES for p in parameters)


# A graph that is older than the last step.


def windows(layer: nn.Module, cut: bool, retain: bool, optimizer: optim.Optimizer) -> None:
    state = None
    for _ in range(4):
        output, state = layer(np.ones((5, 1, 3)), state)
        if cut:
            state = nn.detach_state(state)
        optimizer.zero_grad()
        (output**2).sum().backward(retain_grad=retain)
        optimizer.step()


@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_a_state_that_is_carried_with_its_graph_is_told_once_with_the_size(
    kind: str, retain: bool
) -> None:
    layer = getattr(nn, kind)(3, 2, generator=np.random.default_rng(0))
    optimizer = optim.SGD(layer.parameters(), lr=0.01)
    (warning,) = said(lambda: windows(layer, False, retain, optimizer))
    assert warning.category is StaleGraphWarning
    text = str(warning.message)
    assert "nn.detach_state(state)" in text
    assert f"in scope {kind.lower()}/l0/t=0" in text

    # Its size: what the second window's loss was computed from, and what of it the first made.
    _, state = layer(np.ones((5, 1, 3)))
    first = interior(*(state if kind == "LSTM" else (state,)))
    two, _ = layer(np.ones((5, 1, 3)), state)
    everything = interior((two**2).sum())
    parameters = list(layer.parameters())
    older = first & everything
    assert f"{len(everything) + len(parameters)} nodes, of which {len(older)} are older" in text


def interior(*values: Value) -> set[Value]:
    """Walk from values to all that they were computed from by ops."""
    found: set[Value] = set()
    stack = list(values)
    while stack:
        node = stack.pop()
        if node.rule is not None and node not in found:
            found.add(node)
            stack += [x for x in node.inputs if isinstance(x, Value) and x.requires_grad]
    return found


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_a_state_that_is_cut_off_is_silent(kind: str) -> None:
    layer = getattr(nn, kind)(3, 2, generator=np.random.default_rng(0))
    optimizer = optim.Adam(layer.parameters())
    assert said(lambda: windows(layer, True, False, optimizer)) == []


def test_sweeping_a_graph_twice_without_a_step_is_silent() -> None:
    parameters, loss = linear()
    y = loss()
    assert said(lambda: [y.backward() for _ in range(3)]) == []
    optimizer = optim.SGD(parameters, lr=0.1)
    optimizer.step()
    with pytest.warns(StaleGraphWarning):
        y.backward()


def test_another_models_step_makes_no_graph_older() -> None:
    (_, loss), (others, other_loss) = linear(), linear()
    optimizer = optim.SGD(others, lr=0.1)
    y = loss()
    other_loss().backward()
    optimizer.step()
    assert said(y.backward) == []


def test_constants_computed_before_training_are_silent() -> None:
    w = Value([0.1, 0.2, 0.3])
    frozen = Value(X, requires_grad=False) * 2.0
    optimizer = optim.SGD([w], lr=0.01)

    def program() -> None:
        for _ in range(3):
            optimizer.zero_grad()
            (frozen @ w).sum().backward()
            optimizer.step()

    assert said(program) == []


def test_with_warnings_as_errors_no_gradient_is_written() -> None:
    parameters, loss = linear()
    y = loss()
    y.backward()
    optimizer = optim.SGD(parameters, lr=0.1)
    optimizer.step()
    optimizer.zero_grad()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(StaleGraphWarning):
            y.backward()
    assert all(p.grad is None for p in parameters)


# A parameter that was replaced.


def trained(model: nn.Module, optimizer: optim.Optimizer) -> Callable[[], None]:
    def program() -> None:
        for _ in range(3):
            optimizer.zero_grad()
            (model(X) ** 2).sum().backward()
            optimizer.step()

    return program


def test_a_parameter_that_was_replaced_after_the_optimiser_was_built() -> None:
    layer = nn.Linear(3, 2, generator=np.random.default_rng(0))
    optimizer = optim.SGD(layer.parameters(), lr=0.01)
    layer.weight = Value(np.ones((2, 3)))
    (warning,) = said(trained(layer, optimizer))
    assert warning.category is ReplacedParameterWarning
    assert "linear.weight was replaced after the optimiser was built" in str(warning.message)


class Net(nn.Module):
    def __init__(self) -> None:
        self.body = nn.Linear(3, 3, generator=np.random.default_rng(0))
        self.head = nn.Linear(3, 2, generator=np.random.default_rng(1))

    def forward(self, x: Any) -> Any:
        return self.head(np.tanh(self.body(x)))


def test_a_part_that_was_replaced() -> None:
    net = Net()
    optimizer = optim.SGD(net.parameters(), lr=0.01)
    net.head = nn.Linear(3, 4, generator=np.random.default_rng(2))
    (warning,) = said(trained(net, optimizer))
    assert warning.category is ReplacedParameterWarning
    assert "net.head was replaced" in str(warning.message)


def test_an_optimiser_built_afterwards_and_a_parameter_put_back_are_silent() -> None:
    net = Net()
    before = net.head
    optimizer = optim.SGD(net.parameters(), lr=0.01)
    net.head = nn.Linear(3, 2, generator=np.random.default_rng(2))
    net.head = before
    assert said(trained(net, optimizer)) == []
    net.head = nn.Linear(3, 2, generator=np.random.default_rng(3))
    assert said(trained(net, optim.SGD(net.parameters(), lr=0.01))) == []


def test_a_parameter_that_lives_on_elsewhere_is_silent() -> None:
    first, second = (nn.Linear(3, 2, generator=np.random.default_rng(k)) for k in (0, 1))
    optimizer = optim.SGD(first.parameters(), lr=0.01)
    second.weight, second.bias = first.weight, first.bias
    first.weight, first.bias = Value(np.ones((2, 3))), Value(np.ones(2))
    assert said(trained(second, optimizer)) == []


# The memory of it.


def test_histories_end_with_their_leaves() -> None:
    parameters, loss = linear()
    optimizer = optim.SGD(parameters, lr=0.1)
    loss().backward()
    optimizer.step()
    keys = {id(p) for p in parameters}
    assert keys <= HISTORIES.keys()
    g = parameters[0].grad
    del parameters, loss, optimizer
    gc.collect()
    assert not keys & HISTORIES.keys()
    assert g.shape == (2, 3)


def test_parameters_that_are_no_values_need_no_method() -> None:
    class Plain:
        data = np.zeros(2)
        grad = np.ones(2)

    optimizer = optim.SGD([Plain()], lr=0.5)
    assert said(optimizer.step) == []
