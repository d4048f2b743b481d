"""docs/ops.md says what the code says: it is what its script prints, and it leaves nothing out."""

from __future__ import annotations

import runpy

from tests.docs.pages import ROOT
from tinygrad_rnn.extend import DOORS, RULES
from tinygrad_rnn.ops import __all__ as offered

PAGE = (ROOT / "docs" / "ops.md").read_text(encoding="utf-8")
SCRIPT = ROOT / "docs" / "make_op_reference.py"


def test_the_page_is_what_its_script_prints() -> None:
    page = runpy.run_path(str(SCRIPT))["page"]()
    assert page == PAGE, "run: python docs/make_op_reference.py"


def test_every_rule_has_a_row_with_its_formulas() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    for rule in RULES.values():
        if not rule.forward.__module__.startswith("tinygrad_rnn."):
            continue  # an op of another test
        (row,) = (line for line in rows if line.startswith(f"| `{rule.name}("))
        assert rule.formula.replace("|", "\\|") in row
        if rule.differentiable:
            assert rule.vjp is not None
            assert rule.vjp.__doc__ is not None
            assert rule.vjp.__doc__.splitlines()[0].replace("|", "\\|") in row


def test_every_function_of_the_ops_has_a_row_and_every_numpy_door_is_named() -> None:
    for name in offered:
        assert f"\n| `{name}(" in PAGE
    for function in DOORS:
        assert f"`np.{function.__name__}`" in PAGE
    for operator in ("a + b", "a @ b", "a**b", "-a", "a[b]", "a <= b"):
        assert f"`{operator}`" in PAGE
