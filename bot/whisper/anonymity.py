"""What a school may check on its own files: no chat id or name of anybody in any writing, where none may be.

The tests of Whisper use the same search. What is looked for is made from the binding table with the key, in memory, and
a finding says what kind of writing was found in which file, never of whom.
"""

import base64
import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy

_HASHES: Final = ("md5", "sha1", "sha256", "sha512", "blake2b", "blake2s")
# Shorter than this, a few bytes are found by chance in any large file.
_LEAST: Final = 5
_CHUNK: Final = 2 * 1024 * 1024


@dataclass(frozen=True)
class Hit:
    """One writing that was found: the file's name, and how it was written ("decimal", "sha256", …)."""

    file: str
    writing: str


def writings(value: int | str) -> Iterator[tuple[str, bytes]]:
    """Give every writing of an id or a name that is looked for: its name, and its bytes."""
    plain = str(value).encode()
    yield "as it is", plain
    yield "in UTF-16", str(value).encode("utf-16-le")
    yield "in hexadecimal of its text", plain.hex().encode()
    for shift in range(3):
        # Base64 of a text within others: what stands in the middle does not depend on the neighbours.
        coded = base64.b64encode(b"x" * shift + plain)
        yield "in base64", coded[(4 if shift else 0) : len(coded) // 4 * 4 - 4]
    for name in _HASHES:
        digest = hashlib.new(name, plain, usedforsecurity=False)
        yield f"as {name}", digest.digest()[:16]
        yield f"as {name} in hexadecimal", digest.hexdigest()[:32].encode()
    if isinstance(value, int):
        length = max(_LEAST, (value.bit_length() + 7) // 8)
        yield "in bytes, big end first", value.to_bytes(length, "big", signed=value < 0)
        yield "in bytes, little end first", value.to_bytes(length, "little", signed=value < 0)
        yield "in hexadecimal", f"{abs(value):x}".encode()
        yield "in upper hexadecimal", f"{abs(value):X}".encode()
        yield "as a number of a database's own kind", _groups(value, big_end_first=True)
        yield "as a number of a protocol's own kind", _groups(value, big_end_first=False)
        yield "as a floating number", struct.pack(">d", value)
        yield "as a floating number, little end first", struct.pack("<d", value)


def _groups(value: int, *, big_end_first: bool) -> bytes:
    """Write a number as SQLite numbers its rows, or as protocol buffers do: in groups of seven bits."""
    groups: list[int] = []
    rest = abs(value)
    while rest or not groups:
        groups.append(rest & 0x7F)
        rest >>= 7
    ordered = groups[::-1] if big_end_first else groups
    return bytes([one | 0x80 for one in ordered[:-1]] + ordered[-1:])


class Wanted(dict[bytes, str]):
    """Writings that are looked for, all at once: bytes, and what kind of writing they are."""

    @cached_property
    def beginnings(self) -> tuple["numpy.ndarray[Any, Any]", dict[int, list[bytes]]]:
        """Give the first bytes of each, as sorted numbers, and the writings that begin so."""
        import numpy

        by_number: dict[int, list[bytes]] = {}
        for written in self:
            by_number.setdefault(int.from_bytes(written[:_LEAST], "little"), []).append(written)
        return numpy.array(sorted(by_number), dtype=numpy.uint64), by_number

    def found_in(self, data: bytes) -> set[str]:
        """Say which kinds of writing stand in some bytes."""
        # Imported here: only this needs it, and a few thousand writings in a large file take hours one by one.
        import numpy

        windows = len(data) - _LEAST + 1
        if not self or windows < 1:
            return set()
        seen = numpy.frombuffer(data, dtype=numpy.uint8).astype(numpy.uint64)
        numbers = seen[:windows].copy()
        for at in range(1, _LEAST):
            numbers |= seen[at : at + windows] << numpy.uint64(8 * at)
        beginnings, by_number = self.beginnings
        places = numpy.flatnonzero(numpy.isin(numbers, beginnings))
        return {
            self[written]
            for place in map(int, places)
            for written in by_number[int(numbers[place])]
            if data.startswith(written, place)
        }


def needles(values: Iterable[int | str]) -> Wanted:
    """Gather the writings of many ids and names."""
    return Wanted(
        {written: writing for value in values for writing, written in writings(value) if len(written) >= _LEAST}
    )


def search(name: str, data: bytes, wanted: Wanted) -> list[Hit]:
    """Look for writings in some bytes."""
    return sorted({Hit(name, writing) for writing in wanted.found_in(data)}, key=str)


def search_stream(name: str, file: IO[bytes], wanted: Wanted) -> list[Hit]:
    """Look for writings in a file that is open, a part at a time. Raises OSError."""
    longest = max((len(written) for written in wanted), default=0)
    hits: set[Hit] = set()
    before = b""
    while part := file.read(_CHUNK):
        hits |= set(search(name, before + part, wanted))
        before = part[-longest:] if longest else b""
    return sorted(hits, key=str)


def search_file(path: Path, wanted: Wanted) -> list[Hit]:
    """Look for writings in a file. Raises OSError."""
    with path.open("rb") as file:
        return search_stream(path.name, file, wanted)
