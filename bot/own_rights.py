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
from store import audit, outbox
from store.outbox import Letter
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


def post_copy(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    pupil: Pupil,
    effect: SendCopy,
    now: datetime,
    *,
    chat: int,
    language: str,
    lease_to: str,
) -> Letter | None:
    """Write the letter that carries a copy. The copy itself is made as it leaves, and never lies in the store."""
    row = session.get(CopyRequest, UUID(effect.copy))
    if row is None or row.pupil_id != pupil.id or row.state != "sent":
        return None
    return outbox.post(
        session,
        sealer,
        school_id=school.id,
        network="telegram",
        lane="reply",
        method="document",
        recipient=f"pupil:{pupil.id.hex}",
        payload={"pupil": pupil.id.hex, "chat": chat, "language": language, "zone": school.zone},
        slot=f"own-copy:{row.id.hex}",
        dedupe=f"own-copy:{row.id.hex}",
        now=now,
        lease_to=lease_to,
    )


def copy_of(session: Session, sealer: Sealer, pupil_id: UUID, now: datetime) -> bytes | None:
    """Make a pupil's copy, as `earshot person export` does, and note that it was; None when they are not here."""
    pupil = session.get(Pupil, pupil_id)
    if pupil is None:
        return None
    school = session.get_one(School, pupil.school_id)
    page = as_page(gather(session, sealer, school, pupil, now))
    audit.record(session, school.id, now, actor="bot", action="person exported", subject=f"pupil:{pupil.id.hex}")
    return page.encode()
