"""``python -m tests.docs``: run the pages, and write what they print now into their text blocks.

For after a change that was meant: read the difference (``git diff``) before committing it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .pages import PAGES, ROOT, run


def update(file: Path) -> None:
    """Bring a page up to date; say which blocks have changed."""
    page = file.read_text(encoding="utf-8")
    lines = page.splitlines(keepends=True)
    # From the last block up, so that the line numbers above stay right.
    for block, printed, shown in reversed(list(run(page, str(file)))):
        first = block.line + block.text.count("\n") + 2  # behind ```, an empty line, ```text
        if printed != shown and lines[first - 1] == "```text\n":
            lines[first : first + shown.count("\n")] = [printed]
            print(f"{file.relative_to(ROOT)}: line {block.line} prints something else now")
        elif printed != shown:
            print(f"{file.relative_to(ROOT)}: line {block.line} prints what is not shown")
    file.write_text("".join(lines), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    if sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            update(Path(sys.argv[1]))
            os.chdir(ROOT)
    else:  # each page in a process of its own: the ops that it defines are its own, too
        for file in PAGES:
            subprocess.run([sys.executable, "-m", "tests.docs", str(file)], check=True, cwd=ROOT)
