"""First values of parameters, as arrays. Imports NumPy and the engine's errors only.

Each function takes an explicit generator: the same generator in the same state gives the same
numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import DtypeError, ShapeError, explain


def as_generator(generator: np.random.Generator | None) -> np.random.Generator:
    """Return the generator; for None a fresh one that differs at every call.

    There is no hidden seed: two layers made with the same one would start with equal weights.

    Parameters
    ----------
    generator : numpy.random.Generator or None
        Pass one generator to all modules of a model to make its weights repeatable.

    Returns
    -------
    numpy.random.Generator
        The one that was passed, or a new one.

    Raises
    ------
    TypeError
        If it is something else, such as a seed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> as_generator(rng) is rng, as_generator(None) is as_generator(None)
    (True, False)
    """
    if generator is None:
        return np.random.default_rng()
    if not isinstance(generator, np.random.Generator):
        raise DtypeError(
            explain(
                f"generator={generator!r}",
                why="modules draw one after the other from one generator;"
                " with a seed each, layers of the same shape would be equal",
                fix="pass generator=np.random.default_rng(seed), the same to all modules",
            )
        )
    return generator


def uniform(
    shape: tuple[int, ...], bound: float, *, generator: np.random.Generator, dtype: Any = np.float64
) -> np.ndarray:
    """Draw from −bound to bound, each number as likely as the others.

    Parameters
    ----------
    shape : tuple of int
        The shape of the result.
    bound : float
        PyTorch's default for recurrent layers is 1/√H, for linear ones 1/√(inputs).
    generator : numpy.random.Generator
        Where the random numbers come from.
    dtype : dtype
        Of the result.

    Returns
    -------
    numpy.ndarray
        Of that shape and dtype.

    Raises
    ------
    ValueError
        If a length is negative.
    OverflowError
        If the bound is infinite.

    Examples
    --------
    >>> w = uniform((2, 3), 0.5, generator=np.random.default_rng(0))
    >>> w.shape, bool(abs(w).max() <= 0.5)
    ((2, 3), True)
    """
    return generator.uniform(-bound, bound, shape).astype(dtype)


def normal(
    shape: tuple[int, ...], scale: float, *, generator: np.random.Generator, dtype: Any = np.float64
) -> np.ndarray:
    """Draw from the normal distribution of mean 0 and standard deviation `scale`.

    Parameters
    ----------
    shape : tuple of int
        The shape of the result.
    scale : float
        The standard deviation.
    generator : numpy.random.Generator
        Where the random numbers come from.
    dtype : dtype
        Of the result.

    Returns
    -------
    numpy.ndarray
        Of that shape and dtype.

    Raises
    ------
    ValueError
        If a length or the scale is negative.

    Examples
    --------
    >>> w = normal((200, 50), 0.5, generator=np.random.default_rng(0))
    >>> w.shape, float(w.std().round(2))
    ((200, 50), 0.5)
    """
    return generator.normal(0.0, scale, shape).astype(dtype)


def orthogonal(
    shape: tuple[int, int],
    *,
    gain: float = 1.0,
    generator: np.random.Generator,
    dtype: Any = np.float64,
) -> np.ndarray:
    """Draw a matrix whose rows (or columns, if there are fewer) are orthogonal, of length `gain`.

    A recurrent weight of this kind neither shrinks nor stretches the state, so that gradients
    keep their length over many steps until the gates and the nonlinearity have their say.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    gain : float
        The length of the rows or columns: every singular value.
    generator : numpy.random.Generator
        Where the random numbers come from.
    dtype : dtype
        Of the result.

    Returns
    -------
    numpy.ndarray
        Of that shape and dtype.

    Raises
    ------
    ValueError
        If the shape has not two axes.

    Notes
    -----
    Uniform among all such matrices (Haar): QR of a normal matrix, columns of Q multiplied by the
    signs of R's diagonal (F. Mezzadri, "How to generate random matrices from the classical
    compact groups", 2007). For recurrent nets: A. Saxe et al., "Exact solutions to the nonlinear
    dynamics of learning in deep linear neural networks", 2014.

    Examples
    --------
    >>> q = orthogonal((3, 3), generator=np.random.default_rng(0))
    >>> np.allclose(q @ q.T, np.eye(3))
    True
    """
    if len(shape) != 2:
        raise ShapeError(
            explain(
                f"orthogonal of shape {shape}",
                why="rows and columns are orthogonal to each other, so there must be both",
                fix="pass (rows, columns)",
            )
        )
    rows, columns = shape
    tall = generator.normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q *= gain * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return (q if rows >= columns else q.T).astype(dtype)
