"""What the page's top bar talks to: the fault switch, the stream of changes, and the bot's own school clock.

The clock and "open a check-in" belong to the bot, which serves them on its own port; they are passed on from here, so
the page needs one address only, and a bot that is not up yet is answered with a sentence a person can act on.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, get_args

import aiohttp
from aiohttp import web

from rehearsal.hub import FAULT_MODES, Book, FaultMode, Faults, Hub

HEARTBEAT_SECONDS = 15.0
BOT_SECONDS = 30.0
# Less than this between two readings of the bot's clock is the time the asking took; more means it was moved.
DRIFT_SECONDS = 5.0
CLOSING = "closing"
SESSION = web.AppKey("session", aiohttp.ClientSession)


class Control:
    """Routes under `/control`, for one hub, fault switch, book and bot (the base URL of its own HTTP server).

    `heartbeat` and `patience` are the seconds between a stream's signs of life, and those that the bot may be silent.
    """

    def __init__(
        self,
        hub: Hub,
        faults: Faults,
        book: Book,
        bot: str,
        *,
        heartbeat: float = HEARTBEAT_SECONDS,
        patience: float = BOT_SECONDS,
    ) -> None:
        self._hub = hub
        self._faults = faults
        self._book = book
        self._bot = bot.rstrip("/")
        self._heartbeat = heartbeat
        self._patience = patience
        # How many seconds the school's clock was ahead of this machine's, and since when: (since, seconds).
        self._ahead: list[tuple[float, float]] = [(float(since), ahead) for since, ahead in book.shelf("control.clock")]

    def add_routes(self, app: web.Application) -> None:
        app.cleanup_ctx.append(self._bot_session)
        app.on_shutdown.append(self._say_closing)
        app.router.add_get("/control/health", self._health)
        app.router.add_get("/control/state", self._state)
        app.router.add_get("/control/events", self._events)
        app.router.add_post("/control/faults", self._set_faults)
        app.router.add_get("/control/clock", self._clock)
        app.router.add_post("/control/clock/next-school-day", self._next_school_day)
        app.router.add_post("/control/wave", self._wave)

    async def _bot_session(self, app: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._patience)) as session:
            app[SESSION] = session
            yield

    async def _say_closing(self, _app: web.Application) -> None:
        # Streams end by themselves on this word; without it the server would wait for pages that never hang up.
        self._hub.publish(CLOSING, {})

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _state(self, _request: web.Request) -> web.Response:
        return web.json_response({"faults": self._faults.mode, "modes": list(FAULT_MODES)})

    async def _set_faults(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
        except ValueError:
            return _refusal(400, "The body must be JSON.")
        mode = _fault_mode(body.get("mode") if isinstance(body, dict) else None)
        if mode is None:
            return _refusal(400, f"mode must be one of: {', '.join(FAULT_MODES)}.")
        self._faults.mode = mode
        self._hub.publish("faults", {"mode": mode})
        return web.json_response({"faults": mode})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Stream every publication of the hub as a server-sent event: the topic as its name, its data as JSON.

        A comment is sent every 15 s of silence, so that a dead connection is noticed. The stream ends after `closing`.
        """
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        with self._hub.subscribe() as changes:
            await stream.prepare(request)
            try:
                await stream.write(b"retry: 1000\n\n: listening\n\n")
                while True:
                    topics, chunk = await _next_chunk(changes, self._heartbeat)
                    await stream.write(chunk)
                    if CLOSING in topics:
                        break
            except ConnectionError:
                # The page was closed or reloaded: nobody is left to tell.
                pass
        return stream

    async def _clock(self, request: web.Request) -> web.Response:
        return await self._ask_bot(request.app[SESSION], "GET", "/rehearsal/clock")

    async def _next_school_day(self, request: web.Request) -> web.Response:
        return await self._ask_bot(request.app[SESSION], "POST", "/rehearsal/clock/next-school-day")

    async def _wave(self, request: web.Request) -> web.Response:
        return await self._ask_bot(request.app[SESSION], "POST", "/rehearsal/wave")

    async def _ask_bot(self, session: aiohttp.ClientSession, method: str, path: str) -> web.Response:
        """Pass a request on to the bot and its JSON answer back, status included.

        Errors are `{"error": sentence}`: 503 when the bot is not up, 504 when it is silent for 30 s, 502 when it
        answers something other than JSON. A POST that succeeds is published as `clock`. An answer that tells the
        time gets the field `ahead`: [[since, seconds ahead of this machine's clock], …].
        """
        asked = time.time()
        try:
            async with session.request(method, self._bot + path) as answer:
                status, text = answer.status, await answer.text()
        except TimeoutError:
            return _refusal(504, "The bot did not answer in time. Try again in a moment.")
        except aiohttp.ClientError:
            return _refusal(503, "The bot is not running yet. It may still be starting: try again in a moment.")
        try:
            body = json.loads(text)
        except ValueError:
            return _refusal(502, f"The bot could not do that (status {status}). Its log says more.")
        if isinstance(body, dict) and isinstance(body.get("now"), str):
            self._note_clock(asked, body["now"])
            body["ahead"] = self._ahead
        if method == "POST" and status < 300:
            self._hub.publish("clock", {})
        return web.json_response(body, status=status)

    def _note_clock(self, asked: float, now: str) -> None:
        """Keep where the school's clock stands, so that messages can be read by the time it was there."""
        try:
            ahead = datetime.fromisoformat(now).timestamp() - asked
        except ValueError:
            return
        if self._ahead and abs(self._ahead[-1][1] - ahead) < DRIFT_SECONDS:
            return
        # Since before the asking: what the bot sent while it moved the clock belongs to the new time.
        self._ahead.append((asked, ahead))
        # Zeros in front, because the shelf comes back in the order of its keys as text.
        self._book.put("control.clock", f"{asked:017.3f}", ahead)


async def _next_chunk(changes: asyncio.Queue[tuple[str, dict[str, Any]]], heartbeat: float) -> tuple[set[str], bytes]:
    """Wait for a change and give back all that is waiting with it, since a wave brings a thousand at once."""
    try:
        async with asyncio.timeout(heartbeat):
            waiting = [await changes.get()]
    except TimeoutError:
        return set(), b": still here\n\n"
    while not changes.empty():
        waiting.append(changes.get_nowait())
    lines = [f"event: {topic}\ndata: {json.dumps(data)}\n\n" for topic, data in waiting]
    return {topic for topic, _ in waiting}, "".join(lines).encode()


def _fault_mode(value: object) -> FaultMode | None:
    known: tuple[FaultMode, ...] = get_args(FaultMode)
    return next((mode for mode in known if mode == value), None)


def _refusal(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)
