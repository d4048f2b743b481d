"""Formulas taken apart: which words of them are arguments, so that numbers can stand in for them.

An op's formula is the first line of its docstring, a derivative's the first line of its VJP's. Both
are written for people; what is not recognised here is left as the text that it is. Imports
`engine.rule` only.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import NamedTuple

from ..engine.rule import Rule

RAISED = {"ᵃ": "a", "ᵇ": "b", "ˣ": "x", "ʸ": "y"}
RAISED_SIGNS = {"⁻": "−", "⁺": "+", "¹": "1", "²": "2", "³": "3"}
SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉ᵢⱼₜ"

WORD = re.compile(
    rf"(?<![A-Za-z_])(?P<word>[A-Za-z_][A-Za-z0-9_]*)(?![{SUBSCRIPTS}])"
    rf"|(?P<raised>[{''.join(RAISED_SIGNS)}]*[{''.join(RAISED)}][{''.join(RAISED_SIGNS)}]*)"
)
CLAUSE = re.compile(r"[,;]\s+(?=d\w+\s*=)")
REMARK = re.compile(r"(;|\s+\((?=[^()]*(where|sweep))).*$")


class Piece(NamedTuple):
    """A part of a formula.

    Attributes
    ----------
    text : str
        As it is written.
    stands_for : int or str or None
        The position of the input that it names, ``"y"``, ``"g"``, the name of a setting, or None
        for mere text.
    raised : bool
        Whether it is an exponent.
    """

    text: str
    stands_for: int | str | None = None
    raised: bool = False


def argument_names(rule: Rule, count: int) -> list[str]:
    """Name the inputs of an op that has `count` of them, as its formula does.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> argument_names(tg.RULES["multiply"], 2), argument_names(tg.RULES["stack"], 3)
    (['a', 'b'], ['x₁', 'x₂', 'x₃'])
    """
    names = list(rule.arrays[:count])
    for i in range(1, count - len(names) + 1):
        digits = "".join(SUBSCRIPTS[int(digit)] for digit in str(i))
        names.append(f"{'index' if rule.arrays else 'x'}{digits}")
    return names


def pieces(formula: str, names: Sequence[str], settings: Sequence[str] = ()) -> list[Piece]:
    """Take a formula apart.

    Parameters
    ----------
    formula : str
        As in ``"y = x Wᵀ + b"``.
    names : sequence of str
        The names of the inputs. A capital may stand for a small letter, and a single letter for
        the name that begins with it: W for weight.
    settings : sequence of str
        The names of the static settings: looked for in brackets only, as in ``x[index]``. In a
        phrase, such as "along axis", the word says more than its number.

    Returns
    -------
    list of Piece
        Their texts joined are the formula, but for exponents, which are written as plain letters.

    Examples
    --------
    >>> for piece in pieces("y = aᵇ", ["a", "b"]):
    ...     print(piece.text, piece.stands_for, piece.raised)
    y y False
     =  None False
    a 0 False
    b 1 True
    """
    found: list[Piece] = []
    end = 0
    for match in WORD.finditer(formula):
        if match["raised"]:
            parts = [raised_piece(letter, names) for letter in match["raised"]]
        else:
            in_brackets = formula[: match.start()].endswith("[")
            meaning = meaning_of(match["word"], names, settings if in_brackets else ())
            if meaning is None:
                continue
            parts = [Piece(match["word"], meaning)]
        if match.start() > end:
            found.append(Piece(formula[end : match.start()]))
        found += parts
        end = match.end()
    return [*found, Piece(formula[end:])] if end < len(formula) else found


def raised_piece(letter: str, names: Sequence[str]) -> Piece:
    """Return an exponent's letter or sign."""
    if letter in RAISED_SIGNS:
        return Piece(RAISED_SIGNS[letter], None, True)
    return Piece(RAISED[letter], meaning_of(RAISED[letter], names, ()), True)


def meaning_of(word: str, names: Sequence[str], settings: Sequence[str]) -> int | str | None:
    """Say which input, output, gradient or setting a word names, if any."""
    if word in names:
        return names.index(word)
    if word in ("y", "g") or word in settings:
        return word
    like = [i for i, name in enumerate(names) if name.lower() == word.lower()]
    if not like and len(word) == 1:
        like = [i for i, name in enumerate(names) if name[0].lower() == word.lower()]
    return like[0] if len(like) == 1 else None


def derivative_formula(rule: Rule) -> str:
    """Return the first line of a VJP's docstring, or a sentence where it has none."""
    doc = inspect.getdoc(rule.vjp) if rule.vjp is not None else None
    if doc:
        return doc.splitlines()[0]
    return f"the VJP of {rule.name} gives one gradient to each input"


def derivative_of(formula: str, position: int, names: Sequence[str]) -> str:
    """Return the part of a derivative's formula that belongs to one input, or all of it.

    Examples
    --------
    >>> derivative_of("dx = g W, dW = gᵀ x, db = g", 1, ["x", "weight", "bias"])
    'dW = gᵀ x'
    """
    for clause in CLAUSE.split(formula):
        head = re.match(r"d(\w+?)\s*=", clause)
        if head and meaning_of(head[1], names, ()) == position:
            return clause
    return formula


def without_remark(formula: str) -> str:
    """Cut off what is said about special cases, which makes no sense with numbers in it.

    Examples
    --------
    >>> without_remark("da = g · b · aᵇ⁻¹ (0 where b = 0)")
    'da = g · b · aᵇ⁻¹'
    """
    return REMARK.sub("", formula)
