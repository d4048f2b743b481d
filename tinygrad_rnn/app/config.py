"""Config: everything that decides how a run of training goes, each option in one block.

The command line and the checkpoint are both made from this one list. Imports the engine's errors,
and the windows of `bptt`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from ..bptt import Truncation
from ..engine.errors import explain

# The step sizes that suit one layer of about a hundred units, windows of 50 and batches of 50.
LEARNING_RATES = {"sgd": 2.0, "adagrad": 0.05, "rmsprop": 0.005, "adam": 0.005, "adamw": 0.005}


@dataclass(frozen=True)
class Option:
    """What an option of a run may be.

    Attributes
    ----------
    help : str
        What it decides, for people.
    need : str
        What it must be, in words.
    kind : type
        int, float or str.
    within : callable
        Whether a value of that kind can be used.
    choices : tuple of str
        All values, where they can be listed.
    later : bool
        Whether a run that is resumed may have another value than before.
    example : object
        What to write, where nothing at all is the default.
    metavar : str
        What stands for a value in the help, where its kind does not say enough.
    """

    help: str
    need: str
    kind: type
    within: Callable[[Any], bool]
    choices: tuple[str, ...] = ()
    later: bool = False
    example: Any = None
    metavar: str = ""

    def checked(self, x: Any) -> Any:
        """Return a value as a plain Python object of the option's kind, or raise ValueError."""
        fits: type = {int: Integral, float: Real, str: str}[self.kind]
        if not isinstance(x, fits) or isinstance(x, bool) or not self.within(x):
            raise ValueError(f"{shortened(repr(x))} is not {self.need}")
        return self.kind(x)

    def parsed(self, text: str) -> Any:
        """Read a value as it is written on the command line, or raise ValueError."""
        try:
            return self.checked(self.kind(text))
        except (ValueError, OverflowError):
            raise ValueError(f"{shortened(repr(text))} is not {self.need}") from None


def shortened(text: str, longest: int = 40) -> str:
    """Cut a text off where it would fill a line."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def count(default: int, help: str, at_least: int = 1, later: bool = False) -> Any:
    """Declare a whole number."""
    need = f"a whole number of at least {at_least}"
    return declared(default, Option(help, need, int, lambda n: n >= at_least, later=later))


def number(
    default: float | None,
    help: str,
    need: str,
    within: Callable[[float], bool],
    later: bool,
    example: float | None = None,
) -> Any:
    """Declare a real number; every comparison with NaN is False, so that none accepts it."""
    return declared(default, Option(help, need, float, within, later=later, example=example))


def choice(choices: tuple[str, ...], default: str, help: str) -> Any:
    """Declare one out of a list of words."""
    need = f"one of {', '.join(choices)}"
    return declared(default, Option(help, need, str, choices.__contains__, choices))


def lengths(example: str, help: str) -> Any:
    """Declare the two lengths of a truncation."""
    need = "two whole numbers k1,k2 of at least 1, k1 no more than k2"
    return declared(None, Option(help, need, str, is_truncation, (), False, example, "K1,K2"))


def is_truncation(text: str) -> bool:
    """Say whether a text gives two lengths."""
    try:
        return bool(Truncation.from_text(text))
    except ValueError:
        return False


def declared(default: Any, option: Option) -> Any:
    """Make the field of the dataclass."""
    return field(default=default, metadata={"option": option})


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
    seed: int = count(0, "where all random numbers come from", at_least=0)
    dtype: str = choice(("float32", "float64"), "float32", "precision of all numbers")
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


def flag(name: str) -> str:
    """Write an option as on the command line.

    Examples
    --------
    >>> flag("seq_length")
    '--seq-length'
    """
    return f"--{name.replace('_', '-')}"
