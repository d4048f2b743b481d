from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tinygrad_rnn.app.blas_threads import one_blas_thread
from tinygrad_rnn.compiler.two_cores.cores import SETTINGS, function, libraries


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """NumPy's OpenBLAS, set to two threads; put back afterwards."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    found = libraries()
    if not found:
        pytest.skip("this NumPy has another BLAS than the OpenBLAS of its wheels")
    before = function(found[0], "get")()
    function(found[0], "set")(2)
    yield found[0]
    function(found[0], "set")(before)


def threads(library: Any) -> int:
    return function(library, "get")()


def test_inside_there_is_one_thread_and_outside_as_many_as_before(library: Any) -> None:
    assert threads(library) == 2
    with one_blas_thread():
        assert threads(library) == 1
    assert threads(library) == 2
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError
    assert threads(library) == 2


@pytest.mark.parametrize("name", SETTINGS)
def test_a_number_in_the_environment_is_left_alone(
    library: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "2")
    with one_blas_thread():
        assert threads(library) == 2
