"""Opening the store for work: key, version, lock; what is wrong is said in a sentence before a row is read."""

import fcntl
import os
import shutil
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO

from sqlalchemy import Engine, text
from sqlalchemy.engine import Connection
from sqlmodel import Session

from bot.settings import Settings
from store import vault
from store.database import is_postgresql, make_engine
from store.sealing import KeyProblem, Sealer, make_key_file, read_key_file
from store.vault import StoreProblem

DISK_LEAST = 200 * 1024 * 1024
_LOCK = 0x6561_7273_686F_74


def open_store(settings: Settings, *, make: bool) -> tuple[Engine, Sealer]:
    """Open the store, ready for use.

    With `make`, a new one is made (folder, key, tables) and an older one is brought up to date; without it, both are
    refused. Raises StoreProblem or KeyProblem, with nothing changed.
    """
    if make:
        _make_folder(settings)
    engine = make_engine(settings.store_url)
    if not make and not _there(settings):
        raise StoreProblem("There is no database yet. Run `earshot init` first, or `make run` to try Earshot out.")
    current = vault.check_version(engine)
    if vault.is_empty(engine) and make:
        with suppress(KeyProblem):
            make_key_file(settings.key_path)
    sealer = read_key_file(settings.key_path)
    if not current:
        if not make:
            raise StoreProblem("The database is of an older Earshot. Run `earshot migrate`.")
        vault.migrate(engine)
    with Session(engine) as session:
        vault.check_key(session, sealer)
        vault.note_key(session, sealer, datetime.now(UTC))
        session.commit()
    return engine, sealer


def _there(settings: Settings) -> bool:
    path = settings.store_url.removeprefix("sqlite:///")
    return path == settings.store_url or os.path.exists(path)


def _make_folder(settings: Settings) -> None:
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreProblem(
            f"The folder for data cannot be made ({error.strerror}). Set EARSHOT_DATA_DIR to one that can."
        ) from None
    if not os.access(settings.data_dir, os.W_OK):
        raise StoreProblem("The folder for data cannot be written to. Mend its rights, or set EARSHOT_DATA_DIR.")
    if shutil.disk_usage(settings.data_dir).free < DISK_LEAST:
        raise StoreProblem("Less than 200 MB of disk is free. Make room first: answers could not be kept.")


class OnlyOne:
    """Holds that no second Earshot sends for this store: a file lock beside SQLite, an advisory lock in PostgreSQL."""

    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._file: IO[str] | None = None
        self._connection: Connection | None = None
        if is_postgresql(engine):
            self._connection = engine.connect()
            held = self._connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK}).scalar()
            self._connection.commit()
        else:
            self._file = open(settings.data_dir / "earshot.lock", "w")  # noqa: SIM115 (held until close)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held = True
            except OSError:
                held = False
        if not held:
            self.close()
            raise StoreProblem("Earshot is already running on this database. Stop that one first.")

    def close(self) -> None:
        """Let go."""
        if self._file is not None:
            self._file.close()
        if self._connection is not None:
            self._connection.close()
