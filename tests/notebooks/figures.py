"""What the examples of examples/notebooks compute: each is run once, as a script."""

from __future__ import annotations

import functools
import io
import os
import runpy
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import numpy as np

from tests.notebooks.making import FOLDER


@functools.cache
def names_of(example: str) -> dict[str, Any]:
    """Run an example in its folder; return the names that it leaves, ``printed`` among them."""
    here = os.getcwd()
    printed = io.StringIO()
    os.chdir(FOLDER)
    try:
        with redirect_stdout(printed), redirect_stderr(printed), np.printoptions():
            names = runpy.run_path(f"{example}.py")
    finally:
        os.chdir(here)
    return {**names, "printed": printed.getvalue()}


def close(ours: Any, figures: Any, atol: float) -> None:
    """Compare within the rounding of what was published."""
    np.testing.assert_allclose(np.asarray(getattr(ours, "data", ours)), figures, rtol=0, atol=atol)
