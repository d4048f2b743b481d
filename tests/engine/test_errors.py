"""How errors are worded: what happened, where, why, what to write; a builtin each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.engine.witness import assert_teaches
from tinygrad_rnn import Value
from tinygrad_rnn.engine.errors import describe, explain


@pytest.mark.parametrize(
    ("ours", "builtin"),
    [
        (tg.GraphError, RuntimeError),
        (tg.ShapeError, ValueError),
        (tg.DtypeError, TypeError),
        (tg.OutOfRangeError, IndexError),
        (tg.NoRuleError, TypeError),
    ],
)
def test_every_error_is_a_builtin_one(ours: type[Exception], builtin: type[Exception]) -> None:
    assert issubclass(ours, builtin)
    assert ours.__doc__


def test_explain_words_the_parts_that_are_there() -> None:
    assert explain("what") == "what"
    assert explain("what", why="because") == "what\n  why: because"
    full = explain("what", where="here", why="because", fix="do")
    assert full == "what\n  where: here\n  why: because\n  fix: do"


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        (2.0, "2.0"),
        (3, "3"),
        (True, "True"),
        (np.ones((2, 3)), "(2, 3) float64"),
        (np.float32(2.0), "() float32"),
        (Value(np.ones(3, np.float32), name="w"), "'w' (3,) float32"),
        (Value(2.0), "() float64"),
        (None, "a NoneType"),
        ("a", "a str"),
    ],
)
def test_describe_says_what_an_input_is(thing: Any, text: str) -> None:
    assert describe(thing) == text


def value(*shape: int) -> Value:
    return Value(np.ones(shape), name="w")


# What happens → the builtin that is raised, and what the message must contain.
CASES: dict[str, tuple[Callable[[], Any], type[Exception], tuple[str, ...]]] = {
    "shapes do not broadcast": (
        lambda: value(2, 3) + np.ones((2, 4)),
        ValueError,
        ("add", "'w' (2, 3)", "(2, 4)", "axis -1", "[3, 4]"),
    ),
    "shapes do not broadcast further in front": (
        lambda: np.ones((5, 1, 3)) * value(4, 2, 3),
        ValueError,
        ("multiply", "(5, 1, 3)", "(4, 2, 3)", "axis -3", "[4, 5]"),
    ),
    "where of three shapes": (
        lambda: tg.where(np.ones(2, bool), value(3), 0.0),
        ValueError,
        ("where", "(2,)", "(3,)", "axis -1"),
    ),
    "matmul of wrong shapes": (
        lambda: value(2, 3) @ np.ones((2, 3)),
        ValueError,
        ("matmul", "(2, 3)"),
    ),
    "matmul with a number": (lambda: value(2, 3) @ 2.0, ValueError, ("matmul", "(2, 3)", "a * b")),
    "a layer's weight of the wrong shape": (
        lambda: tg.linear(np.ones((5, 4)), value(2, 3)),
        ValueError,
        ("linear", "(5, 4)", "(2, 3)"),
    ),
    "reshape to another size": (
        lambda: value(2, 3).reshape(4, 2),
        ValueError,
        ("reshape", "(2, 3)", "(4,2)"),
    ),
    "concatenate of wrong shapes": (
        lambda: tg.concatenate([value(2, 3), np.ones((2, 4))]),
        ValueError,
        ("concatenate", "(2, 3)", "(2, 4)"),
    ),
    "stack of wrong shapes": (
        lambda: np.stack([value(2), np.ones(3)]),
        ValueError,
        ("stack", "(2,)", "(3,)"),
    ),
    "an axis that is not there": (lambda: value(2, 3).sum(axis=2), ValueError, ("sum", "axis 2")),
    "index out of range": (lambda: value(3)[3], IndexError, ("getitem", "(3,)", "out of bounds")),
    "index of a wrong kind": (lambda: value(3)[1.5], IndexError, ("getitem", "integer")),
    "adding a string": (lambda: value(3) + "a", TypeError, ("add", "(3,)", "str")),
    "adding None": (lambda: value(3) + None, TypeError, ("add", "NoneType")),
    "integers with a gradient": (
        lambda: Value(np.arange(3)),
        TypeError,
        ("int64", "(3,)", "requires_grad=False"),
    ),
    "complex numbers": (lambda: Value(1j), TypeError, ("complex",)),
    "a Value of a Value": (lambda: Value(value(3)), TypeError, ("v.data",)),
    "backward from an array": (
        lambda: (value(3) * 2.0).backward(),
        ValueError,
        ("(3,)", "multiply", "sum()"),
    ),
    "backward from a leaf": (lambda: value().backward(), RuntimeError, ("'w'", "no graph")),
    "backward with a gradient of another shape": (
        lambda: (value(3) * 2.0).backward(np.ones(2)),
        ValueError,
        ("(2,)", "(3,)"),
    ),
    "becoming an array": (lambda: np.asarray(value(3)), TypeError, ("v.data",)),
    "assignment": (lambda: value(3).__setitem__(0, 1.0), TypeError, ("np.where",)),
    "an array changed in place": (
        lambda: np.ones(3).__iadd__(value(3)),
        TypeError,
        ("np.add", "out="),
    ),
    "a function without a rule": (lambda: np.cbrt(value(3)), TypeError, ("np.cbrt", "@primitive")),
    "a wrong call of an op": (
        lambda: tg.sum(value(3), axes=0),
        TypeError,
        ("sum", "axes", "sum(x, *, axis, keepdims)"),
    ),
    "the gradient of an array": (
        lambda: tg.grad(lambda x: x)(np.ones(3)),
        ValueError,
        ("(3,)", "jacobian"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_errors_teach_in_four_parts(case: str) -> None:
    call, kind, words = CASES[case]
    with pytest.raises(kind) as caught:
        call()
    assert_teaches(caught.value, *words)


def test_the_scope_is_part_of_where() -> None:
    with tg.name_scope("lstm"), tg.time_step(4):
        h = value(3)
        with pytest.raises(ValueError) as caught:
            h @ np.ones((2, 2))
        assert "lstm/t=4" in str(caught.value)
        y = h * 2.0
    with pytest.raises(ValueError, match="lstm/t=4"):
        y.backward()


def test_the_kind_of_exception_survives_what_people_catch() -> None:
    with pytest.raises(ValueError):
        value(2) + value(3)
    with pytest.raises(IndexError):
        value(2)[5]
    with pytest.raises(TypeError):
        value(2) + "a"


def test_no_warning_accompanies_an_error_or_a_result() -> None:
    # Warnings are errors in this suite; these lines must not raise any.
    Value(np.array([np.inf, np.nan])) + 1.0
    tg.sigmoid(Value(np.array([-1e4, 1e4])))
    assert np.isnan(Value(np.nan) * 2.0 + 1.0).all()
