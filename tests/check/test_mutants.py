"""Mutants: of a derivative whose every wrong version is known, all are made, and no other."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.check import check_op
from tinygrad_rnn.check.mutants import control, mutants, survives
from tinygrad_rnn.extend import primitive


@primitive
def product_of_two(a, b):
    """y = Σ a bᵀ, by rows"""
    if a.shape != b.shape:
        raise ValueError("both have the same shape")
    return np.sum(a * b, axis=1)


@product_of_two.vjp
def _(g, y, a, b):
    """da = g b, db = g a"""
    column = widened(g)
    return column * b, lambda: column * a


def widened(g):
    if g.ndim == 1:
        return np.expand_dims(g, -1)
    return g


@primitive
def transformed(x, w):
    """y = x wᵀ"""
    return x @ w.T


@transformed.vjp
def _(g, y, x, w):
    """dx = g w, dw = gᵀ x"""
    return g @ w, g.T @ x


def made(op) -> set[str]:
    return {f"{mutant.name} {mutant.line}: {mutant.after}" for mutant in mutants(op.rule)}


def test_signs_factors_operands_order_and_functions_are_changed() -> None:
    found = made(product_of_two)
    for after in [
        "return (column / b, lambda: column * a)", "return (column, lambda: column * a)",
        "return (b, lambda: column * a)", "return (-(column * b), lambda: column * a)",
        "return (1.0005 * (column * b), lambda: column * a)",
        "return (column * b, lambda: -(column * a))", "return (column * b, lambda: column / a)",
        "return (lambda: column * a, column * b)", "return (column * a, lambda: column * a)",
        "return (column * g, lambda: column * a)", "return (column * b, lambda: column * y)",
    ]:  # fmt: skip
        assert f"VJP 5: {after}" in found, after
    for after in ["column = g", "column = widened(y)", "column = widened(a)"]:
        assert f"VJP 4: {after}" in found, after


def test_helpers_of_the_same_module_are_changed_too() -> None:
    found = made(product_of_two)
    for change in [
        "2: if True:", "2: if False:", "2: if g.ndim != 1:", "2: if g.ndim == 0:",
        "3: return g", "3: return np.expand_dims(g, -2)", "3: return -np.expand_dims(g, -1)",
        "3: return np.expand_dims(-1, g)", "4: return -g", "4: return 1.0005 * g",
    ]:  # fmt: skip
        assert f"widened {change}" in found, change


def test_transposes_are_dropped_and_added() -> None:
    found = made(transformed)
    for after in [
        "return (g @ w, g @ x)", "return (g @ np.swapaxes(w, -1, -2), g.T @ x)",
        "return (w @ g, g.T @ x)", "return (g * w, g.T @ x)", "return (g @ w, x @ g.T)",
    ]:  # fmt: skip
        assert f"VJP 4: {after}" in found, after


@pytest.mark.parametrize("op", [product_of_two, transformed])
def test_every_mutant_of_them_is_rejected_and_the_original_is_not(op) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 3))
    original = op.rule.vjp

    def check() -> None:
        check_op(op, a, b)

    assert survives(control(op.rule), [check])
    survivors = {m.after for m in mutants(op.rule) if survives(m, [check])}
    # g always has one axis here: nobody can see what `widened` does with another number of them.
    harmless = {"if True:", "return -g", "return 1.0005 * g", "return np.expand_dims(g, 1)"}
    assert survivors == (harmless if op is product_of_two else set())
    assert op.rule.vjp is original


def test_the_control_says_which_statements_are_reached() -> None:
    reached: set[tuple[str, int]] = set()
    with control(product_of_two.rule, reached).installed():
        tg.grad(lambda a, b: np.sum(product_of_two(a, b)))(np.ones((2, 3)), np.ones((2, 3)))
    assert {("VJP", 4), ("VJP", 5), ("widened", 2), ("widened", 3)} <= reached
    assert ("widened", 4) not in reached
