"""Where rows of a SQLite table without row ids lie in its file, as somebody reads it who holds nothing but the file.

A row too long for its page goes on in pages of its own, which are taken one after another: their numbers tell which row
came first, until the file is written anew. Source: sqlite.org/fileformat2.html, sections 1.5 and 1.6.
"""

from collections.abc import Collection, Iterator

_INTERIOR, _FILE_HEADER = 2, 100


def places(data: bytes, root: int, keys: Collection[bytes]) -> dict[bytes, tuple[int, int]]:
    """Give the first overflow page (0 for none) and the place in the file of the row that begins with each key.

    `data` is the whole file, `root` the table's first page as sqlite_master names it.
    """
    found = {}
    for at, local, overflow in _rows(data, root):
        for key in keys:
            if key in data[at : at + local]:
                found[key] = (overflow, -at)
    return found


def _rows(data: bytes, root: int) -> Iterator[tuple[int, int, int]]:
    """Walk the table: where each row's own part begins, how long it is, and on which page it goes on."""
    page_bytes = int.from_bytes(data[16:18], "big")
    usable = page_bytes - data[20]
    most, least = (usable - 12) * 64 // 255 - 23, (usable - 12) * 32 // 255 - 23
    waiting = [root]
    while waiting:
        number = waiting.pop()
        base = (number - 1) * page_bytes
        head = base + (_FILE_HEADER if number == 1 else 0)
        interior = data[head] == _INTERIOR
        pointers = head + (12 if interior else 8)
        for cell in range(_number(data, head + 3, 2)):
            at = base + _number(data, pointers + 2 * cell, 2)
            if interior:
                waiting.append(_number(data, at, 4))
                at += 4
            length, width = _varint(data, at)
            at += width
            if length <= most:
                yield at, length, 0
                continue
            local = least + (length - least) % (usable - 4)
            local = local if local <= most else least
            yield at, local, _number(data, at + local, 4)
        if interior:
            waiting.append(_number(data, head + 8, 4))


def _number(data: bytes, at: int, width: int) -> int:
    return int.from_bytes(data[at : at + width], "big")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of SQLite's own kind: the number, and how many bytes it takes."""
    value = 0
    for width in range(1, 9):
        byte = data[at + width - 1]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, width
    return value << 8 | data[at + 8], 9
