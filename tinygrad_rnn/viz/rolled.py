"""Rolled: a picture with each op drawn once, however many time steps it ran in.

`roles` says which ops those are; here they become items, and the arrows between steps are marked.
Imports `roles`, `picture` and `snapshot`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from .picture import Arrow, Item, Picture, boxes, is_cut, title
from .record import NodeRecord
from .roles import Step, roles_of, steps_of
from .scopes import Path, is_time, looped, path_of, times_in
from .snapshot import Snapshot

MOST_LAGS = 2  # that are written on one arrow


def roll(graph: Snapshot) -> Picture:
    """Draw the same op of different time steps once.

    Parameters
    ----------
    graph : Snapshot

    Returns
    -------
    Picture
        With as many items for 5 time steps as for 500.
    """
    steps = steps_of(graph)
    roles = roles_of(graph, steps)
    members: dict[int, list[NodeRecord]] = defaultdict(list)
    for node in graph.nodes:
        members[roles[node.id]].append(node)
    spans = spans_of(graph.nodes)
    items = tuple(item_of(nodes, spans) for nodes in members.values())
    place = {role: number for number, role in enumerate(members)}
    places = [place[role] for role in roles]
    titles = {
        path: f"t = {span(spans[path])}" if path in spans else title(path[-1])
        for path in boxes(items)
    }
    return Picture(items, tuple(arrows_of(graph, steps, items, places)), titles, places[-1])


def spans_of(nodes: Iterable[NodeRecord]) -> dict[Path, set[int]]:
    """Collect the times of each loop, under the path of its box."""
    spans: dict[Path, set[int]] = defaultdict(set)
    for scope in {node.place for node in nodes}:
        path = looped(scope)
        for length, part in enumerate(path_of(scope), 1):
            if is_time(part):
                spans[path[:length]].update(times_in(part))
    return spans


def item_of(nodes: list[NodeRecord], spans: dict[Path, set[int]]) -> Item:
    """Make the item of the nodes of one role."""
    path = looped(nodes[0].place)
    loops = [n for n in range(1, len(path) + 1) if path[:n] in spans]
    if not loops:
        return Item(nodes[0].kind, tuple(nodes), path)
    loop = loops[-1]  # the innermost
    whole = spans[path[:loop]]
    times = {node.time for node in nodes if node.time is not None}
    if len(nodes) == 1 < len(whole) and nodes[0].kind != "op":  # an initial state
        return Item(nodes[0].kind, tuple(nodes), path[: loop - 1])
    note = "" if times == whole else f"t = {span(times)}"
    return Item(nodes[0].kind, tuple(nodes), path, note)


def arrows_of(
    graph: Snapshot, steps: list[Step | None], items: tuple[Item, ...], places: list[int]
) -> Iterator[Arrow]:
    """Join the arrows of all time steps."""
    looping = [
        len(item.members) > 1 or (item.kind == "op" and item.members[0].time is not None)
        for item in items
    ]
    pairs: dict[tuple[int, int, int | None], list[tuple[Step | None, Step | None]]] = {}
    cut = set()
    for edge in graph.edges():
        name = graph.nodes[edge.target].arguments[edge.position]
        position = None if name.isdigit() else edge.position  # members of a stack are all alike
        key = (places[edge.source], places[edge.target], position)
        pairs.setdefault(key, []).append((steps[edge.source], steps[edge.target]))
        if is_cut(graph, edge):
            cut.add(key)
    for (source, target, position), ends in pairs.items():
        lags = {lag_of(*pair) for pair in ends} if looping[source] and looping[target] else {0}
        if lags != {0}:
            label = lags_label(lags)
        elif looping[source] and not looping[target]:
            label = part_label((s for s, _ in ends), items[source], steps)
        elif looping[target] and not looping[source]:
            label = part_label((s for _, s in ends), items[target], steps)
        else:
            label = ""
        is_one = (source, target, position) in cut
        yield Arrow(source, target, position, label, lags != {0}, is_one)


def lag_of(source: Step | None, target: Step | None) -> int:
    """Count the steps from a node to its user: -1 if it is of the step before."""
    if not source or not target:
        return 0
    return next((s - t for s, t in zip(source, target, strict=False) if s != t), 0)


def lags_label(lags: set[int]) -> str:
    """Write lags.

    Examples
    --------
    >>> lags_label({-1}), lags_label({-2, 0}), lags_label({-2, -1, 0})
    ('t - 1', 't - 2 and t', 'any t')
    """
    if len(lags) > MOST_LAGS:
        return "any t"
    return " and ".join(
        f"t {'+' if lag > 0 else '-'} {abs(lag)}" if lag else "t" for lag in sorted(lags)
    )


def part_label(used: Iterable[Step | None], item: Item, steps: list[Step | None]) -> str:
    """Say at which time steps an arrow between a loop and its outside is there."""
    all_steps = {steps[node.id] for node in item.members}
    found = set(used)
    if len(all_steps) == 1 or found == all_steps:
        return ""
    return f"t = {span({step[-1] for step in found if step})}"


def span(times: Iterable[int]) -> str:
    """Write several times in few characters.

    Examples
    --------
    >>> span({0, 1, 2, 3}), span({7}), span({0, 2, 4})
    ('0 … 3', '7', '0 … 4, not all')
    """
    times = sorted(times)
    if len(times) == 1:
        return str(times[0])
    gaps = "" if times[-1] - times[0] == len(times) - 1 else ", not all"
    return f"{times[0]} … {times[-1]}{gaps}"
