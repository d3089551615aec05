"""Talking: a pupil's wish for an adult, from asking to whether it happened, as rows.

What an adult answers is written here and told to the pupil by due work, so that it is told once and after the commit.
Each function may be called twice for the same press: the second time it changes nothing.
"""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlmodel import Session, col, select

from conversations.adults import LEADS, AdultAnswered, MetAsked, NobodyReached
from conversations.model import AskForAdult
from scheduling import cases
from scheduling.briefing import update_copies
from scheduling.calendar import SchoolCalendar
from scheduling.escalation import Kind
from scheduling.rounds import Addressed
from scheduling.school import SchoolFacts, next_in_school
from store import outbox, wishes
from store.care_tables import Wish
from store.due import set_due
from store.guards import SAFEGUARDING
from store.ids import new_id
from store.people import name_of
from store.sealing import Sealer
from store.tables import Due, Pupil, Request, Staff

DAY = timedelta(days=1)
# So long may what was asked be on its way before the pupil hears that it has not arrived.
ON_ITS_WAY = timedelta(minutes=10)
ON_ITS_WAY_IN_DANGER = timedelta(minutes=2)
# So long a step that is due may take.
A_STEP = timedelta(minutes=1)
Promise = Literal["today", "tomorrow"]


def ask(session: Session, pupil: Pupil, asked: AskForAdult, now: datetime) -> bool:
    """Note that a pupil asks for an adult: a request of theirs that is open is changed, never doubled.

    Danger raises what is open, and the leads who were told of danger are not asked beside it. Another adult than before
    is told at once; "this week" never slows what is for today. False when nothing is new.
    """
    open_ones = session.exec(
        select(Request)
        .where(Request.school_id == pupil.school_id, Request.pupil_id == pupil.id, Request.state == "open")
        .order_by(col(Request.danger).desc(), col(Request.asked_at))
    ).all()
    told_leads = asked.danger or asked.adult == LEADS
    request = next((one for one in open_ones if told_leads or not one.danger), None)
    if request is not None and request.danger:
        return False
    fresh = request is None
    request = request or Request(school_id=pupil.school_id, pupil_id=pupil.id, asked_at=now)
    request.danger = asked.danger
    session.add(request)
    session.flush()
    wish = wishes.wish_of(session, request)
    if not asked.danger:
        chosen = None if asked.adult == LEADS else UUID(hex=asked.adult)
        soon = "today" if not fresh and "today" in (asked.soon, wish.soon) else asked.soon
        if not fresh and (chosen, soon) == (wish.chosen_id, wish.soon):
            return False
        wish.chosen_id, wish.soon = chosen, soon
        wish.passed = [one for one in wish.passed if chosen is None or one != chosen.hex]
    session.add(wish)
    session.flush()
    set_due(session, pupil.school_id, "request", request.id.hex, now, version=int(now.timestamp()))
    return True


def kind_of(session: Session, request: Request) -> Kind:
    """Say which ladder a request climbs."""
    if request.danger:
        return "danger"
    return "week" if wishes.wish_of(session, request).soon == "week" else "today"


def begin(session: Session, school: SchoolFacts, request: Request, now: datetime) -> None:
    """Begin the climb of a request, or, when the pupil has chosen somebody else meanwhile, tell those too.

    Asking again puts off neither of the two moments at which the pupil hears that nothing has come of it.
    """
    before = cases.case_of(session, request)
    kind = kind_of(session, request)
    goes_on = before is not None and before.state == "open" and before.kind == kind
    cases.begin(session, school, request, kind, now)
    arrives_by = now + ON_ITS_WAY_IN_DANGER if request.danger else _in_school(school, now) + ON_ITS_WAY
    set_due(session, school.id, "talk.nobody", request.id.hex, arrives_by, no_later=True)
    _listen_for_an_answer(session, school, request, now, no_later=True)
    if goes_on and not request.danger:
        set_due(session, school.id, "talk.next", request.id.hex, _in_school(school, now))


def _listen_for_an_answer(
    session: Session, school: SchoolFacts, request: Request, now: datetime, *, no_later: bool = False
) -> None:
    """Set when the pupil hears that no answer has come: once school is over, and once the leads would be told of it."""
    case = cases.case_of(session, request)
    if case is None or request.danger:
        return
    calendar, ladder = school.calendar, cases.ladder_kept(case)
    day_end = calendar.local(calendar.local_date(_in_school(school, now)), calendar.day_end)
    leads_told = cases.when_due(school, ladder, now, ladder.rungs[-1].after)
    at = max(day_end, leads_told)
    set_due(session, school.id, "talk.unanswered", request.id.hex, at, no_later=no_later)


# --- what an adult answers --------------------------------------------------------------------------------------------


def promise(
    session: Session, school: SchoolFacts, request: Request, owner: Staff, said: Promise, now: datetime
) -> bool:
    """Note that somebody will find the pupil, today or on the next school day, and has it from now on.

    False, and nothing is changed, when it is somebody else's, done, or promised so already. Today means the next school
    day once school is over.
    """
    wish = wishes.wish_of(session, request)
    day, until = _promised(school.calendar, said, now)
    theirs = request.state == "owned" and request.owner_id == owner.id
    if request.state != "open" and not theirs:
        return False
    if theirs and wish.promised_for == until:
        return False
    request.state, request.owner_id, request.owned_at = "owned", owner.id, now
    wish.promise, wish.promised_for, wish.met = day, until, ""
    wish.promises += 1
    session.add_all((request, wish))
    minutes = school.calendar.school_minutes_between(now, until)
    cases.own(session, school, request, owner, now, promised=minutes)
    set_due(session, school.id, "talk.answered", request.id.hex, now, version=wish.promises)
    set_due(session, school.id, "talk.met", request.id.hex, _day_after(school.calendar, until), version=wish.promises)
    return True


def talked(session: Session, school: SchoolFacts, request: Request, owner: Staff, now: datetime) -> bool:
    """Note that its owner has talked with the pupil; who is still asked, once, whether it was so."""
    if request.state != "owned" or request.owner_id != owner.id:
        return False
    request.state = "done"
    session.add(request)
    cases.close(session, request, now)
    wish = wishes.wish_of(session, request)
    if request.danger or not wish.promises:
        # What was promised is asked about by itself; here nothing was, or before it became danger.
        wish.promises, wish.met = wish.promises + 1, ""
        session.add(wish)
        session.flush()
        asked_at = _day_after(school.calendar, now)
        set_due(session, school.id, "talk.met", request.id.hex, asked_at, version=wish.promises)
    return True


def not_talked(session: Session, school: SchoolFacts, request: Request, owner: Staff, now: datetime) -> bool:
    """Take back that its owner has talked with the pupil: they have it again, unless the pupil says that it was so."""
    if request.state != "done" or request.owner_id != owner.id or wishes.wish_of(session, request).met == "yes":
        return False
    request.state = "owned"
    session.add(request)
    cases.own_again(session, school, request, owner, now)
    return True


def pass_on(
    session: Session, school: SchoolFacts, request: Request, staff: Staff, now: datetime, *, tell: bool = True
) -> bool:
    """Note that somebody cannot find the pupil: the next in line is told, and in the end the safeguarding leads.

    Without `tell` whoever calls this tells them. False, and nothing is changed, when it is done, somebody else's, or
    was passed on by them before.
    """
    wish = wishes.wish_of(session, request)
    theirs = request.state == "owned" and request.owner_id == staff.id
    if not theirs and (request.state != "open" or staff.id.hex in wish.passed):
        return False
    # Of somebody whom the pupil never heard of they hear nothing.
    heard_of = theirs or staff.id in wishes.line(session, request)[:1]
    wish.passed = sorted({*wish.passed, staff.id.hex})
    session.add(wish)
    if theirs:
        request.state, request.owner_id, request.owned_at = "open", None, None
        wish.promise, wish.promised_for = "", None
        session.add(request)
        cases.hand_back(session, school, request, now)
        _listen_for_an_answer(session, school, request, now)
    session.flush()
    if tell:
        set_due(session, school.id, "talk.next", request.id.hex, _in_school(school, now))
    if heard_of:
        set_due(session, school.id, "talk.passed", f"{request.id.hex}:{staff.id.hex}", now)
    return True


def is_in_line(session: Session, request: Request, staff: Staff) -> bool:
    """Say whether a request would go on to somebody else if this one cannot: so not from a lead it climbed to."""
    return is_in_own_line(session, request, staff.id) or not SAFEGUARDING & set(staff.roles)


def is_in_own_line(session: Session, request: Request, staff_id: UUID) -> bool:
    """Say whether somebody is one of those whom the pupil's wish goes to before the leads."""
    return staff_id in wishes.line(session, request)


# --- due work ---------------------------------------------------------------------------------------------------------


def tell_next(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """See to it that the first in line knows of a request; with nobody in line the next step comes at once."""
    request = session.get_one(Request, UUID(due.subject), with_for_update=True)
    case = cases.case_of(session, request)
    if request.state != "open" or request.danger or case is None:
        return []
    line = wishes.line(session, request)
    if not line:
        cases.climb_on(session, school, request, now)
        return []
    if line[0].hex not in wishes.wish_of(session, request).told:
        cases.tell(session, sealer, school, request, line[:1], f"{case.version}.{int(now.timestamp())}", now)
    show(session, sealer, school, request, now)
    return []


def nobody_reached(
    session: Session, _sealer: Sealer, _school: SchoolFacts, due: Due, _now: datetime
) -> list[Addressed]:
    """Tell the pupil when what they asked for has not arrived at anybody: the way to staff is out of order."""
    request = session.get_one(Request, UUID(due.subject))
    if request.state != "open" or outbox.has_arrived(session, cases.slots_of(request)):
        return []
    return [(request.pupil_id, NobodyReached(request.danger))]


def answered(session: Session, sealer: Sealer, _school: SchoolFacts, due: Due, _now: datetime) -> list[Addressed]:
    """Tell the pupil who will find them, and when."""
    request = session.get_one(Request, UUID(due.subject))
    wish = wishes.wish_of(session, request)
    owner = session.get(Staff, request.owner_id) if request.owner_id else None
    if owner is None or request.state != "owned" or wish.promises != due.version or wish.promise == "":
        return []
    said: Literal["today", "tomorrow", "later"] = (
        "today" if wish.promise == "today" else "tomorrow" if wish.promise == "tomorrow" else "later"
    )
    changed = wish.promises > 1
    return [(request.pupil_id, AdultAnswered(said, _name(sealer, owner), changed=changed))]


def passed(session: Session, sealer: Sealer, _school: SchoolFacts, due: Due, _now: datetime) -> list[Addressed]:
    """Tell the pupil that an adult cannot, and who is asked now."""
    request_id, _, staff_id = due.subject.partition(":")
    request = session.get_one(Request, UUID(request_id))
    if request.state != "open" or request.danger:
        return []
    line = wishes.line(session, request)
    other = session.get(Staff, line[0]) if line else None
    name = _name(sealer, session.get_one(Staff, UUID(staff_id)))
    return [(request.pupil_id, AdultAnswered("passed", name, _name(sealer, other) if other else ""))]


def ask_if_met(session: Session, sealer: Sealer, _school: SchoolFacts, due: Due, _now: datetime) -> list[Addressed]:
    """Ask the pupil, the school day after, whether it happened."""
    request = session.get_one(Request, UUID(due.subject))
    wish = wishes.wish_of(session, request)
    owner = session.get(Staff, request.owner_id) if request.owner_id else None
    # Of danger only what is said to be done: one that is owned lapses within the hour.
    going_on = request.state == "owned" and request.danger
    if owner is None or request.state == "open" or going_on or wish.promises != due.version or wish.met:
        return []
    pupil = session.get_one(Pupil, request.pupil_id)
    if pupil.status == "left":
        return []
    return [(pupil.id, MetAsked(request.id.hex, wish.promises, _name(sealer, owner)))]


def asked_again(
    session: Session, sealer: Sealer, school: SchoolFacts, request: Request, now: datetime
) -> list[Addressed]:
    """Tell the pupil who is asked now that nobody recorded what was promised; danger is the leads' again."""
    if request.state != "open":
        return []
    if request.danger:
        return [(request.pupil_id, AdultAnswered("asked again", "", changed=True, danger=True))]
    _listen_for_an_answer(session, school, request, now)
    line = wishes.line(session, request)
    other = session.get(Staff, line[0]) if line else None
    return [(request.pupil_id, AdultAnswered("asked again", "", _name(sealer, other) if other else "", changed=True))]


def tell_danger_again(session: Session, school: SchoolFacts, request: Request, now: datetime) -> None:
    """See to it that a pupil in danger hears that whoever had it has it no more."""
    set_due(session, school.id, "talk.danger.again", request.id.hex, now)


def danger_again(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Tell a pupil in danger that it is every lead's again, unless one of them owns it already."""
    return asked_again(session, sealer, school, session.get_one(Request, UUID(due.subject)), now)


def unanswered(session: Session, _sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Tell the pupil that no answer has come by the time they were given, once the leads were told of it.

    While nothing has arrived at anybody it waits till morning: of that they have heard already.
    """
    request = session.get_one(Request, UUID(due.subject), with_for_update=True)
    case = cases.case_of(session, request)
    if request.state != "open" or request.danger or case is None:
        return []
    ladder = cases.ladder_kept(case)
    if case.step < len(ladder.rungs):
        after = max(now, cases.when_due(school, ladder, case.since, case.waits)) + A_STEP
        set_due(session, school.id, due.kind, due.subject, after)
        return []
    if not outbox.has_arrived(session, cases.slots_of(request)):
        set_due(session, school.id, due.kind, due.subject, _day_after(school.calendar, now))
        return []
    return [(request.pupil_id, AdultAnswered("unanswered", ""))]


def show_again(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """Bring a request's card up to date once the pupil's phone can be reached no more, or again."""
    request = session.get(Request, UUID(due.subject))
    if request is not None and request.state in ("open", "owned"):
        show(session, sealer, school, request, now)
    return []


# --- what the pupil says afterwards -----------------------------------------------------------------------------------


def met(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    pupil: Pupil,
    request_id: str,
    promised: int,
    now: datetime,
    *,
    yes: bool,
) -> None:
    """Note what a pupil says of a promise: yes ends it, not yet opens it again and lets it climb on at once.

    What is not theirs, or of an earlier promise, or was said already, changes nothing.
    """
    try:
        request = session.get(Request, UUID(hex=request_id), with_for_update=True)
    except ValueError:
        return
    wish = session.get(Wish, request.id) if request is not None else None
    if request is None or wish is None or request.pupil_id != pupil.id or wish.promises != promised or wish.met:
        return
    wish.met = "yes" if yes else "not yet"
    session.add(wish)
    if yes and request.state == "owned":
        request.state = "done"
        cases.close(session, request, now)
    elif not yes and request.state != "open":
        request.state, request.owner_id, request.owned_at = "open", None, None
        # Both hear of it now: it has waited once already.
        cases.climb_on(session, school, request, now, past_first=True)
        _listen_for_an_answer(session, school, request, now)
    session.add(request)
    session.flush()
    show(session, sealer, school, request, now)


def show(session: Session, sealer: Sealer, school: SchoolFacts, request: Request, now: datetime) -> None:
    """Bring every copy of a request's card up to date."""
    slots = cases.slots_of(request)
    card = cases.card_of(session, sealer, school, request)
    update_copies(session, sealer, school, slots, card, dedupe=f"{slots}{new_id().hex}", now=now)


# --- days -------------------------------------------------------------------------------------------------------------


def _promised(calendar: SchoolCalendar, said: Promise, now: datetime) -> tuple[str, datetime]:
    """What a promise comes to in the pupil's words, and the end of the school day it is for."""
    today = calendar.local_date(now)
    if said == "today" and calendar.is_school_day(today) and now < calendar.local(today, calendar.day_end):
        return "today", calendar.local(today, calendar.day_end)
    day = calendar.next_school_day(today) or today + DAY
    return "tomorrow" if day == today + DAY else "later", calendar.local(day, calendar.day_end)


def _day_after(calendar: SchoolCalendar, moment: datetime) -> datetime:
    day = calendar.local_date(moment)
    return calendar.local(calendar.next_school_day(day) or day + DAY, calendar.day_start)


def _in_school(school: SchoolFacts, now: datetime) -> datetime:
    return next_in_school(school, now) or now


def _name(sealer: Sealer, staff: Staff) -> str:
    return name_of(sealer, staff)
