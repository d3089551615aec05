"""Opening the store: is it of this version, is this the key it was sealed with? Asked before anything is touched."""

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select, update

import store.every_table  # noqa: F401 (fills the metadata)
from store.key_tables import SealingKey
from store.sealing import KeyProblem, Sealer

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


_FULL = "The disk of the {} is full. Make room, then try again: what was kept before is unharmed."
_READ_ONLY = "The {} can only be read. Mend the rights of its file and folder, or the disk they are on."
_DAMAGED = "The {0} file is damaged, or is no {0}. Put back a backup; nothing was changed."
_BUSY = "Another program holds the {}. Wait a moment and try again."
_DISK = "The disk of the {} failed to read or write. Check that it is there, healthy and not full, then try again."
_SENTENCES: Final[dict[int | str, str]] = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_IOERR: _DISK,
    # PostgreSQL's own codes: disk_full, read_only_sql_transaction, lock_not_available.
    "53100": _FULL,
    "25006": _READ_ONLY,
    "55P03": _BUSY,
}

# Of a connection that was not made psycopg gives no code, only words; never repeated, for they hold the address. In
# this order, for a host may have two addresses: what the one says that answers counts.
_NOT_LET_IN: Final = {
    ("failed to resolve host", "could not translate host name"): (
        "The server of the {0} cannot be found by its name: check the host in {1}."
    ),
    ("password authentication failed", "no password supplied", 'role "'): (
        "The server of the {0} refuses the name or the password: check them in {1}."
    ),
    ("pg_hba.conf",): "The server of the {0} lets nobody in from this machine as {1} says: see its pg_hba.conf.",
    ('database "',): "There is no such database on the server: make it, or mend its name at the end of {1}.",
    ("Connection refused", "No such file or directory", "timeout expired", "No route to host", "timed out"): (
        "No server of the {0} answers there: see that PostgreSQL runs, and check the host and the port in {1}."
    ),
}


class StoreProblem(Exception):
    """The store cannot be used as it is; the sentence says why and what to do."""


def problem(error: DBAPIError, what: str = "database", setting: str = "EARSHOT_DATABASE_URL") -> StoreProblem:
    """Put what a database complains of into a sentence; its own words are not repeated, they may hold a row.

    `what` names the store, and `setting` what says where it is.
    """
    code = _code(error)
    if code in _SENTENCES:
        return StoreProblem(_SENTENCES[code].format(what))
    if not isinstance(error.orig, sqlite3.Error):
        return StoreProblem(_of_server(error).format(what, setting))
    return StoreProblem(
        f"The {what} cannot be used ({type(error.orig).__name__}). Check {setting}, the disk, and "
        "whether the file may be written to."
    )


def is_of_the_whole(error: Exception) -> bool:
    """Say whether it is the store that is in trouble, full or held by another, and not what was to be kept in it."""
    return isinstance(error, DBAPIError) and _code(error) in _SENTENCES


def _code(error: DBAPIError) -> int | str:
    # SQLite refines its codes in the higher bits.
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorcode", 0) & 0xFF


def _of_server(error: DBAPIError) -> str:
    words = str(error.orig)
    found = (sentence for signs, sentence in _NOT_LET_IN.items() if any(sign in words for sign in signs))
    kind = type(error.orig).__name__
    other = f"The server of the {{0}} cannot be used ({kind}): check {{1}}, and that PostgreSQL is well."
    # What was asked of a server that let us in has a code.
    return other if getattr(error.orig, "sqlstate", None) else next(found, other)


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the store to a revision, the newest by default. Raises StoreProblem for one from a newer Earshot."""
    # Here, for it is rarely needed: it costs every start a tenth of a second and twelve megabytes.
    from alembic import command
    from alembic.config import Config

    check_version(engine)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["engine"] = engine
    if revision == "head":
        command.upgrade(config, revision)
    else:
        command.downgrade(config, revision)


def check_version(engine: Engine) -> bool:
    """Say whether the store is of this version; False means it is empty or older and `migrate` will do.

    Raises StoreProblem when it comes from a newer Earshot, or cannot be read at all.
    """
    known = _revisions()
    try:
        with engine.connect() as connection:
            current = revision_of(connection)
    except DBAPIError as error:
        raise problem(error) from None
    if current is not None and current not in known:
        raise StoreProblem(
            "The database was made by a newer Earshot. Install that version, or restore a backup made by this one."
        )
    return current == known[-1]


def revision_of(connection: Connection) -> str | None:
    """Name the revision a store's tables are of; None for a store without any."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def newest() -> str:
    """Name the revision of the tables that this version of Earshot works with."""
    return _revisions()[-1]


def _revisions() -> list[str]:
    """List the revisions of this version, oldest first: each file of migrations begins with its own."""
    return sorted(file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def is_empty(engine: Engine) -> bool:
    """Say whether nothing has been made here yet."""
    return not inspect(engine).has_table("school")


def check_key(session: Session, sealer: Sealer) -> None:
    """Refuse a key that this store is not sealed with. Raises KeyProblem, having touched nothing."""
    known = keys_of(session)
    if len(known) > 1:
        raise KeyProblem("a change of keys was begun and not finished: run `earshot keys rotate` to finish it")
    if known and sealer.key_id.hex() not in known:
        raise KeyProblem(
            f"this key is {sealer.key_id.hex()}, but the database was sealed with {', '.join(known)}: "
            "put that key file back, nothing was changed"
        )


def keys_of(session: Session) -> list[str]:
    """List the ids of the keys that this store is sealed with: one, or two while they are being changed."""
    return sorted(session.exec(select(SealingKey.key_id)).all())


def check_writable(session: Session) -> None:
    """Refuse a store that can only be read, before work is taken on that could not be kept. Raises StoreProblem."""
    try:
        # Changes nothing; to begin a transaction is not enough, SQLite lets a reader do that.
        session.execute(update(SealingKey).values(since=SealingKey.since))
    except DBAPIError as error:
        raise problem(error) from None


def note_key(session: Session, sealer: Sealer, now: datetime) -> None:
    """Note that this store is sealed with this key."""
    if session.get(SealingKey, sealer.key_id.hex()) is None:
        session.add(SealingKey(key_id=sealer.key_id.hex(), since=now))
