"""`earshot one-to-ones`: pair the staff with senior leaders for the term, and see how many have a time."""

from typing import Annotated
from uuid import UUID

import typer
from sqlmodel import Session, col, select

from bot.clock import kept_clock
from bot.commands.tools import FileProblem, out, settings, the_school
from bot.opening import open_store
from scheduling import meetings
from scheduling.meetings import MeetingProblem
from scheduling.school import facts
from store import audit
from store.sealing import Sealer
from store.tables import School, Staff

app = typer.Typer(help="Once a term each member of staff meets a senior leader.", no_args_is_help=True)
_WHY = {
    "no_leader": "there is no senior leader but themselves",
    "line": "all senior leaders are in their line of management",
    "full": "no senior leader has room",
}


@app.command()
def start(
    leader: Annotated[
        list[str] | None,
        typer.Option(help="A senior leader's e-mail address; once for each. Kept for the next term."),
    ] = None,
) -> None:
    """Pair all staff for this term, none with a leader in their line, loads even, and not as last year. Both are told.

    Without --leader: those named before, else the head and whom the head manages. Nothing of what is said is kept.

    Example: earshot one-to-ones start --leader a.head@school.example --leader b.deputy@school.example
    """
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        now = kept_clock(session)()
        row = the_school(session)
        leaders = _leaders(session, sealer, row, leader or [])
        try:
            started = meetings.start(session, sealer, facts(row), leaders, now)
        except MeetingProblem as problem:
            raise FileProblem(str(problem)) from None
        actor, action = "command line", "one-to-ones started"
        audit.record(session, row.id, now, actor=actor, action=action, subject=f"school:{row.id.hex}")
        unpaired = [
            (str(sealer.read(session.get_one(Staff, id), "name")), _WHY[why]) for id, why in started.unpaired.items()
        ]
        session.commit()
    out.print(f"{started.pairs} pairs are made. Both of each are told as soon as Earshot is running.")
    if started.again:
        out.print(f"{started.again} meet somebody they met in the last year: there was nobody else.")
    for name, why in sorted(unpaired):
        out.print(f"Nobody for {name}: {why}.", markup=False)


@app.command()
def status() -> None:
    """Say how many have chosen a time this term; who meets whom, and when, is theirs.

    Example: earshot one-to-ones status
    """
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = facts(the_school(session))
        try:
            rows = meetings.of_term(session, school, meetings.term_of(school, kept_clock(session)()))
        except MeetingProblem as problem:
            raise FileProblem(str(problem)) from None
    chosen = sum(row.meets_at is not None for row in rows)
    out.print(f"{len(rows)} pairs this term; {chosen} have a time.")


def _leaders(session: Session, sealer: Sealer, school: School, emails: list[str]) -> set[UUID]:
    staff = session.exec(select(Staff).where(Staff.school_id == school.id, col(Staff.active).is_(True))).all()
    if emails:
        by_key = {one.email_key: one.id for one in staff}
        found = []
        for email in emails:
            id = by_key.get(sealer.blind("email", email.strip().lower()))
            if id is None:
                raise FileProblem(f"No member of staff here has the address {email}. Look it up in your list.")
            found.append(id)
        school.policy = {**school.policy, "leaders": [id.hex for id in found]}
        session.add(school)
        return set(found)
    kept = {UUID(hex=one) for one in school.policy.get("leaders", [])} & {one.id for one in staff}
    return kept or meetings.usual_leaders(staff)
