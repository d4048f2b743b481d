"""`compile`: the same function, traced once for each form of its arguments, and replayed.

Imports the engine, `trace` and the rooms.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable
from threading import RLock
from typing import Any

from ..engine import recording
from ..engine.errors import explain
from .passes import chosen
from .program.one_hot import NotOneHotError
from .program.program import Program
from .program.refusals import CaptureError
from .trace import Trace
from .tracing.arguments import form_of_call
from .two_cores.cores import allowed

FORMS = 64  # that are remembered
MANY = 8  # traces of arguments of the same form, after which something must be wrong


class Compiled:
    """A function that is traced once for each form of its arguments, and then replayed.

    `compile` makes it.

    Parameters
    ----------
    fn : callable
        The function.
    passes : tuple of str
        The names of what is done to its program.
    cores : int, optional
        How many cores a run may use.

    Attributes
    ----------
    fn : callable
        The function itself.
    passes : tuple of str
        The names of what is done to its program.
    program : Program
        What the last call ran.

    Raises
    ------
    CaptureError
        At a call, if the function cannot be traced; see `compile`.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> double = tg.compile(lambda x: 2 * x)
    >>> double(np.array([1.0, 2.0]))
    array([2., 4.])
    >>> print(double.program)
        %0 = argument 0  : float64 2
        %2 = multiply(2, %0)  : float64 2  → output 0
    """

    def __init__(self, fn: Callable[..., Any], passes: tuple[str, ...], cores: int | None) -> None:
        functools.update_wrapper(self, fn)
        self.__name__ = getattr(fn, "__name__", type(fn).__name__)
        self.fn = fn
        self.passes = passes
        self.cores = cores
        self.traces: dict[Any, list[Trace]] = {}
        self.last: Trace | None = None
        self.has_forgotten = False
        self.lock = RLock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the function returns."""
        now = recording.current.get()
        if now.tracer is not None or now.mode.watcher is not None:
            # It becomes a part of what is being traced; and `debug` looks at each op.
            return self.fn(*args, **kwargs)
        form, arrays, statics = form_of_call(args, kwargs)
        self.last = trace = self.find(form) or self.trace(form, args, kwargs, statics)
        try:
            return trace.run(arrays, (args, kwargs), now.mode.enabled)
        except NotOneHotError:  # though it was: another trace takes no advantage of it
            with self.lock:
                self.traces[form] = [other for other in self.traces[form] if other is not trace]
            return self(*args, **kwargs)

    def find(self, form: Any) -> Trace | None:
        """Return a trace for arguments of this form, if all beside them is as it was."""
        for trace in self.traces.get(form, ()):
            if not trace.changed():
                return trace
        return None

    def trace(
        self, form: Any, args: tuple[Any, ...], kwargs: dict[str, Any], statics: list[Any]
    ) -> Trace:
        """Trace the function anew."""
        with self.lock:
            found = self.find(form)  # another thread may have come first
            if found is not None:
                return found
            if len(self.traces) >= FORMS and form not in self.traces:
                self.forget()
            earlier = self.traces.setdefault(form, [])
            if len(earlier) == MANY:
                warnings.warn(
                    f"{self.__name__} was traced {MANY} times for arguments of the same form;"
                    f" what changes from call to call is {earlier[-1].changed()}:"
                    " pass it as an array",
                    stacklevel=3,
                )
            trace = Trace(self.fn, self.passes, args, kwargs, statics, self.cores)
            earlier.insert(0, trace)
            del earlier[2 * MANY :]
            return trace

    def forget(self) -> None:
        """Drop the oldest traces: a number that is another at each call would fill the memory."""
        if not self.has_forgotten:
            warnings.warn(
                f"{self.__name__} was traced for {FORMS} forms of its arguments, and forgets the"
                " oldest from now on. Numbers and objects among the arguments belong to the form:"
                " pass a number that changes from call to call as an array",
                stacklevel=4,
            )
        self.has_forgotten = True
        del self.traces[next(iter(self.traces))]

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Bind to an instance, where a method was compiled."""
        return self if instance is None else functools.partial(self, instance)

    @property
    def program(self) -> Program:
        """The program that the last call ran: printable, and drawn by ``tg.draw``.

        Raises
        ------
        CaptureError
            If the function has not been called yet.
        """
        if self.last is None:
            raise CaptureError(
                explain(
                    f"{self.__name__} has no program yet",
                    where="compiled.program",
                    why="it is traced at its first call, which tells the shapes of its arguments",
                    fix="call it once",
                )
            )
        return self.last.program

    def report(self) -> str:
        """Say what each pass made of the program, and what it takes to run it.

        Returns
        -------
        str
            How many steps there are before and after each pass; how many calls, copies and bytes
            a run takes.

        Raises
        ------
        CaptureError
            If the function has not been called yet.

        Examples
        --------
        >>> import numpy as np, tinygrad_rnn as tg
        >>> W = tg.Value(np.eye(2))
        >>> @tg.compile
        ... def loss(xs):
        ...     h = np.zeros(2)
        ...     for x in xs:
        ...         h = np.tanh(W @ h + x)
        ...     return np.sum(h**2)
        >>> loss(np.ones((5, 2))).backward()
        >>> print(loss.report())  # doctest: +ELLIPSIS
        trace           63 steps
        ...
        """
        history = list(self.program.history.items())
        lines = [f"{name:<12} {program.count():>5} steps" for name, program in history]
        assert self.last is not None
        return "\n".join([*lines, self.last.pools.executable(self.last.pools.expected).summary()])

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}>"


def compile(
    fn: Callable[..., Any] | None = None,
    *,
    passes: Iterable[str] | None = None,
    cores: int | None = None,
) -> Any:
    """Return the same function, traced at its first call and replayed ever after.

    Parameters
    ----------
    fn : callable
        A function of arrays and Values, and of lists, tuples and dicts of them. It may use
        parameters and arrays from outside, layers, loops, dropout, derivatives of functions.
    passes : iterable of str, optional
        What is done to the program; all of `compiler.PASSES` by default. Without any, results are
        those of the function itself, bit for bit.
    cores : int, optional
        Those a run may use: 1 or 2. By default large ones use 2, if NumPy's BLAS has one thread.

    Returns
    -------
    Compiled
        Is called like `fn` and returns the same: Values where `fn` would. ``loss.backward()`` fills
        ``.grad`` as ever. Its `program` can be printed and drawn.

    Raises
    ------
    CaptureError
        At a call, if the function looks at a number: ``if v:``, ``float(v)``, ``v.data``.

    Notes
    -----
    Each new form of the arguments (shapes, dtypes, structure; and every other number or text among
    them) is traced anew, and so is a parameter that was replaced by another, ``model.eval()``, and
    every other change that the function could see. What it does beside computing its result, such
    as printing, happens only while it is traced.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> W = tg.Value(np.eye(2))
    >>> @tg.compile
    ... def loss(x):
    ...     return np.sum(np.tanh(W @ x) ** 2)
    >>> for x in np.ones((3, 2)):
    ...     loss(x).backward()
    >>> W.grad.round(2)
    array([[1.92, 1.92],
           [1.92, 1.92]])
    """
    if fn is None:
        return functools.partial(compile, passes=passes, cores=cores)
    if not callable(fn):
        raise TypeError(
            explain(
                f"compile of a {type(fn).__name__}",
                where="tg.compile(fn)",
                why="a function is traced, not its result",
                fix="write tg.compile(loss)(x), or @tg.compile above def loss(x): ...",
            )
        )
    return Compiled(fn, chosen(passes), allowed(cores))
