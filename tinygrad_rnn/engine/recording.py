"""What is being recorded, and where: no_grad, name_scope, time_step. Imports nothing of ours.

All of it is one immutable `Recording` in one context variable, restored in ``finally``: threads
and asynchronous tasks each have their own, and an exception cannot leave a scope open.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any


class Mode:
    """How ops are recorded, wherever they run.

    Parameters
    ----------
    enabled : bool
        Whether ops on Values record how they were made.
    differentiating : bool
        Whether a function is being run inside `grad`, `jacobian` or the like, so that a
        derivative taken inside must itself be recorded.
    watcher : Watcher, optional
        Who looks at every result and at every sweep: `debug` sets one.
    tracer : Tracer, optional
        Who takes every op down instead of computing it: the compiler, while it traces a function.

    Attributes
    ----------
    plain : bool
        Whether ops are recorded and nobody watches: the usual case, which `apply` asks for in one
        question.
    """

    __slots__ = ("differentiating", "enabled", "plain", "tracer", "watcher")

    def __init__(
        self,
        enabled: bool = True,
        differentiating: bool = False,
        watcher: Any = None,
        tracer: Any = None,
    ) -> None:
        self.enabled = enabled
        self.differentiating = differentiating
        self.watcher = watcher
        self.tracer = tracer
        self.plain = enabled and watcher is None


class Recording:
    """What an op that runs now should know.

    Parameters
    ----------
    mode : Mode
        How it is recorded.
    scope : str
        Slash-separated names of the open scopes, e.g. ``"lstm/l0/t=3"``.
    outer : Recording, optional
        What a `name_scope` goes back to when it ends.
    owner : name_scope, optional
        Which scope opened it.
    """

    __slots__ = ("mode", "outer", "owner", "plain", "scope", "tracer")

    def __init__(
        self,
        mode: Mode,
        scope: str,
        outer: Recording | None = None,
        owner: name_scope | None = None,
    ) -> None:
        self.mode = mode
        self.plain = mode.plain
        self.tracer = mode.tracer
        self.scope = scope
        self.outer = outer
        self.owner = owner


current: ContextVar[Recording] = ContextVar(
    "tinygrad_rnn_recording",
    default=Recording(Mode(), scope=""),  # noqa: B039 (never written to)
)


@contextmanager
def recorded(mode: Mode) -> Iterator[None]:
    """Record in another mode, in the scope that is open."""
    token = current.set(Recording(mode, current.get().scope))
    try:
        yield
    finally:
        current.reset(token)


@contextmanager
def in_scope(scope: str) -> Iterator[None]:
    """Give every node made inside a place of its own, whatever scopes are open."""
    token = current.set(Recording(current.get().mode, scope))
    try:
        yield
    finally:
        current.reset(token)


@contextmanager
def no_grad() -> Iterator[None]:
    """Compute without recording: no graph is built, results need no gradient.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> x = tg.Value(2.0)
    >>> with tg.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    now = current.get().mode
    with recorded(Mode(False, now.differentiating, now.watcher, now.tracer)):
        yield


@contextmanager
def differentiating() -> Iterator[None]:
    """Run a function whose derivative is being taken: record, also inside `no_grad`."""
    now = current.get().mode
    with recorded(Mode(True, True, now.watcher, now.tracer)):
        yield


@contextmanager
def traced_by(tracer: Any) -> Iterator[None]:
    """Hand every op to `tracer`, also inside `no_grad`; None computes again."""
    now = current.get().mode
    enabled = now.enabled or tracer is not None
    with recorded(Mode(enabled, now.differentiating, now.watcher, tracer)):
        yield


def debugging() -> bool:
    """Say whether ops that run now are watched, inside `debug`.

    Returns
    -------
    bool
        True inside ``with debug():``, in the thread that opened it.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> tg.debugging()
    False
    >>> with tg.debug():
    ...     tg.debugging()
    True
    """
    return current.get().mode.watcher is not None


class name_scope:
    """Give every node made inside a place: ``node.scope`` gains ``/name``.

    Parameters
    ----------
    name : str
        The name of a module or part.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> with tg.name_scope("encoder"), tg.name_scope("l0"):
    ...     y = tg.Value(2.0) * 3.0
    >>> y.scope
    'encoder/l0'
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        now = current.get()
        scope = f"{now.scope}/{self.name}" if now.scope else self.name
        current.set(Recording(now.mode, scope, now, self))

    def __exit__(self, *exception: object) -> None:
        opened: Recording | None = current.get()
        while opened is not None and opened.owner is not self:
            opened = opened.outer
        if opened is not None and opened.outer is not None:  # else it ends in another place,
            current.set(opened.outer)  # as a generator's does, and leaves that place alone


def time_step(t: int) -> name_scope:
    """Mark every node made inside as belonging to time step `t`.

    Parameters
    ----------
    t : int
        The time index. The ledger of BPTT and the rolled drawing read it back from the scope.

    Returns
    -------
    name_scope
        A context: ``with time_step(t):``.

    Raises
    ------
    ValueError, TypeError
        If `t` is no whole number.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> h = tg.Value(0.5)
    >>> for t in range(3):
    ...     with tg.time_step(t):
    ...         h = h.tanh()
    >>> h.scope, tg.time_of(h)
    ('t=2', 2)
    """
    return name_scope(f"t={t:d}")


def time_of(node: object) -> int | None:
    """Return the innermost time index of a node's scope, or None where it has none.

    Parameters
    ----------
    node : Value
        Or anything else that has a ``scope``.

    Returns
    -------
    int or None
        The t of the innermost `time_step` that was open when it was made.

    Examples
    --------
    >>> import tinygrad_rnn as tg
    >>> with tg.time_step(3):
    ...     h = tg.Value(0.5) * 2.0
    >>> tg.time_of(h), tg.time_of(tg.Value(0.5))
    (3, None)
    """
    for part in reversed(getattr(node, "scope", "").split("/")):
        if part.startswith("t=") and part[2:].removeprefix("-").isdecimal():
            return int(part[2:])
    return None
