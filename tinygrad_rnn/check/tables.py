"""Tables of text, as reports print them. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    r"""Lay cells out in columns, two spaces apart; return the lines.

    Examples
    --------
    >>> print(*table(("op", "verdict"), [("matmul", "ok"), ("add", "ok")]), sep="\n")
    op      verdict
    matmul  ok
    add     ok
    """
    lines = [head, *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return [
        "  ".join(cell.ljust(n) for cell, n in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def number(x: float) -> str:
    """Write a distance with two digits; a hyphen where there is none."""
    return "-" if x != x else f"{x:.1e}"


def shape_text(shape: tuple[int, ...] | None) -> str:
    """Write a shape; a hyphen where there is none."""
    return "-" if shape is None else str(shape)
