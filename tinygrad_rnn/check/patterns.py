"""What usually causes a wrong gradient, told from the pattern of its errors. Imports NumPy only.

Each pattern looks at the gradient that came and the one that should have come, and says in a
sentence what it recognises, or nothing. The first that speaks is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """A wrong gradient beside the right one, and what else is known.

    Attributes
    ----------
    got, expected, allowed : numpy.ndarray
        Of one shape; `allowed` is how far they may be apart.
    x : numpy.ndarray or None
        The input that the gradient belongs to.
    others : mapping
        The gradients expected of other inputs, by label.
    terms : mapping
        Arrays that the derivative may be made of, by name: g, y and the inputs.
    """

    got: np.ndarray
    expected: np.ndarray
    allowed: np.ndarray
    x: np.ndarray | None = None
    others: Mapping[str, np.ndarray] = field(default_factory=dict)
    terms: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def wrong(self) -> np.ndarray:
        """Which entries are too far apart."""
        return ~(np.abs(self.got - self.expected) <= self.allowed)

    def fits(self, candidate: Any) -> bool:
        """Say whether something explains `got` to within what is allowed, or a millionth of it."""
        if np.shape(candidate) != self.got.shape:
            return False
        allowed = np.maximum(self.allowed, 1e-6 * np.max(np.abs(self.got), initial=0))
        return bool(np.all(np.abs(self.got - candidate) <= allowed))


def likely_cause(case: Case) -> str:
    """Say what usually causes such a pattern; an empty string where none is recognised."""
    with np.errstate(all="ignore"):
        return next((text for pattern in PATTERNS if (text := pattern(case))), "")


def not_finite(case: Case) -> str:
    """Recognise NaN and infinity."""
    if np.all(np.isfinite(case.got)):
        return ""
    return "the gradient is not finite: 0/0, log 0 or an overflow in the derivative"


def zero(case: Case) -> str:
    """Recognise a gradient that never arrives."""
    if np.any(case.got):
        return ""
    return (
        "no gradient arrives: .data, detach(), no_grad() or a function without derivative cuts the"
        " way back, or the derivative of this input was forgotten"
    )


def sign(case: Case) -> str:
    """Recognise a wrong sign."""
    return "every entry has the wrong sign" if case.fits(-case.expected) else ""


def transposed(case: Case) -> str:
    """Recognise a matrix that lies the other way."""
    if case.got.ndim != 2:
        return ""
    other_way = case.expected.T if len(set(case.got.shape)) == 1 else None
    relaid = case.expected.T.reshape(case.got.shape)
    found = (other_way is not None and case.fits(other_way)) or case.fits(relaid)
    return "the right numbers, transposed: a .T is missing or too many" if found else ""


def reversed_(case: Case) -> str:
    """Recognise an axis that runs backwards."""
    for axis in range(case.got.ndim):
        if case.fits(np.flip(case.expected, axis)):
            return f"the right numbers, in reverse order along axis {axis}"
    return ""


def factor(case: Case) -> str:
    """Recognise one constant factor, and say which it is."""
    total = np.sum(case.expected**2)
    c = float(np.sum(case.got * case.expected) / total) if total else 0.0
    if case.got.size < 2 and case.x is None:
        return ""
    if not case.fits(c * case.expected) or not np.any(case.expected):
        return ""
    text = f"every entry is {c:.6g} times the expected one"
    lengths = {"the number of entries": case.got.size}
    lengths |= {f"the length of axis {axis}": n for axis, n in enumerate(case.got.shape)}
    for name, n in lengths.items():
        if n > 2 and np.isclose(c, n, rtol=1e-5):
            return f"{text}, {name}: a sum where a mean belongs"
        if n > 2 and np.isclose(c, 1 / n, rtol=1e-5):
            return f"{text}, one over {name}: a mean where a sum belongs"
    if np.isclose(c, 2, rtol=1e-5):
        return f"{text}: counted twice, or a factor 1/2 is missing"
    if np.isclose(c, 0.5, rtol=1e-5):
        return f"{text}: counted half, or a factor 2 is missing"
    return f"{text}: a constant factor is wrong"


def swapped(case: Case) -> str:
    """Recognise the gradient of another input."""
    for label, gradient in case.others.items():
        if case.fits(gradient):
            return f"this is the gradient of {label}: the returned gradients are swapped"
    return ""


def unvaried(case: Case) -> str:
    """Recognise a gradient that was summed, or repeated, along an axis."""
    for axis, n in enumerate(case.got.shape):
        first = np.take(case.got, [0], axis) if n > 1 else None
        if first is not None and case.fits(np.broadcast_to(first, case.got.shape)):
            if case.fits(np.broadcast_to(case.expected.sum(axis, keepdims=True), case.got.shape)):
                return f"the gradient was summed over axis {axis} and repeated along it"
            return (
                f"the gradient is the same all along axis {axis}: g was summed, or not used there"
            )
    return ""


def term(case: Case) -> str:
    """Recognise a missing or an extra term among simple products."""
    difference = case.got - case.expected
    for name, values in products(case.terms):
        try:
            values = np.broadcast_to(values, difference.shape)
        except ValueError:
            continue
        total = np.sum(values**2)
        c = float(np.sum(values * difference) / total) if total else 0.0
        if c and np.all(np.abs(difference - c * values) <= 1e-6 * np.max(np.abs(difference))):
            return (
                f"a term is {'too many' if c > 0 else 'missing'}: got − expected = {c:.6g} · {name}"
            )
    return ""


def products(terms: Mapping[str, np.ndarray]) -> list[tuple[str, np.ndarray]]:
    """List the terms, and the products of two."""
    found = list(terms.items())
    for i, (a, x) in enumerate(terms.items()):
        for b, y in list(terms.items())[i:]:
            try:
                found.append((f"{a}·{b}", x * y))
            except ValueError:
                continue
    return found


def quotient(case: Case) -> str:
    """Recognise a missing factor, one too many, or one on the wrong side of the line."""
    if case.got.size < 3:
        return ""
    for name, t in case.terms.items():
        for form, values in FACTORS.items():
            factor, text = values(t), form.replace("t", name)
            if np.shape(t) != case.got.shape:
                continue
            if case.fits(case.expected * factor):
                return (
                    f"every entry is {text} times the expected one:"
                    f" that factor is too many, or missing below the line"
                )
            if case.fits(case.expected / factor):
                return f"every entry is divided by {text}: a factor {text} is missing"
    return ""


FACTORS: dict[str, Callable[[Any], Any]] = {
    "t": lambda t: t,
    "|t|": np.abs,
    "t²": np.square,
    "(1 − t)": lambda t: 1 - t,
    "(1 + t)": lambda t: 1 + t,
    "(1 + |t|)": lambda t: 1 + np.abs(t),
    "(1 − t²)": lambda t: 1 - t * t,
    "(1 + t²)": lambda t: 1 + t * t,
    "exp(t)": np.exp,
}
"""Factors that derivatives are made of, of a term t."""


def region(case: Case) -> str:
    """Recognise that only some entries are wrong, and what these have in common."""
    wrong = case.wrong
    if case.x is None or np.all(wrong) or wrong.ndim == 0:
        return ""
    where = "only some entries are wrong"
    for name, here in (
        ("the input is negative", case.x < 0),
        ("the input is positive", case.x > 0),
        ("the input is 0", case.x == 0),
        ("the input is beyond ±1", np.abs(case.x) > 1),
        ("the input is within ±1", np.abs(case.x) < 1),
    ):
        if np.array_equal(wrong, here & (case.expected != case.got)) and np.any(here):
            return f"{where}, those where {name}: look at that branch of the derivative"
    for axis, n in enumerate(wrong.shape):
        lines = np.any(wrong, axis=tuple(i for i in range(wrong.ndim) if i != axis))
        if n > 1 and np.count_nonzero(lines) == 1:
            return f"{where}, those at {int(np.argmax(lines))} of axis {axis}: an index is off"
    return where


def small(case: Case) -> str:
    """Recognise errors of the size of single precision."""
    if np.max(np.abs(case.got - case.expected)) < 3e-6 * np.max(np.abs(case.expected)):
        return "off by a millionth: something on the way is computed in float32"
    return ""


def not_needed(case: Case) -> str:
    """Recognise a gradient where there should be none."""
    if np.any(case.expected):
        return ""
    return "the result does not change with this input, or its changes cancel: a term is missing"


PATTERNS = (
    *(not_finite, zero, sign, transposed, swapped, small, factor, reversed_, term, quotient),
    *(not_needed, unvaried, region),
)
