"""SIGKILL at any moment loses no run: the last whole checkpoint loads, and goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.small import TEXT
from tinygrad_rnn.app.cli import main

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL and fork are POSIX's")

SMALL = ["--hidden", "96", "--batch-size", "3", "--seq-length", "7", "--dropout", "0.3"]


@pytest.mark.parametrize("kills", [15, pytest.param(200, marks=pytest.mark.slow)])
def test_kills_lose_nothing(tmp_path: Path, kills: int) -> None:
    (tmp_path / "tale.txt").write_text(TEXT, encoding="utf-8")
    train = ["train", str(tmp_path / "tale.txt"), *SMALL, "--sample-every", "0", "--quiet"]
    assert main([*train, "--steps", "1", "--out", str(tmp_path / "killed")]) == 0
    done = subprocess.run(
        [sys.executable, "-m", "tests.app.kills", str(tmp_path / "killed"), str(kills), "1"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["kills"] == kills
    assert found["lost"] == found["went_back"] == 0
    assert found["while_saving"] >= kills / 5 and found["step"] > kills / 3
    # And after all that it is where a run that nobody killed is, to the last bit.
    steps = str(found["step"] + 5)
    resume = ["train", "--resume", str(tmp_path / "killed"), "--steps", steps, "--quiet"]
    assert main([*resume, "--save-every", "0"]) == 0
    whole = [*train, "--steps", steps, "--save-every", "0", "--out", str(tmp_path / "whole")]
    assert main(whole) == 0
    for name in ("checkpoint.safetensors", "curve.csv"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
