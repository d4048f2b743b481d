"""Ways to spoil a checkpoint: by bytes, as a disk does, and by meaning, as a forger does."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from tests.app.test_checkpoint import assert_equal
from tinygrad_rnn.app.checkpoint import read_checkpoint
from tinygrad_rnn.app.container import as_text, digest

Corruption = tuple[str, bytes, Callable[[Path], bool]]

NONSENSE: list[Any] = [
    *(None, True, False, 0, -1, 1, 2, 2**31, 2**63, 2**64, 10**12, 10**30, -(10**30), 10**400),
    *(0.0, -0.0, 0.5, 1.0, 1e308, -1e308, 5e-324),
    *("", "a", "lstm", "nan", "../../x", "/dev/zero", "\0", "\ud800", "x" * 5000, "1", "-1"),
    *([], {}, [1, 2], {"a": 1}, [[[[]]]], {"state": {}}, ["h"] * 100),
]
DTYPES = ("float16", "float64", "int32", "int64", "uint8", "bool")


def corrupted(whole: bytes, chance: random.Random) -> Corruption:
    """Spoil a checkpoint in a way drawn by chance.

    Returns
    -------
    kind : str
    content : bytes
    harmless : callable
        Given the file, says whether it is right that it is read without complaint.
    """
    if chance.random() < 0.4:
        name, spoil = chance.choice(list(BY_BYTES.items()))
        return f"bytes, {name}", spoil(whole, chance), lambda path: same(path, whole)
    facts, arrays = opened(whole)
    name, forge = chance.choice(list(BY_MEANING.items()))
    forge(facts, arrays, chance)
    # What a forger changed with a right digest may be a checkpoint like any other.
    return f"meaning, {name}", sealed(facts, arrays), lambda path: True


def same(path: Path, whole: bytes) -> bool:
    """Say whether a spoiled file still says just what the whole one said."""
    other = path.with_name("whole")
    other.write_bytes(whole)
    try:
        assert_equal(read_checkpoint(path), read_checkpoint(other))
    except AssertionError:
        return False
    finally:
        other.unlink()
    return True


def flip(whole: bytes, chance: random.Random) -> bytes:
    content = bytearray(whole)
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(content)


def flip_in_header(whole: bytes, chance: random.Random) -> bytes:
    content = bytearray(whole)
    (length,) = struct.unpack("<Q", whole[:8])
    content[chance.randrange(8 + length)] = chance.randrange(256)
    return bytes(content)


def cut(whole: bytes, chance: random.Random) -> bytes:
    return whole[: chance.randrange(len(whole))]


def grow(whole: bytes, chance: random.Random) -> bytes:
    return whole + chance.randbytes(chance.randrange(1, 100))


def drop(whole: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(whole))
    return whole[:start] + whole[start + chance.randrange(1, 100) :]


def zeros(whole: bytes, chance: random.Random) -> bytes:
    """Clear a block of a disk."""
    start = chance.randrange(len(whole)) // 512 * 512
    return whole[:start] + bytes(len(whole[start : start + 512])) + whole[start + 512 :]


def lie_about_length(whole: bytes, chance: random.Random) -> bytes:
    length = chance.choice([0, 1, 2**20, 2**31, 2**40, 2**63, 2**64 - 1, chance.randrange(10**5)])
    return struct.pack("<Q", length) + whole[8:]


def hostile_header(whole: bytes, chance: random.Random) -> bytes:
    """Promise arrays that are not there, or overlap, or have absurd shapes."""
    (length,) = struct.unpack("<Q", whole[:8])
    header = json.loads(whole[8 : 8 + length])
    name = chance.choice([key for key in header if key != "__metadata__"])
    entry = header[name]
    entry[chance.choice(["dtype", "shape", "data_offsets"])] = chance.choice(
        [
            *("F64", "F16", "BF16", "I64", "BOOL", "F8_E4M3", "X"),
            *([2**62, 4], [-1, 3], [0], [2**31, 2**31, 2**31], [], [1] * 1000),
            *([0, 2**63], [10, 5], [0, 4], [0, len(whole) * 1000], None, {}),
        ]
    )
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + whole[8 + length :]


def noise(whole: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(2000))


BY_BYTES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "a bit flipped": flip,
    "a byte of the header": flip_in_header,
    "cut off": cut,
    "something behind": grow,
    "a piece missing": drop,
    "a block of zeros": zeros,
    "a wrong length": lie_about_length,
    "a hostile header": hostile_header,
    "noise": noise,
}


def opened(whole: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the facts and the arrays of a whole checkpoint, by the format alone."""
    (length,) = struct.unpack("<Q", whole[:8])
    facts = json.loads(json.loads(whole[8 : 8 + length])["__metadata__"]["tinygrad_rnn"])
    del facts["sha256"]
    return facts, load(whole)


def sealed(facts: Any, arrays: dict[str, Any]) -> bytes:
    """Write a file with a digest that is right."""
    arrays = {name: np.require(array, requirements="C") for name, array in arrays.items()}
    try:
        text = as_text({**facts, "sha256": digest(facts, arrays)})
    except ValueError:  # JSON, as we write it, lacks infinity
        text = json.dumps({**facts, "sha256": "0"})
    return save(arrays, {"tinygrad_rnn": text})


def change_fact(facts: Any, arrays: dict[str, Any], chance: random.Random) -> None:
    """Walk down into the facts by chance, and put nonsense there."""
    place: Any = facts
    while True:
        key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
        inner = place[key]
        if not isinstance(inner, (dict, list)) or not inner or chance.random() < 0.3:
            break
        place = inner
    place[key] = chance.choice(NONSENSE)


def remove_fact(facts: Any, arrays: dict[str, Any], chance: random.Random) -> None:
    place = chance.choice([facts, *(x for x in facts.values() if isinstance(x, dict) and x)])
    del place[chance.choice(list(place))]


def add_fact(facts: Any, arrays: dict[str, Any], chance: random.Random) -> None:
    place = chance.choice([facts, *(x for x in facts.values() if isinstance(x, dict))])
    place[chance.choice(["more", "", "x" * 1000, "self", "__class__"])] = chance.choice(NONSENSE)


def absurd_size(facts: Any, arrays: dict[str, Any], chance: random.Random) -> None:
    name = chance.choice(["hidden", "layers", "batch_size", "seq_length", "steps", "seed"])
    facts["config"][name] = chance.choice([0, 1, 7, 10**6, 10**9, 10**12, 10**100, 6.0, "6"])


def another_vocabulary(facts: Any, arrays: dict[str, Any], chance: random.Random) -> None:
    facts["vocabulary"] = chance.choice(["", "a", facts["vocabulary"][::-1], "aa", "é\ud800"])


def remove_array(facts: Any, arrays: dict[str, Any], chance: random.Random) -> None:
    del arrays[chance.choice(list(arrays))]


def rename_array(facts: Any, arrays: dict[str, Any], chance: random.Random) -> None:
    name = chance.choice(list(arrays))
    new = chance.choice(["", name + "x", "model." + name, "state.c", "optimizer.step.head.bias"])
    arrays[new] = arrays.pop(name)


def reshape_array(facts: Any, arrays: dict[str, Any], chance: random.Random) -> None:
    name = chance.choice(list(arrays))
    x = arrays[name]
    arrays[name] = chance.choice([x.ravel(), x[None], x[:0], x[1:], x.T, np.append(x, 1.0), x[:1]])


def another_dtype(facts: Any, arrays: dict[str, Any], chance: random.Random) -> None:
    name = chance.choice(list(arrays))
    with np.errstate(all="ignore"):
        arrays[name] = arrays[name].astype(chance.choice(DTYPES))


def another_number(facts: Any, arrays: dict[str, Any], chance: random.Random) -> None:
    name = chance.choice(list(arrays))
    arrays[name] = np.array(arrays[name])
    if arrays[name].size:
        numbers = [np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-45, 0.0]
        arrays[name].flat[chance.randrange(arrays[name].size)] = chance.choice(numbers)


BY_MEANING: dict[str, Callable[[Any, dict[str, Any], random.Random], None]] = {
    "a fact": change_fact,
    "a fact missing": remove_fact,
    "a fact too many": add_fact,
    "an absurd size": absurd_size,
    "another vocabulary": another_vocabulary,
    "an array missing": remove_array,
    "another name": rename_array,
    "another shape": reshape_array,
    "another dtype": another_dtype,
    "another number": another_number,
}
