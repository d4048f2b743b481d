"""The loss of one update, whose gradient may go back further than its own window begins.

Imports data, nn, ops, `bptt.Truncation`, the engine and the files above.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bptt import Truncation
from ..data import Batches, Window
from ..engine.errors import explain
from ..engine.value import Value
from ..nn import LanguageModel
from ..ops import concatenate, softmax_cross_entropy
from .config import Config


def batches_of(ids: NDArray[np.int64], config: Config) -> Batches:
    """Cut a text into the windows of its updates, k1 characters each.

    Raises
    ------
    ValueError
        If it is too short for one.
    """
    try:
        return Batches(ids, config.batch_size, config.truncation.k1)
    except ValueError as error:
        if config.bptt is None:
            raise
        raise ValueError(
            explain(
                f"{len(ids)} characters are too few for --bptt {config.bptt} at "
                f"{config.batch_size} places",
                why="each of the places needs k1 characters, and one more to predict",
                fix="give a longer text, or a smaller k1 or --batch-size",
            )
        ) from error


def next_window(batches: Batches, truncation: Truncation) -> tuple[Window, int]:
    """Take the next k1 characters, with those before them through which gradients go back.

    Parameters
    ----------
    batches : Batches
        With windows of k1 characters; it moves on by one.
    truncation : Truncation
        The lengths k1 and k2.

    Returns
    -------
    window : Window
        Its inputs are the last k2 characters of each lane, (k2, B), fewer where the text begins;
        its targets are those of the new ones, (k1, B).
    leaving : int
        After how many of the inputs the next window begins.
    """
    new = batches.window * batches.seq_length  # the first new step, counted from the lanes' start
    start, next_start = truncation.first_step(new), truncation.first_step(new + truncation.k1)
    again = batches.inputs_before(new - start)  # (k2 − k1, B)
    window = next(batches)
    inputs = np.concatenate([again, window.inputs])  # (k2, B)
    return window._replace(inputs=inputs), next_start - start


def window_loss(
    model: LanguageModel, window: Window, before: Any, leaving: int
) -> tuple[Value, Any]:
    """Compute the mean loss of a window's new characters.

    Parameters
    ----------
    model : LanguageModel
        What reads.
    window : Window
        As `next_window` returns it.
    before : as the model returns, or None
        The state that the window begins with.
    leaving : int
        After how many steps the next window begins.

    Returns
    -------
    loss : Value
        Over the targets. Its gradient goes back to the first input.
    after : as the model returns, or None
        The state that the next window begins with.
    """
    inputs, targets = window.inputs, window.targets
    if leaving == len(inputs):  # the next window begins where this one ends
        logits, after = model(inputs, before)  # (T, B, V)
        return softmax_cross_entropy(logits, targets), after
    after, scores = before, []
    if leaving:
        logits, after = model(inputs[:leaving], before)
        scores.append(logits)
    logits, _ = model(inputs[leaving:], after)  # the same graph: nothing is cut off in between
    scores.append(logits)
    new = concatenate(scores)[-len(targets) :]  # (k1, B, V)
    return softmax_cross_entropy(new, targets), after
