"""Mistakes planted in hand-written derivatives: a line of source is replaced by a wrong one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

import tinygrad_rnn as tg

T, B, V, E, H = 5, 3, 7, 4, 4  # E = H, so that no shape betrays a matrix that lies the wrong way


def planted(module: ModuleType, *names: str) -> Callable[..., Any]:
    """Return a module's `gradients` with some of its mistakes in it."""
    namespace: dict[str, Any] = {}
    exec(compile(planted_source(module, *names), module.__name__, "exec"), namespace)
    return namespace["gradients"]


def planted_source(module: ModuleType, *names: str) -> str:
    """Return the source of a module's `gradients` with some of its mistakes in it."""
    source = "import numpy as np\n\n\n" + inspect.getsource(module.gradients)
    for name in names:
        replacements = module.MISTAKES[name]
        for right, wrong in zip(replacements[::2], replacements[1::2], strict=True):
            assert source.count(f"{right}\n") == 1, f"{name}: {right!r} is not one line"
            source = source.replace(f"{right}\n", f"{wrong}\n")
    return source


@dataclass
class Case:
    """A small language model as numbers and as a graph."""

    weights: dict[str, Any]  # arrays, the first state among them
    inputs: Any  # (T, B)
    targets: Any  # (T, B)
    loss: tg.Value
    values: dict[str, tg.Value]


def case(cell: str, seed: int = 0, reduction: str = "mean") -> Case:
    """Make a language model of random weights, from a random first state."""
    rng = np.random.default_rng(seed)
    model = tg.nn.LanguageModel(V, H, cell=cell, embedding_size=E, generator=rng)
    for p in model.parameters():
        p.data[...] = rng.normal(size=p.shape)
    ids = rng.integers(V, size=(T + 1, B))
    names = ("h_0", "c_0") if cell == "lstm" else ("h_0",)
    states = {name: rng.normal(size=(B, H)) for name in names}
    first = tuple(s[None] for s in states.values())
    logits, _ = model(ids[:-1], first if cell == "lstm" else first[0])
    loss = tg.softmax_cross_entropy(logits, ids[1:], reduction=reduction)
    values = dict(model.named_parameters())
    weights = {name: v.data.copy() for name, v in values.items()} | states
    return Case(weights, ids[:-1], ids[1:], loss, values)
