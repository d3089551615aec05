"""The stand-in for api.telegram.org: `/bot<TOKEN>/<method>`, `/file/bot<TOKEN>/<path>`, and the phones behind them.

It answers, refuses and limits as the Bot API does, for one bot and its private chats. Behaviour is taken from
Telegram's documentation (core.telegram.org/bots/api) and from its published server (github.com/tdlib/telegram-bot-api).
"""

from __future__ import annotations

import inspect
import json
import time
from collections import Counter
from typing import Any

from aiohttp import web

from rehearsal.hub import TELEGRAM_TOKEN, Book, Faults, Hub
from rehearsal.telegram_delivery import Updates
from rehearsal.telegram_limits import Pace
from rehearsal.telegram_methods import Messages
from rehearsal.telegram_phone import Phone
from rehearsal.telegram_settings import Settings
from rehearsal.telegram_state import State
from rehearsal.telegram_wire import Clock, Json, Refusal, Told, bad, read_args, too_many


class BotApi:
    """One bot's Bot API and the phones it writes to, on an aiohttp application.

    `clock` gives seconds since 1970: message dates, the 48 hours of deleting, the minute of a tap and the day of an
    update are counted by it; the pace of messages is not.
    """

    def __init__(self, hub: Hub, faults: Faults, book: Book, clock: Clock = time.time) -> None:
        self.state = State(book, clock)
        self.updates = Updates(book, clock)
        self.pace = Pace(time.monotonic)
        self.calls: Counter[str] = Counter()
        self.pushed_back = 0
        settings = Settings(self.state, self.updates, book)
        self._faults = faults
        self._methods = {**Messages(self.state, self.pace, hub).table(), **settings.table()}
        self._phone = Phone(self.state, self.updates, self.pace, settings, hub)

    def add_routes(self, app: web.Application) -> None:
        """Serve the Bot API and `/phone/...` on an application, from its start to its shutdown."""
        app.router.add_route("*", "/bot{token:[^/]+}/{method}", self._call)
        app.router.add_get("/file/bot{token:[^/]+}/{path:.+}", self._download)
        app.router.add_get("/phone/stats", self._stats)
        self._phone.add_routes(app)
        app.on_startup.append(self._start)
        # On shutdown, not on clean-up: a poll still waiting would hold the server open.
        app.on_shutdown.append(self._stop)

    async def _start(self, _: web.Application) -> None:
        self.updates.start()

    async def _stop(self, _: web.Application) -> None:
        await self.updates.close()

    async def _call(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != TELEGRAM_TOKEN:
            return _answer(401, Refusal(401, "Unauthorized").envelope())
        method = request.match_info["method"].lower()
        fault = self._faults.draw()
        try:
            if method not in self._methods:
                raise Refusal(404, "Not Found: method not found")
            self.calls[method] += 1
            if fault == "429":
                raise too_many(self._faults.random.choice((1, 2)))
            if fault == "5xx":
                return self._bad_gateway()
            if fault == "duplicate":
                self.updates.repeat()
            told = await self._carry_out(request, method)
            answer = _answer(200, told)
        except Refusal as refusal:
            self.pushed_back += refusal.code == 429
            answer = _answer(refusal.code, refusal.envelope(), refusal.retry_after)
        if fault == "drop" and request.transport is not None:
            request.transport.close()
        return answer

    async def _carry_out(self, request: web.Request, method: str) -> Json:
        try:
            args = await read_args(request)
        except ConnectionResetError:
            # Whoever called hung up in the middle: nobody hears this.
            raise bad("the request was cut off") from None
        result: Any = self._methods[method](args)
        if inspect.isawaitable(result):
            result = await result
        if isinstance(result, Told):
            return {"ok": True, "result": result.result, "description": result.description}
        return {"ok": True, "result": result}

    def _bad_gateway(self) -> web.Response:
        # The proxies in front of Telegram answer in HTML, the servers behind them in JSON.
        if self._faults.random.random() < 0.5:
            page = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
            return web.Response(status=502, text=page, content_type="text/html")
        return _answer(502, {"ok": False, "error_code": 502, "description": "Bad Gateway"})

    async def _download(self, request: web.Request) -> web.Response:
        stored = self.state.paths.get(request.match_info["path"])
        if request.match_info["token"] != TELEGRAM_TOKEN:
            return _answer(401, Refusal(401, "Unauthorized").envelope())
        if stored is None:
            return _answer(404, Refusal(404, "Not Found").envelope())
        return web.Response(body=stored.data, content_type=stored.media_type)

    async def _stats(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "methods": dict(self.calls),
                "too_many_requests": self.pushed_back,
                "pending": len(self.updates),
                "most_pending": self.updates.most_pending,
                "polling": self.updates.polling,
            }
        )


def _answer(status: int, told: Json, retry_after: int = 0) -> web.Response:
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    return web.Response(
        status=status, text=json.dumps(told, ensure_ascii=False), content_type="application/json", headers=headers
    )
