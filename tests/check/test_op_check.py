"""check_op: right ops pass every check, wrong ones fail the check that is there for them."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.check import sly_ops
from tests.check.wrong_ops import REJECTED_BY, SAYS, WRONG_OPS
from tests.ops.cases import CASES, PLAIN_CASES, Case
from tinygrad_rnn.check.op_check import check_op, examine
from tinygrad_rnn.check.op_report import OpCheckError
from tinygrad_rnn.extend import primitive


def has_variables(case: Case) -> bool:
    """Say whether there is something to differentiate by."""
    return any(np.asarray(x).dtype.kind == "f" for x in case.inputs)


OF_WHOLE_NUMBERS = {case.rule for case in CASES + PLAIN_CASES if not has_variables(case)}


def test_ops_of_whole_numbers_alone_refuse_floats() -> None:
    assert {"checked"} == OF_WHOLE_NUMBERS
    with pytest.raises(TypeError, match="float64 has a derivative, which would be lost here"):
        tg.ops.comparison.checked(tg.Value([1.0]), check=np.all)


@pytest.mark.parametrize("case", [*filter(has_variables, CASES + PLAIN_CASES)], ids=str)
def test_every_built_in_op_passes_on_its_cases(case: Case) -> None:
    report = check_op(case, *case.inputs)
    assert report.ok
    # The two biases of a recurrent layer share one sum over the batch.
    assert case.rule == "recurrent_linear" or not list(report.having("advice")), str(report)


# Wrong ops.


def test_there_are_enough_wrong_ops() -> None:
    assert sum(make.__module__ == sly_ops.__name__ for make in WRONG_OPS.values()) >= 20
    assert len(WRONG_OPS) >= 25 + 20


@pytest.mark.parametrize("name", WRONG_OPS)
def test_a_wrong_op_is_rejected_by_its_check_with_a_message_to_act_on(name: str) -> None:
    op, *inputs = WRONG_OPS[name]()
    kept = [np.array(x) for x in inputs]
    with pytest.raises(OpCheckError) as caught:
        check_op(op, *inputs)
    report = caught.value.report
    assert REJECTED_BY[name] in {row.check for row in report.failures}, str(report)
    # The first failure is the one that the message tells; it names the culprit and the numbers.
    text = str(caught.value)
    assert report.failures[0].check == REJECTED_BY[name], text
    for part in (op.rule.name, "why:", *SAYS[name]):
        assert part in text, f"{part!r} is not in\n{text}"
    mismatch = report.failures[0].outcome.mismatch
    if mismatch is not None:
        for part in (mismatch.label, f"at {list(mismatch.index)}", "got ", "expected "):
            assert not mismatch.index or part in text, text
        assert re.search(r"got \S+, expected \S+", text)
    assert all(np.array_equal(x, before) for x, before in zip(inputs, kept, strict=True))


@pytest.mark.parametrize("name", WRONG_OPS)
def test_stopping_at_the_first_failure_finds_one_too(name: str) -> None:
    op, *inputs = WRONG_OPS[name]()
    report = examine(op, tuple(inputs), {}, stop_at_failure=True)
    assert len(report.failures) == 1 and report.rows[-1] is report.failures[0]


def test_a_setting_with_two_defaults_is_found_though_it_was_given() -> None:
    """Only settings that are given reach the VJP: another default there is a trap for later."""

    @primitive(elementwise=True)
    def leaky(x, *, slope=0.01):
        return np.where(x > 0, x, slope * x)

    leaky.vjp(lambda g, y, x, *, slope=0.1: tg.where(x > 0, g, slope * g))
    with pytest.raises(OpCheckError, match=r"'slope' of leaky has two defaults: 0.01 forward, 0.1"):
        check_op(leaky, np.array([-1.0, 2.0]), slope=0.3)
    leaky.vjp(lambda g, y, x, *, slope=0.01: tg.where(x > 0, g, slope * g))
    assert check_op(leaky, np.array([-1.0, 2.0]), slope=0.3).ok


def test_what_cannot_be_applied_at_all_is_reported_as_well() -> None:
    @primitive
    def bursts(x):
        raise RuntimeError("burst")

    for op in (bursts, lambda x: bursts(x)):
        with pytest.raises(OpCheckError, match="RuntimeError: burst"):
            check_op(op, np.ones(3))
    with pytest.raises(OpCheckError, match=r"the op returned NoneType\n(.*\n)*.*return y"):
        check_op(lambda x: None, np.ones(3))


# Reports.


def test_the_report_is_a_table_with_what_does_not_apply_and_why() -> None:
    report = check_op(tg.log, np.array([0.5, 1.5, 3.0]))
    lines = str(report).splitlines()
    assert lines[0] == "log: y = log x"
    assert lines[1].split() == ["check", "inputs", "verdict"]
    negated = next(line for line in lines if " negated " in line)
    assert "not applicable" in negated and "outside of its domain" in negated
    assert lines[-1].startswith(f"{sum(r.outcome.verdict == 'passed' for r in report.rows)} passed")
    assert "0 FAILED" in lines[-1]
    assert not [line for line in lines if line != line.rstrip()]


def test_the_error_carries_the_report_and_lists_every_failure() -> None:
    op, *inputs = WRONG_OPS["sign"]()
    with pytest.raises(AssertionError) as caught:
        check_op(op, *inputs)
    assert isinstance(caught.value, OpCheckError)
    report = caught.value.report
    assert len(report.failures) > 5 and len(report.rows) > 15
    for row in report.failures[1:]:
        assert row.check in str(caught.value)
    assert "FAILED" in str(report)


def test_settings_are_passed_on() -> None:
    report = check_op(tg.softmax, np.array([[0.1, 2.0], [1.0, -1.0]]), axis=0)
    assert report.name == "softmax"
    with pytest.raises(OpCheckError, match="axis"):
        check_op(tg.softmax, np.ones((2, 2)), axis=5)


def test_an_op_may_take_a_list() -> None:
    assert check_op(tg.stack, [np.array([1.0, 2.0]), np.array([3.0, 4.0])], axis=1).ok


def test_a_function_composed_of_ops_is_checked_like_an_op() -> None:
    def loss(prediction, target):
        return np.mean(np.square(prediction - target))

    report = check_op(loss, np.array([0.3, 2.0]), np.array([1.0, -1.0]))
    assert report.ok and report.name == "loss"


def test_a_function_may_use_methods_of_values() -> None:
    assert check_op(lambda x: (x.relu() + x.sigmoid()).sum(), np.array([0.3, -2.0])).ok


def test_numbers_are_constants_beside_arrays_and_variables_alone() -> None:
    """x³ with a constant 3 takes any sign of x; with a variable exponent only positive x."""
    assert check_op(tg.power, np.array([-1.2, 0.7]), 3.0).ok
    report = check_op(tg.power, 1.2, 3.0)
    assert {row.outcome.verdict for row in report.rows if row.check == "second order"} == {"passed"}


def test_a_gradient_that_nobody_asked_for_is_advised_against() -> None:
    @primitive(elementwise=True)
    def times(a, b):
        return a * b

    times.vjp(lambda g, y, a, b: (g * b, g * a))
    report = check_op(times, np.array([1.0, 2.5]), np.array([3.0, 4.0]))
    (row,) = report.having("advice")
    assert "input 0 (a) of times" in row.outcome.detail and "lambda" in row.outcome.detail


def test_nothing_is_left_behind() -> None:
    x = tg.Value(np.array([0.3, -1.0]))
    before = dict(tg.RULES)
    check_op(tg.tanh, x)
    assert x.grad is None and before == tg.RULES
    np.testing.assert_array_equal(x.data, [0.3, -1.0])


def test_a_new_op_its_derivative_and_its_check_fit_in_a_dozen_lines() -> None:
    @primitive(elementwise=True)
    def swish(x):
        """y = x · sigmoid(x)"""
        return x / (1 + np.exp(-x))

    @swish.vjp
    def _(g, y, x):
        """dx = g · (y + sigmoid(x) · (1 − y))"""
        return g * (y + tg.sigmoid(x) * (1 - y))

    assert check_op(swish, np.array([-1.5, 0.3, 2.0])).ok
