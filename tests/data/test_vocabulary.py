"""Characters to ids and back, the same on every machine."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_rnn.data import Vocabulary

# Lone surrogates too: Python's strings may hold them (undecodable file names do).
characters = st.characters() | st.characters(categories=["Cs"])
texts = st.text(characters, min_size=1)


@given(texts)
def test_decode_undoes_encode(text: str) -> None:
    vocabulary = Vocabulary.from_text(text)
    ids = vocabulary.encode(text)
    assert ids.dtype == np.int64
    assert ids.shape == (len(text),)
    assert vocabulary.decode(ids) == text
    assert [vocabulary.characters[i] for i in ids] == list(text)


@given(texts, st.randoms(use_true_random=False))
def test_it_depends_on_the_characters_alone(text: str, random: Any) -> None:
    vocabulary = Vocabulary.from_text(text)
    shuffled = random.sample(text, len(text))
    assert Vocabulary.from_text("".join(shuffled) + text) == vocabulary
    assert Vocabulary(vocabulary.characters) == vocabulary
    assert hash(Vocabulary(vocabulary.characters)) == hash(vocabulary)
    assert list(vocabulary.characters) == sorted(set(text), key=ord)
    assert len(vocabulary) == len(set(text))


@given(st.lists(characters, min_size=1, unique=True), st.data())
def test_a_vocabulary_keeps_an_order_of_its_own(order: list[str], data: st.DataObject) -> None:
    vocabulary = Vocabulary("".join(order))
    text = data.draw(st.lists(st.sampled_from(order)))
    assert vocabulary.encode("".join(text)).tolist() == [order.index(c) for c in text]
    assert vocabulary.decode(range(len(order))) == "".join(order)


def test_the_hash_seed_makes_no_difference() -> None:
    program = (
        "from tinygrad_rnn.data import Vocabulary\n"
        "v = Vocabulary.from_text('the quick brown fox ∂∇ jumps 👩‍🚀 over the lazy dog')\n"
        "print(v.encode('fox').tolist(), ascii(v.characters))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(outputs) == 1
    assert outputs.pop().startswith("[6, 15, 24] ' abcdefghijklmnopqrstuvwxyz")


def test_small_things() -> None:
    vocabulary = Vocabulary.from_text("banana")
    assert repr(vocabulary) == "Vocabulary('abn')"
    assert "n" in vocabulary
    assert "na" not in vocabulary
    assert "" not in vocabulary
    assert 0 not in vocabulary
    assert vocabulary != Vocabulary("nab")
    assert vocabulary != "abn"
    assert vocabulary.encode("").shape == (0,)
    assert vocabulary.decode([]) == ""
    assert vocabulary.decode(2) == "n"
    assert vocabulary.decode(np.int32(1)) == "b"
    assert vocabulary.decode(np.array([1, 0], np.uint8)) == "ba"


@pytest.mark.parametrize(
    ("text", "first_line", "rest"),
    [
        (
            "a plain cafe\u0301",
            "Vocabulary.encode: '\u0301' (U+0301 COMBINING ACUTE ACCENT) at position 12 "
            "is not in the vocabulary",
            ["where: 'plain cafe\u0301'", "its 28 characters", "fix: build the vocabulary"],
        ),
        (
            "caf\u00e9!",
            "Vocabulary.encode: '\u00e9' (U+00E9 LATIN SMALL LETTER E WITH ACUTE) at position 3 "
            "is not in the vocabulary, and 1 other unknown character(s) after it",
            ["where: 'caf\u00e9!'", "fix: write 'e' instead, or build"],
        ),
        ("HH", "Vocabulary.encode: 'H' (U+0048 LATIN CAPITAL LETTER H) at", ["write 'h' instead"]),
        ("\u00c9", "Vocabulary.encode: '\u00c9' (U+00C9", ["write 'e' instead"]),
        ("it\u2019s", "Vocabulary.encode: '\u2019' (U+2019 RIGHT SINGLE", ['write "\'" instead']),
        ("\n", "Vocabulary.encode: '\\n' (U+000A) at position 0 is", ["fix: build"]),
    ],
)
def test_an_unknown_character_is_named_and_placed(
    text: str, first_line: str, rest: list[str]
) -> None:
    vocabulary = Vocabulary("abcdefghijklmnopqrstuvwxyz '")
    with pytest.raises(ValueError) as caught:
        vocabulary.encode(text)
    message = str(caught.value)
    assert message.startswith(first_line)
    for part in rest:
        assert part in message


@pytest.mark.parametrize(
    ("ids", "error", "said"),
    [
        ([0, 3], ValueError, r"id 3 at position 1[\s\S]*3 characters, with ids from 0 to 2"),
        ([-1], ValueError, r"id -1 at position 0"),
        ([0.0], TypeError, r"ids are float64"),
        ([True], TypeError, r"ids are bool"),
        ("ab", TypeError, r"ids are <U2"),
        ([[0, 1]], ValueError, r"shape \(1, 2\)[\s\S]*ids\[:, 0\]"),
    ],
)
def test_ids_that_stand_for_nothing(ids: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        Vocabulary("abc").decode(ids)


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: Vocabulary(""), ValueError, r"no character in it"),
        (lambda: Vocabulary.from_text(""), ValueError, r"no character in it"),
        (lambda: Vocabulary("abca"), ValueError, r"'a' \(U\+0061 LATIN SMALL LETTER A\) .* more"),
        (lambda: Vocabulary(["a"]), TypeError, r"characters is list"),  # type: ignore[arg-type]
        (lambda: Vocabulary.from_text(b"ab"), TypeError, r"is bytes"),  # type: ignore[arg-type]
        (lambda: Vocabulary("ab").encode(b"a"), TypeError, r"text is bytes[\s\S]*decode\('utf-8'"),
    ],
)
def test_what_makes_no_vocabulary(make: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        make()
