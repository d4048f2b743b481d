"""What holds for every test: Hypothesis is deterministic in CI, global switches stay sealed."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator

# Before NumPy is imported, here and in the programs that tests start: threads that wait for a
# busy core make short products slow, and their number decides the last bit of a sum.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from hypothesis import settings

from tests.browser import browser as browser
from tinygrad_rnn.engine.recording import current
from tinygrad_rnn.engine.rule import DOORS, RULES

# No deadline anywhere: on a busy machine a slow example is no wrong example.
settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def global_switches() -> dict[str, object]:
    """Everything that code under test could leave changed behind a later test's back."""
    _, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    return {
        "recording (no_grad, name_scope, time_step)": current.get(),
        "np.seterr": np.geterr(),
        "np.set_printoptions": np.get_printoptions(),
        "NumPy's global random state": (hash(keys.tobytes()), position, has_gauss, gauss),
        "recursion limit": sys.getrecursionlimit(),
        "garbage collection": gc.isenabled(),
        "current folder": os.getcwd(),
    }


def is_ours(function: Callable[..., object]) -> bool:
    """Tell the package's own functions from those that a test defines."""
    return getattr(function, "__module__", "").startswith("tinygrad_rnn.")


@pytest.fixture(autouse=True)
def sealed_switches() -> Iterator[None]:
    """Fail a test that leaves a global switch turned; forget the ops that it defined."""
    before, rules, doors = global_switches(), dict(RULES), dict(DOORS)
    yield
    # A part of the package that this test was the first to import keeps its ops.
    late_rules = {k: r for k, r in RULES.items() if is_ours(r.forward)}
    late_doors = {k: f for k, f in DOORS.items() if is_ours(f)}
    for registry, kept in ((RULES, late_rules | rules), (DOORS, late_doors | doors)):
        registry.clear()
        registry.update(kept)
    after = global_switches()
    turned = [name for name in before if before[name] != after[name]]
    assert not turned, f"this test left changed: {', '.join(turned)}"
