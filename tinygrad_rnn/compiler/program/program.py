"""A program: the steps that outputs and gradients need. Imports the engine's errors and `steps`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ...engine.errors import GraphError, explain
from .shapes import form_of
from .steps import Step, by_making


class Program:
    """What a traced function computes, forward and back.

    Parameters
    ----------
    outputs : sequence of Step
        The function's results.
    gradients : sequence of Step or None
        The gradients of its parameters and arguments, None for those that get none.

    Attributes
    ----------
    steps : list of Step
        Everything that outputs and gradients need, inputs before outputs.

    Raises
    ------
    GraphError
        By `check`, if a pass has left the program in disorder.

    Examples
    --------
    >>> import numpy as np, tinygrad_rnn as tg
    >>> W = tg.Value(np.eye(2), name="W")
    >>> loss = tg.compile(lambda x: np.sum((W @ x) ** 2))
    >>> loss(np.ones(2)).backward()
    >>> [s.rule.name for s in loss.program.steps if s.rule][:3]
    ['matmul', 'multiply', 'sum']
    """

    def __init__(self, outputs: Sequence[Step], gradients: Sequence[Step | None] = ()) -> None:
        self.outputs = tuple(outputs)
        self.gradients = tuple(gradients)
        self.steps = reachable(self.roots)
        self.remake: Callable[[], dict[str, Program]] = dict  # of what it was made, when asked for

    @property
    def history(self) -> dict[str, Program]:
        """The program after each pass, by the names of the passes; made anew at each call."""
        return self.remake()

    @property
    def roots(self) -> list[Step]:
        """Outputs and gradients that are there."""
        return [*self.outputs, *(g for g in self.gradients if g is not None)]

    def computed(self) -> list[Step]:
        """List the steps that are ops."""
        return [s for s in self.steps if s.rule is not None]

    def count(self) -> int:
        """Return how many steps are ops."""
        return sum(s.rule is not None for s in self.steps)

    def users(self) -> dict[Step, list[Step]]:
        """Map each step to the steps that take it, one entry for each use."""
        users: dict[Step, list[Step]] = {s: [] for s in self.steps}
        for s in self.steps:
            for x in s.inputs:
                users[x].append(s)
        return users

    def rewritten(self, rewrite: Callable[[Step, tuple[Step, ...]], Step]) -> Program:
        """Return the program with every op replaced by what `rewrite` makes of it.

        Parameters
        ----------
        rewrite : callable
            Gets a step and its new inputs; returns a step of the same shape and dtype, such as
            ``step.on(inputs)``.
        """
        new: dict[Step, Step] = {}
        for s in self.steps:
            new[s] = s if s.rule is None else rewrite(s, tuple([new[x] for x in s.inputs]))
        return self.replaced(new)

    def replaced(self, new: dict[Step, Step]) -> Program:
        """Return the program of other outputs and gradients, found by the old ones."""
        return Program(
            [new[y] for y in self.outputs], [None if g is None else new[g] for g in self.gradients]
        )

    def check(self, like: Program | None = None) -> Program:
        """Raise if the program is not well-formed, or computes other shapes than `like`.

        Raises
        ------
        GraphError
            Naming the first step that is wrong: a mistake of a pass, not of the user.
        """
        for s in self.steps:
            if s.rule is None:
                continue
            if any([x.order >= s.order for x in s.inputs]):
                raise broken(s, "it was made before one of its inputs")
            form = form_of(s.rule, tuple([x.form for x in s.inputs]), s.params, s.settings)
            if (form.shape, form.dtype) != (s.shape, s.dtype):
                raise broken(s, f"its inputs make {form.shape} {form.dtype}")
        for mine, theirs in zip(self.roots, like.roots if like else (), strict=bool(like)):
            if (mine.shape, mine.dtype) != (theirs.shape, theirs.dtype):
                raise broken(mine, f"it stands for a result of {theirs.shape} {theirs.dtype}")
        return self

    def __str__(self) -> str:
        """Print a line for each step: its number, op, inputs, dtype and shape."""
        number = {s: f"%{i}" for i, s in enumerate(self.steps)}
        marks = {y: f"  → output {i}" for i, y in enumerate(self.outputs)}
        for i, g in enumerate(self.gradients):
            if g is not None:
                marks[g] = marks.get(g, "") + f"  → gradient {i}"
        lines = []
        for s in self.steps:
            if not s.is_number:
                scope = f"  # {s.scope}" if s.scope else ""
                lines.append(f"{number[s]:>6} = {s.described(number)}{marks.get(s, '')}{scope}")
        return "\n".join(lines)


def reachable(roots: Iterable[Step]) -> list[Step]:
    """List the steps that `roots` need, themselves included, inputs before outputs."""
    seen = set(roots)
    stack = list(seen)
    while stack:
        for x in stack.pop().inputs:
            if x not in seen:
                seen.add(x)
                stack.append(x)
    return sorted(seen, key=by_making)


def broken(s: Step, why: str) -> GraphError:
    """Word the error of a program that a pass has left in disorder."""
    return GraphError(explain(f"the program is not well-formed at {s!r}", why=why))
