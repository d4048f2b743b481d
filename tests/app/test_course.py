"""A run under way: what is kept when it leaves the numbers, its record, that it does not grow."""

from __future__ import annotations

import gc
import re
import signal
import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.app.small import TEXT, small_training
from tinygrad_rnn.app import load
from tinygrad_rnn.app.checkpoint import read_checkpoint
from tinygrad_rnn.app.cli import main
from tinygrad_rnn.app.course import Course
from tinygrad_rnn.app.divergence import Diverged, first_appearance
from tinygrad_rnn.app.progress import Progress, in_time
from tinygrad_rnn.app.refusal import Refused
from tinygrad_rnn.app.training import Training
from tinygrad_rnn.engine.value import Value
from tinygrad_rnn.ops import exp, log

SIZES = ("--hidden", "6", "--batch-size", "3", "--seq-length", "7")


@pytest.fixture
def tale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a text."""
    monkeypatch.chdir(tmp_path)
    Path("tale.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path


# Leaving the numbers.


@pytest.mark.parametrize("save_every", ["0", "1"])
def test_the_checkpoint_that_is_kept_can_be_gone_on_with(
    tale: Path, save_every: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the one step that still had a finite loss, the weights were beyond use."""
    wild = ("--cell", "rnn", "--optimizer", "sgd", "--lr", "1e38", "--clip", "0")
    words = ["train", "tale.txt", *SIZES, *wild, "--steps", "9", "--save-every", save_every]
    assert main([*words, "--out", "new", "--quiet"]) == 1
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    step = {"0": "2: the loss is inf", "1": "1: with the weights that it left, the loss is inf"}
    assert line.startswith(f"tinygrad-rnn: step {step[save_every]}")
    for part in (
        "tinygrad_rnn.debug() finds: inf appears: recurrent_linear in languagemodel/rnn/l0/t=0",
        "likely cause: the steps were too long, the weights have grown to 1e+37",
        "try a lower --lr (it is 1e+38) or --clip 5 (there is none)",
        "the checkpoint of step 0 stays in new: go on from it by --resume",
    ):
        assert part in line
    assert load("new").step == 0
    tame = ["train", "--resume", "new", "--lr", "0.1", "--clip", "5", "--steps", "9", "--quiet"]
    assert main(tame) == 0
    assert load("new").step == 9


def test_weights_that_are_lost_are_not_saved_over_good_ones() -> None:
    training = small_training()
    training.advance()
    training.check_sound()
    place = training.batches.state_dict()
    training.check_sound()
    assert training.batches.state_dict() == place and training.step == 1
    training.parameters["head.bias"].data[3] = np.nan
    with pytest.raises(Diverged, match=r"^step 1: with the weights that it left, the loss is nan"):
        training.check_sound()


def test_buffers_that_are_lost_are_no_checkpoint_either() -> None:
    training = small_training()
    training.advance()
    training.optimizer.state[0]["exp_avg_sq"].flat[0] = np.inf
    with pytest.raises(Diverged, match=r"^step 1: "):
        training.check_sound()


def test_weights_of_ordinary_size_have_another_likely_cause() -> None:
    training = small_training()
    training.parameters["head.bias"].data[3] = np.inf
    training.parameters["head.bias"].data[4] = -np.inf
    with pytest.raises(Diverged, match=r"the weights have grown to inf; try a lower --lr"):
        training.advance()
    training = small_training(dtype="float32")
    training.model.head.forward = lambda h: h @ np.ones((6, 52), np.float32) * np.float32(1e39)
    with pytest.raises(Diverged) as caught:
        training.advance()
    assert "a sum too large for float32, the weights are of ordinary size" in str(caught.value)
    assert "--dtype float64" in str(caught.value)


def test_the_first_op_that_gives_nan_or_infinity_is_found() -> None:
    x = Value(np.array([1.0, 1000.0]))
    assert first_appearance(lambda: exp(x)) == "inf appears: exp"
    with np.errstate(invalid="ignore", divide="ignore"):
        assert first_appearance(lambda: log(x - 1000.0)) == "NaN appears: log"
    assert first_appearance(lambda: exp(x / 1000.0)) == ""


# The record.


def test_the_best_validation_is_kept_over_stops(tale: Path) -> None:
    train = ["train", "tale.txt", *SIZES, "--lr", "0.05", "--quiet", "--sample-every", "4"]
    assert main([*train, "--steps", "30", "--out", "whole"]) == 0
    curve = [row.split(",") for row in Path("whole", "curve.csv").read_text().splitlines()[1:]]
    due = {float(row[4]): int(row[0]) for row in curve if int(row[0]) % 4 == 0}
    expected = {"step": due[min(due)], "validation_loss": min(due)}
    assert read_checkpoint("whole").best == expected
    assert len(due) == 7 and curve[-1][4]  # and one at the end, out of turn
    for steps in (3, 10, 22, 30):
        again = train if steps == 3 else ["train", "--resume", "parted", "--quiet"]
        out = ["--out", "parted"] if steps == 3 else []
        assert main([*again, "--steps", str(steps), *out]) == 0
    for name in ("checkpoint.safetensors", "curve.csv"):
        assert Path("parted", name).read_bytes() == Path("whole", name).read_bytes(), name


def test_a_worse_validation_leaves_the_record() -> None:
    training = small_training()
    for step, loss in ((1, 3.0), (2, None), (3, 2.0), (4, 2.5)):
        training.step = step
        training.note_validation(loss)
    assert training.best == {"step": 3, "validation_loss": 2.0}


# Signals.


def test_a_signal_while_the_last_checkpoint_is_written_lets_it_be_written(
    tale: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = Course._write_checkpoint

    def interrupted(self: Course) -> None:
        if self.training.step:
            signal.raise_signal(signal.SIGINT)
        right(self)

    monkeypatch.setattr(Course, "_write_checkpoint", interrupted)
    words = ["train", "tale.txt", *SIZES, "--steps", "5", "--save-every", "0", "--out", "new"]
    assert main([*words, "--quiet"]) == 130
    assert capsys.readouterr().err == ""
    assert load("new").step == 5


# Time and memory.


def test_the_time_left_is_said_with_each_report_but_the_last(
    tale: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "tale.txt", *SIZES, "--steps", "9", "--sample-every", "3", "--out", "new"]
    assert main(words) == 0
    out = capsys.readouterr().out
    left = re.findall(
        r"step (\d): loss .* on the last window, [\d,]+ characters a second"
        r"(?:, about (\d+) (s|min) left)?\n",
        out,
    )
    assert [step for step, _, _ in left] == ["3", "6", "9"]
    assert left[0][1] and left[1][1] and not left[2][1]


def test_the_time_left_is_the_time_of_a_step_times_the_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("tinygrad_rnn.app.progress.time.monotonic", lambda: now[0])
    progress = Progress(quiet=True)
    progress.start(40, 100)
    assert np.isnan(progress.seconds_left(40))
    now[0] = 130.0
    assert progress.seconds_left(50) == 150.0  # 10 steps in 30 s, 50 to go
    progress.finish()
    times = (0.2, 75, 99.6, 100, 5940, 6000, 200_000, 900_000)
    assert [in_time(t) for t in times] == [
        *("1 s", "75 s", "100 s", "2 min", "99 min", "2 h", "56 h", "10 days"),
    ]


def test_a_run_does_not_grow_in_memory(tmp_path: Path) -> None:
    """A step leaves nothing behind: neither an object nor a byte, but for the row on the disk."""
    options: dict[str, Any] = {"cell": "gru", "hidden": 2, "batch_size": 1, "seq_length": 2}
    training = small_training(**options, steps=500, save_every=100, sample_every=200)
    course = Course(training, tmp_path, [], Progress(quiet=True))
    right, seen = Training.advance, []

    def watched(self: Training) -> Any:
        if self.step % 80 == 0 and self.step:
            gc.collect()
            seen.append((len(gc.get_objects()), tracemalloc.get_traced_memory()[0]))
        if self.step == 480:
            tracemalloc.stop()  # the picture at the end is not what is measured
        return right(self)

    tracemalloc.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Training, "advance", watched)
        assert course.run() == 0
    # What is made once, at whatever moment, is no growth: that would be seen in each of five spans
    # of 80 steps, where a single number kept of every step is 80 objects, or 2,560 bytes.
    growth = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(seen)]
    assert len(growth) == 5
    assert min(objects for objects, _ in growth) <= 2
    assert min(size for _, size in growth) < 2_000


def test_a_refusal_on_the_way_is_of_status_1(tmp_path: Path) -> None:
    training = small_training(steps=3)
    course = Course(training, tmp_path, [], Progress(quiet=True))
    course.curve.add = lambda point: (_ for _ in ()).throw(OSError(5, "Input/output error"))
    with pytest.raises(Refused, match=r"^Input/output error; the checkpoint of step 0") as caught:
        course.run()
    assert caught.value.status == 1
