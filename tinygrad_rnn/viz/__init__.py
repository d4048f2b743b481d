"""Looking at graphs, never changing them: drawings, text, and the page that steps through."""

from . import plots
from .coloured_text import ColouredText
from .dot import draw
from .snapshot import Edge, NodeRecord, Snapshot, snapshot
from .stepper import stepper
from .text import tree

__all__ = [
    "ColouredText",
    "Edge",
    "NodeRecord",
    "Snapshot",
    "draw",
    "plots",
    "snapshot",
    "stepper",
    "tree",
]
