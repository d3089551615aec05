"""Unreached: a member of staff has no Slack that a card could reach, and what becomes of what it was about."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from scheduling import care_cards, cases, talking
from scheduling.briefing import update_copies
from scheduling.escalation import Ladder
from scheduling.rounds import Addressed
from scheduling.school import SchoolFacts
from store import outbox
from store.care_tables import NudgeAsk
from store.due import set_due
from store.outbox import Letter
from store.sealing import Sealer
from store.tables import Due, Flag, Request, Staff


def note(session: Session, letter: Letter, now: datetime) -> None:
    """A card could not reach somebody: whoever is next is to know, or whoever asked."""
    kind, _, rest = (letter.slot or "").partition(":")
    if kind == "request":
        request_id, staff_id = rest.split(":")[:2]
        set_due(session, letter.school_id, "talk.unreached", f"{request_id}:{staff_id}", now)
    elif kind == "nudge":
        set_due(session, letter.school_id, "nudge.unreached", rest.partition(":")[0], now)
    elif kind == "asked":
        set_due(session, letter.school_id, "asked.unreached", rest.partition(":")[0], now)


def of_request(session: Session, _sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """A pupil's wish goes to the next in line, as if who has no Slack could not."""
    request_id, _, staff_id = due.subject.partition(":")
    request = session.get_one(Request, UUID(request_id), with_for_update=True)
    if not request.danger and talking.is_in_own_line(session, request, UUID(staff_id)):
        talking.pass_on(session, school, request, session.get_one(Staff, UUID(staff_id)), now)
    return []


def of_nudge(session: Session, _sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """A nudge that has reached nobody, and is on its way to nobody, climbs on at once, as far as its last rung."""
    flag = session.get_one(Flag, UUID(due.subject), with_for_update=True)
    case, slots = cases.case_of(session, flag), cases.slots_of(flag)
    reached = outbox.slots_of(session, school.id, slots)
    if case is None or case.state != "open" or reached or case.step >= len(Ladder.from_json(case.ladder).rungs):
        return []
    cases.climb_on(session, school, flag, now)
    return []


def of_ask(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """A go-to who was asked to check in never heard of it: the nudge shows that they cannot."""
    ask = session.get_one(NudgeAsk, UUID(due.subject), with_for_update=True)
    if ask.answer or outbox.has_arrived(session, care_cards.copies_of(ask.id)):
        return []
    ask.answer = "no"
    session.add(ask)
    session.flush()
    flag = session.get_one(Flag, ask.flag_id)
    card, slots = cases.card_of(session, sealer, school, flag), cases.slots_of(flag)
    update_copies(session, sealer, school, slots, card, dedupe=f"{slots}unreached:{ask.id.hex}", now=now)
    return []
