"""Describes `ops.comparison`: functions whose derivative is zero. Imports it, and `compose`."""

from __future__ import annotations

from ..comparison import (
    argmax,
    argmin,
    argsort,
    ceil,
    equal,
    floor,
    greater,
    greater_equal,
    isfinite,
    isnan,
    less,
    less_equal,
    not_equal,
    ones_like,
    rint,
    sign,
    trunc,
    zeros_like,
)
from .compose import NO_AXIS, NO_ENTRY, describe

describe(
    equal,
    """
    Whether a and b are equal; also ``a == b``.

    >>> tg.equal(np.array([1.0, 2.0]), 2.0)
    array([False,  True])
    """,
)
describe(
    not_equal,
    """
    Whether a and b differ; also ``a != b``.

    >>> tg.not_equal(np.array([1.0, 2.0]), 2.0)
    array([ True, False])
    """,
)
describe(
    less,
    """
    Whether a is below b; also ``a < b``.

    >>> tg.less(np.array([1.0, 2.0]), 2.0)
    array([ True, False])
    """,
)
describe(
    less_equal,
    """
    Whether a is at most b; also ``a <= b``.

    >>> tg.less_equal(np.array([1.0, 2.0]), 2.0)
    array([ True,  True])
    """,
)
describe(
    greater,
    """
    Whether a is above b; also ``a > b``.

    >>> tg.greater(np.array([1.0, 2.0]), 1.0)
    array([False,  True])
    """,
)
describe(
    greater_equal,
    """
    Whether a is at least b; also ``a >= b``.

    >>> tg.greater_equal(np.array([1.0, 2.0]), 2.0)
    array([False,  True])
    """,
)
describe(
    sign,
    """
    −1, 0 or 1.

    >>> tg.sign(np.array([-3.0, 0.0, 2.0]))
    array([-1.,  0.,  1.])
    """,
)
describe(
    floor,
    """
    The next whole number below.

    >>> tg.floor(np.array([1.7, -1.2]))
    array([ 1., -2.])
    """,
)
describe(
    ceil,
    """
    The next whole number above.

    >>> tg.ceil(np.array([1.2, -1.7]))
    array([ 2., -1.])
    """,
)
describe(
    rint,
    """
    The nearest whole number; of two equally near the even one.

    >>> tg.rint(np.array([0.5, 1.5, 1.7]))
    array([0., 2., 2.])
    """,
)
describe(
    trunc,
    """
    The whole part, towards 0.

    >>> tg.trunc(np.array([1.7, -1.7]))
    array([ 1., -1.])
    """,
)
describe(
    isfinite,
    """
    Whether an entry is neither NaN nor infinite.

    >>> tg.isfinite(np.array([1.0, np.nan, np.inf]))
    array([ True, False, False])
    """,
)
describe(
    isnan,
    """
    Whether an entry is NaN.

    >>> tg.isnan(np.array([1.0, np.nan]))
    array([False,  True])
    """,
)
describe(
    zeros_like,
    """
    Zeros in the shape and dtype of x.

    >>> tg.zeros_like(np.array([1.0, 2.0]))
    array([0., 0.])
    """,
)
describe(
    ones_like,
    """
    Ones in the shape and dtype of x.

    >>> tg.ones_like(np.array([1.0, 2.0]))
    array([1., 1.])
    """,
)
describe(
    argmax,
    """
    Place of the largest entry; of equal ones the first.

    >>> tg.argmax(np.array([[1.0, 5.0], [7.0, 2.0]]), axis=1)
    array([1, 0])
    """,
    x="Any shape, with an entry at least.",
    axis="The axis to look along; the flattened array if left out.",
    returns="Whole numbers, of the shape of x without that axis.",
    raises=NO_ENTRY,
)
describe(
    argmin,
    """
    Place of the smallest entry; of equal ones the first.

    >>> tg.argmin(np.array([[1.0, 5.0], [7.0, 2.0]]), axis=1)
    array([0, 1])
    """,
    x="Any shape, with an entry at least.",
    axis="The axis to look along; the flattened array if left out.",
    returns="Whole numbers, of the shape of x without that axis.",
    raises=NO_ENTRY,
)
describe(
    argsort,
    """
    Places of the entries in ascending order.

    >>> tg.argsort(np.array([3.0, 1.0, 2.0]))
    array([1, 2, 0])
    """,
    x="Any shape.",
    axis="The axis to sort along.",
    returns="Whole numbers, of the shape of x.",
    raises=NO_AXIS,
)
