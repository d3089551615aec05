"""The auditor: looks at every case by a way of its own, and does again what was not done in time.

It trusts neither the due rows nor the sums that set them: it counts the minutes that have passed for each case and
compares them with what the case waits for. What it finds twice in a row, a pass apart, it mends and reports.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from conversations.cards import Waiting
from scheduling import cases
from scheduling.escalation import Ladder, waited
from scheduling.school import SchoolFacts
from store.sealing import Sealer
from store.tables import Escalation, Failure

GRACE = 5


def overdue(session: Session, school: SchoolFacts, now: datetime) -> set[UUID]:
    """Find the cases whose next step, or whose lapse, should have come more than five minutes ago."""
    rows = session.exec(
        select(Escalation).where(Escalation.school_id == school.id, col(Escalation.state).in_(("open", "owned")))
    ).all()
    return {row.id for row in rows if _is_overdue(school, row, now)}


def _is_overdue(school: SchoolFacts, row: Escalation, now: datetime) -> bool:
    ladder = Ladder.from_json(row.ladder)
    if row.state == "owned" and not ladder.lapse:
        return False
    # Out of school nothing of school time is late, and what was due as the day ended has until the next begins.
    if ladder.clock == "school" and not school.calendar.in_school_time(now):
        return False
    return waited(ladder.clock, school.calendar, row.since, now) - row.waits > GRACE


def mend(
    session: Session, sealer: Sealer, school: SchoolFacts, suspected: set[UUID], now: datetime
) -> tuple[set[UUID], int]:
    """Do again what a pass before suspected and this one still finds overdue.

    Returns what is overdue and was not before, to be looked at in the next pass, and how many were mended.
    """
    found = overdue(session, school, now)
    for case_id in found & suspected:
        case = session.get_one(Escalation, case_id, with_for_update=True)
        case.overdue += 1
        if case.state == "open":
            cases.take_step(session, sealer, school, case, now)
        else:
            cases.lapse(session, sealer, school, case, now)
        session.add(Failure(school_id=school.id, at=now, event="case overdue", error="done again"))
    return found - suspected, len(found & suspected)


def standing(session: Session, school: SchoolFacts, now: datetime) -> Waiting:
    """Count what waits."""
    states = session.exec(
        select(Escalation.state, func.count())
        .where(Escalation.school_id == school.id, col(Escalation.state).in_(("open", "owned")))
        .group_by(Escalation.state)
    ).all()
    counts = dict(states)
    return Waiting(counts.get("open", 0), counts.get("owned", 0), len(overdue(session, school, now)))


def oldest(session: Session, school: SchoolFacts) -> datetime | None:
    """Say when the open case that has waited longest began; None when none is open."""
    statement = select(func.min(Escalation.opened_at))
    return session.exec(statement.where(Escalation.school_id == school.id, Escalation.state == "open")).one()
