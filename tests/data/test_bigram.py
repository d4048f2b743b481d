"""The baseline against figures by hand, and against counting with dicts."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn.data import BigramModel, Vocabulary


def test_a_tiny_text_by_hand() -> None:
    # In "abacab": ab 2, ba 1, ac 1, ca 1; so a· 3, b· 1, c· 1, and V = 3.
    vocabulary = Vocabulary("abc")
    model = BigramModel(vocabulary.encode("abacab"), len(vocabulary))
    table = model.probability([0, 0, 0, 1, 1, 1, 2, 2, 2], [0, 1, 2] * 3).reshape(3, 3)
    expected = [[1 / 6, 3 / 6, 2 / 6], [2 / 4, 1 / 4, 1 / 4], [2 / 4, 1 / 4, 1 / 4]]
    np.testing.assert_allclose(table, expected, rtol=1e-15)
    # "bca" has the transitions bc and ca: −(log ¼ + log ½)/2 = 1.5·log 2.
    assert model.loss(vocabulary.encode("bca")) == pytest.approx(1.5 * math.log(2), rel=1e-15)


@given(st.text("abcde", min_size=2), st.text("abcdef", min_size=2))
def test_it_agrees_with_counting_in_dicts(train: str, val: str) -> None:
    pairs, firsts = Counter(pairwise(train)), Counter(train[:-1])
    losses = [-math.log((pairs[a, b] + 1) / (firsts[a] + 6)) for a, b in pairwise(val)]
    vocabulary = Vocabulary("abcdef")
    model = BigramModel(vocabulary.encode(train), 6)
    expected = math.fsum(losses) / len(losses)
    assert model.loss(vocabulary.encode(val)) == pytest.approx(expected, rel=1e-13)


@given(st.lists(st.integers(0, 6), min_size=2))
def test_probabilities_sum_to_one(ids: list[int]) -> None:
    model = BigramModel(ids, 7)
    table = model.probability(np.repeat(np.arange(7), 7), np.tile(np.arange(7), 7)).reshape(7, 7)
    np.testing.assert_allclose(table.sum(axis=1), 1.0, rtol=1e-14)
    assert (table > 0).all()


def test_a_vocabulary_of_many_thousands_needs_no_square_table() -> None:
    ids = np.arange(100_000)  # a square table would hold 10¹⁰ counts
    model = BigramModel(ids, 100_000)
    assert model.loss(ids) == pytest.approx(-math.log(2 / 100_001), rel=1e-12)
    assert model.loss(ids[::-1]) == pytest.approx(
        -(99_998 * math.log(1 / 100_001) + math.log(1 / 100_000)) / 99_999, rel=1e-12
    )


def test_what_cannot_be_counted() -> None:
    with pytest.raises(ValueError, match=r"BigramModel: 1 characters hold no pair"):
        BigramModel([0], 2)
    with pytest.raises(ValueError, match=r"BigramModel: id 2 at position 1"):
        BigramModel([0, 2], 2)
    with pytest.raises(ValueError, match=r"BigramModel: 0 characters"):
        BigramModel([0, 1], 2).loss([])
