"""T5 and its control: killed at every await, nothing that was sent is lost, nobody is named, no word is on the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from benchmarks.whisper_town import Killed, MemoryVoice, Town, make_town
from bot.whisper.parts import Parts
from bot.worker import Worker
from store.sealing import Sealer
from store.whisper_desk import open_thread, queue
from store.whisper_store import WhisperStore
from store.whisper_tables import reader

T = TypeVar("T")
WORDS = "he hits me and I want to die"


class MortalWorker(Worker):
    """The main store's worker, in whose calls the process may die: before its work is done, or after."""

    fate: MemoryVoice

    async def run(self, work: Callable[[Session], T]) -> T:
        self.fate._call()
        result = await super().run(work)
        self.fate._call()
        return result


@dataclass(frozen=True)
class MortalParts(Parts):
    """The whisper store's thread, likewise."""

    fate: MemoryVoice | None = None

    async def on_thread(self, work: Callable[..., T], *args: Any, **more: Any) -> T:  # noqa: ANN401
        assert self.fate is not None
        self.fate._call()
        result = await super().on_thread(work, *args, **more)
        self.fate._call()
        return result


@pytest.fixture
def town(engine: Engine, sealer: Sealer, whisper_store: WhisperStore) -> Iterator[Town]:
    made = make_town(engine, sealer, whisper_store, pupils=2)
    made.worker = MortalWorker(engine)
    made.worker.fate = made.voice
    parts = made.parts
    made.parts = MortalParts(parts.store, made.worker, parts.sealer, parts.clock, parts.school, fate=made.voice)
    made.restart()
    yield made
    made.parts.close()


def reports(town: Town) -> set[str]:
    return {line.id for line in queue(town.whispers)}


def copies(town: Town, had: set[str]) -> int:
    """Count how often the words stand in what readers can open now and could not before."""
    with town.whispers.read() as connection:
        who = bytes(connection.execute(select(reader.c.id)).scalars().first() or b"")
    turns = [turn.words for one in reports(town) - had for turn in open_thread(town.whispers, who, one).turns]
    return turns.count(WORDS)


Deliver = Callable[[Town, dict[str, Any]], Any]


async def delivered(town: Town, update: dict[str, Any]) -> bool:
    """Deliver an update, and again when the process died over it, as Telegram does; gives whether it did."""
    try:
        await town.feed(update)
    except Killed:
        town.restart()
        await town.feed(update)
        return True
    return False


async def acknowledged_first(town: Town, update: dict[str, Any]) -> bool:
    """A leak of the other kind: the offset moves before the whisper is sealed, so that nothing comes again."""
    try:
        await town.feed(update)
    except Killed:
        town.restart()
        return True
    return False


async def spooled(town: Town, update: dict[str, Any]) -> bool:
    """Another: what came is written to a file until it is dealt with."""
    spool(Path(town.whispers.engine.url.database or "").parent, str(update))
    return await delivered(town, update)


def spool(folder: Path, words: str) -> None:
    with folder.joinpath("spool.json").open("a") as file:
        file.write(words)


@dataclass
class Found:
    """What was found at each point of dying: where words were lost, or kept twice, and which files hold plain words."""

    points: int
    lost: list[int]
    twice: list[int]
    files: list[str]


async def killed_everywhere(town: Town, folder: Path, deliver: Deliver, *, every: int = 1) -> Found:
    found = Found(0, [], [], [])
    for point in range(1, 500, every):
        had = reports(town)
        town.voice.marks.clear()
        town.voice.deadline = 0
        town.restart()
        # A process that has run a while: its first batch is long past.
        await town.feed(town.text(town.chats[1], "/whisper"))
        await town.feed(town.tap(town.chats[1], "w:q"))
        town.voice.calls, town.voice.deadline = 0, point
        killed = await exchange(town, deliver)
        town.voice.deadline = 0
        kept = copies(town, had)
        found.lost += [point] if kept == 0 else []
        found.twice += [point] if kept > 1 else []
        if not killed:
            break
        found.points += 1
    found.files = files_with(folder, WORDS.encode())
    return found


def files_with(folder: Path, words: bytes) -> list[str]:
    return [path.name for path in sorted(folder.iterdir()) if path.is_file() and words in path.read_bytes()]


async def exchange(town: Town, deliver: Deliver) -> bool:
    """Go through a whisper as a person does, sending again nothing themselves; gives whether the process was killed."""
    chat = town.chats[0]
    killed = [
        await deliver(town, town.text(chat, "/whisper")),
        await deliver(town, town.tap(chat, "w:a:m")),
        await deliver(town, town.tap(chat, "w:k:mb")),
        await deliver(town, town.text(chat, WORDS)),
    ]
    killed.append(await deliver(town, town.tap(chat, town.voice.button(chat, "I have finished"))))
    return any(killed)


async def test_killed_at_every_await_nothing_sent_is_lost_and_nobody_is_named(town: Town, tmp_path: Path):
    before = town.main_store()
    found = await killed_everywhere(town, tmp_path, delivered)
    assert found.points > 30
    assert (found.lost, found.twice, found.files) == ([], [], [])
    assert (
        town.voice.words(town.chats[0]).count(
            "Sealed. These six words are the only way back to it, for you or anybody who has them:"
        )
        >= found.points
    )
    after = town.main_store()
    assert {name for name in after if after[name] != before[name]} <= {"cursor"}


@pytest.mark.only(database_url="sqlite", whisper_url="sqlite")
@pytest.mark.parametrize(("deliver", "what"), [(acknowledged_first, "lost"), (spooled, "files")])
async def test_each_way_to_lose_or_to_leave_words_that_is_planted_is_found(
    town: Town, tmp_path: Path, deliver: Deliver, what: str
):
    found = await killed_everywhere(town, tmp_path, deliver, every=3)
    assert getattr(found, what) != []
