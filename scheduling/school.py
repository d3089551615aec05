"""A school's facts as the jobs and the edges need them, read from its row."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlmodel import Session, select

from scheduling.calendar import SchoolCalendar
from scheduling.waves import WaveRule
from store.tables import School


@dataclass(frozen=True)
class SchoolFacts:
    """One school: its calendar, and its policy as plain data ("wave": when to ask; "names": "initials" or "full")."""

    id: UUID
    name: str
    locale: str
    calendar: SchoolCalendar
    policy: dict[str, Any]

    @property
    def zone(self) -> str:
        return self.calendar.zone

    @property
    def may_ask(self) -> bool:
        """Whether the grounds for asking have been noted; the rehearsal's sample school asks nobody real."""
        return "sample" in self.policy or "basis" in self.policy

    @property
    def nation(self) -> str:
        return self.calendar.nation


def facts(row: School) -> SchoolFacts:
    """Read a school's row. Raises CalendarError if its calendar is broken."""
    return SchoolFacts(row.id, row.name, row.locale, SchoolCalendar.from_json(row.calendar), row.policy)


def only_school(session: Session) -> SchoolFacts | None:
    """Read the school of this installation; None while there is none."""
    row = session.exec(select(School).limit(1)).first()
    return facts(row) if row else None


class Schools:
    """Keeps one school's facts, read anew whenever its row changes (a snow day, new term dates)."""

    def __init__(self, school_id: UUID) -> None:
        self.id = school_id
        self._raw: tuple[object, ...] = ()
        self.known: SchoolFacts | None = None

    def of(self, session: Session) -> SchoolFacts:
        """Read the facts as they stand now."""
        row = session.get_one(School, self.id)
        raw = (row.name, row.locale, row.calendar, row.policy)
        if self.known is None or raw != self._raw:
            self._raw, self.known = raw, facts(row)
        return self.known


def next_in_school(school: SchoolFacts, now: datetime) -> datetime | None:
    """Say when staff will next read something: None means they are in school now.

    Beyond the end of the calendar the answer is the next weekday's morning, for a promise must name a time.
    """
    calendar = school.calendar
    if calendar.in_school_time(now):
        return None
    today = calendar.local_date(now)
    start = calendar.local(today, calendar.day_start)
    if calendar.is_school_day(today) and now < start:
        return start
    return calendar.local(calendar.next_school_day(today) or _next_weekday(today), calendar.day_start)


def _next_weekday(day: date) -> date:
    return day + timedelta(days=max(1, 7 - day.weekday()) if day.weekday() >= 4 else 1)


def wave_rule(school: SchoolFacts) -> WaveRule:
    """Read when the school asks: Tuesdays at 08:40 unless its policy says otherwise. Raises CalendarError."""
    chosen = {"weekday": 1, "opens": "08:40", "closes": "15:00", "remind_minutes": 420, **school.policy.get("wave", {})}
    return WaveRule(
        weekday=chosen["weekday"],
        opens=time.fromisoformat(chosen["opens"]),
        closes=time.fromisoformat(chosen["closes"]),
        remind_after=timedelta(minutes=chosen["remind_minutes"]),
    )
