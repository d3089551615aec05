"""Updates on their way to the bot: long polls, their offsets and conflicts, webhooks and their retries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from telegram.error import Conflict

from rehearsal.telegram_webhook import Courier
from rehearsal.telegram_webhook import Hook as Address
from rehearsal.telegram_wire import Json
from tests.rehearsal.telegram_rig import ROBIN, SASHA, Rig, eventually, serving


def fail(what: object) -> None:
    raise AssertionError(what)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with serving() as running:
        await running.start()
        yield running


async def write(rig: Rig, *texts: str, user: int = ROBIN) -> None:
    for text in texts:
        await rig.phone("POST", f"{user}/text", {"text": text})


async def polled(rig: Rig, offset: int | None = None, limit: int | None = None) -> list[str]:
    updates = await rig.bot.get_updates(offset=offset, limit=limit, timeout=0)
    return [update.message.text or "" for update in updates if update.message]


async def waiting_poll(rig: Rig) -> asyncio.Task[Any]:
    poll = asyncio.create_task(rig.bot.get_updates(timeout=20))
    await eventually(lambda: rig.api.updates.polling)
    return poll


async def test_updates_come_in_order_and_again_until_confirmed(rig: Rig):
    await write(rig, "one", "two", "three")
    first = await rig.bot.get_updates(timeout=0)
    assert [update.update_id - first[0].update_id for update in first] == [0, 1, 2]
    assert await polled(rig) == ["one", "two", "three"]
    assert await polled(rig, offset=first[1].update_id) == ["two", "three"]
    assert await polled(rig) == ["two", "three"]


async def test_limit_is_kept(rig: Rig):
    await write(rig, "one", "two", "three")
    assert await polled(rig, limit=2) == ["one", "two"]


async def test_at_most_a_hundred_updates_come_at_once(rig: Rig):
    for number in range(105):
        await rig.phone("POST", "update", {"message_like": number})
    _, told = await rig.call("getUpdates", json={"limit": 1000})
    assert len(told["result"]) == 100


async def test_negative_offset_keeps_only_the_last(rig: Rig):
    await write(rig, "one", "two", "three")
    assert await polled(rig, offset=-1) == ["three"]
    assert await polled(rig) == ["three"]


async def test_offset_far_ahead_confirms_nothing_and_one_just_ahead_all(rig: Rig):
    await write(rig, "one")
    (update,) = await rig.bot.get_updates(timeout=0)
    assert await polled(rig, offset=update.update_id + 11) == ["one"]
    assert await polled(rig, offset=update.update_id + 10) == []
    assert await polled(rig) == []


async def test_fault_duplicate_before_any_update_was_accepted_repeats_nothing():
    async with serving() as rig:
        rig.api.updates.repeat()
        assert await polled(rig) == []


async def test_waiting_poll_wakes_when_somebody_writes(rig: Rig):
    poll = await waiting_poll(rig)
    await write(rig, "hello")
    async with asyncio.timeout(5):
        assert [update.message.text for update in await poll] == ["hello"]


async def test_poll_without_news_ends_empty_after_its_timeout(rig: Rig):
    assert await rig.bot.get_updates(timeout=1) == ()


async def test_second_poll_ends_the_first_with_a_conflict(rig: Rig):
    first = await waiting_poll(rig)
    second = asyncio.create_task(rig.bot.get_updates(timeout=20))
    with pytest.raises(Conflict) as ended:
        await first
    assert ended.value.message == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    await write(rig, "hello")
    assert len(await second) == 1


async def test_poll_is_refused_while_a_webhook_is_set(rig: Rig):
    await rig.bot.set_webhook("http://127.0.0.1:9/hook")
    described = await rig.refused("getUpdates")
    assert described == (
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    )


async def test_setting_a_webhook_ends_a_waiting_poll(rig: Rig):
    poll = await waiting_poll(rig)
    await rig.bot.set_webhook("http://127.0.0.1:9/hook")
    with pytest.raises(Conflict, match=r"^Conflict: terminated by setWebhook request$"):
        await poll


async def test_kinds_not_asked_for_do_not_come_until_asked_for_again(rig: Rig):
    await rig.bot.get_updates(timeout=0, allowed_updates=["callback_query"])
    await write(rig, "unheard")
    assert await polled(rig) == []
    await rig.bot.get_updates(timeout=0, allowed_updates=[])
    await write(rig, "heard")
    assert await polled(rig) == ["heard"]


async def test_chat_member_comes_only_when_asked_for(rig: Rig):
    assert await rig.phone("POST", "update", {"chat_member": {}}) == {"update_id": None}
    await rig.call("getUpdates", json={"allowed_updates": ["chat_member"]})
    assert (await rig.phone("POST", "update", {"chat_member": {}}))["update_id"] is not None


async def test_updates_are_forgotten_after_a_day(rig: Rig):
    await write(rig, "old")
    rig.clock.now += 24 * 3600 + 1
    await write(rig, "new")
    assert await polled(rig) == ["new"]


async def test_raw_update_comes_as_it_is(rig: Rig):
    number = (await rig.phone("POST", "update", {"update_id": 1, "weather": {"rain": True}}))["update_id"]
    _, told = await rig.call("getUpdates")
    assert told["result"] == [{"update_id": number, "weather": {"rain": True}}]


@dataclass
class Hook:
    """A webhook that answers with the given statuses in turn, then 200, and keeps what it accepted."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    accepted: list[dict[str, Any]] = field(default_factory=list)
    refused: int = 0
    secrets: set[str | None] = field(default_factory=set)

    async def take(self, request: web.Request) -> web.Response:
        self.secrets.add(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        if self.statuses:
            self.refused += 1
            return web.Response(status=self.statuses.pop(0))
        self.accepted.append(await request.json())
        return web.Response()

    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.accepted]

    async def until(self, count: int) -> None:
        await eventually(lambda: len(self.accepted) >= count)


@asynccontextmanager
async def listening(port: int = 0) -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield hook
    finally:
        await runner.cleanup()


async def test_webhook_gets_waiting_and_new_updates_with_the_secret(rig: Rig):
    await write(rig, "waiting")
    async with listening() as hook:
        assert await rig.bot.set_webhook(hook.url, secret_token="a-secret_1")
        await write(rig, "new")
        await hook.until(2)
        assert hook.texts() == ["waiting", "new"]
        assert hook.secrets == {"a-secret_1"}
        info = await rig.bot.get_webhook_info()
        assert (info.url, info.pending_update_count, info.last_error_message) == (hook.url, 0, None)
        await rig.bot.delete_webhook()


async def test_webhook_is_tried_again_in_order_until_it_accepts(rig: Rig):
    async with listening() as hook:
        hook.statuses = [503, 500]
        await rig.bot.set_webhook(hook.url)
        await write(rig, "one", "two")
        await eventually(lambda: hook.refused == 2)
        info = await rig.bot.get_webhook_info()
        assert info.pending_update_count == 2
        assert info.last_error_message == "Wrong response from the webhook: 500 Internal Server Error"
        await hook.until(2)
        assert hook.texts() == ["one", "two"]
        assert (await rig.bot.get_webhook_info()).pending_update_count == 0


async def test_a_webhook_that_is_not_there_yet_gets_its_updates_later(rig: Rig):
    async with listening() as before:
        port = int(before.url.split(":")[2].split("/")[0])
    await rig.bot.set_webhook(before.url)
    await write(rig, "patient")
    await eventually(lambda: "last_error_message" in rig.api.updates.hook_info())
    assert (await rig.bot.get_webhook_info()).last_error_message == "Connection refused"
    async with listening(port) as after:
        await after.until(1)
        assert after.texts() == ["patient"]


async def test_webhook_gets_an_accepted_update_once_more_under_the_duplicate_fault(rig: Rig):
    async with listening() as hook:
        await rig.bot.set_webhook(hook.url)
        await write(rig, "one")
        await eventually(lambda: len(rig.api.updates) == 0)
        rig.faults.mode, rig.faults.every = "duplicate", 1
        await rig.bot.send_message(ROBIN, "answer")
        rig.faults.mode = "off"
        await hook.until(2)
        assert hook.accepted[0] == hook.accepted[1]
        await rig.bot.delete_webhook()
    assert await polled(rig) == []


async def test_one_chats_trouble_does_not_hold_up_another(rig: Rig):
    async with listening() as hook:
        hook.statuses = [503, 503]
        await rig.bot.set_webhook(hook.url)
        await write(rig, "stuck")
        await eventually(lambda: hook.refused == 2)
        await write(rig, "free", user=SASHA)
        await hook.until(2)
        assert hook.texts() == ["free", "stuck"]


async def test_deleted_webhook_leaves_the_updates_to_polling(rig: Rig):
    await rig.bot.set_webhook("http://127.0.0.1:9/hook")
    await write(rig, "kept")
    assert await rig.bot.delete_webhook()
    assert await polled(rig) == ["kept"]


async def test_dropping_pending_updates_empties_the_line(rig: Rig):
    await write(rig, "gone")
    await rig.bot.delete_webhook(drop_pending_updates=True)
    assert await polled(rig) == []


async def test_webhook_calls_say_what_was_done(rig: Rig):
    address = {"url": "http://127.0.0.1:9/hook"}
    told = [
        (await rig.call("setWebhook", json=address))[1],
        (await rig.call("setWebhook", json=address))[1],
        (await rig.call("setWebhook"))[1],
        (await rig.call("deleteWebhook"))[1],
    ]
    assert [one["description"] for one in told] == [
        "Webhook was set",
        "Webhook is already set",
        "Webhook was deleted",
        "Webhook is already deleted",
    ]


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"url": "not an address"}, "invalid webhook URL specified"),
        ({"url": "ftp://127.0.0.1/h"}, "invalid webhook URL specified"),
        ({"url": "http://127.0.0.1:0/h"}, "invalid webhook URL specified"),
        ({"url": "http://127.0.0.1:65536/h"}, "invalid webhook URL specified"),
        ({"url": "http://[::1/h"}, "invalid webhook URL specified"),
        ({"url": "http:///h", "secret_token": "a b"}, "invalid webhook URL specified"),
        ({"url": "https://example.org/h"}, "bad webhook: failed to resolve host: Name or service not known"),
        ({"url": "http://127.0.0.1:9/h", "secret_token": "a b"}, "secret token contains unallowed characters"),
        ({"url": "http://127.0.0.1:9/h", "secret_token": "a" * 257}, "secret token is too long"),
    ],
)
async def test_webhook_is_refused_as_telegram_does(rig: Rig, params: dict[str, str], description: str):
    assert await rig.refused("setWebhook", **params) == f"Bad Request: {description}"


async def test_webhook_without_a_protocol_is_taken_for_https(rig: Rig):
    assert (await rig.call("setWebhook", json={"url": "127.0.0.1:9/hook"}))[0] == 200
    assert (await rig.bot.get_webhook_info()).url == "https://127.0.0.1:9/hook"


async def test_poll_that_is_refused_changes_no_kinds(rig: Rig):
    await rig.bot.set_webhook("http://127.0.0.1:9/hook", allowed_updates=["message"])
    await rig.refused("getUpdates", allowed_updates=["callback_query"])
    assert (await rig.bot.get_webhook_info()).allowed_updates == ("message",)


@pytest.mark.parametrize("kinds", ["[", "1", '["callback_query", 1]'])
async def test_kinds_that_cannot_be_read_change_nothing(rig: Rig, kinds: str):
    await rig.call("getUpdates", data={"allowed_updates": kinds})
    await write(rig, "heard")
    assert await polled(rig) == ["heard"]


async def test_update_that_is_wanted_no_more_is_passed_over():
    async with listening() as hook:
        done = asyncio.Queue[Json]()
        courier = Courier(Address(hook.url), lambda update: update["update_id"] != 1, done.put_nowait, fail)
        for number in (1, 2):
            courier.push({"update_id": number, "poll": {"id": "5"}})
        assert (await done.get())["update_id"] == 2
        await courier.close()
        assert [update["update_id"] for update in hook.accepted] == [2]


@pytest.mark.parametrize(("silent", "problem"), [(True, "Read timeout expired"), (False, "Webhook connection closed")])
async def test_webhook_that_says_nothing_is_told_of_as_telegram_does(*, silent: bool, problem: str):
    over = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if silent:
            await reader.read()
        writer.close()
        await writer.wait_closed()
        over.set()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
        told = asyncio.Queue[str]()
        courier = Courier(Address(address), lambda _: True, fail, told.put_nowait, answer_seconds=0.05)
        courier.push({"update_id": 1, "message": {"chat": {"id": ROBIN}}})
        assert await told.get() == problem
        await courier.close()
        await over.wait()


async def test_server_with_a_waiting_poll_stops_at_once():
    async with asyncio.timeout(5):
        async with serving() as rig:
            poll = await waiting_poll(rig)
            await rig.api.updates.close()
            assert await poll == ()
