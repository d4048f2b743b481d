"""Every public name of the package, and what its docstring lacks. Parsing is numpydoc's."""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import re
import warnings
from collections.abc import Iterator
from typing import Any

import tinygrad_rnn as tg
from tinygrad_rnn.extend import Primitive

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what numpydoc imports
    from numpydoc.docscrape import NumpyDocString
    from numpydoc.validate import validate

ROOMS = ["nn", "nn.init", "optim", "check", "bptt", "viz", "viz.plots", "data", "extend"]
WITNESSES = ["cross_entropy", "rnn", "lstm", "gru", "language_model"]
WITNESS_FUNCTIONS = ["forward", "backward", "step", "step_backward", "loss_and_gradients"]

# Made by a function of the package, and read: attributes stand in place of parameters.
RESULTS = {
    *("check.Comparison", "check.Diagnosis", "check.Mismatch", "check.OpCheckError"),
    *("check.OpReport", "check.WitnessTable", "bptt.Account", "bptt.Ledger", "bptt.StateJacobian"),
    *("bptt.Window", "viz.Edge", "viz.NodeRecord", "viz.Snapshot", "data.Window"),
}
# Written by others: a protocol, and a base whose arguments are its subclasses'.
BASES = {"nn.Module", "optim.Parameter"}
# They take arguments and raise nothing of their own.
NEVER_RAISE = {
    *("Rule", "name_scope", "time_of", "ravel", "nn.detach_state", "check.GradientMismatch"),
    *("extend.Primitive", "bptt.cut_edges"),
}

# Of numpydoc's rules: a text, all parameters in order and no others, a result, an example.
DEMANDED = {"GL08", "PR01", "PR02", "PR03", "RT01", "EX01"}
# Of an op's, too, whose first line is its formula. Of all others: a sentence, of one line.
SENTENCE = {"SS01", "SS02", "SS03", "SS04", "SS06"}

ARRAY = re.compile(r"\barrays?\b")
NESTED = re.compile(r"\b(int|tuples?|lists?|dicts?|mapping|nesting)\b")  # said of each member
SHAPE = re.compile(r"[Ss]hapes?\b|\([^()]*,[^()]*\)|\(…\)|[Ll]ike|As (in|for) |As `|See `|form")


def public_names() -> dict[str, Any]:
    """List every public object once, under the shortest name by which it is reached."""
    places = {"": tg} | {f"{room}.": eval(f"tg.{room}", {"tg": tg}) for room in ROOMS}
    if hasattr(tg, "compiler"):
        places["compiler."] = tg.compiler
    found: dict[int, tuple[str, Any]] = {}
    for prefix, place in places.items():
        for name in names_of(place):
            thing = getattr(place, name)
            if callable(thing):
                found.setdefault(id(thing), (prefix + name, thing))
    for witness in WITNESSES:
        for name in WITNESS_FUNCTIONS:
            thing = getattr(getattr(tg.manual, witness), name, None)
            if thing is not None:
                found.setdefault(id(thing), (f"manual.{witness}.{name}", thing))
    return dict(found.values())


def names_of(place: Any) -> list[str]:
    """List what a module offers: its ``__all__``, else the functions that it defines."""
    if hasattr(place, "__all__"):
        return list(place.__all__)
    return [
        name
        for name, thing in vars(place).items()
        if inspect.isfunction(thing) and thing.__module__ == place.__name__ and name[0] != "_"
    ]


def lacks(name: str, thing: Any) -> list[str]:
    """Say what the docstring of a public object lacks."""
    text = inspect.getdoc(thing) or ""
    doc = NumpyDocString(text)
    demanded = DEMANDED if isinstance(thing, Primitive) else DEMANDED | SENTENCE
    if name in RESULTS | BASES:
        demanded = demanded - {"PR01"}
    if doc["Yields"]:
        demanded = demanded - {"RT01"}
    found = [f"{code} {what}" for code, what in errors_of(thing) if code in demanded]
    if name in RESULTS:
        found += missing_attributes(thing, doc)
    found += [f"no shape of {what}" for what in shapeless(doc)]
    owes_errors = takes_arguments(thing) and name not in RESULTS | BASES | NEVER_RAISE
    if owes_errors and not (doc["Raises"] or doc["Warns"]):
        found.append("no Raises section")
    if not list(examples(text)):
        found.append("no example that runs")
    return found


def errors_of(thing: Any) -> list[tuple[str, str]]:
    """Let numpydoc judge an object."""
    if isinstance(thing, Primitive):
        thing = as_function(thing)
    # numpydoc imports objects by name; those that hide behind others are handed over in a module.
    Handed.thing = thing
    return list(validate(f"{__name__}.Handed.thing")["errors"])


class Handed:
    """Where numpydoc, which takes names, finds the object to judge."""

    thing: Any = None


def as_function(op: Primitive) -> Any:
    """Return a function with an op's signature and text."""

    def function() -> None: ...

    function.__doc__ = op.__doc__
    function.__signature__ = inspect.signature(op)  # type: ignore[attr-defined]
    return function


def takes_arguments(thing: Any) -> bool:
    """Say whether a call takes anything."""
    with contextlib.suppress(TypeError, ValueError):
        kinds = [p.kind for p in inspect.signature(thing).parameters.values()]
        exception = isinstance(thing, type) and issubclass(thing, BaseException)
        return bool(kinds) and not (exception and "__init__" not in vars(thing))
    return False


def missing_attributes(thing: Any, doc: Any) -> list[str]:
    """Name the fields of a result that its docstring leaves out."""
    if dataclasses.is_dataclass(thing):
        fields = {field.name for field in dataclasses.fields(thing)}
    else:
        fields = set(getattr(thing, "_fields", ()))
    told = {name for entry in doc["Attributes"] for name in re.split(r",\s*", entry.name)}
    if not told:
        return ["no Attributes section"]
    return [f"attribute {name} is left out" for name in sorted(fields - told)]


def shapeless(doc: Any) -> Iterator[str]:
    """Name the parameters and results that are arrays of no shape."""
    for section in ("Parameters", "Returns"):
        for entry in doc[section]:
            kind = entry.type or entry.name
            told = SHAPE.search(f"{kind} {' '.join(entry.desc)}")
            if ARRAY.search(kind) and not NESTED.search(kind) and not told:
                yield f"{entry.name} : {entry.type}"


def examples(text: str) -> Iterator[str]:
    """List the examples of a docstring."""
    return (line for line in text.splitlines() if line.lstrip().startswith(">>> "))
