"""Staff one-to-ones as they go: paired once a term, a time chosen by whom it is for, one reminder, and nothing kept.

Times on offer lie before and after the hours of school, so that no lesson is touched; one that either of the two has
given away meanwhile, or on which one is away, is not offered.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, or_, select

from conversations.cards import Card
from conversations.staff_meetings import Meeting, leader_card, listed_card, member_card, reminder_card
from scheduling.briefing import post_card
from scheduling.one_to_ones import NoPair, assign
from scheduling.school import SchoolFacts, next_in_school
from scheduling.telling import could_post
from store import absences, outbox
from store.due import set_due
from store.outbox import Letter
from store.people import name_of
from store.plan_tables import OneToOne
from store.sealing import Sealer
from store.tables import Staff

BEFORE: Final = timedelta(minutes=25)
AFTER: Final = timedelta(minutes=10)
SCHOOL_DAYS: Final = 20
OFFERED: Final = 4
LAST_YEAR: Final = timedelta(days=400)
# After so many school days somebody who has chosen no time is reminded.
REMIND_AFTER: Final = 5


@dataclass(frozen=True)
class Started:
    """What came of a start: pairs made, how many meet a leader of last year's again, and who has nobody, and why."""

    pairs: int
    again: int
    unpaired: dict[UUID, NoPair]


class MeetingProblem(ValueError):
    """One-to-ones cannot be started; the sentence says what to do."""


def term_of(school: SchoolFacts, now: datetime) -> str:
    """Name the term it is, or the next: its first day as YYYY-MM-DD. Raises MeetingProblem when there is none."""
    today = school.calendar.local_date(now)
    term = school.calendar.term_of(today)
    if term is None:
        term = next((one for one in school.calendar.terms if one.first > today), None)
    if term is None:
        raise MeetingProblem("The school has no term dates ahead. Run `earshot calendar FILE.ics` first.")
    return term.first.isoformat()


def usual_leaders(staff: Collection[Staff]) -> set[UUID]:
    """Say who the senior leaders are where the school has not said: the head, and whom the head manages."""
    heads = {one.id for one in staff if "head" in one.roles}
    return heads | {one.id for one in staff if one.manager_id in heads}


def of_term(session: Session, school: SchoolFacts, term: str) -> list[OneToOne]:
    """List the one-to-ones of a term."""
    rows = select(OneToOne).where(OneToOne.school_id == school.id, OneToOne.term == term)
    return list(session.exec(rows.order_by(col(OneToOne.id))).all())


def start(session: Session, sealer: Sealer, school: SchoolFacts, leaders: Collection[UUID], now: datetime) -> Started:
    """Pair all of the staff for the term, and tell both of each pair. Raises MeetingProblem."""
    term = term_of(school, now)
    if of_term(session, school, term):
        raise MeetingProblem("The one-to-ones of this term have been started already.")
    staff = session.exec(select(Staff).where(Staff.school_id == school.id, col(Staff.active).is_(True))).all()
    known = {one.id: one for one in staff}
    met: dict[UUID, set[UUID]] = {}
    for row in session.exec(
        select(OneToOne).where(OneToOne.school_id == school.id, col(OneToOne.made_at) > now - LAST_YEAR)
    ):
        met.setdefault(row.staff_id, set()).add(row.leader_id)
    managers = {one.id: one.manager_id for one in staff}
    found = assign(list(known), set(leaders) & set(known), managers, met)
    for staff_id, leader_id in sorted(found.pairs.items()):
        row = OneToOne(school_id=school.id, term=term, staff_id=staff_id, leader_id=leader_id, made_at=now)
        session.add(row)
        session.flush()
        tell(session, sealer, school, row, now)
        _remind_at(session, school, row, _school_days_on(school, now, REMIND_AFTER))
    return Started(len(found.pairs), len(found.again), dict(found.unpaired))


def times(session: Session, school: SchoolFacts, row: OneToOne, now: datetime) -> tuple[datetime, ...]:
    """Offer a few times of the next weeks, the page that the row is at; from the first again after the last."""
    calendar, day, possible = school.calendar, school.calendar.local_date(now), []
    taken = _taken(session, row)
    away = [one for one in absences.to_come(session, school.id, now) if one.staff_id in (row.staff_id, row.leader_id)]
    for _ in range(SCHOOL_DAYS):
        following = calendar.next_school_day(day)
        if following is None:
            break
        day = following
        around = (calendar.local(day, calendar.day_start) - BEFORE, calendar.local(day, calendar.day_end) + AFTER)
        for moment in around:
            if moment not in taken and not any(one.starts_at <= moment < one.ends_at for one in away):
                possible.append(moment)
    if not possible:
        return ()
    pages = (len(possible) + OFFERED - 1) // OFFERED
    first = row.page % pages * OFFERED
    return tuple(possible[first : first + OFFERED])


def _taken(session: Session, row: OneToOne) -> set[datetime]:
    both = (row.staff_id, row.leader_id)
    rows = session.exec(
        select(OneToOne.meets_at).where(
            OneToOne.school_id == row.school_id,
            col(OneToOne.meets_at).is_not(None),
            OneToOne.id != row.id,
            or_(col(OneToOne.staff_id).in_(both), col(OneToOne.leader_id).in_(both)),
        )
    ).all()
    return {moment for moment in rows if moment is not None}


def pick(session: Session, school: SchoolFacts, row: OneToOne, moment: datetime, now: datetime) -> bool:
    """Choose a time; False when it is not to be had any more."""
    if moment <= now or moment in _taken(session, row):
        return False
    row.meets_at, row.version = moment, row.version + 1
    session.add(row)
    before = school.calendar.previous_school_day(school.calendar.local_date(moment))
    if before is not None:
        _remind_at(session, school, row, school.calendar.local(before, school.calendar.day_start))
    return True


def free(session: Session, school: SchoolFacts, row: OneToOne, now: datetime) -> None:
    """Give a time back: another is to be chosen."""
    row.meets_at, row.version = None, row.version + 1
    session.add(row)
    _remind_at(session, school, row, _school_days_on(school, now, REMIND_AFTER))


def turn(session: Session, row: OneToOne) -> None:
    """Offer the next few times."""
    row.page += 1
    session.add(row)


def _remind_at(session: Session, school: SchoolFacts, row: OneToOne, moment: datetime) -> None:
    if not row.reminded:
        set_due(session, school.id, "meet.remind", row.id.hex, moment, version=row.version)


def _school_days_on(school: SchoolFacts, now: datetime, count: int) -> datetime:
    day: date = school.calendar.local_date(now)
    for _ in range(count):
        day = school.calendar.next_school_day(day) or day + timedelta(days=1)
    return school.calendar.local(day, school.calendar.day_start)


def remind(session: Session, sealer: Sealer, school: SchoolFacts, row: OneToOne, now: datetime) -> None:
    """Remind once, and no more: both of a time that is near, or whom it is for that none is chosen."""
    if row.reminded or (row.meets_at is not None and row.meets_at <= now):
        return
    row.reminded = True
    session.add(row)
    if row.meets_at is None:
        staff = session.get_one(Staff, row.staff_id)
        card = member_card(
            _meeting(session, sealer, row, row.leader_id, now), times(session, school, row, now), again=True
        )
        _post(session, sealer, school, staff, card, now, f"{_slot(row, staff)}:again")
        return
    for reader_id, other_id in ((row.staff_id, row.leader_id), (row.leader_id, row.staff_id)):
        reader = session.get_one(Staff, reader_id)
        card = reminder_card(_meeting(session, sealer, row, other_id, now))
        _post(session, sealer, school, reader, card, now, f"{_slot(row, reader)}:soon")


# --- what the two are shown -------------------------------------------------------------------------------------------


def _slot(row: OneToOne, reader: Staff) -> str:
    return f"meet:{row.id.hex}:{reader.id.hex}"


def _meeting(session: Session, sealer: Sealer, row: OneToOne, other_id: UUID, now: datetime) -> Meeting:
    other = session.get_one(Staff, other_id)
    passed = row.meets_at is not None and row.meets_at <= now
    return Meeting(row.id.hex, name_of(sealer, other), row.meets_at, passed)


def card_for(
    session: Session, sealer: Sealer, school: SchoolFacts, row: OneToOne, reader_id: UUID, now: datetime
) -> Card:
    """Make the card of one of the two, as it stands."""
    if reader_id == row.staff_id:
        meeting = _meeting(session, sealer, row, row.leader_id, now)
        return member_card(meeting, times(session, school, row, now) if row.meets_at is None else ())
    return leader_card(_meeting(session, sealer, row, row.staff_id, now))


def tell(session: Session, sealer: Sealer, school: SchoolFacts, row: OneToOne, now: datetime) -> None:
    """Tell both that they are a pair."""
    for reader_id in (row.staff_id, row.leader_id):
        reader = session.get_one(Staff, reader_id)
        card, slot = card_for(session, sealer, school, row, reader_id, now), _slot(row, reader)
        morning = next_in_school(school, now)
        could_post(
            session, sealer, school, reader, card, slot=slot, dedupe=slot, now=now, lane="bulk", not_before=morning
        )


def show(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    row: OneToOne,
    now: datetime,
    *,
    key: str,
    lease_to: str | None = None,
) -> list[Letter]:
    """Bring every copy of both their cards up to date after a press, whose `key` no other has."""
    letters = []
    for reader in (session.get_one(Staff, row.staff_id), session.get_one(Staff, row.leader_id)):
        card = card_for(session, sealer, school, row, reader.id, now)
        for slot in outbox.slots_of(session, school.id, _slot(row, reader)):
            letter = post_card(
                session,
                sealer,
                school,
                reader,
                card,
                slot=slot,
                dedupe=f"{slot}:{key}",
                now=now,
                method="update",
                lease_to=lease_to,
            )
            letters += [letter] if letter else []
    return letters


def tell_freed(session: Session, sealer: Sealer, school: SchoolFacts, row: OneToOne, by: Staff, now: datetime) -> None:
    """Tell the other that the time was given back, with a card of its own: a changed one says nothing by itself."""
    other = session.get_one(Staff, row.leader_id if by.id == row.staff_id else row.staff_id)
    card = card_for(session, sealer, school, row, other.id, now)
    _post(session, sealer, school, other, card, now, f"{_slot(row, other)}:freed:{row.version}")


def _post(
    session: Session, sealer: Sealer, school: SchoolFacts, reader: Staff, card: Card, now: datetime, key: str
) -> None:
    if reader.active:
        morning = next_in_school(school, now)
        could_post(
            session, sealer, school, reader, card, slot=key, dedupe=key, now=now, lane="bulk", not_before=morning
        )


def listed(session: Session, sealer: Sealer, school: SchoolFacts, viewer: Staff, now: datetime) -> tuple[Card, ...]:
    """The cards of somebody's own one-to-one this term, and of those they hold as a senior leader; none without any."""
    try:
        rows = of_term(session, school, term_of(school, now))
    except MeetingProblem:
        return ()
    own = [card_for(session, sealer, school, row, viewer.id, now) for row in rows if row.staff_id == viewer.id]
    held = tuple(_meeting(session, sealer, row, row.staff_id, now) for row in rows if row.leader_id == viewer.id)
    return (*own, *((listed_card(held),) if held else ()))
