"""Gradients kept apart by label: with one label the engine's sweep, with several its parts."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.bptt.paths import ancestors_of_all, gradients_by_label
from tinygrad_rnn.check.time_steps import times_of
from tinygrad_rnn.engine.graph import ancestors


def net() -> tuple[tg.Value, list[tg.Value]]:
    """Compute a number by ops of every kind: products, slices, sums, rows of a table, loops."""
    rng = np.random.default_rng(2)
    W, E, b = (tg.Value(rng.normal(size=s)) for s in ((3, 3), (5, 3), (3,)))
    h = tg.Value(np.zeros((2, 3)))
    for t, ids in enumerate(([0, 4], [4, 4], [2, 0])):
        with tg.time_step(t):
            a, c = np.split(np.stack([h @ W.T, E[np.array(ids)] + b]), 2)
            h = np.tanh(a[0] + c[0] * h)
    return (h**2).mean(), [W, E, b]


def test_one_label_is_the_sweep_of_the_engine() -> None:
    y, leaves = net()
    found = gradients_by_label(ancestors(y), {y: {"all": np.float64(1.0)}}, set(leaves))
    y.backward()
    for leaf in leaves:
        np.testing.assert_array_equal(found[leaf]["all"], leaf.grad)


def test_several_labels_go_back_side_by_side() -> None:
    """The seed is cut in parts of its own label; each part is what it would be alone."""
    y, leaves = net()
    root = ancestors(y)[-2]
    parts = {i: np.full(root.data.shape, float(i)) for i in range(3)}
    found = gradients_by_label(ancestors(y), {root: parts}, set(leaves))
    for i, part in parts.items():
        for leaf in leaves:
            leaf.grad = None
        root.backward(part)
        for leaf in leaves:
            np.testing.assert_allclose(found[leaf][i], leaf.grad, rtol=0, atol=1e-15)


def test_what_arrives_at_a_stop_goes_no_further() -> None:
    w = tg.Value(3.0)
    a = w * 2.0
    b = a * a + w  # by a: 4w · 2, by itself: 1
    seeds = {b: {None: np.float64(1.0)}}
    nodes = ancestors(b)
    assert gradients_by_label(nodes, seeds, {w, a}) == {a: {None: 12.0}, w: {None: 25.0}}
    assert gradients_by_label(nodes, seeds, {w, a}, stops={a}) == {a: {None: 12.0}, w: {None: 1.0}}
    assert gradients_by_label(nodes, seeds, {w, b}, stops={b}) == {b: {None: 1.0}}


def test_labels_that_become_one_are_added_up() -> None:
    w = tg.Value(3.0)
    a = w * 2.0
    seeds = {a: {"left": np.float64(1.0), "right": np.float64(10.0)}}
    kept = gradients_by_label(ancestors(a), seeds, {w})
    assert kept == {w: {"left": 2.0, "right": 20.0}}
    joined = gradients_by_label(ancestors(a), seeds, {w}, lambda label, node: "both")
    assert joined == {w: {"both": 22.0}}


def test_nothing_is_computed_that_leads_to_no_source() -> None:
    w, v = tg.Value(2.0), tg.Value(3.0)

    @tg.extend.primitive
    def costly(x):  # type: ignore[no-untyped-def]
        """y = x"""
        return x

    @costly.vjp
    def _(g, y, x):  # type: ignore[no-untyped-def]
        """dx = g"""
        pytest.fail("nobody asked for it")

    y = w * costly(v)
    assert gradients_by_label(ancestors(y), {y: {0: np.float64(1.0)}}, {w}) == {w: {0: 3.0}}


def test_a_gradient_has_the_dtype_of_its_node() -> None:
    w = tg.Value(np.ones(2, np.float32))
    y = (w.astype(np.float64) * 2.0).sum()
    found = gradients_by_label(ancestors(y), {y: {0: np.float64(1.0)}}, {w})
    assert found[w][0].dtype == np.float32


def test_times_are_those_of_the_scopes_and_leaves_have_none() -> None:
    with tg.time_step(4):
        w = tg.Value(2.0)  # made in a step, as some do; it is the uses that have a time
        y = w * w
    z = y + 1.0
    assert times_of(ancestors(z)) == {w: None, y: 4, z: None}


def test_a_running_loss_has_no_time_but_its_terms_have() -> None:
    w, loss, terms, sums = tg.Value(2.0), 0.0, [], []
    for t in range(3):
        with tg.time_step(t):
            terms.append(w * float(t))
            loss = loss + terms[-1]
            sums.append(loss)
    times = times_of(ancestors(-loss / 3))
    assert [times[term] for term in terms] == [0, 1, 2]
    assert [times[s] for s in sums] == [0, None, None]  # the first is 0 + its term
    # Once the loss is not linear in the sum, or somebody else reads it, it is a state.
    assert times_of(ancestors(loss**2))[sums[2]] == 2
    assert times_of(ancestors(loss * loss))[sums[2]] == 2
    assert times_of(ancestors(1.0 / loss))[sums[2]] == 2
    assert times_of(ancestors(2.0 * loss + sums[1] ** 2))[sums[2]] == 2


def test_ancestors_of_several_nodes_are_listed_once() -> None:
    a = tg.Value(1.0)
    b, c = a * 2.0, a * 3.0
    d = b * c
    assert [x.order for x in ancestors_of_all([c, d, b])] == [x.order for x in (a, b, c, d)]
    assert {*ancestors_of_all([b, c])} == {a, b, c}
    assert ancestors_of_all([]) == []
