"""What the page says: each VJP once, each sum right, and in the end the gradient of backward()."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.viz.graphs import first_expression
from tests.viz.stepper_graphs import GRAPHS, leaves, loss_at_every_step, recurrent
from tinygrad_rnn import RULES, Value
from tinygrad_rnn.engine.graph import ancestors
from tinygrad_rnn.extend import primitive
from tinygrad_rnn.viz.sheets import block_shape, sheet_of
from tinygrad_rnn.viz.snapshot import snapshot
from tinygrad_rnn.viz.storyboard import Storyboard

Data = dict[str, Any]


def story(loss: Value, gradient: Any = None) -> Data:
    return Storyboard(snapshot(loss), gradient).data("a title")


def phase(data: Data, name: str) -> list[Data]:
    return [step for step in data["steps"] if step["phase"] == name]


def cells(data: Data, sheet: int) -> np.ndarray:
    """Return a sheet's numbers in the shape of the array."""
    x = data["sheets"][sheet]
    assert "block" not in x
    return np.array(x["cells"], np.float64).reshape(x["shape"])


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the calls of every op's VJP."""
    calls: Counter[str] = Counter()

    def counting(name: str, vjp: Any) -> Any:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            calls[name] += 1
            return vjp(*args, **kwargs)

        wrapped.__doc__ = vjp.__doc__
        return wrapped

    for name, rule in RULES.items():
        if rule.vjp is not None:
            monkeypatch.setattr(rule, "vjp", counting(name, rule.vjp))
    return calls


@pytest.mark.parametrize("name", GRAPHS)
def test_one_step_backward_for_each_vjp_call_of_backward(name: str, counted: Counter[str]) -> None:
    loss = GRAPHS[name]()
    data = story(loss)
    watched = Counter(counted)
    counted.clear()
    loss.backward()
    assert watched == counted
    steps = phase(data, "backward")
    assert len(steps) == counted.total() > 0
    assert Counter(data["nodes"][step["node"]]["op"] for step in steps) == counted


@pytest.mark.parametrize("name", GRAPHS)
def test_the_last_step_holds_what_backward_writes(name: str) -> None:
    loss = GRAPHS[name]()
    data = story(loss)
    loss.backward()
    shown = phase(data, "end")[0]["leaves"]
    reached = leaves(loss)
    assert len(shown) == len(reached) > 0
    for (node, sheet), leaf in zip(shown, reached, strict=True):
        assert data["nodes"][node]["handle"] == leaf.name or leaf.name is None
        grad = np.asarray(leaf.grad)
        assert data["sheets"][sheet]["dtype"] == str(grad.dtype)
        np.testing.assert_allclose(cells(data, sheet), grad, rtol=1e-6, atol=1e-15)


def test_the_gradient_of_micrograds_readme() -> None:
    data = story(first_expression())
    a, b = (float(cells(data, sheet)) for _, sheet in phase(data, "end")[0]["leaves"])
    assert a == pytest.approx(138.8338, abs=5e-5)
    assert b == pytest.approx(645.5773, abs=5e-5)


@pytest.mark.parametrize("name", GRAPHS)
def test_every_addition_adds_up(name: str) -> None:
    data = story(GRAPHS[name]())
    held: dict[int, np.ndarray] = {}
    counts: Counter[int] = Counter()
    seed = phase(data, "seed")[0]
    held[seed["node"]] = cells(data, seed["arrived"])
    for step in phase(data, "backward"):
        node = data["nodes"][step["node"]]
        np.testing.assert_array_equal(cells(data, step["arrived"]), held.pop(step["node"]))
        for part in step["parts"]:
            target = node["inputs"][part["position"]]
            counts[target] += 1
            assert part["part"] == counts[target] <= part["of"]
            before = None if part["before"] is None else cells(data, part["before"])
            if before is None:
                assert target not in held
            else:
                np.testing.assert_array_equal(before, held[target])
            given, after = cells(data, part["given"]), cells(data, part["after"])
            expected = given if before is None else before + given
            np.testing.assert_allclose(after, expected, rtol=1e-7, atol=1e-8)
            held[target] = after
    # What is left is what the last step shows.
    end = dict(phase(data, "end")[0]["leaves"])
    assert held.keys() == end.keys()
    assert all(np.array_equal(held[node], cells(data, sheet)) for node, sheet in end.items())


def test_a_shared_weight_collects_a_part_from_every_time_step() -> None:
    data = story(recurrent("LSTM", T=4))
    parts = [
        (data["nodes"][step["node"]]["time"], part["part"], part["of"], part["before"] is None)
        for step in phase(data, "backward")
        for part in step["parts"]
        if data["nodes"][data["nodes"][step["node"]]["inputs"][part["position"]]]["handle"]
        == "weight_hh_l0"
    ]
    assert parts == [(3, 1, 4, True), (2, 2, 4, False), (1, 3, 4, False), (0, 4, 4, False)]


def test_forward_shows_each_op_in_the_order_in_which_it_ran() -> None:
    loss = recurrent("GRU")
    data = story(loss)
    shown = [data["nodes"][step["node"]] for step in phase(data, "forward")]
    ran = [node for node in ancestors(loss) if node.rule is not None]
    assert [node["op"] for node in shown] == [node.rule.name for node in ran if node.rule]
    assert [node["order"] for node in shown] == list(range(1, len(ran) + 1))
    for node, value in zip(shown, ran, strict=True):
        np.testing.assert_allclose(cells(data, node["value"]), value.data, rtol=1e-8)
        law = data["laws"][node["law"]]
        formula = "".join(p if isinstance(p, str) else p[0] for p in law["formula"])
        assert value.rule is not None
        if "⁻" not in value.rule.formula and "ˣ" not in value.rule.formula:  # exponents
            assert formula == value.rule.formula
        assert law["derivative"] == (value.rule.vjp.__doc__ or "").splitlines()[0]


@pytest.mark.parametrize("name", GRAPHS)
def test_the_story_is_json_and_the_graph_stays_as_it_was(name: str) -> None:
    loss = GRAPHS[name]()
    nodes = ancestors(loss, constants=True)
    before = [(n.data.copy(), n.grad, n.inputs, n.rule, n.name, n.scope) for n in nodes]
    data = story(loss)
    assert json.loads(json.dumps(data, allow_nan=False)) == json.loads(json.dumps(data))
    for node, (array, grad, inputs, rule, name_before, scope) in zip(nodes, before, strict=True):
        np.testing.assert_array_equal(node.data, array)
        assert node.grad is grad is None
        assert node.inputs is inputs
        assert (node.rule, node.name, node.scope) == (rule, name_before, scope)
    again = story(loss)
    assert again == data  # the same graph gives the same page


def test_gradients_that_are_there_are_neither_read_nor_written() -> None:
    loss = loss_at_every_step()
    loss.backward()
    (W,) = (leaf for leaf in leaves(loss) if leaf.name == "W")
    W.grad *= 1000.0
    kept = W.grad.copy()
    data = story(loss)
    ((_, sheet),) = (pair for pair in phase(data, "end")[0]["leaves"])
    assert abs(cells(data, sheet)).max() == pytest.approx(abs(kept).max() / 1000, rel=1e-6)
    np.testing.assert_array_equal(W.grad, kept)


def test_a_gradient_to_begin_with() -> None:
    x = Value(np.array([1.0, 2.0, 3.0]), name="x")
    data = story(x * x, gradient=[1.0, 0.0, -1.0])
    ((_, sheet),) = phase(data, "end")[0]["leaves"]
    np.testing.assert_allclose(cells(data, sheet), [2.0, 0.0, -6.0])
    assert "The gradient that was given" in phase(data, "seed")[0]["words"]


def test_a_float32_weight_beside_float64_shows_its_own_dtype() -> None:
    w = Value(np.ones(3, np.float32), name="w")
    data = story((w * np.arange(3.0)).sum())
    ((_, sheet),) = phase(data, "end")[0]["leaves"]
    assert data["sheets"][sheet]["dtype"] == "float32"


def test_broadcasting_is_named_where_the_sweep_sums_it_away() -> None:
    x, b = Value(np.ones((4, 3)), name="x"), Value(np.ones(3), name="b")
    steps = phase(story((x * b).sum()), "backward")
    assert [part["summed"] for part in steps[1]["parts"]] == [False, True]
    weight = Value(np.ones((2, 3)))
    steps = phase(story(tg.linear(x, weight, Value(np.ones(2))).sum()), "backward")
    assert [part["summed"] for part in steps[1]["parts"]] == [False, False, True]


def test_the_words_of_a_step() -> None:
    a, b = Value(2.0, name="a"), Value(-3.0, name="b")
    words = [step["words"] for step in story(a * b + a)["steps"]]
    assert words[1:3] == [
        "Forward 1 of 2. multiply takes a and b and gives −6.",
        "Forward 2 of 2. add takes multiply (1) and a and gives −4.",
    ]
    assert words[4:6] == [
        "Backward 1 of 2. add (2) has its whole gradient, 1. It adds 1 to multiply (1) and"
        " 1 to a (1 of 2).",
        "Backward 2 of 2. multiply (1) has its whole gradient, 1. It adds −3 to a"
        " (2 of 2, now whole) and 2 to b.",
    ]


def test_an_op_of_the_users_without_any_docstring() -> None:
    @primitive
    def thrice(x):  # type: ignore[no-untyped-def]
        return 3 * x

    @thrice.vjp
    def _(g, y, x):  # type: ignore[no-untyped-def]
        return 3 * g

    data = story(thrice(Value(2.0)))
    (law,) = data["laws"]
    assert law["formula"] == [["y", "y", False], " = thrice(", ["x", 0, False], ")"]
    assert law["derivative"] == "the VJP of thrice gives one gradient to each input"


def test_nan_and_infinity_are_shown_and_large_arrays_in_blocks() -> None:
    with np.errstate(all="ignore"):
        loss = (tg.log(Value(np.array([0.0, -1.0, 2.0]))) * np.ones((2000, 3))).sum()
        data = story(loss)
    json.dumps(data, allow_nan=False)
    everything = {x for sheet in data["sheets"] for x in sheet["cells"] if isinstance(x, str)}
    assert everything == {"NaN", "−∞", "∞"}  # log 0, log −1 and 1 / 0
    blocks = [sheet for sheet in data["sheets"] if "block" in sheet]
    assert blocks
    assert all(len(sheet["cells"]) <= 4096 for sheet in data["sheets"])


@pytest.mark.parametrize(
    "shape", [(7,), (5000,), (3, 4, 5), (300, 1), (70, 90), (1, 1), (), (0, 3)]
)
def test_a_sheet_keeps_the_mean_and_the_ends(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    sheet = sheet_of(x, most_cells=100)
    assert len(sheet["cells"]) == sheet["rows"] * sheet["columns"] <= 100
    if x.size == 0:
        assert "least" not in sheet
        return
    assert sheet["least"] == pytest.approx(x.min())
    assert sheet["most"] == pytest.approx(x.max())
    table = x.reshape(-1, shape[-1] if shape else 1)
    down, across = sheet.get("block", (1, 1))
    expected = [
        table[i : i + down, j : j + across].mean()
        for i in range(0, table.shape[0], down)
        for j in range(0, table.shape[1], across)
    ]
    np.testing.assert_allclose(sheet["cells"], expected, rtol=1e-8)


@pytest.mark.parametrize("rows", [1, 2, 3, 17, 1000, 10**6])
@pytest.mark.parametrize("columns", [1, 2, 5, 300, 10**6])
@pytest.mark.parametrize("most", [1, 2, 9, 256])
def test_blocks_are_enough_and_not_far_too_many(rows: int, columns: int, most: int) -> None:
    down, across = block_shape((rows, columns), most)
    count = math.ceil(rows / down) * math.ceil(columns / across)
    assert count <= most
    assert count == rows * columns or count > most / 8
