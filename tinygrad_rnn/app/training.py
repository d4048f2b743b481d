"""Training: a model that learns a text window by window, and can be stopped and gone on with.

Imports data, nn, ops, optim and the files above.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..data import Batches, BigramModel, Vocabulary, Window, split
from ..engine.errors import explain
from ..engine.value import Value
from ..nn import detach_state
from ..optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop, clip_grad_norm_
from .checkpoint import Checkpoint, CheckpointError
from .config import Config
from .curve import Point, bits
from .source import Source
from .trained import TextModel, fill, mean_loss, new_model
from .window_loss import batches_of, next_window, window_loss

OPTIMIZERS: dict[str, Any] = {
    "sgd": SGD,
    "adagrad": Adagrad,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}
STATES = ("h", "c")


class Diverged(FloatingPointError):
    """The loss, or a gradient, is no finite number any more."""


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

    Raises
    ------
    ValueError
        If the text is too short for the options.
    """

    def __init__(self, config: Config, text: str, source: Source | None = None) -> None:
        self.config = config
        self.source = source or Source.of(text)
        self.vocabulary = Vocabulary.from_text(text)
        size = len(self.vocabulary)
        self.train_ids, self.val_ids = split(self.vocabulary.encode(text), config.val_fraction)
        self.batches = batches_of(self.train_ids, config)
        self.bigram_loss = None
        if len(self.val_ids):
            self.bigram_loss = BigramModel(self.train_ids, size).loss(self.val_ids)
        # One generator for the first weights, then for dropout: it is all the chance in a run.
        self.generator = np.random.default_rng(config.seed)
        self.model = new_model(config, size, self.generator)
        self.parameters = dict(self.model.named_parameters())
        self.optimizer: Optimizer = OPTIMIZERS[config.optimizer](
            self.parameters.values(), lr=config.learning_rate
        )
        self.state: Any = None
        self.step = 0

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
        before = None if window.fresh else self.state
        with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is looked at below
            loss, after = window_loss(self.model, window, before, leaving)
            self.optimizer.zero_grad()
            loss.backward(retain_grad=False)
            longest = self.config.clip or math.inf
            norm = clip_grad_norm_(self.parameters.values(), longest)
        if not math.isfinite(float(loss)) or not math.isfinite(norm):
            what = (
                f"step {self.step + 1}: the loss is {float(loss):g}, the length of the gradient "
                f"{norm:g}"
            )
            raise Diverged(diverged(what, self.config))
        self.optimizer.step()
        self.state = detach_state(after)
        self.step += 1
        return Point(self.step, float(loss), bits(float(loss)), norm)

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
        with np.errstate(over="ignore", invalid="ignore"):
            loss = mean_loss(
                self.model, self.val_ids, self.config.batch_size, self.config.seq_length
            )
        if not math.isfinite(loss):
            raise Diverged(
                diverged(f"step {self.step}: the validation loss is {loss:g}", self.config)
            )
        return loss

    def sample(self, length: int) -> str:
        """Write a text; it depends on seed and step, and takes no chance away from training."""
        generator = np.random.default_rng([self.config.seed, self.step])
        return self.as_text_model().sample("", length, generator=generator)

    def as_text_model(self) -> TextModel:
        """Return the model with its alphabet; it goes on learning with the run."""
        return TextModel(self.model, self.vocabulary, self.config, self.step)

    def checkpoint(self) -> Checkpoint:
        """Return everything that the next step depends on."""
        saved = self.optimizer.state_dict()
        entries = dict(zip(self.parameters, saved["state"].values(), strict=True))
        carried = self.state if isinstance(self.state, tuple) else (self.state,)
        return Checkpoint(
            config=self.config,
            source=self.source,
            vocabulary=self.vocabulary,
            step=self.step,
            weights=self.model.state_dict(),
            optimizer={
                "options": saved["options"],
                "steps": {name: entry["step"] for name, entry in entries.items()},
                "buffers": {
                    f"{buffer}.{name}": array
                    for name, entry in entries.items()
                    for buffer, array in entry.items()
                    if buffer != "step"
                },
            },
            generator=dict(self.generator.bit_generator.state),
            batches=self.batches.state_dict(),
            state={}
            if self.state is None
            else {name: s.data for name, s in zip(STATES, carried, strict=False)},
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
            self.optimizer.load_state_dict(self._optimizer_state(checkpoint.optimizer))
            self.generator.bit_generator.state = checkpoint.generator
            self.batches.load_state_dict(checkpoint.batches)
            self.state = self._carried(checkpoint)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"the checkpoint contradicts itself: {error}") from error
        self.optimizer.lr = self.config.learning_rate
        self.step = checkpoint.step

    def _optimizer_state(self, saved: dict[str, Any]) -> dict[str, Any]:
        """Arrange what a checkpoint holds by name as the optimiser wants it, by place."""
        place = {name: index for index, name in enumerate(self.parameters)}
        state = {place[name]: {"step": steps} for name, steps in saved["steps"].items()}
        for key, array in saved["buffers"].items():
            buffer, _, name = key.partition(".")
            state[place[name]][buffer] = array
        return {"state": state, "options": saved["options"]}

    def _carried(self, checkpoint: Checkpoint) -> Any:
        """Make the carried state of the arrays in a checkpoint."""
        if not checkpoint.state:
            return None
        names = STATES if self.config.cell == "lstm" else STATES[:1]
        shape = (self.config.layers, self.config.batch_size, self.config.hidden)
        members = []
        for name in names:
            array = checkpoint.state[name]
            if array.shape != shape or array.dtype != self.config.dtype:
                raise ValueError(f"the carried state {name} is {array.shape} {array.dtype}")
            members.append(Value(array, requires_grad=False))
        return tuple(members) if len(members) > 1 else members[0]


def diverged(what: str, config: Config) -> str:
    """Word the error of a run that has left the numbers."""
    return explain(
        what,
        why="the steps are too long, so that the weights grow without bound",
        fix=f"try a lower --lr (it is {config.learning_rate:g}) or a lower --clip "
        f"(it is {config.clip:g}), and --resume from the last checkpoint",
    )
