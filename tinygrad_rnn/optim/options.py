"""Options: the numbers set on an optimiser or a schedule, checked whenever they are set.

Imports NumPy and the standard library only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Integral, Real
from typing import Any, Generic, TypeVar, overload

import numpy as np

T = TypeVar("T")


class Option(Generic[T]):
    """An attribute that refuses a value which it could not mean.

    The check runs in the constructor, at a later ``optimizer.lr = …`` and for loaded values alike.
    """

    need: str
    example: object

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Option[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> Option[T] | T:
        if instance is None:
            return self
        value: T = instance.__dict__[self.name]
        return value

    def __set__(self, instance: object, value: T) -> None:
        instance.__dict__[self.name] = self.checked(value, type(instance).__name__)

    def checked(self, value: object, owner: str) -> T:
        """Return `value` as the plain Python object that it stands for, or raise."""
        try:
            return self.convert(value)
        except (TypeError, ValueError) as error:
            raise type(error)(
                f"{owner}: {self.name}={value!r} cannot be used\n"
                f"  why: {self.name} is {self.need}\n"
                f"  fix: write for example {self.name}={self.example!r}"
            ) from None

    def convert(self, value: object) -> T:
        """Raise a TypeError for what is not of this kind, a ValueError for what is out of range."""
        raise NotImplementedError


class Number(Option[float]):
    """A real number within bounds; `need` says in words what `within` accepts."""

    def __init__(
        self,
        example: float,
        need: str = "a finite number of at least 0",
        within: Callable[[float], bool] = lambda number: 0.0 <= number < math.inf,
    ) -> None:
        self.example, self.need, self.within = example, need, within

    def convert(self, value: object) -> float:
        """Make it a Python float: a NumPy float64 would widen float32 arithmetic."""
        number = real(value)
        if not self.within(number):  # every comparison with nan is False
            raise ValueError
        return number


class Fractions(Option[tuple[float, float]]):
    """A pair of numbers, each of at least 0 and below 1."""

    need = "a pair of numbers, each of at least 0 and below 1"

    def __init__(self, example: tuple[float, float]) -> None:
        self.example = example

    def convert(self, value: object) -> tuple[float, float]:
        """Accept a list as well: that is what JSON makes of a tuple."""
        if not isinstance(value, (tuple, list)):
            raise TypeError
        pair = tuple(real(part) for part in value)
        if len(pair) != 2 or not all(0.0 <= part < 1.0 for part in pair):
            raise ValueError
        return pair[0], pair[1]


class Count(Option[int]):
    """A whole number of at least 1."""

    need = "a whole number of at least 1"

    def __init__(self, example: int) -> None:
        self.example = example

    def convert(self, value: object) -> int:
        """Accept NumPy integers, not 3.0 and not True."""
        number = whole(value)
        if number < 1:
            raise ValueError
        return number


class Switch(Option[bool]):
    """True or False."""

    need = "True or False"
    example = True

    def convert(self, value: object) -> bool:
        """Accept nothing that is merely truthy: "no" would be."""
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError
        return bool(value)


def real(value: object) -> float:
    """Return a real number as a Python float; raise TypeError for anything else, True included."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError
    return float(value)


def whole(value: object) -> int:
    """Return a whole number as a Python int; raise TypeError for anything else, True included."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError
    return int(value)


def options_of(kind: type) -> dict[str, Option[Any]]:
    """List the options that a class and its bases declare, those of the bases first."""
    return {
        name: option
        for base in reversed(kind.__mro__)
        for name, option in vars(base).items()
        if isinstance(option, Option)
    }


def checked_options(kind: type, given: Mapping[str, Any], faults: list[str]) -> dict[str, Any]:
    """Check loaded options of a class against its declarations; add what is wrong to `faults`."""
    declared = options_of(kind)
    faults.extend(f"option {name!r} is missing" for name in declared if name not in given)
    faults.extend(f"option {name!r} is unknown" for name in given if name not in declared)
    values = {}
    for name, option in declared.items():
        if name in given:
            try:
                values[name] = option.checked(given[name], kind.__name__)
            except (TypeError, ValueError):
                faults.append(f"option {name}={given[name]!r}: it must be {option.need}")
    return values


def refuse(owner: str, faults: list[str]) -> None:
    """Raise one ValueError that names every fault of a loaded state, if there is any."""
    if faults:
        raise ValueError(
            f"{owner}: this state does not fit ({len(faults)} mismatch"
            f"{'es' if len(faults) > 1 else ''}); nothing was loaded\n"
            + "".join(f"  where: {fault}\n" for fault in faults)
            + "  why: a state fits only the class and the parameters that it was saved from\n"
            f"  fix: make the {owner} as it was made when the state was saved, then load"
        )
