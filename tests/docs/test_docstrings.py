"""The examples in the package's docstrings run, and print what they show."""

from __future__ import annotations

import doctest
import importlib
import importlib.abc
import importlib.util
import pkgutil

import pytest

import tinygrad_rnn

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def source(module: str) -> str:
    """Return a module's source without importing it."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert isinstance(spec.loader, importlib.abc.InspectLoader)
    return spec.loader.get_source(module) or ""


MODULES = [
    found.name
    for found in pkgutil.walk_packages(tinygrad_rnn.__path__, "tinygrad_rnn.")
    # Those of the ops are on the ops themselves, where `test_public_names` runs them.
    if ">>>" in source(found.name) and "ops.descriptions" not in found.name
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        assert not str(error.name).startswith("tinygrad_rnn")
        pytest.skip(f"{name} needs {error.name}")
    if name.endswith("plots"):
        pytest.importorskip("matplotlib")
    # An op that an example defines belongs to the reader, not to the package: __main__.
    names = {**vars(module), "__name__": "__main__"}
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    report: list[str] = []
    for test in doctest.DocTestFinder().find(module, globs=names):
        runner.run(test, out=report.append)
    assert runner.tries > 0
    assert runner.failures == 0, "".join(report)


def test_there_are_examples_all_over_the_package() -> None:
    rooms = {name.split(".")[1] for name in MODULES}
    assert rooms >= {"engine", "check", "manual", "nn", "data"}
