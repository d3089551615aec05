"""The whisper store itself: its file, its own key, and transactions that leave nothing beside the tables.

What is done with it: `store.whispers` for the reporter, `store.whisper_desk` for the leads.
"""

import errno
import hmac
import os
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Engine, event, insert, inspect, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from store.database import make_engine
from store.sealing import KeyProblem, Sealer
from store.vault import StoreProblem, problem
from store.whisper_schema import bring_up
from store.whisper_sealing import ID_BYTES, SALT_BYTES, Cost, NotOpened, Seed
from store.whisper_tables import SCHEMA_VERSION, setting, whisper_metadata

_DAY_SECONDS = 86_400
_NONCE = 12
_CARD_BYTES = 2048
# How long a passphrase opens a desk: half a school day.
DESK_SECONDS = 4 * 3600.0
_PATIENCE_MS = 2000


# What a passphrase costs to try (64 MiB, three passes): it has fewer bits than six random words.
PASSPHRASES = Cost(memory=65_536, passes=3)


class StoreGone(OSError):
    """The file of the store was taken away while it was open."""


def place_of(what: str, report_id: bytes, turn_id: bytes = b"") -> bytes:
    """Name where a sealed value belongs, so that it opens nowhere else."""
    return what.encode() + report_id + turn_id


class WhisperStore:
    """One whisper store, open."""

    def __init__(
        self,
        engine: Engine,
        sealer: Sealer,
        cost: Cost = Cost(),  # noqa: B008 (frozen)
        passphrases: Cost = PASSPHRASES,
    ) -> None:
        self.engine, self.cost, self.passphrases = engine, cost, passphrases
        self._cipher = AESGCM(sealer.blind("whisper", "readers' keys"))
        self.name = sealer.blind("whisper", "store")[:ID_BYTES]
        self.salt = b""
        self._made = False
        self._desks: dict[bytes, tuple[Seed, float]] = {}
        self.settled = True
        # Rows lie in the order they came until the store is written anew (`store.whisper_care.tidy`).
        self.untidy = True

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a transaction; after its commit nothing of it is left beside the tables, nor the time it was made."""
        if self._made and self.path is not None and not self.path.exists():
            # An open file that was deleted would take everything, and keep nothing.
            raise StoreGone(errno.ENOENT, "the whisper store is not there any more")
        with self.engine.execution_options(brief=True).begin() as connection:
            self.untidy = True
            yield connection
        self._made = True
        self.settle()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that only reads."""
        with self.engine.connect().execution_options(reading=True) as connection:
            yield connection

    def settle(self) -> None:
        """Empty the write-ahead log into the file, and give the files the time of midnight.

        The file's own time would say when the last whisper came. A disk that fails here has kept the whisper already,
        so it is not an error: `settled` says that it is to be done again.
        """
        path = self.path
        if path is None:
            return
        try:
            raw = self.engine.raw_connection()
            try:
                raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                raw.close()
            midnight = time.time() // _DAY_SECONDS * _DAY_SECONDS
            for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
                if file.exists():
                    os.utime(file, (midnight, midnight))
            self.settled = True
        except (sqlite3.Error, OSError):
            self.settled = False

    @property
    def path(self) -> Path | None:
        """The file, where it is one."""
        name = self.engine.url.database
        return Path(name) if self.engine.dialect.name == "sqlite" and name else None

    # --- what is sealed under the store's own key ---------------------------------------------------------------------

    def lock(self, value: bytes, place: bytes) -> bytes:
        """Seal a value that this program alone reads (AES-256-GCM, bound to its place)."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, value, place)

    def unlock(self, value: bytes, place: bytes) -> bytes:
        """Open what `lock` made. Raises NotOpened."""
        try:
            return self._cipher.decrypt(value[:_NONCE], value[_NONCE:], place)
        except (InvalidTag, ValueError):
            raise NotOpened from None

    def open_desk(self, who: bytes, seed: Seed, seconds: float = DESK_SECONDS) -> None:
        """Hold a reader's key in memory for a while."""
        self._desks[who] = (seed, time.monotonic() + seconds)

    def close_desk(self, who: bytes) -> None:
        """Let go of a reader's key."""
        self._desks.pop(who, None)

    def opened(self, who: bytes) -> Seed | None:
        """Give a reader's key while their desk is open."""
        seed, until = self._desks.get(who, (None, 0.0))
        if until <= time.monotonic():
            self.close_desk(who)
            return None
        return seed

    def lock_card(self, words: bytes, report_id: bytes) -> bytes:
        """Seal where a report's cards lie, always at one size."""
        return self.lock(words.ljust(_CARD_BYTES), b"card" + report_id)

    def note_key(self, connection: Connection) -> None:
        """Note, or check, which key this store belongs to, and read its salt. Raises KeyProblem."""
        rows = connection.execute(select(setting.c.name, setting.c.value)).all()
        known = {row.name: row.value for row in rows}
        if not known:
            known = {"schema": SCHEMA_VERSION, "salt": secrets.token_bytes(SALT_BYTES), "key": self.name}
            connection.execute(insert(setting), [{"name": name, "value": value} for name, value in known.items()])
        if known["schema"] != SCHEMA_VERSION:
            raise StoreProblem("The whisper store was made by a newer Earshot. Install that version.")
        if not hmac.compare_digest(known["key"], self.name):
            raise KeyProblem("the whisper store was made with another key: put that key file back, nothing was changed")
        self.salt = known["salt"]


def problem_of_whispers(error: DBAPIError) -> StoreProblem:
    """Put what the whisper store complains of into a sentence that names it."""
    return problem(error, "whisper store", "EARSHOT_WHISPER_DATABASE_URL")


def open_whispers(
    url: str,
    sealer: Sealer,
    cost: Cost = Cost(),  # noqa: B008 (frozen)
    *,
    passphrases: Cost = PASSPHRASES,
    make: bool = True,
) -> WhisperStore:
    """Open the whisper store, making it where there is none and `make` says so. Raises StoreProblem or KeyProblem.

    `cost` is of a receipt's Argon2id, `passphrases` of a passphrase's; a store is read with those it was made with.
    """
    engine = make_engine(url)
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database or "")
        if not make and not path.exists():
            raise StoreProblem("There is no whisper store here yet: it is made when Earshot first runs.")
        if not path.exists():
            _make_private(path)

        @event.listens_for(engine, "connect")
        def _in_memory(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
            # What VACUUM puts together must not lie in a temporary file of the machine's.
            connection.execute("PRAGMA temp_store=MEMORY")
            # Whoever writes is told soon that it could not be kept; they do not wait for another program's lock.
            connection.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")

    store = WhisperStore(engine, sealer, cost, passphrases)
    try:
        with store.write() as connection:
            if not inspect(connection).has_table("setting"):
                whisper_metadata.create_all(connection)
            bring_up(connection)
            store.note_key(connection)
            if make:
                # Changes nothing, and tells of a store that can only be read before anybody whispers into it.
                connection.execute(update(setting).where(setting.c.name == "").values(value=b""))
    except DBAPIError as error:
        engine.dispose()
        raise problem_of_whispers(error) from None
    except BaseException:
        engine.dispose()
        raise
    return store


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreProblem(f"The whisper store cannot be made ({error.strerror}). Mend that, then try again.") from None
