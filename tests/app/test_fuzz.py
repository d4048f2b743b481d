"""2,000 corrupted checkpoints and 2,000 absurd command lines: never a traceback, never a loss."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.app.corruptions import BY_BYTES, BY_MEANING
from tests.app.processes import environment

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="memory is limited and measured as on Linux"
)

MANY = pytest.param(2000, marks=pytest.mark.slow)


def fuzzed(kind: str, count: int, folder: Path) -> dict[str, Any]:
    pytest.importorskip("matplotlib")
    (folder / "work").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "tests.app.fuzzing", str(folder / "work"), kind, str(count), "7"],
        env=environment(),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    assert sum(found["answers"].values()) == count
    assert found["wrong"] == []
    assert found["grown_kB"] < 100_000
    return found


@pytest.mark.parametrize("count", [100, MANY])
def test_spoiled_checkpoints(tmp_path: Path, count: int) -> None:
    answers = fuzzed("checkpoints", count, tmp_path)["answers"]
    kinds = {answer.partition(":")[0] for answer in answers}
    assert len(kinds) > 12
    if count > 1000:
        assert kinds == {*(f"bytes, {x}" for x in BY_BYTES), *(f"meaning, {x}" for x in BY_MEANING)}
    # Some of what a forger writes is a checkpoint like any other: not all is refused at once.
    assert any(answer.endswith("(0, 0)") for answer in answers)


@pytest.mark.parametrize("count", [100, MANY])
def test_absurd_command_lines(tmp_path: Path, count: int) -> None:
    answers = fuzzed("options", count, tmp_path)["answers"]
    for answer in ("train: 0", "train: 2", "sample: 0", "sample: 2", "draw: 0", "draw: 2"):
        assert answers[answer] > count / 200, answer


# The fuzzer itself must see what is wrong.


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise KeyError('x')", "raised or returned None: Traceback"),
        ("return 3", "raised or returned 3"),
        ("return 2", "status 2 with ''"),
        ("print('tinygrad-rnn: a\\nb', file=sys.stderr); return 2", "status 2 with"),
        ("print('b', file=sys.stderr); return 1", "status 1 with"),
        ("print('b', file=sys.stderr); return 0", "status 0 with"),
        (
            "print('so far'); print('tinygrad-rnn: a', file=sys.stderr); return 2",
            "status 2 after 'so far",
        ),
        (
            "print('tinygrad-rnn: a', file=sys.stderr); Path('more').touch(); return 2",
            "status 2, and changed ['more']",
        ),
        ("Path('x.part').touch(); return 0", "half a file: x.part"),
        ("Path('tale').write_text('twice'); return 0", "changed ['tale']"),
        ("print('tinygrad-rnn: ' + 'a' * 2000, file=sys.stderr); return 2", "a line of 2015"),
        ("return 0", ""),
    ],
)
def test_the_fuzzer_sees_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, said: str
) -> None:
    fuzzing = pytest.importorskip("tests.app.fuzzing")  # which needs limits of memory
    monkeypatch.chdir(tmp_path)
    Path("tale").write_text("once")
    program = f"def planted(words):\n    {body}"
    scope = {"Path": Path, "sys": sys}
    exec(program, scope)
    monkeypatch.setattr(fuzzing, "main", scope["planted"])
    _, found = fuzzing.faults(["sample", "new"], tmp_path, fuzzing.files(tmp_path))
    assert any(said in text for text in found) if said else found == []
