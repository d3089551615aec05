"""The commands `earshot keys …`: show which keys there are, change the key in use, retire an old one."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import Engine
from sqlmodel import Session, select

from bot.backups import public_path
from bot.commands.tools import bar, out, private_file, settings
from bot.opening import OnlyOne, anchor_path, is_there, key_ring, make_folder, next_key_path
from bot.settings import Settings
from store import anchor, audit, vault, whisper_keys
from store.database import make_engine
from store.keys import KeyRing, read_key_command, read_key_file, replace_key_file, write_key_file
from store.recovery import RecoveryKey, fingerprint
from store.rotation import change_key
from store.sealing import KeyProblem
from store.tables import School
from store.vault import StoreProblem

app = typer.Typer(help="The master key: show, change, retire.\n\nExample: earshot keys show", no_args_is_help=True)


@app.command()
def show() -> None:
    """List the keys that are here by their ids, and say which one the database needs.

    Example: earshot keys show
    """
    read = settings()
    # The database first: where there is none yet, no key is missing either.
    engine = _engine(read)
    ring = key_ring(read)
    table = Table("id", "use")
    for number, key_id in enumerate(ring.sealers()):
        table.add_row(key_id, "opens old backups" if number else "in use")
    out.print(table)
    with Session(engine) as session:
        needed = vault.keys_of(session)
    engine.dispose()
    out.print(f"The database is sealed with {', '.join(needed) or 'no key yet'}.")
    if missing := [one for one in needed if one not in ring.sealers()]:
        out.print(f"{', '.join(missing)} is not here: put back the key file that holds it.")


@app.command()
def rotate(
    new: Annotated[
        Path | None, typer.Option("--new", help="With EARSHOT_KEY_COMMAND: the file to write the new key to.")
    ] = None,
) -> None:
    """Change the master key: make a new one and seal everything anew. Stop Earshot first.

    The old key stays in the key file, to open old backups with, until it is retired. If this is interrupted, run it
    again: it goes on where it was.

    Example: earshot keys rotate
    """
    read = settings()
    engine = _engine(read)
    lock = OnlyOne(read, engine)
    try:
        _rotate(read, engine, new)
    finally:
        lock.close()
        engine.dispose()


def _rotate(read: Settings, engine: Engine, new: Path | None) -> None:
    if read.key_command and new is None:
        raise KeyProblem("the key comes from EARSHOT_KEY_COMMAND: say with --new FILE where to write the new one")
    if new is not None and not read.key_command:
        raise KeyProblem("the key lies in a file, which is put in place by itself: leave --new out")
    path = new or next_key_path(read)
    ring = read_key_command(read.key_command) if read.key_command else read_key_file(read.key_path)
    if not path.exists():
        if _catch_up(read, engine, ring):
            return
        with Session(engine) as session:
            # Before a new key is made: an old key file would be followed by a new one that opens nothing.
            vault.check_key(session, ring.current)
        write_key_file(path, ring.next())
    following = read_key_file(path)
    if ring.current.key_id.hex() not in list(following.sealers())[1:]:
        raise KeyProblem(f"{path.name} holds a key that does not follow the one in use: move it away and try again")
    # Before anything is changed: a whisper store of a foreign key would stop the change half-way.
    whisper_keys.check(read.whisper_url, list(following.sealers().values()))
    with bar("Sealing everything anew") as progress:
        changed = change_key(engine, ring.current, following.current, datetime.now(UTC), progress)
    whisper_keys.bring_to(read.whisper_url, list(following.sealers().values()))
    key_id = following.current.key_id.hex()
    _note(engine, "keys rotated", key_id)
    _sign_anchor(read, engine, following)
    if not read.key_command:
        replace_key_file(path, read.key_path)
    out.print(f"{changed.rows:,} rows are sealed with the new key, {key_id}.")
    if changed.damaged:
        out.print(f"{changed.damaged:,} values were damaged before, and are left as they were.")
    if read.key_command:
        out.plain(f"Put what is in {path} where EARSHOT_KEY_COMMAND takes the key from, then delete the file.")
    else:
        out.print(
            "Copy the key file to its safe place now. Backups made before need the old key, which is in it too: "
            f"`earshot keys retire {ring.current.key_id.hex()}` takes it out once they are gone."
        )


def _catch_up(read: Settings, engine: Engine, ring: KeyRing) -> bool:
    """Bring a store that an old key of this file sealed, from a backup put back, to the key in use."""
    brought = whisper_keys.bring_to(read.whisper_url, list(ring.sealers().values()))
    if brought:
        out.print("The whisper store, which an old key had sealed, is sealed with the key in use.")
    with Session(engine) as session:
        before = [one for one in vault.keys_of(session) if one != ring.current.key_id.hex()]
    old = ring.sealers().get(before[0]) if len(before) == 1 else None
    if old is None:
        return brought
    with bar("Sealing everything anew") as progress:
        changed = change_key(engine, old, ring.current, datetime.now(UTC), progress)
    _note(engine, "keys rotated", ring.current.key_id.hex())
    _sign_anchor(read, engine, ring)
    out.print(f"{changed.rows:,} rows that an old key had sealed are sealed with the key in use.")
    return True


@app.command()
def retire(key_id: Annotated[str, typer.Argument(help="The id of an old key, as `keys show` lists it.")]) -> None:
    """Take an old key out of the key file, for good: backups made with it can then be opened no more.

    Example: earshot keys retire 1a2b3c4d
    """
    read = settings()
    ring = key_ring(read).without(key_id)
    if read.key_command:
        raise KeyProblem(f"the key comes from EARSHOT_KEY_COMMAND: take the line of the old key {key_id} out there")
    engine = _engine(read)
    lock = OnlyOne(read, engine)
    try:
        _put(read, ring)
        _note(engine, "key retired", key_id)
    finally:
        lock.close()
        engine.dispose()
    out.print(f"The key {key_id} is gone from here. Take it out of the copy of the key file too.")


@app.command()
def recovery(
    file: Annotated[Path, typer.Argument(help="A new file for the recovery key.")],
    again: Annotated[bool, typer.Option("--again", help="Replace the recovery key there is, for new backups.")] = False,
) -> None:
    """Make the recovery key that backups are encrypted to. Put the file into a safe, and delete it here.

    Older backups still need the recovery key they were made for: keep it as long as them.

    Example: earshot keys recovery recovery.key
    """
    read = settings()
    public = public_path(read)
    if public.exists() and not again:
        raise KeyProblem("there is a recovery key already: say --again to make another one, for new backups")
    make_folder(read)
    key = RecoveryKey.make()
    with private_file(file) as written:
        written.write(key.write().encode())
    part = public.with_name(public.name + ".new")
    part.write_text(key.public().hex() + "\n", "ascii")
    part.replace(public)
    out.plain(f"The recovery key {fingerprint(key.public())} is in {file}.")
    out.print("Print it or put it on a stick, lock that away apart from the backups, and delete the file here.")


def _put(read: Settings, ring: KeyRing) -> None:
    # Not the name of a change under way: this file may be left behind by a kill and is then of no consequence.
    path = read.key_path.with_name(read.key_path.name + ".kept")
    path.unlink(missing_ok=True)
    write_key_file(path, ring)
    replace_key_file(path, read.key_path)


def _engine(read: Settings) -> Engine:
    if not is_there(read):
        raise StoreProblem("There is no database yet. Run `earshot init` first.")
    engine = make_engine(read.store_url)
    if not vault.check_version(engine):
        raise StoreProblem("The database is empty, or of an older Earshot. Run `earshot init`, or `earshot migrate`.")
    return engine


def _sign_anchor(read: Settings, engine: Engine, ring: KeyRing) -> None:
    """Sign the anchor with the key in use; one that no longer fits the chain is kept, for `audit verify` to tell."""
    path = anchor_path(read)
    before = anchor.read(path, ring.sealers().values())
    if before is not None:
        anchor.write(path, ring.current, before)
    with Session(engine) as session:
        anchor.keep(session, path, ring.current)


def _note(engine: Engine, action: str, key_id: str) -> None:
    with Session(engine) as session:
        for school_id in session.exec(select(School.id)).all():
            audit.record(
                session, school_id, datetime.now(UTC), actor="command:keys", action=action, subject=f"key:{key_id}"
            )
        session.commit()
