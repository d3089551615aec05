"""`earshot anonymity check`: does any of the school's own files say who somebody is, where none may?"""

from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session, select

from bot.backups import read_recovery_key
from bot.commands.tools import out
from bot.opening import open_store
from bot.settings import read_settings
from bot.whisper.anonymity import needles
from bot.whisper.own_files import look_through
from store.guardian_tables import GuardianBinding
from store.people_tables import Guardian
from store.tables import Binding, Pupil

app = typer.Typer(no_args_is_help=True, help="Check your own files for traces of who whispered.")


@app.callback()
def main() -> None:
    """Check your own files for traces of who whispered."""


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Whisper stores, backups, logs, Slack exports; or folders.")],
    recovery_key: Annotated[
        Path | None, typer.Option(help="The recovery key's file, to look into sealed backups.")
    ] = None,
) -> None:
    """Look in files for any pupil's or parent's chat id or name, in every writing that is known; none may be there.

    Packed files are unpacked, sealed backups opened with the recovery key, folders looked through. Of whisper stores
    the tables are looked at too: no time, no number and no link may be in them. The main store may be checked as well.

    Example: earshot anonymity check whispers-2026-11-24.sqlite earshot.log slack-export.zip
    """
    engine, sealer = open_store(read_settings(), make=False)
    with Session(engine) as session:
        chats = [int(sealer.read(one, "chat")) for one in session.exec(select(Binding)).all()]
        chats += [int(sealer.read(one, "chat")) for one in session.exec(select(GuardianBinding)).all()]
        names = [str(sealer.read(one, "name")) for one in session.exec(select(Pupil)).all()]
        names += [str(sealer.read(one, "name")) for one in session.exec(select(Guardian)).all()]
    engine.dispose()
    key = read_recovery_key(recovery_key) if recovery_key is not None else None
    looked = look_through(files, needles([*chats, *names]), key)
    for hit in looked.hits:
        out.print(f"{hit.file}: a chat id or a name stands there {hit.writing}.", markup=False, style="red")
    for fault in looked.faults:
        out.print(f"{fault.file}: {fault.writing}.", markup=False, style="red")
    out.print(f"Looked for {len(chats)} chat ids and {len(names)} names in {looked.files} files.")
    if looked.hits or looked.faults:
        raise typer.Exit(1)
    out.print("None of them is there, in any writing that is known.")
    if looked.stores:
        out.print(f"Whisper stores among them: {looked.stores}. None has a time, a number or a link in its tables.")
