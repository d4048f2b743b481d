"""What a Module knows of its parts, and which mistakes it does not let pass."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn


class Affine(nn.Module):
    """A user's module: no super().__init__(), nothing registered."""

    def __init__(self, n: int) -> None:
        self.scale = tg.Value(np.full(n, 2.0))
        self.shift = tg.Value(np.zeros(n))
        self.constant = tg.Value(np.ones(n), requires_grad=False)
        self.last: Any = None

    def forward(self, x: Any) -> Any:
        return x * self.scale + self.shift * self.constant


class Tower(nn.Module):
    """A user's module of modules, in an attribute, a list and a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.first = Affine(3)
        self.blocks = [Affine(3), Affine(3)]
        self.heads = {"a": nn.Linear(3, 2), "b": nn.Linear(3, 1)}

    def forward(self, x: Any) -> Any:
        for block in (self.first, *self.blocks):
            x = block(x)
        return self.heads["a"](x)


TOWER_NAMES = [
    "first.scale",
    "first.shift",
    "blocks.0.scale",
    "blocks.0.shift",
    "blocks.1.scale",
    "blocks.1.shift",
    "heads.a.weight",
    "heads.a.bias",
    "heads.b.weight",
    "heads.b.bias",
]


def test_parameters_are_leaves_that_want_a_gradient() -> None:
    module = Affine(3)
    assert dict(module.named_parameters()) == {"scale": module.scale, "shift": module.shift}
    assert list(module.parameters()) == [module.scale, module.shift]


def test_names_are_dotted_through_attributes_lists_and_dicts() -> None:
    tower = Tower()
    assert [name for name, _ in tower.named_parameters()] == TOWER_NAMES
    assert [name for name, _ in tower.named_modules()] == [
        *("", "first", "blocks.0", "blocks.1", "heads.a", "heads.b")
    ]
    assert next(tower.modules()) is tower
    assert [p.name for p in tower.parameters()] == TOWER_NAMES


def test_a_name_given_by_a_person_stays() -> None:
    class Named(nn.Module):
        def __init__(self) -> None:
            self.w = tg.Value(1.0, name="omega")

    class Outer(nn.Module):
        def __init__(self) -> None:
            self.inner = Named()

    assert [p.name for p in Outer().parameters()] == ["omega"]


def test_micrograds_lists_of_scalars_are_parameters() -> None:
    class Neuron(nn.Module):
        def __init__(self, n: int) -> None:
            self.w = [tg.Value(float(i)) for i in range(n)]
            self.b = tg.Value(0.5)

        def forward(self, x: Any) -> Any:
            return sum((w * x_i for w, x_i in zip(self.w, x, strict=True)), self.b).tanh()

    neuron = Neuron(2)
    assert [name for name, _ in neuron.named_parameters()] == ["w.0", "w.1", "b"]
    neuron([1.0, -1.0]).backward()
    slope = 1 - np.tanh(-0.5) ** 2
    assert [p.grad for p in neuron.parameters()] == pytest.approx([slope, -slope, slope])
    neuron.load_state_dict({"w.0": 3.0, "w.1": 4.0, "b": 5.0})
    assert [float(p) for p in neuron.parameters()] == [3.0, 4.0, 5.0]


def test_a_computed_value_is_no_parameter() -> None:
    module = Affine(3)
    module.last = module.scale * 2.0
    assert len(list(module.parameters())) == 2
    module.last = module.last.detach()
    assert len(list(module.parameters())) == 2


def test_a_frozen_parameter_stays_in_the_state() -> None:
    module = Affine(3)
    module.scale.requires_grad = False
    assert set(module.state_dict()) == {"scale", "shift"}
    module(np.ones(3)).sum().backward()
    assert module.scale.grad is None
    np.testing.assert_array_equal(module.shift.grad, np.ones(3))


def test_a_shared_parameter_is_one_parameter_of_two_names() -> None:
    tower = Tower()
    tower.blocks[1].scale = tower.first.scale
    names = [name for name, _ in tower.named_parameters()]
    assert "first.scale" in names and "blocks.1.scale" not in names
    assert {"first.scale", "blocks.1.scale"} <= set(tower.state_dict())
    tower.load_state_dict(tower.state_dict())


def test_a_shared_module_is_trained_once_and_saved_twice() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            self.a = Affine(2)
            self.b = self.a

    assert [name for name, _ in Twice().named_parameters()] == ["a.scale", "a.shift"]
    assert set(Twice().state_dict()) == {"a.scale", "a.shift", "b.scale", "b.shift"}


def test_a_module_that_knows_its_parent_is_walked_once() -> None:
    class Child(nn.Module):
        def __init__(self, parent: nn.Module) -> None:
            self.parent = parent
            self.w = tg.Value(1.0)

    class Parent(nn.Module):
        def __init__(self) -> None:
            self.child = Child(self)

    parent = Parent()
    assert list(parent.state_dict()) == ["child.w"]
    assert len(list(parent.modules())) == 2
    assert "..." in repr(parent)


# Calling.


def test_a_call_runs_forward_in_a_scope_named_after_class_or_attribute() -> None:
    assert Affine(3)(np.ones(3)).scope == "affine"
    tower = Tower()
    y = tower(np.ones(3))
    assert y.scope == "tower/heads.a"
    assert y.inputs[0].scope == "tower/blocks.1"
    tower.first = Affine(3)
    assert tower.first(np.ones(3)).scope == "first"
    assert tower.blocks[0].forward(np.ones(3)).scope == ""


def test_a_module_without_forward_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"(?s)Module was called.*def forward"):
        nn.Module()()


def test_the_signature_is_that_of_init() -> None:
    assert list(inspect.signature(nn.Linear).parameters) == [
        *("in_features", "out_features", "bias", "generator", "dtype")
    ]
    assert "self" not in inspect.signature(Tower).parameters


# Attributes.


def test_reading_a_misspelt_attribute_names_the_near_one() -> None:
    with pytest.raises(AttributeError, match=r"Affine has no attribute 'scael' .*'scale'"):
        Affine(3).scael  # noqa: B018
    assert not hasattr(Affine(3), "nothing")
    assert getattr(Affine(3), "nothing", 7) == 7


def test_assigning_a_misspelt_attribute_raises_and_changes_nothing() -> None:
    module = Affine(3)
    with pytest.raises(AttributeError, match=r"(?s)'scael'.*did you mean 'scale'.*fix: "):
        module.scael = tg.Value(np.ones(3))
    assert "scael" not in vars(module)


def test_a_subclass_defines_attributes_before_and_after_super() -> None:
    class Sub(Affine):
        def __init__(self) -> None:
            self.before = 1
            super().__init__(2)
            self.after = 2
            self.shift = None  # still inside __init__: it may change its mind

    module = Sub()
    assert (module.before, module.after) == (1, 2)
    assert [name for name, _ in module.named_parameters()] == ["scale"]
    module.after = 3
    with pytest.raises(AttributeError):
        module.later = 4


def test_an_attribute_of_the_class_can_be_assigned() -> None:
    class WithProperty(nn.Module):
        scale = 1.0

        @property
        def half(self) -> float:
            return self.scale / 2

        @half.setter
        def half(self, x: float) -> None:
            self.scale = 2 * x

        @property
        def broken(self) -> float:
            return self.missing  # type: ignore[no-any-return]

    module = WithProperty()
    module.half = 3.0
    assert module.scale == 6.0
    with pytest.raises(AttributeError, match="has no attribute 'missing'"):
        module.broken  # noqa: B018


@pytest.mark.parametrize("x", [np.ones(3), 2.0, None, nn.Linear(1, 1)], ids=type)
def test_a_parameter_is_replaced_only_by_a_value(x: Any) -> None:
    module = Affine(3)
    kept = module.scale
    with pytest.raises(TypeError, match=r"(?s)Affine.scale.*parameter.*\.data\[\.\.\.\] = x"):
        module.scale = x
    assert module.scale is kept
    module.scale = other = tg.Value(np.ones(3))
    assert next(module.parameters()) is other


def test_a_part_is_replaced_only_by_a_module() -> None:
    tower = Tower()
    with pytest.raises(TypeError, match=r"(?s)Tower.first.*part"):
        tower.first = None
    tower.first = other = Affine(3)
    assert dict(tower.named_modules())["first"] is other


# State.


def test_state_dict_copies() -> None:
    module = Affine(3)
    state = module.state_dict()
    state["scale"][:] = 9.0
    np.testing.assert_array_equal(module.scale.data, [2.0, 2.0, 2.0])


def test_load_state_dict_copies_in_place() -> None:
    module, held = Affine(3), None
    held = module.scale.data
    given = np.arange(3.0)
    found = module.load_state_dict({"scale": given, "shift": np.ones(3)})
    assert found == ([], [])
    np.testing.assert_array_equal(held, [0.0, 1.0, 2.0])
    given[:] = 9.0
    np.testing.assert_array_equal(held, [0.0, 1.0, 2.0])


def test_load_state_dict_keeps_the_modules_dtype() -> None:
    module = nn.Linear(2, 1, dtype=np.float32)
    module.load_state_dict({"weight": np.array([[1, 2]]), "bias": np.array([1 / 3])})
    assert module.weight.dtype == module.bias.dtype == np.float32
    np.testing.assert_array_equal(module.bias.data, np.array([1 / 3], np.float32))


def test_load_state_dict_fills_read_only_arrays_and_takes_values() -> None:
    class Frozen(nn.Module):
        def __init__(self) -> None:
            fixed = np.zeros(2, np.float32)
            fixed.flags.writeable = False
            self.w = tg.Value(fixed)

    module = Frozen()
    module.load_state_dict({"w": tg.Value(np.ones(2))})
    np.testing.assert_array_equal(module.w.data, [1.0, 1.0])
    assert module.w.dtype == np.float32


def test_load_state_dict_names_every_misfit_and_loads_nothing() -> None:
    tower = Tower()
    before = tower.state_dict()
    state = {name: np.full_like(x, 7.0) for name, x in before.items()}
    del state["first.scale"], state["blocks.1.shift"]
    state["first.scal"] = np.ones(3)
    state["heads.a.weight"] = np.ones((3, 2))
    state["heads.b.weight"] = np.array([["x", "y", "z"]])
    with pytest.raises(ValueError) as raised:
        tower.load_state_dict(state)
    message = str(raised.value)
    for line in (
        "5 misfits",
        "missing: 'first.scale' (3,)",
        "missing: 'blocks.1.shift' (3,)",
        "unexpected: 'first.scal' (3,) (did you mean 'first.scale'",
        "shape: 'heads.a.weight' is (3, 2), expected (2, 3)",
        "dtype: 'heads.b.weight' holds <U1, expected numbers",
        "nothing was loaded",
    ):
        assert line in message
    for name, x in tower.state_dict().items():
        np.testing.assert_array_equal(x, before[name])


def test_load_state_dict_not_strict_passes_over_names_but_not_shapes() -> None:
    module = Affine(3)
    found = module.load_state_dict({"scale": np.ones(3), "other": np.ones(1)}, strict=False)
    assert found.missing_keys == ["shift"] and found.unexpected_keys == ["other"]
    np.testing.assert_array_equal(module.scale.data, np.ones(3))
    with pytest.raises(ValueError, match=r"1 misfits\n  shape: 'scale' is \(2,\)"):
        module.load_state_dict({"scale": np.ones(2)}, strict=False)


def test_train_and_eval_reach_every_part() -> None:
    tower = Tower()
    assert all(m.training for m in tower.modules())
    assert tower.eval() is tower
    assert not any(m.training for m in tower.modules())
    assert tower.train() is tower
    assert all(m.training for m in tower.modules())


def test_zero_grad_forgets() -> None:
    module = Affine(3)
    module(np.ones(3)).sum().backward()
    assert module.scale.grad is not None
    module.zero_grad()
    assert [p.grad for p in module.parameters()] == [None, None]


def test_a_deep_copy_is_independent_and_closed() -> None:
    tower = Tower()
    twin = copy.deepcopy(tower)
    twin.first.scale.data[:] = 5.0
    np.testing.assert_array_equal(tower.first.scale.data, [2.0, 2.0, 2.0])
    assert [name for name, _ in twin.named_parameters()] == TOWER_NAMES
    assert twin(np.ones(3)).scope == "tower/heads.a"
    with pytest.raises(AttributeError):
        twin.frist = 1


def test_repr_is_the_tree_with_shapes() -> None:
    class Small(nn.Module):
        def __init__(self) -> None:
            self.parts = [nn.Linear(3, 2, dtype=np.float32), nn.Dropout(0.1)]
            self.cell = nn.LSTMCell(2, 1, bias=False)

    assert repr(Small()) == (
        "Small()\n"
        "  parts.0: Linear(3, 2)\n"
        "    weight (2, 3) float32\n"
        "    bias (2,) float32\n"
        "  parts.1: Dropout(p=0.1)\n"
        "  cell: LSTMCell(2, 1, bias=False)\n"
        "    weight_ih (4, 2) float64\n"
        "    weight_hh (4, 1) float64"
    )
