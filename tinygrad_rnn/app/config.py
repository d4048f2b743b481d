"""Config: everything that decides how a run of training goes, each option in one block.

The command line and the checkpoint are both made from this one list. Imports the engine's errors,
and the windows of `bptt`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..bptt import Truncation
from ..engine.errors import explain
from .option import Option, choice, count, flag, lengths, number, shortened, switch

# The step sizes that suit one layer of about a hundred units, windows of 50 and batches of 50.
LEARNING_RATES = {"sgd": 2.0, "adagrad": 0.05, "rmsprop": 0.005, "adam": 0.005, "adamw": 0.005}


@dataclass(frozen=True)
class Config:
    """The options of a run, checked.

    Raises
    ------
    ValueError
        If an option has a value that it cannot have; it names the option.

    Examples
    --------
    >>> Config(hidden=64).learning_rate
    0.005
    >>> Config(hidden=64).continued({"steps": 3000}).steps
    3000
    """

    cell: str = choice(("rnn", "lstm", "gru"), "lstm", "kind of recurrent layer")
    hidden: int = count(128, "hidden units of a layer")
    layers: int = count(1, "layers, one on top of the other")
    seq_length: int = count(50, "characters in a window: how far gradients go back")
    bptt: str | None = lengths(
        "20,40",
        "an update every K1 characters, from gradients that go back through K2; instead of"
        " --seq-length",
    )
    batch_size: int = count(50, "places of the text that are read side by side")
    steps: int = count(500, "updates of the weights, those before --resume included", later=True)
    optimizer: str = choice(tuple(LEARNING_RATES), "adam", "how a gradient becomes an update")
    lr: float | None = number(
        None,
        "learning rate",
        "a number above 0",
        lambda x: 0 < x < math.inf,
        later=True,
        example=LEARNING_RATES["adam"],
    )
    clip: float = number(
        5.0,
        "longest gradient, as one vector of all parameters; 0 for no limit",
        "a number of at least 0",
        lambda x: 0 <= x < math.inf,
        later=True,
    )
    dropout: float = number(
        0.0,
        "share of the activations dropped in training",
        "a number of at least 0 and below 1",
        lambda x: 0 <= x < 1,
        later=True,
    )
    val_fraction: float = number(
        0.1,
        "share of the text, its end, kept for validation",
        "a number of at least 0 and below 1",
        lambda x: 0 <= x < 1,
        later=False,
    )
    seed: int = count(0, "where all random numbers come from", at_least=0, most=30)
    dtype: str = choice(("float32", "float64"), "float32", "precision of all numbers")
    eager: bool = switch("compute op by op, as it can be looked at; slower than compiled")
    sample_every: int = count(
        250,
        "steps from one validation and sample to the next; 0 for only at the end",
        at_least=0,
        later=True,
    )
    save_every: int = count(
        100, "steps from one checkpoint to the next; 0 for only at the end", 0, later=True
    )

    def __post_init__(self) -> None:
        for name, option in OPTIONS.items():
            x = getattr(self, name)
            if x is None and option.example is not None:
                continue
            try:
                object.__setattr__(self, name, option.checked(x))
            except ValueError:
                example = getattr(Config, name) if option.example is None else option.example
                raise ValueError(
                    explain(
                        f"Config: {name}={shortened(repr(x))} is not {option.need}",
                        why=f"it is the {option.help}",
                        fix=f"write for example {name}={example!r}",
                    )
                ) from None

    @property
    def learning_rate(self) -> float:
        """The learning rate: as given, else what suits the optimiser."""
        return LEARNING_RATES[self.optimizer] if self.lr is None else self.lr

    @property
    def truncation(self) -> Truncation:
        """How long a window is, and how far gradients go back; the same without `bptt`."""
        if self.bptt is None:
            return Truncation(self.seq_length, self.seq_length)
        return Truncation.from_text(self.bptt)

    def continued(self, given: Mapping[str, Any]) -> Config:
        """Return the options of a run that goes on with some of them set anew.

        Parameters
        ----------
        given : mapping from name to value
            The options that were named this time.

        Raises
        ------
        ValueError
            If one differs that decides what the weights, the windows or the text are.
        """
        for name, x in given.items():
            if not OPTIONS[name].later and x != getattr(self, name):
                raise ValueError(
                    explain(
                        f"{flag(name)} {x} does not fit the checkpoint, which has "
                        f"{'none' if getattr(self, name) is None else getattr(self, name)}",
                        why="a resumed run goes on with the model and the text that it has",
                        fix=f"leave out {flag(name)}, or --resume",
                    )
                )
        return dataclasses.replace(self, **given)


OPTIONS: dict[str, Option] = {f.name: f.metadata["option"] for f in dataclasses.fields(Config)}
