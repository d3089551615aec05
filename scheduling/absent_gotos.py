"""Go-tos who are away for long: their pupils are told once, may name one more adult for now, and hear of the return.

Who is away for LONG school days at most troubles nobody: a wish for them goes on by itself (`scheduling.handing_on`).
That pupils were told is the due work that waits for the return; so an absence that is made longer, shortened or ended
is told to those who know of it, and to nobody else.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from conversations.adults import GoToAway, GoToBack
from scheduling.rounds import DAY, Addressed
from scheduling.school import SchoolFacts, next_in_school
from store import absences, gotos
from store.care_tables import GoTo
from store.due import set_due
from store.people import name_of
from store.plan_tables import Absence
from store.sealing import Sealer
from store.tables import Due, Pupil, Staff

# Of so many school days and fewer nothing is said.
LONG = 5
# So many at a time, a quarter of a second's work, so that whoever presses a button meanwhile does not wait.
AT_ONCE = 50
PAUSE = timedelta(seconds=5)


def begin(session: Session, school: SchoolFacts, staff_id: UUID, now: datetime) -> None:
    """As an absence begins, see to it that pupils hear of a long one when school is next open."""
    set_due(session, school.id, "goto.away", staff_id.hex, next_in_school(school, now) or now)


def end(session: Session, school: SchoolFacts, staff_id: UUID, now: datetime) -> None:
    """As an absence ends, let pupils who were told hear that it has, when school is next open."""
    if _known(session, school, staff_id) is not None and staff_id not in absences.away(session, school.id, now):
        _set_return(session, school, staff_id, next_in_school(school, now) or now)


def is_long(session: Session, school: SchoolFacts, row: Absence) -> bool:
    """Say whether somebody is away for more than LONG school days, together with what came straight before."""
    starts_at = row.starts_at
    before = select(Absence).where(Absence.school_id == school.id, Absence.staff_id == row.staff_id)
    for one in session.exec(before.order_by(col(Absence.starts_at).desc())).all():
        if one.starts_at < starts_at <= one.ends_at:
            starts_at = one.starts_at
    calendar, days = school.calendar, 0
    day, last = calendar.local_date(starts_at), calendar.local_date(row.ends_at - timedelta(minutes=1))
    while day <= last and days <= LONG:
        days += calendar.is_school_day(day)
        day += DAY
    return days > LONG


def tell(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Tell the pupils of somebody who is away for long, or until another day than they were told."""
    subject, _, after = due.subject.partition(":")
    staff = session.get_one(Staff, UUID(hex=subject))
    row = absences.away(session, school.id, now).get(staff.id)
    opens = next_in_school(school, now)
    if row is None or not staff.active or gotos.refuses(session, staff.id):
        return []
    if opens is not None:
        # A snow day, called since.
        set_due(session, school.id, due.kind, due.subject, opens)
        return []
    back, known = next_in_school(school, row.ends_at) or row.ends_at, _known(session, school, staff.id)
    if not after:
        if known == back or (known is None and not is_long(session, school, row)):
            return []
        _set_return(session, school, staff.id, back)
        session.flush()
    told: list[Addressed] = []
    away = absences.away(session, school.id, now)
    day, name = school.calendar.local_date(back), name_of(sealer, staff)
    for pupil in _pupils(session, school, staff, "goto.away", after, now):
        here = next((one for one in gotos.of_pupil(session, pupil) if one.id not in away), None)
        told.append((pupil.id, GoToAway(name, day, name_of(sealer, here) if here else "")))
    return told


def tell_back(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Tell the pupils of somebody who was away for long that they are here again; what was for now has ended."""
    subject, _, after = due.subject.partition(":")
    staff = session.get_one(Staff, UUID(hex=subject))
    row = absences.away(session, school.id, now).get(staff.id)
    opens = next_in_school(school, now)
    if row is not None or opens is not None:
        # It was made longer, which its beginning tells; or a snow day was called since.
        at = (next_in_school(school, row.ends_at) or row.ends_at) if row is not None else opens
        set_due(session, school.id, due.kind, due.subject, at or now)
        return []
    if not after:
        # From here on they count as here.
        due.state = "done"
        session.add(due)
        session.flush()
        gotos.no_more_for_now(session, school.id, now)
    if not staff.active or gotos.refuses(session, staff.id):
        return []
    name = name_of(sealer, staff)
    return [(pupil.id, GoToBack(name)) for pupil in _pupils(session, school, staff, due.kind, after, now)]


def _pupils(session: Session, school: SchoolFacts, staff: Staff, kind: str, after: str, now: datetime) -> list[Pupil]:
    """Give the next part of those whose go-to somebody is, in the order of their naming, and set the part after it."""
    statement = (
        select(GoTo, Pupil)
        .join(Pupil, col(Pupil.id) == col(GoTo.pupil_id))
        .where(GoTo.school_id == school.id, GoTo.staff_id == staff.id, col(GoTo.until).is_(None))
        .where(Pupil.status != "left")
        .order_by(col(GoTo.id))
        .limit(AT_ONCE + 1)
    )
    if after:
        statement = statement.where(col(GoTo.id) > UUID(hex=after))
    rows = session.exec(statement).all()
    if len(rows) > AT_ONCE:
        set_due(session, school.id, kind, f"{staff.id.hex}:{rows[AT_ONCE - 1][0].id.hex}", now + PAUSE)
    return [pupil for _, pupil in rows[:AT_ONCE]]


def _known(session: Session, school: SchoolFacts, staff_id: UUID) -> datetime | None:
    """Say until when pupils were told that somebody is away; None when they were told nothing."""
    return gotos.away_for_long(session, school.id, [staff_id]).get(staff_id)


def _set_return(session: Session, school: SchoolFacts, staff_id: UUID, at: datetime) -> None:
    set_due(session, school.id, gotos.RETURN, staff_id.hex, at)
