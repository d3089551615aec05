"""The commands `earshot person …`: what is done for one pupil when they, or their family, ask a person for it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from sqlmodel import Session, select

from bot.commands.person_export import as_page, gather
from bot.commands.tools import out, private_file, settings, the_school
from bot.opening import open_store
from store import audit, consent
from store.erasure import erase_pupil
from store.sealing import Sealer
from store.tables import Pupil, School
from store.vault import StoreProblem

ACTOR = "command:person"

app = typer.Typer(
    help="What is done for one pupil at their or their family's wish.\n\nExample: earshot person opt-out P123",
    no_args_is_help=True,
)
PupilId = Annotated[str, typer.Argument(help="The pupil's id in your own system.")]
By = Literal["guardian", "pupil"]


class PersonProblem(StoreProblem):
    """There is no such person, or nothing to be done; the sentence says which."""


def find_pupil(session: Session, sealer: Sealer, school: School, reference: str) -> Pupil:
    """Find a pupil by their id in the school's own system. Raises PersonProblem."""
    key = sealer.blind("mis", reference.strip())
    pupil = session.exec(select(Pupil).where(Pupil.school_id == school.id, Pupil.mis_key == key)).first()
    if pupil is None:
        raise PersonProblem("No pupil has that id. Give the pupil_id that stood in the lists you imported.")
    return pupil


@app.command(name="opt-out")
def opt_out(
    pupil_id: PupilId,
    by: Annotated[By, typer.Option(help="Who wishes it. What a guardian stops, the pupil alone cannot start.")],
) -> None:
    """Stop a pupil's check-ins at once. It never counts as a sign of anything, and nobody is told.

    Example: earshot person opt-out P123 --by guardian
    """
    change = consent.hold if by == "guardian" else consent.stop
    _change(
        pupil_id, change, "Check-ins are stopped.", "They were stopped already, or have not begun: nothing changed."
    )


@app.command(name="opt-in")
def opt_in(
    pupil_id: PupilId,
    by: Annotated[
        By, typer.Option(help="Who wishes it. A guardian allows; a pupil who had stopped starts themselves.")
    ],
) -> None:
    """Allow a pupil's check-ins again. What the pupil stopped stays stopped when a guardian allows, and vice versa.

    Example: earshot person opt-in P123 --by guardian
    """
    change = consent.release if by == "guardian" else consent.start
    _change(pupil_id, change, "Check-ins are allowed again.", "They were not stopped by them: nothing changed.")


@app.command()
def export(
    pupil_id: PupilId,
    file: Annotated[Path, typer.Argument(help="A new file, .html: a page to read, with the same as JSON in it.")],
) -> None:
    """Write everything that is kept about a pupil into one file, for them or their family. It is recorded.

    Read it before you hand it on: a pupil's own words may speak of somebody else.

    Example: earshot person export P123 copy.html
    """
    if file.suffix != ".html":
        raise PersonProblem(f"{file.name} must end in .html.")
    engine, sealer = open_store(settings(), make=False)
    now = datetime.now(UTC)
    with Session(engine) as session:
        school = the_school(session)
        pupil = find_pupil(session, sealer, school, pupil_id)
        page = as_page(gather(session, sealer, school, pupil, now), school.name)
        audit.record(session, school.id, now, actor=ACTOR, action="person exported", subject=f"pupil:{pupil.id.hex}")
        with private_file(file) as written:
            written.write(page.encode())
        session.commit()
    engine.dispose()
    out.print(f"It is in {file.name}. Read it before you hand it on.", markup=False)


@app.command()
def erase(
    pupil_id: PupilId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Erase everything about a pupil, for good, and ask Telegram and Slack to delete what they still let us delete.

    Backups made before still hold it: see docs/keys-and-backups.md. Take them out of your lists first, or the next
    import brings their name back.

    Example: earshot person erase P123
    """
    if not yes:
        typer.confirm("This cannot be undone. Erase everything about this pupil?", abort=True)
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        pupil = find_pupil(session, sealer, the_school(session), pupil_id)
        erased = erase_pupil(session, sealer, pupil, datetime.now(UTC), ACTOR)
        session.commit()
    engine.dispose()
    rows = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in erased.rows.items())
    out.print(f"Erased: {rows}.", highlight=False)
    out.print(
        f"{erased.messages} messages are deleted from Telegram and Slack when Earshot runs, if they still can be."
    )


def _change(pupil_id: str, change: Callable[[Session, Pupil, datetime, str], bool], done: str, same: str) -> None:
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        pupil = find_pupil(session, sealer, the_school(session), pupil_id)
        changed = change(session, pupil, datetime.now(UTC), ACTOR)
        session.commit()
    engine.dispose()
    out.print(done if changed else same)
