"""Describes `ops.indexing`: entries by index. Imports it, and `compose`."""

from __future__ import annotations

from ..indexing import getitem, place, take
from .compose import OUTSIDE, describe

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
