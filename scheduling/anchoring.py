"""When an anchor round comes: once a term, in its third week, in place of that week's check-in."""

from datetime import datetime, time, timedelta

from sqlmodel import Session, col, select

from scheduling.calendar import SchoolCalendar
from scheduling.school import SchoolFacts
from store.tables import Wave

# Pupils have settled in by then, and have met the usual check-in first.
SETTLED_IN = timedelta(days=14)
WEEK = timedelta(days=7)
# Halves of a term that a calendar lists apart are one term: two or three rounds a year, no more.
LEAST_APART = timedelta(weeks=11)
SETTING = "anchors"


def has_anchors(school: SchoolFacts) -> bool:
    """Whether the school has anchor rounds: unless its policy says no; the rehearsal's sample school has none."""
    return bool(school.policy.get(SETTING, "sample" not in school.policy))


def anchor_weeks(calendar: SchoolCalendar) -> list[tuple[datetime, datetime]]:
    """The weeks of anchor rounds that the calendar holds: from a moment, to a moment; in order."""
    weeks: list[tuple[datetime, datetime]] = []
    last = None
    for term in sorted(calendar.terms, key=lambda term: term.first):
        if last is not None and term.first - last < LEAST_APART:
            continue
        last = term.first
        begins = calendar.local(term.first + SETTLED_IN, time.min)
        weeks.append((begins, calendar.local(term.first + SETTLED_IN + WEEK, time.min)))
    return weeks


def is_anchor(session: Session, school: SchoolFacts, wave: Wave) -> bool:
    """Whether a wave is an anchor round: the first that opens in such a week."""
    if not has_anchors(school):
        return False
    week = next((one for one in anchor_weeks(school.calendar) if one[0] <= wave.opens_at < one[1]), None)
    if week is None:
        return False
    earlier = (
        select(Wave.id)
        .where(Wave.school_id == school.id, Wave.state != "lapsed")
        .where(col(Wave.opens_at) >= week[0], col(Wave.opens_at) < wave.opens_at)
    )
    return session.exec(earlier.limit(1)).first() is None
