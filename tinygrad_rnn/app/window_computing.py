"""How the loss of a window is computed: compiled, or op by op. Imports nn and files above."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compiler import CaptureError, compile
from ..data import Window
from ..engine.value import Value
from ..nn import LanguageModel
from .config import Config
from .saved_state import STATES
from .window_loss import window_loss


class WindowComputing:
    """`window_loss`, traced at its first call and then replayed.

    Parameters
    ----------
    config : Config
        Says whether to compute op by op instead, and how long a window is. Those at the beginning
        of a text may be shorter (``bptt``); each is of a form of its own, and comes once an epoch.

    Attributes
    ----------
    reason : str
        Why it computes op by op although it should not; empty where it does what it should.
    """

    def __init__(self, config: Config) -> None:
        self.length = config.truncation.k2
        self.loss = window_loss if config.eager else compile(window_loss)
        self.reason = ""

    def __call__(
        self, model: LanguageModel, window: Window, before: Any, leaving: int
    ) -> tuple[Value, Any]:
        """Return what `window_loss` returns."""
        if len(window.inputs) < self.length:
            return window_loss(model, window, before, leaving)
        window = window._replace(fresh=False)  # `before` says it all: no other trace for it
        try:
            loss, after = self.loss(model, window, before, leaving)
        except CaptureError as error:
            self.reason = str(error).partition("\n")[0]
            self.loss = window_loss
            loss, after = window_loss(model, window, before, leaving)
        return loss, after


def first_state(config: Config) -> Any:
    """Return the state that a text begins with: zeros, in the form of every later one."""
    shape = (config.layers, config.batch_size, config.hidden)
    states = tuple(
        Value(np.zeros(shape, config.dtype), requires_grad=False) for _ in STATES[config.cell]
    )
    return states if len(states) > 1 else states[0]
