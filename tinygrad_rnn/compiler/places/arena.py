"""Memory that is taken and given back piece by piece. Imports nothing of ours."""

from __future__ import annotations

from bisect import bisect_left, insort


class Arena:
    """Pieces of one long memory.

    Attributes
    ----------
    nbytes : int
        How long it has become.
    """

    def __init__(self) -> None:
        self.nbytes = 0
        self.free: list[tuple[int, int]] = []  # pieces: (length, start), in order
        self.piece_from: dict[int, int] = {}  # where each free piece ends
        self.piece_to: dict[int, int] = {}  # where each free piece begins

    def take(self, length: int) -> int:
        """Take the smallest free piece that is long enough, or lengthen the arena."""
        i = bisect_left(self.free, (length, 0))
        if i < len(self.free):
            start = self.free[i][1]
            end = self.drop(start)
            if end > start + length:
                self.keep(start + length, end)
            return start
        start = self.piece_to.get(self.nbytes, self.nbytes)
        if start < self.nbytes:  # the last piece, lengthened
            self.drop(start)
        self.nbytes = start + length
        return start

    def release(self, start: int, length: int) -> None:
        """Give a piece back, and merge it with free neighbours."""
        end = start + length
        if start in self.piece_to:
            start = self.piece_to[start]
            self.drop(start)
        if end in self.piece_from:
            end = self.drop(end)
        self.keep(start, end)

    def keep(self, start: int, end: int) -> None:
        """Enter a free piece; each is found by its length, its beginning and its end."""
        insort(self.free, (end - start, start))
        self.piece_from[start], self.piece_to[end] = end, start

    def drop(self, start: int) -> int:
        """Take a free piece off the lists; returns where it ends."""
        end = self.piece_from.pop(start)
        del self.piece_to[end]
        del self.free[bisect_left(self.free, (end - start, start))]
        return end
