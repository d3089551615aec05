"""Absence as it is set: checked, from one school day's beginning to another's end, and told to whoever stands in."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from conversations.model import Phrase
from conversations.staff_absence import PROBLEMS, cover_card, no_lead_left, one_lead_left
from scheduling import cases
from scheduling.briefing import away_of, update_copies
from scheduling.school import SchoolFacts, next_in_school
from scheduling.telling import could_post
from store import absences, guards, plans
from store.due import set_due
from store.guards import SAFEGUARDING
from store.plan_tables import Absence, Plan
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
    set_due(session, school.id, "absence.end", row.id.hex, row.ends_at)
    return row


def end(session: Session, school: SchoolFacts, staff: Staff, now: datetime) -> bool:
    """End an absence that is on or to come; says whether there was any."""
    row = absences.own(session, staff, now)
    was = absences.end(session, staff, now)
    if row is not None and row.starts_at < now:
        set_due(session, school.id, "absence.end", row.id.hex, now)
    return was


def leads_here(session: Session, school: SchoolFacts, moment: datetime) -> int:
    """Count the safeguarding leads who are here at a moment; who stands in for one is a lead, and counted once."""
    away = absences.away(session, school.id, moment)
    everybody = session.exec(select(Staff).where(Staff.school_id == school.id, col(Staff.active).is_(True))).all()
    return len({one.id for one in everybody if SAFEGUARDING & set(one.roles) and one.id not in away})


def too_few_left(session: Session, school: SchoolFacts, row: Absence) -> Phrase | None:
    """Say so if an absence leaves the school without a safeguarding lead on its first day or its last, or with one.

    That one is left is said of a lead's absence alone: two steps of a ladder then reach the same person.
    """
    moments = (row.starts_at, row.ends_at - timedelta(minutes=1))
    fewest = min(leads_here(session, school, moment) for moment in moments)
    if fewest == 0:
        return no_lead_left()
    is_lead = bool(SAFEGUARDING & set(session.get_one(Staff, row.staff_id).roles))
    return one_lead_left() if fewest == 1 and is_lead else None


def begin(session: Session, sealer: Sealer, school: SchoolFacts, row: Absence, now: datetime) -> None:
    """As it begins, tell whoever stands in, and give them the nudges that are open or theirs to deal with now."""
    away = absences.away(session, school.id, now)
    cover_id = absences.stand_in(away, row.staff_id) if row.staff_id in away else None
    if cover_id is None:
        return
    cover = session.get_one(Staff, cover_id)
    key, morning = f"cover:{row.id.hex}:{cover.id.hex}", next_in_school(school, now)
    card = cover_card(away_of(session, sealer, row, now))
    could_post(session, sealer, school, cover, card, slot=None, dedupe=key, now=now, not_before=morning)
    for flag in _waiting(session, school, row):
        slot = f"{cases.slots_of(flag)}{cover.id.hex}:{row.id.hex}"
        card = cases.card_of(session, sealer, school, flag)
        could_post(session, sealer, school, cover, card, slot=slot, dedupe=slot, now=now, not_before=morning)


def finish(session: Session, sealer: Sealer, school: SchoolFacts, row: Absence, now: datetime) -> None:
    """As it ends, give back what was taken meanwhile by whoever stood in and may read it no more, plans included."""
    if row.ends_at > now:
        # It was made longer since this was set.
        return
    staff = session.get_one(Staff, row.staff_id)
    groups = session.exec(select(TutorGroup).where(TutorGroup.school_id == school.id, TutorGroup.tutor_id == staff.id))
    for group in groups.all():
        _give_back(session, sealer, school, row, staff, group, now)


def _give_back(
    session: Session, sealer: Sealer, school: SchoolFacts, row: Absence, staff: Staff, group: TutorGroup, now: datetime
) -> None:
    def lost(owner_id: UUID | None) -> bool:
        owner = session.get(Staff, owner_id) if owner_id else None
        if owner is None or owner.id == staff.id:
            return False
        return not guards.may_see_group(owner, group, absences.covered_by(session, owner, now))

    live = (col(Plan.state).in_(plans.LIVE), Plan.school_id == school.id, Plan.group_id == group.id)
    for plan in session.exec(select(Plan).where(*live)).all():
        if lost(plan.owner_id):
            plan.owner_id = staff.id
            session.add(plan)
    taken = (
        select(Flag)
        .join(Pupil, col(Pupil.id) == col(Flag.pupil_id))
        .where(Flag.school_id == school.id, Flag.state == "taken", Pupil.group_id == group.id)
    )
    for flag in session.exec(taken).all():
        if lost(flag.owner_id):
            flag.owner_id = staff.id
            session.add(flag)
            cases.hand_over(session, flag, staff.id)
            session.flush()
            card, slots = cases.card_of(session, sealer, school, flag), cases.slots_of(flag)
            update_copies(session, sealer, school, slots, card, dedupe=f"{slots}back:{row.id.hex}", now=now)
            slot = f"{slots}{staff.id.hex}:{row.id.hex}"
            # An absence ends at midnight; what it leaves is read in school.
            morning = next_in_school(school, now)
            could_post(session, sealer, school, staff, card, slot=slot, dedupe=slot, now=now, not_before=morning)


def _waiting(session: Session, school: SchoolFacts, row: Absence) -> Sequence[Flag]:
    groups = select(TutorGroup.id).where(TutorGroup.school_id == school.id, TutorGroup.tutor_id == row.staff_id)
    return session.exec(
        select(Flag)
        .join(Pupil, col(Pupil.id) == col(Flag.pupil_id))
        .where(Flag.school_id == school.id, col(Pupil.group_id).in_(groups))
        .where((Flag.state == "new") | ((Flag.state == "taken") & (Flag.owner_id == row.staff_id)))
        .order_by(col(Flag.raised_at))
    ).all()
