"""The store cannot be written for a while: nothing is acknowledged, nothing is lost, and it goes on by itself."""

from __future__ import annotations

import asyncio
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import col, func, select

from store.tables import Outbox
from tests.crash.picture import faults
from tests.crash.rig import World, Zygote, world
from tests.crash.school import School
from tests.crash.script import odd_update, settled, write

TRIES_SECONDS = 2.5
Trouble = Callable[[World], AbstractContextManager[None]]


@contextmanager
def full_disk(stage: World) -> Iterator[None]:
    """The file may not grow by another page."""
    stage.panel.pages = 1
    yield
    stage.panel.pages = 0


@contextmanager
def failing_disk(stage: World) -> Iterator[None]:
    """The operating system refuses to write past what the write-ahead log holds now."""
    _, most = resource.prlimit(stage.pid, resource.RLIMIT_FSIZE)
    log = Path(stage.order.folder) / "earshot.sqlite-wal"
    resource.prlimit(stage.pid, resource.RLIMIT_FSIZE, (log.stat().st_size, most))
    yield
    resource.prlimit(stage.pid, resource.RLIMIT_FSIZE, (most, most))


@contextmanager
def locked(stage: World) -> Iterator[None]:
    """Another program writes, for longer than the bot is patient (which is made short here)."""
    stage.panel.patience_ms = 100
    with locked_briefly(stage):
        yield


@contextmanager
def locked_briefly(stage: World) -> Iterator[None]:
    """Another program writes, and the bot waits for it."""
    other = sqlite3.connect(Path(stage.order.folder) / "earshot.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


@pytest.mark.parametrize("trouble", [full_disk, failing_disk, locked, locked_briefly])
def test_what_cannot_be_kept_is_not_acknowledged_and_is_answered_once_afterwards(
    trouble: Trouble, zygote: Zygote, crash_school: School, tmp_path: Path
):
    asyncio.run(_through(trouble, zygote, crash_school, tmp_path / "data"))


async def _through(trouble: Trouble, zygote: Zygote, school: School, folder: Path) -> None:
    users = [one.id for one in school.people.pupils if one.started]
    async with world(zygote, school, folder) as stage:
        for user in users[:3]:
            await write(user, "/menu").play(stage)
        await settled(stage)
        with trouble(stage):
            typed = await _type_until_unheard(stage, users)
            left = len(stage.api.updates)
            # Long enough for it to be tried again, and again.
            await asyncio.sleep(TRIES_SECONDS)
            assert len(stage.api.updates) == left
        last = await odd_update(stage)
        await settled(stage)
        arrived = [int(one.chat) for one in stage.arrived]
        assert sorted(arrived) == sorted(users[:3] + typed)
        with stage.reading() as session:
            assert faults(session, stage, last) == []
            assert session.exec(select(func.count()).where(col(Outbox.state) == "sent")).one() == len(arrived)
        assert stage.lives == 1


async def _type_until_unheard(stage: World, users: list[int]) -> list[int]:
    """Have one pupil after the other type until an update is left lying; gives who typed.

    A file that may not grow still has some room within.
    """
    typed = []
    for user in users:
        typed.append(user)
        await stage.ask("POST", f"/phone/{user}/text", {"text": "/menu"})
        await asyncio.sleep(0.25)
        if len(stage.api.updates) > 1:
            return typed
    raise AssertionError("everything was heard")


def test_on_postgresql_a_table_locked_by_another_is_waited_for(
    zygote: Zygote, crash_school: School, crash_database_url: str, tmp_path: Path
):
    if crash_database_url:
        asyncio.run(_table_locked(zygote, crash_school, tmp_path / "data", crash_database_url))


async def _table_locked(zygote: Zygote, school: School, folder: Path, database_url: str) -> None:
    users = [one.id for one in school.people.pupils if one.started]
    async with world(zygote, school, folder, database_url) as stage:
        await write(users[0], "/menu").play(stage)
        await settled(stage)
        with stage.engine.begin() as other:
            other.execute(text("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE"))
            for user in users[:5]:
                await stage.ask("POST", f"/phone/{user}/text", {"text": "/menu"})
            await asyncio.sleep(TRIES_SECONDS)
            assert len(stage.api.updates) > 0
            assert len(stage.arrived) == 1
        last = await odd_update(stage)
        await settled(stage)
        assert sorted(int(one.chat) for one in stage.arrived) == sorted([users[0], *users[:5]])
        with stage.reading() as session:
            assert faults(session, stage, last) == []
