"""How the loss of a window is computed: compiled, or op by op. Imports nn and files above.

In training that is the loss of an update; in validation, the score of a window of another text.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..compiler import CaptureError, compile
from ..data import Window
from ..engine.value import Value
from ..nn import LanguageModel
from .config import Config
from .saved_state import STATES
from .trained import window_score
from .window_loss import window_loss

MANY = 20  # windows that take longer to be scored op by op than to be traced once


class WindowComputing:
    """`window_loss` and `window_score`, traced at their first call and then replayed.

    Parameters
    ----------
    config : Config
        Says whether to compute op by op instead, and how long a window is. Those at the beginning
        of a text may be shorter (``bptt``), and those at the end of another one; each is of a form
        of its own, and comes once. They are computed op by op.
    others : int
        How many characters there are to validate with. Few are read op by op: that takes less time
        than to trace it.

    Attributes
    ----------
    reason : str
        Why it computes op by op although it should not; empty where it does what it should.
    """

    def __init__(self, config: Config, others: int) -> None:
        self.config = config
        self.length = config.truncation.k2
        self.loss = window_loss if config.eager else compile(window_loss)
        is_long = others >= MANY * config.batch_size * config.seq_length
        self.scoring = compile(window_score) if is_long and not config.eager else window_score
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

    def score(self, model: LanguageModel, window: Window, before: Any) -> tuple[Value, Any]:
        """Return what `window_score` returns."""
        if window.inputs.shape != (self.config.seq_length, self.config.batch_size):
            return window_score(model, window, before)
        if before is None:
            before = first_state(self.config)
        try:
            return self.scoring(model, window._replace(fresh=False), before)
        except CaptureError as error:
            self.reason = self.reason or str(error).partition("\n")[0]
            self.scoring = window_score
            return window_score(model, window, before)


def first_state(config: Config) -> Any:
    """Return the state that a text begins with: zeros, in the form of every later one."""
    shape = (config.layers, config.batch_size, config.hidden)
    states = tuple(
        Value(np.zeros(shape, config.dtype), requires_grad=False) for _ in STATES[config.cell]
    )
    return states if len(states) > 1 else states[0]
