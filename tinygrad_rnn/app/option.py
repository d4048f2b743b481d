"""Option: what an option of a command may be, in words and as a check. Imports bptt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from ..bptt import Truncation


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
        int, float, str, or bool for a flag, which is there or not.
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
        fits: type = {int: Integral, float: Real, str: str, bool: bool}[self.kind]
        is_truth = isinstance(x, bool)
        if not isinstance(x, fits) or is_truth != (self.kind is bool) or not self.within(x):
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


def whole_number(help: str, at_least: int, most: int = 12, later: bool = False) -> Option:
    """Describe an option that is a whole number of at most 10 to the power of `most`."""
    need = f"a whole number of at least {at_least} and at most 10^{most}"
    return Option(help, need, int, lambda n: bool(at_least <= n <= 10**most), later=later)


def count(default: int, help: str, at_least: int = 1, later: bool = False, most: int = 12) -> Any:
    """Declare a whole number."""
    return declared(default, whole_number(help, at_least, most, later))


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


def switch(help: str) -> Any:
    """Declare a flag, which a run that goes on may have anew."""
    return declared(False, Option(help, "True or False", bool, lambda _: True, later=True))


def is_truncation(text: str) -> bool:
    """Say whether a text gives two lengths."""
    try:
        return bool(Truncation.from_text(text))
    except ValueError:
        return False


def declared(default: Any, option: Option) -> Any:
    """Make the field of the dataclass."""
    return field(default=default, metadata={"option": option})


def flag(name: str) -> str:
    """Write an option as on the command line.

    Examples
    --------
    >>> flag("seq_length")
    '--seq-length'
    """
    return f"--{name.replace('_', '-')}"
