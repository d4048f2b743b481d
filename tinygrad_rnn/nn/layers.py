"""Layers without time: Linear, Embedding, Dropout. Imports NumPy, the engine, ops, files above."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.errors import DtypeError, OutOfRangeError, explain
from ..engine.value import Value
from ..ops import dropout, linear, take
from ..ops.comparison import checked
from . import init
from .arguments import (
    Array,
    checked_dtype,
    checked_input,
    checked_probability,
    checked_sizes,
    place,
)
from .module import Module


class Linear(Module):
    """An affine map of the last axis: y = x Wᵀ + b.

    Parameters
    ----------
    in_features, out_features : int
        Lengths of the last axis of x and of y.
    bias : bool
        Whether b is added.
    generator : numpy.random.Generator, optional
        Where the first weights come from; a fresh one if left out.
    dtype : dtype
        Of the parameters and of x: float64 or float32.

    Attributes
    ----------
    weight : Value, shape (out_features, in_features)
    bias : Value, shape (out_features,), or None

    Raises
    ------
    ValueError
        For a size that is no whole number above zero; on a call, if x has another last axis.
    TypeError
        For another dtype than float32 and float64, or a generator that is none.

    Notes
    -----
    First values are PyTorch's: uniform between ±1/√in_features.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> head = tg.nn.Linear(3, 2, generator=np.random.default_rng(0))
    >>> head(np.ones((5, 4, 3))).shape
    (5, 4, 2)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        generator: np.random.Generator | None = None,
        dtype: Any = np.float64,
    ) -> None:
        checked_sizes("Linear", in_features=in_features, out_features=out_features)
        self.in_features = in_features
        self.out_features = out_features
        self.dtype = checked_dtype(dtype)
        generator = init.as_generator(generator)
        bound = 1 / math.sqrt(in_features)

        def first(*shape: int) -> Value:
            return Value(init.uniform(shape, bound, generator=generator, dtype=self.dtype))

        self.weight = first(out_features, in_features)
        self.bias = first(out_features) if bias else None

    def forward(self, x: Array) -> Value:
        """Map x of shape (..., in_features) to (..., out_features)."""
        x = checked_input("Linear", x, self.in_features, self.dtype, f"(..., {self.in_features})")
        weights = (self.weight,) if self.bias is None else (self.weight, self.bias)
        y: Value = linear(x, *weights)
        return y

    def extra_repr(self) -> str:
        """Give the sizes, in the order in which they are passed."""
        bias = ", bias=False" if self.bias is None else ""
        return f"{self.in_features}, {self.out_features}{bias}"


class Embedding(Module):
    """A row of numbers for every token.

    Parameters
    ----------
    num_embeddings : int
        Number of tokens, V.
    embedding_dim : int
        Length of a row, E.
    generator : numpy.random.Generator, optional
        Where the first weights come from; a fresh one if left out.
    dtype : dtype
        Of the parameters: float64 or float32.

    Attributes
    ----------
    weight : Value, shape (num_embeddings, embedding_dim)

    Raises
    ------
    ValueError
        For a size that is no whole number above zero.
    TypeError
        For another dtype than float32 and float64, or a generator that is none.
    IndexError
        On a call, if an id names no row.

    Notes
    -----
    First values are PyTorch's: normal, of mean 0 and standard deviation 1. Looking a row up is the
    product of a one-hot row with `weight`, without its multiplications by zero.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> embedding = tg.nn.Embedding(65, 8, generator=np.random.default_rng(0))
    >>> embedding(np.array([[3, 1], [4, 1]])).shape
    (2, 2, 8)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        generator: np.random.Generator | None = None,
        dtype: Any = np.float64,
    ) -> None:
        checked_sizes("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.dtype = checked_dtype(dtype)
        shape = (num_embeddings, embedding_dim)
        generator = init.as_generator(generator)
        self.weight = Value(init.normal(shape, 1.0, generator=generator, dtype=self.dtype))

    def forward(self, ids: Any) -> Value:
        """Look up integer ids of any shape: (...) becomes (..., embedding_dim).

        Raises
        ------
        TypeError
            If the ids are not integers.
        IndexError
            If an id is below 0 or not below num_embeddings.
        """
        ids = ids if isinstance(ids, Value) else np.asarray(ids)
        if ids.dtype.kind not in "iu":
            raise DtypeError(
                explain(
                    f"Embedding: ids hold {ids.dtype}",
                    where=place("Embedding"),
                    why="an id is the number of a row of weight",
                    fix="pass integers: ids.astype(int), or one_hot.argmax(axis=-1)",
                )
            )
        ids = checked(ids, check=self._check)
        rows: Value = take(self.weight, ids, axis=0)  # (..., E)
        return rows

    def _check(self, ids: np.ndarray) -> None:
        """Raise if an id is the number of no row."""
        V = self.num_embeddings
        if ids.size and (ids.min() < 0 or ids.max() >= V):
            wrong = tuple(np.argwhere((ids < 0) | (ids >= V))[0].tolist())
            raise OutOfRangeError(
                explain(
                    f"Embedding: id {ids[wrong]} at {wrong}",
                    where=place("Embedding"),
                    why=f"there are {V} rows, numbered 0 to {V - 1}",
                    fix="encode with the vocabulary that the module was built for",
                )
            )

    def extra_repr(self) -> str:
        """Give the sizes, in the order in which they are passed."""
        return f"{self.num_embeddings}, {self.embedding_dim}"


class Dropout(Module):
    """Set entries to zero with probability p while training, and scale the others by 1 / (1 − p).

    Parameters
    ----------
    p : float
        The probability, 0 ≤ p < 1.
    generator : numpy.random.Generator, optional
        Where the random numbers come from; a fresh one if left out.

    Raises
    ------
    ValueError
        If p is no such probability.
    TypeError
        If the generator is none.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> drop = tg.nn.Dropout(0.5, generator=np.random.default_rng(0))
    >>> np.unique(drop(np.ones(100)))
    array([0., 2.])
    >>> np.unique(drop.eval()(np.ones(100)))
    array([1.])
    """

    def __init__(self, p: float = 0.5, *, generator: np.random.Generator | None = None) -> None:
        self.p = checked_probability("Dropout", p)
        self.generator = init.as_generator(generator)

    def forward(self, x: Array) -> Array:
        """Drop entries of x (any shape); in `eval` mode return x as it is."""
        if not self.training or self.p == 0:
            return x
        return dropout(x, p=self.p, generator=self.generator)

    def extra_repr(self) -> str:
        """Name the probability."""
        return f"p={self.p}"
