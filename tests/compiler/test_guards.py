"""What makes a trace stale or impossible: each is noticed, and nothing stays captured."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.engine.recording import current

rng = np.random.default_rng(0)


def traces(compiled: Any) -> int:
    return sum(map(len, compiled.traces.values()))


def test_another_shape_dtype_or_structure_traces_again_and_the_old_trace_is_kept() -> None:
    W = tg.Value(np.eye(3))
    f = tg.compile(lambda x, k=1: np.sum(W @ x) * k)
    x = np.ones(3)
    for args in ((x,), (np.ones((3, 2)),), (x.astype(np.float32),), (x, 2), (tg.Value(x),)):
        assert float(f(*args)) == float(f.fn(*args))
    assert traces(f) == 5
    f(x), f(x, 2), f(2 * x, k=2)
    assert traces(f) == 6


def test_a_parameter_replaced_by_another_is_noticed() -> None:
    layer = tg.nn.Linear(3, 2, generator=rng)
    f = tg.compile(lambda x: layer(x).sum())
    x = np.ones((1, 3))
    before = float(f(x))
    layer.weight = tg.Value(np.zeros((2, 3)))
    assert float(f(x)) == float(f.fn(x)) != before
    f(x).backward()
    np.testing.assert_array_equal(layer.weight.grad, np.ones((2, 3)))


@pytest.mark.parametrize("where", ["closure", "global", "list", "attribute"])
def test_a_value_replaced_wherever_the_function_finds_it(where: str) -> None:
    W = tg.Value(2.0)
    holder = type("Holder", (), {})()
    holder.W, many = W, [W]
    space = {"W": W}
    exec("def by_name(x): return W * x", space)
    f = tg.compile(
        {
            "closure": lambda x: W * x,
            "global": space["by_name"],
            "list": lambda x: many[0] * x,
            "attribute": lambda x: holder.W * x,
        }[where]
    )
    x = np.float64(3.0)
    assert float(f(x)) == 6.0
    W = space["W"] = many[0] = holder.W = tg.Value(5.0)
    assert float(f(x)) == 15.0


def test_data_changed_in_place_or_replaced_is_read_at_each_call() -> None:
    W = tg.Value(np.ones(3))
    f = tg.compile(lambda x: np.sum(W * x))
    x = np.ones(3)
    assert float(f(x)) == 3.0
    W.data[...] = 2.0
    assert float(f(x)) == 6.0
    for value in (3.0, 4.0, 5.0):
        W.data = np.full(3, value)
        y = f(x)
        y.backward()
        assert float(y) == 3 * value
    W.data = np.full((3, 2), 7.0)[:, 0]  # with gaps in memory
    assert float(f(x)) == 21.0 and traces(f) == 1


def test_a_scalar_parameter_is_read_at_each_call() -> None:
    w = tg.Value(2.0)
    f = tg.compile(lambda x: w * x)
    for value in (1.0, -2.0, 3.5):
        w.data = np.float64(value)
        assert float(f(np.float64(2.0))) == 2 * value


def test_a_constant_array_is_held_by_identity() -> None:
    mask = np.array([1.0, 0.0])
    W = tg.Value(np.ones(2))
    f = tg.compile(lambda x: np.sum(W * x * mask))
    x = np.array([2.0, 3.0])
    assert float(f(x)) == 2.0
    mask[1] = 1.0  # the same array
    assert float(f(x)) == 5.0
    mask = np.array([0.0, 0.0])  # another
    assert float(f(x)) == 0.0


def test_training_and_evaluation_are_two_traces() -> None:
    drop = tg.nn.Dropout(0.5, generator=np.random.default_rng(0))
    W = tg.Value(np.ones(1000))
    f = tg.compile(lambda x: np.sum(drop(W * x)))
    x = np.ones(1000)
    first = float(f(x))
    drop.eval()
    assert float(f(x)) == 1000.0 != first
    drop.train()
    assert float(f(x)) not in (1000.0, first)
    assert traces(f) == 2


@pytest.mark.parametrize(
    ("what", "fn"),
    [
        ("if v:", lambda v: v if v.sum() > 0 else -v),
        ("float(v)", lambda v: v * float(v.sum())),
        ("int(v)", lambda v: v * int(v.sum())),
        (".item()", lambda v: v * v.sum().item()),
        (".data", lambda v: v * v.data),
        (".data", lambda v: v * (v + 1).data.mean()),
        ("np.asarray(v)", lambda v: v * np.asarray(v)),
        ("array[v]", lambda v: np.eye(3)[(v > 0).astype(int)]),
        ("range(v)", lambda v: [v for _ in range((v > 0).sum())]),
        (".tolist", lambda v: v * (v > 0).tolist()[0]),
        ("shape", lambda v: v[v > 0].sum()),
        ("shape", lambda v: np.sum(np.nonzero(v > 0)[0])),
    ],
)
def test_a_look_at_a_number_is_refused_and_says_why(what: str, fn: Any) -> None:
    f = tg.compile(fn)
    for x in (np.ones(3), tg.Value(np.ones(3))):
        with pytest.raises((tg.CaptureError, TypeError)) as caught:
            f(x)
        assert "  fix: " in str(caught.value) and "  why: " in str(caught.value)
        if what in str(caught.value):
            break
    assert current.get().tracer is None


def test_an_exception_inside_leaves_nothing_captured() -> None:
    W = tg.Value(np.eye(2))
    broken = True

    @tg.compile
    def f(x: Any) -> Any:
        y = W @ x
        if broken:
            raise KeyError("inside")
        return y.sum()

    with pytest.raises(KeyError, match="inside"):
        f(np.ones(2))
    y = (W * 2.0).sum()
    y.backward()
    assert float(y) == 4.0 and isinstance(W.grad, np.ndarray)
    broken = False
    assert float(f(np.ones(2))) == 2.0


def test_wrong_shapes_are_worded_as_they_are_eagerly() -> None:
    W = tg.Value(np.eye(2))
    f = tg.compile(lambda x: W @ x)
    with pytest.raises(ValueError, match="matmul cannot multiply") as eager:
        f.fn(np.ones(3))
    with pytest.raises(ValueError, match="matmul cannot multiply") as compiled:
        f(np.ones(3))
    assert str(compiled.value) == str(eager.value)


def test_backward_inside_is_refused() -> None:
    W = tg.Value(np.eye(2))

    def f(x: Any) -> Any:
        y = (W @ x).sum()
        y.backward()
        return y

    with pytest.raises(tg.CaptureError, match="return the loss"):
        tg.compile(f)(np.ones(2))
    assert W.grad is None


def test_a_function_that_changes_what_it_sees_is_refused() -> None:
    W = tg.Value(np.ones(2))
    box = type("Box", (), {})()
    box.count, box.last = 0, None

    def counts(x: Any) -> Any:
        box.count += 1
        return (W * x).sum()

    def keeps(x: Any) -> Any:
        box.last = W * x
        return box.last.sum()

    for fn, name in ((counts, "box.count"), (keeps, "box.last")):
        with pytest.raises(tg.CaptureError, match=name):
            tg.compile(fn)(np.ones(2))


def test_random_numbers_drawn_beside_the_ops_are_refused() -> None:
    W = tg.Value(np.ones(2))
    generator = np.random.default_rng(0)
    f = tg.compile(lambda x: np.sum(W * x * generator.random(2)))
    with pytest.raises(tg.CaptureError, match="random numbers"):
        f(np.ones(2))


def test_a_setting_that_changes_at_every_call_is_pointed_out() -> None:
    W = tg.Value(2.0)
    scale = 0.0
    f = tg.compile(lambda x: W * x * scale)
    with pytest.warns(UserWarning, match="traced 8 times.*scale"):
        for i in range(10):
            scale = float(i)
            assert float(f(np.float64(1.0))) == 2.0 * i


def test_threads_each_get_their_own_numbers() -> None:
    W = tg.Value(0.3 * rng.normal(size=(20, 20)))
    f = tg.compile(lambda x: tg.grad(lambda z: np.sum(np.tanh(z @ W) ** 2))(x))
    inputs = [rng.normal(size=(4, 20)) for _ in range(4)]
    expected = [f.fn(x) for x in inputs]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(60):
            if not np.allclose(f(inputs[k]), expected[k], rtol=1e-10, atol=1e-12):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong and traces(f) == 1


def test_compiled_functions_nest_and_call_themselves() -> None:
    W = tg.Value(0.5)
    inner = tg.compile(lambda x: np.tanh(W * x))

    @tg.compile
    def power(x: Any, n: int) -> Any:
        return x if n == 0 else power(inner(x), n - 1)

    x = tg.Value(1.3)
    y = power(x, 3)
    y.backward()
    got = [float(y), float(x.grad), float(W.grad)]
    x.grad = W.grad = None
    z = x
    for _ in range(3):
        z = np.tanh(W * z)
    z.backward()
    np.testing.assert_allclose(got, [float(z), float(x.grad), float(W.grad)], rtol=1e-12)


def test_a_method_is_compiled_for_each_instance() -> None:
    class Net:
        def __init__(self, w: float) -> None:
            self.w = tg.Value(w)

        @tg.compile
        def loss(self, x: Any) -> Any:
            return self.w * x

    a, b = Net(2.0), Net(3.0)
    for _ in range(2):
        assert float(a.loss(np.float64(1.0))) == 2.0 and float(b.loss(np.float64(1.0))) == 3.0


def test_inside_debug_it_runs_op_by_op() -> None:
    W = tg.Value(np.array([1.0, 0.0]))
    f = tg.compile(lambda x: np.sum(np.log(W * x)))
    with np.errstate(all="ignore"):
        f(np.ones(2))
        with tg.debug(), pytest.raises(tg.NonFiniteError, match="log"):
            f(np.ones(2))


def test_wrong_use_of_compile_is_refused() -> None:
    with pytest.raises(TypeError, match="compile of a Value"):
        tg.compile(tg.Value(1.0))
    with pytest.raises(ValueError, match="no pass is called 'speed'"):
        tg.compile(lambda x: x, passes=["speed"])
    with pytest.raises(tg.CaptureError, match="call it once"):
        tg.compile(lambda x: x).program  # noqa: B018
