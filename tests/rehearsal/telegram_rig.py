"""What the tests of the stand-in Bot API share: a server on a loopback port, the library's own Bot, and a phone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from telegram import Bot
from telegram.request import BaseRequest, HTTPXRequest

from rehearsal.app import LARGEST_BODY_BYTES
from rehearsal.hub import TELEGRAM_TOKEN, Book, Faults, Hub
from rehearsal.telegram import BotApi

# The library says how long to wait as a timedelta only to those who ask for it; otherwise it warns.
os.environ["PTB_TIMEDELTA"] = "true"

ROBIN = 501
SASHA = 502


@dataclass
class Clock:
    """A clock the test moves."""

    now: float = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Rig:
    """A running stand-in: `bot` speaks to it as the real program does, `phone` and `call` over plain HTTP."""

    port: int
    api: BotApi
    hub: Hub
    faults: Faults
    clock: Clock
    bot: Bot
    http: aiohttp.ClientSession

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def phone(self, method: str, path: str, body: object = None, expect: int = 200) -> Any:  # noqa: ANN401 JSON
        async with self.http.request(method, f"{self.base}/phone/{path}", json=body) as answer:
            told = await answer.json()
            assert answer.status == expect, told
            return told

    async def call(self, name: str, token: str = TELEGRAM_TOKEN, **how: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401
        async with self.http.post(f"{self.base}/bot{token}/{name}", **how) as answer:
            return answer.status, await answer.json(content_type=None)

    async def refused(self, name: str, **params: object) -> str:
        """Make a call that is turned down, and give the description after checking the envelope around it."""
        status, told = await self.call(name, json=params)
        assert told == {"ok": False, "error_code": status, "description": told["description"]}
        return str(told["description"])

    async def refuses(self, method: str, table: Sequence[tuple[dict[str, Any], str]]) -> None:
        """Make calls that are bad requests, and compare what is said of each."""
        told = [(params, await self.refused(method, **params)) for params, _ in table]
        assert told == [(params, f"Bad Request: {description}") for params, description in table]

    async def start(self, user: int = ROBIN) -> None:
        """Press start on a phone, and take the update off the line."""
        await self.phone("POST", f"{user}/text", {"text": "/start"})
        updates = await self.bot.get_updates(timeout=0)
        await self.bot.get_updates(offset=updates[-1].update_id + 1, timeout=0)

    async def messages(self, user: int = ROBIN) -> list[dict[str, Any]]:
        return list((await self.phone("GET", f"{user}/messages"))["messages"])


@asynccontextmanager
async def serving(
    way: Callable[[int], BaseRequest] = lambda connections: HTTPXRequest(connection_pool_size=connections),
    *,
    state: Path | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Rig]:
    """Serve a Bot API, with two plainly fictional pupils, until the block ends."""
    hub, faults, book, clock = Hub(), Faults(), Book(state), clock or Clock()
    api = BotApi(hub, faults, book, clock)
    app = web.Application(client_max_size=LARGEST_BODY_BYTES)
    api.add_routes(app)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    base = f"http://127.0.0.1:{port}"
    bot = Bot(
        TELEGRAM_TOKEN,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=way(16),
        get_updates_request=way(4),
    )
    async with aiohttp.ClientSession() as http:
        rig = Rig(port, api, hub, faults, clock, bot, http)
        await rig.phone("PUT", "people", [person(ROBIN, "Robin", "Sample"), person(SASHA, "Sasha", "Example")])
        await bot.initialize()
        try:
            yield rig
        finally:
            await bot.shutdown()
            await runner.cleanup()
            book.close()


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait, ten seconds at most, until something has come to be so."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be so")


def person(user: int, first: str, last: str, **more: object) -> dict[str, object]:
    return {
        "id": user,
        "first_name": first,
        "last_name": last,
        "username": None,
        "language_code": "en",
        "note": f"7{last[0]}",
        **more,
    }
