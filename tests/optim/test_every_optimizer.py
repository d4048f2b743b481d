"""What holds for every optimiser: one table of cases drives all tests here."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from tests.optim.weights import CASES, Weight, make
from tinygrad_rnn import optim
from tinygrad_rnn.engine.value import Value

every_case = pytest.mark.parametrize("case", CASES)

# The containers that a parameter's numbers may come in.
CONTAINERS: dict[str, Callable[[np.ndarray], Any]] = {
    "array": lambda a: a,
    "Fortran order": np.asfortranarray,
    "strided view": lambda a: np.repeat(a, 2, axis=1)[:, ::2],
    "no dimensions": lambda a: np.array(a.flat[0]),
    "NumPy scalar": lambda a: a.flat[0],
    "empty": lambda a: a[:0],
}


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_step_of_adam_takes_no_memory_once_it_has_what_it_needs(order: Any) -> None:
    weights = [Weight(np.ones(shape, order=order)) for shape in ((100, 200), (300, 50), (7,))]
    for weight in weights:
        weight.grad = np.ones_like(weight.data)
    adam = optim.Adam(weights)
    adam.step()
    tracemalloc.start()
    try:
        adam.step()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < weights[0].data.nbytes / 10


def test_every_exported_optimizer_and_option_has_a_case() -> None:
    exported = {
        thing
        for thing in vars(optim).values()
        if isinstance(thing, type) and issubclass(thing, optim.Optimizer)
    } - {optim.Optimizer}
    assert {kind for kind, _ in CASES.values()} == exported
    for kind in exported - {optim.AdamW}:  # AdamW shares its code with Adam
        used = {option for k, options in CASES.values() if k is kind for option in options}
        parameter = Weight(np.zeros(1))
        assert used == set(kind([parameter]).options)


@every_case
def test_it_finds_the_bottom_of_a_bowl(case: str) -> None:
    # f(w) = Σ a(w − c)²/2, with a penalty λw²/2: the bottom is at a·c / (a + λ).
    a, c = np.array([[0.5, 1.0], [2.0, 1.5]]), np.array([[1.0, -2.0], [0.5, -0.3]])
    w = Weight(np.zeros((2, 2)))
    optimizer = make(case, [w])
    coupled = 0.0 if isinstance(optimizer, optim.AdamW) else optimizer.weight_decay
    bottom = a * c / (a + coupled)
    for _ in range(400):
        optimizer.zero_grad()
        assert w.grad is None
        w.grad = a * (w.data - c)
        optimizer.step()
    # What is left is the step size where it does not fall, and AdamW's pull towards zero.
    assert np.abs(w.data - bottom).max() < 1e-2


@every_case
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_memory_and_gradients_stay(case: str, container: str, dtype: type) -> None:
    rng = np.random.default_rng(0)
    w = Weight(CONTAINERS[container](rng.standard_normal((3, 4)).astype(dtype)))
    array, start = w.data, np.array(w.data)
    optimizer = make(case, [w])
    for _ in range(3):
        g = rng.standard_normal(w.data.shape).astype(dtype)[()]
        before = np.array(g)
        if isinstance(g, np.ndarray):
            g.flags.writeable = False  # a gradient is read, never written
        w.grad = g
        optimizer.step()
        assert w.grad is g
        assert np.array_equal(g, before)
    assert type(w.data) is type(array)
    assert w.data.dtype == dtype
    assert isinstance(array, np.generic) or w.data is array
    assert not w.data.size or not np.any(w.data == start)
    for name, buffer in optimizer.state[0].items():
        if name != "step":
            assert isinstance(buffer, np.ndarray)
            assert (buffer.dtype, buffer.shape) == (dtype, start.shape)


@every_case
def test_a_matrix_is_updated_as_its_entries_one_by_one(case: str) -> None:
    rng = np.random.default_rng(1)
    together = Weight(rng.standard_normal((2, 3)))
    apart = [Weight(x) for x in together.data.ravel()]  # NumPy scalars
    first, second = make(case, [together]), make(case, apart)
    for _ in range(5):
        together.grad = rng.standard_normal((2, 3))
        for w, g in zip(apart, together.grad.ravel(), strict=True):
            w.grad = g
        first.step()
        second.step()
    assert together.data.ravel().tolist() == [float(w.data) for w in apart]


@every_case
def test_float32_arithmetic_whatever_the_options_are_made_of(case: str) -> None:
    kind, options = CASES[case]
    as_numpy = {
        name: tuple(map(np.float64, value)) if isinstance(value, tuple) else np.float64(value)
        for name, value in options.items()
        if not isinstance(value, bool)
    }
    start = np.linspace(-1, 1, 7, dtype=np.float32)
    a, b = Weight(start.copy()), Weight(start.copy())
    plain, numpy_made = kind([a], **options), kind([b], **(options | as_numpy))
    for t in range(4):
        a.grad = np.cos(start * t)
        b.grad = a.grad.astype(np.float64)  # a wider gradient is narrowed first
        plain.step()
        numpy_made.step()
    assert a.data.tobytes() == b.data.tobytes()


@every_case
def test_a_parameter_without_gradient_is_left_alone(case: str) -> None:
    still, moving = Weight(np.ones(2)), Weight(np.ones(2))
    optimizer = make(case, [still, moving])
    fresh = json.dumps(optimizer.state[0], default=np.ndarray.tolist)
    moving.grad = np.ones(2)
    optimizer.step()
    assert still.data.tolist() == [1.0, 1.0]
    assert json.dumps(optimizer.state[0], default=np.ndarray.tolist) == fresh
    # Its first gradient is then a first step: nothing was counted meanwhile.
    still.grad = np.ones(2)
    moving_after_one = moving.data.copy()
    optimizer.step()
    assert still.data.tobytes() == moving_after_one.tobytes()


@every_case
def test_step_changes_nothing_if_a_gradient_has_the_wrong_shape(case: str) -> None:
    fine, wrong = Weight(np.ones(2), np.ones(2)), Weight(np.ones((2, 3)), np.ones(3), "bias")
    optimizer = make(case, [fine, wrong])
    with pytest.raises(ValueError, match=r"parameter 1 \('bias'\) has shape \(2, 3\), .* \(3,\)"):
        optimizer.step()
    assert fine.data.tolist() == [1.0, 1.0]
    assert [state["step"] for state in optimizer.state] == [0, 0]


def through_a_checkpoint(state_dict: dict[str, Any]) -> dict[str, Any]:
    """Write and read a state as a checkpoint does: arrays by safetensors, the rest by JSON."""
    arrays = {
        f"{index}/{name}": np.asarray(value)
        for index, entry in state_dict["state"].items()
        for name, value in entry.items()
        if isinstance(value, np.ndarray)
    }
    rest = {
        "state": {
            index: {name: value for name, value in entry.items() if name == "step"}
            for index, entry in state_dict["state"].items()
        },
        "options": state_dict["options"],
    }
    loaded: dict[str, Any] = json.loads(json.dumps(rest))
    for key, array in safetensors.numpy.load(safetensors.numpy.save(arrays)).items():
        index, _, name = key.partition("/")
        loaded["state"][index][name] = array
    return loaded


@every_case
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_stopping_and_going_on_is_never_stopping_bit_for_bit(case: str, dtype: type) -> None:
    def gradients(weights: list[Weight], t: int) -> None:
        for w in weights:
            w.grad = np.sin(3 * w.data + dtype(t))
        if t % 3 == 0:
            weights[1].grad = None

    def start() -> list[Weight]:
        return [
            Weight(np.linspace(-1, 1, 6, dtype=dtype).reshape(2, 3)),
            Weight(np.linspace(0, 1, 4, dtype=dtype)),
            Weight(dtype(0.25)),
        ]

    whole = start()
    never_stopped = make(case, whole)
    for t in range(9):
        if t == 4:
            state = never_stopped.state_dict()
            weights = [Weight(w.data.copy()) for w in whole]
        gradients(whole, t)
        never_stopped.step()
    # Made with no options at all: they come with the state.
    resumed = CASES[case][0](weights)
    resumed.load_state_dict(through_a_checkpoint(state))
    assert resumed.options == never_stopped.options
    for t in range(4, 9):
        gradients(weights, t)
        resumed.step()
    assert [w.data.tobytes() for w in weights] == [w.data.tobytes() for w in whole]
    assert repr(resumed.state_dict()) == repr(never_stopped.state_dict())


@every_case
def test_a_state_dict_shares_no_memory(case: str) -> None:
    w = Weight(np.ones(3), np.ones(3))
    optimizer = make(case, [w])
    optimizer.step()
    saved = optimizer.state_dict()
    frozen = repr(saved)
    optimizer.step()
    assert repr(saved) == frozen
    optimizer.load_state_dict(saved)
    optimizer.step()
    assert repr(saved) == frozen


@pytest.mark.parametrize("data", [2.0, np.array([2.0, 3.0])])
def test_a_value_is_a_parameter(data: Any) -> None:
    v = Value(np.copy(data)[()])
    v.grad = np.ones_like(v.data)
    optim.SGD([v], lr=0.5).step()
    assert np.array_equal(v.data, np.asarray(data) - 0.5)
    assert isinstance(v.data, np.float64 if np.ndim(data) == 0 else np.ndarray)


def test_centered_rmsprop_survives_gradients_that_do_not_change() -> None:
    # v − m² is then the difference of two equal numbers, as far as float32 can tell.
    w = Weight(np.zeros(50, np.float32))
    optimizer = optim.RMSprop([w], centered=True, alpha=0.5)
    for _ in range(60):
        w.grad = np.linspace(0.1, 1.7, 50, dtype=np.float32)
        optimizer.step()  # a warning would be an error
    assert np.isfinite(w.data).all()
