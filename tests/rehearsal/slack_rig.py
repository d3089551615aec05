"""A stand-in Slack served on loopback, and the real Slack libraries connected to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from rehearsal.hub import SLACK_APP_TOKEN, SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET, Book, Faults, Hub
from rehearsal.slack import Workspace
from rehearsal.slack_rules import SCOPES, Waits

PEOPLE = [
    {"id": "U0HART", "email": "a.hart@rehearsal.school", "name": "a.hart", "real_name": "Ada Hart"},
    {"id": "U0BANE", "email": "b.bane@rehearsal.school", "name": "b.bane", "real_name": "Ben Bane"},
]
DM = "D0HART"


@dataclass
class Rig:
    """One running stand-in and what tests use to reach it."""

    base: str
    session: aiohttp.ClientSession
    client: AsyncWebClient
    hub: Hub
    faults: Faults

    async def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 (JSON)
        status, answer = await self.ask_status(method, path, body)
        assert status == 200, answer
        return answer

    async def ask_status(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        async with self.session.request(method, self.base + path, json=body) as answer:
            return answer.status, await answer.json()

    async def click(self, user: str = "U0HART", **body: object) -> Any:  # noqa: ANN401 (JSON)
        return await self.ask("POST", f"/workspace/{user}/click", body)

    def new_client(self, token: str = SLACK_BOT_TOKEN) -> AsyncWebClient:
        return AsyncWebClient(token=token, base_url=f"{self.base}/api/", retry_handlers=[])

    def new_app(self) -> AsyncApp:
        return AsyncApp(client=self.new_client(), signing_secret=SLACK_SIGNING_SECRET, process_before_response=True)


@asynccontextmanager
async def serving(app: web.Application, port: int = 0) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def slack(
    *, scopes: tuple[str, ...] = SCOPES, waits: Waits | None = None, state: Path | None = None, port: int = 0
) -> AsyncIterator[Rig]:
    """Serve a workspace with two members; each test has its own."""
    hub, faults, book = Hub(), Faults(), Book(state)
    app = web.Application()
    Workspace(hub, faults, book, scopes=scopes, waits=waits).add_routes(app)
    async with serving(app, port) as base, aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=SLACK_BOT_TOKEN, base_url=f"{base}/api/", retry_handlers=[])
        rig = Rig(base, session, client, hub, faults)
        await rig.ask("PUT", "/workspace/people", PEOPLE)
        yield rig
    book.close()


@asynccontextmanager
async def connected(rig: Rig, app: AsyncApp) -> AsyncIterator[AsyncSocketModeHandler]:
    """Connect a Bolt app by Socket Mode."""
    handler = AsyncSocketModeHandler(app, SLACK_APP_TOKEN, ping_interval=1)
    await handler.connect_async()
    try:
        yield handler
    finally:
        await handler.close_async()


@asynccontextmanager
async def listening(rig: Rig, app: AsyncApp) -> AsyncIterator[str]:
    """Connect a Bolt app by signed HTTP."""

    async def events(request: web.Request) -> web.Response:
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    server = web.Application()
    server.router.add_post("/slack/events", events)
    async with serving(server) as base:
        url = f"{base}/slack/events"
        await rig.ask("PUT", "/workspace/delivery", {"mode": "http", "url": url})
        yield url


async def refusal(call: Awaitable[Any]) -> AsyncSlackResponse:
    """Give the answer of a call the network refuses."""
    try:
        await call
    except SlackApiError as error:
        answer = error.response
        assert isinstance(answer, AsyncSlackResponse)
        return answer
    raise AssertionError("not refused")


async def error_of(call: Awaitable[Any]) -> str:
    return str((await refusal(call))["error"])


async def soon(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until a condition holds; fails when it never does."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (what is waited for is the library's own doing and tells nobody)
            await asyncio.sleep(0.01)


def button(action_id: str = "take", value: str = "n1", label: str = "I'll take this") -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": action_id,
        "value": value,
        "text": {"type": "plain_text", "text": label},
    }


def actions(*elements: dict[str, Any], block_id: str = "nudge") -> dict[str, Any]:
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def section(text: str = "A quiet change", **more: object) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def field(block_id: str = "note", *, optional: bool = False) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block_id,
        "optional": optional,
        "label": {"type": "plain_text", "text": "A note"},
        "element": {"type": "plain_text_input", "action_id": "words"},
    }


def modal(*blocks: dict[str, Any], **more: object) -> dict[str, Any]:
    """Give a form; a field that is said to be `...` is left out of it."""
    whole = {
        "type": "modal",
        "callback_id": "details",
        "title": {"type": "plain_text", "text": "Details"},
        "submit": {"type": "plain_text", "text": "Save"},
        "blocks": list(blocks or (section(),)),
        **more,
    }
    return {name: part for name, part in whole.items() if part is not ...}


def home(*blocks: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"type": "home", "blocks": list(blocks or (section(),)), **more}
