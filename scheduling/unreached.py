"""Unreached: a member of staff has no Slack that a card could reach, and what becomes of what it was about.

What reaches none of the safeguarding leads is told to the head, who can find one of them without Slack.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlmodel import Session, col, select

from conversations.staff_absence import nobody_reached_card
from scheduling import care_cards, cases, talking
from scheduling.briefing import update_copies
from scheduling.rounds import Addressed
from scheduling.school import SchoolFacts
from scheduling.telling import could_post
from store import audit, outbox
from store.care_tables import NudgeAsk
from store.due import set_due
from store.guards import SAFEGUARDING
from store.outbox import Letter
from store.people import with_role
from store.sealing import Sealer
from store.tables import Due, Flag, Pupil, Request, Staff

log = structlog.get_logger()

ACTOR: Final = "job:slack"


def unlink(sealer: Sealer, session: Session, letter: Letter, now: datetime) -> None:
    """Untie somebody from a Slack account that is gone: their next card looks for one of their address anew."""
    kind, _, name = letter.recipient.partition(":")
    user = str(letter.payload.get("user") or "")
    staff = session.get(Staff, UUID(hex=name)) if kind == "staff" and user else None
    if staff is not None and staff.slack_user_key == sealer.blind("slack", user):
        staff.slack_user_key = staff.slack_user_sealed = None
        session.add(staff)
        subject = f"staff:{staff.id.hex}"
        audit.record(session, letter.school_id, now, actor=ACTOR, action="slack account gone", subject=subject)


def note_pupil(session: Session, pupil: Pupil, since: datetime | None, now: datetime) -> None:
    """Note since when a pupil's phone cannot be reached (None: it can); who was asked to find them is shown so."""
    if (pupil.unreachable_since is None) == (since is None):
        return
    pupil.unreachable_since = since
    session.add(pupil)
    waiting = (Request.school_id == pupil.school_id, Request.pupil_id == pupil.id)
    asked = session.exec(select(Request.id).where(*waiting, col(Request.state).in_(("open", "owned")))).all()
    for request_id in asked:
        set_due(session, pupil.school_id, "talk.show", request_id.hex, now)


def of_phone(session: Session, letter: Letter, now: datetime) -> None:
    """A message could not reach a pupil: they have cut us off, or their account is gone."""
    if letter.recipient.startswith("pupil:"):
        pupil = session.get(Pupil, UUID(letter.recipient.removeprefix("pupil:")))
        if pupil is not None:
            note_pupil(session, pupil, pupil.unreachable_since or now, now)


def note(session: Session, letter: Letter, now: datetime) -> None:
    """A card could not reach somebody: whoever is next is to know, or whoever asked."""
    if letter.method != "post":
        return
    kind, _, rest = (letter.slot or "").partition(":")
    if kind == "request":
        request_id, staff_id = rest.split(":")[:2]
        set_due(session, letter.school_id, "talk.unreached", f"{request_id}:{staff_id}", now)
    elif kind == "nudge":
        set_due(session, letter.school_id, "nudge.unreached", rest.partition(":")[0], now)
    elif kind == "asked":
        set_due(session, letter.school_id, "asked.unreached", rest.partition(":")[0], now)


def of_request(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """A pupil's wish goes to the next in line, as if who has no Slack could not; what was the leads', past them."""
    request_id, _, staff_id = due.subject.partition(":")
    request = session.get(Request, UUID(request_id), with_for_update=True)
    if request is None:
        return []
    if not request.danger and talking.is_in_own_line(session, request, UUID(staff_id)):
        talking.pass_on(session, school, request, session.get_one(Staff, UUID(staff_id)), now)
    else:
        _past_the_leads(session, sealer, school, request, staff_id, now)
    return []


def of_nudge(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """A nudge that has reached nobody, and is on its way to nobody, climbs on at once, as far as its last rung."""
    flag_id, _, staff_id = due.subject.partition(":")
    flag = session.get(Flag, UUID(flag_id), with_for_update=True)
    case = cases.case_of(session, flag) if flag is not None else None
    if flag is None or case is None or case.state != "open":
        return []
    _, reached = outbox.readers_of(session, school.id, cases.slots_of(flag))
    if not reached and case.step < len(cases.ladder_kept(case).rungs):
        cases.climb_on(session, school, flag, now)
    else:
        _past_the_leads(session, sealer, school, flag, staff_id, now)
    return []


def _past_the_leads(
    session: Session, sealer: Sealer, school: SchoolFacts, row: cases.Subject, staff_id: str, now: datetime
) -> None:
    """Where the leads were told and it reached none of them, let it climb on; from the top it goes to the head.

    The head hears of it once an hour at most, and of nudges, however many, once a day.
    """
    case = cases.case_of(session, row)
    leads = {one.id for one in with_role(session, school.id, *SAFEGUARDING)}
    told, reached = outbox.readers_of(session, school.id, cases.slots_of(row))
    if staff_id:
        # No card could even be written to somebody whose address does not open.
        told.add(UUID(staff_id))
    if case is None or case.state != "open" or not leads & told or leads & reached:
        return
    if case.step < len(cases.ladder_kept(case).rungs):
        if not reached:
            cases.climb_on(session, school, row, now)
        return
    often = f"{row.id.hex}:{now:%Y%m%d%H}" if isinstance(row, Request) else f"nudges:{now:%Y%m%d}"
    heads = [one for one in with_role(session, school.id, "head") if one.id not in leads]
    new = [one for one in heads if not outbox.is_written(session, f"none-reached:{one.id.hex}:{often}")]
    if new or not heads:
        log.error("what waits for the safeguarding leads has reached none of them: see `earshot doctor`")
    for head in new:
        how = {"slot": None, "dedupe": f"none-reached:{head.id.hex}:{often}", "now": now, "lane": "urgent"}
        could_post(session, sealer, school, head, nobody_reached_card(), event="unreached", **how)


def of_ask(session: Session, sealer: Sealer, school: SchoolFacts, due: Due, now: datetime) -> list[Addressed]:
    """A go-to who was asked to check in never heard of it: the nudge shows that they cannot."""
    ask = session.get(NudgeAsk, UUID(due.subject), with_for_update=True)
    if ask is None or ask.answer or outbox.has_arrived(session, care_cards.copies_of(ask.id)):
        return []
    ask.answer = "no"
    session.add(ask)
    session.flush()
    flag = session.get_one(Flag, ask.flag_id)
    card, slots = cases.card_of(session, sealer, school, flag), cases.slots_of(flag)
    update_copies(session, sealer, school, slots, card, dedupe=f"{slots}unreached:{ask.id.hex}", now=now)
    return []
