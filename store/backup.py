"""Backups of the main store: every row of one moment, taken while Earshot runs, the same from either database.

A backup is a stream of JSON lines, packed (gzip) and put in a box that only the recovery key opens
(`store.recovery`). Sealed columns stay sealed with the master key: to read a person in a backup takes both keys. It is
taken in one reading transaction, which sees one moment and holds nobody up. The whispers' store is none of this.
"""

import gzip
import io
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, cast
from uuid import UUID

from sqlalchemy import Column, Engine, LargeBinary, Table, Uuid, func, inspect, literal, select, table
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

import store.every_table  # noqa: F401 (fills the metadata)
from store import vault
from store.database import UtcDateTime, is_postgresql
from store.key_tables import SealingKey
from store.recovery import BoxWriter, RecoveryKey, RecoveryProblem, fingerprint, open_box
from store.tables import Audit
from store.vault import StoreProblem

FORMAT = 1
BATCH = 2_000

Progress = Callable[[int, int], None]


class BackupProblem(StoreProblem):
    """A backup cannot be taken or put back; the sentence says why and what to do."""


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself: when it was taken, of which version, the keys it is sealed with, rows by table.

    `heads` holds the number and hash of the last row of each school's audit chain.
    """

    made: datetime
    revision: str
    keys: tuple[str, ...]
    counts: dict[str, int] = field(default_factory=dict)
    heads: dict[UUID, tuple[int, bytes]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return sum(self.counts.values())


def write_backup(engine: Engine, file: IO[bytes], public: bytes, now: datetime, progress: Progress) -> Manifest:
    """Write a backup of this moment to a file; `public` is the recovery key's public half.

    `progress` is told rows done and rows in all.
    """
    box = BoxWriter(file, public)
    # No time and no name in the packed stream's head: the box says nothing of what is in it.
    with gzip.GzipFile(fileobj=cast(IO[bytes], box), mode="wb", compresslevel=3, mtime=0) as packed:
        with _one_moment(engine) as connection:
            tables = SQLModel.metadata.sorted_tables
            counts = {table.name: _count(connection, table) for table in tables}
            manifest = Manifest(now, _revision(connection), _keys(connection), counts=counts, heads=_heads(connection))
            _line(packed, _head(manifest, public))
            done = 0
            for table in tables:
                _line(packed, {"table": table.name, "columns": [column.name for column in table.columns]})
                for row in connection.execution_options(yield_per=BATCH).execute(select(table)):
                    _line(packed, [_plain(value) for value in row])
                    done += 1
                    if not done % BATCH:
                        progress(done, manifest.rows)
            _line(packed, {"end": done})
        progress(done, manifest.rows)
    box.close()
    return manifest


def read_manifest(file: IO[bytes], key: RecoveryKey) -> Manifest:
    """Read what a backup says of itself. Raises RecoveryProblem or BackupProblem."""
    return _manifest(next(_lines(file, key)))


def restore(engine: Engine, file: IO[bytes], key: RecoveryKey, progress: Progress) -> Manifest:
    """Put a backup into an empty store, in one transaction: all of it, or nothing.

    Raises RecoveryProblem, BackupProblem, or StoreProblem when the store is not empty.
    """
    if not (vault.is_empty(engine) or _has_no_rows(engine)):
        raise BackupProblem("There is a database here already, and it stays as it is. Restore into an empty one.")
    lines = _lines(file, key)
    manifest = _manifest(next(lines))
    if manifest.revision != vault.newest():
        raise BackupProblem(
            f"The backup was made by another version of Earshot (its tables are {manifest.revision}). Install that "
            "version, restore, then update and run `earshot migrate`."
        )
    vault.migrate(engine)
    with engine.begin() as connection:
        done = _put(connection, lines, lambda count: progress(count, manifest.rows))
        if done != manifest.rows or any(_count(connection, table) != count for table, count in _counted(manifest)):
            raise BackupProblem("The backup does not hold the rows it says. Take another one.")
    progress(done, manifest.rows)
    return manifest


def _put(connection: Connection, lines: Iterator[Any], progress: Callable[[int], None]) -> int:
    """Insert the rows table by table; returns how many there were."""
    done = 0
    table: Table | None = None
    columns: list[Column[Any]] = []
    waiting: list[dict[str, Any]] = []
    pointing: list[tuple[str, dict[str, Any]]] = []
    for line in lines:
        if isinstance(line, list):
            waiting.append({column.name: _value(column, one) for column, one in zip(columns, line, strict=True)})
            done += 1
            if len(waiting) < BATCH:
                continue
        if table is not None and waiting:
            pointing += _insert(connection, table, waiting)
            waiting = []
            progress(done)
        if isinstance(line, dict):
            if table is not None:
                _point(connection, table, pointing)
                pointing = []
            if "end" in line:
                # To the very end: only there is it certain that nothing was cut off.
                if next(lines, None) is None:
                    return done
                break
            table = SQLModel.metadata.tables[line["table"]]
            columns = [table.c[name] for name in line["columns"]]
    raise RecoveryProblem("The backup is damaged or was cut off. Take another one.")


def _insert(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Insert rows; returns what points at rows of the same table, to be set when all are there."""
    own = [column.name for column in table.columns if any(key.column.table is table for key in column.foreign_keys)]
    connection.execute(table.insert(), [row | dict.fromkeys(own) for row in rows])
    return [(name, row) for name in own for row in rows if row[name] is not None]


def _point(connection: Connection, table: Table, pointing: list[tuple[str, dict[str, Any]]]) -> None:
    keys = list(table.primary_key.columns)
    for name, row in pointing:
        which = [key == row[key.name] for key in keys]
        connection.execute(table.update().where(*which).values({name: row[name]}))


# --- lines ------------------------------------------------------------------------------------------------------------


def _line(file: gzip.GzipFile, value: object) -> None:
    file.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _lines(file: IO[bytes], key: RecoveryKey) -> Iterator[Any]:
    stream = io.BufferedReader(_Chunks(open_box(file, key)))
    try:
        with gzip.GzipFile(fileobj=stream, mode="rb") as packed:
            for line in packed:
                yield json.loads(line)
        stream.read()
    except (OSError, EOFError, ValueError):
        raise RecoveryProblem("The backup is damaged or was cut off. Take another one.") from None


class _Chunks(io.RawIOBase):
    """An iterator of bytes as a file to read from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._left = chunks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 (a writable buffer)
        while not self._left:
            more = next(self._chunks, None)
            if more is None:
                return 0
            self._left = more
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


def _head(manifest: Manifest, public: bytes) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "made": manifest.made.isoformat(),
        "revision": manifest.revision,
        "keys": manifest.keys,
        "recovery": fingerprint(public),
        "counts": manifest.counts,
        "heads": {school.hex: [number, head.hex()] for school, (number, head) in manifest.heads.items()},
    }


def _manifest(line: Any) -> Manifest:  # noqa: ANN401 (JSON)
    if not isinstance(line, dict) or line.get("format") != FORMAT:
        raise BackupProblem("The backup is of a newer Earshot. Install that version to restore it.")
    return Manifest(
        datetime.fromisoformat(line["made"]),
        line["revision"],
        tuple(line["keys"]),
        line["counts"],
        {UUID(school): (number, bytes.fromhex(head)) for school, (number, head) in line["heads"].items()},
    )


def _plain(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return b64encode(value).decode()
    if isinstance(value, UUID):
        return value.hex
    return value.isoformat() if isinstance(value, datetime) else value


def _value(column: Column[Any], value: Any) -> Any:  # noqa: ANN401 (of the column's type)
    if value is None:
        return None
    if isinstance(column.type, LargeBinary):
        return b64decode(value)
    if isinstance(column.type, Uuid):
        return UUID(value)
    return datetime.fromisoformat(value) if isinstance(column.type, UtcDateTime) else value


# --- the store --------------------------------------------------------------------------------------------------------


def _has_no_rows(engine: Engine) -> bool:
    """Say whether there are tables and nothing in them: so a restore that failed leaves a store, for another try."""
    names = set(inspect(engine).get_table_names()) - {"alembic_version"}
    with engine.execution_options(reading=True).connect() as connection:
        return all(
            connection.execute(select(literal(1)).select_from(table(name)).limit(1)).first() is None for name in names
        )


def _one_moment(engine: Engine) -> Connection:
    if is_postgresql(engine):
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    else:
        options = {"reading": True}
    return engine.execution_options(**options).connect()


def _revision(connection: Connection) -> str:
    return vault.revision_of(connection) or ""


def _keys(connection: Connection) -> tuple[str, ...]:
    return tuple(sorted(connection.execute(select(SealingKey.__table__.c.key_id)).scalars()))  # type: ignore[attr-defined]


def _heads(connection: Connection) -> dict[UUID, tuple[int, bytes]]:
    table: Table = Audit.__table__  # type: ignore[attr-defined]
    last = select(table.c.school_id, func.max(table.c.number).label("number")).group_by(table.c.school_id).subquery()
    rows = connection.execute(
        select(table.c.school_id, table.c.number, table.c.hash).join(
            last, (last.c.school_id == table.c.school_id) & (last.c.number == table.c.number)
        )
    )
    return {school: (number, head) for school, number, head in rows}


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _counted(manifest: Manifest) -> Iterable[tuple[Table, int]]:
    return ((SQLModel.metadata.tables[name], count) for name, count in manifest.counts.items())
