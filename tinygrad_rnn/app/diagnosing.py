"""``tinygrad-rnn diagnose``: a hand-written derivative is run, and its mistakes are named.

Imports the files above, check and its doctor.
"""

from __future__ import annotations

import dataclasses
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..check import Diagnosis, diagnose
from ..engine.errors import describe
from .hand_written import Function, load_function, running
from .progress import Progress
from .refusal import Refused, printable
from .small_problem import STATES, Sizes, SmallProblem, small_problem

OTHER_SIZES = Sizes(steps=4, batch=6, hidden=5, words=8)  # T, B and T·B other than in the first


def diagnose_file(arguments: Namespace) -> int:
    """Run the command.

    Returns
    -------
    int
        The exit status: 0 if every gradient is right, 1 if one is wrong.

    Raises
    ------
    Refused
        If the function cannot be run, or returns what cannot be compared.
    """
    function, path = load_function(arguments.function)
    sizes = Sizes(steps=arguments.steps, batch=arguments.batch_size)
    problem = small_problem(arguments.cell, arguments.loss, sizes, arguments.seed)
    theirs = called(function, path, problem)
    again = called(function, path, problem)
    found = examined(theirs, problem, arguments.cell, arguments.function)
    if len(found.explanations) > 1:
        other = small_problem(arguments.cell, arguments.loss, OTHER_SIZES, arguments.seed)
        found = narrowed(found, second_look(function, path, other, arguments))
    progress = Progress(arguments.quiet, arguments.json)
    progress.say(
        f"{arguments.cell}: {sizes.steps} steps of {sizes.batch} sequences, {sizes.hidden} units,"
        f" {sizes.words} words, a first state that is not zero; {arguments.loss} cross-entropy"
        f" {float(problem.loss.data):.4f}"
    )
    progress.say(str(found))
    repeated = between_calls(theirs, again)
    if repeated:
        progress.say(repeated)
    progress.event(
        "diagnosis",
        verdict=found.verdict,
        unknown=found.unknown,
        explanations=[
            [
                {"name": m.name, "sentence": m.sentence, "line": m.line, "weights": names}
                for m, names in e.concerned.items()
            ]
            for e in found.explanations
        ],
        between_calls=repeated,
        findings=[{**dataclasses.asdict(f), "ok": f.ok} for f in found.findings.values()],
    )
    return 0 if found.ok and not repeated else 1


def called(function: Function, path: Path, problem: SmallProblem) -> dict[str, Any]:
    """Call the user's function with numbers of its own; return copies of what it returns."""
    weights = {name: w.copy() for name, w in problem.weights.items()}
    with running(path):
        result = function(weights, problem.inputs.copy(), problem.targets.copy())
    if not isinstance(result, Mapping):
        raise Refused(
            printable(
                f"{path}: the function returned {described(result)}, not a dict from the names of"
                f" the weights to their gradients"
            )
        )
    return {str(name): np.array(x) if hasattr(x, "dtype") else x for name, x in result.items()}


def described(result: Any) -> str:
    """Say what a function returned."""
    if result is None:
        return "nothing (None)"
    if isinstance(result, tuple):
        return f"a tuple of {', '.join(map(describe, result))}"
    return describe(result)


def examined(theirs: Mapping[str, Any], problem: SmallProblem, cell: str, place: str) -> Diagnosis:
    """Diagnose; the gradients of the first states may be left out."""
    values = {
        name: v for name, v in problem.values.items() if name in theirs or name not in STATES[cell]
    }
    found = diagnose(theirs, problem.loss, values)
    if found.unusable:
        faults = "; ".join(f"{name} {fault}" for name, fault in found.unusable.items())
        raise Refused(printable(f"{place}: {faults}"))
    return found


def second_look(
    function: Function, path: Path, problem: SmallProblem, arguments: Namespace
) -> Diagnosis | None:
    """Diagnose the function on a problem of other sizes, if it runs there."""
    try:
        theirs = called(function, path, problem)
        return examined(theirs, problem, arguments.cell, arguments.function)
    except Refused:
        return None  # it was written for the sizes of the first


def narrowed(found: Diagnosis, other: Diagnosis | None) -> Diagnosis:
    """Keep the explanations that hold on a problem of other sizes as well."""
    if other is None:
        return found
    pairs = zip(found.explanations, found.names, strict=True)
    kept = tuple(e for e, names in pairs if names in other.names)
    if not kept or len(kept) == len(found.explanations):
        return found
    first = kept[0]
    findings = {
        name: dataclasses.replace(
            f, verdict="; ".join(m.name for m, names in first.concerned.items() if name in names)
        )
        if f.verdict not in ("ok", "unknown")
        else f
        for name, f in found.findings.items()
    }
    return dataclasses.replace(found, findings=findings, explanations=kept)


def between_calls(first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    """Say so if the function gives other gradients when it is called again."""
    other = [
        name
        for name, g in first.items()
        if name not in second or not np.array_equal(g, second[name], equal_nan=True)
    ]
    if not other:
        return ""
    twice = all(
        name in second and np.allclose(2 * first[name], second[name], rtol=1e-9, atol=0)
        for name in other
    )
    why = (
        "they are added to those of the call before, which are not set to zero"
        if twice
        else ("something is kept from call to call")
    )
    return f"{', '.join(other)}: called again with the same numbers, it gives others: {why}."
