"""Describes `ops.reduction`: sums, means and extremes over axes. Imports it, and `compose`."""

from __future__ import annotations

from ..reduction import cumsum, logsumexp, max, mean, min, prod, sum, var
from .compose import NO_AXIS, NO_ENTRY, REDUCED, describe

describe(
    sum,
    """
    Sum of the entries.

    >>> tg.sum(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([4., 6.])
    """,
    x="Any shape.",
    returns=REDUCED,
    raises=NO_AXIS,
)
describe(
    mean,
    """
    Average of the entries.

    >>> tg.mean(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([2., 3.])
    """,
    x="Any shape.",
    returns=REDUCED,
    raises=NO_AXIS,
)
describe(
    max,
    """
    Largest entry. Where several are largest, they share the gradient in equal parts.

    >>> tg.max(np.array([[1.0, 5.0], [7.0, 2.0]]), axis=0)
    array([7., 5.])
    """,
    x="Any shape, with an entry at least.",
    returns=REDUCED,
    raises=NO_ENTRY,
)
describe(
    min,
    """
    Smallest entry. Where several are smallest, they share the gradient in equal parts.

    >>> tg.min(np.array([[1.0, 5.0], [7.0, 2.0]]), axis=0)
    array([1., 2.])
    """,
    x="Any shape, with an entry at least.",
    returns=REDUCED,
    raises=NO_ENTRY,
)
describe(
    prod,
    """
    Product of the entries. Zeros among them are no trouble for the gradient.

    >>> tg.prod(np.array([[1.0, 2.0], [3.0, 4.0]]), axis=0)
    array([3., 8.])
    """,
    x="Any shape.",
    returns=REDUCED,
    raises=NO_AXIS,
)
describe(
    var,
    """
    Variance: over all entries with ddof = 0, of a sample with ddof = 1.

    >>> tg.var(np.array([1.0, 2.0, 3.0]))
    np.float64(0.6666666666666666)
    """,
    x="Any shape.",
    ddof="What is taken off the number of entries in the denominator.",
    returns=REDUCED,
    raises=NO_AXIS,
)
describe(
    logsumexp,
    """
    Logarithm of the sum of the exponentials, without forming one that overflows.

    >>> tg.logsumexp(np.array([1000.0, 1000.0])).round(4)
    np.float64(1000.6931)
    """,
    x="Any shape; of no entry it is -inf.",
    returns=REDUCED,
    raises=NO_AXIS,
)
describe(
    cumsum,
    """
    Sum of the entries up to each place.

    >>> tg.cumsum(np.array([1.0, 2.0, 3.0]))
    array([1., 3., 6.])
    """,
    x="Any shape.",
    axis="The axis to sum along; the flattened array if left out.",
    returns="Of the shape of x; of one axis if it was flattened.",
    raises=NO_AXIS,
)
