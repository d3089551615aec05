"""`earshot away`: who of the staff is away, from when to when, and who stands in for them."""

from typing import Annotated

import typer
from rich.table import Table
from sqlmodel import Session, select

from bot.clock import kept_clock
from bot.commands.tools import FileProblem, day_of, out, settings, the_school
from bot.opening import open_store
from bot.text import render
from scheduling import away
from scheduling.briefing import away_listed
from scheduling.school import facts
from store import audit
from store.sealing import Sealer
from store.tables import School, Staff

app = typer.Typer(help="Who of the staff is away, and who stands in for them.", no_args_is_help=True)
Email = Annotated[str, typer.Argument(help="The e-mail address of the member of staff.")]


class AbsenceProblem(FileProblem):
    """An absence cannot be set so; the sentence says what to change."""


@app.command(name="list")
def list_absences() -> None:
    """List who is away or will be.

    Example: earshot away list
    """
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = the_school(session)
        calendar = facts(school).calendar
        rows = away_listed(session, sealer, school.id, kept_clock(session)())
    table = Table("away", "from", "to", "stands in")
    for row in rows:
        days = (f"{calendar.local_date(moment):%d %B %Y}" for moment in (row.starts, row.last))
        table.add_row(row.name, *days, row.cover or "nobody")
    out.print(table if rows else "Nobody is away.")


@app.command(name="set")
def set_absence(
    email: Email,
    until: Annotated[str, typer.Option(help="The last day away, as YYYY-MM-DD.")],
    since: Annotated[str | None, typer.Option("--from", help="The first day away; without it, today.")] = None,
    cover: Annotated[str | None, typer.Option(help="Who stands in: their e-mail address.")] = None,
) -> None:
    """Set that somebody is away. Whoever stands in gets their nudges and reads of their groups, on these days alone.

    Example: earshot away set t.tolling@school.example --until 2026-12-04 --cover o.orrin@school.example
    """
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        now = kept_clock(session)()
        row = the_school(session)
        school = facts(row)
        staff = _staff(session, sealer, row, email)
        stands_in = _staff(session, sealer, row, cover) if cover else None
        first = day_of(since) if since else school.calendar.local_date(now)
        problem = away.problem_of(school, staff, first, day_of(until), stands_in, now)
        if problem is not None:
            raise AbsenceProblem(render(problem, "en", school.zone, now))
        made = away.set_away(session, school, staff, first, day_of(until), stands_in, now)
        _note(session, row, staff, "absence set")
        warning = away.too_few_left(session, school, made)
        session.commit()
    out.print("The absence is set.")
    if warning is not None:
        out.print(render(warning, "en", school.zone, now), markup=False)


@app.command()
def end(email: Email) -> None:
    """Say that somebody is back, or will not be away after all.

    Example: earshot away end t.tolling@school.example
    """
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = the_school(session)
        staff = _staff(session, sealer, school, email)
        was = away.end(session, facts(school), staff, kept_clock(session)())
        if was:
            _note(session, school, staff, "absence ended")
        session.commit()
    out.print("They are back." if was else "They were not away.")


def _note(session: Session, school: School, staff: Staff, action: str) -> None:
    subject = f"staff:{staff.id.hex}"
    audit.record(session, school.id, kept_clock(session)(), actor="command line", action=action, subject=subject)


def _staff(session: Session, sealer: Sealer, school: School, email: str) -> Staff:
    key = sealer.blind("email", email.strip().lower())
    staff = session.exec(select(Staff).where(Staff.school_id == school.id, Staff.email_key == key)).first()
    if staff is None or not staff.active:
        raise AbsenceProblem("No member of staff here has that e-mail address. Look it up in your list, and try again.")
    return staff
