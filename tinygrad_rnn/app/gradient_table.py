"""The gradient of a model's own loss, three times: by autodiff, by hand, by finite differences.

Imports check, manual, nn, ops, the engine and NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import manual
from ..check import compare, numeric_gradient
from ..check.tables import number, table
from ..data import Window
from ..engine.value import Value
from ..nn import LanguageModel
from ..ops import softmax_cross_entropy

Gradients = dict[str, NDArray[Any]]

# A corner of the window is enough for every line of every derivation, and quick to measure on.
CHARACTERS, LANES = 12, 2
LARGEST, DRAWN = 2, 2  # entries of each parameter to measure

# Both relative to the largest entry of a gradient. A difference of two losses is only good to about
# 1e-12, which in the lowest of many layers may be a millionth of all that arrives there.
BY_HAND, MEASURED = 1e-8, 1e-5


class Line(NamedTuple):
    """One parameter of the table.

    Attributes
    ----------
    name : str
        The parameter.
    entry : tuple of int
        The one with the largest gradient.
    autodiff, by_hand, measured : float
        The three derivatives by that entry.
    max_abs, max_rel : float
        The largest distance of autodiff to one of the others at any entry, as it is and relative
        to the largest entry of the parameter's gradient.
    ok : bool
        Whether all three agree.
    """

    name: str
    entry: tuple[int, ...]
    autodiff: float
    by_hand: float
    measured: float
    max_abs: float
    max_rel: float
    ok: bool


@dataclass(frozen=True)
class GradientTable:
    """What three witnesses say of every parameter; prints as a table."""

    lines: tuple[Line, ...]
    characters: int
    lanes: int

    @property
    def ok(self) -> bool:
        """Whether all agree on everything."""
        return bool(self.lines) and all(line.ok for line in self.lines)

    def __str__(self) -> str:
        head = ("parameter", "entry", "autodiff", "by hand", "measured")
        cells = [
            (
                line.name,
                str(list(line.entry)),
                *(f"{x:+.8f}" for x in (line.autodiff, line.by_hand, line.measured)),
                number(line.max_abs),
                number(line.max_rel),
                "ok" if line.ok else "DIFFERS",
            )
            for line in self.lines
        ]
        agree = "agrees" if self.ok else "DOES NOT AGREE"
        return "\n".join(
            [
                f"gradients on the first {self.characters} characters of the first window, in "
                f"{self.lanes} lane{'s' * (self.lanes > 1)}, in float64, without dropout:",
                *table((*head, "max abs", "max rel", "verdict"), cells),
                f"autodiff {agree} with the derivation by hand (every entry, to {BY_HAND:.0e}) and "
                "with finite",
                f"differences (the {LARGEST} largest entries of each and {DRAWN} drawn at random, "
                f"to {MEASURED:.0e})",
            ]
        )


def gradient_table(model: LanguageModel, window: Window, seed: int) -> GradientTable:
    """Compute a model's gradient in three ways that share nothing.

    Parameters
    ----------
    model : LanguageModel
        In float64, and not training: the derivation by hand knows no dropout. It is not changed.
    window : Window
        What it reads; of this the first characters in the first lanes.
    seed : int
        Which entries are drawn for finite differences.
    """
    inputs = window.inputs[:CHARACTERS, :LANES]  # (T, B)
    targets = window.targets[:CHARACTERS, :LANES]  # (T, B)
    by_hand = hand_gradients(model, inputs, targets)
    entries = chosen_entries(by_hand, np.random.default_rng(seed))
    autodiff = swept_gradients(model, inputs, targets)
    measured = measured_gradients(model, inputs, targets, entries)
    pairs = (
        compare(autodiff, by_hand, tolerance=BY_HAND),
        compare(autodiff, measured, tolerance=MEASURED),
    )
    lines = []
    for name, g in by_hand.items():
        rows = [row for pair in pairs for row in pair.rows if row.name == name]
        worst = max(rows, key=lambda row: (not row.ok, row.max_rel))
        index = tuple(int(i) for i in np.unravel_index(entries[name][0], g.shape))
        lines.append(
            Line(
                name=name,
                entry=index,
                autodiff=float(autodiff[name][index]),
                by_hand=float(g[index]),
                measured=float(measured[name][index]),
                max_abs=worst.max_abs,
                max_rel=worst.max_rel,
                ok=all(row.ok for row in rows),
            )
        )
    return GradientTable(tuple(lines), *inputs.shape)


def swept_gradients(model: LanguageModel, inputs: NDArray[Any], targets: NDArray[Any]) -> Gradients:
    """Return the gradients by the engine's reverse sweep, leaving none behind."""
    model.zero_grad()
    loss_of(model, inputs, targets).backward(retain_grad=False)
    gradients = {
        name: np.full(p.shape, np.nan) if p.grad is None else p.grad
        for name, p in model.named_parameters()
    }
    model.zero_grad()
    return gradients


def hand_gradients(model: LanguageModel, inputs: NDArray[Any], targets: NDArray[Any]) -> Gradients:
    """Return the gradients as they were derived by hand, in NumPy alone."""
    _, gradients = manual.language_model.loss_and_gradients(
        model.state_dict(), inputs, targets, cell=model.cell
    )
    return gradients


def measured_gradients(
    model: LanguageModel,
    inputs: NDArray[Any],
    targets: NDArray[Any],
    entries: dict[str, NDArray[np.intp]],
) -> dict[str, Any]:
    """Return the gradients by moving chosen weights a little, as masked arrays."""
    parameters = dict(model.named_parameters())
    arrays = [parameters[name].data.ravel()[places] for name, places in entries.items()]

    def loss(*moved: Any) -> Value:
        for (name, places), x in zip(entries.items(), moved, strict=True):
            parameters[name].data.flat[places] = x.data
        return loss_of(model, inputs, targets)

    slopes = kept_as_they_were(parameters, lambda: numeric_gradient(loss, tuple(arrays)))
    gradients = {}
    for (name, places), g in zip(entries.items(), slopes, strict=True):
        array = np.ma.masked_all(parameters[name].shape)
        array.flat[places] = g
        gradients[name] = array
    return gradients


def kept_as_they_were(parameters: dict[str, Value], run: Callable[[], Any]) -> Any:
    """Run something that writes to parameters, and put their numbers back."""
    before = {name: p.data.copy() for name, p in parameters.items()}
    try:
        return run()
    finally:
        for name, p in parameters.items():
            p.data[...] = before[name]


def chosen_entries(
    gradients: Gradients, generator: np.random.Generator
) -> dict[str, NDArray[np.intp]]:
    """Choose which entries of each parameter to measure, as places in the flattened array.

    The largest come first: there a difference has the most to say. The drawn ones may be
    anywhere, also in rows of characters that the window does not hold.
    """
    chosen = {}
    for name, g in gradients.items():
        ranking = np.argsort(-np.abs(g), axis=None, kind="stable")
        rest = ranking[LARGEST:]
        drawn = generator.choice(rest, min(DRAWN, rest.size), replace=False)
        chosen[name] = np.concatenate([ranking[:LARGEST], drawn])
    return chosen


def loss_of(model: LanguageModel, inputs: NDArray[Any], targets: NDArray[Any]) -> Value:
    """Return the model's mean loss on a window."""
    logits, _ = model(inputs)  # (T, B, V)
    loss: Value = softmax_cross_entropy(logits, targets)
    return loss
