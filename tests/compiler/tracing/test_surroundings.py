"""What a function sees beside its arguments: each kind of change is named, and looking is quick."""

from __future__ import annotations

import sys
import types
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.compiler.tracing.surroundings import Surroundings


class Base:
    offset = 1.0


class Other:
    offset = 1.0


class Net(Base):
    scale = 1.0

    def __init__(self) -> None:
        self.layers = [tg.Value(1.0), tg.Value(2.0)]
        self.sizes = {"hidden": 3}
        self.settings = types.SimpleNamespace(rate=1.0, steps={2, 3}, last=deque([1.0]))

    def __call__(self, x: Any) -> Any:
        return x * self.scale


def seen() -> tuple[Net, Callable[..., Any], types.ModuleType]:
    """A function, and what it sees: a net and a module."""
    net, settings = Net(), types.ModuleType("settings")
    settings.rate = 0.25  # type: ignore[attr-defined]

    def fn(x: Any, power: float = 2.0, *, bias: float = 0.5) -> Any:
        return net(x) ** power + bias

    fn.rate = 2.0  # type: ignore[attr-defined]
    return net, fn, settings


def replaced_base(net: Net, fn: Any) -> None:
    type(net).__bases__ = (Other,)


def replaced_class(net: Net, fn: Any) -> None:
    net.__class__ = type("Net", (Net,), {})


CHANGES: dict[str, tuple[str, Callable[[Net, Any], None]]] = {
    "an attribute": ("net.layers", lambda net, fn: setattr(net, "layers", list(net.layers))),
    "a new attribute": ("net.", lambda net, fn: setattr(net, "added", 1)),
    "no attribute": ("net.", lambda net, fn: delattr(net, "sizes")),
    "a member": ("net.layers[1]", lambda net, fn: net.layers.__setitem__(1, tg.Value(2.0))),
    "a longer list": ("net.layers", lambda net, fn: net.layers.append(tg.Value(3.0))),
    "an entry": ("net.sizes['hidden']", lambda net, fn: net.sizes.update(hidden=4)),
    "another entry": ("net.sizes", lambda net, fn: net.sizes.update(other=4)),
    "an entry's name": (
        "net.sizes (key 'hidden')",
        lambda net, fn: net.sizes.update(width=net.sizes.pop("hidden")),
    ),
    "a bare object's setting": (
        "net.settings.rate",
        lambda net, fn: setattr(net.settings, "rate", 2.0),
    ),
    "a set's member": ("net.settings.steps", lambda net, fn: net.settings.steps.add(4)),
    "a queue's member": (
        "net.settings.last[0]",
        lambda net, fn: net.settings.last.__setitem__(0, 2.0),
    ),
    "a function's attribute": ("fn.rate", lambda net, fn: setattr(fn, "rate", 3.0)),
    "a class's setting": ("Net.scale", lambda net, fn: setattr(Net, "scale", 2.0)),
    "a method": ("Net.__call__", lambda net, fn: setattr(Net, "__call__", lambda self, x: x)),
    "no method": ("Net.__call__", lambda net, fn: delattr(Net, "__call__")),
    "an inherited setting": ("Base.offset", lambda net, fn: setattr(Base, "offset", 2.0)),
    "a base": ("Net.__bases__", replaced_base),
    "a class": ("net.__class__", replaced_class),
    "a default": ("fn.__defaults__", lambda net, fn: setattr(fn, "__defaults__", (3.0,))),
    "a default by name": (
        "fn.__kwdefaults__['bias']",
        lambda net, fn: fn.__kwdefaults__.update(bias=0.75),
    ),
}


@pytest.fixture
def as_it_was() -> Any:
    """Undo what is done to the classes."""
    kept = [(c, dict(vars(c)), c.__bases__) for c in (Base, Net)]
    yield
    for c, attributes, bases in kept:
        if c.__bases__ != bases:
            c.__bases__ = bases
        for name in ("scale", "offset", "__call__"):
            if name in attributes:
                setattr(c, name, attributes[name])


@pytest.mark.usefixtures("as_it_was")
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_noticed_and_named(change: str) -> None:
    name, do = CHANGES[change]
    net, fn, _ = seen()
    surroundings = Surroundings(fn, [])
    assert surroundings.changed() == ""
    do(net, fn)
    assert surroundings.changed() == name


def test_a_bound_argument_and_a_setting_of_a_module_are_seen() -> None:
    net, fn, settings = seen()
    surroundings = Surroundings(partial(fn, power=net), [])
    net.layers[0] = tg.Value(5.0)
    assert surroundings.changed() == "power.layers[0]"
    space: dict[str, Any] = {"settings": settings}
    exec("def by_name(x): return x * settings.rate", space)
    surroundings = Surroundings(space["by_name"], [])
    settings.rate = 0.75  # type: ignore[attr-defined]
    assert surroundings.changed() == "settings.rate"
    del settings.rate  # type: ignore[attr-defined]
    assert surroundings.changed() == "settings.rate"


def test_a_setting_of_a_module_in_a_module_is_seen() -> None:
    package = types.ModuleType("package")
    package.settings = types.ModuleType("package.settings")  # type: ignore[attr-defined]
    package.settings.rate, package.settings.all = 0.25, package
    space: dict[str, Any] = {"package": package}
    exec("def by_name(x): return x * package.settings.rate * package.settings.all", space)
    surroundings = Surroundings(space["by_name"], [])
    assert surroundings.changed() == ""
    package.settings.rate = 0.75
    assert surroundings.changed() == "package.settings.rate"


def test_a_variable_that_is_not_there_yet_is_waited_for() -> None:
    def fn(x: Any) -> Any:
        return x if x is None else later

    surroundings = Surroundings(fn, [])
    assert surroundings.changed() == ""
    later = 3.0
    assert surroundings.changed() == "later"


def test_an_equal_number_is_no_change_but_another_value_is() -> None:
    rate, W = float("0.125"), tg.Value(0.125)

    def fn(x: Any) -> Any:
        return W * x * rate

    surroundings = Surroundings(fn, [])
    rate = float("0.125")
    assert surroundings.changed() == ""
    rate = np.float64(0.125)  # type: ignore[assignment]
    assert surroundings.changed() == "rate"
    rate = float("0.125")
    W = tg.Value(0.125)
    assert surroundings.changed() == "W"


def test_what_raises_when_it_is_compared_is_not_compared() -> None:
    mask = np.ones(3)
    surroundings = Surroundings(lambda x: x * mask, [])
    mask = np.ones(3)
    assert surroundings.changed() == "mask"


def test_looking_takes_no_call_of_python_for_each_thing_that_is_seen() -> None:
    def calls(many: int) -> int:
        net = Net()
        net.layers = [tg.Value(float(i)) for i in range(many)]
        for i in range(many):
            setattr(net, f"part{i}", tg.Value(1.0))
        surroundings = Surroundings(lambda x: net(x), [])
        count = 0

        def counted(frame: Any, event: str, arg: Any) -> None:
            nonlocal count
            count += event == "call"

        sys.setprofile(counted)
        try:
            assert surroundings.changed() == ""
        finally:
            sys.setprofile(None)
        return count

    assert calls(1000) == calls(3) < 10
