"""The command line: which commands there are, which options they take. Imports files above."""

from __future__ import annotations

import argparse
import dataclasses
import math
from pathlib import Path

from .config import LEARNING_RATES, OPTIONS, Config
from .diagnose_arguments import add_diagnose
from .one_line_parser import OneLineParser, add_json, add_option, add_quiet
from .option import Option, whole_number
from .plot_arguments import add_plot

EXAMPLES = """\
examples:
  tinygrad-rnn train                            on the source code of this package, within a minute
  tinygrad-rnn train book.txt --steps 3000 --out runs/book
  tinygrad-rnn train --resume runs/book --steps 6000
  tinygrad-rnn sample runs/book --prime "Once upon" --temperature 0.7
  tinygrad-rnn check
  tinygrad-rnn diagnose mine.py:gradients --cell lstm
  tinygrad-rnn draw --cell gru --steps 3 -o graph.svg
  tinygrad-rnn train book.txt --bptt 20,40 --out runs/truncated
  tinygrad-rnn plot neuron runs/book "Once upon a time" -o neuron.html
"""

RATES = ", ".join(f"{rate:g} for {optimizer}" for optimizer, rate in LEARNING_RATES.items())

PRIME = Option("how the text begins", "a text", str, lambda _: True)
LENGTH = whole_number("characters to write", 0)
TEMPERATURE = Option(
    "below 1 the likely becomes likelier, 0 takes the likeliest",
    "a number of at least 0",
    float,
    lambda x: 0 <= x < math.inf,
)
TOP_K = whole_number("choose among the K likeliest only", 1)
STEPS = whole_number("time steps", 1)
DEPTH = whole_number(
    "draw what lies in so many boxes, or more, as one node: 1 a whole net, 2 a layer, 3 a step", 1
)
SEED = whole_number("the same seed writes the same text", 0, most=30)


def parser(version: str) -> argparse.ArgumentParser:
    """Build the parser of ``tinygrad-rnn``.

    Parameters
    ----------
    version : str
        What ``--version`` prints.
    """
    top = OneLineParser(
        prog="tinygrad-rnn",
        description="Train recurrent nets on a text, let them write, see and check gradients.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"tinygrad-rnn {version}")
    commands = top.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=OneLineParser
    )
    for name, add, help in (
        ("train", add_train, "learn a text, character by character"),
        ("sample", add_sample, "let a trained model write"),
        ("check", add_check, "hold all derivatives of the layers against two other witnesses"),
        ("diagnose", add_diagnose, "say what is wrong with a derivative that was written by hand"),
        ("draw", add_draw, "draw the graph of a small net, with all values and gradients"),
        ("plot", add_plot, "plot what happens through time in a trained net"),
    ):
        add(commands.add_parser(name, help=help, description=help + ".", allow_abbrev=False))
    return top


def add_train(command: argparse.ArgumentParser) -> None:
    """Declare what ``train`` takes: the options of a run, and where things come from and go."""
    command.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="a text in UTF-8 (default: the source code of this package; when resuming, the "
        "text of the run)",
    )
    for field in dataclasses.fields(Config):
        shown = {"lr": RATES, "bptt": "windows of --seq-length"}.get(field.name, field.default)
        add_option(command, field.name, OPTIONS[field.name], argparse.SUPPRESS, shown)
    command.add_argument(
        "--out",
        metavar="DIR",
        help="where the checkpoint and the curve go (default: a fresh folder in runs/; when "
        "resuming, the folder of the run)",
    )
    command.add_argument(
        "--resume",
        metavar="CKPT",
        help="go on with a run, its folder or its checkpoint, as if it had never stopped; all "
        "options are then its own, but for those of the training that are given anew",
    )
    add_quiet(command)


def add_sample(command: argparse.ArgumentParser) -> None:
    """Declare what ``sample`` takes."""
    command.add_argument(
        "checkpoint", metavar="CKPT", help="the folder of a run, or its checkpoint"
    )
    add_option(command, "prime", PRIME, "", "a new line")
    add_option(command, "length", LENGTH, 500)
    add_option(command, "temperature", TEMPERATURE, 1.0)
    add_option(command, "top_k", TOP_K, None, "choose among all")
    add_option(command, "seed", SEED, None, "another text each time")
    add_json(command)


def add_check(command: argparse.ArgumentParser) -> None:
    """Declare what ``check`` takes."""
    add_option(command, "cell", OPTIONS["cell"], None, "all of them")
    add_option(command, "seed", OPTIONS["seed"], 0)
    add_quiet(command)


def add_draw(command: argparse.ArgumentParser) -> None:
    """Declare what ``draw`` takes."""
    add_option(command, "cell", OPTIONS["cell"], "lstm")
    add_option(command, "steps", STEPS, 3)
    add_option(command, "hidden", OPTIONS["hidden"], 2)
    add_option(command, "layers", OPTIONS["layers"], 1)
    command.add_argument("--bidirectional", action="store_true", help="also run from the end")
    command.add_argument("--rolled", action="store_true", help="draw each op once for all steps")
    add_option(command, "depth", DEPTH, None, "draw every op")
    add_option(command, "seed", OPTIONS["seed"], 0)
    command.add_argument(
        "-o",
        "--out",
        metavar="FILE",
        type=Path,
        default=Path("graph.svg"),
        help="what to write: .svg, .png, .html, or .dot, which needs no program that lays it out "
        "(default: graph.svg)",
    )
    add_quiet(command)
