"""TextModel: a trained model with its alphabet, ready to write. Imports data, nn, files above."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..data import Vocabulary, Window, one_pass
from ..nn import LanguageModel
from ..ops import softmax_cross_entropy
from .checkpoint import read_checkpoint
from .config import Config
from .container import CheckpointError
from .sampling import check_temperature, check_top_k, evaluating, generate


@dataclass(frozen=True)
class TextModel:
    """A model that reads and writes characters.

    Attributes
    ----------
    model : LanguageModel
        From ids to scores.
    vocabulary : Vocabulary
        From characters to ids.
    config : Config
        The options that it was trained with.
    step : int
        How many updates it has seen.
    """

    model: LanguageModel
    vocabulary: Vocabulary
    config: Config
    step: int

    def sample(
        self,
        prime: str = "",
        length: int = 200,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        generator: np.random.Generator,
    ) -> str:
        """Write a text.

        Parameters
        ----------
        prime : str
            How it begins; where it is empty, the model goes on as after the end of a line.
        length : int
            How many characters to write behind it.
        temperature : float
        top_k : int, optional
            See `tinygrad_rnn.app.sampling.probabilities`.
        generator : numpy.random.Generator
            Decides: the same in the same state writes the same text.

        Returns
        -------
        str
            The prime and what follows.

        Raises
        ------
        ValueError
            If a character of the prime is not in the vocabulary, or an option cannot be used.
        """
        options: dict[str, Any] = {"temperature": temperature, "top_k": top_k}
        return "".join(self.stream(prime, length, **options, generator=generator))

    def stream(self, prime: str = "", length: int = 200, **options: Any) -> Iterator[str]:
        """Write a text as `sample` does, and yield it bit by bit: the prime, then its letters.

        Raises
        ------
        ValueError
            As `sample`, at once.
        """
        check_temperature(options.get("temperature", 1.0))
        check_top_k(options.get("top_k"))
        first = prime or ("\n" if "\n" in self.vocabulary else self.vocabulary.characters[0])
        ids = generate(self.model, self.vocabulary.encode(first), length, **options)
        return chain([prime], map(self.vocabulary.decode, ids))

    def loss(self, text: str) -> float:
        """Return the mean loss on a text, in nats per character.

        Raises
        ------
        ValueError
            If a character is not in the vocabulary, or there are fewer than two.
        """
        ids = self.vocabulary.encode(text)
        return mean_loss(self.model, ids, self.config.batch_size, self.config.seq_length)


def load(path: str | os.PathLike[str]) -> TextModel:
    """Load a trained model.

    Parameters
    ----------
    path : path-like
        The folder of a run, or the checkpoint in it.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is not one of ours, or not whole.

    Examples
    --------
    >>> import numpy as np
    >>> from tinygrad_rnn.app import load
    >>> text = load("runs/tale").sample(
    ...     "Once", 80, generator=np.random.default_rng(0))  # doctest: +SKIP
    """
    checkpoint = read_checkpoint(path)
    config, vocabulary = checkpoint.config, checkpoint.vocabulary
    model = new_model(config, len(vocabulary), np.random.default_rng(config.seed))
    fill(model, checkpoint.weights)
    return TextModel(model.eval(), vocabulary, config, checkpoint.step)


def new_model(
    config: Config,
    vocabulary_size: int,
    generator: np.random.Generator,
    dtype: str | None = None,
) -> LanguageModel:
    """Build the model that the options ask for; the generator also decides its dropout."""
    return LanguageModel(
        vocabulary_size,
        config.hidden,
        cell=config.cell,
        num_layers=config.layers,
        dropout=config.dropout,
        generator=generator,
        dtype=np.dtype(dtype or config.dtype),
    )


def fill(model: LanguageModel, weights: Mapping[str, NDArray[Any]]) -> None:
    """Load the weights of a checkpoint, or say that they do not fit."""
    try:
        model.load_state_dict(weights)
    except ValueError as error:
        raise CheckpointError(f"the checkpoint contradicts itself: {error}") from error


def window_score(model: LanguageModel, window: Window, before: Any) -> tuple[Any, Any]:
    """Return the mean loss of a window, and the state after it."""
    logits, after = model(window.inputs, before)  # (T, B, V)
    return softmax_cross_entropy(logits, window.targets), after


def mean_loss(
    model: LanguageModel,
    ids: ArrayLike,
    batch_size: int,
    seq_length: int,
    score: Callable[[LanguageModel, Window, Any], tuple[Any, Any]] = window_score,
) -> float:
    """Return the mean loss over every transition of a text, in nats per character.

    Parameters
    ----------
    model : LanguageModel
        Switched to evaluation meanwhile.
    ids : array_like of int
        The text, of shape (N,).
    batch_size : int
        How many places are read side by side; no more than a window's length fits in between.
    seq_length : int
        The length of a window; the state is carried from one to the next.
    score : callable
        Does what `window_score` does.
    """
    ids = np.asarray(ids)
    lanes = max(1, min(batch_size, (len(ids) - 1) // seq_length))
    total, count, state = 0.0, 0, None
    with evaluating(model):
        for window in one_pass(ids, lanes, seq_length):
            loss, state = score(model, window, None if window.fresh else state)
            total += float(loss) * window.targets.size
            count += window.targets.size
    return total / count
