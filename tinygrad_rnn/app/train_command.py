"""``tinygrad-rnn train``: what it says and does, from the text to the checkpoint.

Imports the files above.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np

from .checkpoint import FILE_NAME, Checkpoint, checkpoint_file, read_checkpoint, serializer
from .config import OPTIONS, Config
from .curve import Curve, Point, bits, rows_until
from .gradient_table import GradientTable, gradient_table
from .interruption import Interruption
from .progress import Progress, bar_of_tqdm
from .refusal import Refused, refusing
from .run_folder import CURVE_NAME, chosen_folder, fresh_folder
from .source import open_source
from .trained import new_model
from .training import Training

SAMPLE_LENGTH = 300


def train(arguments: Namespace) -> int:
    """Run the command; return its exit status.

    Raises
    ------
    Refused
        If the request cannot be met.
    """
    progress = Progress(arguments.quiet)
    with refusing():
        bar_of_tqdm(), serializer()  # what will be needed is missed now, not in an hour
        before = read_checkpoint(arguments.resume) if arguments.resume else None
        config = chosen_config(arguments, before)
        text, source = open_source(arguments.file or (before.source.path if before else None))
        training = Training(config, text, source)
        if before:
            training.restore(before)
        folder, lines = run_folder(arguments, training, before)
    introduce(training, folder, progress)
    if not before:
        table = table_of_first_window(training)
        progress.say(f"\n{table}\n")
        if not table.ok:
            wrong = ", ".join(line.name for line in table.lines if not line.ok)
            raise Refused(f"not trained: the witnesses contradict each other on {wrong}", status=1)
    with refusing():
        # The first checkpoint, of no step yet: a disk that is full is noticed now, too.
        save(training, folder)
        curve = Curve(folder / CURVE_NAME, lines)
        progress.start(training.step, config.steps, training.characters_per_step)
    with curve:
        return go(training, folder, curve, progress)


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


def run_folder(
    arguments: Namespace, training: Training, before: Checkpoint | None
) -> tuple[Path, list[str]]:
    """Make or find the folder, and read the curve that a resumed run goes on with."""
    out, lines = arguments.out, []
    if before:
        file = checkpoint_file(arguments.resume)
        lines = rows_until(file.parent / CURVE_NAME, before.step, training.config.sample_every)
        # A checkpoint under another name is somebody's copy: the run beside it may be further on.
        its_own = file.name == FILE_NAME
        if its_own and (not out or Path(out).resolve() == file.parent.resolve()):
            return file.parent, lines
    return (chosen_folder(out) if out else fresh_folder(training.config.cell)), lines


def introduce(training: Training, folder: Path, progress: Progress) -> None:
    """Say what was read, and what is going to learn it."""
    config, source = training.config, training.source
    characters, val = source.characters, len(training.val_ids)
    kept = f", the last {val:,} kept for validation" if val else ""
    parameters = sum(p.size for p in training.parameters.values())
    layers = f"{config.layers} layer{'s' * (config.layers > 1)}"
    progress.say(
        f"text: {source.title}\n"
        f"      {characters:,} characters, {len(training.vocabulary)} distinct{kept}\n"
        f"model: {config.cell}, {layers} of {config.hidden}, {parameters:,} parameters in "
        f"{config.dtype}\n"
        f"steps: {training.step:,} of {config.steps:,} made, each of {config.batch_size} × "
        f"{config.truncation.k1} characters; {config.optimizer}, learning rate "
        f"{config.learning_rate:g}\n"
        f"{truncated(config)}"
        f"folder: {folder}"
    )


def truncated(config: Config) -> str:
    """Say how far gradients go back, where that is not a window."""
    k1, k2 = config.truncation.k1, config.truncation.k2
    if config.bptt is None:
        return ""
    again = f", {k2 - k1} of them read again with the new weights" if k2 > k1 else ""
    return f"bptt: back through {k2} characters{again}; computed eagerly\n"


def table_of_first_window(training: Training) -> GradientTable:
    """Compute the gradients of the model's own first window in three ways, in float64."""
    twin = new_model(training.config, len(training.vocabulary), np.random.default_rng(0), "float64")
    twin.load_state_dict(training.model.state_dict())
    return gradient_table(twin.eval(), training.first_window(), training.config.seed)


def go(training: Training, folder: Path, curve: Curve, progress: Progress) -> int:
    """Train to the end, or until somebody asks to stop; return the exit status."""
    config = training.config
    try:
        with Interruption() as interruption:
            while training.step < config.steps and not interruption.signal:
                with refusing((FloatingPointError, MemoryError), status=1):
                    point = training.advance()
                    progress.show(point, training.characters_per_step)
                    last = training.step == config.steps
                    if last or due(training.step, config.sample_every):
                        point = point._replace(
                            validation_loss=training.validation_loss(),
                            bigram_loss=training.bigram_loss,
                        )
                        if not progress.quiet:
                            progress.say(report(training, point))
                with refusing((OSError,), status=1):
                    curve.add(point)
                    if due(training.step, config.save_every):
                        save(training, folder)
        with refusing((OSError,), status=1):
            save(training, folder)
    finally:
        progress.finish()
    if training.step < config.steps:
        progress.say(
            f"stopped at step {training.step:,}, saved; to go on: "
            f"tinygrad-rnn train --resume {folder}"
        )
        return interruption.status
    progress.say(f"saved {folder / FILE_NAME} and {folder / CURVE_NAME}")
    return 0


def due(step: int, every: int) -> bool:
    """Say whether something that is done every so many steps is to be done now."""
    return every > 0 and step % every == 0


def save(training: Training, folder: Path) -> None:
    """Write the checkpoint; the one from before stays until the new one is whole."""
    training.checkpoint().write(folder / FILE_NAME)


def report(training: Training, point: Point) -> str:
    """Say how far the model has come, and let it write something."""
    lines = [f"step {point.step:,}: {in_words(point.loss)} on the last window"]
    if point.validation_loss is not None and point.bigram_loss is not None:
        better = point.validation_loss < point.bigram_loss
        lines += [
            f"validation: {in_words(point.validation_loss)}",
            f"add-one bigram model: {in_words(point.bigram_loss)} on the same text, "
            f"so the net is {'better' if better else 'not better yet'}",
        ]
    sample = training.sample(SAMPLE_LENGTH)
    return "\n".join([*lines, "sample:", *(f"    {line}" for line in sample.split("\n")), ""])


def in_words(loss: float) -> str:
    """Write a loss in both units."""
    return f"loss {loss:.4f}, {bits(loss):.3f} bits per character"
