"""The site, built once for all tests of it.

They are skipped where MkDocs is not installed (``pip install -e ".[docs]"``), unless
TINYGRAD_RNN_SITE names the folder of a site that has been built already: ``.ci/run`` does that.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if "TINYGRAD_RNN_SITE" in os.environ:
        return Path(os.environ["TINYGRAD_RNN_SITE"])
    for needed in ("mkdocs", "material", "mkdocstrings_handlers.python"):
        pytest.importorskip(needed, reason="the site needs the extra docs", exc_type=ImportError)
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return folder
