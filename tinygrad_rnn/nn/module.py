"""Module: a thing with parameters and parts, called like a function. Imports the engine only.

Nothing is registered by hand: a parameter is a leaf Value that requires a gradient, a part is a
Module, each assigned as an attribute, alone or in a list, tuple or dict. `vars(module)` shows all.
"""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from ..engine.errors import DtypeError, explain
from ..engine.leaf_history import note_replaced
from ..engine.recording import name_scope
from ..engine.value import Value
from .naming import dotted, flattened, near
from .state import Unloaded, load

Self = TypeVar("Self", bound="Module")


class ClosedAfterInit(type):
    """The type of module classes: it closes the list of attributes once ``__init__`` is done."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:  # noqa: D102 (help() shows __init__)
        module = super().__call__(*args, **kwargs)
        module._adopt()
        vars(module)["_built"] = True
        return module

    @property
    def __signature__(cls) -> inspect.Signature:  # else help() would show the line above
        _self, *rest = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
        return inspect.Signature(rest)


class Module(metaclass=ClosedAfterInit):
    """Base of everything that has parameters. A subclass writes ``__init__`` and ``forward``.

    ``super().__init__()`` may be left out. Attributes are defined in ``__init__``. A call runs
    ``forward`` inside a `name_scope`: the name by which its parent knows it, else its class's.

    Attributes
    ----------
    training : bool
        Whether dropout and the like are on; see `train` and `eval`.

    Raises
    ------
    AttributeError, TypeError
        If later an attribute is new, a parameter no Value, or a part no Module.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> class Scale(tg.nn.Module):
    ...     def __init__(self, n):
    ...         self.factor = tg.Value(np.ones(n))
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> scale = Scale(3)
    >>> scale
    Scale()
      factor (3,) float64
    >>> scale(np.arange(3.0)).scope
    'scale'
    """

    training: bool
    _scope: str  # the name that its parent gave it, else that of its class
    _parameters: frozenset[str]  # the names of its own parameters, so that a frozen one stays one
    _built: bool  # whether __init__ is over

    def __new__(cls: type[Self], *args: Any, **kwargs: Any) -> Self:  # noqa: D102
        module = super().__new__(cls)
        vars(module).update(
            training=True, _scope=cls.__name__.lower(), _parameters=frozenset(), _built=False
        )
        return module

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` inside the module's name scope."""
        with name_scope(self._scope):
            return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the module's result: what a subclass writes, and what calling it runs."""
        raise NotImplementedError(
            explain(
                f"{type(self).__name__} was called, but has no forward",
                why="a call runs forward inside the module's name scope",
                fix=f"write def forward(self, x): ... in class {type(self).__name__}",
            )
        )

    # What there is.

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """List the parts by name: attributes, and members of lists, tuples and dicts."""
        return ((name, x) for name, x in flattened(vars(self)) if isinstance(x, Module))

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """List this module (named ``""``) and all parts of parts, each once, under dotted names."""
        seen: set[Module] = set()
        for path, module in self._paths():
            if module not in seen:
                seen.add(module)
                yield path, module

    def modules(self) -> Iterator[Module]:
        """List this module and all parts of parts, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """List the parameters, each once, under dotted names such as ``"head.weight"``."""
        seen: set[Value] = set()
        for name, parameter in self._named_values():
            if parameter not in seen:
                seen.add(parameter)
                yield name, parameter

    def parameters(self) -> Iterator[Value]:
        """List the parameters, each once: what an optimiser takes."""
        return (parameter for _, parameter in self.named_parameters())

    def _paths(
        self, path: str = "", above: tuple[Module, ...] = ()
    ) -> Iterator[tuple[str, Module]]:
        """Every path down from here: a shared part comes once for each; a cycle is left."""
        yield path, self
        for name, child in self.named_children():
            if child is not self and child not in above:
                yield from child._paths(dotted(path, name), (*above, self))

    def _named_values(self) -> Iterator[tuple[str, Value]]:
        """Every parameter under every name: a shared one under all that it has."""
        for path, module in self._paths():
            for name, x in module._own_values():
                yield dotted(path, name), x

    def _own_values(self) -> Iterator[tuple[str, Value]]:
        for name, x in flattened(vars(self)):
            if isinstance(x, Value) and (is_trainable_leaf(x) or name in self._parameters):
                yield name, x

    # State in and out.

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copy all parameters into a dict from name to array; a shared one under all its names."""
        return {name: np.array(parameter.data) for name, parameter in self._named_values()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> Unloaded:
        """Copy arrays into the parameters, in place and in the dtype of the parameters.

        Parameters
        ----------
        state : mapping from name to array
            Anything that `numpy.asarray` takes, so also PyTorch's ``state_dict()``.
        strict : bool
            Whether every name must meet its like. Shapes must, always.

        Returns
        -------
        Unloaded
            ``missing_keys`` and ``unexpected_keys``: both empty if strict.

        Raises
        ------
        ValueError
            Naming every entry that is missing, unexpected, of the wrong shape or no array of
            numbers. Nothing is loaded then.
        """
        return load(dict(self._named_values()), state, strict, type(self).__name__)

    def train(self: Self, mode: bool = True) -> Self:
        """Switch dropout and the like on, here and in all parts."""
        for module in self.modules():
            vars(module)["training"] = mode
        return self

    def eval(self: Self) -> Self:
        """Switch dropout and the like off, here and in all parts."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the parameters' gradients: each ``.grad`` is None again."""
        for parameter in self.parameters():
            parameter.grad = None

    # Attributes: only those that __init__ defined.

    def __setattr__(self, name: str, x: Any) -> None:
        held = vars(self).get(name)
        if self._built and name not in vars(self) and not hasattr(type(self), name):
            raise AttributeError(
                explain(
                    f"assigning {name!r}, which {type(self).__name__} has not{self._near(name)}",
                    why="a module's attributes are those that its __init__ defines,"
                    " so that a misspelt name cannot pass for a new one",
                    fix=f"correct the name, or define self.{name} in __init__",
                )
            )
        owned = Value if name in self._parameters else Module if isinstance(held, Module) else None
        if owned is not None and not isinstance(x, owned):
            kind = "parameter" if owned is Value else "part"
            raise DtypeError(
                explain(
                    f"assigning a {type(x).__name__} to {type(self).__name__}.{name}",
                    why=f"it is a {kind}, a {owned.__name__}, and everything that works on the"
                    f" module's {kind}s would miss it",
                    fix=f"module.{name}.data[...] = x changes it in place; or assign tg.Value(x)"
                    if owned is Value
                    else f"assign a Module, e.g. class Identity(nn.Module) for an empty {name}",
                )
            )
        object.__setattr__(self, name, x)
        if owned is not None:
            note_replaced(f"{self._scope}.{name}", held, x)
        if self._built:
            self._adopt()

    def __getattr__(self, name: str) -> Any:  # reached only where the usual way found nothing
        if hasattr(type(self), name):  # a property that raised: let its own error be seen
            return object.__getattribute__(self, name)
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{self._near(name)}")

    def _near(self, name: str) -> str:
        return near(name, [x for x in {*vars(self), *dir(type(self))} if not x.startswith("_")])

    def _adopt(self) -> None:
        """Tell the parts and the parameters by what names they are known here."""
        vars(self)["_parameters"] = frozenset(name for name, _ in self._own_values())
        for name, child in self.named_children():
            vars(child)["_scope"] = name
        for name, parameter in self.named_parameters():
            if parameter.name is None or name.endswith(f".{parameter.name}"):
                parameter.name = name

    # For people.

    def extra_repr(self) -> str:
        """Say in a few words how the module was built, for ``repr``."""
        return ""

    @reprlib.recursive_repr()
    def __repr__(self) -> str:
        lines = [f"{type(self).__name__}({self.extra_repr()})"]
        lines += [f"{name} {x.shape} {x.dtype}" for name, x in self._own_values()]
        for name, child in self.named_children():
            lines += f"{name}: {child!r}".splitlines()
        return "\n  ".join(lines)


def is_trainable_leaf(x: Value) -> bool:
    """Say whether a Value is made by hand and wants a gradient, as parameters are and do."""
    return x.rule is None and x.requires_grad
