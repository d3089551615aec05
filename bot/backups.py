"""Taking a backup, proving one, putting one back: the store's own functions with the keys and the audit around them.

A proof restores into a scratch folder and looks at everything: rows by table, the audit chain, its last row against the
live one, and that every sealed value opens. Nothing of it is left behind.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from uuid import UUID

from sqlalchemy import Engine, Table, select
from sqlmodel import Session, SQLModel
from sqlmodel import select as select_rows

import store.every_table  # noqa: F401 (fills the metadata)
from bot.commands.tools import private_file
from bot.settings import Settings
from store import audit, backup
from store.backup import BackupProblem, Manifest, Progress
from store.database import make_engine
from store.keys import KeyRing
from store.recovery import RecoveryKey, RecoveryProblem
from store.rotation import change_key
from store.sealing import CONTRACTS, KeyProblem, Sealer, Unreadable
from store.tables import Audit, School

ACTOR = "command:backup"
TAKEN, PROVEN, RESTORED = "backup taken", "backup proven", "backup restored"


@dataclass(frozen=True)
class Proof:
    """What restoring a backup into a scratch folder showed: what it says of itself, and sealed values that opened."""

    manifest: Manifest
    opened: int


def public_path(settings: Settings) -> Path:
    """Say where the recovery key's public half lies."""
    return settings.data_dir / "recovery.pub"


def read_public(settings: Settings) -> bytes:
    """Read the recovery key's public half. Raises RecoveryProblem."""
    try:
        return bytes.fromhex(public_path(settings).read_text("ascii"))
    except FileNotFoundError:
        raise RecoveryProblem(
            "There is no recovery key yet. Run `earshot keys recovery FILE` and put the file into a safe."
        ) from None
    except (OSError, ValueError):
        raise RecoveryProblem("The file recovery.pub cannot be read. Run `earshot keys recovery` again.") from None


def read_recovery_key(path: Path) -> RecoveryKey:
    """Read the recovery key's private half from its file. Raises RecoveryProblem."""
    try:
        return RecoveryKey.read(path.read_text("ascii"))
    except UnicodeDecodeError:
        return RecoveryKey.read("")
    except OSError as error:
        raise RecoveryProblem(f"{path.name} cannot be read ({error.strerror}). Give the recovery key's file.") from None


def take(engine: Engine, public: bytes, path: Path, now: datetime, progress: Progress) -> Manifest:
    """Write a backup to a new file of mode 0600, and note it in the audit chain."""
    with private_file(path) as file:
        manifest = backup.write_backup(engine, file, public, now, progress)
    note(engine, TAKEN, manifest, now)
    return manifest


def note(engine: Engine, action: str, manifest: Manifest, now: datetime) -> None:
    """Note in every school's audit chain what was done with a backup."""
    subject = f"backup:{manifest.made:%Y%m%dT%H%M%SZ}"
    with Session(engine) as session:
        for school_id in session.exec(select_rows(School.id)).all():
            audit.record(session, school_id, now, actor=ACTOR, action=action, subject=subject)
        session.commit()


def note_week(engine: Engine, action: str, now: datetime) -> None:
    """Note in every school's audit chain what was done with a backup of the whispers, and of which week."""
    year, week, _ = now.isocalendar()
    with Session(engine) as session:
        for school_id in session.exec(select_rows(School.id)).all():
            audit.record(session, school_id, now, actor=ACTOR, action=action, subject=f"week:{year}-W{week:02}")
        session.commit()


def prove(live: Engine | None, path: Path, key: RecoveryKey, ring: KeyRing, progress: Progress) -> Proof:
    """Restore a backup into a scratch folder and look at all of it; `live` is the store it is of, if that is there.

    Raises BackupProblem, RecoveryProblem or KeyProblem with what was found.
    """
    with TemporaryDirectory(prefix="earshot-restore-") as folder:
        scratch = make_engine(f"sqlite:///{Path(folder) / 'scratch.sqlite'}")
        try:
            manifest = _restored(scratch, path, key, progress)
            sealer = _sealer_of(manifest, ring)
            _check_chains(scratch, live, manifest)
            return Proof(manifest, _open_all(scratch, sealer))
        finally:
            scratch.dispose()


def put_back(
    engine: Engine, path: Path, key: RecoveryKey, ring: KeyRing, now: datetime, progress: Progress
) -> Manifest:
    """Restore a backup into an empty store, and bring it to the key in use if it was sealed with an older one."""
    with _opened(path) as file:
        # Before a table is made: without the master key the rows would be of no use.
        sealer = _sealer_of(backup.read_manifest(file, key), ring)
    manifest = _restored(engine, path, key, progress)
    if sealer.key_id != ring.current.key_id:
        change_key(engine, sealer, ring.current, now, progress)
    note(engine, RESTORED, manifest, now)
    return manifest


def _restored(engine: Engine, path: Path, key: RecoveryKey, progress: Progress) -> Manifest:
    with _opened(path) as file:
        return backup.restore(engine, file, key, progress)


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise BackupProblem(f"{path.name} cannot be read ({error.strerror}). Give a backup's file.") from None


def _sealer_of(manifest: Manifest, ring: KeyRing) -> Sealer:
    if len(manifest.keys) != 1:
        raise KeyProblem("the backup was taken while keys were being changed: take another one")
    sealer = ring.sealers().get(manifest.keys[0])
    if sealer is None:
        raise KeyProblem(
            f"the backup is sealed with the master key {manifest.keys[0]}, which is not here: put back the key file "
            "that holds it"
        )
    return sealer


def _check_chains(scratch: Engine, live: Engine | None, manifest: Manifest) -> None:
    with Session(scratch) as session:
        for school_id in session.exec(select_rows(School.id)).all():
            if (number := audit.first_break(session, school_id)) is not None:
                raise BackupProblem(f"The audit chain in the backup is broken at row {number}. Take an older one too.")
    if live is None:
        return
    with Session(live) as session:
        for school_id, (number, head) in manifest.heads.items():
            if not _same(session, school_id, number, head):
                raise BackupProblem(
                    f"Row {number} of the audit chain is not the same in the backup and in the database. Is the backup "
                    "of this school? If it is, run `earshot audit verify`."
                )


def _same(session: Session, school_id: UUID, number: int, head: bytes) -> bool:
    found = session.exec(select_rows(Audit.hash).where(Audit.school_id == school_id, Audit.number == number)).first()
    return found == head


def _open_all(engine: Engine, sealer: Sealer) -> int:
    """Open every sealed value; returns how many there are."""
    opened = 0
    with engine.execution_options(reading=True).connect() as connection:
        for (name, column), _contract in CONTRACTS.items():
            table: Table = SQLModel.metadata.tables[name]
            (key,) = table.primary_key.columns
            statement = select(key, table.c[f"{column}_sealed"]).where(table.c[f"{column}_sealed"].is_not(None))
            for row_id, envelope in connection.execution_options(yield_per=2_000).execute(statement):
                try:
                    sealer.open(name, column, row_id, envelope)
                except Unreadable:
                    raise BackupProblem(
                        f"A value of {name}.{column} in the backup does not open: it is damaged. Take another one."
                    ) from None
                opened += 1
    return opened
