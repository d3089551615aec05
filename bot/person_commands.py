"""The commands `earshot person …`: what is done for one pupil when they, or their family, ask a person for it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer
from sqlmodel import Session, select

from bot.command_tools import out, settings, the_school
from bot.opening import open_store
from store import consent
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


def _change(pupil_id: str, change: Callable[[Session, Pupil, datetime, str], bool], done: str, same: str) -> None:
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        pupil = find_pupil(session, sealer, the_school(session), pupil_id)
        changed = change(session, pupil, datetime.now(UTC), ACTOR)
        session.commit()
    engine.dispose()
    out.print(done if changed else same)
