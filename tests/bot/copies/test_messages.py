"""What the bot wrote to a pupil, in their copy: as it last stood in their chat, and nothing of anybody else's."""

from datetime import timedelta

from sqlmodel import Session, select

from bot.copies.messages import written_to
from bot.copies.words import DAMAGED
from conversations.model import Message, say
from store import outbox
from store.ids import new_id
from store.sealing import Sealer
from store.tables import Outbox
from tests.factories import NOW, make_group, make_pupil, make_school

ROBIN = 7_000_000_001


def test_each_message_stands_once_as_it_last_was_and_only_what_was_sent(session: Session, sealer: Sealer) -> None:
    school = make_school(session)
    group = make_group(session, school, "7B", 7)
    pupil, other = (make_pupil(session, sealer, school, group) for _ in range(2))
    minutes = iter(range(60))

    def write(words: str, *, to: object = pupil, slot: str | None = None, at: int | None = None) -> outbox.Letter:
        message = Message((say(words),), say("Settings")).to_json()
        letter = outbox.post(
            session,
            sealer,
            school_id=school.id,
            network="telegram",
            lane="reply",
            method="send" if at is None else "edit",
            recipient=f"pupil:{to.id.hex}",  # type: ignore[attr-defined]
            payload={"message": message, "chat": ROBIN, "language": "cy", "zone": "Europe/London"}
            | ({"message_id": at} if at else {}),
            slot=slot,
            dedupe=new_id().hex,
            now=NOW,
            lease_to="tests",
        )
        assert letter is not None
        return letter

    def sent(letter: outbox.Letter, message_id: int | None) -> None:
        ref = {"chat": ROBIN, "message_id": message_id} if message_id else None
        outbox.sent(session, sealer, letter, NOW + timedelta(minutes=next(minutes)), ref)

    sent(write("Yes", slot="check-in:1"), 11)
    sent(write("No"), 12)
    sent(write("Done", slot="check-in:1", at=11), None)
    sent(write("Back", at=12), None)
    sent(write("Skip", to=other), 13)
    write("Menu")
    titled = ["Gosodiadau"]
    assert list(written_to(session, sealer, school.id, f"pupil:{pupil.id.hex}")) == [
        {"done_at": NOW + timedelta(minutes=2), "message": [*titled, "Wedi’i wneud"]},
        {"done_at": NOW + timedelta(minutes=3), "message": [*titled, "Yn ôl"]},
    ]
    for row in session.exec(select(Outbox)):
        row.payload_sealed = row.payload_sealed[:-1] + bytes([row.payload_sealed[-1] ^ 1])
    assert {row["message"] for row in written_to(session, sealer, school.id, f"pupil:{pupil.id.hex}")} == {DAMAGED}
