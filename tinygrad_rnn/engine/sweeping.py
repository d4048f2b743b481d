"""How a sweep is begun: from what gradient, and whether somebody watches it. Imports the sweep."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import recording
from .backward import Sweep
from .graph import Node
from .messages import needs_gradient, wrong_seed


def sweep_from(
    root: Node, gradient: Any, *, create_graph: bool, retain: bool, sources: Any = None
) -> Sweep:
    """Sweep back from a node, watched inside `debug`; see `Sweep`."""
    watcher = recording.current.get().mode.watcher
    sweep = Sweep if watcher is None else watcher.sweep
    return sweep(root, gradient, create_graph=create_graph, retain=retain, sources=sources)


def starting_gradient(root: Node, gradient: Any, create_graph: bool) -> Any:
    """Return the gradient that a sweep starts from, checked against the root's shape."""
    if gradient is None:
        if isinstance(root.data, np.generic):
            return type(root.data)(1)
        if root.data.size != 1:
            raise needs_gradient(root)
        return np.ones(root.data.shape, root.data.dtype)[()]
    if not isinstance(gradient, Node):
        gradient = np.asarray(gradient, root.data.dtype)[()]
    elif not create_graph:
        gradient = gradient.data
    if gradient.shape != root.data.shape:
        raise wrong_seed(root, gradient)
    return gradient
