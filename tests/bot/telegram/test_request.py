"""The library's calls over aiohttp, against a small server that notes how they arrive."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import NetworkError, TimedOut

from bot.telegram.request import AiohttpRequest

TOKEN = "700000001:a-token-that-nobody-may-read"


class Server:
    """Answers every call with `answer`, after `wait` seconds, and notes its content type and parameters."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []
        self.answer: Any = {"ok": True, "result": True}
        self.wait, self.elsewhere = 0.0, ""

    async def handle(self, request: web.Request) -> web.Response:
        if request.content_type == "application/json":
            self.seen.append((request.content_type, await request.json()))
        else:
            form = await request.post()
            read = {
                name: value if isinstance(value, str) else (value.filename, value.file.read())
                for name, value in form.items()
            }
            self.seen.append((request.content_type, read))
        if self.elsewhere:
            raise web.HTTPTemporaryRedirect(self.elsewhere)
        await asyncio.sleep(self.wait)
        return web.Response(text=json.dumps(self.answer), content_type="application/json")


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, str]]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield server, f"http://127.0.0.1:{runner.addresses[0][1]}/bot"
    await runner.cleanup()


async def test_words_and_buttons_travel_as_json(server: tuple[Server, str]):
    notes, base = server
    request = AiohttpRequest(1)
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Да ☀", callback_data="c:1")]])
    await Bot(TOKEN, base_url=base, request=request).set_chat_menu_button(501)
    await Bot(TOKEN, base_url=base, request=request)._post("x", {"text": "Як ти?", "reply_markup": keyboard})
    await request.shutdown()
    rows = {"inline_keyboard": [[{"callback_data": "c:1", "text": "Да ☀"}]]}
    assert notes.seen[0] == ("application/json", {"chat_id": 501})
    assert notes.seen[1] == ("application/json", {"text": "Як ти?", "reply_markup": rows})


async def test_a_file_travels_as_a_form_with_its_parameters_beside_it(server: tuple[Server, str]):
    notes, base = server
    notes.answer = {"ok": True, "result": {"message_id": 3, "date": 1, "chat": {"id": 501, "type": "private"}}}
    request = AiohttpRequest(1)
    sent = await Bot(TOKEN, base_url=base, request=request).send_document(
        501, b"<p>", filename="copy.html", caption="Così"
    )
    await request.shutdown()
    assert sent.message_id == 3
    kind, read = notes.seen[0]
    assert (kind, read["chat_id"], read["caption"]) == ("multipart/form-data", "501", "Così")
    assert ("copy.html", b"<p>") in read.values()


async def test_an_answer_that_takes_too_long_is_a_time_out_that_names_nothing(server: tuple[Server, str]):
    notes, base = server
    notes.wait = 1.0
    request = AiohttpRequest(1, seconds=0.05)
    with pytest.raises(TimedOut) as raised:
        await Bot(TOKEN, base_url=base, request=request).get_me()
    await request.shutdown()
    assert TOKEN not in f"{raised.value!r}{raised.value.__cause__!r}"


async def test_whoever_finds_every_connection_taken_waits_no_longer_than_told(server: tuple[Server, str]):
    notes, base = server
    notes.wait = 0.6
    request = AiohttpRequest(1, waiting=0.1)
    bot = Bot(TOKEN, base_url=base, request=request)
    first = asyncio.create_task(bot.delete_webhook())
    await asyncio.sleep(0.1)
    with pytest.raises(TimedOut):
        await bot.delete_webhook(connect_timeout=0.1)
    assert await first is True
    await request.shutdown()


async def test_nothing_is_sent_on_to_where_a_network_redirects(server: tuple[Server, str]):
    notes, base = server
    notes.elsewhere = base.replace("/bot", "/sign-in")
    request = AiohttpRequest(1)
    with pytest.raises(NetworkError):
        await Bot(TOKEN, base_url=base, request=request).send_message(501, "Hello")
    await request.shutdown()
    assert len(notes.seen) == 1


async def test_a_server_that_is_away_is_a_network_error_that_names_nothing():
    request = AiohttpRequest(1)
    with pytest.raises(NetworkError) as raised:
        await Bot(TOKEN, base_url="http://127.0.0.1:9/bot", request=request).get_me()
    await request.shutdown()
    assert (str(raised.value), raised.value.__cause__) == ("ClientConnectorError", None)
