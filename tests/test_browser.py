"""Where a browser is required, a missing one fails; elsewhere it is skipped."""

from __future__ import annotations

import pytest

from tests import browser


def test_a_missing_browser_fails_only_where_one_is_required(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(browser, "REQUIRED", True)
    with pytest.raises(pytest.fail.Exception, match="required, but there is none"):
        browser.do_without("there is none")
    monkeypatch.setattr(browser, "REQUIRED", False)
    with pytest.raises(pytest.skip.Exception, match="there is none"):
        browser.do_without("there is none")
