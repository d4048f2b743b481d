"""Memory: what a run is going to need, and what there is, compared before anything is made.

An operating system promises memory that it does not have, and then kills whoever uses it; so a
model that is too large has to be refused before it is there. Imports NumPy and the file above.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..engine.errors import explain
from .config import Config

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
BUFFERS = {"sgd": 0, "adagrad": 1, "rmsprop": 1, "adam": 2, "adamw": 2}

# Measured, see the test: bytes for each character of a text, from its bytes to its windows; …
TEXT = 60
# … float64 arrays of the model's size when its first window is differentiated in three ways; …
WITNESSES = 9.5
# … numbers that wait for the way back, for each unit at each place of a window, and for each
# score; and what the graph itself takes for each layer at each step.
WAITING = {"rnn": 5, "lstm": 18, "gru": 23}
SCORES = 5
GRAPH = {"rnn": 2_000, "lstm": 8_000, "gru": 11_000}
# Compiled, the same for the program, while it is made.
PROGRAM = {"rnn": 40_000, "lstm": 135_000, "gru": 135_000}
LAYER = 6_000  # the objects of a layer that has no units to speak of
SMALL_THINGS = 1_000_000  # all else, which does not grow
CACHED = re.compile(r"^(?:in)?active_file (\d+)$", re.MULTILINE)
UNLIMITED = 1 << 60  # what a system gives as a limit where there is none


class TooLarge(MemoryError):
    """A model, or a text, that needs more memory than there is."""


def parameter_count(config: Config, vocabulary_size: int) -> int:
    """Count the numbers of a model without making one.

    Notes
    -----
    With G gates, E = min(V, H): V·E of the embedding; G·H·(D + H) + 2·G·H of each layer, where D
    is E for the first and H for the others; H·V + V of the head.
    """
    V, H, L, G = vocabulary_size, config.hidden, config.layers, GATES[config.cell]
    E = min(V, H)
    first = G * H * (E + H) + 2 * G * H
    other = G * H * (H + H) + 2 * G * H
    return V * E + first + (L - 1) * other + H * V + V


def needed_memory(config: Config, vocabulary_size: int, characters: int) -> int:
    """Estimate what a run takes at its worst moment, in bytes.

    Parameters
    ----------
    config : Config
        The options.
    vocabulary_size : int
        The number of distinct characters, V.
    characters : int
        The length of the text.
    """
    B, H, L = config.batch_size, config.hidden, config.layers
    T = min(config.truncation.k2, characters)
    number = np.dtype(config.dtype).itemsize
    parameters, buffers = parameter_count(config, vocabulary_size), BUFFERS[config.optimizer]
    standing = (1 + buffers) * number * parameters
    waiting = T * B * (L * H * WAITING[config.cell] + vocabulary_size * SCORES)
    noted = GRAPH[config.cell] if config.eager else PROGRAM[config.cell]
    moments = (
        WITNESSES * 8 * parameters,  # the table of gradients
        2 * number * parameters + number * waiting + T * L * noted,  # a step
        3 * (1 + buffers) * number * parameters,  # a checkpoint: copies, then the bytes
    )
    return int(standing + max(moments) + L * LAYER + characters * TEXT + SMALL_THINGS)


def check_memory(config: Config, vocabulary_size: int, characters: int) -> None:
    """Refuse a run that does not fit.

    Raises
    ------
    TooLarge
        With the size of the model, what it needs and what there is.
    """
    needed, there = needed_memory(config, vocabulary_size, characters), available_memory()
    if needed > there:
        length = min(config.truncation.k2, characters)
        raise TooLarge(
            explain(
                f"a {config.cell} of {in_words(parameter_count(config, vocabulary_size))} "
                f"parameters that reads {config.batch_size} × {length} characters at a time needs "
                f"about {in_bytes(needed)} of memory, there are {in_bytes(there)}",
                why="weights, optimiser and all that waits for the way back must be there at once",
                fix="take a smaller --hidden, --layers, --batch-size or --seq-length",
            )
        )


def check_net(cell: str, steps: int, hidden: int, layers: int, directions: int) -> None:
    """Refuse to run a net, and keep every gradient of it, that does not fit; one sequence of it.

    Raises
    ------
    TooLarge
        With what it needs and what there is.
    """
    runs = layers * directions
    parameters = GATES[cell] * runs * hidden * (3 * hidden + 2)  # at the most
    needed = 8 * 3 * parameters + 2 * steps * runs * (GRAPH[cell] + 8 * hidden * WAITING[cell])
    there = available_memory()
    if needed > there:
        raise TooLarge(
            f"{in_words(steps)} steps of this {cell} need about {in_bytes(needed)} of memory, "
            f"there are {in_bytes(there)}; fewer --steps, --layers or --hidden show as much"
        )


def check_file(path: Path) -> None:
    """Refuse to read a file that does not fit.

    Raises
    ------
    TooLarge
        With its size and what there is.
    """
    size, there = path.stat().st_size, available_memory()
    if 2 * size > there:  # as bytes, and as what is made of them
        raise TooLarge(
            f"{path}: {in_bytes(size)} are too much for the {in_bytes(there)} of memory there are"
        )


def available_memory() -> int:
    """Return how much memory this process may still take, in bytes, without hurting others.

    The least of: what the system has left, what the control group (of a container) allows, and
    what ``ulimit -v`` allows.
    """
    return min(limits(), default=UNLIMITED)


def limits() -> Iterator[int]:
    """Yield whatever the system tells of how much memory is left."""
    if sys.platform == "win32":
        yield windows_memory()
        return
    found = re.search(r"MemAvailable:\s+(\d+) kB", read(Path("/proc/meminfo")))
    if found:
        yield int(found[1]) << 10
    else:  # macOS and others: no better word than all there is
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    yield from group_limits(Path("/sys/fs/cgroup"), read(Path("/proc/self/cgroup")))
    yield from process_limits()


def process_limits() -> Iterator[int]:
    """Yield what ``ulimit -v`` leaves."""
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    pages = read(Path("/proc/self/statm")).split()
    if most not in (resource.RLIM_INFINITY, -1):
        yield max(0, most - (int(pages[0]) * os.sysconf("SC_PAGE_SIZE") if pages else 0))


def group_limits(root: Path, groups: str) -> Iterator[int]:
    """Yield what the control groups of a process leave, of the first and the second version.

    Parameters
    ----------
    root : pathlib.Path
        Where they are mounted.
    groups : str
        The process's own, as ``/proc/self/cgroup`` lists them.
    """
    for line in groups.splitlines():
        _, controllers, name = line.split(":", 2)
        if controllers == "":
            base, most, now = root, "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            base, most, now = root / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        for folder in {base, base / name.lstrip("/")}:  # a container sees its own as the root
            limit, used = read(folder / most).strip(), read(folder / now).strip()
            if limit.isdigit() and int(limit) < UNLIMITED:
                # Of what is in use, the copies of files give way when memory is needed.
                files = sum(map(int, CACHED.findall(read(folder / "memory.stat"))))
                yield max(0, int(limit) - (int(used) if used.isdigit() else 0) + files)


def windows_memory() -> int:
    """Ask Windows for the memory that is left (GlobalMemoryStatusEx)."""
    status = ctypes.create_string_buffer((64).to_bytes(4, "little"), 64)  # its own length first
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined, unused-ignore]
    if not kernel.GlobalMemoryStatusEx(status):
        return UNLIMITED
    return int.from_bytes(status.raw[16:24], "little")  # ullAvailPhys


def read(path: Path) -> str:
    """Return what a file of the system says, nothing if there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def in_bytes(size: float) -> str:
    """Write a size for people.

    Examples
    --------
    >>> in_bytes(1_234_567), in_bytes(12e9), in_bytes(2e30)
    ('1.2 MB', '12 GB', '2e+06 YB')
    """
    for unit in ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB"):
        if size < 999.5:
            return f"{size:.{1 if size < 10 else 0}f} {unit}"
        size /= 1000
    return f"{size:.2g} YB"


def in_words(count: int) -> str:
    """Write a number with commas, or a huge one by its power of ten."""
    return f"{count:,}" if count < 10**15 else f"{count:.2g}"
