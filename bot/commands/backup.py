"""The commands `earshot backup` and `earshot restore`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine
from sqlmodel import Session

from bot import backups
from bot.backups import PROVEN
from bot.commands.tools import FileProblem, bar, out, settings
from bot.opening import OnlyOne, anchor_path, is_there, key_ring, make_folder, open_store
from bot.settings import Settings
from bot.whisper import backups as whispers
from store import anchor
from store.backup import BackupProblem
from store.database import make_engine
from store.recovery import RecoveryKey
from store.sealing import Sealer
from store.whisper_keys import is_made
from store.whisper_store import open_whispers


def backup(
    place: Annotated[
        Path, typer.Argument(help="A folder, which gets a new file named by the time; or a new .backup file.")
    ],
) -> None:
    """Write an encrypted backup, while Earshot runs; into a folder, once a week, one of the whispers too.

    It opens only with the recovery key, and then only with the master key too. See `earshot keys recovery`. The
    whispers have a file of their own, filled up so that its size does not tell how many there are.

    Example: earshot backup /srv/backups
    """
    read = settings()
    engine, sealer = open_store(read, make=False)
    now, public = datetime.now(UTC), backups.read_public(read)
    is_folder = place.is_dir() or place.suffix != ".backup"
    if is_folder:
        _make(place)
    path = place / f"earshot-{now:%Y%m%dT%H%M%SZ}.backup" if is_folder else place
    with bar("Backing up") as progress:
        manifest = backups.take(engine, public, path, now, progress)
    if is_folder:
        _whispers(read, engine, sealer, place, now)
    engine.dispose()
    out.plain(f"{manifest.rows:,} rows are in {path}.")
    out.plain(f"`earshot restore {path} --recovery-key KEY --check` proves that it can be restored.")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise FileProblem(f"{folder.name} is a file. Name a folder, or a new file that ends in .backup.") from None
    except OSError as error:
        raise FileProblem(f"{folder.name} cannot be made ({error.strerror}). Name another place.") from None


def _whispers(read: Settings, engine: Engine, sealer: Sealer, folder: Path, now: datetime) -> None:
    """Write the week's backup of the whispers, if the folder has none of this week yet."""
    path = folder / whispers.file_name(now.date())
    if path.exists() or not is_made(read.whisper_url):
        return
    store = open_whispers(read.whisper_url, sealer, make=False)
    try:
        whispers.take(store, sealer, backups.read_public(read), path, now.date())
    finally:
        store.engine.dispose()
    backups.note_week(engine, whispers.TAKEN, now)
    out.plain(f"The week's copy of the whispers is in {path}.")


def restore(
    file: Annotated[Path, typer.Argument(help="The backup.")],
    recovery_key: Annotated[Path, typer.Option(help="The recovery key's file, from the safe.")],
    check: Annotated[
        bool, typer.Option("--check", help="Only prove the backup, in a scratch folder; the database stays as it is.")
    ] = False,
    of_whispers: Annotated[bool, typer.Option("--whispers", help="The file is a backup of the whispers.")] = False,
) -> None:
    """Put a backup into a new, empty database; or, with --check, prove that it could be.

    The whispers' backups are put back, and proven, by themselves: with --whispers, after the main one.

    Example: earshot restore earshot-20261122T020000Z.backup --recovery-key recovery.key --check
    """
    read = settings()
    key = backups.read_recovery_key(recovery_key)
    if of_whispers:
        _restore_whispers(read, file, key, check=check)
        return
    if check:
        _check(file, key)
        return
    if not read.key_command and not read.key_path.exists():
        raise BackupProblem("Put the key file in its place first: without the master key nothing of a person opens.")
    ring = key_ring(read)
    make_folder(read)
    engine = make_engine(read.store_url)
    lock = OnlyOne(read, engine)
    try:
        with bar("Restoring") as progress:
            manifest = backups.put_back(engine, file, key, ring, datetime.now(UTC), progress)
        with Session(engine) as session:
            # What came after the backup is lost, as the chain's next row says: the anchor begins anew.
            anchor.write(anchor_path(read), ring.current, anchor.heads(session))
    finally:
        lock.close()
        engine.dispose()
    out.print(f"{manifest.rows:,} rows are back, as they were on {manifest.made:%d %B %Y at %H:%M} UTC.")
    out.print("Messages that waited then may be sent again. Run `earshot doctor` next.")


def _restore_whispers(read: Settings, file: Path, key: RecoveryKey, *, check: bool) -> None:
    sealers = list(key_ring(read).sealers().values())
    engine = open_store(read, make=False)[0]
    if check:
        proof = whispers.prove(file, key, sealers)
        backups.note_week(engine, whispers.PROVEN, datetime.now(UTC))
        words = f"The copy of the whispers is good: {proof.opened:,} values under the master key open."
    else:
        lock = OnlyOne(read, engine)
        try:
            whispers.put_back(read.whisper_url, file, key, sealers)
        finally:
            lock.close()
        backups.note_week(engine, whispers.RESTORED, datetime.now(UTC))
        words = "The whispers are back. What filled the copy up goes when Earshot next runs."
    engine.dispose()
    out.print(words)


def _check(file: Path, key: RecoveryKey) -> None:
    read = settings()
    ring = key_ring(read)
    live = open_store(read, make=False)[0] if is_there(read) else None
    with bar("Restoring into a scratch folder") as progress:
        proof = backups.prove(live, file, key, ring, progress)
    if live is not None:
        backups.note(live, PROVEN, proof.manifest, datetime.now(UTC))
        live.dispose()
    out.print(
        f"The backup is good: {proof.manifest.rows:,} rows came back, {proof.opened:,} sealed values open, and the "
        "audit chain is whole."
    )
