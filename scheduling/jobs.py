"""Jobs: what each kind of due row does. A job reads and writes rows; what pupils are to be told it returns as events.

The runner claims a row, runs its job, steps the conversations of the events, and removes the row, all in one
transaction: a crash at any point leaves the row to be run again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlmodel import Session, col, delete, select

from conversations import bank
from conversations.bank import Bank, UnknownBankVersion
from conversations.cards import nudge_card, request_card
from conversations.model import CheckInCloses, CheckInId, RequestOwned
from scheduling import retention, rounds
from scheduling.briefing import asked, nudge, post_card, post_home
from scheduling.rounds import DAY, Addressed
from scheduling.school import SchoolFacts, next_in_school
from signals.first_flag import RULE, low_run
from store import consent, outbox
from store.due import set_due
from store.people import tutor_of, with_role
from store.sealing import Sealer, Unreadable
from store.tables import CheckIn, Due, Failure, Flag, Request, Seen, Staff, Wave

HISTORY = 60
ASK_AGAIN = {True: timedelta(minutes=5), False: timedelta(minutes=30)}
HOME_AGAIN = timedelta(seconds=2)
KEEP_SEEN = timedelta(days=3)

log = structlog.get_logger()

Job = Callable[[Session, Sealer, SchoolFacts, Due, datetime], list[Addressed]]


def _wave(session: Session, subject: str) -> tuple[Wave, UUID]:
    wave, _, group = subject.partition(":")
    return session.get_one(Wave, UUID(wave)), UUID(group) if group else UUID(int=0)


def check_in_close(
    session: Session, _sealer: Sealer, _school: SchoolFacts, due: Due, _now: datetime
) -> list[Addressed]:
    """Let the conversation know that a check-in was put away for a person, not by one."""
    check_in = session.get(CheckIn, UUID(due.subject))
    return [(check_in.pupil_id, CheckInCloses(CheckInId(check_in.id.hex)))] if check_in else []


def wave_plan(session: Session, _sealer: Sealer, school: SchoolFacts, _due: Due, now: datetime) -> list[Addressed]:
    rounds.plan(session, school, now)
    return []


def wave_open(session: Session, _sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    rounds.open_planned(session, school, due.subject, due.due_at, now)
    return []


def wave_group_open(session: Session, _sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    wave, group_id = _wave(session, due.subject)
    opened = rounds.open_group(session, school, wave, group_id, now)
    tutor = tutor_of(session, group_id)
    if tutor is not None:
        _refresh_home(session, school, tutor, now)
    return opened


def wave_remind(session: Session, _sealer: Sealer, _school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    rounds.remind(session, _wave(session, due.subject)[0], now)
    return []


def wave_group_remind(
    session: Session, _sealer: Sealer, _school: SchoolFacts, due: Due, now: datetime
) -> list[Addressed]:
    wave, group_id = _wave(session, due.subject)
    return rounds.remind_group(session, wave, group_id, now)


def wave_close(session: Session, _sealer: Sealer, _school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    rounds.close(session, _wave(session, due.subject)[0], now)
    return []


def wave_group_close(
    session: Session, _sealer: Sealer, _school: SchoolFacts, due: Due, now: datetime
) -> list[Addressed]:
    wave, group_id = _wave(session, due.subject)
    return rounds.close_group(session, wave, group_id, now)


def wave_group_card(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    wave, group_id = _wave(session, due.subject)
    rounds.group_card(session, sealer, school, wave, group_id, now)
    return []


def score(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Score the pupil of a check-in just answered; a change raises a flag, once a check-in, none while one is open."""
    check_in = session.get_one(CheckIn, UUID(due.subject))
    tutor = tutor_of(session, check_in.group_id)
    if tutor is not None:
        _refresh_home(session, school, tutor, now)
    run = low_run(_state_levels(session, sealer, check_in))
    already = session.exec(
        select(Flag.id).where(
            Flag.school_id == school.id,
            Flag.pupil_id == check_in.pupil_id,
            (col(Flag.state).in_(("new", "taken", "snoozed"))) & (col(Flag.raised_at) > now - 28 * DAY),
        )
    ).first()
    if run is None or already is not None:
        return []
    flag = Flag(
        school_id=school.id,
        pupil_id=check_in.pupil_id,
        group_id=check_in.group_id,
        check_in_id=check_in.id,
        rule=RULE,
        raised_at=now,
    )
    sealer.write(flag, "reasons", {"low": run.low, "window": run.window, "baseline": run.baseline})
    session.add(flag)
    session.flush()
    _nudge(session, sealer, school, flag, now)
    return []


def _state_levels(session: Session, sealer: Sealer, check_in: CheckIn) -> list[float]:
    rows = session.exec(
        select(CheckIn)
        .where(CheckIn.school_id == check_in.school_id, CheckIn.pupil_id == check_in.pupil_id)
        .where(col(CheckIn.answers_sealed).is_not(None))
        .order_by(col(CheckIn.opened_at).desc())
        .limit(HISTORY)
    ).all()
    return [level for row in reversed(rows) for level in _levels(_bank(row), row.phase, sealer.read(row, "answers"))]


def _bank(check_in: CheckIn) -> Bank | None:
    try:
        return bank.load(check_in.bank_version)
    except UnknownBankVersion:
        return None


def _levels(items: Bank | None, phase: str, answers: list[tuple[str, int | None, int]]) -> list[float]:
    """Turn a check-in's state answers into levels from 0 (low end) to 1; what the bank does not know is left out."""
    levels = []
    for item_id, option, _ms in answers:
        item = items.items.get(item_id) if items else None
        if item is None or item.kind != "state" or option is None:
            continue
        level = option / (len(item.options["young" if phase == "young" else "older"]) - 1)
        levels.append(level if item.direction > 0 else 1.0 - level)
    return levels


def _nudge(session: Session, sealer: Sealer, school: SchoolFacts, flag: Flag, now: datetime) -> None:
    tutor = tutor_of(session, flag.group_id)
    readers = [tutor] if tutor else with_role(session, school.id, "dsl", "deputy_dsl")
    card = nudge_card(nudge(session, sealer, school, flag))
    for reader in readers:
        key = f"nudge:{flag.id.hex}:{reader.id.hex}"
        post_card(session, sealer, school, reader, card, slot=key, dedupe=f"{key}:{flag.version}", now=now)


def flag_return(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """A snoozed nudge comes back, unless somebody has decided since."""
    flag = session.get_one(Flag, UUID(due.subject))
    if flag.state != "snoozed" or flag.version != due.version:
        return []
    flag.state, flag.snoozed_until, flag.owner_id, flag.version = "new", None, None, flag.version + 1
    session.add(flag)
    _nudge(session, sealer, school, flag, now)
    return []


def _refresh_home(session: Session, school: SchoolFacts, staff: Staff, now: datetime) -> None:
    """Show a change on the Home tab of someone who has looked at it of late."""
    if staff.home_opened_at is not None and staff.home_opened_at > now - 14 * DAY:
        set_due(session, school.id, "home", staff.id.hex, now)


def home(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Publish a Home tab anew; while an earlier one is still on its way, wait, so that a busy wave piles nothing up."""
    staff = session.get_one(Staff, UUID(due.subject))
    if outbox.is_waiting(session, school.id, f"staff:{staff.id.hex}", "home"):
        set_due(session, school.id, "home", due.subject, now + HOME_AGAIN, version=due.version)
    else:
        post_home(session, sealer, school, staff, dedupe=f"home:{due.id.hex}", now=now)
    return []


def request(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Tell every safeguarding lead of a request, and again until one of them owns it.

    Danger repeats every five minutes at any hour; a wish to talk every thirty, in school hours.
    """
    row = session.get_one(Request, UUID(due.subject))
    if row.state != "open":
        return []
    card = request_card(asked(session, sealer, school, row))
    for lead in with_role(session, school.id, "dsl", "deputy_dsl"):
        key = f"request:{row.id.hex}:{lead.id.hex}"
        # One that becomes danger within the second is told of anew, under the same version.
        dedupe = f"{key}:{due.version}{':danger' if row.danger else ''}"
        try:
            with session.begin_nested():
                # Each repeat is a message of its own, and each is brought up to date once somebody owns it.
                slot = f"{key}:{due.version}"
                post_card(session, sealer, school, lead, card, slot=slot, dedupe=dedupe, now=now, lane="urgent")
                session.flush()
        except Unreadable:
            # The others must hear of it all the same.
            session.add(Failure(school_id=school.id, at=now, event=due.kind, error="Unreadable"))
    again = now + ASK_AGAIN[row.danger]
    if not row.danger:
        again = next_in_school(school, again) or again
    set_due(session, school.id, "request", due.subject, again, version=due.version + 1)
    return []


def request_owned(session: Session, sealer: Sealer, _school: SchoolFacts, due: Due, _now: datetime) -> list[Addressed]:
    """Tell the pupil who has seen their request."""
    row = session.get_one(Request, UUID(due.subject))
    owner = session.get(Staff, row.owner_id) if row.owner_id else None
    return [(row.pupil_id, RequestOwned(str(sealer.read(owner, "name"))))] if owner else []


def tidy(session: Session, sealer: Sealer, school: SchoolFacts, _due: Due, now: datetime) -> list[Addressed]:
    """Drop what has served its time: by the school's clocks, and deliveries seen."""
    purged = retention.purge(session, sealer, school, now)
    if purged:
        log.info("purged", **purged)
    session.exec(delete(Seen).where(col(Seen.at) < now - KEEP_SEEN))
    set_due(session, school.id, "tidy", "nightly", now + DAY)
    return []


JOBS: dict[str, Job] = {
    "wave.plan": wave_plan,
    "wave.open": wave_open,
    "wave.group.open": wave_group_open,
    "wave.remind": wave_remind,
    "wave.group.remind": wave_group_remind,
    "wave.close": wave_close,
    "wave.group.close": wave_group_close,
    "wave.group.card": wave_group_card,
    consent.CLOSE: check_in_close,
    "score": score,
    "flag.return": flag_return,
    "home": home,
    "request": request,
    "request.owned": request_owned,
    "tidy": tidy,
}


def set_standing(session: Session, school: SchoolFacts, now: datetime) -> None:
    """Set the work that always waits: planning the next wave, tidying at night."""
    rounds.plan(session, school, now)
    waiting = select(Due.id).where(Due.school_id == school.id, Due.kind == "tidy", Due.state == "waiting")
    if session.exec(waiting).first() is None:
        set_due(session, school.id, "tidy", "nightly", now + DAY)
