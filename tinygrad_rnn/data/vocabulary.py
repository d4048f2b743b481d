"""Vocabulary: characters to integers and back, and what a run of ids is. Imports NumPy only."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# What a keyboard has, and what a word processor makes of it.
PLAIN = {
    "'": "\u2018\u2019\u201a\u2032",
    '"': "\u201c\u201d\u201e\u00ab\u00bb\u2033",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
}


class Vocabulary:
    """The characters that a model knows; the id of a character is its place among them.

    Parameters
    ----------
    characters : str
        Each character once, in the order of the ids. `from_text` collects and sorts them.

    Attributes
    ----------
    characters : str
        All there is to a vocabulary: ``Vocabulary(v.characters) == v``.

    Raises
    ------
    TypeError, ValueError
        If it is no string, empty, or holds a character twice.

    Examples
    --------
    >>> vocabulary = Vocabulary.from_text("hello")
    >>> vocabulary.characters, len(vocabulary)
    ('ehlo', 4)
    >>> vocabulary.encode("hole")
    array([1, 3, 2, 0])
    >>> vocabulary.decode([1, 3, 2, 0])
    'hole'
    """

    def __init__(self, characters: str) -> None:
        if not isinstance(characters, str):
            raise TypeError(
                f"Vocabulary: characters is {type(characters).__name__}, not a string\n"
                "  why: the id of a character is its place in a string\n"
                "  fix: pass vocabulary.characters of a saved one, or use Vocabulary.from_text"
            )
        codes = _code_points(characters)
        self._order = np.argsort(codes, kind="stable")  # (V,) ids by rising code point
        self._sorted = codes[self._order]  # (V,)
        if not characters:
            raise ValueError(
                "Vocabulary: there is no character in it\n"
                "  why: a model needs something to predict\n"
                "  fix: build it from a text that is not empty"
            )
        twice = self._sorted[1:][self._sorted[1:] == self._sorted[:-1]]
        if twice.size:
            raise ValueError(
                f"Vocabulary: {describe_character(chr(twice[0]))} stands in it more than once\n"
                "  why: a character with two ids could not be encoded\n"
                "  fix: build it from a text: Vocabulary.from_text(text)"
            )
        self.characters = characters
        self._codes = codes

    @classmethod
    def from_text(cls, text: str) -> Vocabulary:
        """Collect the distinct characters of a text, sorted by code point.

        Parameters
        ----------
        text : str
            Any text that is not empty.

        Returns
        -------
        Vocabulary
            The same on every machine and in every run, whatever the order of the text.
        """
        if not isinstance(text, str):
            return cls(text)  # which says what is wrong
        return cls("".join(sorted(set(text))))

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the ids of the characters of a text.

        Parameters
        ----------
        text : str
            Of characters in the vocabulary.

        Returns
        -------
        numpy.ndarray of int64
            Of shape (len(text),).

        Raises
        ------
        ValueError
            If a character is not in the vocabulary; it names the first such and its place.
        """
        if not isinstance(text, str):
            raise TypeError(
                f"Vocabulary.encode: text is {type(text).__name__}, not a string\n"
                "  why: ids are given to the characters of a string\n"
                "  fix: pass a str; bytes become one by data.decode('utf-8')"
            )
        codes = _code_points(text)
        places = np.minimum(np.searchsorted(self._sorted, codes), len(self) - 1)
        unknown = np.flatnonzero(self._sorted[places] != codes)
        if unknown.size:
            raise ValueError(self._explain_unknown(text, unknown))
        ids: NDArray[np.int64] = self._order[places].astype(np.int64, copy=False)
        return ids

    def decode(self, ids: ArrayLike) -> str:
        """Return the text that stands for a run of ids.

        Parameters
        ----------
        ids : array_like of int
            One id, or a sequence of them.

        Returns
        -------
        str
            Of as many characters as there are ids.

        Raises
        ------
        TypeError
            If the ids are not whole numbers.
        ValueError
            If an id is not in the vocabulary, or there is more than one dimension.
        """
        checked = as_ids(np.atleast_1d(np.asarray(ids)), "Vocabulary.decode", len(self))
        return self._codes[checked].tobytes().decode("utf-32-le", "surrogatepass")

    def _explain_unknown(self, text: str, unknown: NDArray[np.intp]) -> str:
        """Word the error for characters at the given places that are not in the vocabulary."""
        first = int(unknown[0])
        character = text[first]
        distinct = len({text[i] for i in unknown})
        others = f", and {distinct - 1} other unknown character(s) after it" if distinct > 1 else ""
        around = text[max(0, first - 10) : first + 11]
        near = [c for c in _alike(character) if c in self.characters]
        hint = f"write {near[0]!r} instead, or " if near else ""
        return (
            f"Vocabulary.encode: {describe_character(character)} at position {first} is not in the "
            f"vocabulary{others}\n"
            f"  where: {around!r}\n"
            f"  why: its {len(self)} characters are those of the text that it was built from\n"
            f"  fix: {hint}build the vocabulary from a text in which it occurs"
        )

    def __len__(self) -> int:
        return len(self.characters)

    def __contains__(self, character: object) -> bool:
        return isinstance(character, str) and len(character) == 1 and character in self.characters

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return self.characters == other.characters

    def __hash__(self) -> int:
        return hash(self.characters)

    def __repr__(self) -> str:
        return f"Vocabulary({self.characters!r})"


def as_ids(ids: ArrayLike, caller: str, size: int | None = None) -> NDArray[np.int64]:
    """Return a run of ids as an int64 array, having checked that it is one.

    Parameters
    ----------
    ids : array_like of int
        Of shape (N,).
    caller : str
        Who asks, for the wording of errors.
    size : int, optional
        The number of characters in the vocabulary, V: ids are then from 0 to V − 1.

    Returns
    -------
    numpy.ndarray of int64
        Of shape (N,); `ids` itself if it is such an array already.

    Raises
    ------
    TypeError
        If they are not whole numbers.
    ValueError
        If there is another number of dimensions than one, or an id out of range.
    """
    array = np.asarray(ids)
    if array.ndim != 1:
        raise ValueError(
            f"{caller}: ids have shape {array.shape}, not (N,)\n"
            "  why: ids are read in order, and in a batch the lanes lie side by side\n"
            "  fix: pass one lane, for example ids[:, 0]"
        )
    if not np.issubdtype(array.dtype, np.integer):
        if array.size:
            raise TypeError(
                f"{caller}: ids are {array.dtype}, not whole numbers\n"
                "  why: an id is the place of a character in the vocabulary\n"
                "  fix: pass the integers that vocabulary.encode(text) returns"
            )
        return np.empty(0, np.int64)  # an empty list has no dtype of its own
    outside = np.flatnonzero((array < 0) | (array >= size)) if size is not None else array[:0]
    if outside.size:
        first = int(outside[0])
        raise ValueError(
            f"{caller}: id {array[first]} at position {first} is not in the vocabulary\n"
            f"  why: there are {size} characters, with ids from 0 to {size and size - 1}\n"
            "  fix: use the vocabulary that the ids were encoded with"
        )
    return array.astype(np.int64, copy=False)


def describe_character(character: str) -> str:
    """Write a character so that it can be told from its look-alikes."""
    name = unicodedata.name(character, "")
    return f"{character!r} (U+{ord(character):04X}{' ' + name if name else ''})"


def _code_points(text: str) -> NDArray[Any]:
    """Return the code points of a string, lone surrogates included, shape (len(text),)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


def _alike(character: str) -> list[str]:
    """List what might do for this character: plain punctuation, other case, no accent."""
    base = unicodedata.normalize("NFKD", character)[:1]
    plain = [key for key, fancy in PLAIN.items() if character in fancy]
    return [*plain, character.swapcase(), base, base.swapcase()]
