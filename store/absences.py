"""Who of the staff is away, and who stands in for them: what the ladder and the guards go by."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from store.plan_tables import Absence
from store.tables import Staff


def away(session: Session, school_id: UUID, now: datetime) -> dict[UUID, Absence]:
    """Find who is away at a moment; of two absences at once the one set last counts."""
    rows = session.exec(
        select(Absence)
        .where(Absence.school_id == school_id, col(Absence.ends_at) > now, col(Absence.starts_at) <= now)
        .order_by(col(Absence.id))
    ).all()
    return {row.staff_id: row for row in rows}


def to_come(session: Session, school_id: UUID, now: datetime) -> list[Absence]:
    """List the absences that have not ended, the one that begins first first."""
    rows = session.exec(select(Absence).where(Absence.school_id == school_id, col(Absence.ends_at) > now)).all()
    return sorted(rows, key=lambda row: (row.starts_at, row.id))


def own(session: Session, staff: Staff, now: datetime) -> Absence | None:
    """Find the absence of one person that is on, or the next to come."""
    return next((row for row in to_come(session, staff.school_id, now) if row.staff_id == staff.id), None)


def stand_in(absences: Mapping[UUID, Absence], staff_id: UUID) -> UUID | None:
    """Say who stands in for somebody: themselves when they are here; None when nobody who is here does."""
    passed: set[UUID] = set()
    at: UUID | None = staff_id
    while at is not None and at not in passed:
        passed.add(at)
        if at not in absences:
            return at
        at = absences[at].cover_id
    return None


def covered_by(session: Session, viewer: Staff, now: datetime) -> list[Staff]:
    """List those who are away and for whom this person stands in, at any remove; by itself it ends with the absence."""
    absences = away(session, viewer.school_id, now)
    found = [one for one in absences if one != viewer.id and stand_in(absences, one) == viewer.id]
    if not found or not viewer.active:
        return []
    return list(session.exec(select(Staff).where(col(Staff.id).in_(found), col(Staff.active).is_(True))).all())


def set_away(
    session: Session, staff: Staff, starts_at: datetime, ends_at: datetime, cover: Staff | None, now: datetime
) -> Absence:
    """Set that somebody is away; an absence of theirs that is on or to come is replaced."""
    end(session, staff, now)
    row = Absence(
        school_id=staff.school_id,
        staff_id=staff.id,
        cover_id=cover.id if cover else None,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    session.add(row)
    session.flush()
    return row


def end(session: Session, staff: Staff, now: datetime) -> bool:
    """End an absence that is on, and take back those to come; says whether there was any."""
    rows = [row for row in to_come(session, staff.school_id, now) if row.staff_id == staff.id]
    for row in rows:
        if row.starts_at < now:
            row.ends_at = now
            session.add(row)
        else:
            session.delete(row)
    session.flush()
    return bool(rows)
