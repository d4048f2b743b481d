"""BigramModel: the next character from the last one alone, the baseline that a net must beat.

Imports NumPy and `vocabulary`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .vocabulary import as_ids


class BigramModel:
    """Count which character follows which: P(b | a) = (count of ab + 1) / (count of a· + V).

    The one added to every count (Laplace's rule) keeps a pair that was never seen possible.
    Only pairs that occur are stored, so that a vocabulary of thousands needs little memory.

    Parameters
    ----------
    ids : array_like of int
        The text to count in, of shape (N,).
    vocabulary_size : int
        The number of characters, V.

    Raises
    ------
    TypeError, ValueError
        If there are fewer than two ids, or an id out of range.

    References
    ----------
    Jurafsky, Martin: Speech and language processing, chapter 3: N-gram language models.

    Examples
    --------
    In ``abab`` of two characters, b follows a twice, a follows b once:

    >>> model = BigramModel([0, 1, 0, 1], vocabulary_size=2)
    >>> model.probability([0, 0, 1, 1], [0, 1, 0, 1])    # 1/4, 3/4, 2/3, 1/3
    array([0.25      , 0.75      , 0.66666667, 0.33333333])
    >>> print(np.exp(-2 * model.loss([0, 1, 0])).round(6))    # 3/4 · 2/3
    0.5
    """

    def __init__(self, ids: ArrayLike, vocabulary_size: int) -> None:
        self.vocabulary_size = int(vocabulary_size)
        before, after = self._pairs(ids)
        self._seen, self._counts = np.unique(self._codes(before, after), return_counts=True)
        self._totals = np.bincount(before, minlength=self.vocabulary_size)  # (V,)

    def probability(self, before: ArrayLike, after: ArrayLike) -> NDArray[np.float64]:
        """Return the probability of each character after another.

        Parameters
        ----------
        before, after : array_like of int
            Of shape (N,).

        Returns
        -------
        numpy.ndarray of float64
            Of shape (N,).
        """
        a = as_ids(before, "BigramModel", self.vocabulary_size)
        b = as_ids(after, "BigramModel", self.vocabulary_size)
        codes = self._codes(a, b)
        places = np.minimum(np.searchsorted(self._seen, codes), len(self._seen) - 1)
        counts = np.where(self._seen[places] == codes, self._counts[places], 0)
        probability: NDArray[np.float64] = (counts + 1) / (self._totals[a] + self.vocabulary_size)
        return probability

    def loss(self, ids: ArrayLike) -> float:
        """Return the mean of −log P over the transitions of a text.

        Parameters
        ----------
        ids : array_like of int
            Of shape (N,), at least two.

        Returns
        -------
        float
            In nats per character, over N − 1 characters: the first has none before it.
        """
        return float(-np.mean(np.log(self.probability(*self._pairs(ids)))))

    def _pairs(self, ids: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first and the second character of every transition, each (N − 1,)."""
        checked = as_ids(ids, "BigramModel", self.vocabulary_size)
        if len(checked) < 2:
            raise ValueError(
                f"BigramModel: {len(checked)} characters hold no pair\n"
                "  why: it counts, and is measured on, which character follows which\n"
                "  fix: give at least two characters"
            )
        return checked[:-1], checked[1:]

    def _codes(self, before: NDArray[np.int64], after: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return one number for each pair of characters, (N,)."""
        return before * self.vocabulary_size + after
