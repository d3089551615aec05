"""Go-tos: whom each pupil named, in which order, since when; who can be named; how a school stands."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Literal
from uuid import UUID

from sqlmodel import Session, col, select

from store.care_tables import Campaign, GoTo, GoToRefusal
from store.tables import Due, Pupil, Staff, TutorGroup

PLACES = (1, 2)
# Beside the two, while one of them is away for long.
FOR_NOW = 3
# The work that waits for somebody's return once their pupils were told that they are away for long.
RETURN = "goto.back"
Ended = Literal["changed", "left", "refused", "back"]
# Fewer than this is never many, however small the school.
MANY_AT_LEAST = 10


def can_be_named(session: Session, school_id: UUID) -> list[Staff]:
    """List who may be named: staff who are here, have not said no, and are not here for the machine alone."""
    refused = set(session.exec(select(GoToRefusal.staff_id).where(GoToRefusal.school_id == school_id)).all())
    staff = session.exec(select(Staff).where(Staff.school_id == school_id, col(Staff.active).is_(True))).all()
    return [one for one in staff if one.id not in refused and _is_adult_of_school(one)]


def _is_adult_of_school(staff: Staff) -> bool:
    return staff.roles != ["installer"]


def _able(session: Session, staff_ids: Collection[UUID]) -> list[Staff]:
    """Give those of some staff who can be named: a look at a few, not at the whole staff."""
    rows = session.exec(
        select(Staff)
        .join(GoToRefusal, col(GoToRefusal.staff_id) == col(Staff.id), isouter=True)
        .where(col(Staff.id).in_(staff_ids), col(Staff.active).is_(True), col(GoToRefusal.staff_id).is_(None))
    ).all()
    return [one for one in rows if _is_adult_of_school(one)]


def standing(session: Session, pupil_id: UUID) -> dict[int, GoTo]:
    """Give a pupil's go-tos by place, as they were named: who has left meanwhile is still there."""
    rows = session.exec(select(GoTo).where(GoTo.pupil_id == pupil_id, col(GoTo.until).is_(None))).all()
    return {row.place: row for row in rows}


def of_pupil(session: Session, pupil: Pupil) -> list[Staff]:
    """Give those of a pupil's go-tos who are on the list and have not said no, the first named first.

    Who is away for long comes last, after whoever was named for now.
    """
    named = standing(session, pupil.id)
    able = {one.id: one for one in _able(session, {row.staff_id for row in named.values()})} if named else {}
    found = [able[named[place].staff_id] for place in sorted(named) if named[place].staff_id in able]
    away = away_for_long(session, pupil.school_id, able)
    return sorted(found, key=lambda one: one.id in away)


def how_many(session: Session, pupil_ids: Collection[UUID]) -> Counter[UUID]:
    """Count how many of their two go-tos pupils have: those who are on the list and have not said no.

    Who is away for long still is one of the two. Who was named for now is none: they are one for some weeks, and a
    pupil who has nobody else, or one beside, is to be asked for their two as everybody is.
    """
    rows = session.exec(
        select(GoTo.pupil_id, GoTo.staff_id)
        .where(col(GoTo.pupil_id).in_(pupil_ids), col(GoTo.until).is_(None))
        .where(col(GoTo.place).in_(PLACES))
    ).all()
    able = {one.id for one in _able(session, {staff_id for _, staff_id in rows})} if rows else set()
    return Counter(pupil_id for pupil_id, staff_id in rows if staff_id in able)


def away_for_long(session: Session, school_id: UUID, staff_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Find those of whom their pupils were told that they are away for long, and when they are back in school."""
    if not staff_ids:
        return {}
    subjects = {one.hex: one for one in staff_ids}
    waiting = (Due.school_id == school_id, Due.kind == RETURN, Due.state == "waiting")
    rows = session.exec(select(Due.subject, Due.due_at).where(*waiting, col(Due.subject).in_(list(subjects)))).all()
    return {subjects[subject]: due_at for subject, due_at in rows}


def name(session: Session, pupil: Pupil, place: int, staff_id: UUID, now: datetime) -> bool:
    """Note that a pupil names an adult; one who stands in the other place changes places with this one's.

    False, and nothing is changed, when nobody of that id can be named or there is no such place: one for now there is
    while a go-to is away for long, for an adult who is neither of the two nor away for long as well.
    """
    if staff_id not in {one.id for one in can_be_named(session, pupil.school_id)}:
        return False
    now_there = standing(session, pupil.id)
    if place == FOR_NOW:
        return _name_for_now(session, pupil, now_there, staff_id, now)
    if place not in PLACES:
        return False
    for_now = now_there.get(FOR_NOW)
    if for_now is not None and for_now.staff_id == staff_id:
        end(session, for_now, "changed", now)
    before, other = now_there.get(place), now_there.get(3 - place)
    if before is not None and before.staff_id == staff_id:
        return True
    swaps = other is not None and other.staff_id == staff_id
    for row in (before, other if swaps else None):
        if row is not None:
            row.until, row.ended = now, "changed"
            session.add(row)
    # The index that lets one stand in a place sees the old one go first.
    session.flush()
    _add(session, pupil, place, staff_id, now)
    if swaps and before is not None:
        _add(session, pupil, 3 - place, before.staff_id, now)
    session.flush()
    return True


def _name_for_now(session: Session, pupil: Pupil, now_there: dict[int, GoTo], staff_id: UUID, now: datetime) -> bool:
    two = {now_there[place].staff_id for place in PLACES if place in now_there}
    away = away_for_long(session, pupil.school_id, {*two, staff_id})
    if two.isdisjoint(away) or staff_id in two or staff_id in away:
        return False
    before = now_there.get(FOR_NOW)
    if before is not None and before.staff_id == staff_id:
        return True
    if before is not None:
        end(session, before, "changed", now)
        session.flush()
    _add(session, pupil, FOR_NOW, staff_id, now)
    session.flush()
    return True


def no_more_for_now(session: Session, school_id: UUID, now: datetime) -> int:
    """End what was named for now by pupils none of whose two is away for long; gives how many."""
    rows = session.exec(
        select(GoTo).where(GoTo.school_id == school_id, GoTo.place == FOR_NOW, col(GoTo.until).is_(None))
    ).all()
    ended = 0
    for row in rows:
        now_there = standing(session, row.pupil_id)
        two = {now_there[place].staff_id for place in PLACES if place in now_there}
        if not away_for_long(session, school_id, two):
            end(session, row, "back", now)
            ended += 1
    session.flush()
    return ended


def _add(session: Session, pupil: Pupil, place: int, staff_id: UUID, now: datetime) -> None:
    session.add(GoTo(school_id=pupil.school_id, pupil_id=pupil.id, staff_id=staff_id, place=place, since=now))


def end(session: Session, row: GoTo, why: Ended, now: datetime) -> None:
    """Note that an adult is a pupil's go-to no more, and why."""
    row.until, row.ended = now, why
    session.add(row)


def succeed(session: Session, ended: GoTo, now: datetime) -> None:
    """Give the place of a go-to who is one no more to whomever the pupil had named for now."""
    session.flush()
    for_now = standing(session, ended.pupil_id).get(FOR_NOW)
    if for_now is None or ended.place not in PLACES:
        return
    end(session, for_now, "changed", now)
    pupil = session.get_one(Pupil, ended.pupil_id)
    _add(session, pupil, ended.place, for_now.staff_id, now)
    session.flush()


def to_hand_over(session: Session, school_id: UUID) -> list[tuple[GoTo, Ended]]:
    """Find the go-tos that stand with somebody who has left or said no, oldest first, and which of the two."""
    standing = (GoTo.school_id == school_id, col(GoTo.until).is_(None))
    named = set(session.exec(select(GoTo.staff_id).where(*standing).distinct()).all())
    # Nearly always nobody: the rows of all pupils are not read each morning for that.
    gone = named - {one.id for one in _able(session, named)}
    rows = session.exec(
        select(GoTo, Staff.active)
        .join(Staff, col(Staff.id) == col(GoTo.staff_id))
        .where(*standing, col(GoTo.staff_id).in_(gone))
        .order_by(col(GoTo.id))
    ).all()
    return [(row, "refused" if active else "left") for row, active in rows]


def refuse(session: Session, staff: Staff, now: datetime) -> bool:
    """Note that somebody cannot be a go-to for now; False when that was noted before."""
    if session.get(GoToRefusal, staff.id) is not None:
        return False
    session.add(GoToRefusal(staff_id=staff.id, school_id=staff.school_id, since=now))
    return True


def take_back_refusal(session: Session, staff: Staff) -> bool:
    """Note that somebody can be a go-to again; False when they had not said no."""
    row = session.get(GoToRefusal, staff.id)
    if row is None:
        return False
    session.delete(row)
    return True


def refuses(session: Session, staff_id: UUID) -> bool:
    """Say whether somebody cannot be a go-to for now."""
    return session.get(GoToRefusal, staff_id) is not None


def open_campaign(session: Session, school_id: UUID) -> Campaign | None:
    """Find the round that is under way."""
    return session.exec(select(Campaign).where(Campaign.school_id == school_id, Campaign.state == "open")).first()


# --- how a school stands ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class YearCoverage:
    """Of the pupils of a year group (those on the list, joined or not) how many have two go-tos, one, and nobody."""

    year: int
    two: int
    one: int
    nobody: int


@dataclass(frozen=True)
class Coverage:
    """How a school stands: by year group, who has nobody (pupils by id), and how often each adult is named.

    `many` is the number from which an adult counts as named by many; `by_year` says by how many of each year group.
    """

    years: tuple[YearCoverage, ...]
    nobody: frozenset[UUID]
    named: dict[UUID, int]
    many: int
    by_year: dict[UUID, dict[int, int]]

    @property
    def named_by_many(self) -> dict[UUID, int]:
        """The adults named by many, and by how many, most first."""
        found = {staff_id: count for staff_id, count in self.named.items() if count >= self.many}
        return dict(sorted(found.items(), key=lambda one: -one[1]))

    def years_of(self, staff_id: UUID) -> str:
        """By how many of each year group an adult is named, as "7: 12, 8: 3"."""
        return ", ".join(f"{year}: {count}" for year, count in sorted(self.by_year[staff_id].items()))


def coverage(session: Session, school_id: UUID) -> Coverage:
    """Count how a school stands; only go-tos who are here and have not said no count.

    Of the two that a pupil has, one for now is none, as in `how_many`; yet an adult whom many named for now is asked by
    many, and counts as named by them.
    """
    able = {one.id for one in can_be_named(session, school_id)}
    pupils = session.exec(
        select(Pupil.id, TutorGroup.year)
        .join(TutorGroup, col(TutorGroup.id) == col(Pupil.group_id))
        .where(Pupil.school_id == school_id, Pupil.status != "left")
    ).all()
    rows = session.exec(
        select(GoTo.pupil_id, GoTo.staff_id, GoTo.place).where(GoTo.school_id == school_id, col(GoTo.until).is_(None))
    ).all()
    here = dict(pupils)
    counted = [row for row in rows if row[1] in able and row[0] in here]
    have = Counter(pupil_id for pupil_id, _, place in counted if place in PLACES)
    named = Counter(staff_id for _, staff_id, _ in counted)
    by_year: dict[UUID, dict[int, int]] = {staff_id: Counter() for staff_id in named}
    for pupil_id, staff_id, _ in counted:
        by_year[staff_id][here[pupil_id]] += 1
    years = sorted({year for _, year in pupils})
    return Coverage(
        tuple(_year(year, [have[pupil_id] for pupil_id, of in pupils if of == year]) for year in years),
        frozenset(set(here) - set(have)),
        dict(named),
        many(len(counted), len(able)),
        by_year,
    )


def _year(year: int, have: Collection[int]) -> YearCoverage:
    return YearCoverage(year, sum(n > 1 for n in have), sum(n == 1 for n in have), sum(n == 0 for n in have))


def many(namings: int, adults: int) -> int:
    """How often an adult is named before that is many: twice the even share of all namings, and ten at least."""
    return max(MANY_AT_LEAST, ceil(2 * namings / adults) if adults else 0)


def groups_of(session: Session, pupil_ids: Iterable[UUID]) -> list[tuple[Pupil, TutorGroup]]:
    """Give pupils with their tutor groups, by year and group."""
    wanted = set(pupil_ids)
    rows = session.exec(select(Pupil, TutorGroup).join(TutorGroup, col(TutorGroup.id) == col(Pupil.group_id))).all()
    return sorted((row for row in rows if row[0].id in wanted), key=lambda row: (row[1].year, row[1].name))
