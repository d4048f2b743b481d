"""Boxes and right-angled lines: the geometry that a layout needs. Imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

Point = tuple[float, float]


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    top: float
    width: float
    height: float


def middle(box: Box) -> float:
    """Return the x of a box's middle."""
    return box.left + box.width / 2


def bottom(box: Box) -> float:
    """Return the y of a box's lower edge."""
    return box.top + box.height


def around(boxes: Iterable[Box], margin: float, title: float) -> Box:
    """Return the box around boxes, with a margin, and room for a title above."""
    boxes = list(boxes)
    left, top = min(b.left for b in boxes) - margin, min(b.top for b in boxes) - title
    right, end = max(b.left + b.width for b in boxes) + margin, max(map(bottom, boxes)) + margin
    return Box(left, top, right - left, end - top)


def overlap(box: Box, other: Box) -> bool:
    """Say whether two boxes have a point in common."""
    return (
        box.left < other.left + other.width
        and other.left < box.left + box.width
        and box.top < bottom(other)
        and other.top < bottom(box)
    )


def rounded(points: Sequence[Point], most: float) -> str:
    """Return the SVG path along right angles; corners have a radius of `most`, if there is room."""
    kept = [points[0]]
    for point in points[1:]:
        if point != kept[-1]:
            kept.append(point)
    path = [f"M{kept[0][0]:.1f} {kept[0][1]:.1f}"]
    for before, corner, after in zip(kept, kept[1:], kept[2:], strict=False):
        radius = min(most, distance(before, corner) / 2, distance(corner, after) / 2)
        start, end = towards(corner, before, radius), towards(corner, after, radius)
        path.append(f"L{start[0]:.1f} {start[1]:.1f}")
        path.append(f"Q{corner[0]:.1f} {corner[1]:.1f} {end[0]:.1f} {end[1]:.1f}")
    return "".join([*path, f"L{kept[-1][0]:.1f} {kept[-1][1]:.1f}"])


def distance(a: Point, b: Point) -> float:
    """Return the distance of two points on a line along an axis."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def towards(a: Point, b: Point, length: float) -> Point:
    """Return the point that lies `length` from a in the direction of b."""
    part = length / distance(a, b)
    return a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])
