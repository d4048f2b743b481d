"""The other engines' code on the page that compares: it prints what is shown, where they are.

Each runs in a process of its own, so that neither its warnings nor its threads are ours. To see
what they print now: ``python -m tests.docs.test_peers``.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from tests.docs.pages import PACKAGE, ROOT, blocks

PAGE = ROOT / "docs" / "other-engines.md"
MODULES = {"micrograd": "micrograd", "PyTorch": "torch", "JAX": "jax"}

PROGRAM = """
import json, sys
from tests.docs.pages import run
from tests.docs.test_peers import PAGE
blocks = run(PAGE.read_text(encoding="utf-8"), str(PAGE), sys.argv[1])
print(json.dumps([[block.line, printed] for block, printed, shown in blocks]))
"""


def printed_by(engine: str) -> dict[int, str]:
    """Run an engine's blocks; return what each prints, by the line that it begins in."""
    paths = [str(ROOT), str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, engine],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def shown_below() -> dict[int, tuple[str | None, str]]:
    """Return the engine of each program on the page and what is shown below it, by its line."""
    found = blocks(PAGE.read_text(encoding="utf-8"))
    shown = {b.directly_after: b.text for b in found if b.language == "text"}
    return {b.line: (b.title, shown.get(b, "")) for b in found if b.language == "python"}


def test_each_engine_has_its_programs_and_no_other_is_named() -> None:
    titles = [title for title, _ in shown_below().values() if title]
    assert set(titles) == set(MODULES)
    assert min(map(titles.count, MODULES)) >= 3
    assert all(shown for title, shown in shown_below().values() if title)


@pytest.mark.slow
@pytest.mark.parametrize("engine", MODULES)
def test_an_engine_prints_what_is_shown(engine: str) -> None:
    if importlib.util.find_spec(MODULES[engine]) is None:
        pytest.skip(f"{engine} is not installed")
    shown = {line: text for line, (title, text) in shown_below().items() if title == engine}
    assert printed_by(engine) == shown


if __name__ == "__main__":
    for engine in MODULES:
        for line, text in printed_by(engine).items():
            print(f"---- {engine}, line {line}\n{text}", end="")
