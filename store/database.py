"""The engine: SQLite set for safety, or PostgreSQL, with the few types both must agree on."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import DateTime, Dialect, Engine, TypeDecorator, create_engine, event
from sqlalchemy.engine import Connection
from sqlalchemy.pool import ConnectionPoolEntry

if TYPE_CHECKING:
    import psycopg

PATIENCE_SECONDS: Final = 10
# How soon a server that is gone is found to be, connecting or connected: else a thread would wait for hours.
LINK: Final[Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 10_000,
}
# The other way round, 20 seconds: a machine that lost its power would keep what it has locked.
SERVERS_PATIENCE: Final = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 2"
# An advisory lock of the database, which has no table to be locked by: "turn".
_TURN: Final = 0x7475_726E
_TAKE_TURN: Final = f"SELECT pg_advisory_xact_lock({_TURN})"
_END_WHEN_HUNG: Final = f"set_config('idle_in_transaction_session_timeout', '{PATIENCE_SECONDS}s', true)"


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC; a naive one is refused, because a school's hour is not an instant."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def make_engine(url: str) -> Engine:
    """Make an engine for `sqlite:///FILE` or `postgresql+psycopg://…`.

    On both, whoever may write has the store to themselves until the commit, and waits for it up to ten seconds: what
    one process or thread has read cannot be changed under it by another, and no batch fails half-way for want of a
    lock. What only reads says so (the option `reading`), and neither waits nor is waited for. What is brief says so too
    (`brief`): PostgreSQL ends it when it has said nothing for those ten seconds, for its process hangs. Errors do not
    repeat the values of the statement that failed.

    SQLite: write-ahead log, full sync (a committed row survives a power cut), foreign keys on.
    """
    if not url.startswith("sqlite"):
        return _taking_turns(create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args=LINK))
    engine = create_engine(url, connect_args={"timeout": PATIENCE_SECONDS}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        # SQLAlchemy says BEGIN below; left alone, the driver would begin late and break savepoints.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _taking_turns(engine: Engine) -> Engine:
    """Have PostgreSQL's writers wait for one another as SQLite's do, however many processes there are."""

    @event.listens_for(engine, "connect")
    def _prepare(connection: psycopg.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.execute(f"SET lock_timeout = '{PATIENCE_SECONDS}s'; {SERVERS_PATIENCE}")
        connection.commit()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get("reading", False):
            connection.exec_driver_sql(f"{_TAKE_TURN}, {_END_WHEN_HUNG}" if options.get("brief", False) else _TAKE_TURN)

    return engine


def is_postgresql(connection: Any) -> bool:  # noqa: ANN401 (an Engine, Connection or Session's bind)
    """Say whether locks such as SKIP LOCKED are there to be used."""
    return bool(connection.dialect.name == "postgresql")
