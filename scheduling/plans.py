"""Plans as they go: made when a nudge is taken or for a whole group, asked about on their day, and what comes of them.

A plan of a nudge is never later than the moment at which owning the nudge would lapse, so somebody is asked before the
nudge climbs on. "Not yet" moves it twice; after that owning lapses as it would.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from conversations.cards import Card, nudge_card
from conversations.staff_nudges import NOTICED, group_plan_card
from scheduling import cases
from scheduling.briefing import ideas, nudge, planned
from scheduling.school import SchoolFacts
from scheduling.telling import could_post
from store import absences, plans
from store.due import set_due
from store.plan_tables import Plan
from store.sealing import Sealer
from store.tables import Flag, Pupil, Staff, TutorGroup

# Half an hour is left of the day on which it is asked about.
BEFORE_THE_END: Final = timedelta(minutes=30)
AHEAD: Final = (0, 1, 2, 3, 5, 10)
USUAL: Final = 3
MOVES: Final = 2
MOVED_BY: Final = 2
ASK_AGAIN: Final = 2


def days(school: SchoolFacts, now: datetime, until: datetime | None = None) -> list[datetime]:
    """List when a plan may be due: moments of school days ahead, none after `until`; never none at all."""
    calendar = school.calendar
    day, found = calendar.local_date(now), []
    if not calendar.is_school_day(day):
        day = calendar.next_school_day(day) or day + timedelta(days=1)
    for ahead in range(AHEAD[-1] + 1):
        moment = calendar.local(day, calendar.day_end) - BEFORE_THE_END
        if ahead in AHEAD and moment > now and (until is None or moment <= until):
            found.append(moment)
        day = calendar.next_school_day(day) or day + timedelta(days=1)
    return found or [until or now + timedelta(days=1)]


def make(session: Session, sealer: Sealer, school: SchoolFacts, flag: Flag, owner: Staff, now: datetime) -> Plan:
    """Make the plan of a nudge just taken: the first action that was suggested, some days from now."""
    suggested = ideas(session, sealer, flag, session.get_one(Pupil, flag.pupil_id))
    plan = plans.make(
        session,
        sealer,
        school_id=school.id,
        group_id=flag.group_id,
        owner_id=owner.id,
        action=suggested[0].id if suggested else "",
        due_at=now,
        now=now,
        flag=flag,
    )
    possible = [moment for moment in choices(session, school, plan, now) if moment <= _ahead(school, now, USUAL)]
    _set(session, school, plan, possible[-1] if possible else choices(session, school, plan, now)[0])
    return plan


def make_for_group(
    session: Session, sealer: Sealer, school: SchoolFacts, group: TutorGroup, owner: Staff, action: str, now: datetime
) -> Plan:
    """Make a plan for a whole tutor group, some days from now."""
    plan = plans.make(
        session,
        sealer,
        school_id=school.id,
        group_id=group.id,
        owner_id=owner.id,
        action=action,
        due_at=now,
        now=now,
    )
    _set(session, school, plan, _ahead(school, now, USUAL))
    return plan


def choices(session: Session, school: SchoolFacts, plan: Plan, now: datetime) -> list[datetime]:
    """List the moments a plan may be moved to."""
    if plan.flag_id is None:
        return days(school, now)
    case = cases.case_of(session, session.get_one(Flag, plan.flag_id))
    return days(school, now, case.lapses_at if case else None)


def _ahead(school: SchoolFacts, now: datetime, count: int) -> datetime:
    """The moment of the school day that is so many after today's, or after the next that there is."""
    calendar, day = school.calendar, school.calendar.local_date(now)
    for _ in range(count):
        day = calendar.next_school_day(day) or day + timedelta(days=1)
    return calendar.local(day, calendar.day_end) - BEFORE_THE_END


def _set(session: Session, school: SchoolFacts, plan: Plan, due_at: datetime) -> None:
    plan.due_at, plan.state, plan.version = due_at, "open", plan.version + 1
    session.add(plan)
    set_due(session, school.id, "plan.ask", plan.id.hex, due_at, version=plan.version)


def change(session: Session, sealer: Sealer, school: SchoolFacts, plan: Plan, action: str, due_at: datetime) -> None:
    """Plan something else, or for another day."""
    plans.change(session, sealer, plan, action=action)
    _set(session, school, plan, due_at)


# --- the follow-up ----------------------------------------------------------------------------------------------------


def slots_of(plan: Plan) -> str:
    """Begin the names of the slots of the card on which a plan is shown: its nudge's, or its own."""
    return f"nudge:{plan.flag_id.hex}:" if plan.flag_id else f"plan:{plan.id.hex}:"


def card_of(session: Session, sealer: Sealer, school: SchoolFacts, plan: Plan) -> Card:
    """Make the card on which a plan is shown, as it stands."""
    if plan.flag_id is not None:
        return nudge_card(nudge(session, sealer, school, session.get_one(Flag, plan.flag_id)))
    group = session.get_one(TutorGroup, plan.group_id)
    return group_plan_card(planned(session, sealer, plan), group.name, plan.state)


def ask(session: Session, sealer: Sealer, school: SchoolFacts, plan: Plan, now: datetime) -> None:
    """Ask whoever made a plan, or stands in for them, how it went; a plan for a group is asked about twice."""
    again = plan.state == "asked"
    plan.state, plan.version = "asked", plan.version + 1
    session.add(plan)
    session.flush()
    reader = absences.stand_in(absences.away(session, school.id, now), plan.owner_id) or plan.owner_id
    staff = session.get_one(Staff, reader)
    if staff.active:
        slot = f"{slots_of(plan)}{staff.id.hex}:{plan.id.hex}:{plan.version}"
        card = card_of(session, sealer, school, plan)
        could_post(session, sealer, school, staff, card, slot=slot, dedupe=slot, now=now)
    if plan.flag_id is None and not again:
        set_due(session, school.id, "plan.ask", plan.id.hex, _ahead(school, now, ASK_AGAIN), version=plan.version)


def done(session: Session, plan: Plan, now: datetime) -> None:
    """Note that a plan was carried out; the nudge it was for is done."""
    plans.close(session, plan, "done", now)
    if plan.flag_id is not None:
        flag = session.get_one(Flag, plan.flag_id)
        flag.state, flag.decided_at, flag.version = "done", now, flag.version + 1
        session.add(flag)
        cases.close(session, flag, now)


def not_yet(session: Session, sealer: Sealer, school: SchoolFacts, plan: Plan, owner: Staff, now: datetime) -> bool:
    """Move a plan by two school days, and let owning begin anew; False when it was moved twice already."""
    moved = plans.content(sealer, plan)["moved"]
    if moved >= MOVES:
        return False
    plans.change(session, sealer, plan, moved=moved + 1)
    if plan.flag_id is not None:
        cases.own(session, school, session.get_one(Flag, plan.flag_id), owner, now)
    _set(session, school, plan, _ahead(school, now, MOVED_BY))
    return True


def ask_help(session: Session, sealer: Sealer, school: SchoolFacts, plan: Plan, now: datetime) -> None:
    """Give a nudge to the next people of its ladder at once, with who asks for help."""
    plans.close(session, plan, "ended", now)
    flag = session.get_one(Flag, plan.flag_id)
    plans.change(session, sealer, plan, moved=0, help=True)
    flag.state, flag.owner_id, flag.decided_at, flag.version = "new", None, None, flag.version + 1
    session.add(flag)
    cases.climb_on(session, school, flag, now, asks=plan.owner_id)


def noticed(session: Session, sealer: Sealer, plan: Plan, what: str) -> None:
    """Keep what was noticed, one of NOTICED; said again, the last counts."""
    if what in NOTICED:
        plans.change(session, sealer, plan, noticed=what)


def reopen(session: Session, school: SchoolFacts, plan: Plan, now: datetime) -> None:
    """Take back that a group's plan was done, or that help was asked for: it is asked about on the next school day."""
    plan.closed_at = None
    _set(session, school, plan, days(school, now)[0])


def again(session: Session, school: SchoolFacts, plan: Plan, now: datetime) -> None:
    """Let a group's plan begin anew, some days from now."""
    _set(session, school, plan, _ahead(school, now, USUAL))
