"""What tests of Whisper's path do in a chat, and what a reader would read of it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from bot.whisper.rounds import Rounds
from conversations.cards import Card
from scheduling.school import SchoolFacts
from store.tables import Staff
from store.whisper_desk import open_thread, queue
from store.whisper_tables import reader
from tests.anonymity.rig import Town


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


class MemorySlack:
    """Where cards would be posted."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, str]] = []
        self.deleted: list[tuple[str, str]] = []
        self.refuses_files = False
        self.files: list[tuple[str, str]] = []
        self.rewritten: list[tuple[str, str, Card]] = []

    async def user_of(self, staff: Staff, _school: SchoolFacts) -> str | None:
        return "+".join(staff.roles)

    async def post(self, user: str, card: Card, _school: SchoolFacts) -> tuple[str, str]:
        self.posted.append((user, card.title.text))
        return f"D{user}", str(len(self.posted))

    async def rewrite(self, channel: str, ts: str, card: Card, _school: SchoolFacts) -> None:
        self.rewritten.append((channel, ts, card))

    async def delete_file(self, report: str, file_id: str) -> None:
        if self.refuses_files:
            raise ConnectionError
        self.files.append((report, file_id))

    async def delete(self, channel: str, ts: str) -> None:
        self.deleted.append((channel, ts))


class Hand:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


async def rounds_of(town: Town, now: datetime) -> tuple[Rounds, MemorySlack, Hand]:
    slack, clock = MemorySlack(), Hand(now)
    parts = replace(town.parts, clock=clock, school=lambda _session: town.school)
    made = Rounds(parts, slack, town.voice, town.epochs)  # type: ignore[arg-type]
    await made.prepare()
    return made, slack, clock
