"""Every command on the pages in docs/ can be given as it stands there; for README's see there."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, README, commands
from tests.docs.test_readme import SMALLER
from tinygrad_rnn.app.cli import main

WITH_COMMANDS = [
    page for page in PAGES if page != README and list(commands(page.read_text(encoding="utf-8")))
]


def test_there_are_such_pages() -> None:
    assert {"see-the-graph", "see-through-time"} <= {page.stem for page in WITH_COMMANDS}


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.stem)
def test_the_commands_of_a_page_work_and_write_what_they_name(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words, _ in commands(page.read_text(encoding="utf-8")):
        assert main([*words, *SMALLER.get(words[0], [])]) == 0, words
        for flag, name in pairwise(words):
            if flag in ("-o", "--out"):
                assert Path(name).exists(), words
