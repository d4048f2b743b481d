"""The page that steps through a graph: `stepper` writes it. Imports the files above.

The page is one HTML file that needs nothing beside it. Its parts lie in the folder ``page``.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import Any

from ..engine.errors import ShapeError, explain
from ..engine.graph import Node
from ..engine.messages import made_by
from .dot import TooLarge
from .escaping import printable
from .snapshot import snapshot
from .storyboard import Data, Storyboard
from .subject import graph_of

MOST_VALUES = 500
SCRIPTS = ("sheets.js", "equations.js", "graph.js", "panel.js", "player.js")


def stepper(
    loss: Node, path: str | PathLike[str], *, title: str | None = None, gradient: Any = None
) -> Path:
    """Write a page that steps through a graph: forward op by op, backward VJP by VJP.

    Parameters
    ----------
    loss : Value
        The result to begin the backward sweep at. The graph is not changed: no ``.grad`` is
        written or read.
    path : str or path
        The HTML file to write. It needs no other file and no network, and opens from disk.
    title : str, optional
        The page's heading.
    gradient : array_like, optional
        The gradient of `loss` to begin with, of its shape; 1 for a single number.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    TypeError
        If `loss` is not a Value.
    RuntimeError
        If it was not computed from anything.
    ValueError
        If its graph has more than `MOST_VALUES` Values, if it is not a single number and no
        gradient is given, or if the gradient does not fit.
    OSError
        If the file cannot be written.

    Notes
    -----
    The limit of 500 Values was chosen by what somebody can follow: that many are an LSTM of 33
    steps, and play for twenty minutes. It also keeps the page quick: the slowest graph known of
    that size, a chain in which every op uses the first Value again, is written in about two
    seconds and opens in one. Arrays of more than some thousand numbers are shown as means over
    blocks, so that the page stays below about ten megabytes.

    Examples
    --------
    >>> import tempfile, tinygrad_rnn as tg
    >>> a, b = tg.Value(2.0, name="a"), tg.Value(-3.0, name="b")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     page = stepper(a * b + a, f"{folder}/page.html")
    ...     page.stat().st_size > 10_000
    True
    """
    nodes = graph_of(loss)
    if len(nodes) > MOST_VALUES:
        raise too_large(loss, len(nodes))
    if gradient is None and loss.data.size != 1:
        raise needs_gradient(loss)
    heading = title if title is not None else f"Step by step: {printable(loss.name or 'the loss')}"
    page = page_of(Storyboard(snapshot(loss), gradient).data(heading))
    path = Path(path)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise type(error)(
            explain(
                f"the page cannot be written to {str(path)!r}",
                where="the argument path",
                why=error.strerror or str(error),
                fix="give the name of a file in a folder that exists and that you may write to",
            )
        ) from error
    return path


def page_of(data: Data) -> str:
    """Join the page's parts and its data into one HTML document."""
    folder = resources.files(__package__) / "page"
    style = (folder / "stepper.css").read_text(encoding="utf-8")
    script = "\n".join((folder / name).read_text(encoding="utf-8") for name in SCRIPTS)
    script = f'"use strict";\n(() => {{\n{script}\n}})();\n'
    parts = {
        "policy": f"default-src 'none'; style-src {source_hash(style)};"
        f" script-src {source_hash(script)}; base-uri 'none'; form-action 'none'",
        "title": html.escape(data["title"]),
        "style": style,
        "script": script,
        "data": as_script_data(data),
    }
    template = (folder / "stepper.html").read_text(encoding="utf-8")
    # In one pass, so that what a part says is never taken for a place to fill.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], template)


def source_hash(source: str) -> str:
    """Return how a Content-Security-Policy allows this inline source, and no other."""
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def as_script_data(data: Data) -> str:
    """Write JSON that can stand in a script element: nothing in it can end the element."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def too_large(loss: Node, count: int) -> TooLarge:
    """Word the error of a graph that nobody could step through."""
    return TooLarge(
        explain(
            f"a graph of {count:,} Values is too large to step through",
            where=made_by(loss),
            why=f"the limit is {MOST_VALUES:,}: a step for each takes many minutes to watch",
            fix="step through a few time steps and small sizes, which show the same;"
            " draw(loss, rolled=True) shows a graph of any length",
        )
    )


def needs_gradient(loss: Node) -> ShapeError:
    """Word the error of a result that is not a single number."""
    return ShapeError(
        explain(
            f"stepping back from an array of shape {loss.data.shape} without a gradient",
            where=made_by(loss),
            why="only a single number has the obvious starting gradient 1",
            fix="reduce it first, as in stepper(y.sum(), path), or pass gradient= of its shape",
        )
    )
