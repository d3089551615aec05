"""How the stand-in Slack reaches the app: Socket Mode envelopes, or signed HTTP requests, each until acknowledged.

Events are delivered again when nobody acknowledged them, as the real network does; while no socket is connected they
wait. What a member did with a button, a view, a shortcut or a command is delivered once, as on the real network, which
shows the member a warning instead of trying again; only the fault switch delivers it twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from rehearsal.hub import SLACK_SIGNING_SECRET, Faults
from rehearsal.slack_rules import APP_ID, VERIFICATION_TOKEN, Waits

Kind = Literal["events_api", "interactive", "slash_commands"]
Payload = dict[str, Any]

SOCKETS = 10
HOST_NAME = "applink-rehearsal"
CONNECTION_SECONDS = 18_060


@dataclass(frozen=True)
class Receipt:
    """What came of one delivery: whether the app acknowledged it, with what, and otherwise why not."""

    acked: bool
    payload: Payload | None = None
    reason: str = ""
    may_retry: bool = True


class Socket:
    """One connected Socket Mode client and the envelopes it has not acknowledged yet."""

    def __init__(self, ws: web.WebSocketResponse) -> None:
        self.ws = ws
        self.open = True
        self._waiting: dict[str, asyncio.Future[Receipt]] = {}

    async def deliver(self, envelope: dict[str, Any], seconds: float) -> Receipt:
        key = envelope["envelope_id"]
        waiting: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting[key] = waiting
        try:
            await self.ws.send_json(envelope)
            return await asyncio.wait_for(waiting, seconds)
        except TimeoutError:
            return Receipt(False, reason="timeout")
        except ConnectionError:
            return Receipt(False, reason="connection_failed")
        finally:
            del self._waiting[key]

    def acknowledge(self, text: str) -> None:
        """Take what the client sent; anything but an acknowledgement of a waiting envelope means nothing."""
        try:
            said = json.loads(text)
        except ValueError:
            return
        waiting = self._waiting.get(said.get("envelope_id", "")) if isinstance(said, dict) else None
        if waiting is not None and not waiting.done():
            payload = said.get("payload")
            waiting.set_result(Receipt(True, payload if isinstance(payload, dict) else None))

    def end(self) -> None:
        self.open = False
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(Receipt(False, reason="connection_failed"))


class Courier:
    """Delivers to the one app of the workspace, by the way chosen with `use_socket` or `use_http`."""

    def __init__(self, faults: Faults, waits: Waits) -> None:
        self._faults = faults
        self._waits = waits
        self._url: str | None = None
        self._sockets: list[Socket] = []
        self._next = 0
        # Set and replaced each time a way to deliver may have come up, so that all who wait look again.
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Task[Receipt]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._tickets: dict[str, float] = {}

    @property
    def mode(self) -> str:
        return "http" if self._url else "socket"

    async def run(self, _app: web.Application) -> AsyncIterator[None]:
        """Live as long as the application does, and leave no task or connection behind."""
        yield
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def hang_up(self, _app: web.Application) -> None:
        for socket in list(self._sockets):
            await socket.ws.close(code=aiohttp.WSCloseCode.GOING_AWAY)

    def post_event(self, payload: Payload) -> None:
        """Deliver an Events API payload in the background, until it is acknowledged or given up."""
        twice = self._faults.draw() == "duplicate"
        self._spawn("events_api", payload)
        if twice:
            self._spawn("events_api", payload)

    async def send(self, kind: Kind, payload: Payload) -> Receipt:
        """Deliver what a member did, and wait for the acknowledgement (3 s at most)."""
        if self._faults.draw() == "duplicate":
            self._spawn(kind, payload)
        return await self._carry(kind, payload, 0, "", self._waits.ack)

    def _spawn(self, kind: Kind, payload: Payload) -> None:
        task = asyncio.get_running_loop().create_task(self._see_through(kind, payload))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _see_through(self, kind: Kind, payload: Payload) -> Receipt:
        if kind != "events_api":
            return await self._carry(kind, payload, 0, "", self._waits.ack)
        receipt = await self._carry(kind, payload, 0, "", None)
        attempt, pauses = 0, iter(self._waits.retries)
        while not receipt.acked and receipt.may_retry:
            # A client that went away is not one that said nothing: the event goes out as soon as another is there.
            gone = self.mode == "socket" and receipt.reason == "connection_failed"
            pause = 0.0 if gone else next(pauses, None)
            if pause is None:
                break
            await asyncio.sleep(pause)
            attempt += 1
            receipt = await self._carry(kind, payload, attempt, receipt.reason, None)
        return receipt

    async def _carry(self, kind: Kind, payload: Payload, attempt: int, reason: str, patience: float | None) -> Receipt:
        if self._url is not None:
            return await self._carry_http(self._url, kind, payload, attempt, reason)
        try:
            socket = await asyncio.wait_for(self._a_socket(), patience)
        except TimeoutError:
            return Receipt(False, reason="timeout")
        if socket is None:
            return await self._carry(kind, payload, attempt, reason, patience)
        envelope: dict[str, Any] = {
            "envelope_id": new_envelope_id(),
            "type": kind,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        return await socket.deliver(envelope, self._waits.ack)

    async def _a_socket(self) -> Socket | None:
        """Wait for a connected socket, taking them in turn; None when deliveries go by HTTP by now."""
        while self._url is None:
            ready = [socket for socket in self._sockets if socket.open]
            if ready:
                self._next += 1
                return ready[self._next % len(ready)]
            await self._news.wait()
        return None

    def _look_again(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    # ----- Socket Mode

    def ticket(self) -> str:
        """Give what opens one connection within 30 s."""
        key = secrets.token_urlsafe(24)
        self._tickets[key] = time.monotonic() + self._waits.ticket
        return key

    async def serve_socket(self, request: web.Request) -> web.WebSocketResponse:
        """Hold one Socket Mode connection; a spent, late or unknown ticket gets 403."""
        if self._tickets.pop(request.query.get("ticket", ""), 0.0) < time.monotonic():
            raise web.HTTPForbidden(text="That address was used or is too old; ask apps.connections.open for another.")
        ws = web.WebSocketResponse(heartbeat=10)
        await ws.prepare(request)
        if len(self._sockets) >= SOCKETS:
            await ws.send_json(disconnect("too_many_websockets"))
            await ws.close()
            return ws
        socket = Socket(ws)
        self._sockets.append(socket)
        try:
            await ws.send_json(
                {
                    "type": "hello",
                    "num_connections": len(self._sockets),
                    "debug_info": {**debug_info(), "approximate_connection_time": CONNECTION_SECONDS},
                    "connection_info": {"app_id": APP_ID},
                }
            )
            self._look_again()
            async for message in ws:
                if message.type == aiohttp.WSMsgType.TEXT:
                    socket.acknowledge(message.data)
        except ConnectionError:
            # A client that is killed closes nothing; what it had not acknowledged goes to the next one.
            pass
        finally:
            self._sockets.remove(socket)
            socket.end()
        return ws

    async def disconnect(self, reason: str) -> int:
        """Ask every client to connect anew, as Slack does every few hours, and say how many were asked.

        After "warning" a connection stays up for what is still under way; after any other reason it is closed.
        """
        asked = [socket for socket in self._sockets if socket.open]
        for socket in asked:
            socket.open = False
            await socket.ws.send_json(disconnect(reason))
            if reason != "warning":
                await socket.ws.close()
        return len(asked)

    def use_socket(self) -> None:
        self._url = None
        self._look_again()

    # ----- signed HTTP

    async def use_http(self, url: str) -> bool:
        """Deliver by HTTP from now on if the app answers the url_verification challenge; say whether it did."""
        challenge = secrets.token_urlsafe(32)
        asked = {"token": VERIFICATION_TOKEN, "challenge": challenge, "type": "url_verification"}
        receipt = await self._post(url, json.dumps(asked), "application/json", {})
        said = receipt.payload or {}
        if not receipt.acked or challenge not in (said.get("challenge"), said.get("text")):
            return False
        self._url = url
        self._look_again()
        return True

    async def _carry_http(self, url: str, kind: Kind, payload: Payload, attempt: int, reason: str) -> Receipt:
        headers = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason} if attempt else {}
        if kind == "events_api":
            return await self._post(url, json.dumps(payload), "application/json", headers)
        form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
        return await self._post(url, urlencode(form), "application/x-www-form-urlencoded", headers)

    async def _post(self, url: str, body: str, content_type: str, headers: dict[str, str]) -> Receipt:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        stamp = str(int(time.time()))
        signed = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": signature(SLACK_SIGNING_SECRET, stamp, body),
            **headers,
        }
        try:
            async with asyncio.timeout(self._waits.ack):
                async with self._session.post(url, data=body.encode(), headers=signed, allow_redirects=False) as answer:
                    text = await answer.text()
        except TimeoutError:
            return Receipt(False, reason="http_timeout")
        except aiohttp.ClientError:
            return Receipt(False, reason="connection_failed")
        if answer.status != 200:
            return Receipt(False, reason="http_error", may_retry=answer.headers.get("X-Slack-No-Retry") != "1")
        return Receipt(True, said_in(text))


def said_in(text: str) -> Payload | None:
    """Read what the app answered: a JSON object, or plain text as the object that says the same."""
    if not text.strip():
        return None
    try:
        said = json.loads(text)
    except ValueError:
        return {"text": text}
    return said if isinstance(said, dict) else {"text": text}


def signature(secret: str, timestamp: str, body: str) -> str:
    """Sign a request as Slack does: v0, HMAC-SHA256 over "v0:timestamp:body", in hexadecimal."""
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:{body}".encode(), hashlib.sha256).hexdigest()


def disconnect(reason: str) -> dict[str, Any]:
    return {"type": "disconnect", "reason": reason, "debug_info": debug_info()}


def debug_info() -> dict[str, Any]:
    return {"host": HOST_NAME, "started": "", "build_number": 1}


def new_envelope_id() -> str:
    key = secrets.token_hex(16)
    return f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"
