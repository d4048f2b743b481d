"""The benchmark's peers compute the same thing: what is timed there is right, and still runs."""

from __future__ import annotations

import pytest

from tests.benchmarks.child import compare, load
from tests.benchmarks.peers import RECURRENT, SCALARS, TRAINING, Work

FOREIGN = ("torch", "JAX", "micrograd")  # compared whenever the benchmark itself runs

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
