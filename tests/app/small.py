"""A text and options that train in a moment, for the tests of this folder."""

from __future__ import annotations

from typing import Any

from tinygrad_rnn.app import Config, Training

ANIMALS = {"cow": "moo", "duck": "quack", "pig": "oink", "dog": "woof", "hen": "cluck"}

TEXT = "\n".join(
    f"Verse {number}: the farmer had {number % 7 + 2} {animal}s, and each {animal} said: {sound}!"
    for number in range(1, 9)
    for animal, sound in ANIMALS.items()
)


def small_config(**options: Any) -> Config:
    """Options of a run that takes milliseconds, with whatever a test wants else."""
    sizes = {"hidden": 6, "batch_size": 3, "seq_length": 7, "steps": 40, "lr": 0.02}
    return Config(**{**sizes, **options})


def small_training(**options: Any) -> Training:
    """A run on the text above."""
    return Training(small_config(**options), TEXT)
