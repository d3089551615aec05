"""Jobs: what each kind of due row does. A job reads and writes rows; what pupils are to be told it returns as events.

The runner claims a row, runs its job, steps the conversations of the events, and removes the row, all in one
transaction: a crash at any point leaves the row to be run again.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from uuid import UUID

from sqlmodel import Session, col, delete, select

from conversations.cards import nudge_card, request_card
from conversations.model import RequestOwned
from scheduling import rounds, scoring
from scheduling.briefing import asked, nudge, post_card, post_home
from scheduling.night import nightly
from scheduling.rounds import DAY, Addressed
from scheduling.school import SchoolFacts, next_in_school
from store import outbox
from store.due import set_due
from store.people import tutor_of, with_role
from store.sealing import Sealer, Unreadable
from store.tables import CheckIn, Due, Failure, Flag, Outbox, Request, Seen, Staff, Wave

ASK_AGAIN = {True: timedelta(minutes=5), False: timedelta(minutes=30)}
HOME_AGAIN = timedelta(seconds=2)
# Before school: what it finds is read the same morning.
NIGHTLY = time(7)
# Between two parts of a long pass others get their turn.
NIGHT_PAUSE = timedelta(seconds=2)
KEEP_SENT = timedelta(days=30)
KEEP_SEEN = timedelta(days=3)

Job = Callable[[Session, Sealer, SchoolFacts, Due, datetime], list[Addressed]]


def _wave(session: Session, subject: str) -> tuple[Wave, UUID]:
    wave, _, group = subject.partition(":")
    return session.get_one(Wave, UUID(wave)), UUID(group) if group else UUID(int=0)


def wave_plan(session: Session, _sealer: Sealer, school: SchoolFacts, _due: Due, now: datetime) -> list[Addressed]:
    rounds.plan(session, school, now)
    return []


def wave_open(session: Session, _sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    rounds.open_planned(session, school, due.subject, due.due_at, now)
    return []


def wave_group_open(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    wave, group_id = _wave(session, due.subject)
    opened = rounds.open_group(session, sealer, school, wave, group_id, now)
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
    """Take in the check-in a pupil has just finished; if that raises a flag, their tutor hears of it."""
    check_in = session.get_one(CheckIn, UUID(due.subject))
    tutor = tutor_of(session, check_in.group_id)
    if tutor is not None:
        _refresh_home(session, school, tutor, now)
    scoring.take_in(
        session, sealer, school, [check_in.pupil_id], now, lambda flag: _nudge(session, sealer, school, flag, now)
    )
    return []


def signals_night(session: Session, sealer: Sealer, school: SchoolFacts, _due: Due, now: datetime) -> list[Addressed]:
    """Take in what was not on completion (missed check-ins above all), and set the bars anew."""
    more = nightly(session, sealer, school, now, lambda flag: _nudge(session, sealer, school, flag, now))
    set_due(session, school.id, "signals.night", "nightly", now + NIGHT_PAUSE if more else _tomorrow(school, now))
    return []


def _tomorrow(school: SchoolFacts, now: datetime) -> datetime:
    return school.calendar.local(school.calendar.local_date(now) + DAY, NIGHTLY)


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
                post_card(session, sealer, school, lead, card, slot=key, dedupe=dedupe, now=now, lane="urgent")
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


def tidy(session: Session, _sealer: Sealer, school: SchoolFacts, _due: Due, now: datetime) -> list[Addressed]:
    """Drop what has served its time: sent messages, deliveries seen."""
    session.exec(
        delete(Outbox).where(
            col(Outbox.school_id) == school.id, col(Outbox.state) != "waiting", col(Outbox.done_at) < now - KEEP_SENT
        )
    )
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
    "score": score,
    "signals.night": signals_night,
    "flag.return": flag_return,
    "home": home,
    "request": request,
    "request.owned": request_owned,
    "tidy": tidy,
}


def set_standing(session: Session, school: SchoolFacts, now: datetime) -> None:
    """Set the work that always waits: planning the next wave, tidying at night."""
    rounds.plan(session, school, now)
    for kind, first in (("tidy", now + DAY), ("signals.night", _tomorrow(school, now))):
        waiting = select(Due.id).where(Due.school_id == school.id, Due.kind == kind, Due.state == "waiting")
        if session.exec(waiting).first() is None:
            set_due(session, school.id, kind, "nightly", first)
