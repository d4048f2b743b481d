"""Escaping: foreign words as text that means nothing but itself. Imports the standard library only.

A Value may have any name. Each way out of this room has one function here, and all that a picture
says goes through it.
"""

from __future__ import annotations

import html
from typing import Any

LONGEST = 64  # characters of a name, formula or setting
UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # for what a terminal would obey and XML does not know


def printable(x: Any) -> str:
    r"""Write something for a terminal, in one line that is not endlessly long.

    Examples
    --------
    >>> printable("a\x1b[2J\nb")
    'a�[2J�b'
    """
    words = str(x)
    if len(words) > LONGEST:
        words = words[: LONGEST - 1] + "…"
    return "".join(c if c.isprintable() else UNKNOWN for c in words)


def in_label(x: Any) -> str:
    r"""Write something for a label in Graphviz' HTML-like text, where a backslash is a command.

    Examples
    --------
    >>> print(in_label('"}; <script> \\G'))
    &quot;}; &lt;script&gt; \\G
    """
    return html.escape(printable(x)).replace("\\", r"\\")


def in_tooltip(x: Any) -> str:
    """Write something for a tooltip, whose commands Graphviz obeys twice."""
    return html.escape(printable(x)).replace("\\", r"\\\\")
