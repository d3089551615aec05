"""The offset as it is kept: shuffled by the routing key, so that its steps do not count the updates that were whispers.

A database's log of changes holds the offset's former values in order. Read plainly they would say how many updates came
between two rows of the main store that are not of the main store.
"""

import hmac
from typing import Final

_HALF: Final = 31
_HALF_MASK: Final = (1 << _HALF) - 1
_ROUNDS: Final = 8
# Above every offset that Telegram gives; what is below was kept plainly, by an earlier version.
_HIDDEN: Final = 1 << (2 * _HALF)
_OFFSET_MOST: Final = 1 << 40


def hidden(offset: int, key: bytes) -> int:
    """Shuffle an offset (below 2⁴⁰) into a number of 63 bits that looks like any other."""
    left, right = offset >> _HALF, offset & _HALF_MASK
    for number in range(_ROUNDS):
        left, right = right, left ^ _round(right, number, key)
    return _HIDDEN | left << _HALF | right


def shown(kept: int, key: bytes) -> int:
    """Give the offset that `hidden` was given.

    One kept under a key that is lost gives 0: Telegram then sends all that was not acknowledged, which is safe.
    """
    if kept < _HIDDEN:
        return kept
    left, right = (kept ^ _HIDDEN) >> _HALF, kept & _HALF_MASK
    for number in reversed(range(_ROUNDS)):
        left, right = right ^ _round(left, number, key), left
    offset = left << _HALF | right
    return offset if offset < _OFFSET_MOST else 0


def _round(half: int, number: int, key: bytes) -> int:
    digest = hmac.digest(key, b"offset %d %d" % (number, half), "sha256")
    return int.from_bytes(digest[:4], "big") & _HALF_MASK
