"""A parser whose errors are one line, and how it is told of an option. Imports the files above."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from .option import Option, flag, shortened
from .refusal import LONGEST, Refused, printable


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        raise Refused(f"{shortened(printable(message), LONGEST)}; see {self.prog} --help")


def add_option(
    command: argparse.ArgumentParser, name: str, option: Option, default: Any, shown: Any = None
) -> None:
    """Declare an option, with its default in the help."""
    help = f"{option.help} (default: {default if shown is None else shown})"
    if option.kind is bool:
        command.add_argument(flag(name), action="store_true", default=default, help=help)
        return
    metavars = {int: "N", float: "X", str: "|".join(option.choices) or "TEXT"}
    command.add_argument(
        flag(name),
        type=parsed_by(option),
        metavar=option.metavar or metavars[option.kind],
        default=default,
        help=help,
    )


def parsed_by(option: Option) -> Callable[[str], Any]:
    """Return what argparse wants as a type."""

    def parsed(text: str) -> Any:
        try:
            return option.parsed(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parsed


def add_quiet(command: argparse.ArgumentParser) -> None:
    """Declare how much is printed, and for whom."""
    one_of = command.add_mutually_exclusive_group()
    one_of.add_argument("--quiet", action="store_true", help="print errors only")
    add_json(one_of)


def add_json(command: Any) -> None:
    """Declare ``--json``."""
    command.add_argument(
        "--json", action="store_true", help="print for programs: one JSON object a line"
    )
