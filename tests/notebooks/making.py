"""From a script of examples/notebooks to the notebook beside it, and what a notebook shows.

The script is the source: cells begin with ``# %%``, text with ``# %% [markdown]``. Notebooks are
made from it and executed, in a process of their own, by ``python -m tests.notebooks``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from tests.docs.pages import PACKAGE, ROOT
from tests.docs.pictures import contents

FOLDER = ROOT / "examples" / "notebooks"
NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*\.?\d*(?:e[-+]\d+)?")

EXECUTE = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
there = {"metadata": {"path": sys.argv[3]}}
nbclient.NotebookClient(
    notebook, kernel_name="python3", timeout=300, record_timing=False, resources=there
).execute()
nbformat.write(notebook, sys.argv[2])
"""


def scripts() -> list[Path]:
    """List the scripts that notebooks are made from: those whose text is in cells."""
    return [p for p in sorted(FOLDER.glob("*.py")) if p.read_text("utf-8").startswith("# %%")]


def notebook_of(script: Path) -> Any:
    """Return a script as a notebook that was not executed."""
    import jupytext  # an extra of the tests

    notebook = jupytext.read(script, fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata.clear()
    notebook.metadata.clear()
    notebook.metadata.update(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
    )
    return notebook


def execute(notebook: Path, out: Path, folder: Path) -> None:
    """Run a notebook in `folder`, against the package that is tested; write it with its outputs."""
    paths = filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH")))
    ran = subprocess.run(
        [sys.executable, "-c", EXECUTE, str(notebook), str(out), str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-4000:]


def make(script: Path, out: Path) -> None:
    """Write the notebook of a script, executed."""
    import nbformat  # an extra of the tests

    nbformat.write(notebook_of(script), out)
    execute(out, out, script.parent)
    notebook = json.loads(out.read_text("utf-8"))
    for cell in code_cells(notebook):
        cell["metadata"] = {}
        cell["outputs"] = merged(cell["outputs"])
    out.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8", newline="\n")


def merged(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join what a cell has printed: it arrives in pieces whose number is chance."""
    joined: list[dict[str, Any]] = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output.get("name") and output.get("name") == last.get("name"):
            text = "".join([*last["text"], *output["text"]])
            last["text"] = text.splitlines(keepends=True)
        else:
            joined.append(output)
    return joined


def code_cells(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    """List the cells that run."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def sources(notebook: dict[str, Any]) -> list[tuple[str, str]]:
    """List kind and text of each cell."""
    return [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]


def shown(cell: dict[str, Any]) -> list[Any]:
    """List what a cell shows: what it prints as text, of a picture words, nodes and arrows."""
    found: list[Any] = []
    for output in merged(cell["outputs"]):
        if output["output_type"] == "stream":
            found.append("".join(output["text"]))
        elif "image/svg+xml" in output["data"]:
            found.append(contents("".join(output["data"]["image/svg+xml"])))
        else:
            found.append("".join(output["data"]["text/plain"]))
    return found


def same(one: Any, other: Any, *, rtol: float = 1e-3, atol: float = 1e-8) -> bool:
    """Tell whether two outputs say the same: the same words, and numbers that are nearly equal.

    The last bits of a sum depend on the machine; what is printed of them may as well.
    """
    if not (isinstance(one, str) and isinstance(other, str)):
        return bool(one == other)
    words = (" ".join(NUMBER.sub("#", text).split()) for text in (one, other))
    numbers = [[float(n.replace(",", "")) for n in NUMBER.findall(t)] for t in (one, other)]
    first, second = words
    return first == second and np.allclose(*numbers, rtol=rtol, atol=atol)
