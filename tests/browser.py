"""A real browser for tests: Chromium, driven by Playwright.

A machine without one skips these tests and says why; where TINYGRAD_RNN_BROWSER is "required" a
missing browser is a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
REQUIRED = os.environ.get("TINYGRAD_RNN_BROWSER") == "required"


def do_without(reason: str) -> NoReturn:
    if REQUIRED:
        pytest.fail(f"TINYGRAD_RNN_BROWSER=required, but {reason}", pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests, with a profile of its own."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        do_without("the Python package playwright is not installed")
    with sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, BROWSERS)), None)
        own = playwright.chromium.executable_path
        if found is None and not Path(own).exists():
            do_without(f"there is no browser: none of {', '.join(BROWSERS)}")
        started = playwright.chromium.launch(executable_path=found or own, args=OPTIONS)
        yield started
        started.close()
