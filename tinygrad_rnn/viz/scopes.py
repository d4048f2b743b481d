"""Scopes: reading ``"lstm/l0/t=3"``, where a node was made. Imports nothing of ours."""

from __future__ import annotations

import re

Path = tuple[str, ...]  # the parts of a scope: the boxes around a node, outermost first

LOOP = "t=…"  # the part of a path that stands for all time steps


def is_time(part: str) -> bool:
    """Say whether a part of a scope is a time step, such as ``t=3``."""
    return re.fullmatch(r"t=-?\d+", part) is not None


def times_in(scope: str) -> tuple[int, ...]:
    """Return the time steps of a scope, the outermost first."""
    return tuple(int(part[2:]) for part in scope.split("/") if is_time(part))


def module_of(scope: str) -> str:
    """Return a scope without its time steps.

    Examples
    --------
    >>> module_of("lstm/l0/t=3")
    'lstm/l0'
    """
    return "/".join(part for part in scope.split("/") if not is_time(part))


def common(scope: str, other: str) -> str:
    """Return what two scopes begin with.

    Examples
    --------
    >>> common("lstm/l0/t=3", "lstm/l0/t=4")
    'lstm/l0'
    """
    if scope == other:
        return scope
    shared = []
    for part, part_of_other in zip(scope.split("/"), other.split("/"), strict=False):
        if part != part_of_other:
            break
        shared.append(part)
    return "/".join(shared)


def path_of(scope: str) -> Path:
    """Split a scope into its parts."""
    return tuple(scope.split("/")) if scope else ()


def looped(scope: str) -> Path:
    """Return the path of a scope with all time steps in one box.

    Examples
    --------
    >>> looped("lstm/l0/t=3")
    ('lstm', 'l0', 't=…')
    """
    return tuple(LOOP if is_time(part) else part for part in path_of(scope))
