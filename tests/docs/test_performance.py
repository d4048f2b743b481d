"""The tables of the page on speed are those of the recorded runs of the benchmark.

To measure anew, and to write the tables into the page:

    python -m tests.benchmarks recurrent --json tests/benchmarks/recorded/one_thread.json
    python -m tests.docs.test_performance

and so on for the other records, with the parts that each of them has.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.benchmarks.peers import RECURRENT
from tests.benchmarks.process import Conditions
from tests.benchmarks.report import CASES, Report
from tests.benchmarks.table import Record, Table
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "performance.md"
RECORDED = ROOT / "tests" / "benchmarks" / "recorded"
# A comment that names a record and what of it stands below, up to the next empty line.
PLACE = re.compile(
    r"(<!-- (?P<record>\w+): (?P<title>.+?) -->\n\n)(?P<text>.*?)(?=\n\n|\n*\Z)", re.S
)


def recorded(record: str, title: str) -> str:
    """Return what stands below such a comment."""
    found = Record.read(RECORDED / f"{record}.json")
    if title == "conditions":
        return " ".join(found.made.split())
    (table,) = (table for table in found.tables if table.title == title)
    return table.markdown()


def written(page: str) -> str:
    """Return the page with what is recorded."""
    return PLACE.sub(lambda m: m[1] + recorded(m["record"], m["title"]), page)


def places() -> list[re.Match[str]]:
    return list(PLACE.finditer(PAGE.read_text(encoding="utf-8")))


def test_the_page_shows_what_was_recorded() -> None:
    assert len(places()) > 8
    for place in places():
        assert place["text"] == recorded(place["record"], place["title"]), place["title"]


def test_every_table_of_the_page_and_of_the_records_is_accounted_for() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.count("\n| --- |") == sum("\n| --- |" in place["text"] for place in places())
    shown = {(place["record"], place["title"]) for place in places()}
    for file in RECORDED.glob("*.json"):
        record = Record.read(file)
        assert {(file.stem, table.title) for table in record.tables} <= shown
        assert (file.stem, "conditions") in shown


def test_no_peer_failed_and_none_is_missing_in_the_record() -> None:
    table = Record.read(RECORDED / "one_thread.json").tables[0]
    assert list(table.rows) == [*RECURRENT.peers, *RECURRENT.aims]
    assert table.columns == list(CASES)
    for row in table.values.values():
        assert all(values and min(values) > 0 for values in row.values())


def test_writing_replaces_a_table_and_nothing_else(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written(page) == page
    first = places()[1]
    damaged = page.replace(first["text"], first["text"] + "\n| another | row |")
    assert damaged != page
    assert written(damaged) == page


def test_a_report_makes_the_tables_that_are_recorded() -> None:
    tables: list[Table] = []
    conditions = Conditions(rounds=1, seconds=0.01)
    Report(conditions, ["best"], ["rnn1"], tables.append).recurrent()
    (table,) = tables
    assert table.columns == ["rnn1"]
    assert list(table.rows) == ["classic NumPy", "best NumPy by hand", *RECURRENT.aims]
    assert table.rows["best NumPy by hand"]["rnn1"].startswith("0.")


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
