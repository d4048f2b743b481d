"""The folder of a run: a fresh one, or one that may be gone on with; never another run's.

Imports the files above.
"""

from __future__ import annotations

import os
from datetime import date
from itertools import count
from pathlib import Path

from ..engine.errors import explain
from .checkpoint import FILE_NAME

CURVE_NAME = "curve.csv"
PICTURE_NAME = "curve.png"
RUNS = Path("runs")


def fresh_folder(cell: str, today: date | None = None) -> Path:
    """Make a folder that was not there before: ``runs/2026-05-17-lstm-1``, then ``…-2``.

    Parameters
    ----------
    cell : str
        Part of its name.
    today : datetime.date, optional
        Part of its name, the present day if left out.

    Raises
    ------
    OSError
        As the system words it.
    """
    day = (today or date.today()).isoformat()
    RUNS.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        folder = RUNS / f"{day}-{cell}-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        break
    return folder


def chosen_folder(path: str | os.PathLike[str]) -> Path:
    """Make the folder that was asked for, unless a run is in it.

    Raises
    ------
    FileExistsError
        If there is a run in it, or a file of that name.
    ValueError
        If the name is empty.
    OSError
        As the system words it.
    """
    if not os.fspath(path):  # as an empty variable of a shell gives it, not meant for "here"
        raise ValueError(
            explain("--out is empty", why="it names a folder", fix="name one, or leave --out out")
        )
    folder = Path(path)
    for name in (FILE_NAME, CURVE_NAME, PICTURE_NAME):
        if (folder / name).exists():
            raise FileExistsError(
                explain(
                    f"{folder}: there is a run in this folder already",
                    where=f"{folder / name}",
                    why="its checkpoint and its curve would be lost",
                    fix=f"choose another --out, or go on with it by --resume {folder}",
                )
            )
    folder.mkdir(parents=True, exist_ok=True)
    return folder
