"""The rolled picture: as large for 5 steps as for 500, and true to the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.viz.graphs import LOOPS, net
from tinygrad_rnn.viz.picture import Arrow, Item, Picture, folded, plain
from tinygrad_rnn.viz.rolled import roll, span
from tinygrad_rnn.viz.snapshot import NodeRecord, Snapshot, snapshot

# What one counts on the layer's equations: 4 weights, x, h₀ (and c₀), the ops of a step, and behind
# the layer stack, the number 2, power, sum.
STEPS = {"RNN": 2, "LSTM": 1 + 4 + 3 + 2 + 3 + 1, "GRU": 2 + 6 + 2 + 2 + 1 + 1 + 1 + 1 + 1 + 2 + 1}
STATES = {"RNN": 1, "LSTM": 2, "GRU": 1}
BEHIND = 4


def net_items(kind: str, layers: int, directions: int) -> int:
    runs = layers * directions
    joined = layers if directions == 2 else 0  # concatenate
    inputs = directions  # x is read once by each direction of the first layer
    return runs * (4 + STATES[kind] + STEPS[kind]) + inputs + joined + BEHIND


def item(picture: Picture, name: str) -> int:
    """Find the one item of a rule or a name."""
    named = [
        number
        for number, item in enumerate(picture.items)
        if name in (item.members[0].rule, item.members[0].name)
    ]
    assert len(named) == 1, named
    return named[0]


def arrow(picture: Picture, source: int, target: int) -> Arrow:
    (found,) = [a for a in picture.arrows if (a.source, a.target) == (source, target)]
    return found


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize(("layers", "directions"), [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_a_net_has_as_many_items_as_one_counts_whatever_the_time(
    kind: str, layers: int, directions: int
) -> None:
    expected = net_items(kind, layers, directions)
    for T in (2, 3, 5, 50):
        loss = net(kind, T, num_layers=layers, bidirectional=directions == 2)
        assert len(roll(snapshot(loss)).items) == expected


CASES: list[tuple[str, dict[str, Any]]] = [
    *[
        (kind, options)
        for kind in STEPS
        for options in ({}, {"num_layers": 2, "bidirectional": True})
    ],
    ("RNN", {"nonlinearity": "relu"}),
    ("LSTM", {"num_layers": 2, "dropout": 0.5}),
    ("GRU", {"bias": False}),
]


@pytest.mark.parametrize(("kind", "options"), CASES, ids=str)
def test_5_50_and_500_steps_give_the_same_items_and_arrows(
    kind: str, options: dict[str, Any]
) -> None:
    pictures = [roll(snapshot(net(kind, T, **options))) for T in (5, 50, 500)]
    assert len({(len(p.items), len(p.arrows)) for p in pictures}) == 1


@pytest.mark.parametrize(("kind", "options"), CASES, ids=str)
def test_so_they_do_with_lengths(kind: str, options: dict[str, Any]) -> None:
    pictures = [roll(snapshot(net(kind, T, lengths=[T, 2], **options))) for T in (5, 50)]
    assert len({(len(p.items), len(p.arrows)) for p in pictures}) == 1


# Counted on the loops as they are written: leaves, arrays and numbers, then ops.
LOOP_ITEMS = {
    "own_loop": 3 + 3 + 3,  # W, h₋₁, x; matmul, add, tanh; 2, power, sum
    "leaky_loop": 4 + 5 + 1 + 1 + 4,  # W, x, h₋₁ twice; h; 0.9; 0.9 h; 0.0; h h, sum, +, and the 0.
    "outside_loop": 3 + 4 + 1 + 3,
    "pruned_loop": 3 + 1 + 3 + 4 + 4 + 3 + 2 + 1,
    "backwards_loop": 4 + 5 + 1,
    "loop_in_loop": 2 + 3,
    "window_loop": 4 + 4 + 1,  # W, h₋₁, x, and x₀, which no step before has read
    "shifted_loop": 4 + 5 + 1,  # W, x, h₋₁, the 0 of the first step; the row, and W h + row + row
    "attention": 2 + 4 + 1,
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_of_ones_own_has_the_same_items_whatever_the_time(name: str) -> None:
    pictures = [roll(snapshot(LOOPS[name](T))) for T in (5, 6, 50)]
    assert len({(len(p.items), len(p.arrows)) for p in pictures}) == 1
    if name in LOOP_ITEMS:
        assert len(pictures[0].items) == LOOP_ITEMS[name]


@pytest.mark.parametrize("name", LOOPS)
def test_500_steps_of_a_loop_of_ones_own(name: str) -> None:
    T = 100 if name == "attention" else 500  # each step of attention reads all before it
    assert len(roll(snapshot(LOOPS[name](T))).items) == len(roll(snapshot(LOOPS[name](5))).items)


GRAPHS: dict[str, Callable[[], tg.Value]] = {
    **{name: lambda f=f: f(5) for name, f in LOOPS.items()},  # type: ignore[misc]
    "LSTM": lambda: net("LSTM", 4, num_layers=2, bidirectional=True),
    "GRU with lengths": lambda: net("GRU", 4, lengths=[4, 2]),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_each_node_is_in_one_item_of_its_kind_and_no_two_of_a_step(name: str) -> None:
    graph = snapshot(GRAPHS[name]())
    picture = roll(graph)
    members = [node.id for item in picture.items for node in item.members]
    assert sorted(members) == list(range(len(graph)))
    for found in picture.items:
        assert len({(node.kind, node.rule, node.module) for node in found.members}) == 1
        scopes = [node.scope for node in found.members]
        if found.members[0].time is not None and found.kind == "op":
            assert len(set(scopes)) == len(scopes)
    assert picture.items[picture.root].members[-1] is graph.root


@pytest.mark.parametrize("name", GRAPHS)
def test_the_arrows_are_those_of_the_graph_no_more_and_no_less(name: str) -> None:
    graph = snapshot(GRAPHS[name]())
    picture = roll(graph)
    place = {node.id: i for i, item in enumerate(picture.items) for node in item.members}
    in_graph = {(place[e.source], place[e.target]) for e in graph.edges()}
    assert {(a.source, a.target) for a in picture.arrows} == in_graph
    marked = {(a.source, a.target) for a in picture.arrows if a.through_time}
    told = {(place[source.id], place[target.id]) for source, target in through_time(graph)}
    assert told <= marked
    for source, _ in marked - told:  # what has no step of its own, and so that of its first user
        assert all(node.scope == "" for node in picture.items[source].members)


def through_time(graph: Snapshot) -> list[tuple[NodeRecord, NodeRecord]]:
    """Collect the ends of the arrows that leave a step, as far as the scopes alone tell."""
    ends = [(graph.nodes[source], graph.nodes[target]) for source, target, _ in graph.edges()]
    ops = [(a, b) for a, b in ends if a.kind == b.kind == "op"]
    carried = [(a, b) for a, b in ops if differ(a.scope, b.scope)]
    summed = [(a, b) for a, b in ops if a.rule == b.rule == "add" and a.scope == b.scope == ""]
    return carried + summed  # Python's sum adds up outside of the loop


def differ(scope: str, other: str) -> bool:
    """Say whether two scopes are of different steps of the loops that both are in."""
    times, others = ([p for p in s.split("/") if p.startswith("t=")] for s in (scope, other))
    return any(a != b for a, b in zip(times, others, strict=False))


def test_arrows_through_time_are_marked() -> None:
    picture = roll(snapshot(LOOPS["own_loop"](5)))
    h, product = item(picture, "tanh"), item(picture, "matmul")
    assert arrow(picture, h, product) == Arrow(h, product, 1, "t - 1", through_time=True)
    first = [i for i, item in enumerate(picture.items) if item.kind == "input"]
    labels = [a.label for a in picture.arrows if a.source in first]
    assert sorted(labels) == ["", "t = 0"]  # x, and the first state
    assert arrow(picture, h, item(picture, "power")).label == "t = 4"
    assert arrow(picture, item(picture, "W"), product).label == ""


def test_an_input_that_two_steps_read_is_of_the_first_of_them() -> None:
    picture = roll(snapshot(LOOPS["window_loop"](5)))
    (x,) = [
        i for i, item in enumerate(picture.items) if len(item.members) == 5 and item.kind == "input"
    ]
    labels = {a.label for a in picture.arrows if a.source == x}
    assert labels == {"", "t - 1"}


def test_the_reverse_direction_reads_the_step_behind() -> None:
    picture = roll(snapshot(net("RNN", 5, bidirectional=True)))
    labels = {picture.items[a.source].path: a.label for a in picture.arrows if a.through_time}
    assert labels == {
        ("rnn", "l0", "t=…"): "t - 1",
        ("rnn", "l0_reverse", "t=…"): "t + 1",
    }


def test_steps_that_are_not_all_are_named() -> None:
    picture = roll(snapshot(LOOPS["pruned_loop"](5)))
    notes = [item.note for item in picture.items if item.note]
    assert notes == ["t = 0 … 3"] * 4  # o, σ(o), tanh c and h
    assert picture.titles == {("t=…",): "t = 0 … 4"}
    assert span([3, 1, 2]) == "1 … 3"
    assert span([5]) == "5"
    assert span([0, 2]) == "0 … 2, not all"


def test_an_initial_state_stands_outside_of_the_loop_and_the_input_within() -> None:
    picture = roll(snapshot(net("LSTM", 4)))
    inputs = sorted((len(i.members), i.path) for i in picture.items if i.kind == "input")
    outside = ("lstm", "l0")
    assert inputs == [(1, outside), (1, outside), (4, (*outside, "t=…"))]


def test_weights_that_differ_from_step_to_step_are_not_taken_for_one() -> None:
    h, weights = tg.Value(1.0), [tg.Value(float(t), name=f"w{t}") for t in range(4)]
    shared = tg.Value(2.0, name="shared")
    for t, w in enumerate(weights):
        with tg.time_step(t):
            h = np.tanh(h * w + shared)
    picture = roll(snapshot(h))
    counts = {i.members[0].name: len(i.members) for i in picture.items if i.kind == "parameter"}
    assert counts == {"w0": 4, "shared": 1, None: 1}


def test_two_products_with_different_weights_stay_two() -> None:
    A, C, h = tg.Value(np.eye(2), name="A"), tg.Value(np.eye(2), name="C"), np.ones(2)
    for t in range(4):
        with tg.time_step(t):
            h = np.tanh(A @ h + C @ np.ones(2))
    picture = roll(snapshot(np.sum(h)))
    products = [i for i in picture.items if i.members[0].rule == "matmul"]
    assert [len(i.members) for i in products] == [4, 4]


def test_settings_that_follow_the_time_are_one_and_others_are_not() -> None:
    x, h = tg.Value(np.ones((9, 3)), name="x"), tg.Value(0.0)
    for t in range(4):
        with tg.time_step(t):
            h = h + x[t, 0] + x[t + 1, 1] * x[8 - t, 2] + x[5, 0]
    picture = roll(snapshot(h))
    reads = [len(i.members) for i in picture.items if i.members[0].rule == "getitem"]
    assert reads == [4, 4, 4, 4]


def test_a_graph_without_time_is_drawn_as_it_is() -> None:
    loss = np.sum(np.tanh(tg.Value(np.ones(3)) * 2.0))
    graph = snapshot(loss)
    rolled, unrolled = roll(graph), plain(graph)
    assert len(rolled.items) == len(unrolled.items)
    assert {a._replace(position=None) for a in rolled.arrows} == {
        a._replace(position=None) for a in unrolled.arrows
    }


def test_rolled_and_folded() -> None:
    graph = snapshot(net("LSTM", 5, num_layers=2))
    layers = folded(roll(graph), 2)
    modules = [i for i in layers.items if i.kind == "module"]
    assert [m.title for m in modules] == ["l0", "l1"]
    names = [m.title for m in (folded(roll(graph), 1).items) if m.kind == "module"]
    assert names == ["lstm"]
    loops = folded(roll(graph), 3)
    carried = [a for a in loops.arrows if a.through_time]
    assert [(a.source == a.target, a.label) for a in carried] == [(True, "t - 1")] * 2


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_folding_keeps_every_node_once(depth: int) -> None:
    graph = snapshot(net("GRU", 3, num_layers=2))
    for picture in (plain(graph), roll(graph)):
        small = folded(picture, depth)
        members = [node.id for item in small.items for node in item.members]
        assert sorted(members) == list(range(len(graph)))
        assert graph.root in small.items[small.root].members
        modules: list[Item] = [item for item in small.items if item.kind == "module"]
        assert all(len(item.path) == depth - 1 for item in modules)
        assert all(len(item.path) < depth for item in small.items)
        ends = {(a.source, a.target) for a in small.arrows}
        assert all(s != t for s, t in ends if not any(a.through_time for a in small.arrows))
