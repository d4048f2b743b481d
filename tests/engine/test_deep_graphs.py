"""Graphs of a million nodes under Python's default recursion limit, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys

MILLION = """
import gc, sys
assert sys.getrecursionlimit() == 1000
from tinygrad_rnn import Value
x = Value(1.0)
y = x
for _ in range(10**6):
    y = y + x
assert float(y.data) == 10**6 + 1
middle = y.inputs[0]
y.backward()
assert float(x.grad) == 10**6 + 1
assert float(middle.grad) == 1.0
del middle, y
gc.collect()
print("freed")
"""


def in_a_process(program: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_a_million_additions() -> None:
    assert in_a_process(MILLION) == "freed"


DEEP = """
import copy, gc, sys
from tinygrad_rnn import Value, grad
x = Value(0.5)
y = x
for _ in range(20_000):
    y = y * 1.0
y.backward(create_graph=True)  # the gradient's graph is as deep
slope = x.grad
twin = copy.deepcopy(y)
twin.backward()
assert float(twin.data) == 0.5
assert repr(y) and str(slope)
x.grad = None
del x, y, slope, twin
gc.collect()

def f(x):
    for _ in range(20_000):
        x = x * 1.0
    return x * x
assert float(grad(grad(f))(3.0)) == 2.0
gc.collect()
print("freed")
"""


def test_deep_graphs_are_copied_recorded_and_freed() -> None:
    assert in_a_process(DEEP) == "freed"
