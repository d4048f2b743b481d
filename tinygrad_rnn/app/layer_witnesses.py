"""Every recurrent layer's gradient, three times: what `tinygrad-rnn check` goes through.

Imports check, manual, nn and the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import manual, nn
from ..check import WitnessTable, compare_witnesses, numeric_gradient, numeric_jvp
from ..check.tables import number
from ..engine.value import Value
from ..nn import Module

Arrays = dict[str, NDArray[Any]]
Loss = Callable[[Mapping[str, Value]], Value]

LAYERS: dict[str, Any] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
STATES = {"rnn": ("h_0",), "lstm": ("h_0", "c_0"), "gru": ("h_0",)}

# Small, and no two alike, so that no axis can pass for another.
T, B, D, H = 3, 4, 2, 5
LENGTHS = (3, 1, 2, 3)
ENTRIES = 4  # of each array, to be moved one by one; all of them are moved together as well
TOGETHER = "all entries along one random direction"

ROW = "{:5} {:6} {:10} {:8}"
DISTANCES = "{}  {:18}  {:19}  {:18}  {}"
HEAD = "\n".join(
    [
        "largest relative distance between the gradients of three witnesses: the reverse sweep",
        "(autodiff), the derivation by hand, and finite differences (measured), in float64, by all",
        "weights, the input and the first states",
        DISTANCES.format(
            ROW.format("cell", "layers", "directions", "lengths"),
            *("autodiff / by hand", "autodiff / measured", "by hand / measured", "verdict"),
        ),
    ]
)


@dataclass(frozen=True)
class Case:
    """A way in which a recurrent layer can be built and called."""

    cell: str
    layers: int
    directions: int
    lengths: bool

    def __str__(self) -> str:
        directions = "both" if self.directions == 2 else "one"
        lengths = "with" if self.lengths else "without"
        return ROW.format(self.cell, self.layers, directions, lengths)


def cases(cells: Iterable[str]) -> Iterator[Case]:
    """List every case of some cells."""
    return (Case(*parts) for parts in product(cells, (1, 2), (1, 2), (False, True)))


def result_line(case: Case, table: WitnessTable) -> str:
    """Write a case and its result in one line: the largest relative distances, and the verdict."""
    distances = [number(pair.worst.max_rel) if pair.worst else "-" for pair in table.pairs]
    verdict = "ok"
    if not table.ok:
        wrong = {row.name: row.verdict for pair in table.pairs for row in pair.rows if not row.ok}
        verdict = "; ".join(f"{name} {text}" for name, text in wrong.items())
    return DISTANCES.format(case, *distances, verdict)


def examine(case: Case, generator: np.random.Generator) -> WitnessTable:
    """Compute every gradient of a layer in three ways that share nothing, and compare them.

    The loss is Σ d · y over the layer's output and its last states, with a random d for each
    entry, so that none can hide behind another; the gradients are those by all weights, the
    input and the first states.

    Parameters
    ----------
    case : Case
        The layer.
    generator : numpy.random.Generator
        Decides the weights, the input, the states and d.
    """
    layer = LAYERS[case.cell](
        D, H, case.layers, bidirectional=case.directions == 2, generator=generator
    )
    rows = case.layers * case.directions
    arrays = layer.state_dict()
    arrays["x"] = generator.normal(size=(T, B, D))
    for name in STATES[case.cell]:
        arrays[name] = generator.normal(size=(rows, B, H))
    d_output = generator.normal(size=(T, B, H * case.directions))
    d_states = [generator.normal(size=(rows, B, H)) for _ in STATES[case.cell]]
    lengths = np.array(LENGTHS) if case.lengths else None

    def loss(values: Mapping[str, Value]) -> Value:
        output, last = layer(
            values["x"], as_state([values[name] for name in STATES[case.cell]]), lengths
        )
        members = last if isinstance(last, tuple) else (last,)
        total: Value = (output * d_output).sum()
        for member, d in zip(members, d_states, strict=True):
            total = total + (member * d).sum()
        return total

    witnesses = {
        "autodiff": swept(layer, loss, arrays),
        "by hand": by_hand(case, arrays, lengths, d_output, d_states),
    }
    direction = {name: generator.normal(size=array.shape) for name, array in arrays.items()}
    for gradients in witnesses.values():
        along = sum(float(np.sum(g * direction[name])) for name, g in gradients.items())
        gradients[TOGETHER] = np.array(along)
    witnesses["measured"] = measured(layer, loss, arrays, direction, generator)
    return compare_witnesses(witnesses)


def swept(layer: Module, loss: Loss, arrays: Arrays) -> Arrays:
    """Return the gradients by the engine's reverse sweep."""
    values = {name: Value(array) for name, array in arrays.items()} | dict(layer.named_parameters())
    loss(values).backward()
    return {name: v.grad for name, v in values.items()}


def measured(
    layer: Module, loss: Loss, arrays: Arrays, direction: Arrays, generator: np.random.Generator
) -> Arrays:
    """Return the gradients by moving numbers a little: some one by one, and all together."""

    def moved(*values: Value) -> Value:
        named = dict(zip(arrays, values, strict=True))
        for name, parameter in layer.named_parameters():
            parameter.data[...] = named[name].data
        return loss(named)

    inputs = tuple(arrays.values())
    slopes = numeric_gradient(moved, inputs, at_most=ENTRIES, generator=generator)
    along = numeric_jvp(moved, inputs, tuple(direction.values()))
    return {**dict(zip(arrays, slopes, strict=True)), TOGETHER: along}


def by_hand(
    case: Case,
    arrays: Arrays,
    lengths: NDArray[Any] | None,
    d_output: NDArray[Any],
    d_states: list[NDArray[Any]],
) -> Arrays:
    """Return the gradients as they were derived by hand, in NumPy alone."""
    derived: Any = getattr(manual, case.cell)
    weights = {name: a for name, a in arrays.items() if name.startswith(("weight", "bias"))}
    first = as_state([arrays[name] for name in STATES[case.cell]])
    _, _, cache = derived.forward(weights, arrays["x"], first, lengths=lengths)
    gradients, d_x, d_first = derived.backward(cache, d_output, as_state(d_states))
    members = d_first if isinstance(d_first, tuple) else (d_first,)
    return {**gradients, "x": d_x, **dict(zip(STATES[case.cell], members, strict=True))}


def as_state(members: Sequence[Any]) -> Any:
    """Return the state as layers take it: of an LSTM the pair, else the one member."""
    return tuple(members) if len(members) > 1 else members[0]
