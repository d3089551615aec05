"""`earshot policy check-ins`: on which day and at what time the weekly check-in opens, closes, and is reminded of."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlmodel import Session

from bot.clock import kept_clock
from bot.commands.tools import out, settings, the_school
from bot.opening import open_store
from scheduling import rounds
from scheduling.calendar import CalendarError
from scheduling.school import SchoolFacts, facts, wave_rule
from scheduling.waves import next_wave
from store import audit
from store.tables import School

SETTING = "wave"


class Day(StrEnum):
    """The day of the week on which the check-in opens."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"


DAYS = list(Day)


def check_ins(
    day: Annotated[Day | None, typer.Option("--day", help="On which day of the week it opens.")] = None,
    opens: Annotated[str | None, typer.Option("--opens", help="When, by the school's clock, such as 08:40.")] = None,
    closes: Annotated[str | None, typer.Option("--closes", help="When it closes on the next school day.")] = None,
    remind_after: Annotated[
        int | None, typer.Option("--remind-after", min=1, help="After how many minutes whoever waits is reminded.")
    ] = None,
) -> None:
    """Show or set when the weekly check-in opens and closes; one that is open already stays as it is.

    Example: earshot policy check-ins --day wednesday --opens 12:30 --closes 15:00 --remind-after 240
    """
    given = {
        "weekday": None if day is None else DAYS.index(day),
        "opens": _time(opens, "--opens"),
        "closes": _time(closes, "--closes"),
        "remind_minutes": remind_after,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school, now = the_school(session), kept_clock(session)()
        if chosen:
            set_check_ins(session, school, chosen, now)
            session.commit()
        for sentence in told(facts(school), now):
            out.print(sentence, markup=False)


def set_check_ins(session: Session, school: School, chosen: Mapping[str, object], now: datetime) -> None:
    """Note when check-ins open from now on and plan the next; audited. Raises CalendarError, with nothing changed."""
    before = school.policy
    school.policy = {**before, SETTING: {**before.get(SETTING, {}), **chosen}}
    known = facts(school)
    try:
        next_wave(known.calendar, wave_rule(known), now)
    except CalendarError:
        school.policy = before
        raise
    session.add(school)
    rounds.plan(session, known, now)
    audit.record(session, school.id, now, actor="command line", action="check-in times set", subject="school")


def told(school: SchoolFacts, now: datetime) -> list[str]:
    """Say when check-ins open and close, and when the next one does."""
    rule = wave_rule(school)
    hours, minutes = divmod(rule.remind_after // timedelta(minutes=1), 60)
    sentences = [
        f"Check-ins open on {DAYS[rule.weekday].capitalize()}s at {rule.opens:%H:%M}, or on the next school day of "
        f"that week. They close at {rule.closes:%H:%M} on the next school day.",
        f"Whoever has not answered is reminded once, {hours} h {minutes:02} min after it opens.",
    ]
    times = next_wave(school.calendar, rule, now)
    if times is None:
        return [*sentences, "The calendar holds no school day for another one: `earshot calendar FILE.ics`."]
    opens = times.opens_at.astimezone(ZoneInfo(school.zone))
    return [*sentences, f"The next one opens on {opens:%A, %d %B %Y, at %H:%M}."]


def _time(given: str | None, name: str) -> str | None:
    if given is None:
        return None
    try:
        return datetime.strptime(given, "%H:%M").strftime("%H:%M")  # noqa: DTZ007 (a time of the day alone)
    except ValueError:
        raise CalendarError(f"{name} takes a time of the day such as 08:40, not “{given}”.") from None
