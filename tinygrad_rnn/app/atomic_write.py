"""Writing a file so that it is there whole or not at all. Imports the standard library only."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file beside its place, flush it to the disk, and only then give it its name.

    Whoever opens `path`, at any moment and also after a power failure, finds the old content or
    the new, never a part. What a process that was killed leaves behind is one file ``….part``,
    which the next write uses again.

    Parameters
    ----------
    path : pathlib.Path
        What to write; replaced, if it is there.
    content : bytes
        All of it.

    Raises
    ------
    OSError
        As the system words it, with the name of the file; the old content stays.
    """
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:  # Ctrl-C, too
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)
        raise
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, where the system has such a thing."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # as some network disks answer
                raise
        finally:
            os.close(handle)
