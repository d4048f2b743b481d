"""Boxes and arrows: nothing overlaps, no arrow runs through a box, equal steps look equal."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.viz.stepper_graphs import GRAPHS, recurrent
from tinygrad_rnn.viz.layout import Layout
from tinygrad_rnn.viz.levels import SPACING, levels, spread
from tinygrad_rnn.viz.placement import AFTER, BEFORE, SHARED, is_drawn, placed
from tinygrad_rnn.viz.rectangles import Box, Point
from tinygrad_rnn.viz.snapshot import Snapshot, snapshot


def laid_out(graph: Snapshot, width: float = 70.0) -> Layout:
    widths = {node.id: width + 7 * (node.id % 4) for node in graph.nodes if is_drawn(node)}
    return Layout(graph, placed(graph, widths), widths)


def points(path: str) -> Iterator[Point]:
    """Walk along an SVG path of M, L, V, Q and C in small steps."""
    x = y = 0.0
    for command, rest in re.findall(r"([MLVQC])([^MLVQC]*)", path):
        numbers = [float(n) for n in rest.split()]
        if command == "V":
            numbers = [x, numbers[0]]
        ends = [(x, y), *zip(numbers[::2], numbers[1::2], strict=True)]
        if command == "M":
            ends = ends[1:]
        for i in range(41):  # de Casteljau: of two points the line between them
            t, rung = i / 40, ends
            while len(rung) > 1:
                rung = [
                    (a + t * (c - a), b + t * (d - b))
                    for (a, b), (c, d) in itertools.pairwise(rung)
                ]
            yield rung[0]
        x, y = ends[-1]


def inside(point: Point, box: Box, margin: float = 0.5) -> bool:
    return (
        box.left + margin < point[0] < box.left + box.width - margin
        and box.top + margin < point[1] < box.top + box.height - margin
    )


@pytest.mark.parametrize("name", GRAPHS)
def test_boxes_do_not_overlap_and_lie_on_the_page(name: str) -> None:
    layout = laid_out(snapshot(GRAPHS[name]()))
    boxes = list(layout.boxes.values())
    assert all(box.left >= 0 and box.top >= 0 for box in boxes)
    assert all(box.left + box.width <= layout.width for box in boxes)
    assert all(box.top + box.height <= layout.height for box in boxes)
    for a, b in itertools.combinations(boxes, 2):
        apart = (
            a.left + a.width < b.left
            or b.left + b.width < a.left
            or a.top + a.height < b.top
            or b.top + b.height < a.top
        )
        assert apart, (a, b)


@pytest.mark.parametrize("name", GRAPHS)
def test_every_arrow_leads_from_its_source_to_its_target_and_through_no_box(name: str) -> None:
    graph = snapshot(GRAPHS[name]())
    layout = laid_out(graph)
    drawn = {edge for edge in graph.edges() if is_drawn(graph.nodes[edge.source])}
    assert set(layout.paths) == drawn
    for edge, path in layout.paths.items():
        way = list(points(path))
        source, target = layout.boxes[edge.source], layout.boxes[edge.target]
        assert touches(way[0], source), (edge, path)
        assert way[-1][1] == pytest.approx(target.top, abs=0.06)
        assert target.left < way[-1][0] < target.left + target.width
        through = [
            node for node, box in layout.boxes.items() if any(inside(point, box) for point in way)
        ]
        assert through == [], (edge, path)


def touches(point: Point, box: Box) -> bool:
    x, y = point
    below = abs(y - box.top - box.height) < 0.06 and box.left <= x <= box.left + box.width
    beside = min(abs(x - box.left), abs(x - box.left - box.width)) < 0.06
    return below or (beside and box.top <= y <= box.top + box.height)


def test_two_arrows_into_one_box_enter_at_different_places() -> None:
    layout = laid_out(snapshot(GRAPHS["expression"]()))
    ends: dict[int, list[float]] = {}
    for edge, x in layout.ports.items():
        ends.setdefault(edge.target, []).append(x)
    assert any(len(xs) == 2 for xs in ends.values())
    assert all(len(set(xs)) == len(xs) for xs in ends.values())


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_time_runs_along_x_and_equal_steps_look_equal(kind: str) -> None:
    graph = snapshot(recurrent(kind, T=5))
    layout = laid_out(graph, width=84.0)
    assert layout.placement.columns == [SHARED, (0,), (1,), (2,), (3,), (4,), AFTER]
    for node, cell in layout.placement.cells.items():
        band = layout.bands[cell.column].box
        box = layout.boxes[node]
        assert band.left <= box.left and box.left + box.width <= band.left + band.width
    # The weights' boxes stand once, whatever T; those of steps 1 and 2 are each other's shift.
    assert [node for ids in layout.placement.shared.values() for node in ids] == [0, 1, 2, 3]
    steps: dict[int, list[tuple[str, int, int]]] = {}
    for node in graph.nodes:
        if node.id in layout.boxes and node.time is not None:
            cell = layout.placement.cells[node.id]
            level = layout.placement.level(node.id)
            order = [slot[0] for slot in layout.placement.insides[cell].rows[level]].index(node.id)
            steps.setdefault(node.time, []).append((node.rule or node.kind, level, order))
    assert steps[1] == steps[2] == steps[3] == steps[4]


def test_what_has_no_time_stands_before_or_after() -> None:
    graph = snapshot(GRAPHS["language model"]())
    placement = laid_out(graph).placement
    column = {node.rule: placement.cells[node.id].column for node in graph.nodes if node.rule}
    assert column["take"] == BEFORE
    assert column["softmax_cross_entropy"] == AFTER
    assert column["tanh"] == (2,)
    assert placement.columns == [BEFORE, SHARED, (0,), (1,), (2,), AFTER]


def test_a_graph_without_time_has_one_column_and_no_axis() -> None:
    layout = laid_out(snapshot(GRAPHS["perceptron"]()))
    assert layout.placement.columns == [AFTER]
    assert next(frame.title for frame in layout.frames) == "perceptron/first"


def test_loops_within_loops_are_columns_in_order() -> None:
    placement = laid_out(snapshot(GRAPHS["loop_in_loop"]())).placement
    steps = [column for column in placement.columns if column not in (SHARED, AFTER)]
    inner = [[(t, s) for s in range(3)] for t in range(3)]
    assert steps == [*inner[0], (0,), *inner[1], (1,), *inner[2], (2,)]  # h * h comes last


def test_a_layered_diamond() -> None:
    #  0   1 is used by 4 only
    # 2 3
    #  4
    widths = dict.fromkeys(range(5), 20.0)
    laid = levels({0: [], 1: [], 2: [0], 3: [0], 4: [2, 3, 1]}, {0, 1}, widths)
    assert laid.level == {0: 0, 1: 1, 2: 1, 3: 1, 4: 2}  # a leaf stands just above its user
    assert laid.x[0, 0] == pytest.approx((laid.x[2, 1] + laid.x[3, 1]) / 2, abs=SPACING)


def test_a_long_arrow_keeps_a_lane_free_on_every_level_between() -> None:
    laid = levels({0: [], 1: [0], 2: [1], 3: [2, 0]}, {0}, dict.fromkeys(range(4), 20.0))
    assert laid.level == {0: 0, 1: 1, 2: 2, 3: 3}
    lane = laid.lane(0, 3)
    assert len(lane) == 2
    assert all(abs(x - laid.x[node, node]) >= 10 for x, node in zip(lane, (1, 2), strict=True))


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(1, 100)), min_size=1, max_size=12))
def test_spread_keeps_order_and_spacing_and_moves_no_more_than_it_must(
    wanted: list[tuple[float, float]],
) -> None:
    wishes, widths = [w for w, _ in wanted], [w for _, w in wanted]
    places = spread(wishes, widths)
    apart = [(a + b) / 2 + SPACING for a, b in itertools.pairwise(widths)]
    gaps = [b - a for a, b in itertools.pairwise(places)]
    assert all(gap >= needed - 1e-6 for gap, needed in zip(gaps, apart, strict=True))
    # The least-squares optimum under order constraints: no block of neighbours that touch wants,
    # on the whole, to move, and where there is room between two nothing holds them.
    starts = [0, *(i + 1 for i, (g, n) in enumerate(zip(gaps, apart, strict=True)) if g > n + 1e-6)]
    for start, stop in itertools.pairwise([*starts, len(places)]):
        pull = sum(wishes[i] - places[i] for i in range(start, stop))
        assert pull == pytest.approx(0, abs=1e-6 * (1 + sum(map(abs, wishes))))
