"""The three commands, run in this process; `test_command_line` runs them as a shell does."""

from __future__ import annotations

import csv
import dataclasses
import itertools
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn
from tests.app.small import TEXT
from tinygrad_rnn import manual
from tinygrad_rnn.app import Config, Training, checkpoint, cli, load
from tinygrad_rnn.app.cli import main
from tinygrad_rnn.app.config import OPTIONS
from tinygrad_rnn.app.curve import Curve
from tinygrad_rnn.app.layer_witnesses import Case
from tinygrad_rnn.app.option import flag

SIZES = ("--hidden", "6", "--batch-size", "3", "--seq-length", "7")
SMALL = (*SIZES, "--lr", "0.02", "--dropout", "0.3")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in an empty folder with a text; return its status and what it printed."""
    monkeypatch.chdir(tmp_path)
    Path("tale.txt").write_text(TEXT, encoding="utf-8")

    def run(*words: str) -> tuple[int, str, str]:
        try:
            status = main(words)
        except SystemExit as leaving:  # --help and --version
            status = int(leaving.code or 0)
        out, err = capsys.readouterr()
        return status, out, err

    return run


def rows(folder: str) -> list[dict[str, str]]:
    with open(Path(folder, "curve.csv"), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# train


def test_train_says_what_it_read_checks_its_gradients_learns_and_writes(run: Run) -> None:
    status, out, err = run("train", "tale.txt", *SMALL, "--steps", "10", "--out", "new")
    assert (status, err) == (0, "")
    vocabulary, val = len(set(TEXT)), round(len(TEXT) / 10)
    assert f"{len(TEXT):,} characters, {vocabulary} distinct, the last {val} kept" in out
    V, H = vocabulary, 6
    parameters = V * H + (8 * H * H + 8 * H) + V * H + V
    assert f"lstm, 1 layer of 6, {parameters:,} parameters in float32" in out
    assert "autodiff agrees with the derivation by hand" in out
    assert out.count("  ok\n") == 3 + 4
    assert re.search(r"step 10: loss \d\.\d{4}, \d\.\d{3} bits per character", out)
    assert re.search(r"\nvalidation: loss \d\.\d{4}, \d\.\d{3} bits per character\n", out)
    assert re.search(r"\nadd-one bigram model: loss \d\.\d{4}, .* so the net is ", out)
    sample = out.partition("sample:\n")[2].partition("\n\nsaved")[0]
    assert len("\n".join(line[4:] for line in sample.split("\n"))) == 300
    assert "saved" in out and "checkpoint.safetensors" in out and "curve.csv" in out
    assert [row["step"] for row in rows("new")] == [str(t) for t in range(1, 11)]
    assert rows("new")[-1]["validation_loss"] and not rows("new")[-2]["validation_loss"]
    assert load("new").step == 10


def test_train_without_a_file_learns_the_packages_own_source(run: Run) -> None:
    words = ("train", *SIZES, "--steps", "2", "--cell", "gru", "--val-fraction", "0.001")
    status, out, _ = run(*words)
    assert status == 0
    assert "the source code of tinygrad_rnn" in out
    (folder,) = Path("runs").iterdir()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-gru-1", folder.name)
    assert set("def import return") <= set(load(folder).vocabulary.characters)


def test_every_run_has_a_fresh_folder(run: Run) -> None:
    for _ in range(2):
        assert run("train", "tale.txt", *SMALL, "--steps", "1", "--quiet")[0] == 0
    assert len(list(Path("runs").iterdir())) == 2


def test_every_option_arrives(run: Run) -> None:
    given: dict[str, Any] = {
        "cell": "gru",
        "hidden": 5,
        "layers": 3,
        "seq_length": 4,
        "bptt": "4,9",
        "batch_size": 6,
        "steps": 2,
        "optimizer": "rmsprop",
        "lr": 0.0125,
        "clip": 0.75,
        "dropout": 0.25,
        "val_fraction": 0.2,
        "seed": 11,
        "dtype": "float64",
        "eager": True,
        "sample_every": 1,
        "save_every": 1,
    }
    assert set(given) == {field.name for field in dataclasses.fields(Config)}
    assert all(given[name] != getattr(Config(), name) for name in given)
    for left_out in ("bptt", "seq_length"):  # the two exclude each other
        some = {name: x for name, x in given.items() if name != left_out}
        words = itertools.chain.from_iterable(
            [flag(name)] if x is True else [flag(name), str(x)] for name, x in some.items()
        )
        assert run("train", "tale.txt", *words, "--out", left_out, "--quiet")[0] == 0
        found = dataclasses.asdict(checkpoint.read_checkpoint(left_out).config)
        assert found == {**given, left_out: getattr(Config(), left_out)}


def test_samples_and_validations_come_when_they_are_due(run: Run) -> None:
    words = ("train", "tale.txt", *SMALL, "--steps", "7", "--out", "new", "--sample-every", "3")
    _, out, _ = run(*words)
    assert out.count("sample:") == 3
    due = [row["step"] for row in rows("new") if row["validation_loss"]]
    assert due == ["3", "6", "7"]


def test_quiet_prints_nothing(run: Run) -> None:
    status, out, err = run("train", "tale.txt", *SMALL, "--steps", "3", "--quiet")
    assert (status, out, err) == (0, "", "")


def test_without_validation_text_there_is_a_sample_but_no_validation(run: Run) -> None:
    words = ("train", "tale.txt", *SMALL, "--steps", "2", "--val-fraction", "0", "--out", "new")
    status, out, _ = run(*words)
    assert status == 0 and "sample:" in out
    assert "validation:" not in out and "bigram" not in out
    assert rows("new")[-1]["validation_loss"] == ""


def test_20_steps_and_20_more_leave_the_same_files_as_40(run: Run) -> None:
    train = ("train", "tale.txt", *SMALL, "--layers", "2", "--quiet")
    assert run(*train, "--steps", "40", "--out", "whole")[0] == 0
    assert run(*train, "--steps", "20", "--out", "parted")[0] == 0
    assert run("train", "--resume", "parted", "--steps", "40", "--quiet")[0] == 0
    for name in ("checkpoint.safetensors", "curve.csv"):
        assert Path("parted", name).read_bytes() == Path("whole", name).read_bytes(), name


def test_a_run_can_go_on_in_another_folder(run: Run) -> None:
    train = ("train", "tale.txt", *SMALL, "--quiet")
    run(*train, "--steps", "4", "--out", "one")
    before = Path("one", "checkpoint.safetensors").read_bytes()
    resume = ("train", "--resume", "one/checkpoint.safetensors", "--steps", "6", "--out", "two")
    status, out, _ = run(*resume)
    assert status == 0 and "4 of 6 made" in out
    assert Path("one", "checkpoint.safetensors").read_bytes() == before
    assert len(rows("one")) == 4 and len(rows("two")) == 6
    assert load("two").step == 6


@pytest.mark.parametrize("moment", ["advance", "add"])
def test_a_signal_at_any_moment_leaves_a_checkpoint_of_the_last_step(
    run: Run, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """In the middle of a step, or just after its row was written."""
    owner: Any = Training if moment == "advance" else Curve
    right = getattr(owner, moment)

    def interrupted(self: Any, *arguments: Any) -> Any:
        result = right(self, *arguments)
        if moment == "add" or self.step == 1:
            signal.raise_signal(signal.SIGINT)
        return result

    monkeypatch.setattr(owner, moment, interrupted)
    words = ("train", "tale.txt", *SMALL, "--steps", "9", "--save-every", "0", "--out", "new")
    status, out, _ = run(*words)
    assert status == 130 and out.endswith("train --resume new\n")
    assert load("new").step == 1 and len(rows("new")) == 1


def test_a_copy_of_a_checkpoint_does_not_overwrite_the_run_that_it_lies_beside(run: Run) -> None:
    train = ("train", "tale.txt", *SMALL, "--quiet", "--out", "one")
    run(*train, "--steps", "2")
    shutil.copy("one/checkpoint.safetensors", "one/early.safetensors")
    run("train", "--resume", "one", "--steps", "5", "--quiet")
    assert run("train", "--resume", "one/early.safetensors", "--steps", "3", "--quiet")[0] == 0
    assert load("one").step == 5 and len(rows("one")) == 5
    (fresh,) = Path("runs").iterdir()
    assert load(fresh).step == 3 and len(rows(str(fresh))) == 3


def test_a_text_that_moved_can_be_named_and_one_that_changed_is_refused(run: Run) -> None:
    run("train", "tale.txt", *SMALL, "--steps", "2", "--out", "one", "--quiet")
    Path("tale.txt").rename("moved.txt")
    resume = ("train", "--resume", "one", "--steps", "3", "--quiet")
    status, _, err = run(*resume)
    assert status == 2 and "tale.txt: no such file" in err
    assert run(*resume[:1], "moved.txt", *resume[1:])[0] == 0
    Path("moved.txt").write_text(TEXT[1:], encoding="utf-8")
    status, _, err = run("train", "moved.txt", "--resume", "one", "--steps", "4")
    assert status == 2 and "not the text that this run began with" in err


def test_a_wrong_gradient_is_not_trained_with(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_a_fault(monkeypatch)
    words = ("train", "tale.txt", *SMALL, "--cell", "gru", "--steps", "2", "--out", "new")
    status, out, err = run(*words)
    assert status == 1
    assert "DIFFERS" in out and err.count("\n") == 1
    assert "the witnesses contradict each other on" in err and "rnn.weight_hh_l0" in err
    assert not Path("new", "checkpoint.safetensors").exists()


# sample


@pytest.fixture(scope="module")
def five_steps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of five steps."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "tale.txt").write_text(TEXT, encoding="utf-8")
    words = ("train", str(folder / "tale.txt"), *SMALL, "--out", str(folder / "new"))
    assert main([*words, "--steps", "5", "--quiet"]) == 0
    return folder / "new"


@pytest.fixture
def trained(run: Run, five_steps: Path) -> str:
    """A copy of it beside the text."""
    shutil.copytree(five_steps, "new")
    return "new"


def test_sample_writes_what_the_model_does_from_python(run: Run, trained: str) -> None:
    options = ("--length", "30", "--temperature", "0.8", "--top-k", "5", "--seed", "3")
    status, out, err = run("sample", trained, "--prime", "Verse", *options)
    expected = load(trained).sample(
        "Verse", 30, temperature=0.8, top_k=5, generator=np.random.default_rng(3)
    )
    assert (status, out, err) == (0, expected + "\n", "")


def test_a_seed_repeats_a_sample_and_none_does_not(run: Run, trained: str) -> None:
    def sample(*words: str) -> str:
        return run("sample", trained, "--length", "60", *words)[1]

    assert sample("--seed", "1") == sample("--seed", "1") != sample("--seed", "2")
    assert sample() != sample()


def test_temperature_0_and_top_k_1_take_the_likeliest(run: Run, trained: str) -> None:
    texts = {
        run("sample", trained, "--length", "40", *words.split())[1]
        for words in ("--temperature 0", "--top-k 1 --seed 5", "--temperature 0 --top-k 9 --seed 6")
    }
    assert len(texts) == 1


# check


def plant_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive the GRU wrong by hand: the gradient of W_hh loses its sign."""
    right = manual.gru.step_backward

    def wrong(dh: Any, saved: Any) -> Any:
        dx, dh_prev, (d_ih, d_hh, *biases) = right(dh, saved)
        return dx, dh_prev, (d_ih, -d_hh, *biases)

    monkeypatch.setattr(
        manual.gru, "CELL", dataclasses.replace(manual.gru.CELL, step_backward=wrong)
    )


def test_check_goes_through_every_case_of_a_cell(run: Run) -> None:
    status, out, err = run("check", "--cell", "rnn")
    assert (status, err) == (0, "")
    assert len(re.findall(r"^rnn .*  ok$", out, re.MULTILINE)) == 8
    assert out.endswith("three witnesses that agree\n")


def test_check_exits_1_on_a_wrong_derivation_and_names_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant_a_fault(monkeypatch)
    monkeypatch.setattr(cli, "cases", lambda cells: [Case(cell, 1, 1, True) for cell in cells])
    status, out, err = run("check")
    assert status == 1
    assert re.search(r"^rnn .* ok\nlstm .* ok\ngru .* weight_hh_l0 DIFFERS at", out, re.MULTILINE)
    assert err.count("\n") == 1 and "contradict each other on 1 kind of layer" in err
    status, out, err = run("check", "--cell", "gru", "--quiet")
    assert (status, out) == (1, "") and "Case(cell='gru'" in err


# What cannot be done: one line on standard error, status 2.


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("learn", "invalid choice: 'learn'"),
        ("train nothing.txt", "nothing.txt: no such file"),
        ("train empty.txt", "empty.txt: the file is empty"),
        ("train .", "this is a folder"),
        ("train binary", "binary: not UTF-8: byte 0xff at offset 0"),
        ("train zeros", "zeros: no text: a zero byte at offset 1; name a text file"),
        ("train same.txt", "same.txt: all its 9 characters are 'a', so that there is nothing to"),
        (
            "train tale.txt --hidden 1000000 --batch-size 9",
            "parameters that reads 9 × 50 characters",
        ),
        ("train tale.txt --steps 9999999999999", "is not a whole number of at least 1 and at most"),
        ("draw --steps 1000000000 --rolled", "1,000,000,000 steps of this lstm need about"),
        ("draw --steps 100000", "too many nodes for one drawing: 100,000 at least; --rolled draws"),
        ("train tale.txt --batch-size 5000", "too few for a window"),
        ("train tale.txt --val-fraction 0.0004 --batch-size 2", "hold no pair"),
        ("train tale.txt extra.txt", "unrecognized arguments: extra.txt"),
        ("train --hidden", "expected one argument"),
        ("train --hid 3", "unrecognized arguments"),
        ("train --colour red", "unrecognized arguments: --colour"),
        ("train --resume nowhere", "no such checkpoint"),
        ("train --resume .", "no such checkpoint"),
        ("train --resume tale.txt", "not a checkpoint of tinygrad_rnn"),
        ("train --resume new", "has made its 5 steps"),
        ("train --resume new --steps 4", "has made its 5 steps"),
        ("train --resume new --steps 9 --hidden 7", "--hidden 7 does not fit the checkpoint"),
        ("train tale.txt --out new --batch-size 2", "there is a run in this folder already"),
        ("train tale.txt --out tale.txt --batch-size 2", "tale.txt: "),
        ("sample nowhere", "no such checkpoint"),
        ("sample tale.txt", "not a checkpoint of tinygrad_rnn"),
        ("sample new --prime caß", "'ß' (U+00DF LATIN SMALL LETTER SHARP S) at position 2"),
        ("sample new --length -1", "'-1' is not a whole number of at least 0"),
        ("sample new --temperature -1", "'-1' is not a number of at least 0"),
        ("sample new --temperature nan", "'nan' is not a number"),
        ("sample new --top-k 0", "'0' is not a whole number of at least 1"),
        ("check --cell transformer", "'transformer' is not one of rnn, lstm, gru"),
        *(
            (f"train {flag(name)} x", f"argument {flag(name)}: 'x' is not {option.need}")
            for name, option in OPTIONS.items()
            if option.kind is not bool
        ),
        *(
            (f"train {flag(name)} {wrong}", f"'{wrong}' is not {option.need}")
            for name, option in OPTIONS.items()
            if option.kind is not bool
            for wrong in ("-1", "nan")
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    run: Run, trained: str, words: str, said: str
) -> None:
    Path("empty.txt").touch()
    Path("binary").write_bytes(b"\xff\xfe\x00\x01")
    Path("zeros").write_bytes(b"a\0b")
    Path("same.txt").write_text("a" * 9)
    before = sorted(Path().rglob("*"))
    status, out, err = run(*words.split())
    assert (status, out) == (2, "")
    assert err.startswith("tinygrad-rnn: ") and err.count("\n") == 1 and said in err
    assert len(err) < 300 and "usage" not in err
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", ""), ".: this is a folder"),
        (("train", "--resume", ""), "no such checkpoint"),
        (("sample", ""), "no such checkpoint"),
        (("train", "tale.txt", "--batch-size", "2", "--out", ""), "--out is empty"),
        (("train", "/dev/zero"), "/dev/zero: this is a device"),
        (("train", "\0"), "null"),
    ],
)
def test_an_empty_or_strange_name_is_no_other_file(
    run: Run, trained: str, words: tuple[str, ...], said: str
) -> None:
    """An empty variable of a shell must not begin another run, nor write here."""
    before = sorted(Path().rglob("*"))
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1 and said in err
    assert sorted(Path().rglob("*")) == before


def test_a_line_stays_short_whatever_the_words_are(run: Run) -> None:
    status, _, err = run("train", "--" + "a" * 5000)
    assert (status, err.count("\n")) == (2, 1)
    assert len(err) < 600 and err.endswith("…; see tinygrad-rnn --help\n")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_text_that_may_not_be_read_is_refused(run: Run) -> None:
    Path("tale.txt").chmod(0)
    status, out, err = run("train", "tale.txt")
    assert (status, out) == (2, "")
    assert err == "tinygrad-rnn: tale.txt: Permission denied\n"


@pytest.mark.parametrize("package", ["safetensors", "tqdm"])
def test_a_package_that_is_missing_is_named_before_anything_is_made(
    run: Run, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    status, out, err = run("train", "tale.txt", *SMALL)
    assert (status, out) == (2, "") and err.count("\n") == 1
    assert err.endswith(f"; pip install {package}\n")
    assert [path.name for path in Path().iterdir()] == ["tale.txt"]


def test_a_disk_that_is_full_is_said_in_one_line_and_the_last_checkpoint_stays(
    run: Run, trained: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path(trained, "checkpoint.safetensors").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    status, _, err = run("train", "--resume", trained, "--steps", "9")
    assert status == 2
    assert err == "tinygrad-rnn: new/checkpoint.safetensors: No space left on device\n"
    assert Path(trained, "checkpoint.safetensors").read_bytes() == whole


def test_a_run_that_leaves_the_numbers_stops_in_one_line_with_its_last_checkpoint(run: Run) -> None:
    options = ("--cell", "rnn", "--optimizer", "sgd", "--lr", "1e38", "--clip", "0")
    status, _, err = run("train", "tale.txt", *SIZES, *options, "--steps", "9", "--out", "new")
    assert status == 1 and err.count("\n") == 1
    assert re.match(r"tinygrad-rnn: step 2: the loss is (nan|inf)", err)
    assert load("new").step == 0


# Help.


def test_help_names_every_option_with_its_default(run: Run) -> None:
    status, out, _ = run("train", "--help")
    assert status == 0
    text = " ".join(out.split())
    for name in OPTIONS:
        assert f" {flag(name)} " in text
        if name not in ("lr", "bptt"):
            assert f"(default: {getattr(Config(), name)})" in text
    assert "0.005 for adam" in text and "--bptt K1,K2" in text
    for name in ("--out", "--resume", "--quiet", "FILE"):
        assert name in text


def test_every_command_has_help_and_the_version_is_the_packages(run: Run) -> None:
    status, out, _ = run("--help")
    assert status == 0 and all(name in out for name in ("train", "sample", "check", "examples:"))
    for name in ("train", "sample", "check"):
        assert run(name, "--help")[0] == 0
    assert run("--version")[:2] == (0, f"tinygrad-rnn {tinygrad_rnn.__version__}\n")
