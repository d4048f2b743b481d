"""What ``tinygrad-rnn plot`` takes. Imports the file above."""

from __future__ import annotations

import argparse

from .one_line_parser import OneLineParser, add_option, add_quiet
from .option import Option, whole_number

START = whole_number("the first character to read", 0)
LAYER = whole_number("which layer, 0 the lowest", 0)
UNIT = whole_number("which unit of the layer", 0)
WEIGHT = Option("which weight", "a name", str, lambda _: True, metavar="NAME")
MEASURE = Option(
    "what of ∂h_t/∂h_k",
    "one of norms, spectral_radius",
    str,
    lambda word: word in ("norms", "spectral_radius"),
    ("norms", "spectral_radius"),
)

# What each shows, how many characters it reads if not told, and the most: a picture of T steps has
# T² parts in two of them.
PLOTS = {
    "flow": ("what of the last character's loss arrives at each state", 50, 5_000),
    "ledger": ("each step's part of a weight's gradient, by loss and use", 50, 200),
    "jacobian": ("how much each state depends on every earlier one", 30, 100),
    "gates": ("how far the gates are open while a text is read", 80, 5_000),
    "neuron": ("a text, coloured by what one unit does while reading it", 1_000, 100_000),
    "curve": ("how the training has gone, from the curve beside the checkpoint", 0, 0),
}


def add_plot(command: argparse.ArgumentParser) -> None:
    """Declare the plots, and what each takes."""
    kinds = command.add_subparsers(
        dest="plot", metavar="PLOT", required=True, parser_class=OneLineParser
    )
    for name, (help, length, most) in PLOTS.items():
        kind = kinds.add_parser(name, help=help, description=help + ".", allow_abbrev=False)
        kind.add_argument(
            "checkpoint", metavar="CKPT", help="the folder of a run, or its checkpoint"
        )
        if most:
            add_text(kind, length, most)
        if name == "ledger":
            add_option(kind, "weight", WEIGHT, None, "the recurrent weight of the highest layer")
        if name == "jacobian":
            add_option(kind, "measure", MEASURE, "norms")
        if name in ("gates", "neuron"):
            add_option(kind, "layer", LAYER, -1, "the highest")
        if name == "neuron":
            add_option(kind, "unit", UNIT, None, "the one that varies most")
        default = "neuron.html" if name == "neuron" else f"{name}.png"
        kind.add_argument(
            "-o",
            "--out",
            metavar="FILE",
            help=f"what to write: .png, .svg or .html (default: {default})",
        )
        add_quiet(kind)


def add_text(kind: argparse.ArgumentParser, length: int, most: int) -> None:
    """Declare the text that is read, and how much of it."""
    kind.add_argument(
        "text",
        nargs="?",
        metavar="TEXT",
        help="the text to read, or the name of a file in UTF-8 (default: the text of the run)",
    )
    count = Option(
        "how many characters to read",
        f"a whole number from 2 to {most}",
        int,
        lambda n: bool(2 <= n <= most),
    )
    add_option(kind, "start", START, 0)
    add_option(kind, "length", count, length)
