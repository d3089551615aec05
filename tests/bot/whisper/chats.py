"""What tests of Whisper's path do in a chat, and what a reader would read of it."""

from typing import Any

from sqlalchemy import select

from benchmarks.whisper_town import Town
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
