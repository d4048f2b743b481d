"""Labels: what is written on an item, as Graphviz' HTML-like text. Imports `picture`, `numbers`.

Whatever comes from outside, names above all, passes through `bold` or `small`, which escape it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

from ..engine.places import line_of
from .escaping import LONGEST, in_label
from .numbers import Range, shown, size, total
from .picture import Item
from .record import NodeRecord

PORTS = 8  # named inputs that an op shows; one with more shows none
NOT_COMPUTED = "not computed"


class Look(NamedTuple):
    """How a kind of item looks: told apart by shape as well as by colour."""

    shape: str  # Graphviz' name; "plain" is a table with rounded corners
    fill: str
    line: str


LOOKS = {
    "parameter": Look("cylinder", "#ffefc9", "#a86f00"),
    "input": Look("note", "#dff3e3", "#2f7d46"),
    "constant": Look("ellipse", "#efefef", "#6e6e6e"),
    "op": Look("plain", "#e4eefb", "#2f66a8"),
    "module": Look("component", "#f1e6fa", "#7a44a8"),
}
INK, FAINT, GRADIENT = "#16202c", "#56616f", "#a3262a"

TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">'
LID = '<TR><TD HEIGHT="9"></TD></TR>'  # room for the upper end of a cylinder
GAP = '<FONT POINT-SIZE="10">&#160;</FONT>'  # behind each column


def label(item: Item, *, values: bool, grads: bool, root: bool) -> str:
    """Write the label of an item.

    Parameters
    ----------
    item : Item
    values, grads : bool
        Whether to write numbers and gradients.
    root : bool
        Whether it is the Value that the picture is of: its line is thick.

    Returns
    -------
    str
        ``<…>``, as Graphviz takes it.
    """
    lines = [row(bold(item.title))] if item.kind == "module" else heading(item.members[0])
    if item.note:
        lines.append(row(small(item.note, FAINT), item.note))
    if item.kind == "module":
        lines += [row(small(line, FAINT)) for line in contents(item)]
    else:
        lines += numbers(item, values, grads)
    look = LOOKS[item.kind]
    lid = LID if look.shape == "cylinder" else ""
    body = f"{TABLE}{lid}{''.join(lines)}</TABLE>"
    if look.shape != "plain":
        return f"<{body}>"
    names = item.members[0].arguments if has_ports(item) else ()
    cells = "".join(
        f'<TD PORT="i{i}" BORDER="1" SIDES="B" COLOR="{look.line}">{small(name, FAINT)}</TD>'
        for i, name in enumerate(names)
    )
    return (
        f'<<TABLE STYLE="ROUNDED" BORDER="{3 if root else 1}" CELLBORDER="0" CELLSPACING="0" '
        f'CELLPADDING="3" COLOR="{look.line}" BGCOLOR="{look.fill}">'
        f"{f'<TR>{cells}</TR>' if cells else ''}"
        f'<TR><TD COLSPAN="{max(1, len(names))}">{body}</TD></TR></TABLE>>'
    )


def has_ports(item: Item) -> bool:
    """Say whether an item names its inputs, so that arrows can point at them."""
    if item.kind != "op":
        return False
    names = item.members[0].arguments
    return 1 < len(names) <= PORTS and not names[0].isdigit()


def tooltip(item: Item) -> str:
    """Say in one line what an item is and where it was made, for a pointer that rests on it."""
    node = item.members[-1]
    what = item.title if item.kind == "module" else node.name or node.rule or ""
    where = f"in {node.place}" if node.place and item.kind != "module" else ""
    made_at = line_of(node) if item.kind != "module" else None
    nodes = counted(len(item.members), "node") if len(item.members) > 1 else ""
    return " · ".join(str(part) for part in (item.kind, what, where, made_at, nodes) if part)


def heading(node: NodeRecord) -> list[str]:
    """Write what a node is: name, op, formula, settings, shape and dtype."""
    if node.kind == "constant":
        return [row(bold(node.name))] if node.name else []
    title = bold(node.name or node.rule or node.kind)
    if node.name and node.rule:
        title += f"  {in_label(node.rule)}"
    lines = [row(title, f"{node.name or ''}  {node.rule or ''}")]
    for line in filter(None, (node.formula, settings(node))):
        lines.append(row(small(line, INK), line))
    return [*lines, row(small(f"{size(node.shape)} {node.dtype}", FAINT))]


def settings(node: NodeRecord) -> str:
    """Write the settings of an op, but for those that are None or False."""
    given = ((name, x) for name, x in node.params.items() if x is not None and x is not False)
    return ", ".join(f"{name} = {setting(x)}" for name, x in given)


def setting(x: Any) -> str:
    """Write a setting as one would in Python.

    Examples
    --------
    >>> setting((slice(None), slice(0, 4), 2, Ellipsis, None))
    '[:, 0:4, 2, ..., None]'
    """
    if isinstance(x, (tuple, list)):
        return f"[{', '.join(map(setting, x))}]"
    if isinstance(x, slice):
        parts = [x.start, x.stop] if x.step is None else [x.start, x.stop, x.step]
        return ":".join("" if part is None else str(part) for part in parts)
    if isinstance(x, float):
        return f"{x:g}"
    return "..." if x is Ellipsis else str(x)


def contents(item: Item) -> list[str]:
    """Say what a folded module holds."""
    ops = sum(node.kind == "op" for node in item.members)
    weights = [node.value for node in item.members if node.kind == "parameter"]
    lines = [counted(ops, "op")]
    if weights:
        lines.append(f"{counted(len(weights), 'parameter')}, {counted(total(weights), 'number')}")
    return lines


def counted(n: int, what: str) -> str:
    """Write a count.

    Examples
    --------
    >>> counted(1, "op"), counted(1200, "number")
    ('1 op', '1,200 numbers')
    """
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def numbers(item: Item, values: bool, grads: bool) -> list[str]:
    """Write value and gradient, as a table in a row."""
    lines: list[tuple[str, list[str] | Range, str]] = []
    if values or item.kind == "constant":
        lines.append(("value", shown([node.value for node in item.members]), INK))
    if grads and any(node.requires_grad for node in item.members):
        found = [node.gradient for node in item.members if node.gradient is not None]
        lines.append(("grad", shown(found) if found else [NOT_COMPUTED], GRADIENT))
    if item.kind == "constant":  # a number alone says enough
        return [row(in_label(line)) for line in joined(lines[0][1])]
    if not lines:
        return []
    table = []
    if any(isinstance(what, Range) for _, what, _ in lines):
        table.append(cells(["", *(small(part, FAINT) for part in Range._fields)]))
    for name, what, colour in lines:
        if isinstance(what, Range):
            table.append(cells([small(part, colour) for part in (name, *what)]))
        else:
            colour_of_all = FAINT if what == [NOT_COMPUTED] else colour
            for i, line in enumerate(what):
                parts = [small(name if i == 0 else "", colour), small(line, colour_of_all)]
                table.append(cells(parts, last=3))
    return [f"<TR><TD>{TABLE}{''.join(table)}</TABLE></TD></TR>"]


def joined(what: list[str] | Range) -> list[str]:
    """Write numbers in lines, a range in one."""
    return [f"{what.min} … {what.max}"] if isinstance(what, Range) else what


def cells(contents: Iterable[str], last: int = 1) -> str:
    """Put contents into the cells of a row, the last of them over several columns."""
    *first, end = contents
    aligned = "".join(f'<TD ALIGN="LEFT">{content}{GAP}</TD>' for content in first)
    return f'<TR>{aligned}<TD ALIGN="LEFT" COLSPAN="{last}">{end}{GAP}</TD></TR>'


def row(content: str, line: str = "") -> str:
    """Put content into a row of its own.

    Where Graphviz knows no font it takes letters beyond ASCII for narrow ones; for a `line` that
    has some, room is made.
    """
    width = "" if line.isascii() else f' WIDTH="{math.ceil(5.5 * min(len(line), LONGEST))}"'
    return f"<TR><TD{width}>{content}</TD></TR>"


def bold(x: Any) -> str:
    """Write a title."""
    return f"<B>{in_label(x)}</B>"


def small(x: Any, colour: str) -> str:
    """Write in small letters."""
    return f'<FONT POINT-SIZE="10" COLOR="{colour}">{in_label(x)}</FONT>' if x else ""
