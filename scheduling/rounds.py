"""Rounds: the waves of check-ins as rows, from planning to the tutor's card. A wave is one transaction a tutor group.

Every function is idempotent: a wave, a check-in or a card that is already there is left alone, so a job that runs again
after a crash carries on where it stood.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from conversations import bank
from conversations.bank.anchor import anchor_items
from conversations.cards import wave_card
from conversations.model import CheckInCloses, CheckInId, CheckInOpens, CheckInReminder, Event
from scheduling.anchoring import is_anchor
from scheduling.briefing import response
from scheduling.choosing import choose_items
from scheduling.own_questions import OwnOfWave
from scheduling.school import SchoolFacts, wave_rule
from scheduling.telling import could_post
from scheduling.waves import WaveTimes, next_wave
from store import absences, outbox
from store.due import set_due
from store.people import tutor_of
from store.sealing import Sealer
from store.tables import Binding, CheckIn, Pupil, Staff, TutorGroup, Wave

Addressed = tuple[UUID, Event]
DAY = timedelta(days=1)
# A group's messages take the network nearly a second: spread so, they are always there in time, and no tap or message
# waits for the store while a whole school is made ready.
GROUPS_AT_ONCE = 4
GROUP_SPACE = timedelta(seconds=0.75)


class WaveProblem(Exception):
    """A wave cannot be opened now; the sentence says why and what to do."""


def open_waves(session: Session, school: SchoolFacts) -> Sequence[Wave]:
    """List the waves that are open: one at most, but for a moment."""
    return session.exec(select(Wave).where(Wave.school_id == school.id, Wave.state == "open")).all()


def plan(session: Session, school: SchoolFacts, now: datetime) -> None:
    """Set the next wave of the calendar; with no wave ahead (the calendar runs out) it looks again tomorrow."""
    times = next_wave(school.calendar, wave_rule(school), now)
    if times is None:
        day = school.calendar.local_date(now)
        set_due(session, school.id, "wave.plan", "next", school.calendar.local(day, school.calendar.day_start) + DAY)
        return
    day_name = school.calendar.local_date(times.opens_at).isoformat()
    if session.exec(select(Wave.id).where(Wave.school_id == school.id, Wave.day == day_name)).first() is None:
        set_due(session, school.id, "wave.open", day_name, times.opens_at)
    set_due(session, school.id, "wave.plan", "next", times.opens_at + timedelta(seconds=1))


def open_planned(session: Session, school: SchoolFacts, day_name: str, due_at: datetime, now: datetime) -> None:
    """Open the wave of a day; one whose closing has passed (the machine was off) lapses instead of being sent late."""
    if session.exec(select(Wave.id).where(Wave.school_id == school.id, Wave.day == day_name)).first() is not None:
        return
    if not school.may_ask:
        return
    times = next_wave(school.calendar, wave_rule(school), due_at - timedelta(seconds=1))
    # The calendar may have changed since the day was planned: a snow day has no wave.
    if times is None or times.opens_at != due_at:
        return
    _open(session, school, day_name, times, now)


def open_now(session: Session, school: SchoolFacts, times: WaveTimes | None, now: datetime) -> Wave:
    """Open a wave at once in place of one that is open. Raises WaveProblem on a day or at an hour without school."""
    if not school.may_ask:
        raise WaveProblem(
            "The lawful basis and the impact assessment are not noted yet, so no check-in is sent. Run `earshot basis`."
        )
    if times is None:
        raise WaveProblem("There is no school now, so no check-in is sent. Choose a time in the school day.")
    day = school.calendar.local_date(now).isoformat()
    taken = session.exec(
        select(func.count()).select_from(Wave).where(Wave.school_id == school.id, col(Wave.day).startswith(day))
    ).one()
    return _open(session, school, f"{day}.{taken + 1}" if taken else day, times, now)


def _open(session: Session, school: SchoolFacts, day_name: str, times: WaveTimes, now: datetime) -> Wave:
    earlier = open_waves(session, school)
    number = session.exec(select(func.count()).select_from(Wave).where(Wave.school_id == school.id)).one()
    wave = Wave(
        school_id=school.id,
        day=day_name,
        number=number,
        opens_at=times.opens_at,
        remind_at=times.remind_at,
        closes_at=times.closes_at,
        bank_version=bank.LATEST,
    )
    session.add(wave)
    if now >= times.closes_at:
        wave.state = "lapsed"
        return wave
    for one in earlier:
        _replace(session, one, now)
    session.flush()
    _spread(session, wave, "wave.group.open", now)
    # A wave that opens late (the machine was off) does not remind in the same breath.
    if times.remind_at is not None and times.remind_at > now:
        set_due(session, school.id, "wave.remind", wave.id.hex, times.remind_at)
    set_due(session, school.id, "wave.close", wave.id.hex, times.closes_at)
    return wave


def open_group(
    session: Session, sealer: Sealer, school: SchoolFacts, wave: Wave, group_id: UUID, now: datetime
) -> list[Addressed]:
    """Begin the check-ins of one tutor group: those who joined, have not stopped, and have none of this wave yet."""
    if wave.state != "open" or now >= wave.closes_at:
        return []
    have = select(CheckIn.pupil_id).where(CheckIn.wave_id == wave.id, CheckIn.group_id == group_id)
    pupils = session.exec(
        select(Pupil)
        .join(Binding, col(Binding.pupil_id) == col(Pupil.id))
        .where(Pupil.school_id == school.id, Pupil.group_id == group_id, Pupil.status == "active")
        .where(col(Pupil.held).is_(False))
        .where(col(Pupil.id).not_in(have))
        .order_by(col(Pupil.id))
    ).all()
    own = OwnOfWave(session, school, wave)
    items = (
        dict.fromkeys((pupil.id for pupil in pupils), anchor_items(bank.load(wave.bank_version)))
        if is_anchor(session, school, wave)
        else choose_items(session, sealer, wave, pupils)
    )
    events: list[Addressed] = []
    for pupil in pupils:
        version, chosen = own.chosen(items[pupil.id], pupil.phase)
        check_in = CheckIn(
            school_id=school.id,
            wave_id=wave.id,
            pupil_id=pupil.id,
            group_id=group_id,
            bank_version=version,
            phase=pupil.phase,
            opened_at=now,
        )
        session.add(check_in)
        opens = CheckInOpens(CheckInId(check_in.id.hex), version, chosen.items, wave.closes_at, chosen.own)
        events.append((pupil.id, opens))
    session.flush()
    return events


def remind(session: Session, wave: Wave, now: datetime) -> None:
    """Spread the one reminder over the tutor groups."""
    if wave.state == "open" and now < wave.closes_at:
        _spread(session, wave, "wave.group.remind", now)


def remind_group(session: Session, wave: Wave, group_id: UUID, now: datetime) -> list[Addressed]:
    """Remind those of one group whose check-in is still open."""
    if wave.state != "open" or now >= wave.closes_at:
        return []
    return [
        (check_in.pupil_id, CheckInReminder(CheckInId(check_in.id.hex)))
        for check_in in _unfinished(session, wave, group_id)
    ]


def _replace(session: Session, wave: Wave, now: datetime) -> None:
    """Close a wave before its time, for another: whoever has not answered it has missed nothing.

    On the phones the opening of the other ends it: nobody is told of a closing that the next check-in follows at once.
    """
    session.exec(
        update(CheckIn)
        .where(col(CheckIn.school_id) == wave.school_id, col(CheckIn.wave_id) == wave.id)
        .where(col(CheckIn.state) == "open")
        .values(state="replaced", ended_at=now)
    )
    close(session, wave, now)


def close(session: Session, wave: Wave, now: datetime) -> None:
    """Close a wave: each group's unfinished check-ins are put away, then its tutor's card goes."""
    if wave.state != "open":
        return
    wave.state, wave.closes_at = "closed", min(now, wave.closes_at)
    session.add(wave)
    _spread(session, wave, "wave.group.close", now)


def close_group(session: Session, wave: Wave, group_id: UUID, now: datetime) -> list[Addressed]:
    """Put away one group's unfinished check-ins; the tutor's card follows."""
    set_due(session, wave.school_id, "wave.group.card", f"{wave.id.hex}:{group_id.hex}", now)
    return [
        (check_in.pupil_id, CheckInCloses(CheckInId(check_in.id.hex)))
        for check_in in _unfinished(session, wave, group_id)
    ]


def group_card(
    session: Session, sealer: Sealer, school: SchoolFacts, wave: Wave, group_id: UUID, now: datetime
) -> None:
    """Tell the tutor how many of the group answered.

    Of a wave that another took the place of before anybody answered there is nothing to tell: nobody has missed it.
    """
    group = session.get_one(TutorGroup, group_id)
    # Check-ins of pupils who left or stopped meanwhile have no conversation left to end them; that is no missing.
    for check_in in _unfinished(session, wave, group_id):
        takes_part = session.get_one(Pupil, check_in.pupil_id).status == "active"
        check_in.state, check_in.ended_at = "missed" if takes_part else "partial", now
        session.add(check_in)
    session.flush()
    counted, tutor = response(session, wave, group), tutor_of(session, group_id)
    if not counted.answered and _was_replaced(session, wave, group_id):
        return
    key = f"wave:{wave.id.hex}:{group_id.hex}"
    if tutor is not None and counted.asked and not outbox.is_written(session, key):
        card = wave_card(counted)
        could_post(session, sealer, school, tutor, card, slot=f"{key}:{tutor.id.hex}", dedupe=key, now=now)
        cover_id = absences.stand_in(absences.away(session, school.id, now), tutor.id)
        if cover_id is not None and cover_id != tutor.id:
            slot = f"{key}:{cover_id.hex}"
            could_post(session, sealer, school, session.get_one(Staff, cover_id), card, slot=slot, dedupe=slot, now=now)


def _unfinished(session: Session, wave: Wave, group_id: UUID) -> list[CheckIn]:
    return list(
        session.exec(
            select(CheckIn).where(
                CheckIn.school_id == wave.school_id,
                CheckIn.wave_id == wave.id,
                CheckIn.group_id == group_id,
                CheckIn.state == "open",
            )
        ).all()
    )


def _was_replaced(session: Session, wave: Wave, group_id: UUID) -> bool:
    replaced = select(CheckIn.id).where(
        CheckIn.school_id == wave.school_id,
        CheckIn.wave_id == wave.id,
        CheckIn.group_id == group_id,
        CheckIn.state == "replaced",
    )
    return session.exec(replaced.limit(1)).first() is not None


def _spread(session: Session, wave: Wave, kind: str, now: datetime) -> None:
    """Set one piece of work for each tutor group, the first few at once, the others a little apart."""
    groups = session.exec(select(TutorGroup).where(TutorGroup.school_id == wave.school_id)).all()
    for number, group in enumerate(sorted(groups, key=lambda group: (group.year, group.name))):
        later = max(0, number - GROUPS_AT_ONCE + 1) * GROUP_SPACE
        set_due(session, wave.school_id, kind, f"{wave.id.hex}:{group.id.hex}", now + later)


def reachable_pupils(session: Session, school_id: UUID) -> int:
    """Count the pupils a wave reaches: joined, and not stopped."""
    statement = (
        select(func.count())
        .select_from(Pupil)
        .join(Binding, col(Binding.pupil_id) == col(Pupil.id))
        .where(Pupil.school_id == school_id, Pupil.status == "active", col(Pupil.held).is_(False))
    )
    return session.exec(statement).one()
