"""What tests of Whisper's path do in a chat, and what a reader would read of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from benchmarks.whisper_town import NOW, Town
from conversations.model import CheckInId, OpenCheckIn, State
from store.tables import Conversation, Pupil
from store.whisper_desk import open_thread, queue
from store.whisper_tables import reader


def threads(town: Town) -> list[list[str]]:
    """What the first reader would read."""
    with town.whispers.read() as connection:
        who = connection.execute(select(reader.c.id)).scalars().first()
    assert who is not None
    return [
        [turn.words if turn.what != "photo" else "a photo" for turn in open_thread(town.whispers, who, line.id).turns]
        for line in queue(town.whispers, who)
    ]


async def begin(town: Town, chat: int) -> None:
    await town.feed(town.text(chat, "/whisper"))
    await town.feed(town.tap(chat, "w:a:m"))
    await town.feed(town.tap(chat, "w:k:mb"))


def photo(town: Town, chat: int, file_id: str, size: int) -> dict[str, Any]:
    update = town.text(chat, "")
    del update["message"]["text"]
    update["message"] |= {"photo": [{"file_id": file_id, "file_size": size}], "media_group_id": "1"}
    return update


def check_in_opens(town: Town, chat: int) -> None:
    """Let a check-in stand at its first question in a chat."""
    check_in = OpenCheckIn(CheckInId("0" * 31 + "1"), "2026-1", ("SD-IN-1",), NOW + timedelta(days=1), NOW)
    with Session(town.engine) as session:
        pupil = session.get_one(Pupil, UUID(town.pupils[chat]))
        conversation = Conversation(pupil_id=pupil.id, school_id=pupil.school_id)
        town.sealer.write(conversation, "data", State(check_in=check_in).to_json())
        session.add(conversation)
        session.commit()
