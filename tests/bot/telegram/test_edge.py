"""The Telegram edge against the stand-in server: nothing is acknowledged before it is committed, nothing is lost."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup

from bot.health import Refusals
from bot.telegram.edge import NOT_ACCEPTED, TRIES, WEBHOOK_PATH, TelegramEdge
from bot.telegram.request import AiohttpRequest
from bot.worker import T, Worker
from scheduling.school import Schools
from store.outbox import Letter
from store.sealing import Sealer
from store.tables import Cursor, Outbox, Pupil, Seen
from tests.bot.classroom import Classroom, classroom
from tests.rehearsal.telegram_rig import ROBIN, Rig, eventually, serving

SECRET = "a-secret-of-this-test"
CYMRAEG = InlineKeyboardMarkup([[InlineKeyboardButton("Cymraeg", callback_data="lang:cy")]])
CURSOR = "telegram:700000001"


class Disk(Worker):
    """A worker whose disk may be full: what was done is then rolled back."""

    full = False
    # Whose letters it will not take, whatever else it takes.
    never = ""
    says: Exception = Exception("out of memory")

    async def run(self, work: Callable[[Session], T]) -> T:
        def refuse(session: Session) -> T:
            done = work(session)
            theirs = select(Outbox.id).where(Outbox.recipient == self.never)
            if self.full or session.exec(theirs).first() is not None:
                raise OperationalError("COMMIT", {}, self.says)
            return done

        return await super().run(refuse if self.full or self.never else work)


@dataclass
class Desk:
    """An edge at work for one pupil, Robin, and what came of it."""

    rig: Rig
    worker: Disk
    room: Classroom
    letters: list[Letter] = field(default_factory=list)
    woken: int = 0
    # Whether updates may be taken in: no other process does.
    may: bool = True
    refusals: Refusals = field(default_factory=Refusals)

    def edge(self, bot: Bot | None = None, again: float = 1.0) -> TelegramEdge:
        return TelegramEdge(
            bot or self.rig.bot,
            self.room.runner,
            self.worker,
            Schools(self.room.school.id).of,
            self.letters.extend,
            self.wake,
            SECRET,
            may=lambda: self.may,
            refusals=self.refusals,
            again=again,
        )

    def wake(self) -> None:
        self.woken += 1

    def cursor(self) -> int | None:
        def read(session: Session) -> int | None:
            cursor = session.get(Cursor, CURSOR)
            return cursor.position if cursor else None

        return self.worker.run_now(read)

    def move_cursor(self, position: int) -> None:
        self.worker.run_now(lambda session: session.add(Cursor(name=CURSOR, position=position)))

    def answered(self) -> list[str]:
        return [letter.payload["message"]["paragraphs"][0]["t"][:12] for letter in self.letters]

    def kept(self) -> list[int]:
        def read(session: Session) -> list[int]:
            return [row.lane for row in session.exec(select(Outbox)).all()]

        return self.worker.run_now(read)

    async def pending(self) -> int:
        return int((await self.rig.phone("GET", "stats"))["pending"])


@pytest.fixture
async def desk(engine: Engine, session: Session, sealer: Sealer) -> AsyncIterator[Desk]:
    room = classroom(session, sealer)
    room.pupil(ROBIN)
    session.commit()
    worker = Disk(engine)
    async with serving() as rig:
        await rig.start(ROBIN)
        yield Desk(rig, worker, room)
    worker.close()


@asynccontextmanager
async def polling(edge: TelegramEdge) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(edge.poll(stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(5):
            await task


async def said(desk: Desk, words: str, user: int = ROBIN) -> None:
    await desk.rig.phone("POST", f"{user}/text", {"text": words})


# --- polling ----------------------------------------------------------------------------------------------------------


async def test_the_offset_moves_after_the_commit_and_not_before(desk: Desk):
    await said(desk, "hello")
    desk.worker.full = True
    edge = desk.edge()
    stop = asyncio.Event()
    offset = 0
    updates = await edge._fetch(offset)
    assert await edge._take(updates, offset, stop) == 0
    desk.worker.full = False
    assert (desk.cursor(), desk.kept(), desk.letters, edge.committed) == (None, [], [], 0)
    assert await desk.pending() == 1
    async with polling(edge):
        await eventually(lambda: edge.committed == 1)
        await eventually(lambda: desk.cursor() == updates[0]["update_id"] + 1)
    assert desk.answered() == ["Thanks for w"]
    assert desk.kept() == [1]


async def test_what_was_fetched_before_the_process_hung_is_left_to_the_one_that_took_over(desk: Desk):
    await said(desk, "hello")
    edge, stop = desk.edge(), asyncio.Event()
    updates = await edge._fetch(0)
    desk.may = False
    assert await edge._take(updates, 0, stop) == 0
    assert (desk.cursor(), desk.kept(), edge.committed, await desk.pending()) == (None, [], 0, 1)
    desk.may = True
    assert await edge._take(updates, 0, stop) == updates[0]["update_id"] + 1
    assert desk.answered() == ["Thanks for w"]


async def test_an_edge_that_starts_again_goes_on_where_it_was(desk: Desk):
    await said(desk, "one")
    first, second = desk.edge(), desk.edge()
    async with polling(first):
        await eventually(lambda: first.committed == 1)
    await said(desk, "two")
    async with polling(second):
        await eventually(lambda: second.committed == 1)
    assert desk.answered() == ["Thanks for w"] * 2


async def test_an_update_delivered_twice_is_handled_once(desk: Desk):
    await said(desk, "one")
    edge = desk.edge()
    async with polling(edge):
        await eventually(lambda: edge.committed == 1)
        await said(desk, "two")
        await eventually(lambda: edge.committed == 2)
        position = desk.cursor()
        desk.rig.api.updates.repeat()
        await eventually(lambda: edge.committed == 3)
        assert desk.cursor() == position
        await said(desk, "three")
        await eventually(lambda: edge.committed == 4)
    assert len(desk.letters) == 3


async def test_numbers_that_begin_anew_after_a_silence_are_not_taken_for_repeats(desk: Desk):
    # After a week without updates Telegram goes on from any number, which may be far below the last.
    desk.move_cursor(900_000_000)
    edge, stop = desk.edge(), asyncio.Event()
    chat = {"id": ROBIN, "type": "private"}
    updates = [{"update_id": 12_345, "message": {"message_id": 1, "chat": chat, "text": "hello"}}]
    assert await edge._take(updates, 900_000_000, stop) == 12_346
    assert desk.answered() == ["Thanks for w"]
    assert desk.cursor() == 12_346


async def test_an_update_nobody_understands_does_not_hold_up_those_behind_it(desk: Desk):
    for odd in ({"message": {"text": 7}}, {"next_year": {}}, {"message": None}, {"channel_post": {"chat": 1}}):
        await desk.rig.phone("POST", "update", odd)
    await said(desk, "hello")
    edge = desk.edge()
    async with polling(edge):
        await eventually(lambda: desk.answered() == ["Thanks for w"])
    assert await desk.pending() <= 5
    assert desk.room.failures() == []


async def test_an_update_that_the_store_will_never_take_does_not_hold_up_those_behind_it(desk: Desk):
    other = ROBIN + 1
    (robin,) = desk.room.rows(Pupil)
    desk.room.pupil(other)
    desk.room.session.commit()
    desk.worker.never = f"pupil:{robin.id.hex}"
    updates = [
        {"update_id": number, "message": {"message_id": 1, "chat": {"id": chat, "type": "private"}, "text": "hello"}}
        for number, chat in enumerate((other, ROBIN, other, other), start=7)
    ]
    edge, stop, offset, rounds = desk.edge(again=0.0), asyncio.Event(), 7, 0
    while offset < 11:
        offset = await edge._take([one for one in updates if one["update_id"] >= offset], offset, stop)
        rounds += 1
        assert rounds < 30
    assert [(letter.payload["chat"], words) for letter, words in zip(desk.letters, desk.answered(), strict=True)] == [
        (other, "Thanks for w"),
        (ROBIN, "Sorry, that "),
        (other, "Thanks for w"),
        (other, "Thanks for w"),
    ]
    assert desk.room.failures() == [("Text", "OperationalError")]
    assert desk.cursor() == 11


async def test_a_store_that_takes_nothing_at_all_loses_nothing(desk: Desk):
    updates = [
        {"update_id": number, "message": {"message_id": 1, "chat": {"id": ROBIN, "type": "private"}, "text": "hello"}}
        for number in (7, 8)
    ]
    edge, stop = desk.edge(again=0.0), asyncio.Event()
    desk.worker.full = True
    for _ in range(4 * TRIES):
        assert await edge._take(updates, 7, stop) == 7
    desk.worker.full = False
    assert await edge._take(updates, 7, stop) == 8
    assert await edge._take(updates[1:], 8, stop) == 9
    assert desk.answered() == ["Thanks for w"] * 2
    assert desk.room.failures() == []


async def test_what_a_disk_has_no_room_for_waits_though_there_is_room_for_less(desk: Desk):
    (robin,) = desk.room.rows(Pupil)
    desk.worker.never, desk.worker.says = f"pupil:{robin.id.hex}", sqlite3.OperationalError("full")
    desk.worker.says.sqlite_errorcode = sqlite3.SQLITE_FULL
    chat = {"id": ROBIN, "type": "private"}
    updates = [{"update_id": 7, "message": {"message_id": 1, "chat": chat, "text": "hello"}}]
    edge, stop = desk.edge(again=0.0), asyncio.Event()
    for _ in range(4 * TRIES):
        # To note that it was refused would take less room than the answer does.
        assert await edge._take(updates, 7, stop) == 7
    desk.worker.never = ""
    assert await edge._take(updates, 7, stop) == 8
    assert desk.answered() == ["Thanks for w"]
    assert desk.room.failures() == []


async def test_a_tap_is_answered_and_work_that_fell_due_wakes_the_ticker(desk: Desk):
    await desk.rig.bot.send_message(ROBIN, "buttons")
    message = (await desk.rig.messages())[-1]["message_id"]
    await desk.rig.phone("POST", f"{ROBIN}/tap", {"message_id": message, "data": "c:x:0:1"})
    await desk.rig.phone("POST", f"{ROBIN}/tap", {"message_id": message, "data": "talk:danger"})
    edge = desk.edge()
    async with polling(edge):
        await eventually(lambda: desk.rig.api.calls["answercallbackquery"] == 2)
    assert desk.woken == 1
    assert [letter.lane for letter in desk.letters] == [0]


async def test_faults_of_the_network_are_waited_out(desk: Desk):
    edge = desk.edge()
    desk.rig.faults.mode, desk.rig.faults.every = "5xx", 2
    async with polling(edge):
        for words in ("one", "two", "three"):
            await said(desk, words)
        await eventually(lambda: len(desk.letters) == 3)
    assert edge.committed == 3


async def test_an_edge_hears_once_telegram_has_answered_it(desk: Desk):
    edge = desk.edge()
    desk.rig.faults.mode, desk.rig.faults.every = "5xx", 1
    async with polling(edge):
        await asyncio.sleep(0.2)
        assert not edge.hears()
        desk.rig.faults.mode = "off"
        await said(desk, "one")
        await eventually(edge.hears)


class Two(random.Random):
    """Chance that chooses the last: a 429 names two seconds."""

    def choice(self, seq: Any) -> Any:  # noqa: ANN401
        return seq[-1]


@pytest.mark.only(database_url="sqlite")
async def test_a_429_to_the_fetching_is_waited_out_for_as_long_as_it_says(desk: Desk):
    desk.rig.faults.mode, desk.rig.faults.every, desk.rig.faults.random = "429", 1, Two()
    began = time.monotonic()
    assert await desk.edge()._fetch(0) == []
    assert time.monotonic() - began >= 2.0


async def test_a_block_marks_the_pupil_and_sends_nothing(desk: Desk):
    await desk.rig.phone("POST", f"{ROBIN}/block", {"blocked": True})
    edge = desk.edge()
    async with polling(edge):
        await eventually(lambda: edge.committed == 1)
    assert [row.unreachable_since for row in desk.room.rows(Pupil)] == [desk.room.clock()]
    assert desk.letters == []


# --- webhook ----------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def hooked(edge: TelegramEdge) -> AsyncIterator[str]:
    app = web.Application()
    edge.add_routes(app)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def update(number: int = 1, text: str = "hello") -> dict[str, Any]:
    message = {"message_id": 1, "chat": {"id": ROBIN, "type": "private"}, "text": text}
    return {"update_id": number, "message": message}


async def deliver(desk: Desk, base: str, body: object, secret: str | None = SECRET) -> int:
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with desk.rig.http.post(f"{base}{WEBHOOK_PATH}", data=data, headers=headers) as answer:
        return answer.status


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", "é"])
async def test_a_wrong_secret_is_refused(desk: Desk, secret: str | None):
    async with hooked(desk.edge()) as base:
        assert await deliver(desk, base, update(), secret) == 403
    assert (desk.letters, desk.kept()) == ([], [])


async def test_a_secret_that_is_not_even_text_is_refused(desk: Desk):
    async with hooked(desk.edge()) as base:
        host, port = base.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"POST {WEBHOOK_PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n"
        writer.write(head.encode() + b"X-Telegram-Bot-Api-Secret-Token: \xff\xfe\r\n\r\n{}")
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert answer.split(b"\r\n")[0] == b"HTTP/1.1 403 Forbidden"


async def test_an_update_by_webhook_is_answered_once_however_often_it_comes(desk: Desk):
    async with hooked(desk.edge()) as base:
        statuses = [await deliver(desk, base, update()) for _ in range(3)]
    assert statuses == [200, 200, 200]
    assert desk.answered() == ["Thanks for w"]
    assert len(desk.room.rows(Seen)) == 1


async def test_a_store_that_fails_leaves_the_update_with_telegram(desk: Desk):
    async with hooked(desk.edge()) as base:
        desk.worker.full = True
        assert await deliver(desk, base, update()) == 503
        assert (desk.letters, desk.kept()) == ([], [])
        desk.worker.full = False
        assert await deliver(desk, base, update()) == 200
    assert desk.answered() == ["Thanks for w"]


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 400), (b"{", 400), (b"\xff", 400), (b"[]", 200), (b"{}", 200), (b'{"update_id":1}', 200)]
)
async def test_a_body_that_is_no_update_harms_nothing(desk: Desk, body: bytes, status: int):
    async with hooked(desk.edge()) as base:
        assert await deliver(desk, base, body) == status
    assert desk.kept() == []


async def test_telegram_delivers_to_the_webhook_that_was_announced_until_it_is_taken(desk: Desk):
    edge = desk.edge()
    async with hooked(edge) as base:
        desk.worker.full = True
        await edge.announce(base + "/")
        await said(desk, "hello")
        await eventually(lambda: desk.rig.api.updates.hook_info().get("last_error_date", 0) > 0)
        desk.worker.full = False
        await eventually(lambda: len(desk.rig.api.updates) == 0)
        await edge.announce("")
    assert desk.answered() == ["Thanks for w"]
    assert desk.rig.api.updates.hook is None


async def test_the_commands_menu_is_set(desk: Desk):
    await desk.edge().show_menus()
    commands = (await desk.rig.phone("GET", f"{ROBIN}/messages"))["commands"]
    assert [one["command"] for one in commands] == [
        "menu",
        "talk",
        "whisper",
        "goto",
        "mine",
        "help",
        "language",
        "stop",
        "start",
    ]


async def test_the_commands_menu_of_a_chat_follows_the_language_chosen_there(desk: Desk):
    edge = desk.edge()
    await edge.show_menus()
    sent = await desk.rig.bot.send_message(ROBIN, "Which language?", reply_markup=CYMRAEG)

    async def menu() -> list[str]:
        return [one["description"] for one in (await desk.rig.phone("GET", f"{ROBIN}/messages"))["commands"]]

    assert (await menu())[1] == "talk to someone"
    async with polling(edge):
        await desk.rig.phone("POST", f"{ROBIN}/tap", {"message_id": sent.message_id, "data": "lang:cy"})
        for _ in range(1000):
            if (await menu())[1] == "siarad â rhywun":
                break
            await asyncio.sleep(0.01)
    assert (await menu())[1] == "siarad â rhywun"
    # A start of the bot sets the menus of languages anew, and leaves a chat its own.
    await edge.show_menus()
    assert (await menu())[1] == "siarad â rhywun"


async def test_a_token_that_is_taken_back_while_updates_are_fetched_is_noted(desk: Desk):
    requests = AiohttpRequest(connections=1), AiohttpRequest(connections=1)
    base = f"{desk.rig.base}/bot"
    bot = Bot("700000001:taken-back", base_url=base, request=requests[0], get_updates_request=requests[1])
    async with polling(desk.edge(bot)):
        await eventually(lambda: desk.refusals.problems == [NOT_ACCEPTED])
    for request in requests:
        await request.shutdown()
    # Asked with the right one, Telegram answers again.
    await desk.rig.phone("POST", f"{ROBIN}/text", {"text": "/help"})
    async with polling(desk.edge()):
        await eventually(lambda: desk.refusals.problems == [])
