"""One process at a time writes to a run's folder. Imports the engine's errors."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from ..engine.errors import explain

WINDOWS_NAME = "run.lock"


class FolderBusy(OSError):
    """Another process is writing to the folder."""


class RunLock:
    """Hold a folder, so that no other process of ours trains in it.

    The system's own lock on the folder itself: nothing is left behind, and a process that was
    killed, by whatever, holds it no longer. (Windows locks no folder, but a file in it.) On a
    file system that knows no locks, there is none.

    Parameters
    ----------
    folder : pathlib.Path
        It is there.

    Raises
    ------
    FolderBusy
        If another process holds it.
    OSError
        If it cannot be opened, as the system words it.
    """

    def __init__(self, folder: Path) -> None:
        posix = os.name == "posix"
        self._handle: int | None = os.open(
            folder if posix else folder / WINDOWS_NAME, os.O_RDONLY if posix else WINDOWS_FLAGS
        )
        try:
            (lock_folder if posix else lock_file)(self._handle)
        except (BlockingIOError, PermissionError):
            self.release()
            raise FolderBusy(
                explain(
                    f"{folder}: another process is training in this folder",
                    why="two would overwrite each other's checkpoints",
                    fix="wait until it has ended, or choose another --out",
                )
            ) from None
        except OSError:
            pass  # a file system without locks

    def release(self) -> None:
        """Let others have the folder."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> RunLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()


WINDOWS_FLAGS = os.O_RDWR | os.O_CREAT


def lock_folder(handle: int) -> None:
    """Lock an open folder on POSIX, or raise BlockingIOError."""
    import fcntl

    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock_file(handle: int) -> None:
    """Lock the first byte of an open file on Windows, or raise PermissionError."""
    import msvcrt

    msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]
