"""Training: a model that learns a text window by window, and can be stopped and gone on with.

Imports data, nn, ops, optim and the files above.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..data import Batches, BigramModel, Vocabulary, Window, split
from ..nn import detach_state
from ..optim import Optimizer, clip_grad_norm_
from .checkpoint import Checkpoint
from .config import Config
from .container import CheckpointError
from .curve import Point, bits
from .divergence import Diverged, diverged, first_appearance
from .memory import check_memory
from .sampling import evaluating
from .saved_state import OPTIMIZERS, by_name, by_place, carried_arrays, carried_state
from .source import Source
from .trained import TextModel, fill, mean_loss, new_model
from .window_computing import WindowComputing, first_state
from .window_loss import batches_of, next_window, window_loss


class Training:
    """A run: what it learns from, what learns, and how far it has come.

    Parameters
    ----------
    config : Config
        The options.
    text : str
        What to learn.
    source : Source, optional
        Where the text comes from, to be noted in checkpoints.

    Attributes
    ----------
    vocabulary : Vocabulary
        The characters of the text.
    model : LanguageModel
        What learns.
    step : int
        How many updates have been made.
    train_ids, val_ids : numpy.ndarray of int64
        The two parts of the text; the second may be empty.
    bigram_loss : float or None
        What the bigram model, counted on the first part, reaches on the second.
    computing : WindowComputing
        How a window's loss is computed: compiled, or op by op.
    best : dict
        The ``step`` and the ``validation_loss`` of the best validation that was noted.

    Raises
    ------
    ValueError
        If the text is too short for the options, or of one character only.
    MemoryError
        If the run would need more memory than there is; nothing has been made of it.
    """

    def __init__(self, config: Config, text: str, source: Source | None = None) -> None:
        self.config = config
        self.source = source or Source.of(text)
        self.vocabulary = Vocabulary.from_text(text)
        size = len(self.vocabulary)
        if size == 1:
            raise ValueError(
                f"{self.source.path or 'the text'}: all its {len(text):,} characters are "
                f"{self.vocabulary.characters!r}, so that there is nothing to predict"
            )
        self.train_ids, self.val_ids = split(self.vocabulary.encode(text), config.val_fraction)
        self.batches = batches_of(self.train_ids, config)
        self.bigram_loss = None
        if len(self.val_ids):
            self.bigram_loss = BigramModel(self.train_ids, size).loss(self.val_ids)
        check_memory(config, size, len(text))
        # One generator for the first weights, then for dropout: it is all the chance in a run.
        self.generator = np.random.default_rng(config.seed)
        self.model = new_model(config, size, self.generator)
        self.parameters = dict(self.model.named_parameters())
        self.optimizer: Optimizer = OPTIMIZERS[config.optimizer](
            self.parameters.values(), lr=config.learning_rate
        )
        self.computing = WindowComputing(config, len(self.val_ids))
        self.state: Any = None
        self.step = 0
        self.best: dict[str, Any] = {}

    @property
    def characters_per_step(self) -> int:
        """How many characters a step predicts in all lanes together."""
        return self.config.batch_size * self.config.truncation.k1

    def advance(self) -> Point:
        """Learn from one window.

        Returns
        -------
        Point
            How it went.

        Raises
        ------
        Diverged
            If the loss or the gradient is not finite; the weights stay as they were before.
        """
        window, leaving = next_window(self.batches, self.config.truncation)
        before = first_state(self.config) if window.fresh else self.state
        chance = self.generator.bit_generator.state
        with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is looked at
            loss, after = self.computing(self.model, window, before, leaving)
            self.optimizer.zero_grad()
            loss.backward(retain_grad=False)
            longest = self.config.clip or math.inf
            norm = clip_grad_norm_(self.parameters.values(), longest)
            if not math.isfinite(float(loss)) or not math.isfinite(norm):
                self.generator.bit_generator.state = chance  # drop what was dropped
                raise self._diverged(
                    f"step {self.step + 1}: the loss is {float(loss):g}, the length of the "
                    f"gradient {norm:g}",
                    lambda: window_loss(self.model, window, before, leaving)[0].backward(),
                )
            self.optimizer.step()
        self.state = detach_state(after)
        self.step += 1
        return Point(self.step, float(loss), bits(float(loss)), norm)

    def check_sound(self) -> None:
        """Look one window ahead: a checkpoint is only worth keeping if one can go on from it.

        Raises
        ------
        Diverged
            If the next loss, without dropout, would not be finite.
        """
        place = self.batches.state_dict()
        window, leaving = next_window(self.batches, self.config.truncation)
        self.batches.load_state_dict(place)
        before = None if window.fresh else self.state
        with np.errstate(over="ignore", invalid="ignore"), evaluating(self.model):
            loss = float(window_loss(self.model, window, before, leaving)[0])
        buffers = [x for state in self.optimizer.state for n, x in state.items() if n != "step"]
        arrays = [*(p.data for p in self.parameters.values()), *buffers]
        if not math.isfinite(loss) or not all(np.all(np.isfinite(x)) for x in arrays):
            raise self._diverged(
                f"step {self.step}: with the weights that it left, the loss is {loss:g}",
                lambda: window_loss(self.model, window, before, leaving),
            )

    def _diverged(self, what: str, compute: Callable[[], Any]) -> Diverged:
        """Word the error of this run at this step."""
        weights = (p.data for p in self.parameters.values())
        return diverged(what, weights, self.config, first_appearance(compute))

    def first_window(self) -> Window:
        """Return the window that training begins with, as long as gradients go back."""
        longest = self.batches.windows_per_epoch * self.batches.seq_length
        length = min(self.config.truncation.k2, longest)
        return next(Batches(self.train_ids, self.config.batch_size, length))

    def validation_loss(self) -> float | None:
        """Return the mean loss on the text kept for validation, in nats; None if there is none.

        Raises
        ------
        Diverged
            If it is not finite.
        """
        if not len(self.val_ids):
            return None
        sizes = (self.config.batch_size, self.config.seq_length)
        with np.errstate(over="ignore", invalid="ignore"):
            loss = mean_loss(self.model, self.val_ids, *sizes, self.computing.score)
        if not math.isfinite(loss):
            raise self._diverged(
                f"step {self.step}: the validation loss is {loss:g}",
                lambda: mean_loss(self.model, self.val_ids, *sizes),
            )
        return loss

    def note_validation(self, loss: float | None) -> None:
        """Keep the record of the best validation of those that are due on the way."""
        if loss is not None and loss < self.best.get("validation_loss", math.inf):
            self.best = {"step": self.step, "validation_loss": loss}

    def sample(self, length: int) -> str:
        """Write a text; it depends on seed and step, and takes no chance away from training."""
        generator = np.random.default_rng([self.config.seed, self.step])
        return self.as_text_model().sample("", length, generator=generator)

    def as_text_model(self) -> TextModel:
        """Return the model with its alphabet; it goes on learning with the run."""
        return TextModel(self.model, self.vocabulary, self.config, self.step)

    def checkpoint(self) -> Checkpoint:
        """Return everything that the next step depends on."""
        return Checkpoint(
            config=self.config,
            source=self.source,
            vocabulary=self.vocabulary,
            step=self.step,
            weights=self.model.state_dict(),
            optimizer=by_name(self.optimizer, self.parameters),
            generator=dict(self.generator.bit_generator.state),
            batches=self.batches.state_dict(),
            state=carried_arrays(self.state, self.config),
            best=self.best,
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint of a run with the same text and options.

        Raises
        ------
        ValueError
            If something in it does not fit.
        """
        checkpoint.source.check(self.source)
        fill(self.model, checkpoint.weights)
        try:
            if checkpoint.vocabulary != self.vocabulary:
                raise ValueError("its vocabulary is not that of its text")
            self.optimizer.load_state_dict(by_place(checkpoint.optimizer, self.parameters))
            self.generator.bit_generator.state = checkpoint.generator
            self.batches.load_state_dict(checkpoint.batches)
            self.state = carried_state(checkpoint.state, self.config)
        except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
            raise CheckpointError(f"the checkpoint contradicts itself: {error}") from error
        self.optimizer.lr = self.config.learning_rate
        self.step, self.best = checkpoint.step, checkpoint.best
