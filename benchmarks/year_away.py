"""Who is away in the simulated year, on which days, how that is noted, and what it hands on."""

import random
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session, or_, select

from benchmarks.year_cases import Book
from benchmarks.year_clock import Window
from benchmarks.year_plan import EARLY
from scheduling import away
from scheduling.school import SchoolFacts
from store.tables import Escalation, Staff

LEADS = frozenset({"dsl", "deputy_dsl"})


def draw_days(
    days: Collection[Window], staff: Mapping[UUID, frozenset[str]], sick_days: int, chance: random.Random
) -> dict[UUID, set[date]]:
    """Draw the days on which each member of staff is away; on one of them there is no safeguarding lead at all."""
    dates = [start.date() for start, _ in days]
    drawn = {one: set(chance.sample(dates, min(sick_days, len(dates)))) for one in staff}
    for one, roles in staff.items():
        if LEADS & roles:
            drawn[one].add(dates[len(dates) // 3])
    return drawn


def noted(
    days: Collection[Window], drawn: Mapping[UUID, Collection[date]], share: float, chance: random.Random
) -> Iterator[tuple[datetime, UUID, UUID | None]]:
    """Draw which absences are noted in the morning, and who stands in for every second; Earshot never hears of others.

    Each is when it is noted, who is away, and who stands in.
    """
    mornings, staff = {start.date(): start - EARLY for start, _ in days}, list(drawn)
    for one in staff:
        for day in sorted(drawn[one]):
            if chance.random() < share:
                yield mornings[day], one, chance.choice(staff) if chance.random() < 0.5 else None


def sign_off(session: Session, school: SchoolFacts, staff_id: UUID, cover_id: UUID | None, now: datetime) -> None:
    """Note, as `earshot away` does, that somebody is away today; nobody stands in where that one may not."""
    staff, day = session.get_one(Staff, staff_id), school.calendar.local_date(now)
    cover = session.get_one(Staff, cover_id) if cover_id else None
    if away.problem_of(school, staff, day, day, cover, now) is not None:
        cover = None
    away.set_away(session, school, staff, day, day, cover, now)


def hand_on(session: Session, book: Book, now: datetime) -> None:
    """See in the book what somebody who is away now had taken: it is open again, and the next are told at once."""
    for subject, case in book.cases.items():
        if case.state == "owned":
            whose = or_(Escalation.flag_id == UUID(subject), Escalation.request_id == UUID(subject))
            if session.exec(select(Escalation.state).where(whose)).one() == "open":
                book.hand_back(subject, now, away=True)
