"""A pupil's rights in their own chat: what their copy and their contested notes are read from and written to."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from bot.copies.gathering import gather
from bot.copies.page import as_page
from conversations.flows.own_copy import notes_page
from conversations.model import ContestNote, Message, SendCopy
from scheduling import rights
from scheduling.school import SchoolFacts
from store import audit
from store.rights_tables import CopyRequest
from store.sealing import Sealer
from store.tables import Pupil, School


def notes(session: Session, pupil: Pupil) -> Message:
    """Give the page on what is not right, with the notes a pupil can contest: none before they have had a copy."""
    known = rights.contestable(session, pupil) if rights.had_copy(session, pupil) else ()
    return notes_page([(flag.id.hex, flag.raised_at) for flag in known])


def contest(
    session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil, effect: ContestNote, now: datetime
) -> None:
    """Contest one of a pupil's own notes; anything else that a button may say changes nothing."""
    if not rights.had_copy(session, pupil):
        return
    for flag in rights.contestable(session, pupil):
        if flag.id.hex == effect.note:
            rights.contest(session, sealer, school, flag, "pupil", now, "pupil")


def may_send(session: Session, pupil: Pupil, effect: SendCopy) -> bool:
    """Say whether a copy is this pupil's, and a member of staff said yes to it."""
    row = session.get(CopyRequest, UUID(effect.copy))
    return row is not None and row.pupil_id == pupil.id and row.state == "sent"


def copy_of(session: Session, sealer: Sealer, pupil_id: UUID, now: datetime) -> bytes | None:
    """Make a pupil's copy, as `earshot person export` does, and note that it was; None when they are not here."""
    pupil = session.get(Pupil, pupil_id)
    if pupil is None:
        return None
    school = session.get_one(School, pupil.school_id)
    page = as_page(gather(session, sealer, school, pupil, now))
    audit.record(session, school.id, now, actor="bot", action="person exported", subject=f"pupil:{pupil.id.hex}")
    return page.encode()
