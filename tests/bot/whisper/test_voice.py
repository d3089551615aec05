"""Whisper's answers in Telegram: a wrong receipt and a right one get pages of one size on the wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from telegram import Bot

from bot.telegram.request import AiohttpRequest
from bot.whisper.voice import BODY_BYTES, TelegramVoice
from conversations.model import Message
from conversations.whisper_choice import Choice, Found
from conversations.whisper_pages import REPLIES_MOST, standing
from store.whisper_sealing import code_of, new_receipt
from tests.conversations.test_whisper import AROUND
from tests.factories import NOW

CHAT = 7_310_459_201


@asynccontextmanager
async def wire() -> AsyncIterator[tuple[Bot, list[int]]]:
    """A bot and Telegram's end of the line, which notes how long each body is."""
    lengths: list[int] = []

    async def handle(request: web.Request) -> web.Response:
        lengths.append(len(await request.read()))
        message = {"message_id": 1, "date": 0, "chat": {"id": CHAT, "type": "private"}}
        return web.json_response({"ok": True, "result": message})

    app = web.Application()
    app.router.add_post("/{rest:.*}", handle)
    runner, request = web.AppRunner(app, shutdown_timeout=0.1), AiohttpRequest(1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}/bot"
    yield Bot("1:token", base_url=base, request=request, get_updates_request=request), lengths
    await request.shutdown()
    await runner.cleanup()


def page(found: Found | None) -> Message:
    return standing(AROUND, Choice(receipt=code_of(new_receipt())), found)


async def lengths(*pages: Message) -> list[int]:
    async with wire() as (bot, seen):
        voice = TelegramVoice(bot, lambda: NOW)
        for one in pages:
            await voice.speak(CHAT, one, "en", "Europe/London", None)
    return seen


RIGHT = [
    Found("received", "", ()),
    Found("closed", "helped", (("question", "Where?"), ("reply", "Thank you & take care — “soon”."))),
    Found("acting", "", (("reply", "x" * REPLIES_MOST),)),
    Found("acting", "", (("reply", "дякую " * (REPLIES_MOST // 6)),)),
]


@pytest.mark.parametrize("found", RIGHT, ids=["nothing yet", "closed", "long", "long in another script"])
async def test_wrong_and_right_receipt_get_pages_of_one_size_on_the_wire(found: Found):
    wrong, right = await lengths(page(None), page(found))
    assert wrong == right > BODY_BYTES


async def test_pages_without_padding_would_tell_them_apart():
    async with wire() as (bot, seen):
        for one in (page(None), page(RIGHT[1])):
            await bot.send_message(CHAT, one.paragraphs[0].text)
    assert seen[0] != seen[1]
