"""`earshot init`, `calendar` and `migrate`: a school made, its term dates read, its database brought up to date."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session, select

from bot.commands.tools import out, settings, the_school
from bot.opening import is_there, open_store
from scheduling.calendar import CalendarError, Closure, SchoolCalendar
from scheduling.ics import read_ics
from store.tables import School
from store.vault import StoreProblem
from store.vault import migrate as bring_up_to_date

NAME_MOST = 200


def init(
    name: Annotated[str, typer.Option(help="The school's name; asked for when left out.", show_default=False)] = "",
    nation: Annotated[str, typer.Option(help="Whose bank holidays: ENG, WLS, SCT, NIR or IE.")] = "ENG",
    zone: Annotated[str, typer.Option(help="The school's time zone.")] = "Europe/London",
    calendar: Annotated[Path | None, typer.Option(help="Term dates as an .ics file.")] = None,
) -> None:
    """Make a new, empty school: the data folder, the key, the tables.

    Example: earshot init --name "Larkfield School" --calendar terms.ics
    """
    here = settings()
    if not name and sys.stdin.isatty():
        name = typer.prompt("Name")
    name = name.strip()
    if len(name) > NAME_MOST or not any(character.isalpha() for character in name):
        raise StoreProblem(
            f'Give the school\'s name with --name "…", with letters in it and up to {NAME_MOST} characters.'
        )
    terms = SchoolCalendar(zone=zone, nation=nation)
    if calendar is not None:
        terms = _with_dates(terms, calendar)
    engine, _sealer = open_store(here, make=True)
    with Session(engine) as session:
        if session.exec(select(School.id)).first() is not None:
            raise StoreProblem("There is a school here already. Set EARSHOT_DATA_DIR to another folder for a new one.")
        session.add(School(name=name, zone=zone, nation=nation, calendar=terms.to_json(), policy={}))
        session.commit()
    out.print("The school is made. Keep a copy of the key file somewhere else: without it nothing can be read.")
    if not terms.terms:
        out.print("It has no term dates yet: run `earshot calendar FILE.ics` before the first check-in.")


def calendar(file: Annotated[Path, typer.Argument(help="Term dates as an .ics file.")]) -> None:
    """Read the school's term dates, INSET days and closures.

    Example: earshot calendar terms.ics
    """
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = the_school(session)
        before = SchoolCalendar.from_json(school.calendar)
        after = _with_dates(before, file)
        # A day that `closed` closed stands in no list of term dates: a newer list says nothing of it.
        kept = tuple(one for one in before.closures if one == Closure.by_hand(one.first) and one not in after.closures)
        school.calendar = replace(after, closures=(*after.closures, *kept)).to_json()
        session.add(school)
        session.commit()
    out.print("The calendar is set.")
    if kept:
        out.print(f"Closed as before: {', '.join(f'{one.first:%d %B %Y}' for one in kept)}.", highlight=False)
        out.print("`earshot closed --on DAY --open` opens such a day.", highlight=False)


def _with_dates(terms: SchoolCalendar, file: Path) -> SchoolCalendar:
    try:
        content = file.read_bytes()
    except OSError:
        raise CalendarError(f"{file.name} cannot be read. Give the .ics file your school publishes.") from None
    dates = read_ics(content, terms.zone)
    for warning in dates.warnings:
        out.print(warning, markup=False)
    for unread in dates.not_understood:
        out.print(f"Left out: {unread.title} ({unread.why})", markup=False)
    return replace(terms, terms=dates.terms, closures=dates.closures)


def migrate() -> None:
    """Bring the database up to this version of Earshot.

    Example: earshot migrate
    """
    here = settings()
    if not is_there(here):
        raise StoreProblem("There is no database here to bring up to date. Run `earshot init` for a new one.")
    engine, _sealer = open_store(here, make=True)
    bring_up_to_date(engine)
    out.print("The database is up to date.")
