"""A change of the master key: every sealed column is sealed anew and every keyed hash hashed again.

While it goes on, `sealing_key` names both keys, so no other part of Earshot opens the store. A row's envelope says
which key it is sealed with, so after a kill the change goes on where it was. Rows are changed whole, a batch to a
transaction; tables that hold only hashes are changed in the last one, which also strikes out the old key.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Engine, Table, bindparam, func, select
from sqlalchemy.engine import Connection
from sqlmodel import Session, SQLModel
from sqlmodel import select as select_rows

import store.every_table  # noqa: F401 (fills the metadata)
from store.key_tables import SealingKey
from store.sealing import CONTRACTS, LOOK_UPS, KeyProblem, Sealer, Unreadable

BATCH = 5_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Changed:
    """What a change of keys did in this run: rows sealed anew; values left as they were because they are damaged."""

    rows: int
    damaged: int


@dataclass(frozen=True)
class _Kept:
    """A table that has something to be changed, and its columns for that; `key` is its only primary key."""

    table: Table
    key: Column[Any]
    sealed: tuple[str, ...]
    hashed: tuple[tuple[str, str], ...]


def change_key(
    engine: Engine, old: Sealer, new: Sealer, now: datetime, progress: Progress, batch: int = BATCH
) -> Changed:
    """Bring the whole store from a master key to a later one; run again after a kill, it goes on.

    `progress` is told rows done and rows in all; `batch` is how many rows make a transaction. Raises KeyProblem, having
    touched nothing, when the store is sealed with neither key.
    """
    if not _begin(engine, old, new, now):
        return Changed(0, 0)
    kept = [one for one in map(_kept, SQLModel.metadata.sorted_tables) if one is not None]
    with engine.connect() as connection:
        total = sum(connection.execute(select(func.count()).select_from(one.table)).scalar_one() for one in kept)
    done = rows = damaged = 0
    for one in kept:
        last = None
        while True:
            with engine.begin() as connection:
                seen, changed, bad, last = _batch(connection, one, last, batch, old, new)
            done, rows, damaged = done + seen, rows + changed, damaged + bad
            progress(done, total)
            if seen < batch:
                break
    with engine.begin() as connection:
        _hash_again(connection, [one.table for one in kept], old, new)
        connection.execute(SealingKey.__table__.delete().where(SealingKey.key_id != new.key_id.hex()))  # type: ignore[attr-defined]
    return Changed(rows, damaged)


def _begin(engine: Engine, old: Sealer, new: Sealer, now: datetime) -> bool:
    """Note that a change is under way; False when it has come to its end already."""
    ids = {old.key_id.hex(), new.key_id.hex()}
    with Session(engine) as session:
        known = set(session.exec(select_rows(SealingKey.key_id)).all())
        if known == {new.key_id.hex()}:
            return False
        if not known <= ids:
            raise KeyProblem(
                f"the database is sealed with the key {', '.join(sorted(known - ids))}, not with {old.key_id.hex()}: "
                "put that key back, nothing was changed"
            )
        for key_id in ids - known:
            session.add(SealingKey(key_id=key_id, since=now))
        session.commit()
    return True


def _kept(table: Table) -> _Kept | None:
    sealed = tuple(column for name, column in CONTRACTS if name == table.name)
    hashed = tuple((column, purpose) for (name, column), purpose in LOOK_UPS.items() if name == table.name)
    # A hash needs an envelope beside it that is always there, to tell which key the row is at.
    tells = any(not table.c[f"{column}_sealed"].nullable for column in sealed)
    if not sealed or (hashed and not tells):
        return None
    (key,) = table.primary_key.columns
    return _Kept(table, key, sealed, hashed)


def _batch(
    connection: Connection, kept: _Kept, last: object, size: int, old: Sealer, new: Sealer
) -> tuple[int, int, int, object]:
    """Change one batch; returns rows seen, changed and damaged, and the last one's key."""
    names = [f"{column}_sealed" for column in kept.sealed] + [column for column, _ in kept.hashed]
    statement = select(kept.key, *(kept.table.c[name] for name in names)).order_by(kept.key).limit(size)
    if last is not None:
        statement = statement.where(kept.key > last)
    rows = connection.execute(statement).all()
    changed, damaged = [], 0
    for key, *values in rows:
        envelopes = values[: len(kept.sealed)]
        if all(envelope is None for envelope in envelopes) or any(map(new.sealed, filter(None, envelopes))):
            continue
        opened = [
            _resealed(kept.table.name, column, key, envelope, old, new)
            for column, envelope in zip(kept.sealed, envelopes, strict=True)
        ]
        # What could not be opened before either stays as it was, beside what can.
        new_values = [was if now is None else now for was, now in zip(envelopes, opened, strict=True)]
        damaged += sum(was is not None and now is None for was, now in zip(envelopes, opened, strict=True))
        if not any(opened):
            continue
        new_values += [
            value if value is None else new.blind_again(purpose, value, old)
            for (_, purpose), value in zip(kept.hashed, values[len(kept.sealed) :], strict=True)
        ]
        changed.append({"the_row": key, **dict(zip(names, new_values, strict=True))})
    if changed:
        update = kept.table.update().where(kept.key == bindparam("the_row"))
        connection.execute(update.values({name: bindparam(name) for name in names}), changed)
    return len(rows), len(changed), damaged, rows[-1][0] if rows else last


def _resealed(table: str, column: str, key: UUID, envelope: bytes | None, old: Sealer, new: Sealer) -> bytes | None:
    try:
        return None if envelope is None else new.reseal(table, column, key, envelope, old)
    except Unreadable:
        return None


def _hash_again(connection: Connection, done: list[Table], old: Sealer, new: Sealer) -> None:
    """Change the tables that hold hashes alone, all in one transaction."""
    for table in SQLModel.metadata.sorted_tables:
        hashed = [(column, purpose) for (name, column), purpose in LOOK_UPS.items() if name == table.name]
        if table in done or not hashed:
            continue
        keys = list(table.primary_key.columns)
        rows = connection.execute(select(*keys, *(table.c[column] for column, _ in hashed))).all()
        changed = [
            {f"old_{key.name}": value for key, value in zip(keys, row[: len(keys)], strict=True)}
            | {
                f"new_{column}": value if value is None else new.blind_again(purpose, value, old)
                for (column, purpose), value in zip(hashed, row[len(keys) :], strict=True)
            }
            for row in rows
        ]
        if changed:
            which = [key == bindparam(f"old_{key.name}") for key in keys]
            values: dict[str, Any] = {column: bindparam(f"new_{column}") for column, _ in hashed}
            connection.execute(table.update().where(*which).values(values), changed)
