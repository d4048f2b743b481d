"""A program: hostile checkpoints and absurd command lines, by the thousand, in one process.

``python -m tests.app.fuzzing FOLDER checkpoints|options COUNT SEED`` prints one JSON object: what
the command answered, how often, and every answer that it must not give. What it must do:

* return a status, never raise; with status 2, say one line and change nothing;
* leave no half-written file, and never write over a run that is not its own;
* take no more memory than the process has been allowed (`ALLOWED` more than at its beginning).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import resource
import shutil
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.app.corruptions import corrupted
from tests.app.option_lines import option_line
from tests.app.small import TEXT
from tinygrad_rnn.app import course, train_command
from tinygrad_rnn.app.checkpoint import FILE_NAME
from tinygrad_rnn.app.cli import main

ALLOWED = 256 << 20  # bytes
SMALL = ["--hidden", "6", "--batch-size", "3", "--seq-length", "7", "--dropout", "0.3"]


def answer(words: list[str]) -> tuple[int | None, str, str]:
    """Run the command; return its status, None where it raised, and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status: int | None = main(words)
        except SystemExit as leaving:  # --help and --version
            status = int(leaving.code or 0)
        except BaseException:
            status = None
            traceback.print_exc()
    return status, out.getvalue(), err.getvalue()


@contextlib.contextmanager
def mostly_hurried(chance: random.Random) -> Iterator[None]:
    """Nine times of ten, neither draw a curve nor measure gradients: nearly all the time there is.

    Both come when everything that can be wrong with the words or the file has been found.
    """
    with pytest.MonkeyPatch.context() as patch:
        if chance.random() < 0.9:
            patch.setattr(course, "draw_curve", lambda *_: False)
            patch.setattr(train_command, "check_gradients", lambda *_: None)
        yield


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def faults(words: list[str], folder: Path, before: dict[str, bytes]) -> tuple[Any, list[str]]:
    """Run the command in the present folder; return its status and what is wrong with it."""
    status, out, err = answer(words)
    after, found = files(folder), []
    if status not in (0, 1, 2):
        found.append(f"raised or returned {status}: {err[-1500:]}")
    elif status and (err.count("\n") != 1 or not err.startswith("tinygrad-rnn: ")):
        found.append(f"status {status} with {err[:500]!r}")
    elif status == 0 and err:
        found.append(f"status 0 with {err[:500]!r}")
    if status == 2 and out and "--json" not in words:
        found.append(f"status 2 after {out[:300]!r}")
    if status == 2 and after != before:
        found.append(f"status 2, and changed {sorted(after.keys() ^ before.keys())}")
    found += [f"half a file: {name}" for name in after if name.endswith(".part")]
    touched = [name for name in before if after.get(name) != before[name]]
    if touched and "--resume" not in words and "-o" not in words and "--out" not in words:
        found.append(f"changed {touched}")
    if len(err) > 1000:
        found.append(f"a line of {len(err)} characters")
    return status, [f"{words}: {text}" for text in found]


def checkpoints(chance: random.Random, folder: Path) -> Iterator[tuple[Any, list[str]]]:
    """Corrupt the checkpoint, then let it be sampled from, and gone on with."""
    whole = (folder / "new" / FILE_NAME).read_bytes()
    while True:
        kind, content, harmless = corrupted(whole, chance)
        (folder / "bad").write_bytes(content)
        before = files(folder)
        status, found = faults(["sample", "bad", "--length", "3", "--seed", "0"], folder, before)
        if status == 0 and not harmless(folder / "bad"):
            found.append("a changed checkpoint was taken for a whole one")
        if status == 0 or chance.random() < 0.1:
            words = ["train", "--resume", "bad", "--steps", "7", "--quiet", "--out", "other"]
            with mostly_hurried(chance):
                again, more = faults(words, folder, before)
            status, found = (status, again), found + more
            shutil.rmtree(folder / "other", ignore_errors=True)
        yield f"{kind}: {status}", [f"{kind}: {text}" for text in found]


def options(chance: random.Random, folder: Path) -> Iterator[tuple[Any, list[str]]]:
    """Run an absurd command line, and put the folder back."""
    pristine = folder.parent / "pristine"
    shutil.copytree(folder, pristine)
    before = files(folder)
    while True:
        words = option_line(chance)
        with mostly_hurried(chance):
            status, found = faults(words, folder, before)
        yield f"{words[0] if words else ''}: {status}", found
        if files(folder) != before or [p for p in folder.iterdir() if p.is_dir()] != [
            folder / "new"
        ]:
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.copytree(pristine, folder, dirs_exist_ok=True)


def address_space() -> int:
    """How much of it the process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


FUZZERS: dict[str, Callable[..., Iterator[tuple[Any, list[str]]]]] = {
    "checkpoints": checkpoints,
    "options": options,
}


def fuzzed(kind: str, folder: Path, count: int, seed: int) -> dict[str, Any]:
    """Do it so often, with so much memory allowed."""
    (folder / "tale.txt").write_text(TEXT, encoding="utf-8")
    (folder / "empty.txt").touch()
    (folder / "binary").write_bytes(b"\xff\xfe\x00\x01")
    train = ["train", "tale.txt", *SMALL, "--steps", "5", "--out", "new", "--json"]
    assert answer(train)[0] == 0
    assert answer(["plot", "curve", "new", "-o", "../warm.png"])[0] == 0  # all that is loaded late
    assert answer(["draw", "-o", "../warm.dot"])[0] == 0
    allowed = address_space() + ALLOWED
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answers: Counter[Any] = Counter()
    wrong: list[str] = []
    for status, found in islice(FUZZERS[kind](random.Random(seed), folder), count):
        answers[status] += 1
        wrong += found
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"wrong": wrong, "answers": dict(sorted(answers.items())), "grown_kB": grown}


if __name__ == "__main__":
    name, kind, count, seed = sys.argv[1:]
    os.chdir(name)
    print(json.dumps(fuzzed(kind, Path(name).resolve(), int(count), int(seed))))
