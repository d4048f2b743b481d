"""Each mistake, planted in a derivative that was written by hand, is named."""

from __future__ import annotations

import pytest

from tests.check.doctor import hand_rnn
from tests.check.doctor.planting import case, planted
from tinygrad_rnn.check import diagnose


def test_a_right_gradient_is_called_right() -> None:
    c = case("rnn")
    found = diagnose(planted(hand_rnn)(c.weights, c.inputs, c.targets), c.loss, c.values)
    assert found.ok and found.verdict == "right" and not found.explanations, str(found)


@pytest.mark.parametrize("name", hand_rnn.MISTAKES)
def test_a_planted_mistake_is_named(name: str) -> None:
    c = case("rnn")
    found = diagnose(planted(hand_rnn, name)(c.weights, c.inputs, c.targets), c.loss, c.values)
    assert found.names == (frozenset([name]),), str(found)
