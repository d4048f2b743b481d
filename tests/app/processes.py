"""Runs as processes of their own, started as a shell starts them, for the tests of this folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tinygrad_rnn

COMMAND = [sys.executable, "-m", "tinygrad_rnn"]
SMALL = ["--hidden", "6", "--batch-size", "3", "--seq-length", "7", "--dropout", "0.3"]
PATIENCE = 60  # seconds; on a busy machine a process takes long to begin


def environment() -> dict[str, str]:
    """Find this package, whether it is installed or not."""
    root = str(Path(tinygrad_rnn.__file__).parents[1])
    return {**os.environ, "PYTHONPATH": root, "PYTHONIOENCODING": "utf-8"}


def run(words: Sequence[str], folder: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder to its end."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run(
        [*COMMAND, *words], cwd=folder, env=environment(), text=True, timeout=120, **streams
    )


def start(words: Sequence[str], folder: Path, **options: Any) -> subprocess.Popen[str]:
    """Start a command in a folder."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([*COMMAND, *words], cwd=folder, env=environment(), text=True, **streams)


def wait_until(come: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for something that a process does."""
    patience = time.monotonic() + PATIENCE
    while not come():
        assert process.poll() is None, "it has ended before"
        assert time.monotonic() < patience, "it does not come"
        time.sleep(0.01)


def rows(folder: Path) -> int:
    """Count the steps in the curve of a run that may only be beginning."""
    curve = folder / "curve.csv"
    return max(0, curve.read_bytes().count(b"\n") - 1) if curve.is_file() else 0
