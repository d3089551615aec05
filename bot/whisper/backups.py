"""Backups of the whisper store by its own rules: one a week, filled up so that its size tells nothing, and boxed.

The copy inside the box is what `store.whisper_care.back_up` makes. It opens only with the recovery key, and what the
readers' keys need of the master key only with that too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine, delete, func, insert, inspect, select

from bot.commands.tools import private_file
from store import whisper_care, whisper_keys
from store.backup import BackupProblem
from store.database import make_engine
from store.recovery import CHUNK, BoxWriter, RecoveryKey, open_box
from store.sealing import Sealer
from store.whisper_sealing import NotOpened
from store.whisper_store import WhisperStore, open_whispers
from store.whisper_tables import reader, report, whisper_metadata

TAKEN, PROVEN, RESTORED = "whispers backed up", "whispers proven", "whispers restored"
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True)
class Proof:
    """What a whisper backup showed when it was opened: values under the master key that open."""

    opened: int


def file_name(today: date) -> str:
    """Name the week's backup, such as "whispers-2026-W48.backup"."""
    year, week, _ = today.isocalendar()
    return f"whispers-{year}-W{week:02}.backup"


def take(store: WhisperStore, sealer: Sealer, public: bytes, path: Path, today: date) -> None:
    """Write a backup to a new file of mode 0600; `public` is the recovery key's public half."""
    with TemporaryDirectory(prefix="earshot-whispers-") as folder:
        copy = Path(folder) / "copy.sqlite"
        whisper_care.back_up(store, copy, sealer, today)
        with private_file(path) as file, copy.open("rb") as source:
            box = BoxWriter(file, public)
            while chunk := source.read(CHUNK):
                box.write(chunk)
            box.close()


def prove(path: Path, key: RecoveryKey, sealers: list[Sealer]) -> Proof:
    """Open a backup in a scratch folder and look at all that the master key opens.

    Raises BackupProblem, RecoveryProblem or KeyProblem with what was found.
    """
    with _unboxed(path, key) as engine:
        store = _store(engine, sealers)
        opened = 0
        with store.read() as connection:
            if connection.exec_driver_sql("PRAGMA integrity_check").scalar() != "ok":
                raise BackupProblem("The copy of the whispers is damaged. Take another one.")
            places = [
                *((row.private, b"reader" + row.id) for row in connection.execute(select(reader)).all()),
                *((row.card, b"card" + row.id) for row in connection.execute(select(report)).all()),
            ]
        for value, place in places:
            try:
                # A recovery key's private half is on paper only.
                opened += bool(value and store.unlock(value, place))
            except NotOpened:
                raise BackupProblem("A value in the copy of the whispers does not open. Take another one.") from None
    return Proof(opened)


def put_back(url: str, path: Path, key: RecoveryKey, sealers: list[Sealer]) -> None:
    """Put a backup into a whisper store without reports, at the key in use (the first of `sealers`).

    Raises BackupProblem, with nothing changed, when there are whispers already.
    """
    with _unboxed(path, key) as engine:
        # Before anything is made: without its key the copy is of no use.
        _store(engine, sealers)
        whisper_keys.bring_to(engine.url.render_as_string(hide_password=False), sealers)
        target = open_whispers(url, sealers[0])
        try:
            with engine.connect().execution_options(reading=True) as source, target.write() as connection:
                if connection.execute(select(func.count()).select_from(report)).scalar_one():
                    raise BackupProblem("There are whispers here already, and they stay. Restore into an empty store.")
                for table in whisper_metadata.sorted_tables:
                    connection.execute(delete(table))
                    for row in source.execute(select(table)):
                        connection.execute(insert(table), [dict(row._mapping)])
            whisper_care.tidy(target)
        finally:
            target.engine.dispose()


@contextmanager
def _unboxed(path: Path, key: RecoveryKey) -> Iterator[Engine]:
    """Open the box into a scratch folder; gives an engine on the copy."""
    with TemporaryDirectory(prefix="earshot-whispers-") as folder:
        copy = Path(folder) / "copy.sqlite"
        try:
            with path.open("rb") as box, copy.open("wb") as file:
                for chunk in open_box(box, key):
                    file.write(chunk)
        except OSError as error:
            raise BackupProblem(f"{path.name} cannot be read ({error.strerror}). Give a backup's file.") from None
        with copy.open("rb") as file:
            if file.read(len(_SQLITE)) != _SQLITE:
                raise BackupProblem(f"{path.name} is no backup of whispers. Leave --whispers out for the main store's.")
        engine = make_engine(f"sqlite:///{copy}")
        try:
            yield engine
        finally:
            engine.dispose()


def _store(engine: Engine, sealers: list[Sealer]) -> WhisperStore:
    sealer = whisper_keys.key_of(engine, sealers)
    if sealer is None or not inspect(engine).has_table(report.name):
        raise BackupProblem("The copy of the whispers is damaged. Take another one.")
    return WhisperStore(engine, sealer)
