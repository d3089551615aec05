"""What the bot wrote to somebody, for their copy: each message that is still kept, as it last stood in their chat."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from bot.copies.words import DAMAGED
from bot.text import render
from conversations.model import Message
from store.sealing import Sealer, Unreadable
from store.tables import Outbox


def written_to(session: Session, sealer: Sealer, school_id: UUID, recipient: str) -> Iterator[dict[str, Any]]:
    """Yield the messages that were sent to a recipient, oldest first: when, and their lines as they were sent.

    Of one that was changed in place only the last words are there. A picture, a voice and a copy hold nothing that is
    not in the copy by itself, and are passed over.
    """
    letters = select(Outbox).where(
        Outbox.school_id == school_id,
        Outbox.network == "telegram",
        Outbox.recipient == recipient,
        Outbox.state == "sent",
        col(Outbox.method).in_(("send", "edit")),
    )
    last: dict[object, dict[str, Any]] = {}
    # Ids grow in the order of writing.
    for row in session.exec(letters.order_by(col(Outbox.id))):
        try:
            payload = sealer.read(row, "payload")
        except Unreadable:
            last[row.id] = {"done_at": row.done_at, "message": DAMAGED}
            continue
        place = row.slot or payload.get("message_id") or row.id
        last.pop(place, None)
        last[place] = {"done_at": row.done_at, "message": _lines(payload)}
    yield from last.values()


def _lines(payload: dict[str, Any]) -> list[str]:
    message = Message.from_json(payload["message"])
    phrases = [message.title, *message.paragraphs] if message.title else message.paragraphs
    return [render(phrase, payload["language"], payload["zone"]) for phrase in phrases]
