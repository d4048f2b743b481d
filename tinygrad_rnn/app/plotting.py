"""``tinygrad-rnn plot``: what happens through time in a trained net, as a picture in a file.

Imports data, pictures of the package, and the files above.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..viz import ColouredText, plots
from ..viz.axes import figure_axes
from ..viz.rendering import ending_of
from .atomic_write import write_atomically
from .checkpoint import checkpoint_file, read_checkpoint
from .curve import columns_of
from .curve_picture import picture
from .progress import Progress
from .reading import Reading
from .refusal import printable, refusing
from .run_folder import CURVE_NAME
from .source import open_source
from .trained import load

ENDINGS = ("png", "svg", "html")
GATE_NAMES = {
    "i": "input\ni",
    "f": "forget\nf",
    "o": "output\no",
    "r": "reset\nr",
    "z": "update\nz",
}


class Drawn(NamedTuple):
    """What a plot comes to.

    Attributes
    ----------
    ax : matplotlib.axes.Axes or None
    page : str
        What an HTML file holds, if it is not the picture.
    says : str
        What to tell besides.
    """

    ax: Any
    page: str = ""
    says: str = ""


def plot(arguments: Namespace) -> int:
    """Run the command; return its exit status.

    Raises
    ------
    Refused
        If the request cannot be met.
    """
    out = Path(
        arguments.out or f"{arguments.plot}.{'html' if arguments.plot == 'neuron' else 'png'}"
    )
    with refusing():
        ending = ending_of(out, ENDINGS, "a plot")
        drawn = PLOTS[arguments.plot](arguments, ending)
        content = drawn.page.encode() if drawn.page else picture(drawn.ax, ending)
        try:
            write_atomically(out, content)
        except OSError as error:
            raise OSError(
                error.errno, f"cannot write the plot: {error.strerror}", str(out)
            ) from error
    progress = Progress(arguments.quiet, arguments.json)
    progress.say(f"{drawn.says}wrote {out}")
    progress.event("drawn", file=str(out))
    return 0


def reading(arguments: Namespace, more: int = 0) -> tuple[Reading, str]:
    """Load the net, and let it read the text that was asked for, and `more` characters.

    Returns
    -------
    reading : Reading
    says : str
        A line about what it reads.
    """
    text, title = text_of(arguments)
    start, stop = arguments.start, arguments.start + arguments.length + more
    part = text[start:stop]
    if len(part) < 2 + more:
        raise ValueError(
            f"--start {start} leaves {len(part)} of the {len(text):,} characters of {title}, "
            f"and {arguments.plot} needs {2 + more}"
        )
    says = f"read {title}, {len(part):,} characters from {start:,} on\n"
    return Reading(load(arguments.checkpoint), part), says


def text_of(arguments: Namespace) -> tuple[str, str]:
    """Return the text: a file's, or the words that were given, or what the run has learned from."""
    given = arguments.text
    if given is None:
        text, source = open_source(read_checkpoint(arguments.checkpoint).source.path or None)
        return text, source.title
    if is_file_name(given):
        return open_source(given)[0], printable(given)
    return given, "the text given"


def is_file_name(given: str) -> bool:
    """Say whether somebody means a file: there is one, or it looks like its name and nothing else.

    Examples
    --------
    >>> is_file_name("missing.txt"), is_file_name("def f(x):"), is_file_name("The end.")
    (True, False, False)
    """
    try:
        if Path(given).exists():
            return True
    except (OSError, ValueError):  # too long for a name, or with a NUL
        return False
    return len(given.split()) == 1 and Path(given).suffix[1:].isalnum()


def draw_flow(arguments: Namespace, ending: str) -> Drawn:
    """Draw ‖∂L/∂h_t‖ for the loss of the last character, beside fresh nets."""
    ax = figure_axes(7.5, 5)
    read, says = reading(arguments, more=1)
    plots.flow(read.flow(), ax)
    ax.set_title("What of the last character's loss arrives at each state")
    return Drawn(ax, says=says)


def draw_ledger(arguments: Namespace, ending: str) -> Drawn:
    """Draw the parts of a weight's gradient, by loss and use."""
    ax = figure_axes(6.5, 5.5)
    read, says = reading(arguments, more=1)
    plots.ledger(read.account(arguments.weight or f"rnn.weight_hh_l{read.layers - 1}"), ax)
    return Drawn(ax, says=says)


def draw_jacobian(arguments: Namespace, ending: str) -> Drawn:
    """Draw the sizes of ∂h_t/∂h_k."""
    ax = figure_axes(6.5, 5.5)
    read, says = reading(arguments)
    plots.jacobian(read.jacobian(), ax, measure=arguments.measure)
    return Drawn(ax, says=says)


def draw_gates(arguments: Namespace, ending: str) -> Drawn:
    """Draw the gates of a layer."""
    ax = figure_axes(11, 6)
    read, says = reading(arguments)
    gates = {GATE_NAMES[name]: x for name, x in read.gates(arguments.layer).items()}
    plots.gates(gates, read.text, ax)
    return Drawn(ax, says=says)


def draw_neuron(arguments: Namespace, ending: str) -> Drawn:
    """Colour the text by what one unit did."""
    ax = None if ending == "html" else figure_axes(11, 6)
    read, says = reading(arguments)
    h = read.hidden(arguments.layer)  # (T, H)
    layer, unit = arguments.layer % read.layers, arguments.unit
    chosen = ""
    if unit is None:
        unit, chosen = int(np.argmax(h.std(axis=0))), ", which varies most"
    if unit >= h.shape[1]:
        raise ValueError(f"--unit {unit}: a layer has {h.shape[1]} units, numbered from 0")
    title = f"unit {unit} of layer {layer} of this {read.config.cell}, after {read.step:,} steps"
    says = f"{says}{title}{chosen}\n"
    if ax is None:
        return Drawn(None, ColouredText(read.text, h[:, unit], title).page(), says)
    plots.neuron(h[:, unit], read.text, ax).set_title(title)
    return Drawn(ax, says=says)


def draw_curve(arguments: Namespace, ending: str) -> Drawn:
    """Draw the curve that lies beside the checkpoint."""
    ax = figure_axes(7.5, 5)
    path = checkpoint_file(arguments.checkpoint).parent / CURVE_NAME
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such curve; the command train leaves one in its folder"
        )
    plots.curve(columns_of(path), ax)
    return Drawn(ax)


PLOTS: dict[str, Callable[[Namespace, str], Drawn]] = {
    "flow": draw_flow,
    "ledger": draw_ledger,
    "jacobian": draw_jacobian,
    "gates": draw_gates,
    "neuron": draw_neuron,
    "curve": draw_curve,
}
