"""Formulas taken apart: every built-in op's, each input's derivative, and what is mere text."""

from __future__ import annotations

import re

import pytest

from tinygrad_rnn import RULES
from tinygrad_rnn.viz.formula import (
    Piece,
    argument_names,
    derivative_formula,
    derivative_of,
    pieces,
    without_remark,
)

DIFFERENTIABLE = [name for name, rule in RULES.items() if rule.differentiable]


def marked(formula: str, names: list[str], settings: tuple[str, ...] = ()) -> str:
    """Write what each symbol stands for in place of it, exponents in braces."""
    said = (
        f"{{{piece.stands_for if piece.stands_for is not None else piece.text}}}"
        if piece.raised
        else piece.text
        if piece.stands_for is None
        else f"<{piece.stands_for}>"
        for piece in pieces(formula, names, settings)
    )
    return "".join(said)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_joined_pieces_are_the_formula(name: str) -> None:
    rule = RULES[name]
    names = argument_names(rule, max(2, rule.least))
    for formula in (rule.formula, derivative_formula(rule)):
        plain = formula
        for raised, letter in zip("ᵃᵇˣʸ", "abxy", strict=True):
            plain = plain.replace(raised, letter)
        plain = re.sub(r"⁻(?=[abxy])|(?<=[abxy])⁻", "−", plain)
        joined = "".join(piece.text for piece in pieces(formula, names, rule.settings))
        assert joined in (plain, plain.replace("−¹", "−1").replace("⁻¹", "−1"))


@pytest.mark.parametrize(
    ("op", "forward", "derivatives"),
    [
        ("multiply", "<y> = <0> · <1>", ["da = <g> · <1>", "db = <g> · <0>"]),
        ("power", "<y> = <0>{1}", ["da = <g> · <1> · <0>{1}{−}{1}", "db = <g> · <y> · log <0>"]),
        ("sqrt", "<y> = √<0>", ["dx = <g> / 2<y>"]),
        ("sigmoid", "<y> = 1 / (1 + e{−}{0})", ["dx = <g> · <y> · (1 − <y>)"]),
        ("relu", "<y> = max(<0>, 0)", ["dx = <g> where <0> > 0"]),
        (
            "linear",
            "<y> = <0> <1>ᵀ + <2>",
            ["dx = <g> <1>", "dW = <g>ᵀ <0>", "db = <g>"],
        ),
        (
            "where",
            "<y> = <1> where <0>, else <2>",
            ["da = <g> where <0>, db = <g> elsewhere", "da = <g> where <0>", "db = <g> elsewhere"],
        ),
        ("getitem", "<y> = <0>[<index>]", ["dx = <g> at index, 0 elsewhere"]),
        (
            "maximum",
            "<y> = max(<0>, <1>)",
            ["da = <g> where <0> > <1>", "db = <g> where <1> > <0>"],
        ),
        ("cumsum", "yₜ = x₀ + … + xₜ", ["dxₜ = gₜ + gₜ₊₁ + …"]),
        ("mean", "<y> = Σ <0> / n", ["dx = <g> / n, repeated along the reduced axes"]),
    ],
)
def test_what_the_symbols_stand_for(op: str, forward: str, derivatives: list[str]) -> None:
    rule = RULES[op]
    names = argument_names(rule, len(rule.arrays))
    assert marked(rule.formula, names, rule.settings) == forward
    whole = derivative_formula(rule)
    assert [
        marked(without_remark(derivative_of(whole, i, names)), names, rule.settings)
        for i in range(len(names))
    ] == derivatives


def test_a_capital_or_an_initial_stands_for_an_argument_only_if_no_other_can_be_meant() -> None:
    names = ["w_ih", "w_hh"]
    assert marked("y = W_ih + W", names) == "<y> = <0> + W"
    assert marked("y = w + wide", ["wide"]) == "<y> = <0> + <0>"
    assert pieces("", ["x"]) == []
    assert pieces("y", ["x"]) == [Piece("y", "y")]


def test_members_of_a_list_are_numbered() -> None:
    assert argument_names(RULES["concatenate"], 11)[-2:] == ["x₁₀", "x₁₁"]
    assert argument_names(RULES["getitem"], 2) == ["x", "index₁"]
    assert argument_names(RULES["linear"], 2) == ["x", "weight"]
