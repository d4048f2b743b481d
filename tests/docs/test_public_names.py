"""Every public name has a docstring: parameters, shapes, errors, and an example that runs."""

from __future__ import annotations

import doctest
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.docs.public_names import NEVER_RAISE, RESULTS, lacks, public_names

NAMES = public_names()
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.parametrize("name", NAMES)
def test_its_docstring_is_whole(name: str) -> None:
    assert lacks(name, NAMES[name]) == []


@pytest.mark.parametrize("name", NAMES)
def test_its_example_runs(name: str) -> None:
    if ".plots." in name:
        pytest.importorskip("matplotlib")
    thing = NAMES[name]
    module = __import__(thing.__module__, fromlist=["*"])
    names = {**vars(module), "__name__": "__main__"}
    example = doctest.DocTestParser().get_doctest(thing.__doc__, names, name, None, 0)
    report: list[str] = []
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    runner.run(example, out=report.append)
    assert runner.tries > 0
    assert runner.failures == 0, "".join(report)


def test_names_of_all_rooms_are_there_and_none_is_excused_in_vain() -> None:
    assert {"grad", "tanh", "nn.LSTM", "optim.Adam", "check.compare", "bptt.ledger"} <= set(NAMES)
    assert {"viz.tree", "viz.plots.flow", "data.split", "manual.lstm.step_backward"} <= set(NAMES)
    assert set(tg.ops.__all__) <= set(NAMES)
    assert set(NAMES) >= RESULTS | NEVER_RAISE


# What the ops' descriptions say of errors, is true.

ARITHMETIC = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "power",
    "maximum",
    "minimum",
    "equal",
    "less",
]
CURVES = ["exp", "log", "tanh", "relu", "softplus", "square", "sin", "sign", "floor"]
AXES = ["sum", "mean", "max", "prod", "var", "logsumexp", "softmax", "cumsum", "flip", "argmax"]


@pytest.mark.parametrize("name", ARITHMETIC)
def test_shapes_that_do_not_broadcast(name: str) -> None:
    assert "ValueError" in getattr(tg, name).__doc__
    with pytest.raises(ValueError):
        getattr(tg, name)(np.ones(2), np.ones(3))


@pytest.mark.parametrize("name", CURVES)
def test_no_numbers(name: str) -> None:
    assert "TypeError" in getattr(tg, name).__doc__
    with pytest.raises(TypeError):
        getattr(tg, name)(np.array(["a"]))


@pytest.mark.parametrize("name", AXES)
def test_no_such_axis(name: str) -> None:
    assert "ValueError" in getattr(tg, name).__doc__
    with pytest.raises(ValueError):
        getattr(tg, name)(np.ones((2, 2)), axis=5)


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin", "softmax", "log_softmax"])
def test_no_entry(name: str) -> None:
    with pytest.raises(ValueError):
        getattr(tg, name)(np.ones((0,)))


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda: tg.reshape(np.ones(4), (3, 2)), ValueError),
        (lambda: tg.transpose(np.ones((2, 3)), (0, 0)), ValueError),
        (lambda: tg.swapaxes(np.ones((2, 3)), 0, 5), ValueError),
        (lambda: tg.moveaxis(np.ones((2, 3)), (0, 1), 0), ValueError),
        (lambda: tg.expand_dims(np.ones(3), 5), ValueError),
        (lambda: tg.squeeze(np.ones((2, 1)), axis=0), ValueError),
        (lambda: tg.broadcast_to(np.ones(3), (2,)), ValueError),
        (lambda: tg.concatenate([np.ones((2, 3)), np.ones((2, 4))]), ValueError),
        (lambda: tg.stack([np.ones(3), np.ones(4)]), ValueError),
        (lambda: tg.stack([]), ValueError),
        (lambda: tg.unstack(np.ones(3), axis=1), ValueError),
        (lambda: tg.split(np.ones(3), 2), ValueError),
        (lambda: tg.pad(np.ones(3), 1, "reflect"), ValueError),
        (lambda: tg.sigmoid(np.array(["a"])), ValueError),
        (lambda: tg.getitem(np.ones(3), 3), IndexError),
        (lambda: tg.take(np.ones(3), np.array([3])), IndexError),
        (lambda: tg.place(np.ones(()), indices=((5,),), shape=(4,)), IndexError),
        (lambda: tg.matmul(np.ones((2, 3)), np.ones((2, 3))), ValueError),
        (lambda: tg.dot(np.ones(2), np.ones(3)), ValueError),
        (lambda: tg.outer(np.array(["a"]), np.ones(2)), TypeError),
        (lambda: tg.einsum("ij,j->i", np.ones((2, 3)), np.ones(2)), ValueError),
        (lambda: tg.linear(np.ones(3), np.ones((2, 4))), ValueError),
        (
            lambda: tg.recurrent_linear(np.ones(3), np.ones(2), np.ones((2, 4)), np.ones((2, 2))),
            ValueError,
        ),
        (lambda: tg.one_hot(np.array([3]), np.ones((1, 3))), IndexError),
        (lambda: tg.mse(np.ones(2), np.ones(3)), ValueError),
        (lambda: tg.binary_cross_entropy_with_logits(np.ones(2), np.ones(3)), ValueError),
        (lambda: tg.astype(np.ones(2), dtype="no such"), TypeError),
        (lambda: tg.nn.Linear(0, 2), ValueError),
        (lambda: tg.nn.GRU(2, 3, dtype=int), TypeError),
        (lambda: tg.nn.Dropout(1.0), ValueError),
        (lambda: tg.nn.init.normal((2, -1), 1.0, generator=np.random.default_rng(0)), ValueError),
        (lambda: tg.nn.init.normal((2,), -1.0, generator=np.random.default_rng(0)), ValueError),
        (lambda: tg.nn.init.uniform((-1,), 1.0, generator=np.random.default_rng(0)), ValueError),
        (
            lambda: tg.nn.init.uniform((1,), np.inf, generator=np.random.default_rng(0)),
            OverflowError,
        ),
        (lambda: tg.check.numeric_jvp(np.sin, np.ones(2), np.ones(3)), ValueError),
        (lambda: tg.check.numeric_jvp(np.add, (np.ones(2), np.ones(2)), (np.ones(2),)), ValueError),
        (lambda: tg.time_step(1.5), ValueError),
        (lambda: tg.jvp(np.sin, np.ones(2), np.ones(3)), ValueError),
        (lambda: tg.hvp(np.sum, np.ones(2), np.ones(3)), ValueError),
        (lambda: tg.vjp(np.sin, np.ones(2))[1](np.ones(3)), ValueError),
        (lambda: tg.jacobian(lambda x: x[0])([1.0, 2.0]), TypeError),
        (lambda: tg.hessian(lambda x: x)(np.ones(2)), ValueError),
    ],
)
def test_errors_that_docstrings_promise(call: Any, kind: type[Exception]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(kind):
            call()


# The checker is checked with docstrings that it must reject.


def whole(x: np.ndarray, n: int = 1) -> np.ndarray:
    """Return x.

    Parameters
    ----------
    x : array, shape (N,)
        Numbers.
    n : int
        A count.

    Returns
    -------
    array
        Of the shape of x.

    Raises
    ------
    ValueError
        If it is Monday.

    Examples
    --------
    >>> 1 + 1
    2
    """
    return x


@pytest.mark.parametrize(
    ("cut", "put", "fault"),
    [
        ("    n : int\n        A count.\n", "", "PR01"),
        ("    n : int\n", "    m : int\n", "PR02"),
        ("Of the shape of x.", "Something.", "no shape of"),
        (", shape (N,)", "", "no shape of x"),
        ("    Raises\n    ------\n    ValueError\n        If it is Monday.\n", "", "no Raises"),
        ("    Examples\n    --------\n    >>> 1 + 1\n    2\n", "", "EX01"),
        ("    >>> 1 + 1\n    2\n", "    1 + 1 is 2.\n", "no example that runs"),
        (
            "    Returns\n    -------\n    array\n        Of the shape of x.\n",
            "",
            "RT01",
        ),
        ("Return x.", "returns x", "SS0"),
    ],
)
def test_a_docstring_that_lacks_something_is_found_out(cut: str, put: str, fault: str) -> None:
    text = whole.__doc__
    assert text is not None
    assert lacks("whole", whole) == []
    assert cut in text
    whole.__doc__ = text.replace(cut, put)
    try:
        assert any(fault in found for found in lacks("whole", whole)), lacks("whole", whole)
    finally:
        whole.__doc__ = text


def test_a_result_with_a_field_that_is_not_told_is_found_out() -> None:
    comparison = tg.check.Comparison
    text = comparison.__doc__
    assert text is not None
    comparison.__doc__ = text.replace("    tolerance : float\n", "    bound : float\n")
    try:
        assert "attribute tolerance is left out" in lacks("check.Comparison", comparison)
    finally:
        comparison.__doc__ = text
