"""A program: kill a run again and again, at random moments, and look at what each kill leaves.

``python -m tests.app.kills FOLDER KILLS SEED`` trains in FOLDER, which holds a run, and saves after
every step. Each time a process of its own goes on with the run, by the command that a user types,
until SIGKILL ends it. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tinygrad_rnn.app.checkpoint import FILE_NAME, read_checkpoint
from tinygrad_rnn.app.cli import main
from tinygrad_rnn.app.curve import rows_until
from tinygrad_rnn.app.run_folder import CURVE_NAME

LONGEST = 0.06  # seconds from when it has begun: a step and its saving take a tenth of it
BEGINNING = 0.1  # seconds, about what it takes to begin
WRITING = 0.001  # seconds, less than it takes to write a file
PATIENCE = 60


def go_on(folder: Path) -> None:
    """Be the process that trains."""
    words = ["train", "--resume", str(folder), "--steps", "1000000", "--save-every", "1"]
    os._exit(main([*words, "--sample-every", "0", "--quiet"]))


def wait_until(come: Callable[[], bool]) -> None:
    """Wait for something that the other process does."""
    patience = time.monotonic() + PATIENCE
    while not come():
        assert time.monotonic() < patience, "it does not come"
        time.sleep(0)


def kill_one(folder: Path, chance: random.Random) -> None:
    """Start a process, and kill it: as it begins, at any moment, or as it is writing a file."""
    begun = (folder / CURVE_NAME).stat().st_size + 1
    child = os.fork()
    if child == 0:
        go_on(folder)
    moment = chance.random()
    if moment < 0.2:
        time.sleep(chance.uniform(0, BEGINNING))
    else:
        wait_until(lambda: (folder / CURVE_NAME).stat().st_size > begun)  # a row more
        time.sleep(chance.uniform(0, LONGEST))
    if moment > 0.6:
        wait_until((folder / f"{FILE_NAME}.part").exists)
        time.sleep(chance.uniform(0, WRITING))
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def left_by(folder: Path) -> int:
    """Read what is there, as the next process does; return its step."""
    step = read_checkpoint(folder).step
    rows = rows_until(folder / CURVE_NAME, step, 0)
    assert len(rows) == step, f"{len(rows)} rows for {step} steps"
    return step


def killed(folder: Path, kills: int, seed: int) -> dict[str, int]:
    """Kill so often; count what was met."""
    chance = random.Random(seed)
    found = {"kills": 0, "while_saving": 0, "lost": 0, "went_back": 0}
    last = left_by(folder)
    for _ in range(kills):
        part = folder / f"{FILE_NAME}.part"
        part.unlink(missing_ok=True)  # what the last kill left, so that this one's is known
        kill_one(folder, chance)
        found["kills"] += 1
        found["while_saving"] += part.exists()
        try:
            step = left_by(folder)
        except (OSError, ValueError, AssertionError) as error:
            print(error, file=sys.stderr)
            found["lost"] += 1
            continue
        found["went_back"] += step < last
        last = step
    return {**found, "step": last}


if __name__ == "__main__":
    name, kills, seed = sys.argv[1:]
    print(json.dumps(killed(Path(name), int(kills), int(seed))))
