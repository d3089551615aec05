"""Opening the store for work: key, version, lock; what is wrong is said in a sentence before a row is read."""

import errno
import fcntl
import os
import shutil
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final

from sqlalchemy import Engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from bot.settings import Settings
from store import vault
from store.database import is_postgresql, make_engine
from store.keys import KeyRing, make_key_file, read_key_command, read_key_file
from store.sealing import KeyProblem, Sealer
from store.vault import StoreProblem

DISK_LEAST = 200 * 1024 * 1024
STORE_LOCK: Final = 0x6561_7273_686F_74
SAMPLE_IS_HERE: Final = (
    "This database holds the sample school of the rehearsal. Set EARSHOT_DATA_DIR to another folder, "
    "then run `earshot init` for your own school."
)
"""What is said to tokens of the real networks: the sample's chats are made up, and may be somebody's."""

_OF_THE_MACHINE: Final = {
    errno.ENOSPC: "The disk is full. Make room, then try again: what was kept before is unharmed.",
    errno.EDQUOT: "The disk is full. Make room, then try again: what was kept before is unharmed.",
    errno.EROFS: "The disk can only be read. Mend that, or set EARSHOT_DATA_DIR to another folder.",
    errno.EACCES: "This machine does not let Earshot write there. Mend the rights of the folder for data.",
    errno.EADDRINUSE: "The port is taken by another program. Stop that one, or set EARSHOT_HTTP_PORT to a free one.",
}


def open_store(settings: Settings, *, make: bool) -> tuple[Engine, Sealer]:
    """Open the store, ready for use.

    With `make`, a new one is made (folder, key, tables) and an older one is brought up to date; without it, both are
    refused. Raises StoreProblem or KeyProblem, with nothing changed.
    """
    if make:
        make_folder(settings)
    there = is_there(settings)
    if not there and not make:
        raise StoreProblem("There is no database yet. Run `earshot init` first, or `make run` to try Earshot out.")
    # Before the database is looked at: looking at SQLite makes its file.
    sealer = None if there else _key(settings, make=True)
    engine = make_engine(settings.store_url)
    try:
        return engine, _opened(settings, engine, sealer, make=make)
    except DBAPIError as error:
        engine.dispose()
        raise vault.problem(error) from None
    except BaseException:
        engine.dispose()
        raise


def _opened(settings: Settings, engine: Engine, sealer: Sealer | None, *, make: bool) -> Sealer:
    current, empty = vault.check_version(engine), vault.is_empty(engine)
    if empty and not make:
        raise StoreProblem("There is nothing in the database yet. Run `earshot init` first.")
    sealer = sealer or _key_of(settings, engine, make=empty, readable=current and not empty)
    if not current and not make:
        raise StoreProblem("The database is of an older Earshot. Run `earshot migrate`.")
    with Session(engine) as session:
        if not empty:
            vault.check_key(session, sealer)
    if not current:
        vault.migrate(engine)
    with Session(engine) as session:
        vault.check_writable(session)
        vault.note_key(session, sealer, datetime.now(UTC))
        session.commit()
    return sealer


def _key_of(settings: Settings, engine: Engine, *, make: bool, readable: bool) -> Sealer:
    """Read the key; when that fails, say which one this store needs."""
    try:
        return _key(settings, make=make)
    except KeyProblem as problem:
        if not readable or next_key_path(settings).exists():
            raise
        with Session(engine) as session:
            known = vault.keys_of(session)
        if not known:
            raise
        raise KeyProblem(f"{problem}; the key it needs has the id {', '.join(known)}") from None


def _key(settings: Settings, *, make: bool) -> Sealer:
    if make and not settings.key_command and not settings.key_path.exists():
        make_key_file(settings.key_path)
    return key_ring(settings).current


def key_ring(settings: Settings) -> KeyRing:
    """Read all keys, from the file or the command. Raises KeyProblem, also while a change of keys is unfinished."""
    if settings.key_command:
        return read_key_command(settings.key_command)
    if next_key_path(settings).exists():
        raise KeyProblem("a change of keys was begun and not finished: run `earshot keys rotate` to finish it")
    return read_key_file(settings.key_path)


def next_key_path(settings: Settings) -> Path:
    """Say where the next key lies while keys are being changed."""
    return settings.key_path.with_name(settings.key_path.name + ".next")


def anchor_path(settings: Settings) -> Path:
    """Say where the anchor of the audit chain lies: beside the key, away from the database."""
    return settings.key_path.with_name("earshot.anchor")


def is_there(settings: Settings) -> bool:
    """Say whether there is a database to look at; of PostgreSQL only looking tells."""
    path = _sqlite_path(settings)
    return path is None or path.exists()


def _sqlite_path(settings: Settings) -> Path | None:
    path = settings.store_url.removeprefix("sqlite:///")
    return None if path == settings.store_url else Path(path)


def make_folder(settings: Settings) -> None:
    """Make the data folder, readable by its owner alone. Raises StoreProblem, also when the disk is nearly full."""
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


def problem_of(error: Exception) -> str:
    """Put an error that nobody foresaw into a sentence; its own words are not repeated, they may hold a person's."""
    if isinstance(error, DBAPIError):
        return str(vault.problem(error))
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        return _OF_THE_MACHINE[error.errno]
    root = Path(__file__).resolve().parent.parent
    frames = traceback.extract_tb(error.__traceback__)
    ours = [(Path(one.filename), one.lineno) for one in frames if Path(one.filename).is_relative_to(root)]
    places = [f" at {path.relative_to(root)}:{line}" for path, line in ours if ".venv" not in path.parts]
    place = places[-1] if places else ""
    return f"Something went wrong that should not have ({type(error).__name__}{place}). Please report this line."


class OnlyOne:
    """Holds that no second Earshot runs on this store: a file lock beside SQLite, an advisory lock in PostgreSQL.

    With `shared`, on PostgreSQL, others may run beside it that share the store too, and only what wants it for itself
    (a change of keys, the rehearsal) is kept out.
    """

    def __init__(self, settings: Settings, engine: Engine, *, shared: bool = False) -> None:
        self._file: IO[str] | None = None
        self._connection: Connection | None = None
        self._engine, self._shared = engine, shared
        if is_postgresql(engine):
            held = self._taken_of_server()
        else:
            # Beside the database, wherever that lies: two folders for data may share one.
            path = _sqlite_path(settings)
            folder = path.parent if path else settings.data_dir
            try:
                self._file = open(folder / "earshot.lock", "w")  # noqa: SIM115 (held until close)
            except OSError as error:
                raise StoreProblem(problem_of(error)) from None
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held = True
            except OSError:
                held = False
        if not held:
            self.close()
            raise StoreProblem("Earshot is already running on this database. Stop that one first.")

    def _taken_of_server(self) -> bool:
        # It neither writes nor waits for who does.
        self._connection = self._engine.connect().execution_options(reading=True)
        how = "pg_try_advisory_lock_shared" if self._shared else "pg_try_advisory_lock"
        held = self._connection.execute(text(f"SELECT {how}(:key)"), {"key": STORE_LOCK}).scalar()
        self._connection.commit()
        return bool(held)

    def keep(self) -> bool:
        """Take it anew where a PostgreSQL that was restarted forgot it; gives whether it had to.

        Raises StoreProblem when another has the store by now, and DBAPIError while the server is out of reach.
        """
        if self._file is not None or self._is_held():
            return False
        self.close()
        if not self._taken_of_server():
            self.close()
            raise StoreProblem(
                "The database was out of reach, and another Earshot has taken it since. Stop that one, and start again."
            )
        return True

    def _is_held(self) -> bool:
        if self._connection is None:
            return False
        try:
            # The server lets go of it with the connection, and not before.
            self._connection.execute(text("SELECT 1"))
            self._connection.commit()
        except DBAPIError:
            return False
        return True

    def close(self) -> None:
        """Let go."""
        if self._file is not None:
            self._file.close()
        if self._connection is not None:
            # Given back to the pool, the connection would hold the lock for as long as the engine lives.
            self._connection.invalidate()
            self._connection.close()
            self._connection = None
