"""A school's own files, looked through for traces: also what is packed in them, or boxed for the recovery key.

Of a whisper store its tables are looked at too: they may hold no time, no number and no link.
"""

import bz2
import gzip
import lzma
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, Final

from sqlalchemy import Text

from bot.whisper.anonymity import Hit, Wanted, search, search_file
from store.recovery import RecoveryKey, open_box
from store.vault import StoreProblem
from store.whisper_tables import whisper_metadata

_BOX, _CASE, _SQLITE = b"earshot box 1\n", b"EARSHOT-WHISPER-1\n", b"SQLite format 3\0"
_PACKED: Final[dict[bytes, Callable[[Path], Any]]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
}
_PART: Final = 1 << 20
# As a bomb would do it: packed in itself, again and again.
_DEEPEST: Final = 4


@dataclass
class Looked:
    """What was looked at: how many files, those within others too, whisper stores among them, and what was found."""

    files: int = 0
    stores: int = 0
    hits: list[Hit] = field(default_factory=list)
    faults: list[Hit] = field(default_factory=list)


def look_through(paths: Iterable[Path], wanted: Wanted, key: RecoveryKey | None) -> Looked:
    """Look through files and folders. Raises StoreProblem for what cannot be read, or is boxed and no `key` given.

    Sockets, pipes and devices in a folder hold nothing and are passed over: where Earshot runs there are some.
    """
    looked = Looked()
    for path in paths:
        within = path.is_dir()
        for file in sorted(path.rglob("*")) if within else [path]:
            if file.is_dir() or (within and _holds_nothing(file)):
                continue
            try:
                if _holds_nothing(file):
                    raise OSError
                _look(looked, file, file.name, wanted, key)
            except OSError:
                raise StoreProblem(f"{file.name} cannot be read.") from None
    return looked


def _holds_nothing(path: Path) -> bool:
    """Say whether it is a way to a program or a device, and no file."""
    return path.is_socket() or path.is_fifo() or path.is_char_device() or path.is_block_device()


def _look(looked: Looked, path: Path, name: str, wanted: Wanted, key: RecoveryKey | None, depth: int = 0) -> None:
    """Look at one file, and at what it holds."""
    if depth > _DEEPEST:
        raise StoreProblem(f"{name} is packed in itself too often to be looked at. Unpack it, then try again.")
    looked.files += 1
    if in_name := search("", name.encode(), wanted):
        # Who asks is told which file it is, and not whose name that holds.
        name = f"file {looked.files} (its own name)"
        looked.hits += [Hit(name, hit.writing) for hit in in_name]
    looked.hits += [Hit(name, hit.writing) for hit in search_file(path, wanted)]
    with TemporaryDirectory(prefix="earshot-check-") as folder:
        for inner, inner_name in _inside(path, name, Path(folder), key):
            _look(looked, inner, inner_name, wanted, key, depth + 1)
    if _head(path).startswith(_SQLITE):
        _look_at_tables(looked, path, name, wanted)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_CASE))


def _inside(path: Path, name: str, folder: Path, key: RecoveryKey | None) -> Iterator[tuple[Path, str]]:
    """Unpack what a file holds into a folder, one after another; gives each with its name."""
    head = _head(path)
    if head.startswith(_CASE):
        raise StoreProblem(f"{name} is a sealed whisper: `earshot whisper unseal` opens it. Leave it out.")
    try:
        if head.startswith(_BOX):
            if key is None:
                raise StoreProblem(f"{name} is a sealed backup: give --recovery-key KEY, to look at what is in it.")
            with path.open("rb") as box:
                yield _kept(folder / "box", open_box(box, key)), f"{name} (opened)"
        elif zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                for member in packed.infolist():
                    if not member.is_dir():
                        with packed.open(member) as file:
                            yield _kept(folder / "member", _parts(file)), f"{name}: {member.filename}"
        else:
            for magic, opened in _PACKED.items():
                if head.startswith(magic):
                    with opened(path) as file:
                        yield _kept(folder / "unpacked", _parts(file)), f"{name} (unpacked)"
    except (zipfile.BadZipFile, EOFError, lzma.LZMAError, zlib.error, RuntimeError):
        raise StoreProblem(f"{name} cannot be unpacked: it is damaged, or has a password.") from None


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    while part := file.read(_PART):
        yield part


def _kept(path: Path, parts: Iterable[bytes]) -> Path:
    with path.open("wb") as file:
        for part in parts:
            file.write(part)
    return path


# --- a whisper store --------------------------------------------------------------------------------------------------


def _look_at_tables(looked: Looked, path: Path, name: str, wanted: Wanted) -> None:
    """Look at a SQLite file by its tables: at every value, for one may lie in two pieces, and at what they can hold."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as file:
        try:
            tables = [row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            if not {"report", "turn", "wrap"} <= set(tables):
                return
            looked.stores += 1
            looked.faults += [Hit(name, fault) for fault in store_faults(file, tables)]
            for table in tables:
                for row in file.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 (a table of the file's own)
                    data = b"|".join(one if isinstance(one, bytes) else str(one).encode() for one in row)
                    looked.hits += [Hit(name, hit.writing) for hit in search(name, data, wanted)]
        except sqlite3.Error:
            raise StoreProblem(f"{name} is a damaged database, and cannot be looked at.") from None
    looked.hits = sorted(set(looked.hits), key=str)


def store_faults(file: sqlite3.Connection, tables: Iterable[str]) -> list[str]:
    """Name all in a whisper store that could tell of a time, an order or a link."""
    plain = {
        (table.name, column.name)
        for table in whisper_metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Text)
    }
    found = [
        f"there is a {kind} {made}"
        for kind, made in file.execute("SELECT type, name FROM sqlite_master WHERE type NOT IN ('table', 'index')")
    ]
    for table in tables:
        if table not in whisper_metadata.tables:
            found.append(f"there is a table {table}")
            continue
        if file.execute(f'SELECT wr FROM pragma_table_list("{table}")').fetchone() == (0,):  # noqa: S608
            found.append(f"{table} numbers its rows")
        if file.execute(f'SELECT * FROM pragma_foreign_key_list("{table}")').fetchone():  # noqa: S608
            found.append(f"{table} links to another table")
        for column, kind in file.execute(f'SELECT name, type FROM pragma_table_info("{table}")'):  # noqa: S608
            if kind not in ("BLOB", "TEXT") or (kind == "TEXT" and (table, column) not in plain):
                found.append(f"{table}.{column} is {kind}, where only sealed bytes may be")
    return found
