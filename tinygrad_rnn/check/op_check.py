"""check_op: everything that can be wrong with an op, in one call and one table.

Imports the files above it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from ..engine.derivatives import vjp
from .gradients import cotangent
from .op_application import Application
from .op_conduct import (
    computes_what_is_asked,
    forward_is_pure,
    is_elementwise_as_declared,
    keeps_no_state,
    survives_accumulation,
    vjp_is_pure,
)
from .op_contract import is_linear_in_g, knows_every_setting, takes_one_value_twice
from .op_derivatives import (
    by_adjoint,
    by_complex_step,
    by_differences,
    by_second_differences,
    by_third_differences,
)
from .op_kinks import at_kinks
from .op_report import FAILED, NOT_APPLICABLE, PASSED, OpCheckError, OpReport, Outcome, Row, failed
from .op_storage import keeps_float32, takes_any_layout, warns_of_nothing
from .op_variants import Variant, variants

Check: TypeAlias = "Callable[[Application, np.random.Generator], Outcome]"

AS_GIVEN: dict[str, Check] = {
    "forward is pure": forward_is_pure,
    "VJP is pure": vjp_is_pure,
    "first order, central differences": by_differences,
    "first order, complex step": by_complex_step,
    "adjoint identity": by_adjoint,
    "second order": by_second_differences,
    "third order": by_third_differences,
    "linear in g": is_linear_in_g,
    "knows every setting": knows_every_setting,
    "elementwise, as declared": is_elementwise_as_declared,
    "no state between calls": keeps_no_state,
    "results survive accumulation": survives_accumulation,
    "one Value as two inputs": takes_one_value_twice,
    "computes what is asked for": computes_what_is_asked,
    "float32 is kept": keeps_float32,
    "any memory layout": takes_any_layout,
    "no NumPy warning": warns_of_nothing,
}


def check_op(op: Callable[..., Any], *inputs: Any, **params: Any) -> OpReport:
    """Check everything about an op that differences, and a hard look, can check.

    Parameters
    ----------
    op : callable
        An op made with ``@primitive``, or any function composed of ops.
    *inputs : array, Value, number, or lists of them
        What to apply it to: a few numbers of both signs, no two equal, away from kinks. The float
        arrays are its variables. Other inputs (other shapes, signs, ties, none) are made of them.
    **params
        The op's settings.

    Returns
    -------
    OpReport
        Prints as a table of all checks, those that do not apply with the reason.

    Raises
    ------
    OpCheckError
        An AssertionError: something is wrong. The message has the first failure, with input, entry,
        expected and got; `report` has all of them.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> report = check_op(tg.softplus, np.array([-1.5, 0.3, 2.0]))
    >>> report.ok
    True
    """
    report = examine(op, inputs, params)
    if not report.ok:
        raise OpCheckError(report)
    return report


def examine(
    op: Callable[..., Any],
    inputs: tuple[Any, ...],
    params: dict[str, Any],
    *,
    stop_at_failure: bool = False,
) -> OpReport:
    """Check an op and return the report, also if something failed."""
    app = Application(op, inputs, params)
    report = OpReport(app.name, app.rule.formula if app.rule else "")
    for check in checks_on(app):
        report.rows.append(check())
        if stop_at_failure and not report.ok:
            break
    return report


def checks_on(app: Application) -> Iterator[Callable[[], Row]]:
    """Yield every check of an application, to be called for its row of the report."""
    for name in AS_GIVEN:
        yield partial(as_given, app, name)
    for variant in variants(app):
        yield partial(of_variant, app, variant)


def as_given(app: Application, name: str) -> Row:
    """Make one of the checks `AS_GIVEN`."""
    outcome = outcome_of(AS_GIVEN[name], app)
    vague = outcome.mismatch is not None and outcome.mismatch.vague
    if vague and not app.is_recorded:
        outcome = Outcome(NOT_APPLICABLE, "the op has no derivative, and is at a step here")
    return Row(name, "as given", outcome)


def outcome_of(check: Check, app: Application) -> Outcome:
    """Run a check; an exception on the way is a failure, too."""
    try:
        with silence():
            return check(app, np.random.default_rng(0))
    except Exception as error:  # whatever the op raises belongs into the report
        if "why:" in str(error):  # one of ours, in four parts
            return Outcome(FAILED, str(error))
        return failed(
            f"{type(error).__name__}: {error}",
            why="the forward function or the VJP raised it while it was being checked",
        )


def of_variant(app: Application, variant: Variant) -> Row:
    """Check the derivative on other inputs, if the op takes them."""
    name, check = BY_KIND[variant.kind]
    try:
        with silence():
            other = app.with_inputs(variant.inputs)
            y = other.forward(*other.arrays)
    except Exception as error:
        reason = f"the op does not take them: {str(error).splitlines()[0]}"
        return Row(name, variant.name, Outcome(NOT_APPLICABLE, reason))
    if not np.all(np.isfinite(y)):
        outcome = Outcome(NOT_APPLICABLE, "the result is not finite: outside of its domain")
        return Row(name, variant.name, outcome)
    outcome = outcome_of(check, other)
    if outcome.mismatch is not None and outcome.mismatch.vague:
        outcome = Outcome(NOT_APPLICABLE, "differences cannot measure it there")
    elif outcome.verdict == FAILED and variant.hint:
        detail = f"{outcome.detail}\n  here: only for such inputs? {variant.hint}"
        outcome = Outcome(FAILED, detail, outcome.mismatch)
    return Row(name, variant.name, outcome)


def without_entries(app: Application, rng: np.random.Generator) -> Outcome:
    """Check that arrays without entries have gradients of their shape."""
    y, pullback = vjp(app, *(x[()] for x in app.arrays))
    gradients = pullback(cotangent(y, rng)[()])
    for label, g, x in zip(app.labels, gradients, app.arrays, strict=True):
        if np.shape(g) != x.shape or not np.all(np.isfinite(g)):
            return failed(
                f"the gradient of {label} has shape {np.shape(g)}, expected {x.shape}",
                why="an axis of length 0 is still an axis; a mean over none divides by 0",
            )
    return Outcome(PASSED)


BY_KIND: dict[str, tuple[str, Check]] = {
    "smooth": ("first order", by_differences),
    "kinks": ("at ties and kinks", at_kinks),
    "empty": ("no entries", without_entries),
    "large": ("adjoint identity", by_adjoint),
}


@contextmanager
def silence() -> Iterator[None]:
    """Let NumPy not warn: what is not finite is told as such."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
