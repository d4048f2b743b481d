"""no_grad, name_scope, time_step: what they mark, nested and restored."""

from __future__ import annotations

import contextlib
import contextvars

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value, name_scope, no_grad, time_of, time_step
from tinygrad_rnn.engine.stepping import time_steps


def here() -> str:
    """Return the scope that a node made now gets."""
    return (Value(1.0) * 2.0).scope


def records() -> bool:
    """Say whether an op that runs now is recorded."""
    return (Value(1.0) * 2.0).requires_grad


# no_grad


def test_no_grad_computes_without_recording() -> None:
    x = Value(3.0)
    with no_grad():
        y = x * x
    assert isinstance(y, Value)
    assert float(y.data) == 9.0
    assert not y.requires_grad
    assert y.rule is None
    assert y.inputs == ()
    assert x.requires_grad


def test_a_result_of_no_grad_is_a_constant_afterwards() -> None:
    x = Value(3.0)
    with no_grad():
        y = x * x
    (x * y).backward()
    assert float(x.grad) == 9.0
    assert y.grad is None


def test_leaves_made_in_no_grad_can_have_gradients() -> None:
    with no_grad():
        x = Value(3.0)
    (x * x).backward()
    assert float(x.grad) == 6.0


def test_no_grad_nests_and_ends() -> None:
    assert records()
    with no_grad():
        with no_grad():
            assert not records()
        assert not records()
    assert records()


def test_no_grad_as_a_decorator() -> None:
    @no_grad()
    def evaluate(x: Value) -> Value:
        return x * x

    for _ in range(2):
        assert not evaluate(Value(3.0)).requires_grad
    assert records()


def test_backward_works_inside_no_grad() -> None:
    x = Value(3.0)
    y = x * x
    with no_grad():
        y.backward()
    assert float(x.grad) == 6.0


# name_scope and time_step


def test_scopes_are_joined_by_slashes() -> None:
    assert here() == ""
    with name_scope("lstm"):
        assert here() == "lstm"
        with name_scope("l0"), time_step(3):
            assert here() == "lstm/l0/t=3"
        assert here() == "lstm"
    assert here() == ""


def test_leaves_know_their_scope_too() -> None:
    with name_scope("layer"):
        assert Value(1.0).scope == "layer"


def test_a_node_keeps_the_scope_in_which_it_was_made() -> None:
    with name_scope("a"):
        x = Value(1.0) * 2.0
    with name_scope("b"):
        y = x * 2.0
    assert (x.scope, y.scope) == ("a", "b")


def test_no_grad_and_scopes_are_independent() -> None:
    with name_scope("a"), no_grad():
        assert (here(), records()) == ("a", False)
        with name_scope("b"):
            assert (here(), records()) == ("a/b", False)
    with no_grad(), name_scope("a"):
        assert (here(), records()) == ("a", False)
    assert (here(), records()) == ("", True)


def test_time_of_a_node() -> None:
    x = Value(1.0)
    assert time_of(x) is None
    with time_step(7):
        assert time_of(x * 2.0) == 7
        with name_scope("cell"):
            assert time_of(x * 2.0) == 7
        with name_scope("decoder"), time_step(2):
            assert time_of(x * 2.0) == 2  # the innermost
    with time_step(np.int64(4)):  # type: ignore[arg-type]
        assert time_of(x * 2.0) == 4
    with name_scope("t"), name_scope("first=1"):
        assert time_of(x * 2.0) is None


def test_time_steps_mark_each_step_and_end_together() -> None:
    with name_scope("net"), time_steps(range(2, -1, -1)) as steps:
        assert here() == "net"
        seen = []
        for t in steps:
            with name_scope("cell"):
                seen.append((t, here()))
    assert seen == [(2, "net/t=2/cell"), (1, "net/t=1/cell"), (0, "net/t=0/cell")]
    assert here() == ""


def test_time_steps_that_end_early_leave_no_scope() -> None:
    with name_scope("net"):
        with pytest.raises(KeyError), time_steps(range(3)) as steps:
            for _ in steps:
                raise KeyError("lost")
        assert here() == "net"
        with time_steps(range(3)) as steps:
            for _ in steps:
                break
        assert here() == "net"
        with pytest.raises(ValueError), time_steps([0.5]) as steps:  # type: ignore[list-item]
            next(steps)
    assert here() == ""


def test_ops_inside_a_gradient_keep_their_scope() -> None:
    seen = []

    def f(x: Value) -> Value:
        with time_step(1):
            y = x * x
        seen.append((y.scope, y.requires_grad))
        return y

    with name_scope("outer"):
        tg.grad(f)(2.0)
    assert seen == [("outer/t=1", True)]


def test_a_scope_can_be_entered_again() -> None:
    scope = name_scope("a")
    for _ in range(2):
        with scope:
            assert here() == "a"
        assert here() == ""


def test_a_scope_inside_itself_ends_well_or_is_refused() -> None:
    def nested() -> str:
        scope = name_scope("a")
        with contextlib.suppress(RuntimeError), scope, scope:
            assert here() == "a/a"
        return here()

    assert contextvars.copy_context().run(nested) == ""
