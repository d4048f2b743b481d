"""``tinygrad-rnn train``: what it takes, from the words of the command to a run under way.

Imports the files above.
"""

from __future__ import annotations

import dataclasses
from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from .checkpoint import FILE_NAME, Checkpoint, checkpoint_file, read_checkpoint
from .config import OPTIONS, Config
from .container import serializer
from .course import Course
from .curve import rows_until
from .gradient_table import GradientTable, gradient_table
from .memory import in_bytes, needed_memory
from .progress import Progress, bar_of_tqdm
from .refusal import Refused, refusing
from .run_folder import CURVE_NAME, chosen_folder, fresh_folder
from .run_lock import RunLock
from .source import open_source
from .trained import new_model
from .training import Training


def train(arguments: Namespace) -> int:
    """Run the command; return its exit status.

    Raises
    ------
    Refused
        If the request cannot be met.
    """
    progress = Progress(arguments.quiet, arguments.json)
    with ExitStack() as held:
        with refusing():
            bar_of_tqdm(), serializer()  # what will be needed is missed now, not in an hour
            folder = folder_of_before(arguments)
            if folder is not None:  # held before it is read, so that nobody writes in between
                held.enter_context(RunLock(folder))
            resumed = arguments.resume is not None
            before = read_checkpoint(arguments.resume) if resumed else None
            training = begun(arguments, before)
            lines = rows_before(arguments, before)
            if folder is None:
                out = arguments.out
                folder = fresh_folder(training.config.cell) if out is None else chosen_folder(out)
                held.enter_context(RunLock(folder))
                chosen_folder(folder)  # still without a run, now that nobody else can begin one
        introduce(training, folder, progress)
        if not before:
            check_gradients(training, progress)
        with refusing():
            course = Course(training, folder, lines, progress)
        return course.run()


def folder_of_before(arguments: Namespace) -> Path | None:
    """Return the folder of the run that goes on in its place; None if a new one is to be made."""
    if arguments.resume is None:
        return None
    file = checkpoint_file(arguments.resume)
    # A checkpoint under another name is somebody's copy: the run beside it may be further on.
    its_own = file.name == FILE_NAME
    same = arguments.out is None or Path(arguments.out).resolve() == file.parent.resolve()
    return file.parent if its_own and same else None


def begun(arguments: Namespace, before: Checkpoint | None) -> Training:
    """Read the text, and make the run of it or bring it to where it was before."""
    config = chosen_config(arguments, before)
    path = arguments.file
    if path is None and before is not None:
        path = before.source.path or None
    training = Training(config, *open_source(path))
    if before is not None:
        training.restore(before)
    return training


def chosen_config(arguments: Namespace, before: Checkpoint | None) -> Config:
    """Return the options of the run: those given, and else its own from before or the defaults."""
    given = {name: x for name, x in vars(arguments).items() if name in OPTIONS}
    if before is None:
        if {"seq_length", "bptt"} <= given.keys():
            raise ValueError(
                f"--seq-length {given['seq_length']} and --bptt {given['bptt']} both say how far "
                "gradients go back; leave one out"
            )
        return Config(**given)
    config = before.config.continued(given)
    if config.steps <= before.step:
        raise ValueError(
            f"this run has made its {before.step} steps; to go on, give more by --steps"
        )
    return config


def rows_before(arguments: Namespace, before: Checkpoint | None) -> list[str]:
    """Read the curve that a resumed run goes on with."""
    if before is None:
        return []
    curve = checkpoint_file(arguments.resume).parent / CURVE_NAME
    return rows_until(curve, before.step, before.config.sample_every)


def introduce(training: Training, folder: Path, progress: Progress) -> None:
    """Say what was read, and what is going to learn it."""
    config, source = training.config, training.source
    characters, distinct, val = source.characters, len(training.vocabulary), len(training.val_ids)
    kept = f", the last {val:,} kept for validation" if val else ""
    parameters = sum(p.size for p in training.parameters.values())
    memory = needed_memory(config, distinct, characters)
    layers = f"{config.layers} layer{'s' * (config.layers > 1)}"
    progress.say(
        f"text: {source.title}\n"
        f"      {characters:,} characters, {distinct} distinct{kept}\n"
        f"model: {config.cell}, {layers} of {config.hidden}, {parameters:,} parameters in "
        f"{config.dtype}\n"
        f"steps: {training.step:,} of {config.steps:,} made, each of {config.batch_size} × "
        f"{config.truncation.k1} characters; {config.optimizer}, learning rate "
        f"{config.learning_rate:g}\n"
        f"{truncated(config)}"
        f"memory: at most about {in_bytes(memory)} beside Python and NumPy\n"
        f"folder: {folder}"
    )
    progress.event(
        "start",
        command="train",
        folder=str(folder),
        text=source.path,
        characters=characters,
        distinct=distinct,
        validation_characters=val,
        parameters=parameters,
        memory=memory,
        step=training.step,
        config=dataclasses.asdict(config),
    )


def check_gradients(training: Training, progress: Progress) -> None:
    """Show the gradients of the first window, computed in three ways; refuse if they differ."""
    table = table_of_first_window(training)
    progress.say(f"\n{table}\n")
    progress.event("gradients", ok=table.ok, parameters=[line._asdict() for line in table.lines])
    if not table.ok:
        wrong = ", ".join(line.name for line in table.lines if not line.ok)
        raise Refused(f"not trained: the witnesses contradict each other on {wrong}", status=1)


def truncated(config: Config) -> str:
    """Say how far gradients go back, where that is not a window."""
    k1, k2 = config.truncation.k1, config.truncation.k2
    if config.bptt is None:
        return ""
    again = f", {k2 - k1} of them read again with the new weights" if k2 > k1 else ""
    return f"bptt: back through {k2} characters{again}\n"


def table_of_first_window(training: Training) -> GradientTable:
    """Compute the gradients of the model's own first window in three ways, in float64."""
    twin = new_model(training.config, len(training.vocabulary), np.random.default_rng(0), "float64")
    twin.load_state_dict(training.model.state_dict())
    return gradient_table(twin.eval(), training.first_window(), training.config.seed)
