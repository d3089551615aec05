"""Absence as it is set: checked, from one school day's beginning to another's end, and told to whoever stands in."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlmodel import Session, col, select

from conversations.model import Phrase
from conversations.staff_absence import PROBLEMS, cover_card, no_lead_left
from scheduling import cases
from scheduling.briefing import away_of, post_card
from scheduling.school import SchoolFacts
from store import absences
from store.due import set_due
from store.guards import SAFEGUARDING
from store.plan_tables import Absence
from store.sealing import Sealer
from store.tables import Flag, Pupil, Staff, TutorGroup

LONGEST: Final = 366
_DAY: Final = timedelta(days=1)


def problem_of(
    school: SchoolFacts, staff: Staff, first: date, last: date, cover: Staff | None, now: datetime
) -> Phrase | None:
    """Say what is wrong with an absence; None when nothing is."""
    today = school.calendar.local_date(now)
    if last < today or last < first:
        return PROBLEMS["days"]
    if (last - today).days > LONGEST:
        return PROBLEMS["far"]
    if cover is not None and (cover.id == staff.id or not cover.active):
        return PROBLEMS["cover"]
    if cover is not None and SAFEGUARDING & set(staff.roles) and not SAFEGUARDING & set(cover.roles):
        return PROBLEMS["lead"]
    return None


def set_away(
    session: Session, school: SchoolFacts, staff: Staff, first: date, last: date, cover: Staff | None, now: datetime
) -> Absence:
    """Set an absence that has no problem; from today on it begins now."""
    calendar = school.calendar
    starts = max(now, calendar.local(first, time.min))
    row = absences.set_away(session, staff, starts, calendar.local(last + _DAY, time.min), cover, now)
    set_due(session, school.id, "absence.begin", row.id.hex, row.starts_at)
    return row


def leads_here(session: Session, school: SchoolFacts, moment: datetime) -> int:
    """Count the safeguarding leads who are here, or have another in their place, at a moment."""
    away = absences.away(session, school.id, moment)
    everybody = session.exec(select(Staff).where(Staff.school_id == school.id, col(Staff.active).is_(True))).all()
    return len({one.id for one in everybody if SAFEGUARDING & set(one.roles) and one.id not in away})


def nobody_left(session: Session, school: SchoolFacts, row: Absence) -> Phrase | None:
    """Say so if an absence leaves the school without a safeguarding lead on its first day or its last."""
    moments = (row.starts_at, row.ends_at - timedelta(minutes=1))
    if all(leads_here(session, school, moment) for moment in moments):
        return None
    return no_lead_left()


def begin(session: Session, sealer: Sealer, school: SchoolFacts, row: Absence, now: datetime) -> None:
    """As it begins, tell whoever stands in, and give them the nudges that are open or theirs to deal with now."""
    away = absences.away(session, school.id, now)
    cover_id = absences.stand_in(away, row.staff_id) if row.staff_id in away else None
    if cover_id is None:
        return
    cover = session.get_one(Staff, cover_id)
    key = f"cover:{row.id.hex}:{cover.id.hex}"
    post_card(
        session, sealer, school, cover, cover_card(away_of(session, sealer, row, now)), slot=None, dedupe=key, now=now
    )
    for flag in _waiting(session, school, row):
        slot = f"{cases.slots_of(flag)}{cover.id.hex}:{row.id.hex}"
        card = cases.card_of(session, sealer, school, flag)
        post_card(session, sealer, school, cover, card, slot=slot, dedupe=slot, now=now)


def _waiting(session: Session, school: SchoolFacts, row: Absence) -> Sequence[Flag]:
    groups = select(TutorGroup.id).where(TutorGroup.school_id == school.id, TutorGroup.tutor_id == row.staff_id)
    return session.exec(
        select(Flag)
        .join(Pupil, col(Pupil.id) == col(Flag.pupil_id))
        .where(Flag.school_id == school.id, col(Pupil.group_id).in_(groups))
        .where((Flag.state == "new") | ((Flag.state == "taken") & (Flag.owner_id == row.staff_id)))
        .order_by(col(Flag.raised_at))
    ).all()
