"""An op that counts: how often its forward function and its gradients were computed."""

from __future__ import annotations

from typing import Any

import pytest

from tinygrad_rnn.extend import Primitive, primitive


class Counter:
    """The op ``scale(x, w) = x · w``, and what was asked of it."""

    def __init__(self) -> None:
        self.forwards = 0
        self.vjps = 0
        self.asked: list[str] = []

        @primitive
        def scale(x: Any, w: Any) -> Any:
            """y = x · w"""
            self.forwards += 1
            return x * w

        @scale.vjp
        def _(g: Any, y: Any, x: Any, w: Any) -> Any:
            """dx = g · w, dw = g · x"""
            self.vjps += 1
            return lambda: self.wanted("x", g * w), lambda: self.wanted("w", g * x)

        self.op: Primitive = scale

    def wanted(self, name: str, gradient: Any) -> Any:
        """Note that a gradient was asked for."""
        self.asked.append(name)
        return gradient


@pytest.fixture
def counter() -> Counter:
    """Make the counting op anew; the ops of a test are forgotten after it."""
    return Counter()
