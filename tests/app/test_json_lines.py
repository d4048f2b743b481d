"""``--json``: every line is an object whose fields are those that the page lists."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.app.small import TEXT
from tinygrad_rnn.app.cli import main
from tinygrad_rnn.app.config import OPTIONS

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"
SIZES = ("--hidden", "6", "--batch-size", "3", "--seq-length", "7")


def documented() -> dict[str, set[str]]:
    """The fields of each event, from the table of the page."""
    table = PAGE.read_text(encoding="utf-8").partition("## Lines for programs")[2]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| ", table, re.MULTILINE)
    return {event: set(re.findall(r"`(\w+)`", fields)) for event, fields in rows}


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    out = capsys.readouterr().out
    assert out.isascii() and all(c.isprintable() or c == "\n" for c in out)
    found = [json.loads(line, parse_constant=pytest.fail) for line in out.splitlines()]
    for facts in found:
        assert facts.keys() - {"event"} == documented()[facts["event"]], facts["event"]
    return found


@pytest.fixture(autouse=True)
def tale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tale.txt").write_text(TEXT, encoding="utf-8")


def test_a_run_tells_its_whole_course(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["train", "tale.txt", *SIZES, "--steps", "5", "--sample-every", "2", "--json"]
    assert main([*words, "--save-every", "4", "--out", "new"]) == 0
    found = lines(capsys)
    assert [facts["event"] for facts in found] == [
        *("start", "gradients", "step", "step", "sample", "step", "saved", "step", "sample"),
        *("step", "sample", "saved", "end"),
    ]
    first, last = found[0], found[-1]
    assert first["characters"] == len(TEXT) and first["config"].keys() == OPTIONS.keys()
    assert found[1]["ok"] and len(found[1]["parameters"]) == 7
    assert (last["step"], last["steps"]) == (5, 5)
    steps = [facts for facts in found if facts["event"] == "step"]
    assert [facts["step"] for facts in steps] == [1, 2, 3, 4, 5]
    assert steps[0]["validation_loss"] is None and steps[1]["validation_loss"] > 0
    assert steps[0]["seconds_left"] >= 0 == steps[-1]["seconds_left"]
    rows = Path("new", "curve.csv").read_text().splitlines()[1:]
    assert [float(row.split(",")[1]) for row in rows] == [facts["loss"] for facts in steps]
    assert last["best"]["step"] in (2, 4)


def test_the_other_commands_have_theirs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "tale.txt", *SIZES, "--steps", "1", "--out", "new", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["sample", "new", "--prime", "Verse", "--length", "4", "--json"]) == 0
    (sample,) = lines(capsys)
    assert sample["event"] == "sample" and len(sample["text"]) == 9 and sample["step"] == 1
    assert main(["check", "--cell", "rnn", "--json"]) == 0
    *cases, end = lines(capsys)
    assert len(cases) == end["cases"] == 8 and end["wrong"] == 0
    assert main(["draw", "-o", "g.dot", "--json"]) == 0
    assert lines(capsys) == [{"event": "drawn", "file": "g.dot"}]


def test_an_error_is_a_line_for_people_and_one_for_programs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["train", "nothing.txt", "--json"]) == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    facts = json.loads(out)
    assert facts == {"event": "error", "message": err[14:-1], "status": 2}
    assert facts.keys() - {"event"} == documented()["error"]


def test_a_gradient_that_cannot_be_told_in_json_is_null(capsys: pytest.CaptureFixture[str]) -> None:
    from tinygrad_rnn.app.progress import Progress

    Progress(False, True).event("step", loss=float("inf"), list=[float("nan"), {"x": 1.5}])
    assert json.loads(capsys.readouterr().out) == {
        **{"event": "step", "loss": None},
        "list": [None, {"x": 1.5}],
    }


def test_json_and_quiet_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "tale.txt", "--json", "--quiet"]) == 2
    assert "not allowed with" in capsys.readouterr().err


def test_a_stop_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import signal

    from tinygrad_rnn.app.training import Training

    right = Training.advance
    monkeypatch.setattr(
        Training, "advance", lambda self: (signal.raise_signal(signal.SIGINT), right(self))[1]
    )
    assert main(["train", "tale.txt", *SIZES, "--steps", "9", "--json", "--out", "new"]) == 130
    *_, saved, end = lines(capsys)
    assert (saved["event"], saved["step"]) == ("saved", 1)
    assert (end["step"], end["steps"]) == (1, 9)
    shutil.rmtree("new")
