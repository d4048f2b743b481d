"""What happens to a run: a full disk, a folder that goes, a reader that goes, impatience.

In all of it: at most one line on standard error, and the last whole checkpoint stays.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.processes import SMALL, environment, rows, run, start, wait_until
from tests.app.small import TEXT
from tinygrad_rnn.app import load

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and limits are POSIX's")

ENDLESS = ["train", "tale.txt", *SMALL, "--steps", "1000000", "--out", "new"]
SAVING = [*ENDLESS, "--save-every", "1", "--quiet"]


@pytest.fixture
def saving(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run under way, which saves after every step."""
    (tmp_path / "tale.txt").write_text(TEXT, encoding="utf-8")
    with start(SAVING, tmp_path) as process:
        wait_until(lambda: rows(tmp_path / "new") > 5, process)
        yield process
        process.kill()


def listens(process: subprocess.Popen[str]) -> bool:
    """Say whether a process has taken over SIGTERM: it is training."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        pytest.skip("only Linux tells which signals a process catches")
    (caught,) = (x for x in status.read_text().splitlines() if x.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def line_of(process: subprocess.Popen[str], status: int) -> str:
    """Wait for the end; return the one line that was said."""
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (status, "")
    assert err.startswith("tinygrad-rnn: ") and err.count("\n") == 1 and "Traceback" not in err
    return err


def test_a_disk_that_gets_full_ends_the_run_and_the_last_checkpoint_stays(
    tmp_path: Path, saving: subprocess.Popen[str]
) -> None:
    """No file may grow beyond half a checkpoint any more, as on a disk with so much room left."""
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux limits another process")
    room = (tmp_path / "new" / "checkpoint.safetensors").stat().st_size // 2
    resource.prlimit(saving.pid, resource.RLIMIT_FSIZE, (room, room))
    line = line_of(saving, 1)
    assert line.startswith("tinygrad-rnn: new/checkpoint.safetensors: File too large; ")
    step = load(tmp_path / "new").step
    assert step >= 5 and f"the checkpoint of step {step} stays in new" in line
    assert sorted(os.listdir(tmp_path / "new")) == ["checkpoint.safetensors", "curve.csv"]
    assert rows(tmp_path / "new") == step + 1  # its row was written, the step not saved
    resume = ["train", "--resume", "new", "--steps", str(step + 4), "--quiet"]
    assert run(resume, tmp_path).returncode == 0
    assert load(tmp_path / "new").step == rows(tmp_path / "new") == step + 4


def test_a_curve_that_cannot_grow_ends_the_run_too(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("only Linux limits another process")
    (tmp_path / "tale.txt").write_text(TEXT, encoding="utf-8")
    with start([*ENDLESS, "--save-every", "0", "--quiet"], tmp_path) as process:
        wait_until(lambda: rows(tmp_path / "new") > 5, process)
        room = (tmp_path / "new" / "curve.csv").stat().st_size
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (room, room))
        line = line_of(process, 1)
    assert "File too large; the checkpoint of step 0 stays in new" in line
    assert load(tmp_path / "new").step == 0
    assert run(["train", "--resume", "new", "--steps", "3", "--quiet"], tmp_path).returncode == 0
    assert load(tmp_path / "new").step == rows(tmp_path / "new") == 3


def test_a_disk_that_is_full_at_the_beginning_is_noticed_before_the_first_step(
    tmp_path: Path,
) -> None:
    resource = pytest.importorskip("resource")
    (tmp_path / "tale.txt").write_text(TEXT, encoding="utf-8")
    with start(
        SAVING,
        tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
    ) as process:
        assert "new/checkpoint.safetensors: File too large" in line_of(process, 2)
    assert os.listdir(tmp_path / "new") == []


def test_a_folder_that_goes_is_said_and_what_was_moved_can_be_gone_on_with(
    tmp_path: Path, saving: subprocess.Popen[str]
) -> None:
    (tmp_path / "new").rename(tmp_path / "moved")
    line = line_of(saving, 1)
    assert line.startswith("tinygrad-rnn: new: the folder has gone; step ")
    assert not (tmp_path / "new").exists()
    step = load(tmp_path / "moved").step
    resume = ["train", "--resume", "moved", "--steps", str(step + 2), "--quiet"]
    assert run(resume, tmp_path).returncode == 0


def test_a_reader_that_goes_away_costs_no_step(tmp_path: Path) -> None:
    (tmp_path / "tale.txt").write_text(TEXT, encoding="utf-8")
    words = [*ENDLESS, "--save-every", "0", "--sample-every", "20"]
    with start(words, tmp_path) as process:
        assert process.stdout is not None and process.stderr is not None
        while not process.stdout.readline().startswith("step 20: "):
            pass  # the introduction and the table of gradients
        process.stdout.close()
        assert process.wait(timeout=60) == 1
        assert process.stderr.read() == ""
    step = load(tmp_path / "new").step
    assert step >= 40 and step % 20 == 0 and step == rows(tmp_path / "new")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize(
    "words",
    [[*ENDLESS, "--sample-every", "20"], ["check", "--cell", "rnn"]],
    ids=["train", "check"],
)
def test_an_output_that_is_full_is_one_line(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "tale.txt").write_text(TEXT, encoding="utf-8")
    with open("/dev/full", "w") as full:
        done = run(words, tmp_path, stdout=full)
    assert done.returncode == 1
    assert done.stderr == "tinygrad-rnn: standard output: No space left on device\n"


def test_an_output_that_is_closed_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "tale.txt").write_text(TEXT, encoding="utf-8")
    program = (
        "import os, sys; os.close(1); sys.stdout = None\n"
        "from tinygrad_rnn.app.cli import main; raise SystemExit(main(sys.argv[1:]))"
    )
    python = [sys.executable, "-c", program]
    for words in (
        ["train", "tale.txt", *SMALL, "--steps", "3", "--out", "new"],
        ["sample", "new", "--length", "5"],
    ):
        done = subprocess.run([*python, *words], cwd=tmp_path, env=environment(), timeout=60)
        assert done.returncode == 0
    assert load(tmp_path / "new").step == 3


def test_a_second_ctrl_c_stops_at_once_in_the_middle_of_a_step(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text(TEXT * 20, encoding="utf-8")
    sizes = ["--hidden", "64", "--batch-size", "1", "--seq-length", "30000"]  # steps of seconds
    words = ["train", "long.txt", *sizes, "--steps", "9", "--out", "new", "--quiet"]
    with start(words, tmp_path) as process:
        wait_until(lambda: listens(process), process)
        process.send_signal(signal.SIGINT)
        wait_until(lambda: not listens(process), process)  # it has been heard, the step goes on
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        assert line_of(process, 130) == "tinygrad-rnn: stopped\n"
    assert load(tmp_path / "new").step == 0
    assert time.monotonic() - began < 30  # not that of a step, nor of nine


def test_two_signals_of_different_kinds_are_two(tmp_path: Path) -> None:
    """`kill` after Ctrl-C is the second: it ends the process by the signal, as the shell sees."""
    (tmp_path / "long.txt").write_text(TEXT * 20, encoding="utf-8")
    sizes = ["--hidden", "64", "--batch-size", "1", "--seq-length", "30000"]
    words = ["train", "long.txt", *sizes, "--steps", "9", "--out", "new", "--quiet"]
    with start(words, tmp_path) as process:
        wait_until(lambda: listens(process), process)
        process.send_signal(signal.SIGINT)
        wait_until(lambda: not listens(process), process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == -signal.SIGTERM
    assert load(tmp_path / "new").step == 0
