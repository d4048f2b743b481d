"""The small problem on which a hand-written derivative is examined. Imports nn, ops, the engine.

Chosen so that mistakes show: several steps and sequences, T ≠ B, as many inputs as hidden units, so
that no shape betrays a matrix that lies the wrong way, a first state that is not zero, tokens that
occur more than once in a step, and gradients beyond the usual bounds of clipping.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engine.value import Value
from ..nn import LanguageModel
from ..ops import softmax_cross_entropy

STATES = {"rnn": ("h_0",), "lstm": ("h_0", "c_0"), "gru": ("h_0",)}
STRETCH = {
    "rnn": 6.0,
    "lstm": 14.0,
    "gru": 12.0,
}  # of the head: what comes back through it is large
BEYOND = 5.0  # the usual bound of clipping
MOST_TRIES = 400


@dataclass(frozen=True)
class Sizes:
    """How large the problem is: steps, sequences, units (and inputs), words."""

    steps: int = 5
    batch: int = 3
    hidden: int = 4
    words: int = 7


@dataclass(frozen=True, eq=False)
class SmallProblem:
    """A language model as numbers, and the graph of its loss.

    Attributes
    ----------
    weights : dict from name to array
        Under PyTorch's names, and the first state: ``h_0``, for an LSTM also ``c_0``, (B, H).
    inputs, targets : integer arrays, shape (T, B)
    loss : Value
    values : dict from name to Value
        All weights and first states.
    """

    weights: Mapping[str, NDArray[Any]]
    inputs: NDArray[Any]
    targets: NDArray[Any]
    loss: Value
    values: Mapping[str, Value]


def small_problem(cell: str, reduction: str, sizes: Sizes, seed: int) -> SmallProblem:
    """Make the problem; of those that a seed leads to, the first whose gradients are large.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
    reduction : {"mean", "sum"}
        Of the cross-entropy over all steps and sequences.
    sizes : Sizes
    seed : int

    Notes
    -----
    Each gradient has entries beyond ±5, so that clipping there can be seen; of a mean, those of the
    head are left out: they are never beyond ±1.
    """
    generator = np.random.default_rng(seed)
    best, largest = None, -1.0
    for _ in range(MOST_TRIES):
        problem = drawn(cell, reduction, sizes, generator)
        problem.loss.backward(retain_grad=False)
        tops = [
            float(np.max(np.abs(v.grad)))
            for name, v in problem.values.items()
            if name not in STATES[cell] and not (reduction == "mean" and name.startswith("head"))
        ]
        for v in problem.values.values():
            v.grad = None
        if min(tops) > largest:
            best, largest = problem, min(tops)
        if largest > BEYOND:
            break
    assert best is not None
    return best


def drawn(cell: str, reduction: str, sizes: Sizes, generator: np.random.Generator) -> SmallProblem:
    """Draw a problem."""
    T, B, H, V = sizes.steps, sizes.batch, sizes.hidden, sizes.words
    model = LanguageModel(V, H, cell=cell, embedding_size=H, generator=generator)
    for name, p in model.named_parameters():
        scale = STRETCH[cell] if name == "head.weight" else 2.0 if "weight_hh" in name else 1.0
        p.data[...] = scale * generator.normal(size=p.shape)
    ids = generator.integers(V, size=(T + 1, B))
    if B > 1:
        ids[0, 1] = ids[0, 0]  # a token that occurs twice in a step
    states = {name: Value(generator.normal(size=(B, H)), name=name) for name in STATES[cell]}
    first = tuple(state.reshape(1, B, H) for state in states.values())
    logits, _ = model(ids[:-1], first if len(first) > 1 else first[0])  # (T, B, V)
    loss = softmax_cross_entropy(logits, ids[1:], reduction=reduction)
    values = {**dict(model.named_parameters()), **states}
    weights = {name: v.data for name, v in values.items()}
    return SmallProblem(weights, ids[:-1], ids[1:], loss, values)
