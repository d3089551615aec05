"""The commands `earshot person …`: what is done for one person when they, or their family, ask somebody for it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer
from sqlmodel import Session, select

from bot.clock import kept_clock
from bot.commands.tools import day_of, out, private_file, settings, the_school
from bot.copies.adults import GUARDIAN_FORM, STAFF_FORM, gather_guardian, gather_staff
from bot.copies.gathering import gather
from bot.copies.page import as_page
from bot.importing.rows import name_problem
from bot.opening import open_store
from bot.text import SOURCE, STAFF_LANGUAGES, languages
from scheduling import rights
from scheduling.naming import named_until
from scheduling.school import facts
from store import audit, consent, invites
from store.erasure import Erased, erase_guardian, erase_pupil
from store.former import erase_staff, naming
from store.people import initials
from store.people_tables import Guardian
from store.sealing import Sealer
from store.tables import Pupil, School, Staff, TutorGroup
from store.vault import StoreProblem

ACTOR = "command:person"

app = typer.Typer(
    help="What is done for one person at their or their family's wish.\n\n"
    "Example: earshot person opt-out P123 --by pupil",
    no_args_is_help=True,
)
PupilId = Annotated[str, typer.Argument(help="The pupil's id in your own system.")]
PersonId = Annotated[
    str, typer.Argument(help="The pupil's id in your own system; or a guardian's, or a member of staff's.")
]
OfGuardian = Annotated[bool, typer.Option("--guardian", help="The id is a parent's or carer's.")]
OfStaff = Annotated[bool, typer.Option("--staff", help="The id is that of a member of staff.")]
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


def _find_guardian(session: Session, sealer: Sealer, school: School, reference: str) -> Guardian:
    key = sealer.blind("mis", reference.strip())
    guardian = session.exec(select(Guardian).where(Guardian.school_id == school.id, Guardian.mis_key == key)).first()
    if guardian is None:
        raise PersonProblem(
            "No parent or carer has that id. Give the guardian_id that stood in the lists you imported."
        )
    return guardian


def _find_staff(session: Session, sealer: Sealer, school: School, reference: str) -> Staff:
    key = sealer.blind("mis", reference.strip())
    staff = session.exec(select(Staff).where(Staff.school_id == school.id, Staff.mis_key == key)).first()
    if staff is None:
        raise PersonProblem("No member of staff has that id. Give the staff_id that stood in the lists you imported.")
    return staff


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
def code(
    person_id: Annotated[str, typer.Argument(help="The pupil's id in your own system; or a guardian's.")],
    guardian: OfGuardian = False,
) -> None:
    """Make a join code for one person: their letter was lost, or they have a new phone. It is recorded.

    Everybody else's codes stay as they are. Hand it to nobody else: the phone that gives it first is theirs from then.

    Example: earshot person code P123
    """
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school, now = the_school(session), kept_clock(session)()
        if guardian:
            parent = _find_guardian(session, sealer, school, person_id)
            if not parent.active:
                raise PersonProblem("They are no longer in your lists. Import a list that has them in it first.")
            subject, made = f"guardian:{parent.id.hex}", invites.issue_to_guardian(session, sealer, parent, now)
            whose = initials(str(sealer.read(parent, "name")))
        else:
            pupil = _who_may_join(find_pupil(session, sealer, school, person_id))
            subject, made = f"pupil:{pupil.id.hex}", invites.issue(session, sealer, pupil, now)
            group = session.get_one(TutorGroup, pupil.group_id).name
            whose = f"{initials(str(sealer.read(pupil, 'name')))} ({group})"
        audit.record(session, school.id, now, actor=ACTOR, action="wrote a code", subject=subject)
        session.commit()
    engine.dispose()
    out.plain(
        f"For {whose}: {made} ({invites.spelled(made)}). It works once, for thirty days, and ends any code they had "
        "before. A phone they use now goes on until it is used."
    )


def _who_may_join(pupil: Pupil) -> Pupil:
    if pupil.status == "left":
        raise PersonProblem("They have left. Import a list that has them in it first.")
    if pupil.held:
        raise PersonProblem(
            "A parent or carer has check-ins stopped. Allow them again first: `earshot person opt-in --by guardian`."
        )
    return pupil


@app.command()
def export(
    person_id: PersonId,
    file: Annotated[Path, typer.Argument(help="A new file, .html: a page to read, with the same as JSON in it.")],
    language: Annotated[str, typer.Option(help="The language of the page, such as en; usually the reader's own.")] = "",
    guardian: OfGuardian = False,
    staff: OfStaff = False,
) -> None:
    """Write everything that is kept about a person into one file, for them or a pupil's family. It is recorded.

    Read it before you hand it on: a pupil's own words may speak of somebody else. A member of staff's is in the
    school's language, where staff read it: English or Welsh.

    Example: earshot person export P123 copy.html
    """
    if file.suffix != ".html":
        raise PersonProblem(f"{file.name} must end in .html.")
    _check_language(language)
    _one_kind(guardian=guardian, staff=staff)
    if staff and language not in ("", SOURCE, *STAFF_LANGUAGES):
        raise PersonProblem(f"What staff read is written in {', '.join((SOURCE, *STAFF_LANGUAGES))}: choose of these.")
    engine, sealer = open_store(settings(), make=False)
    now = datetime.now(UTC)
    with Session(engine) as session:
        school = the_school(session)
        if guardian:
            parent = _find_guardian(session, sealer, school, person_id)
            kept = gather_guardian(session, sealer, school, parent, now, language or None)
            page, subject = as_page(kept, GUARDIAN_FORM), f"guardian:{parent.id.hex}"
        elif staff:
            member = _find_staff(session, sealer, school, person_id)
            kept = gather_staff(session, sealer, school, member, now, language or None)
            page = as_page(kept, STAFF_FORM)
            subject = f"staff:{member.id.hex}"
        else:
            pupil = find_pupil(session, sealer, school, person_id)
            page = as_page(gather(session, sealer, school, pupil, now, language or None))
            subject = f"pupil:{pupil.id.hex}"
        audit.record(session, school.id, now, actor=ACTOR, action="person exported", subject=subject)
        with private_file(file) as written:
            written.write(page.encode())
        session.commit()
    engine.dispose()
    out.plain(f"It is in {file}. Read it before you hand it on.")


@app.command()
def erase(
    person_id: PersonId,
    guardian: OfGuardian = False,
    staff: OfStaff = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Erase everything about a person, for good, and ask Telegram and Slack to delete what they still let us delete.

    Backups made before still hold it: see docs/keys-and-backups.md. Take them out of your lists first, or the next
    import brings their name back. A member of staff who left stays as long as something that is kept names them.

    Example: earshot person erase P123
    """
    _one_kind(guardian=guardian, staff=staff)
    if not yes:
        whom = "parent or carer" if guardian else "member of staff" if staff else "pupil"
        typer.confirm(f"This cannot be undone. Erase everything about this {whom}?", abort=True)
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school, now = the_school(session), datetime.now(UTC)
        if guardian:
            erased = erase_guardian(session, sealer, _find_guardian(session, sealer, school, person_id), now, ACTOR)
        elif staff:
            erased = _erase_staff(session, sealer, school, _find_staff(session, sealer, school, person_id), now)
        else:
            erased = erase_pupil(session, sealer, find_pupil(session, sealer, school, person_id), now, ACTOR)
        session.commit()
    engine.dispose()
    rows = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in erased.rows.items())
    out.print(f"Erased: {rows}.", highlight=False)
    out.print(
        f"{erased.messages} messages are deleted from Telegram and Slack when Earshot runs, if they still can be."
    )


@app.command()
def correct(
    pupil_id: PupilId,
    name: Annotated[str, typer.Option(help="Their name, as it is.")] = "",
    language: Annotated[str, typer.Option(help="The language they are written to in, such as cy.")] = "",
) -> None:
    """Set a pupil's name or language right at once. It is recorded.

    Mend your own lists too: the next import brings a name back as it stands there.

    Example: earshot person correct P123 --name "Wren Ashdown"
    """
    if not name.strip() and not language:
        raise PersonProblem("Say with --name or --language what is to be set right.")
    if name.strip() and (problem := name_problem(name.strip())):
        raise PersonProblem(f"{problem[:1].upper()}{problem[1:]}.")
    _check_language(language)
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        pupil = find_pupil(session, sealer, the_school(session), pupil_id)
        if name.strip():
            sealer.write(pupil, "name", name.strip())
        pupil.language = language or pupil.language
        session.add(pupil)
        subject = f"pupil:{pupil.id.hex}"
        audit.record(
            session, pupil.school_id, datetime.now(UTC), actor=ACTOR, action="person corrected", subject=subject
        )
        session.commit()
    engine.dispose()
    out.print("It is set right. Mend your own lists too, or the next import brings the name back.")


@app.command()
def contest(
    pupil_id: PupilId,
    on: Annotated[str, typer.Option(help="The day of the nudge, as YYYY-MM-DD, if there are several.")] = "",
    by: Annotated[By, typer.Option(help="Who says that it is not right.")] = "guardian",
) -> None:
    """Note that a family, or a pupil, say a nudge is not right; it counts nowhere until a safeguarding lead answers.

    The leads are told in Slack when Earshot runs.

    Example: earshot person contest P123 --on 2026-11-24
    """
    if on:
        on = day_of(on).isoformat()
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        row = the_school(session)
        school, pupil = facts(row), find_pupil(session, sealer, row, pupil_id)
        days = {f"{school.calendar.local_date(one.raised_at)}": one for one in rights.contestable(session, pupil)}
        if not days:
            raise PersonProblem("There is no nudge about this pupil that could be contested.")
        if on not in days and (on or len(days) > 1):
            raise PersonProblem(f"Say with --on which nudge it is; there are those of {', '.join(sorted(days))}.")
        flag = days[on] if on else next(iter(days.values()))
        rights.contest(session, sealer, school, flag, by, datetime.now(UTC), ACTOR)
        session.commit()
    engine.dispose()
    out.print("It is noted, and counts nowhere until a safeguarding lead has answered.")


def _one_kind(*, guardian: bool, staff: bool) -> None:
    if guardian and staff:
        raise PersonProblem("Give --guardian or --staff, not both.")


def _erase_staff(session: Session, sealer: Sealer, school: School, staff: Staff, now: datetime) -> Erased:
    """Erase a member of staff who has left and whom nothing that is kept names. Raises PersonProblem: why not."""
    if staff.active:
        raise PersonProblem("They are still in your lists. Import a list that says they have left, then erase them.")
    named = naming(session, school.id, {staff.id})
    if not named:
        return erase_staff(session, sealer, staff, now, ACTOR)
    what = ", ".join(sorted(table.replace("_", " ") for table in named))
    until = named_until(session, school.policy, staff, named)
    when = (
        f"All of it will have gone by {until.astimezone(ZoneInfo(school.zone)):%d %B %Y}: erase them after that"
        if until
        else "Some of it is still open and has no end yet: close it first"
    )
    raise PersonProblem(
        f"What is kept about pupils and colleagues says what they did ({what}), so they cannot be erased yet. {when}, "
        "or shorten the clocks with `earshot retention`."
    )


def _check_language(language: str) -> None:
    if language and language not in languages():
        raise PersonProblem(f"The languages here are {', '.join(languages())}.")


def _change(pupil_id: str, change: Callable[[Session, Pupil, datetime, str], bool], done: str, same: str) -> None:
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        pupil = find_pupil(session, sealer, the_school(session), pupil_id)
        changed = change(session, pupil, datetime.now(UTC), ACTOR)
        session.commit()
    engine.dispose()
    out.print(done if changed else same)
