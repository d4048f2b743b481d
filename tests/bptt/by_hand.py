"""The same parts by hand: the loops of BPTT over `manual`'s derivatives, nothing added up.

No engine here: a step's derivative is `step_backward`, derived in docs/derivation.md.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

Terms = dict[str, dict[int, np.ndarray]]


def terms(cache: Any, d_output: np.ndarray) -> Terms:
    """Each weight's δ_tᵀ h_{t−1} (or x_t, or 1) by name and t, for d_output of (T, B, H·dirs)."""
    found: Terms = defaultdict(dict)
    d_sequence = d_output
    T, B, _ = d_output.shape
    for layer in reversed(range(cache.layout.num_layers)):
        d_outputs = np.split(d_sequence, cache.layout.directions, axis=-1)
        d_inputs = []
        for direction, d_out in enumerate(d_outputs):
            names = cache.layout.names(layer, direction)
            steps = cache.runs[layer, direction]
            H, D = cache.weights[names[1]].shape[1], cache.weights[names[0]].shape[1]
            d_state = [np.zeros((B, H)) for _ in cache.cell.states]
            d_x = np.zeros((T, B, D))
            for step in reversed(steps):
                t, rows = step.t, step.rows
                dh, *d_others = (d[rows] for d in d_state)
                back = cache.cell.step_backward(d_out[t][rows] + dh, *d_others, step.saved)
                d_x[t][rows] = back[0]
                for d, new in zip(d_state, back[1:-1], strict=True):
                    d[rows] = new
                for name, term in zip(names, back[-1], strict=False):
                    found[name][t] = term
            d_inputs.append(d_x)
        d_sequence = np.sum(d_inputs, axis=0)
    return found


def pairs(cache: Any, d_output: np.ndarray) -> dict[str, dict[tuple[int, int], np.ndarray]]:
    """The same for each step's loss alone: by name and (t′, t)."""
    found: dict[str, dict[tuple[int, int], np.ndarray]] = defaultdict(dict)
    for loss_step in range(len(d_output)):
        alone = np.zeros_like(d_output)
        alone[loss_step] = d_output[loss_step]
        for name, by_step in terms(cache, alone).items():
            for t, term in by_step.items():
                found[name][loss_step, t] = term
    return found


def by_lag(parts: dict[tuple[int, int], np.ndarray]) -> dict[int, np.ndarray]:
    """Add up what has the same t′ − t."""
    found: dict[int, Any] = defaultdict(float)
    for (loss_step, t), part in parts.items():
        found[loss_step - t] = found[loss_step - t] + part
    return found
