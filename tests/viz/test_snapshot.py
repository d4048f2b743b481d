"""A snapshot says what the graph says, in the same way each time, and changes nothing in it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.viz.graphs import first_expression, net
from tinygrad_rnn.engine.graph import ancestors
from tinygrad_rnn.viz.scopes import common, is_time, looped, module_of, times_in
from tinygrad_rnn.viz.snapshot import Edge, NodeRecord, Snapshot, snapshot

EVERYTHING = list(NodeRecord.__dataclass_fields__)


def contents(graph: Snapshot) -> list[list[Any]]:
    return [[getattr(node, name) for name in EVERYTHING] for node in graph.nodes]


def test_every_part_of_a_small_graph() -> None:
    with tg.name_scope("net"):
        W = tg.Value(np.array([[1.0, 2.0], [3.0, 4.0]]), name="W")
    x = np.array([5.0, 6.0], np.float32)
    frozen = tg.Value(7.0, name="k", requires_grad=False)
    with tg.name_scope("net"), tg.time_step(3):
        y = np.sum(W @ x, axis=0)
        z = y * frozen - 1
    z.name = "loss"
    z.backward()
    graph = snapshot(z)

    assert [(n.kind, n.name, n.rule, n.inputs) for n in graph.nodes] == [
        ("parameter", "W", None, ()),
        ("input", "k", None, ()),
        ("input", None, None, ()),
        ("op", None, "matmul", (0, 2)),
        ("op", None, "sum", (3,)),
        ("op", None, "multiply", (4, 1)),
        ("constant", None, None, ()),
        ("op", "loss", "subtract", (5, 6)),
    ]
    W_, k, x_, product, total, _, one, loss = graph.nodes
    assert (product.formula, product.arguments) == ("y = a @ b", ("a", "b"))
    assert total.params == {"axis": 0}
    assert (W_.shape, x_.shape, loss.shape) == ((2, 2), (2,), ())
    assert (W_.dtype, x_.dtype, one.dtype) == ("float64", "float32", "int")
    np.testing.assert_array_equal(total.value, 17.0 + 39.0)
    np.testing.assert_array_equal(loss.value, 56.0 * 7.0 - 1)
    np.testing.assert_array_equal(W_.gradient, 7.0 * np.array([[5.0, 6.0], [5.0, 6.0]]))
    np.testing.assert_array_equal(product.gradient, [7.0, 7.0])
    assert (k.gradient, x_.gradient, one.gradient) == (None, None, None)
    assert [n.requires_grad for n in (W_, k, x_, one, loss)] == [True, False, False, False, True]
    assert (W_.scope, W_.place, W_.time, W_.module) == ("net", "net", None, "net")
    assert (k.scope, k.place, k.time) == ("", "net/t=3", 3)
    assert (x_.scope, x_.place, x_.module) == ("", "net/t=3", "net")
    assert (loss.scope, loss.time, loss.module) == ("net/t=3", 3, "net")
    assert graph.root is loss
    assert len(graph) == 8
    assert graph.originals[0] is W and graph.originals[2] is x
    assert graph.id_of(z) == 7
    assert list(graph.edges())[:3] == [Edge(0, 3, 0), Edge(2, 3, 1), Edge(3, 4, 0)]
    assert graph.users()[3] == [Edge(3, 4, 0)]
    assert repr(graph) == "<Snapshot of 8 nodes>"


def test_a_value_used_twice_is_one_node_and_a_number_written_twice_is_two() -> None:
    a, x = tg.Value(np.ones(3)), np.arange(3.0)
    graph = snapshot(np.sum((a * x + 2.0) * x + 2.0))
    kinds = [node.kind for node in graph.nodes]
    assert kinds.count("parameter") == kinds.count("input") == 1
    assert kinds.count("constant") == 2
    (add_a_to_itself,) = [n for n in snapshot(a + a).nodes if n.kind == "op"]
    assert add_a_to_itself.inputs == (0, 0)


def test_a_parameter_belongs_to_what_its_users_share_and_to_no_single_step() -> None:
    for T in (1, 3):
        places = {n.name: n.place for n in snapshot(net("LSTM", T)).nodes if n.kind == "parameter"}
        assert set(places.values()) == {"lstm/l0"}
        assert set(places) == {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"}


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_ids_are_a_topological_order(kind: str) -> None:
    graph = snapshot(net(kind, 4, num_layers=2, bidirectional=True))
    for place, node in enumerate(graph.nodes):
        assert node.id == place
        assert all(source < place for source in node.inputs)
    ops = [node for node in graph.nodes if node.kind == "op"]
    values = ancestors(graph.originals[-1], constants=True)
    assert len(ops) == sum(value.rule is not None for value in values)


def test_two_snapshots_of_a_graph_are_the_same_and_so_are_those_of_two_like_graphs() -> None:
    loss, again = net("GRU", 3), net("GRU", 3)
    for value in (loss, again):
        value.backward()
    for one, other in ((loss, loss), (loss, again)):
        for a, b in zip(contents(snapshot(one)), contents(snapshot(other)), strict=True):
            np.testing.assert_equal(a, b)


def test_looking_changes_nothing() -> None:
    loss = net("LSTM", 3)
    loss.backward()
    nodes = ancestors(loss, constants=True)
    names = ("data", "grad", "name", "rule", "inputs", "params", "scope", "requires_grad", "order")
    before = [getattr(node, name) for node in nodes for name in names]
    flags = [node.data.flags.writeable for node in nodes]
    snapshot(loss)
    after = [getattr(node, name) for node in nodes for name in names]
    assert all(a is b for a, b in zip(before, after, strict=True))
    assert flags == [node.data.flags.writeable for node in nodes]


def test_a_record_cannot_be_written_to() -> None:
    graph = snapshot(np.sum(tg.Value(np.ones(3)) * np.arange(3.0)))
    for node in graph.nodes:
        with pytest.raises(AttributeError):
            node.value = 0.0  # type: ignore[misc]
        if isinstance(node.value, np.ndarray):
            with pytest.raises(ValueError, match="read-only"):
                node.value[0] = 1.0
    with pytest.raises(TypeError):
        graph.nodes[-1].params["axis"] = 1  # type: ignore[index]


def test_gradients_of_a_sweep_with_create_graph_are_shown_as_arrays() -> None:
    a = tg.Value(3.0, name="a")
    y = a * a
    y.backward(create_graph=True)
    a_, y_ = snapshot(y).nodes
    assert (a_.gradient, y_.gradient) == (6.0, 1.0)
    assert not isinstance(a_.gradient, tg.Value)


def test_a_hundred_thousand_nodes_at_the_default_recursion_limit() -> None:
    assert sys.getrecursionlimit() <= 1000
    x = tg.Value(0.0)
    for _ in range(100_000):
        x = x + 1.0
    graph = snapshot(x)
    assert len(graph) == 200_001
    assert float(graph.root.value) == 100_000.0


@pytest.mark.parametrize(
    ("thing", "named"),
    [
        (3.0, "in float"),
        (np.ones(3), "numpy.ndarray"),
        ((1, 2), "in tuple"),
        (None, "NoneType"),
        (tg.nn.LSTM(2, 3), "LSTM"),
    ],
)
def test_someone_elses_object_is_refused(thing: Any, named: str) -> None:
    with pytest.raises(TypeError, match=r"(?s)no graph to see in .*fix: pass one Value") as error:
        snapshot(thing)
    assert named in str(error.value)


def no_graph() -> list[tg.Value]:
    x = tg.Value(2.0, name="x")
    with tg.no_grad():
        y = x * x
    return [x, y, (x * x).detach()]


@pytest.mark.parametrize("value", no_graph(), ids=["leaf", "no_grad", "detached"])
def test_a_value_without_a_graph_is_refused(value: tg.Value) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)no graph to see in .*fix: pass the result of ops"):
        snapshot(value)


def test_scopes_are_read() -> None:
    assert times_in("net/t=3/l0/t=-1") == (3, -1)
    assert module_of("net/t=3/l0") == "net/l0"
    assert looped("a/t=3/t=4") == ("a", "t=…", "t=…")
    assert looped("") == ()
    assert (common("a/b", "a/bc"), common("a/b", "a/b"), common("a", "")) == ("a", "a/b", "")
    assert not any(map(is_time, ("t=", "t=x", "t=--3", "t=³", "x=3", "t=3 ", "t=…")))


def test_the_expression_of_micrograd_has_the_nodes_that_one_counts() -> None:
    graph = snapshot(first_expression())
    kinds = [node.kind for node in graph.nodes]
    # a + b, a b, b³, +, c + c, + 1, c + 1, + c, −a, +, d 2, +, b + a, relu, +, 3 d, +, b − a,
    # relu, +, c − d, e², f / 2, 10 / f, +
    assert kinds.count("op") == 25
    assert kinds.count("constant") == 8  # 3, 1, 1, 2, 3, 2, 2 and 10
    assert kinds.count("parameter") == 2
