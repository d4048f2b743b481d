"""Taking arrays apart: `split` and `unstack`, whose parts are ordinary indexing nodes.

Imports NumPy, the engine and ops above it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ..engine.doors import numpy_door
from ..engine.value import apply
from .indexing import getitem


@numpy_door(np.split)
def split(x, indices_or_sections, axis=0):
    """Cut into parts along `axis`: into equal sections, or before the given places.

    Each part is an ordinary indexing node; their gradients meet in one buffer.
    """
    whole = isinstance(indices_or_sections, (int, np.integer))
    parts = int(indices_or_sections) if whole else tuple(map(int, indices_or_sections))
    axis = normalize_axis_index(axis, x.ndim)
    return [apply(getitem.rule, (x,), cut) for cut in cuts(x.shape[axis], parts, axis)]


@lru_cache
def cuts(length, parts, axis):
    """Return the indices of so many equal parts of an axis, or of those between given places."""
    if isinstance(parts, int):
        if parts < 0 or length % parts:
            raise ValueError(f"split: an axis of length {length} has no {parts} equal sections")
        parts = [length // parts * i for i in range(1, parts)]
    before = (slice(None),) * axis
    ends = zip([0, *parts], [*parts, length], strict=True)
    return [{"index": (*before, slice(start, end))} for start, end in ends]


def unstack(x, axis=0):
    """Take the slices along `axis` apart: the inverse of `stack`, a tuple of indexing nodes."""
    before = (slice(None),) * normalize_axis_index(axis, x.ndim)
    return tuple(x[(*before, i)] for i in range(x.shape[axis]))
