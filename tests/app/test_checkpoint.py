from __future__ import annotations

import dataclasses
import json
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from tests.app.small import small_training
from tinygrad_rnn.app.checkpoint import (
    FILE_NAME,
    Checkpoint,
    checkpoint_file,
    read_checkpoint,
)
from tinygrad_rnn.app.container import CheckpointError, as_text, digest, read_container


def a_checkpoint(steps: int = 3, **options: Any) -> Checkpoint:
    training = small_training(**options)
    for _ in range(steps):
        training.advance()
    return training.checkpoint()


def assert_equal(one: Any, other: Any, path: str = "") -> None:
    """Every number bit for bit, every array with its dtype and shape."""
    assert type(one) is type(other), path
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype and one.shape == other.shape, path
        assert one.tobytes() == other.tobytes(), path
    elif isinstance(one, dict):
        assert set(one) == set(other), path
        for key in one:
            assert_equal(one[key], other[key], f"{path}/{key}")
    elif dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            name = field.name
            assert_equal(getattr(one, name), getattr(other, name), f"{path}/{name}")
    else:
        assert one == other, path


def header(path: Path) -> dict[str, Any]:
    """Read a safetensors header as its format describes it: 8 bytes of length, then JSON."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    found: dict[str, Any] = json.loads(content[8 : 8 + length])
    return found


@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize(
    "options",
    [
        {"cell": "lstm", "optimizer": "adam", "dropout": 0.3, "layers": 2},
        {"cell": "gru", "optimizer": "sgd", "dtype": "float64"},
        {"cell": "rnn", "optimizer": "rmsprop", "val_fraction": 0.0},
        {"cell": "rnn", "optimizer": "adagrad", "seed": 2**70},
    ],
    ids=["lstm", "gru", "rnn", "seed"],
)
def test_a_checkpoint_reads_back_as_it_was(
    tmp_path: Path, steps: int, options: dict[str, Any]
) -> None:
    checkpoint = a_checkpoint(steps, **options)
    if "betas" in checkpoint.optimizer["options"]:  # JSON makes a list of a pair
        betas = list(checkpoint.optimizer["options"]["betas"])
        checkpoint.optimizer["options"]["betas"] = betas
    checkpoint.write(tmp_path / FILE_NAME)
    assert_equal(read_checkpoint(tmp_path), checkpoint)
    assert_equal(read_checkpoint(tmp_path / FILE_NAME), checkpoint)


def test_the_same_checkpoint_is_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "other"):
        a_checkpoint().write(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_the_file_is_plain_safetensors_with_json_and_no_pickle(tmp_path: Path) -> None:
    checkpoint = a_checkpoint(cell="lstm", layers=2)
    checkpoint.write(tmp_path / FILE_NAME)
    found = header(tmp_path / FILE_NAME)
    facts = json.loads(found.pop("__metadata__")["tinygrad_rnn"])
    assert facts["version"] == 2
    assert facts["step"] == 3
    assert facts["vocabulary"] == checkpoint.vocabulary.characters
    assert facts["config"]["cell"] == "lstm"
    assert facts["generator"]["bit_generator"] == "PCG64"
    assert found["model.head.bias"]["shape"] == [len(checkpoint.vocabulary)]
    assert found["model.rnn.weight_hh_l1"]["dtype"] == "F32"
    assert found["optimizer.exp_avg.embedding.weight"]["dtype"] == "F32"
    assert found["state.h"]["shape"] == found["state.c"]["shape"] == [2, 3, 6]


def test_a_missing_checkpoint_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(FileNotFoundError, match="no such checkpoint"):
            checkpoint_file(path)


def reseal(path: Path, facts: dict[str, Any], arrays: dict[str, Any]) -> None:
    """Write what a forger would: anything, with a digest that is right."""
    text = as_text({**facts, "sha256": digest(facts, arrays)})
    path.write_bytes(save(arrays, {"tinygrad_rnn": text}))


def refusal(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(path)
    first = str(caught.value).splitlines()[0]
    assert first.startswith(f"{path}: not a checkpoint of tinygrad_rnn")
    return first


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    for content in (b"", b"x", b"some text, longer than eight bytes", bytes(100), b"\xff" * 64):
        path.write_bytes(content)
        refusal(path)
    path.write_bytes(save({"w": np.ones(3)}))
    assert "another program" in refusal(path)
    path.write_bytes(save({"w": np.ones(3)}, metadata={"format": "pt"}))
    assert "another program" in refusal(path)


def test_a_file_that_was_cut_off_is_refused_wherever_it_ends(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    a_checkpoint().write(path)
    content = path.read_bytes()
    for end in [0, 7, 8, 100, len(content) // 2, len(content) - 1]:
        path.write_bytes(content[:end])
        refusal(path)


def test_a_file_with_any_bit_flipped_is_refused(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    a_checkpoint().write(path)
    content = path.read_bytes()
    for place in range(0, 8 * len(content), 8 * len(content) // 150):
        spoiled = bytearray(content)
        spoiled[place // 8] ^= 1 << place % 8
        path.write_bytes(spoiled)
        refusal(path)


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    checkpoint = a_checkpoint()
    checkpoint.optimizer["buffers"]["exp_avg.head.bias"][2] = np.inf
    checkpoint.write(tmp_path / FILE_NAME)
    assert "optimizer.exp_avg.head.bias holds numbers that are not finite" in refusal(
        tmp_path / FILE_NAME
    )


def test_another_dtype_is_refused(tmp_path: Path) -> None:
    checkpoint = a_checkpoint()
    checkpoint.weights["head.bias"] = checkpoint.weights["head.bias"].astype(np.float64)
    checkpoint.write(tmp_path / FILE_NAME)
    assert "model.head.bias is float64, not float32" in refusal(tmp_path / FILE_NAME)
    checkpoint.weights["head.bias"] = checkpoint.weights["head.bias"].astype(np.float16)
    checkpoint.write(tmp_path / FILE_NAME)
    assert "numbers of the kind F16" in refusal(tmp_path / FILE_NAME)


def test_sizes_that_are_a_lie_are_refused_before_a_model_is_made(tmp_path: Path) -> None:
    a_checkpoint().write(tmp_path / FILE_NAME)
    facts, arrays = read_container(tmp_path / FILE_NAME)
    for name in ("hidden", "layers"):
        config = {**facts["config"], name: 10**9}
        reseal(tmp_path / FILE_NAME, {**facts, "config": config}, arrays)
        assert "it contradicts itself: its options are of " in refusal(tmp_path / FILE_NAME)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda facts: facts.update(version=1), "its version is 1, this program reads 2"),
        (lambda facts: facts.pop("version"), "its version is None"),
        (lambda facts: facts.pop("generator"), "'generator' is missing"),
        (lambda facts: facts["config"].update(hidden=-1), "hidden=-1 is not a whole number"),
        (lambda facts: facts["config"].update(colour="red"), "colour"),
        (lambda facts: facts.update(config=[]), "config"),
        (lambda facts: facts.update(vocabulary="aa"), "more than once"),
        (lambda facts: facts.update(vocabulary=7), "not a string"),
        (lambda facts: facts.update(step="many"), "its step is 'many'"),
        (lambda facts: facts.update(step=-1), "its step is -1"),
        (lambda facts: facts.update(source={}), "path"),
        (lambda facts: facts["source"].update(path=7), "the path of its text is 7"),
        (lambda facts: facts.update(best={"step": 1}), "its best validation is"),
        (lambda facts: facts.update(best={"step": -1, "validation_loss": 2.0}), "its step is -1"),
        (lambda facts: facts.update(optimizer=None), "NoneType"),
    ],
)
def test_facts_that_cannot_be_are_refused(tmp_path: Path, change: Any, said: str) -> None:
    checkpoint = a_checkpoint()
    checkpoint.write(tmp_path / FILE_NAME)
    facts, arrays = read_container(tmp_path / FILE_NAME)
    change(facts)
    reseal(tmp_path / FILE_NAME, facts, arrays)
    found = refusal(tmp_path / FILE_NAME)
    assert said in found.partition("whole one: ")[2] or said == "config"


@pytest.mark.parametrize("facts", ["", "{", "[]", "null", "7", "[" * 100_000])
def test_metadata_that_is_no_object_is_refused(tmp_path: Path, facts: str) -> None:
    (tmp_path / FILE_NAME).write_bytes(save({"w": np.ones(3)}, {"tinygrad_rnn": facts}))
    refusal(tmp_path / FILE_NAME)


def test_without_safetensors_the_error_gives_the_pip_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint = a_checkpoint()
    checkpoint.write(tmp_path / FILE_NAME)
    for name in ("safetensors", "safetensors.numpy"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ModuleNotFoundError, match="fix: pip install safetensors"):
        read_checkpoint(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="fix: pip install safetensors"):
        checkpoint.write(tmp_path / FILE_NAME)
