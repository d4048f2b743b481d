"""The recurrent work that every peer does: one training step of a character model.

One-hot characters → one recurrent layer → linear → softmax cross-entropy, averaged over time and
batch; the gradient of every weight; float32. A peer is a function from a `Problem` to a `step`, and
``step()`` returns the loss and the gradients of `WEIGHTS`, in that order and layout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Arrays = tuple[np.ndarray, ...]
Step = Callable[[], tuple[float, Arrays]]

WEIGHTS = ("Wx", "Wh", "b", "Wy", "by")

CASES = {
    # name: cell, V, H, T, B
    "rnn1": ("rnn", 65, 100, 25, 1),  # the configuration of the well-known 100-line script
    "lstm1": ("lstm", 65, 100, 25, 1),
    "rnn50": ("rnn", 65, 128, 50, 50),
    "lstm50": ("lstm", 65, 128, 50, 50),  # char-rnn's default, one layer
    "lstm64": ("lstm", 65, 512, 50, 64),
}


@dataclass(frozen=True)
class Problem:
    """Shapes, weights and text of one case. Gates lie side by side in the order i f g o."""

    cell: str
    V: int
    H: int
    T: int
    B: int
    Wx: np.ndarray  # (V, H) or (V, 4H)
    Wh: np.ndarray  # (H, H) or (H, 4H)
    b: np.ndarray  # (H,) or (4H,)
    Wy: np.ndarray  # (H, V)
    by: np.ndarray  # (V,)
    ids: np.ndarray  # (T, B)
    targets: np.ndarray  # (T, B)

    def weights(self) -> Arrays:
        """Return copies, so that one step's training does not reach into another's."""
        return tuple(getattr(self, name).copy() for name in WEIGHTS)

    def one_hot(self) -> np.ndarray:
        """Return the input characters as rows of zeros with a one, (T, B, V)."""
        return np.eye(self.V, dtype=np.float32)[self.ids]

    def zeros(self) -> np.ndarray:
        """Return a first state, (B, H)."""
        return np.zeros((self.B, self.H), np.float32)


def make(case: str) -> Problem:
    """Build a case, e.g. ``"lstm50"``, or one of other length: ``"rnn1:3200"``."""
    name, _, length = case.partition(":")
    cell, V, H, T, B = CASES[name]
    T = int(length or T)
    gates = 4 * H if cell == "lstm" else H
    rng = np.random.default_rng(0)

    def normal(rows: int, columns: int, scale: float) -> np.ndarray:
        return (scale * rng.standard_normal((rows, columns))).astype(np.float32)

    return Problem(
        *(cell, V, H, T, B),
        Wx=normal(V, gates, 0.1),
        Wh=normal(H, gates, H**-0.5),
        b=np.zeros(gates, np.float32),
        Wy=normal(H, V, 0.1),
        by=np.zeros(V, np.float32),
        ids=rng.integers(0, V, (T, B)),
        targets=rng.integers(0, V, (T, B)),
    )
