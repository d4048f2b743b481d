"""The benchmark's peers compute the same thing: what is timed there is right, and still runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.benchmarks import unwatched
from tests.benchmarks.child import Peak, compare, load
from tests.benchmarks.peers import FOREIGN, RECURRENT, SCALARS, TRAINING, Work
from tests.benchmarks.process import Outcome
from tests.benchmarks.report import less, memory_cell, ratio_cell
from tests.benchmarks.table import Record, Table
from tinygrad_rnn.engine import primitive
from tinygrad_rnn.engine import value as engine

# Those of others are compared whenever the benchmark itself runs.
AGREEMENTS = [
    pytest.param(work, case, peer, id=f"{work.peers[peer]}-{case}")
    for work, cases in (
        (RECURRENT, ("rnn1:4", "lstm1:4", "lstm50:3")),
        (TRAINING, ("rnn1:4", "lstm1:4")),
        (SCALARS, ("network", "chain:2000")),
    )
    for case in cases
    for peer in work.peers
    if not peer.startswith(FOREIGN)
]


@pytest.mark.parametrize(("work", "case", "peer"), AGREEMENTS)
def test_a_peer_agrees_with_its_reference(work: Work, case: str, peer: str) -> None:
    problem = load(work.make)(case)
    compare(load(work.peers[peer])(problem), load(work.reference)(problem))


def test_the_comparison_rejects_what_differs() -> None:
    problem = load(RECURRENT.make)("rnn1:4")
    right = load(RECURRENT.reference)(problem)

    def scaled():
        loss, gradients = right()
        return loss, tuple(g * 1.0005 for g in gradients)

    def piling_up(total=[0.0]):  # noqa: B006 (the fault that is planted)
        loss, gradients = right()
        total[0] += gradients[2]
        return loss, (*gradients[:2], total[0], *gradients[3:])

    def other_loss():
        loss, gradients = right()
        return loss * 1.0005, gradients

    for wrong in (scaled, piling_up, other_loss):
        with pytest.raises(AssertionError, match=r"^(gradient|loss) "):
            compare(wrong, right)


def test_the_engine_without_watching_is_another_one_and_is_put_away_again() -> None:
    held = engine.apply, tg.Value.backward, primitive.apply
    with unwatched.nothing_watches():
        assert engine.apply is unwatched.APPLY is primitive.apply
        with tg.debug(), np.errstate(divide="ignore"):
            y = 1.0 / tg.Value(0.0)  # nobody sees it
    assert np.isinf(y.data)
    assert (engine.apply, tg.Value.backward, primitive.apply) == held
    with pytest.raises(tg.NonFiniteError), tg.debug():
        _ = 1.0 / tg.Value(0.0)
    with pytest.raises(LookupError, match="no longer reads"):
        unwatched.without(engine.apply, ("what it does not read", ""))


def test_a_step_that_takes_more_memory_has_a_higher_peak() -> None:
    if not Peak.refs.exists():
        pytest.skip("only Linux forgets a peak")
    # In a process of its own, as the benchmark does: here, what other tests freed is taken again.
    program = (
        "import json, numpy as np\n"
        "from tests.benchmarks.child import memory\n"
        "taking = lambda megabytes: lambda: np.ones(megabytes * 2**17)\n"
        "print(json.dumps([memory(taking(40)), memory(taking(200))]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    small, large = json.loads(run.stdout)
    grown = large["value"] - large["before"] - (small["value"] - small["before"])
    assert 150 < grown < 170
    assert large["first"] >= large["value"] - 10


def test_cells_compare_round_by_round() -> None:
    base, mine = Outcome(values=[1.0, 2.0, 4.0]), Outcome(values=[3.0, 4.0, 8.0])
    assert ratio_cell(mine, base, str, absolute=False) == "2.00 [2.00, 3.00]"
    assert ratio_cell(base, base, lambda ms: f"{ms} ms", absolute=False) == "1 (2.0 ms)"
    assert ratio_cell(Outcome(absent="jax"), base, str, False) == "(jax is not installed)"
    assert ratio_cell(Outcome(failed="no"), base, str, False) == "**failed**"
    peaks = Outcome(values=[30.0, 50.0], before=[10.0, 10.0])
    assert less(peaks, peaks.values).values == [20.0, 40.0]
    assert memory_cell(Outcome(values=[60.0]), less(peaks, peaks.values)) == "60.0 (2.00)"


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    table = Table("Title", "corner", ["a", "b"])
    table.add("row", "b", "2.00 µs", [2.0])
    assert table.markdown().splitlines()[2] == "| row |  | 2.00 µs |"
    Record("here and now", [table]).write(tmp_path / "record.json")
    assert Record.read(tmp_path / "record.json") == Record("here and now", [table])
