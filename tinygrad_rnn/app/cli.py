"""The command ``tinygrad-rnn``: from the command line to an exit status. Imports the files above.

Status 0: all went well. 1: something failed on the way, or gradients do not agree. 2: the request
could not be met. 130, 143: stopped by Ctrl-C, or by a kill. Errors are one line on standard error.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import numpy as np

from .. import __version__
from .arguments import parser
from .blas_threads import one_blas_thread
from .config import OPTIONS
from .diagnosing import diagnose_file
from .drawing import draw_net
from .layer_witnesses import HEAD, cases, examine, result_line
from .plotting import plot
from .progress import Progress
from .refusal import OutputLost, Refused, one_line, printable, refusing
from .train_command import train
from .trained import load


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``tinygrad-rnn``.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after the command's name; those of this process if left out.

    Returns
    -------
    int
        The exit status.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a letter shows another
            stream.reconfigure(errors="replace")
    progress = Progress(quiet=True)
    try:
        arguments = parser(__version__).parse_args(argv)
        progress = Progress(quiet=False, as_json=arguments.json)
        with one_blas_thread():
            status = COMMANDS[arguments.command](arguments)
    except Refused as refusal:
        print(f"tinygrad-rnn: {refusal}", file=sys.stderr)
        with suppress(OSError):  # whoever reads it may have gone
            progress.event("error", message=str(refusal), status=refusal.status)
        return refusal.status
    except KeyboardInterrupt:
        print("tinygrad-rnn: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our output has gone, as `head` does
        forget_output()
        return 1
    except OutputLost as error:
        forget_output()
        print(f"tinygrad-rnn: {one_line(error)}", file=sys.stderr)
        return 1
    return status


def forget_output() -> None:
    """Let what is still to be written to standard output go nowhere, without another error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def sample(arguments: Namespace) -> int:
    """Run ``tinygrad-rnn sample``: print the prime and what the model makes of it, as it does."""
    progress = Progress(quiet=False, as_json=arguments.json)
    with refusing():
        trained = load(arguments.checkpoint)
        text = trained.stream(
            arguments.prime,
            arguments.length,
            temperature=arguments.temperature,
            top_k=arguments.top_k,
            generator=np.random.default_rng(arguments.seed),
        )
        if arguments.json:
            progress.event("sample", step=trained.step, text="".join(text))
            return 0
        # A file gets the text as it is; a terminal would obey control characters in it.
        terminal = sys.stdout is not None and sys.stdout.isatty()
        for part in together(text):
            progress.write(printable(part, keep="\n\t") if terminal else part)
        progress.write("\n")
    return 0


def together(parts: Iterator[str], seconds: float = 0.1) -> Iterator[str]:
    """Collect what comes within a moment, so that it is not written letter by letter."""
    collected, until = [], time.monotonic() + seconds
    for part in parts:
        collected.append(part)
        if time.monotonic() > until:
            yield "".join(collected)
            collected, until = [], time.monotonic() + seconds
    yield "".join(collected)


def check(arguments: Namespace) -> int:
    """Run ``tinygrad-rnn check``: print every case, return 1 if one does not agree."""
    progress = Progress(arguments.quiet, arguments.json)
    todo = list(cases((arguments.cell,) if arguments.cell else OPTIONS["cell"].choices))
    wrong = []
    with refusing((ModuleNotFoundError,)):
        progress.start(0, len(todo), unit="cases")
    try:
        progress.say(HEAD)
        for case in todo:
            table = examine(case, np.random.default_rng(arguments.seed))
            progress.say(result_line(case, table))
            progress.event("case", **dataclasses.asdict(case), ok=table.ok)
            progress.move()
            if not table.ok:
                wrong.append(case)
    finally:
        progress.finish()
    progress.event("checked", cases=len(todo), wrong=len(wrong))
    if wrong:
        kinds = f"{len(wrong)} kind{'s' * (len(wrong) > 1)} of layer"
        raise Refused(
            f"the witnesses contradict each other on {kinds}, the first: {wrong[0]!r}",
            status=1,
        )
    progress.say("every gradient of every layer has three witnesses that agree")
    return 0


COMMANDS: dict[str, Callable[[Namespace], int]] = {
    "train": train,
    "sample": sample,
    "check": check,
    "diagnose": diagnose_file,
    "draw": draw_net,
    "plot": plot,
}
