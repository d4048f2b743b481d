"""The command as a shell runs it: exit statuses, pipes, signals."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest

from tests.app import processes
from tests.app.processes import COMMAND, SMALL
from tests.app.small import TEXT
from tinygrad_rnn.app import load


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Find this package, whether it is installed or not, from a folder of its own."""
    (tmp_path / "tale.txt").write_text(TEXT, encoding="utf-8")
    return processes.environment()


def run(
    words: list[str], folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *words], cwd=folder, env=environment, capture_output=True, timeout=120
    )


def test_a_run_in_a_pipe_has_no_control_characters(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    words = ["train", "tale.txt", *SMALL, "--steps", "12", "--sample-every", "5", "--out", "new"]
    done = run(words, tmp_path, environment)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode("utf-8")
    assert all(c.isprintable() or c in "\n\t" for c in text)
    assert "step 5: loss" in text and "step 12: loss" in text
    assert load(tmp_path / "new").step == 12


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("quiet", [False, True])
def test_a_terminal_gets_a_bar_with_loss_bits_and_characters_per_second(
    tmp_path: Path, environment: dict[str, str], quiet: bool
) -> None:
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    words = ["train", "tale.txt", *SMALL, "--steps", "150", "--sample-every", "70"]
    ours, theirs = os.openpty()
    size = struct.pack("HHHH", 40, 150, 0, 0)  # rows, columns
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
    process = subprocess.Popen(
        [*COMMAND, *words, *["--quiet"] * quiet],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the end of a terminal is an error
        while part := os.read(ours, 1 << 16):
            shown += part
    os.close(ours)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    bar = shown.decode("utf-8")
    if quiet:
        assert (out, bar) == (b"", "")
        return
    rate_and_losses = r"characters/s, loss \d\.\d+, \d\.\d+ bits per character"
    time_gone_and_left = r"\[\d\d:\d\d<\d\d:\d\d, "
    assert re.search(r"step \d+: +\d+%\|.*" + time_gone_and_left + ".*" + rate_and_losses, bar)
    assert all(c.isprintable() or c in "\n\t" for c in out.decode("utf-8"))
    assert "step 70: loss" in out.decode() and "step 140: loss" in out.decode()


def test_a_terminal_that_lacks_a_letter_shows_another(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "greek.txt").write_text("αβγ δεζ × " * 60, encoding="utf-8")
    words = ["train", "greek.txt", *SMALL, "--steps", "1"]
    done = run(words, tmp_path, environment | {"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"3 ? 7 characters" in done.stdout


def test_an_error_is_one_line_and_status_2(tmp_path: Path, environment: dict[str, str]) -> None:
    done = run(["train", "nothing.txt"], tmp_path, environment)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().splitlines() == [
        "tinygrad-rnn: nothing.txt: no such file; check the spelling, or give the full path"
    ]
    done = run(["train", "--hidden", "0"], tmp_path, environment)
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1


@pytest.mark.skipif(os.name != "posix", reason="signals of this kind are POSIX's")
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "kill"]
)
def test_a_run_that_is_stopped_is_saved_and_can_be_gone_on_with(
    tmp_path: Path, environment: dict[str, str], number: signal.Signals, status: int
) -> None:
    words = ["train", "tale.txt", *SMALL, "--steps", "1000000", "--out", "new", "--save-every", "0"]
    process = subprocess.Popen(
        [*COMMAND, *words], cwd=tmp_path, env=environment, stdout=subprocess.PIPE
    )
    curve = tmp_path / "new" / "curve.csv"
    patience = time.monotonic() + 60
    while not curve.is_file() or curve.read_text().count("\n") < 10:
        assert process.poll() is None and time.monotonic() < patience
        time.sleep(0.02)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == status
    step = load(tmp_path / "new").step
    assert step >= 9 and f"stopped at step {step:,}, saved" in out.decode()
    assert curve.read_text().count("\n") == 1 + step  # the curve and the checkpoint agree
    more = ["train", "--resume", "new", "--steps", str(step + 3), "--quiet"]
    assert run(more, tmp_path, environment).returncode == 0
    whole = ["train", "tale.txt", *SMALL, "--steps", str(step + 3), "--out", "whole", "--quiet"]
    assert run([*whole, "--save-every", "0"], tmp_path, environment).returncode == 0
    for name in ("checkpoint.safetensors", "curve.csv"):
        assert (tmp_path / "new" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="needs a shell with head")
def test_a_reader_that_goes_away_is_no_traceback(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    run(["train", "tale.txt", *SMALL, "--steps", "1", "--out", "new"], tmp_path, environment)
    process = subprocess.Popen(
        [*COMMAND, "sample", "new", "--length", "3000"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 1
    assert err == b""
