"""The walk through the graph: each node once, inputs before outputs, no recursion."""

from __future__ import annotations

import numpy as np

import tinygrad_rnn as tg
from tinygrad_rnn import RULES, Value
from tinygrad_rnn.engine.graph import ancestors


def test_a_node_knows_how_it_was_made() -> None:
    a, b = Value(2.0), Value(3.0)
    y = a * b
    assert y.rule is RULES["multiply"]
    assert len(y.inputs) == 2
    assert y.inputs[0] is a
    assert y.inputs[1] is b
    assert dict(y.params) == {}
    total = tg.sum(Value(np.ones((2, 3))), axis=1, keepdims=True)
    assert dict(total.params) == {"axis": 1, "keepdims": True}


def test_a_leaf_has_no_rule_and_no_inputs() -> None:
    a = Value(2.0)
    assert a.rule is None
    assert a.inputs == ()
    assert dict(a.params) == {}


def test_constants_stay_what_they_were() -> None:
    array = np.ones(3)
    v = Value(np.ones(3))
    assert (v * array).inputs[1] is array
    assert (2.5 * v).inputs[0] == 2.5
    assert type((2.5 * v).inputs[0]) is float


def test_ancestors_come_once_and_inputs_before_outputs() -> None:
    a = Value(1.0)
    b = a + a
    c = b * a
    d = c + b
    found = ancestors(d)
    assert len(found) == 4
    assert {id(x) for x in found} == {id(x) for x in (a, b, c, d)}
    place = {id(x): i for i, x in enumerate(found)}
    for node in found:
        for x in node.inputs:
            assert place[id(x)] < place[id(node)]


def test_ancestors_of_a_middle_node_are_its_own() -> None:
    a, other = Value(1.0), Value(2.0)
    b = a * 2
    _ = b * other
    assert [id(x) for x in ancestors(b)] == [id(a), id(b)]


def test_constants_are_listed_on_request_only() -> None:
    a, fixed = Value(1.0), Value(2.0, requires_grad=False)
    y = a * fixed + 3.0
    assert all(x is not fixed for x in ancestors(y))
    assert sum(x is fixed for x in ancestors(y, constants=True)) == 1


def test_an_op_on_constants_alone_is_not_recorded() -> None:
    y = Value(2.0, requires_grad=False) * 3.0
    assert isinstance(y, Value)
    assert not y.requires_grad
    assert y.rule is None
    assert y.inputs == ()


def test_requires_grad_spreads_to_results() -> None:
    a, fixed = Value(1.0), Value(2.0, requires_grad=False)
    assert (a * fixed).requires_grad
    assert (fixed * a).requires_grad
    assert not (fixed * fixed).requires_grad


def test_a_value_is_hashed_by_identity() -> None:
    a, twin = Value(1.0), Value(1.0)
    table = {a: "a", twin: "twin"}
    assert table[a] == "a"
    assert table[twin] == "twin"
    assert len({a, twin, a}) == 2


def test_a_node_takes_no_unknown_attribute() -> None:
    a = Value(1.0)
    assert not hasattr(a, "__dict__")
    try:
        a.grda = 1.0  # type: ignore[attr-defined]
    except AttributeError as error:
        assert "grda" in str(error)
    else:
        raise AssertionError("a misspelt attribute was accepted")
