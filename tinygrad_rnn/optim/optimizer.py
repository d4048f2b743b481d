"""Optimizer: what all optimisers share; an optimiser itself is its update equations.

Sees of a parameter only `.data` and `.grad`. Imports NumPy, `options` and `parameters`.
"""

from __future__ import annotations

import copy
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .options import Number, checked_options, options_of, refuse, whole
from .parameters import Parameter, gradient_of, label, parameter_list


class Optimizer(ABC):
    """Update parameters from their gradients.

    To write another: declare its options, name its buffers, write its equations (see `sgd.py`).

    Parameters
    ----------
    params : iterable of Parameter
        Objects with ``.data`` and ``.grad``; arrays are updated in place, in their dtype.
    **options : float, bool or tuple
        A value for every option that the class declares.

    Attributes
    ----------
    params : list of Parameter
        What is trained.
    state : list of dict
        For each parameter the number of its steps and the buffers of the method.
    lr, weight_decay : float
        As every other option, they may be set at any time and are checked then.
    initial_lr : float or None
        The learning rate that schedules start from; set by the first one.

    Raises
    ------
    TypeError, ValueError
        For an option that makes no sense, or parameters that cannot be trained.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> class SignDescent(Optimizer):
    ...     def __init__(self, params, lr=0.1):
    ...         super().__init__(params, lr=lr, weight_decay=0.0)
    ...     def buffers(self):
    ...         return ()
    ...     def update(self, weight, g, state):
    ...         weight -= self.lr * np.sign(g)
    >>> w = SimpleNamespace(data=np.array([1.0, 2.0]), grad=np.array([10.0, -0.1]))
    >>> SignDescent([w]).step()
    >>> print(w.data)
    [0.9 2.1]
    """

    lr = Number(1e-3)
    weight_decay = Number(1e-2)

    def __init__(self, params: Iterable[Parameter] | Parameter, **options: Any) -> None:
        self.params = parameter_list(params, type(self).__name__)
        for name, value in options.items():
            setattr(self, name, value)
        self.initial_lr: float | None = None
        self._warned: set[type[Warning]] = set()
        self._memory = np.empty(0, np.uint8)
        self.state: list[dict[str, Any]] = [{"step": 0} for _ in self.params]
        for parameter, state in zip(self.params, self.state, strict=True):
            self._add_buffers(state, parameter.data)

    @abstractmethod
    def buffers(self) -> tuple[str, ...]:
        """Name the arrays that are kept for each parameter under the present options."""

    @abstractmethod
    def update(self, weight: NDArray[Any], g: NDArray[Any], state: dict[str, Any]) -> None:
        """Change `weight` and the buffers in `state` in place; leave the gradient `g` as it is.

        Parameters
        ----------
        weight, g : numpy.ndarray
            Of the same shape and dtype; `g` includes the weight decay.
        state : dict
            The buffers, and under "step" the number of this step, from 1.
        """

    def new_buffer(self, name: str, weight: NDArray[Any]) -> NDArray[Any]:
        """Return the buffer as it is before the first step: zeros of the weight's dtype."""
        return np.zeros_like(weight)

    def scratch(self, weight: NDArray[Any]) -> NDArray[Any]:
        """Return an array like `weight`, of any content, to compute in until the next is asked for.

        Taking and giving back memory at each step would cost as much time as the update itself.
        """
        if self._memory.nbytes < weight.nbytes:
            self._memory = np.empty(weight.nbytes, np.uint8)
        order: Any = "F" if weight.flags.fnc else "C"
        return np.ndarray(weight.shape, weight.dtype, self._memory, order=order)

    def decay(self, weight: NDArray[Any], g: NDArray[Any]) -> NDArray[Any]:
        """Add the gradient of the penalty (λ/2)·‖w‖², which is λ·w."""
        return g + self.weight_decay * weight if self.weight_decay else g

    def step(self) -> None:
        """Update every parameter that has a gradient.

        Raises
        ------
        ValueError
            If a gradient has the wrong shape; then nothing has been changed.

        Warns
        -----
        StaleGradientWarning, ReplacedParameterWarning
            Once each: if a gradient was used by an earlier step already, as where `zero_grad` is
            missing; if a module has another parameter now in the place of one of these.
        """
        owner = type(self).__name__
        ready = [
            (parameter, state, gradient_of(parameter, index, owner))
            for index, (parameter, state) in enumerate(zip(self.params, self.state, strict=True))
            if parameter.grad is not None
        ]
        self._pass_on_warnings()
        for parameter, state, g in ready:
            data = parameter.data
            # A NumPy scalar cannot be written to: it goes through an array of no dimensions.
            weight = data if isinstance(data, np.ndarray) else np.array(data)
            self._add_buffers(state, weight)
            state["step"] += 1
            self.update(weight, self.decay(weight, g), state)
            if weight is not data:
                parameter.data = weight[()]

    def _pass_on_warnings(self) -> None:
        """Tell the parameters of the step; say what they remark, each kind of remark once."""
        remarks = [p.note_step() for p in self.params if hasattr(p, "note_step")]
        for remark in remarks:
            if remark is not None and type(remark) not in self._warned:
                self._warned.add(type(remark))
                warnings.warn(remark, stacklevel=3)

    def _add_buffers(self, state: dict[str, Any], weight: NDArray[Any]) -> None:
        """Make the buffers that are not there yet: all, or those of an option set on the way."""
        for name in self.buffers():
            if name not in state:
                state[name] = self.new_buffer(name, weight)

    def zero_grad(self) -> None:
        """Forget the gradients: set every ``.grad`` to None."""
        for parameter in self.params:
            parameter.grad = None

    @property
    def options(self) -> dict[str, Any]:
        """The options as they are now, by name: floats, whole numbers, booleans and pairs."""
        return {name: getattr(self, name) for name in options_of(type(self))}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the next step depends on, apart from the parameters.

        Returns
        -------
        dict
            ``{"state": {index: {"step": int, buffer: array, …}}, "options": {name: number, …}}``,
            where index is the place of the parameter and every array is a copy.
        """
        return {"state": dict(enumerate(copy.deepcopy(self.state))), "options": self.options}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state: the next steps are bit for bit those of the optimiser saved.

        Parameters
        ----------
        state_dict : dict
            As `state_dict` gave it; also as it comes back from JSON, where the places of the
            parameters have become strings. Arrays are copied, and cast to the parameter's dtype.

        Raises
        ------
        ValueError
            If it does not fit; all mismatches are named, and nothing has been changed.
        """
        faults = [f"{key!r} is missing" for key in ("state", "options") if key not in state_dict]
        faults += [f"{k!r} is unknown" for k in state_dict if k not in ("state", "options")]
        loaded = copy.copy(self)
        given = state_dict.get("options", self.options)
        for name, value in checked_options(type(self), given, faults).items():
            setattr(loaded, name, value)
        saved = {str(index): entry for index, entry in state_dict.get("state", {}).items()}
        if "state" in state_dict and len(saved) != len(self.params):
            faults.append(f"it holds {len(saved)} parameters, there are {len(self.params)}")
        loaded.state = []
        for index, parameter in enumerate(self.params):
            if str(index) in saved:
                entry = saved.pop(str(index))
                loaded.state.append(loaded._checked_state(entry, parameter, index, faults))
        faults += [f"there is no parameter {index}" for index in saved]
        refuse(type(self).__name__, faults)
        self.__dict__.update(loaded.__dict__)

    def _checked_state(
        self, entry: Mapping[str, Any], parameter: Parameter, index: int, faults: list[str]
    ) -> dict[str, Any]:
        """Copy the saved state of one parameter; add what is wrong with it to `faults`."""
        who, names = label(parameter, index), ("step", *self.buffers())
        faults.extend(f"{who}: {name!r} is missing" for name in names if name not in entry)
        faults.extend(f"{who}: {name!r} is unknown" for name in entry if name not in names)
        state: dict[str, Any] = {}
        for name in (name for name in names if name in entry):
            try:
                if name == "step":
                    state[name] = whole(entry[name])
                    continue
                state[name] = np.array(entry[name], dtype=parameter.data.dtype)
            except (TypeError, ValueError):
                faults.append(f"{who}: {name!r} is {type(entry[name]).__name__}")
                continue
            if state[name].shape != parameter.data.shape:
                faults.append(
                    f"{who}: {name!r} has shape {state[name].shape}, "
                    f"the parameter {parameter.data.shape}"
                )
        if state.get("step", 0) < 0:
            faults.append(f"{who}: 'step' is {state['step']}")
        return state

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value!r}" for name, value in self.options.items())
        count = f"{len(self.params)} parameter{'s' if len(self.params) != 1 else ''}"
        return f"{type(self).__name__}({count}, {options})"
