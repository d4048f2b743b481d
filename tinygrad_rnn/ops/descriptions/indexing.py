"""Describes `ops.indexing`: entries by index. Imports it, and `compose`."""

from __future__ import annotations

from ..indexing import getitem, place, take
from ..parts import split, unstack
from .compose import NO_AXIS, OUTSIDE, describe

describe(
    getitem,
    """
    Entries by index; also ``x[index]``. All of NumPy's indices are taken.

    >>> tg.getitem(np.array([[1.0, 2.0], [3.0, 4.0]]), (slice(None), 0))
    array([1., 3.])
    """,
    x="Any shape.",
    index="What stands between the brackets.",
    returns="Of the shape that NumPy gives it.",
    raises=OUTSIDE,
)
describe(
    unstack,
    """
    The slices along an axis, taken apart: the inverse of `stack`.

    >>> tg.unstack(np.array([[1.0, 2.0], [3.0, 4.0]]))
    (array([1., 2.]), array([3., 4.]))
    """,
    x="Any shape with that axis.",
    axis="The axis to take apart.",
    returns="A tuple of them, each of the shape of x without the axis.",
    raises=NO_AXIS,
)
describe(
    split,
    """
    Parts along an axis: equal sections, or cut before the given places. Their gradients meet in
    one buffer.

    >>> tg.split(np.arange(4.0), 2)
    [array([0., 1.]), array([2., 3.])]
    """,
    x="Any shape with that axis.",
    indices_or_sections="How many equal parts, or the places to cut before.",
    axis="The axis to cut along.",
    returns="A list of arrays, of the shape of x but shorter along the axis.",
    raises={"ValueError": "If the axis has no so many equal parts."},
)
describe(
    take,
    """
    Entries along an axis by number; a number may come twice.

    >>> tg.take(np.array([10.0, 20.0, 30.0]), np.array([2, 0]))
    array([30., 10.])
    """,
    x="Any shape.",
    indices="Of any shape; from −n to n − 1.",
    axis="The axis to pick along; the flattened array if left out.",
    returns="Of the shape of x, that of the indices in place of the axis.",
    raises={"IndexError": "If a number is outside the axis."},
)
describe(
    place,
    """
    The transpose of `getitem`: gradients put where their entries came from, and added up.

    >>> tg.place(np.array([1.0, 2.0]), indices=((slice(1, 3),),), shape=(4,))
    array([0., 1., 2., 0.])
    """,
    inputs="A gradient for each index, of the shape that it picks, and the index arrays.",
    indices="An index for each gradient.",
    shape="The shape of what was indexed.",
    returns="Of that shape.",
    raises={"IndexError": "If an index is outside the shape."},
)
