"""The points at which a life may end, counted in memory that the test and the life share.

A life (the bot's process) counts its commits that wrote something, the test's stand-in networks count the sends that
reach them. Whoever takes the countdown to nought ends the life there and then, with SIGKILL.
"""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Final

KINDS: Final = ("before a commit", "after a commit", "before a send", "after a send")
BEFORE_COMMIT, AFTER_COMMIT, BEFORE_SEND, AFTER_SEND = range(4)

_SHIFT, _LEFT, _KIND, _WHERE, _PAGES, _PATIENCE, _COUNTS = range(7)
_ANY: Final = -1


class Panel:
    """Numbers in one small file, mapped into every process that opens it.

    `shift_us` is what the bots' clock is ahead of the machine's, in microseconds; `pages` how many pages the SQLite
    file may have (0: any number); `patience_ms` how long a writer waits for the lock (0: as the product has it).
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(mmap.PAGESIZE))
        with path.open("r+b") as file:
            self._cells = memoryview(mmap.mmap(file.fileno(), mmap.PAGESIZE)).cast("q")

    def arm(self, left: int, kind: int = _ANY) -> None:
        """End the life at the `left`-th point from now on, of one kind if it is given; 0 lets it live."""
        self._cells[_KIND] = kind
        self._cells[_LEFT] = left

    @property
    def armed(self) -> bool:
        return self._cells[_LEFT] > 0

    def passes(self, kind: int) -> bool:
        """Count one point; True means that the life ends here.

        Two processes count without a lock: one count of two may get lost, which moves the end by a point.
        """
        self._cells[_COUNTS + kind] += 1
        left = self._cells[_LEFT]
        if left <= 0 or self._cells[_KIND] not in (_ANY, kind):
            return False
        self._cells[_LEFT] = left - 1
        if left > 1:
            return False
        self._cells[_WHERE] = kind
        return True

    @property
    def where(self) -> int:
        """The kind of point at which the last life ended."""
        return self._cells[_WHERE]

    def counts(self) -> tuple[int, ...]:
        """Say how many points of each kind have been passed so far."""
        return tuple(self._cells[_COUNTS + kind] for kind in range(len(KINDS)))

    @property
    def shift_us(self) -> int:
        return self._cells[_SHIFT]

    @shift_us.setter
    def shift_us(self, value: int) -> None:
        self._cells[_SHIFT] = value

    @property
    def pages(self) -> int:
        return self._cells[_PAGES]

    @pages.setter
    def pages(self, value: int) -> None:
        self._cells[_PAGES] = value

    @property
    def patience_ms(self) -> int:
        return self._cells[_PATIENCE]

    @patience_ms.setter
    def patience_ms(self, value: int) -> None:
        self._cells[_PATIENCE] = value
