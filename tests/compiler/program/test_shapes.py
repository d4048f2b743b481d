"""The shape of a result is known without computing it, and is what computing it gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.program.shapes import Form, Number, form_like, form_of, frozen
from tinygrad_rnn.engine.rule import RULES, Rule
from tinygrad_rnn.extend import primitive


def known(rule: Rule, *inputs: Any, **params: Any) -> Form:
    forms = tuple(x if isinstance(x, Number) else form_like(x) for x in inputs)
    return form_of(rule, forms, params, frozen(params))


def array(*shape: int, dtype: Any = np.float32) -> Any:
    return np.ones(shape, dtype)[()]


CASES = [
    ("add", (array(4, 1, 3), array(5, 1)), {}),
    ("add", (array(4), array(4, dtype=np.float64)), {}),
    ("multiply", (array(), array(3, dtype=np.int32)), {}),
    ("where", (array(2, 3, dtype=bool), array(3), array(2, 1)), {}),
    ("tanh", (array(0, 3),), {}),
    ("greater", (array(2, 3), array(3)), {}),
    ("matmul", (array(6, 2), array(2, 5, dtype=np.float64)), {}),
    ("matmul", (array(4, 6, 2), array(2)), {}),
    ("matmul", (array(2), array(2)), {}),
    ("matmul", (array(0, 2), array(2, 5)), {}),
    ("concatenate", (array(2, 3), array(4, 3, dtype=np.float64)), {"axis": 0}),
    ("concatenate", (array(2, 3), array(2, 4)), {"axis": -1}),
    ("concatenate", (array(2, 3), array(4)), {"axis": None}),
    ("getitem", (array(7, 4, 3),), {"index": (5, slice(None), None, slice(0, 9, 2))}),
    ("getitem", (array(7, 4),), {"index": (-7, 3)}),
    ("sum", (array(3, 4),), {"axis": 0}),
]


@pytest.mark.parametrize(("name", "inputs", "params"), CASES)
def test_it_is_what_the_op_returns(name: str, inputs: Any, params: Any) -> None:
    y = RULES[name].forward(*inputs, **params)
    assert known(RULES[name], *inputs, **params) == (y.shape, y.dtype)


@pytest.mark.parametrize(
    ("name", "inputs", "params"),
    [
        ("add", (array(4, 2), array(4)), {}),
        ("matmul", (array(4, 2), array(3, 4)), {}),
        ("concatenate", (array(4, 2), array(4, 3)), {"axis": 0}),
        ("getitem", (array(4, 2),), {"index": (4,)}),
    ],
)
def test_what_the_op_refuses_is_refused(name: str, inputs: Any, params: Any) -> None:
    with pytest.raises((ValueError, IndexError)) as expected:
        RULES[name].forward(*inputs, **params)
    with pytest.raises(expected.type) as found:
        known(RULES[name], *inputs, **params)
    assert str(found.value) == str(expected.value)


def test_an_elementwise_op_that_wants_more_than_one_entry() -> None:
    @primitive(elementwise=True)
    def centred(x: Any) -> Any:
        """y = x, of vectors of three"""
        if x.shape != (3,):
            raise ValueError("three, please")
        return 2.0 * x

    @centred.vjp
    def _(g: Any, y: Any, x: Any) -> Any:
        """dx = 2 g"""
        return 2.0 * g

    try:
        assert known(centred.rule, array(3)) == ((3,), np.float32)
        w = tg.Value(np.arange(3.0))
        tg.compile(lambda x: np.sum(centred(w * x)))(np.ones(3)).backward()
        np.testing.assert_array_equal(w.grad, [2.0, 2.0, 2.0])
        with pytest.raises(ValueError, match="three, please"):
            known(centred.rule, array(2))
    finally:
        del RULES["centred"]


def test_numbers_of_python_are_weak() -> None:
    assert known(RULES["multiply"], array(3), Number(2.0)) == ((3,), np.float32)
    assert known(RULES["multiply"], array(3, dtype=np.int16), Number(2)) == ((3,), np.int16)
    assert known(RULES["multiply"], array(3, dtype=np.int16), Number(2.0)) == ((3,), np.float64)
