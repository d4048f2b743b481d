"""An op as data: what a Rule knows of a forward function, and whose name it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import RULES, Rule, Value
from tinygrad_rnn.extend import DOORS, Primitive, primitive


def test_rules_is_a_dict_that_one_can_print() -> None:
    assert RULES["tanh"].name == "tanh"
    assert all(name == rule.name for name, rule in RULES.items())
    assert repr(RULES["tanh"]) == "<Rule tanh: y = tanh x>"


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_has_a_formula_and_a_derivative_or_none_at_all(name: str) -> None:
    rule = RULES[name]
    assert rule.formula.startswith("y"), rule.formula
    assert "\n" not in rule.formula
    assert (rule.vjp is not None) == rule.differentiable
    if rule.vjp is not None:
        assert rule.vjp.__doc__, f"the derivative of {name} has no formula"


@pytest.mark.parametrize("door", DOORS, ids=lambda f: f.__name__)
def test_every_door_is_a_numpy_function_and_leads_to_an_op_or_a_composition(
    door: Callable[..., Any],
) -> None:
    target = DOORS[door]
    assert getattr(np, door.__name__) is door
    assert isinstance(target, Primitive) or target.__module__.startswith("tinygrad_rnn.ops")
    if isinstance(target, Primitive):
        assert RULES[target.rule.name] is target.rule


def test_what_a_rule_knows_of_its_forward_function() -> None:
    @primitive(elementwise=True)
    def affine(x: Any, scale: Any, shift: Any = 0.0, *, times: int = 1, axis: int | None = None):  # type: ignore[no-untyped-def]
        """y = times · (scale · x + shift)

        More words, which are no part of the formula.
        """
        return times * (scale * x + shift)

    rule = affine.rule
    assert rule.name == "affine"
    assert rule.formula == "y = times · (scale · x + shift)"
    assert rule.arrays == ("x", "scale", "shift")
    assert rule.settings == ("times", "axis")
    assert rule.elementwise
    assert rule.differentiable
    assert rule.vjp is None
    assert rule.call_form() == "affine(x, scale, shift, *, times, axis)"
    assert "affine(x, scale, shift, *, times, axis)" in repr(affine)
    assert rule.formula in repr(affine)


def test_a_forward_function_without_docstring_has_a_formula_still() -> None:
    @primitive
    def mystery(x: Any, w: Any) -> Any:
        return x * w

    assert mystery.rule.formula == "y = mystery(x, w)"


def test_an_underscore_keeps_a_name_clear_of_python_s_words() -> None:
    @primitive
    def lambda_(x: Any) -> Any:
        """y = x"""
        return x * 1.0

    assert lambda_.rule.name == "lambda"
    assert "lambda" in RULES


# Names.


def test_a_module_may_define_its_op_again() -> None:
    def define(factor: float) -> Primitive:
        @primitive
        def twice(x: Any) -> Any:
            """y = factor · x"""
            return factor * x

        @twice.vjp
        def _(g: Any, y: Any, x: Any) -> Any:
            return factor * g

        return twice

    first = define(2.0)
    x = Value(1.0)
    old = first(x)
    second = define(3.0)
    assert RULES["twice"] is second.rule
    second(x).backward()
    assert float(x.grad) == 3.0
    old.backward()  # what was recorded before keeps its own rule
    assert float(x.grad) == 5.0


def test_another_module_s_name_is_refused_and_nothing_is_changed() -> None:
    before, doors = dict(RULES), dict(DOORS)

    def tanh(x: Any) -> Any:
        """y = something else"""
        return x

    with pytest.raises(ValueError, match="tanh") as caught:
        primitive(np.cbrt)(tanh)
    assert "tinygrad_rnn.ops.nonlinear" in str(caught.value)
    assert __name__.rpartition(".")[2] in str(caught.value)
    assert before == RULES
    assert doors == DOORS


def test_another_module_s_door_is_refused_and_nothing_is_changed() -> None:
    # Else `array + v` would lead elsewhere than `v + array`.
    before, doors = dict(RULES), dict(DOORS)

    def my_add(a: Any, b: Any) -> Any:
        """y = a + b"""
        return a + b

    with pytest.raises(ValueError, match="add"):
        primitive(np.add)(my_add)
    assert before == RULES
    assert doors == DOORS


def test_a_rule_can_be_made_without_being_registered() -> None:
    def half(x: Any) -> Any:
        """y = x / 2"""
        return x / 2

    rule = Rule(half)
    assert "half" not in RULES
    assert rule.name == "half"
    assert tg.extend.Primitive(rule)(4.0) == 2.0
