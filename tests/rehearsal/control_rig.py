"""A running rehearsal server for the tests of its assembly, and the smallest bot that has a school clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from rehearsal.app import make_app, start


class School:
    """What a bot serves under /rehearsal: a clock that stands still until it is moved, and waves of 27 pupils."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
        self.waves = 0

    def make_app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/rehearsal/clock", self._clock)
        app.router.add_post("/rehearsal/clock/next-school-day", self._next_school_day)
        app.router.add_post("/rehearsal/wave", self._wave)
        return app

    def told(self) -> dict[str, Any]:
        return {
            "now": self.now.isoformat(),
            "zone": "Europe/London",
            "school_day": True,
            "text": f"{self.now:%A %H:%M}",
        }

    async def _clock(self, _request: web.Request) -> web.Response:
        return web.json_response(self.told())

    async def _next_school_day(self, _request: web.Request) -> web.Response:
        self.now += timedelta(days=1)
        return web.json_response(self.told())

    async def _wave(self, _request: web.Request) -> web.Response:
        self.waves += 1
        if self.waves > 1:
            return web.json_response({"error": "Today's check-in is open already."}, status=409)
        return web.json_response({"opened": 27})


def address(runner: web.AppRunner) -> str:
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


@asynccontextmanager
async def bot(app: web.Application) -> AsyncIterator[str]:
    """Serve a bot's own routes; gives its base URL."""
    runner = await start(app, 0)
    try:
        yield address(runner)
    finally:
        await runner.cleanup()


@asynccontextmanager
async def rehearsal(bot: str = "http://127.0.0.1:1", state: Path | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    """Serve rehearsal; gives a session whose paths are on it. Port 1 is one where no bot is."""
    runner = await start(make_app(state=state, bot=bot, seed=1), 0)
    try:
        async with aiohttp.ClientSession(address(runner)) as session:
            yield session
    finally:
        await runner.cleanup()
