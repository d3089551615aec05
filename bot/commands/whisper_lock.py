"""`earshot whisper desk …`: lock the leads' desk, choose passphrases, do a recovery, take the lock away."""

from pathlib import Path
from typing import Annotated

import typer

from bot.clock import Clock
from bot.commands.tools import out
from bot.commands.whisper_at import CHOOSE_FIRST, LeadOption, ask_new_passphrase, ask_secret, at_desk, stores
from bot.settings import read_settings
from bot.whisper import desk as whisper_desk
from bot.whisper.door import door_of, knock_at
from bot.whisper.report import write_new
from store import whisper_care, whisper_lock
from store.vault import StoreProblem
from store.whisper_lock import LockProblem
from store.whisper_sealing import Seed
from store.whisper_unlock import remove_lock as remove

desk_app = typer.Typer(no_args_is_help=True, help="Lock the desk of the leads with passphrases, and recover it.")

KeyArgument = Annotated[Path, typer.Argument(help="The recovery key, as `desk lock` wrote it.")]


@desk_app.command()
def lock(file: Annotated[Path, typer.Argument(help="A new file for the recovery key.")]) -> None:
    """Lock the desk: from now on each lead reads with a passphrase, and the master key opens no whisper.

    Example: earshot whisper desk lock whispers-recovery.key
    """
    with stores() as (session, _sealer, store, school):
        if whisper_lock.is_locked(store):
            raise LockProblem("The desk is locked already, and its recovery key made. Nothing was changed.")
        # Written before the desk is locked by it: a full disk must not leave a desk that nobody can recover.
        seed = whisper_lock.new_recovery()
        write_new(file, whisper_lock.recovery_words(seed).encode())
        # Written first: a deed that reaches every lead must never be done unrecorded.
        whisper_desk.record_of_key(session, school, "lock desk", Clock()())
        session.commit()
        whisper_lock.lock(store, seed)
    out.plain(f"Locked. Print {file}, put it in a safe, and delete the file.")
    out.print("Each lead chooses a passphrase: `earshot whisper desk passphrase --lead ADDRESS`, or in Slack.")
    out.print("Then rehearse a recovery once: `earshot whisper desk rehearse FILE`.")


@desk_app.command()
def passphrase(lead: LeadOption) -> None:
    """Choose your passphrase, or another one: you are asked for the one you have first.

    Example: earshot whisper desk passphrase --lead dsl@school.example
    """
    with at_desk(lead, opened=False) as at:
        if whisper_lock.state_of(at.store, at.lead.reader) == "locked":
            at.open()
        whisper_lock.choose_passphrase(at.store, at.lead.reader, ask_new_passphrase())
        whisper_desk.record(at.session, at.school, at.lead, "desk", "choose passphrase", Clock()())
        at.session.commit()
    out.print("Kept. Nobody can tell you what it is: only the recovery key helps whoever forgets theirs.")


@desk_app.command(name="open")
def open_here(lead: LeadOption) -> None:
    """Open your desk for four hours in the Earshot that runs here: in Slack you are then not asked for your passphrase.

    Example: earshot whisper desk open --lead dsl@school.example
    """
    with at_desk(lead, opened=False) as at:
        if not whisper_lock.is_locked(at.store):
            raise StoreProblem("The desk is not locked: there is nothing to open.")
        if whisper_lock.state_of(at.store, at.lead.reader) == "new":
            raise StoreProblem(CHOOSE_FIRST)
        answer = knock_at(door_of(read_settings().data_dir), at.lead.reader, ask_secret("Your passphrase"))
        if answer == "wrong":
            raise StoreProblem("That is not your passphrase. Try again.")
        if answer != "open":
            raise StoreProblem(
                "Those were many tries. Wait ten minutes."
                if answer == "many"
                else "The desk was not opened. Look at Earshot's log, then try again."
            )
        whisper_desk.record(at.session, at.school, at.lead, "desk", "open desk", Clock()())
        at.session.commit()
    out.print("Your desk is open for four hours. Press Open in Slack again.")


@desk_app.command()
def rehearse(file: KeyArgument) -> None:
    """Prove that the recovery key opens every whisper. Nothing is shown, nobody's keys are changed.

    Example: earshot whisper desk rehearse whispers-recovery.key
    """
    seed = _read(file)
    with stores() as (session, _sealer, store, school):
        count = whisper_lock.rehearse(store, seed, school.calendar.local_date(Clock()()))
        whisper_desk.record_of_key(session, school, "rehearse recovery", Clock()())
        session.commit()
    out.print(f"The recovery key opens all {count} whispers. Put it back into the safe.")


@desk_app.command()
def recover(file: KeyArgument, lead: LeadOption) -> None:
    """Let a lead who forgot their passphrase, or is new, read again: by the recovery key, with a new passphrase.

    Example: earshot whisper desk recover whispers-recovery.key --lead dsl@school.example
    """
    seed = _read(file)
    with at_desk(lead, opened=False) as at:
        given = whisper_lock.recover(at.store, seed, at.lead.reader, ask_new_passphrase())
        whisper_desk.record(at.session, at.school, at.lead, "desk", "recover desk", Clock()())
        at.session.commit()
    out.print(f"Done: {given} whispers are theirs to read. Put the recovery key back into the safe.")


@desk_app.command()
def remove_lock(file: KeyArgument, lead: LeadOption) -> None:
    """Take the lock away for all leads: no passphrases, and the master key opens whispers. Needs key and passphrase.

    Example: earshot whisper desk remove-lock whispers-recovery.key --lead dsl@school.example
    """
    seed = _read(file)
    with at_desk(lead, opened=False) as at:
        with at.store.read() as connection:
            whisper_lock.check_recovery(connection, seed)
        # Whoever has found the paper is no lead yet.
        at.open()
        # Written first: a deed that reaches every lead must never be done unrecorded.
        whisper_desk.record(at.session, at.school, at.lead, "desk", "remove desk lock", Clock()())
        at.session.commit()
        done = remove(at.store, seed)
        whisper_care.tidy(at.store)
    out.print("The desk has no lock any more: no passphrase is asked for, and the master key opens whispers.")
    if done.lost:
        out.print(f"{done.lost} of {done.reports} open for nobody: they came with a backup, or are damaged.")
    out.print("Tell the other leads. Keep the paper as long as there are backups of while the desk was locked.")


def _read(file: Path) -> Seed:
    try:
        return whisper_lock.read_recovery(file.read_text("ascii"))
    except (OSError, UnicodeDecodeError):
        raise StoreProblem(f"{file.name} cannot be read.") from None
