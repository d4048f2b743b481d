"""Describes `ops.softmax` and `ops.losses`. Imports them, and `compose`."""

from __future__ import annotations

from ..losses import binary_cross_entropy_with_logits, mse
from ..softmax import log_softmax, one_hot, softmax, softmax_cross_entropy
from .compose import NO_ENTRY, describe

describe(
    softmax,
    """
    Positive numbers that sum to 1, in the ratios of the exponentials. Stable at any x.

    >>> tg.softmax(np.array([0.0, 0.0, 1000.0]))
    array([0., 0., 1.])
    """,
    x="Any shape, with an entry at least.",
    axis="The axis along which they sum to 1.",
    returns="Of the shape of x.",
    raises=NO_ENTRY,
)
describe(
    log_softmax,
    """
    Logarithm of softmax, exact also where softmax is 0.

    >>> tg.log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """,
    x="Any shape, with an entry at least.",
    axis="The axis along which the exponentials sum to 1.",
    returns="Of the shape of x.",
    raises=NO_ENTRY,
)
describe(
    softmax_cross_entropy,
    """
    The loss of classification, in nats, from logits: no softmax before it.

    >>> tg.softmax_cross_entropy(np.array([[2.0, 0.0], [0.0, 0.0]]), [0, 1]).round(4)
    np.float64(0.41)
    """,
    logits="(…, V), one number for each class.",
    targets="Class ids of shape (…), from 0 to V − 1, or probabilities of shape (…, V).",
    ignore_index="The id of rows that do not count: padding.",
    returns="A single number; of shape (…) with 'none'.",
    raises={
        "ValueError": "If the shapes do not fit, or no row counts.",
        "IndexError": "If an id names no class.",
    },
)
describe(
    binary_cross_entropy_with_logits,
    """
    The loss of a yes or no, from logits: no sigmoid before it. Written so that it neither
    overflows nor cancels.

    >>> tg.binary_cross_entropy_with_logits(np.array([0.0, 800.0]), np.array([1.0, 1.0])).round(4)
    np.float64(0.3466)
    """,
    logits="Any shape.",
    targets="Probabilities, of the same shape, or one for all.",
    returns="A single number; of the shape of the logits with 'none'.",
    raises={"ValueError": "If the shapes differ."},
)
describe(
    mse,
    """
    Squared error.

    >>> tg.mse(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(2.0)
    """,
    prediction="Any shape.",
    target="Of the same shape, or one number for all.",
    returns="A single number; of the shape of the prediction with 'none'.",
    raises={"ValueError": "If the shapes differ: they are not broadcast."},
)
describe(
    one_hot,
    """
    A row of zeros with a single 1 for each id.

    >>> tg.one_hot(np.array([1, 0]), np.zeros((2, 3)))
    array([[0., 1., 0.],
           [1., 0., 0.]])
    """,
    ids="From 0 to V − 1.",
    like="(…, V): the shape and dtype of the result.",
    ignore_index="The id of rows that stay zero.",
    returns="(…, V).",
    raises={"IndexError": "If an id names no place."},
)
