"""The course of a run: step after step to its end, or to a signal, and what is kept of it.

Imports the files above.
"""

from __future__ import annotations

from pathlib import Path

from .checkpoint import FILE_NAME
from .curve import Curve, Point, bits
from .curve_picture import draw_curve
from .divergence import Diverged
from .interruption import Interruption
from .progress import Progress, in_time
from .refusal import OutputLost, Refused, one_line, refusing
from .run_folder import CURVE_NAME, PICTURE_NAME
from .training import Training

SAMPLE_LENGTH = 300


class Course:
    """A run that is under way in its folder.

    Parameters
    ----------
    training : Training
        The run.
    folder : pathlib.Path
        Where its checkpoint and its curve go; nobody else writes there.
    lines : list of str
        The rows of the curve until now.
    progress : Progress
        Where is said how it goes.

    Raises
    ------
    OSError
        If the folder cannot be written to: a disk that is full is noticed before the first step.
    """

    def __init__(
        self, training: Training, folder: Path, lines: list[str], progress: Progress
    ) -> None:
        self.training, self.folder, self.progress = training, folder, progress
        self.reason_said = False
        self._write_checkpoint()
        self.curve = Curve(folder / CURVE_NAME, lines)

    def run(self) -> int:
        """Train to the end, or until somebody asks to stop; return the exit status.

        Raises
        ------
        Refused
            If the run has left the numbers, or the disk takes no more; with the step that the
            checkpoint, which stays, is of.
        BrokenPipeError, OutputLost
            If standard output cannot be written to; the run has been saved.
        """
        training, config, progress = self.training, self.training.config, self.progress
        progress.start(training.step, config.steps, training.characters_per_step, "characters")
        try:
            with self.curve, Interruption() as interruption:
                try:
                    while training.step < config.steps and not interruption.signal:
                        self._step()
                except (BrokenPipeError, OutputLost):  # training needs no reader
                    self._save()
                    raise
                self._save()
        finally:
            progress.finish()
        self._say_farewell()
        return interruption.status

    def _step(self) -> None:
        """Make a step, write its row, save if it is time, and only then talk about it."""
        training, config, progress = self.training, self.training.config, self.progress
        try:
            with refusing((MemoryError,), status=1):
                point = training.advance()
                self._say_how_computed()
                regular = due(training.step, config.sample_every)
                if regular or training.step == config.steps:
                    validation = training.validation_loss()
                    point = point._replace(
                        validation_loss=validation, bigram_loss=training.bigram_loss
                    )
                    # One at the end of a run is not made by a run that goes on from there.
                    training.note_validation(validation if regular else None)
        except Diverged as error:
            raise self._stays(error) from error
        try:
            self.curve.add(point)
        except OSError as error:
            raise self._stays(error) from error
        if due(training.step, config.save_every):
            self._save()
        progress.show(point, training.characters_per_step)
        seconds = progress.seconds_left(training.step)
        rate = progress.rate(training.step, training.characters_per_step)
        progress.event(
            "step",
            **point._asdict(),
            seconds_left=round(seconds, 1),
            characters_per_second=round(rate),
        )
        if not progress.quiet and (regular or training.step == config.steps):
            sample = training.sample(SAMPLE_LENGTH)
            left = f", about {in_time(seconds)} left" if training.step < config.steps else ""
            left = f", {rate:,.0f} characters a second{left}"
            progress.say(report(point, left, sample))
            progress.event("sample", step=training.step, text=sample)

    def _say_how_computed(self) -> None:
        """Say once that the loss could not be compiled, and why."""
        reason = self.training.computing.reason
        if reason and not self.reason_said:
            self.progress.say(f"computed op by op, for it cannot be compiled: {reason}")
            self.progress.event("eager", reason=reason)
            self.reason_said = True

    def _save(self) -> None:
        """Save, if the run can be gone on with; else, and if the disk is full, leave the last."""
        try:
            self.training.check_sound()
            self.curve.flush_to_disk()
            self._write_checkpoint()
        except (Diverged, OSError) as error:
            raise self._stays(error) from error
        self.progress.event("saved", step=self.saved, file=str(self.folder / FILE_NAME))

    def _write_checkpoint(self) -> None:
        """Write the checkpoint; the one from before stays until the new one is whole."""
        self.training.checkpoint().write(self.folder / FILE_NAME)
        self.saved = self.training.step

    def _stays(self, error: Exception) -> Refused:
        """Word an error, and what there is to go on from."""
        what = str(error) if isinstance(error, Diverged) else one_line(error)
        if not self.folder.is_dir():
            return Refused(
                f"{self.folder}: the folder has gone; step {self.training.step} is not saved", 1
            )
        return Refused(
            f"{what}; the checkpoint of step {self.saved} stays in {self.folder}: go on from it by "
            "--resume",
            status=1,
        )

    def _say_farewell(self) -> None:
        """Say what there is now, and draw the curve."""
        training, folder, progress = self.training, self.folder, self.progress
        stopped = training.step < training.config.steps
        if stopped:
            progress.say(
                f"stopped at step {training.step:,}, saved; to go on: "
                f"tinygrad-rnn train --resume {folder}"
            )
        title = f"{training.config.cell}, {Path(training.source.title).name}"
        with refusing((OSError,), status=1):
            drawn = training.step > 0 and draw_curve(
                folder / CURVE_NAME, folder / PICTURE_NAME, title
            )
        if not stopped:
            if training.best:
                step, loss = training.best["step"], training.best["validation_loss"]
                progress.say(f"best validation: {in_words(loss)}, at step {step:,}")
            names = [FILE_NAME, CURVE_NAME, *[PICTURE_NAME] * drawn]
            progress.say(f"saved in {folder}: {', '.join(names)}")
        progress.event(
            "end", step=training.step, steps=training.config.steps, best=training.best, drawn=drawn
        )


def due(step: int, every: int) -> bool:
    """Say whether something that is done every so many steps is to be done now."""
    return every > 0 and step % every == 0


def report(point: Point, left: str, sample: str) -> str:
    """Say how far the model has come, and what it writes."""
    lines = [f"step {point.step:,}: {in_words(point.loss)} on the last window{left}"]
    if point.validation_loss is not None and point.bigram_loss is not None:
        better = point.validation_loss < point.bigram_loss
        lines += [
            f"validation: {in_words(point.validation_loss)}",
            f"add-one bigram model: {in_words(point.bigram_loss)} on the same text, "
            f"so the net is {'better' if better else 'not better yet'}",
        ]
    return "\n".join([*lines, "sample:", *(f"    {line}" for line in sample.split("\n")), ""])


def in_words(loss: float) -> str:
    """Write a loss in both units."""
    return f"loss {loss:.4f}, {bits(loss):.3f} bits per character"
