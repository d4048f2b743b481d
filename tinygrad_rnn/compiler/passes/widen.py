"""The gates of a cell are squashed by one call, not by one each. Imports `gates` and `program`.

An LSTM's four gates are columns of one array, or are made so where each has weights of its own;
three of them are for the sigmoid and one for tanh. In float32 the sigmoid is written as
σ(x) = ½ tanh(½ x) + ½, so that one tanh takes them all; this is right to rounding of 1, and so has
no relative accuracy where σ is nearly 0: a gate whose logarithm is taken, by which is divided, or
which is a result by itself, stays as it is. In float64, where NumPy is quicker with exponentials,
only neighbours of the same curve are joined.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...engine.rule import RULES, Rule
from ..program.program import Program
from ..program.steps import Step, constant, step
from .gates import side_by_side

ADD, GETITEM, MULTIPLY = RULES["add"], RULES["getitem"], RULES["multiply"]
SIGMOID, TANH = RULES["sigmoid"], RULES["tanh"]
DIVIDE, POWER = RULES["divide"], RULES["power"]
KNOWN = frozenset(RULES.values())  # an op of the user's own may do anything
MAGNIFYING = {DIVIDE, POWER, RULES["log"], RULES["sqrt"]}
MOVING = {GETITEM, *(RULES[n] for n in ("reshape", "transpose", "concatenate", "stack", "flip"))}
KEEPING = {  # what is tiny where all its operands are, or one of its factors
    *MOVING,
    *(ADD, DIVIDE, MULTIPLY, POWER),
    *(RULES[n] for n in ("absolute", "negative", "square", "astype", "broadcast_to", "take")),
    *(RULES[n] for n in ("maximum", "minimum", "where", "clip", "max", "min", "mean", "sum")),
    *(RULES[n] for n in ("prod", "cumsum", "log1p", "expm1", "sin", "tanh")),
}


class Gate(NamedTuple):
    """A curve of some columns of an array."""

    start: int
    stop: int
    curve: Rule
    squashed: Step


def widen(program: Program) -> Program:
    """Squash columns of the same array together."""
    program = side_by_side(program)
    exact = with_all_digits(program)
    gates: dict[Step, list[Gate]] = {}
    for s in program.steps:
        if s.rule in (SIGMOID, TANH) and s.inputs[0].rule is GETITEM and s not in exact:
            place = columns_of(s.inputs[0])
            if place is not None:
                gates.setdefault(s.inputs[0].inputs[0], []).append(Gate(*place, s.rule, s))
    joined: dict[Step, tuple[list[Gate], int]] = {}  # from a gate to those it is squashed with
    for found in gates.values():
        for run in runs(sorted(found, key=lambda gate: gate.start)):
            if len(run) > 1:
                joined |= {gate.squashed: (run, i) for i, gate in enumerate(run)}
    wide: dict[Step, Step] = {}  # from a run's first gate to all of them, squashed

    def rewrite(s: Step, inputs: tuple[Step, ...]) -> Step:
        if s not in joined:
            return s.on(inputs)
        run, i = joined[s]
        first, gate = run[0], run[i]
        whole = wide.get(first.squashed)
        if whole is None:
            array = inputs[0].inputs[0]
            whole = wide[first.squashed] = squashed(array, run, s.scope)
        return columns(whole, gate.start - first.start, gate.stop - first.start, s.scope)

    return program.rewritten(rewrite)


def with_all_digits(program: Program) -> set[Step]:
    """Find what must be right in all its digits, also where it is tiny: not right beside 1 only."""
    found: set[Step] = set()
    shown = set(program.outputs)
    for s in reversed(program.steps):
        if magnifies(s) or (s in found and s.rule in KEEPING):
            found.update(s.inputs[1:] if s.rule is DIVIDE and s not in found else s.inputs)
        if s in shown and s.rule in MOVING:
            shown.update(s.inputs)
    return found | shown


def magnifies(s: Step) -> bool:
    """Say whether small differences of what is tiny can make large ones of a result."""
    square = s.rule is POWER and s.inputs[1].is_number and s.inputs[1].value >= 1
    return s.rule is not None and not square and (s.rule in MAGNIFYING or s.rule not in KNOWN)


def columns_of(s: Step) -> tuple[int, int] | None:
    """Return from where to where a slice takes columns, of all rows; None if it takes others."""
    (x, *arrays), index = s.inputs, s.params["index"]
    if arrays or not index or x.ndim == 0 or s.ndim != x.ndim or Ellipsis in index[1:]:
        return None
    *before, last = index
    if before != [Ellipsis] and before != [slice(None)] * (x.ndim - 1):
        return None
    if not isinstance(last, slice) or last.step not in (None, 1):
        return None
    start, stop, _ = last.indices(x.shape[-1])
    return (start, stop) if start < stop else None


def runs(gates: list[Gate]) -> list[list[Gate]]:
    """Split gates, in order, where they cannot be squashed together."""
    found: list[list[Gate]] = []
    for gate in gates:
        last = found[-1][-1] if found else None
        follows = last is not None and last.stop == gate.start
        if (
            last is not None
            and follows
            and (gate.curve is last.curve or gate.squashed.dtype == np.float32)
        ):
            found[-1].append(gate)
        else:
            found.append([gate])
    return found


def columns(x: Step, start: int, stop: int, scope: str) -> Step:
    """Return some columns of an array."""
    if (start, stop) == (0, x.shape[-1]):
        return x
    index = (*(slice(None),) * (x.ndim - 1), slice(start, stop))
    return step(GETITEM, [x], {"index": index}, scope)


def squashed(x: Step, run: list[Gate], scope: str) -> Step:
    """Return the gates' curves, side by side: α tanh(α x) + β, where σ has α = β = ½."""
    x = columns(x, run[0].start, run[-1].stop, scope)
    if all(gate.curve is run[0].curve for gate in run) and x.dtype != np.float32:
        return step(run[0].curve, [x], scope=scope)
    widths = [gate.stop - gate.start for gate in run]
    sigmoid = np.repeat([gate.curve is SIGMOID for gate in run], widths)
    alpha = constant_row(np.where(sigmoid, 0.5, 1.0), x)
    beta = constant_row(np.where(sigmoid, 0.5, 0.0), x)
    y = step(TANH, [step(MULTIPLY, [x, alpha], scope=scope)], scope=scope)
    return step(ADD, [step(MULTIPLY, [y, alpha], scope=scope), beta], scope=scope)


ROWS: dict[tuple[bytes, str], Step] = {}


def constant_row(row: np.ndarray, like: Step) -> Step:
    """Return a row as a constant, the same one for equal rows: a number where all are the same."""
    if (row == row[0]).all():
        return constant(float(row[0]))
    row = row.astype(like.dtype)
    key = (row.tobytes(), row.dtype.str)
    if key not in ROWS:
        ROWS[key] = constant(row, is_shared=True)
    return ROWS[key]
