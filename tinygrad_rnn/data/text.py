"""Text: where it comes from and how it is divided. Imports NumPy's types only."""

from __future__ import annotations

import os
import stat
from numbers import Real
from pathlib import Path
from typing import Any, TypeVar

from numpy.typing import NDArray

Sequence = TypeVar("Sequence", str, NDArray[Any])


def read_text(path: str | os.PathLike[str], at_most: int | None = None) -> str:
    r"""Read a UTF-8 file.

    A byte order mark is dropped and every line ends in ``\n``, so that a file gives the same
    characters whichever system wrote it.

    Parameters
    ----------
    path : str or path-like
        The file.
    at_most : int, optional
        How many bytes there is room for.

    Returns
    -------
    str
        At least one character.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If there is no file of this name.
    OSError
        If it cannot be read, as the system words it.
    ValueError
        If it is not UTF-8 (with the offset of the first wrong byte), empty, or a device.
    MemoryError
        If it is longer than there is room for; no more than that is read.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "text.txt")
    ...     with open(path, "w", encoding="utf-8", newline="") as file:
    ...         _ = file.write("to be\r\nor not\n")
    ...     read_text(path)
    'to be\nor not\n'
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"{path}: this is a folder\n"
            "  why: the text is read from one file\n"
            "  fix: name a file in it"
        )
    try:
        data = _bytes(path, at_most)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: no such file\n"
            f"  where: looked for {path.absolute()}\n"
            "  why: the text to learn from must exist\n"
            "  fix: check the spelling, or give the full path"
        ) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The decoder drops the mark before it counts.
        offset = error.start + len(data) - len(error.object)
        line = data.count(b"\n", 0, offset) + 1
        raise ValueError(
            f"{path}: not UTF-8: byte 0x{data[offset]:02x} at offset {offset} "
            f"(line {line})\n"
            f"  why: {_guess_encoding(data)}\n"
            "  fix: save it as UTF-8, for example with iconv -f FROM -t UTF-8"
        ) from error
    if "\0" in text:
        raise ValueError(
            f"{path}: no text: a zero byte at offset {data.index(0)}\n"
            "  why: no text has one: it is an archive, an image, a program?\n"
            "  fix: name a text file"
        )
    if not text:
        raise ValueError(
            f"{path}: the file is empty\n"
            "  why: there is nothing to learn from\n"
            "  fix: give a file with text in it"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _bytes(path: Path, at_most: int | None) -> bytes:
    """Read a file, or a pipe, to its end or as far as there is room."""
    with open(path, "rb") as file:
        if stat.S_ISCHR(os.fstat(file.fileno()).st_mode):
            raise ValueError(
                f"{path}: this is a device\n"
                "  why: it may have no end\n"
                "  fix: name a file, or let a pipe write to /dev/stdin"
            )
        data = file.read(-1 if at_most is None else at_most + 1)
    if at_most is not None and len(data) > at_most:
        raise MemoryError(f"{path}: a text of more than {at_most:,} bytes")
    return data


def _guess_encoding(data: bytes) -> str:
    """Say what a file that is not UTF-8 may be."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "it begins with the mark of UTF-16"
    if b"\0" in data:
        return "it holds zero bytes, as no text does: an archive, an image, a program?"
    return "it may be in Latin-1 or another encoding of 8 bits"


def split(text: Sequence, val_fraction: float) -> tuple[Sequence, Sequence]:
    """Divide a text, or its ids, into a part for training and the last part for validation.

    Parameters
    ----------
    text : str or numpy.ndarray
        Of N characters or ids.
    val_fraction : float
        The share of the second part, at least 0 and below 1.

    Returns
    -------
    train, val : str or numpy.ndarray
        All but the last ``round(N · val_fraction)``, and those; views, if it is an array.

    Raises
    ------
    TypeError, ValueError
        If the fraction is none, or leaves one of the parts empty that should not be.

    Examples
    --------
    >>> split("abcdefghij", 0.2)
    ('abcdefgh', 'ij')
    """
    number = isinstance(val_fraction, Real)
    if not number or not 0.0 <= val_fraction < 1.0:
        raise (ValueError if number else TypeError)(
            f"split: val_fraction={val_fraction!r} cannot be used\n"
            "  why: it is the share kept for validation, at least 0 and below 1\n"
            "  fix: write for example val_fraction=0.1, or 0 for none"
        )
    cut = len(text) - round(len(text) * val_fraction)
    if cut == 0 or (val_fraction > 0 and cut == len(text)):
        raise ValueError(
            f"split: {len(text)} characters with val_fraction={val_fraction!r} leave "
            f"{cut} for training and {len(text) - cut} for validation\n"
            "  why: both parts need some\n"
            "  fix: give a longer text or another fraction"
        )
    return text[:cut], text[cut:]


def package_source() -> str:
    """Return the source of this package, all files one after the other in the order of their paths.

    Returns
    -------
    str
        The same from a checkout and from an installed package, on every system.

    Examples
    --------
    >>> source = package_source()
    >>> "def package_source() -> str:" in source
    True
    """
    package = Path(__file__).resolve().parents[1]
    paths = sorted(package.rglob("*.py"), key=lambda path: path.relative_to(package).as_posix())
    return "".join(path.read_text(encoding="utf-8") for path in paths)
