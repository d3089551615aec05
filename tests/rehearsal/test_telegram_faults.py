"""The pace that is enforced, and the ways the network goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import pytest
from telegram.error import NetworkError, RetryAfter

from rehearsal.hub import FaultMode
from rehearsal.telegram_limits import Pace
from rehearsal.telegram_wire import Refusal
from tests.rehearsal.telegram_rig import ROBIN, Clock, Rig, serving


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with serving() as running:
        await running.start()
        yield running


def always(rig: Rig, mode: FaultMode) -> None:
    rig.faults.mode, rig.faults.every = mode, 1


def refused_wait(pace: Pace, chat: int) -> int:
    with pytest.raises(Refusal) as caught:
        pace.take(chat)
    return caught.value.retry_after


def test_thirty_a_second_pass_and_no_more():
    clock = Clock()
    pace = Pace(clock)
    for chat in range(30):
        pace.take(chat)
    clock.now += 0.99
    assert refused_wait(pace, 31) == 1
    clock.now += 0.01
    pace.take(31)


def test_one_chat_has_a_burst_and_then_one_a_second():
    clock = Clock()
    pace = Pace(clock)
    for _ in range(20):
        pace.take(ROBIN)
    assert refused_wait(pace, ROBIN) == 1
    clock.now += 1
    pace.take(ROBIN)
    assert refused_wait(pace, ROBIN) == 1


def test_refused_calls_do_not_count():
    clock = Clock()
    pace = Pace(clock)
    for _ in range(20):
        pace.take(ROBIN)
    for _ in range(15):
        refused_wait(pace, ROBIN)
    for chat in range(10):
        pace.take(chat)
    assert refused_wait(pace, 11) == 1


async def test_sends_above_the_pace_get_429_with_the_wait_and_are_not_sent(rig: Rig):
    await rig.phone("POST", "limits", {"per_second": 2})
    await rig.bot.send_message(ROBIN, "one")
    await rig.bot.send_message(ROBIN, "two")
    status, told = await rig.call("sendMessage", json={"chat_id": ROBIN, "text": "three"})
    assert (status, told) == (
        429,
        {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 1",
            "parameters": {"retry_after": 1},
        },
    )
    assert [message["text"] for message in await rig.messages()] == ["/start", "one", "two"]
    assert (await rig.phone("GET", "stats"))["too_many_requests"] == 1


async def test_edits_count_and_answers_to_taps_do_not(rig: Rig):
    await rig.phone("POST", "limits", {"per_second": 2})
    sent = await rig.bot.send_message(ROBIN, "one")
    await rig.bot.edit_message_text("two", ROBIN, sent.message_id)
    with pytest.raises(RetryAfter):
        await rig.bot.edit_message_text("three", ROBIN, sent.message_id)
    assert await rig.bot.send_chat_action(ROBIN, "typing")
    assert await rig.bot.delete_message(ROBIN, sent.message_id)


async def test_pace_can_be_switched_off(rig: Rig):
    told = await rig.phone("POST", "limits", {"enforce": False, "per_second": 1, "per_chat_burst": 1})
    assert told == {"enforce": False, "per_second": 1, "per_chat_burst": 1}
    for text in ("one", "two", "three"):
        await rig.bot.send_message(ROBIN, text)


async def test_fault_429_is_a_wait_and_nothing_done(rig: Rig):
    always(rig, "429")
    with pytest.raises(RetryAfter) as caught:
        await rig.bot.send_message(ROBIN, "one")
    assert caught.value.retry_after in {timedelta(seconds=1), timedelta(seconds=2)}
    assert len(await rig.messages()) == 1


async def test_fault_5xx_is_502_in_html_or_json_and_nothing_done(rig: Rig):
    always(rig, "5xx")
    kinds = set()
    for _ in range(20):
        async with rig.http.post(
            f"{rig.base}/bot{rig.bot.token}/sendMessage", json={"chat_id": ROBIN, "text": "one"}
        ) as answer:
            kinds.add((answer.status, answer.content_type))
    assert kinds == {(502, "text/html"), (502, "application/json")}
    assert len(await rig.messages()) == 1
    with pytest.raises(NetworkError):
        await rig.bot.send_message(ROBIN, "one")


async def test_fault_drop_cuts_the_connection_after_the_message_was_sent(rig: Rig):
    always(rig, "drop")
    with pytest.raises(NetworkError):
        await rig.bot.send_message(ROBIN, "one")
    assert [message["text"] for message in await rig.messages()] == ["/start", "one"]


async def test_fault_drop_on_a_poll_confirms_but_gives_nothing(rig: Rig):
    await rig.phone("POST", f"{ROBIN}/text", {"text": "one"})
    (update,) = await rig.bot.get_updates(timeout=0)
    await rig.phone("POST", f"{ROBIN}/text", {"text": "two"})
    always(rig, "drop")
    with pytest.raises(aiohttp.ClientError):
        await rig.call("getUpdates", json={"offset": update.update_id + 1})
    rig.faults.mode = "off"
    assert [one.message.text for one in await rig.bot.get_updates(timeout=0) if one.message] == ["two"]


async def test_fault_duplicate_gives_a_confirmed_update_once_more(rig: Rig):
    await rig.phone("POST", f"{ROBIN}/text", {"text": "one"})
    (update,) = await rig.bot.get_updates(timeout=0)
    assert await rig.bot.get_updates(offset=update.update_id + 1, timeout=0) == ()
    always(rig, "duplicate")
    await rig.bot.send_message(ROBIN, "answer")
    rig.faults.mode = "off"
    assert [one.update_id for one in await rig.bot.get_updates(timeout=0)] == [update.update_id]
    assert await rig.bot.get_updates(timeout=0) == ()
