"""Where the graph's memory goes when it is freed. Imports nothing of ours.

A graph takes its memory anew at every training step. glibc's allocator gives freed memory back to
the operating system early, and each page that comes again costs a page fault: at 50 steps of 64 x
512 numbers a fifth of the time. Told to keep some of it, it does not.
"""

from __future__ import annotations

import ctypes
import os

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # names of glibc's malloc.h
KEEP = 256 * 2**20  # bytes of freed memory at the heap's top that stay with the process
LARGEST = 32 * 2**20  # bytes; larger arrays go straight back, as they always do


def keep_freed_memory() -> bool:
    """Ask the C library to keep freed memory for the next graph.

    Returns
    -------
    bool
        Whether it was asked: only glibc can be, and it is left alone where the user has set one of
        its ``MALLOC_…`` environment variables.
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library, or Windows
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, LARGEST) and mallopt(M_TRIM_THRESHOLD, KEEP))
