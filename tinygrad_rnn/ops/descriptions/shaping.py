"""Describes `ops.shaping`: the same entries in another shape. Imports it, and `compose`."""

from __future__ import annotations

from ..shaping import (
    astype,
    broadcast_to,
    concatenate,
    expand_dims,
    flip,
    moveaxis,
    pad,
    ravel,
    reshape,
    squeeze,
    stack,
    swapaxes,
    transpose,
)
from .compose import NO_AXIS, describe

describe(
    astype,
    """
    The numbers in another float dtype; the gradient comes back in the first one.

    >>> tg.astype(np.array([0.5]), dtype=np.float32)
    array([0.5], dtype=float32)
    """,
    x="Any shape.",
    dtype="float32 or float64.",
    returns="Of the shape of x.",
    raises={"TypeError": "If the dtype is unknown."},
)
describe(
    reshape,
    """
    The same entries in another shape, in the same order.

    >>> tg.reshape(np.arange(4.0), (2, 2))
    array([[0., 1.],
           [2., 3.]])
    """,
    x="Any shape.",
    shape="The new shape, with as many entries; one length may be −1: what is left.",
    returns="Of that shape.",
    raises={"ValueError": "If the numbers of entries differ."},
)
describe(
    ravel,
    """
    All entries in one axis.

    >>> tg.ravel(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([1., 2., 3., 4.])
    """,
    x="Any shape.",
    returns="Of shape (n,).",
)
describe(
    transpose,
    """
    The axes in another order; in reverse if none is given.

    >>> tg.transpose(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[1., 3.],
           [2., 4.]])
    """,
    x="Any shape.",
    axes="The axes of x in their new order.",
    returns="Of the shape of x, reordered.",
    raises={"ValueError": "If the axes are no reordering."},
)
describe(
    swapaxes,
    """
    Two axes exchanged.

    >>> tg.swapaxes(np.zeros((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """,
    x="Any shape.",
    axis1="One axis.",
    axis2="The other.",
    returns="Of the shape of x, with two lengths exchanged.",
    raises=NO_AXIS,
)
describe(
    moveaxis,
    """
    Some axes at new places; the others keep their order.

    >>> tg.moveaxis(np.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """,
    x="Any shape.",
    source="Which axes to move.",
    destination="Their places in the result.",
    returns="Of the shape of x, reordered.",
    raises={"ValueError": "If there is no such axis, or there are more axes than places."},
)
describe(
    expand_dims,
    """
    Axes of length 1 put in.

    >>> tg.expand_dims(np.array([1.0, 2.0]), 1)
    array([[1.],
           [2.]])
    """,
    x="Any shape.",
    axis="Their places in the result.",
    returns="Of the shape of x with ones put in.",
    raises={"ValueError": "If a place is beyond the result."},
)
describe(
    squeeze,
    """
    Axes of length 1 dropped: all of them, or the given ones.

    >>> tg.squeeze(np.array([[1.0, 2.0]]))
    array([1., 2.])
    """,
    x="Any shape.",
    axis="Which axes to drop; every one of length 1 if left out.",
    returns="Of the shape of x without them.",
    raises={"ValueError": "If such an axis is missing or longer than 1."},
)
describe(
    broadcast_to,
    """
    The entries repeated along axes of length 1, and along new axes in front.

    >>> tg.broadcast_to(np.array([1.0, 2.0]), (2, 2))
    array([[1., 2.],
           [1., 2.]])
    """,
    x="A shape that broadcasts to the new one.",
    shape="The new shape.",
    returns="Of that shape.",
    raises={"ValueError": "If x does not broadcast to it."},
)
describe(
    flip,
    """
    The entries in reverse order.

    >>> tg.flip(np.array([1.0, 2.0, 3.0]))
    array([3., 2., 1.])
    """,
    x="Any shape.",
    axis="The axes to turn round; all if left out.",
    returns="Of the shape of x.",
    raises=NO_AXIS,
)
describe(
    concatenate,
    """
    Arrays joined one after the other; takes a list: ``concatenate([a, b])``.

    >>> tg.concatenate([np.array([1.0]), np.array([2.0, 3.0])])
    array([1., 2., 3.])
    """,
    arrays="Of one shape, but along the axis.",
    axis="The axis to join along; None: all flattened.",
    returns="Of their shape, but as long along the axis as all together.",
    raises={"ValueError": "If the other lengths differ, or there is nothing to join."},
)
describe(
    stack,
    """
    Arrays joined along a new axis; takes a list: ``stack([a, b])``.

    >>> tg.stack([np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    array([[1., 2.],
           [3., 4.]])
    """,
    arrays="Of one shape.",
    axis="The place of the new axis.",
    returns="Of that shape, with the number of arrays put in at the axis.",
    raises={"ValueError": "If the shapes differ, or there is nothing to join."},
)
describe(
    pad,
    """
    A constant margin around x.

    >>> tg.pad(np.array([1.0, 2.0]), (1, 2))
    array([0., 1., 2., 0., 0.])
    """,
    x="Any shape.",
    pad_width="How much to add before and behind.",
    mode="'constant', the only one with a derivative here.",
    constant_values="What the margin holds.",
    returns="Of the shape of x and its margin.",
    raises={"ValueError": "For another mode, or widths that do not fit."},
)
