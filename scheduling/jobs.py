"""Jobs: what each kind of due row does. A job reads and writes rows; what pupils are to be told it returns as events.

The runner claims a row, runs its job, steps the conversations of the events, and removes the row, all in one
transaction: a crash at any point leaves the row to be run again.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from uuid import UUID

import structlog
from sqlmodel import Session, col, delete, select

from conversations.cards import daily_card
from conversations.model import CheckInCloses, CheckInId, RequestOwned
from scheduling import (
    absence,
    absent_gotos,
    auditor,
    away,
    campaigns,
    cases,
    group_help,
    handing_on,
    meetings,
    outages,
    plans,
    retention,
    rights,
    rounds,
    scoring,
    talking,
    unreached,
)
from scheduling.briefing import post_home
from scheduling.night import nightly
from scheduling.rounds import DAY, Addressed
from scheduling.school import SchoolFacts, next_in_school
from scheduling.telling import could_post
from store import consent, gotos, outbox
from store.due import set_due
from store.people import name_of, tutor_of, with_role
from store.plan_tables import Absence, OneToOne, Plan
from store.sealing import Sealer
from store.tables import CheckIn, Due, Escalation, Flag, Request, Seen, Staff, Wave

HOME_AGAIN = timedelta(seconds=2)
# Before school: what it finds is read the same morning.
NIGHTLY = time(7)
# Between two parts of a long pass others get their turn.
NIGHT_PAUSE = timedelta(seconds=2)
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
    pupil_ids = [check_in.pupil_id]
    scoring.take_in(session, sealer, school, pupil_ids, now, lambda flag: _nudge(session, sealer, school, flag, now))
    return []


def signals_night(session: Session, sealer: Sealer, school: SchoolFacts, _due: Due, now: datetime) -> list[Addressed]:
    """Take in what was not on completion (missed check-ins above all), and set the bars anew."""
    absence.set_aside_closed(session, school, now)
    if cut_off := outages.set_aside_outages(session, sealer, school, now):
        log.info("an outage is not counted as silence", check_ins=cut_off)
    more = nightly(session, sealer, school, now, lambda flag: _nudge(session, sealer, school, flag, now))
    set_due(session, school.id, "signals.night", "nightly", now + NIGHT_PAUSE if more else _tomorrow(school, now))
    return []


def _tomorrow(school: SchoolFacts, now: datetime) -> datetime:
    return school.calendar.local(school.calendar.local_date(now) + DAY, NIGHTLY)


def _nudge(session: Session, sealer: Sealer, school: SchoolFacts, flag: Flag, now: datetime) -> None:
    cases.begin(session, school, flag, cases.kind_of(sealer, flag), now)


def flag_return(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """A snoozed nudge comes back, unless somebody has decided since."""
    flag = session.get_one(Flag, UUID(due.subject))
    # One that was contested meanwhile has moved its version on.
    if flag.state != "snoozed" or flag.version != due.version:
        return []
    flag.state, flag.snoozed_until, flag.owner_id, flag.version = "new", None, None, flag.version + 1
    session.add(flag)
    _nudge(session, sealer, school, flag, now)
    session.flush()
    rights.show_nudge(session, sealer, school, flag, now, key=f"return:{flag.id.hex}:{flag.version}")
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


def request(session: Session, _sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Begin the climb of a request; one that became danger climbs anew, at once and at any hour."""
    row = session.get_one(Request, UUID(due.subject))
    if row.state == "open":
        talking.begin(session, school, row, now)
    return []


def case_step(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Take the next step of a case, unless something has happened to it since this was set."""
    case = session.get_one(Escalation, UUID(due.subject), with_for_update=True)
    if case.state == "open" and case.version == due.version:
        if case.request_id is not None:
            row = session.get_one(Request, case.request_id)
            handing_on.past_the_away(session, school, row, now, tell=False)
        cases.take_step(session, sealer, school, case, now)
    return []


def case_lapse(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Open a case again whose owner recorded nothing in time."""
    case = session.get_one(Escalation, UUID(due.subject), with_for_update=True)
    if case.state == "owned" and case.version == due.version:
        cases.lapse(session, sealer, school, case, now)
        if case.request_id is not None:
            return talking.asked_again(session, sealer, school, session.get_one(Request, case.request_id), now)
    return []


def plan_ask(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Ask how a plan went, unless something has happened to it since this was set."""
    plan = session.get(Plan, UUID(due.subject), with_for_update=True)
    if plan is None or plan.state not in ("open", "asked") or plan.version != due.version:
        return []
    later = next_in_school(school, now)
    if later is not None:
        # A snow day, called after the plan was made.
        set_due(session, school.id, "plan.ask", due.subject, later, version=due.version)
    else:
        plans.ask(session, sealer, school, plan, now)
    return []


def plan_help(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Tell the next people that help with a group's plan is asked for, unless somebody has taken it."""
    plan = session.get(Plan, UUID(due.subject), with_for_update=True)
    if plan is not None and plan.state == "help" and plan.version == due.version:
        group_help.climb(session, sealer, school, plan, now)
    return []


def absence_begin(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Tell whoever stands in for somebody, and give them what waits, as the absence begins."""
    row = session.get(Absence, UUID(due.subject))
    if row is not None:
        away.begin(session, sealer, school, row, now)
        if row.starts_at <= now < row.ends_at:
            handing_on.of_who_is_away(session, sealer, school, row.staff_id, row.ends_at, now)
            absent_gotos.begin(session, school, row.staff_id, now)
    return []


def absence_end(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Give back what was taken by whoever stood in, as the absence ends."""
    row = session.get(Absence, UUID(due.subject))
    if row is not None:
        away.finish(session, sealer, school, row, now)
        absent_gotos.end(session, school, row.staff_id, now)
    return []


def meet_remind(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Remind of a one-to-one, unless its time has changed since this was set."""
    row = session.get(OneToOne, UUID(due.subject), with_for_update=True)
    if row is not None and row.version == due.version:
        meetings.remind(session, sealer, school, row, now)
    return []


def care_daily(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Tell the safeguarding leads, as a school day begins, what is open, owned and overdue."""
    card = daily_card(auditor.standing(session, sealer, school, now), now)
    for lead in with_role(session, school.id, "dsl", "deputy_dsl"):
        key = f"daily:{school.calendar.local_date(now).isoformat()}:{lead.id.hex}"
        could_post(session, sealer, school, lead, card, event="care.daily", slot=None, dedupe=key, now=now)
    set_due(session, school.id, "care.daily", "next", _next_morning(school, now))
    return []


def _next_morning(school: SchoolFacts, now: datetime) -> datetime:
    """The beginning of the next school day; with no term dates ahead, tomorrow's."""
    today = school.calendar.local_date(now)
    day = school.calendar.next_school_day(today) or today + DAY
    return school.calendar.local(day, school.calendar.day_start)


def goto_daily(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Each school morning, hand on what those who have left had, as go-tos and of pupils who asked for them."""
    handing_on.of_who_left(session, sealer, school, now)
    gotos.no_more_for_now(session, school.id, now)
    return campaigns.hand_over(session, sealer, school, due, now)


def request_owned(session: Session, sealer: Sealer, _school: SchoolFacts, due: Due, _now: datetime) -> list[Addressed]:
    """Tell the pupil who has seen their request."""
    row = session.get_one(Request, UUID(due.subject))
    owner = session.get(Staff, row.owner_id) if row.owner_id else None
    return [(row.pupil_id, RequestOwned(name_of(sealer, owner)))] if owner else []


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
    "signals.night": signals_night,
    "flag.return": flag_return,
    "home": home,
    "request": request,
    "case.step": case_step,
    "case.lapse": case_lapse,
    "plan.ask": plan_ask,
    "plan.help": plan_help,
    "absence.begin": absence_begin,
    "absence.end": absence_end,
    "meet.remind": meet_remind,
    "care.daily": care_daily,
    "request.owned": request_owned,
    "copy.asked": rights.copy_asked,
    "copy.decided": rights.copy_decided,
    "contest.open": rights.contest_open,
    "contest.answered": rights.contest_answered,
    "goto.ask": campaigns.ask_group,
    "goto.remind": campaigns.remind,
    "goto.group.remind": campaigns.remind_group,
    "goto.daily": goto_daily,
    "goto.away": absent_gotos.tell,
    gotos.RETURN: absent_gotos.tell_back,
    "talk.next": talking.tell_next,
    "talk.show": talking.show_again,
    "talk.unreached": unreached.of_request,
    "nudge.unreached": unreached.of_nudge,
    "asked.unreached": unreached.of_ask,
    "talk.nobody": talking.nobody_reached,
    "talk.answered": talking.answered,
    "talk.passed": talking.passed,
    "talk.danger.again": talking.danger_again,
    "talk.unanswered": talking.unanswered,
    "talk.met": talking.ask_if_met,
    "tidy": tidy,
}


def set_standing(session: Session, school: SchoolFacts, now: datetime) -> None:
    """Set the work that always waits: planning the next wave, tidying at night, the leads' daily line."""
    rounds.plan(session, school, now)
    standing = (
        ("tidy", "nightly", now + DAY),
        ("signals.night", "nightly", _tomorrow(school, now)),
        ("care.daily", "next", _next_morning(school, now)),
        ("goto.daily", "next", _next_morning(school, now)),
    )
    for kind, subject, due_at in standing:
        waiting = select(Due.id).where(Due.school_id == school.id, Due.kind == kind, Due.state == "waiting")
        if session.exec(waiting).first() is None:
            set_due(session, school.id, kind, subject, due_at)
