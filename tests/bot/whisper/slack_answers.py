"""A Slack that answers as a test says, and Whisper's own client of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from slack_bolt.response import BoltResponse

from benchmarks.whisper_town import Town
from bot.slack.client import make_client
from bot.whisper.rounds import Rounds
from bot.whisper.slack import WhisperSlack
from rehearsal.hub import SLACK_BOT_TOKEN
from tests.rehearsal.slack_rig import serving

MORNING = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@dataclass
class Answers:
    """A Slack that answers each method as a test says: an error's code, or what it is given; else well."""

    told: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        method, sent = request.match_info["method"], dict[str, Any](request.query)
        sent |= await request.json() if request.content_type == "application/json" else await request.post()
        self.asked.append((method, sent))
        told = self.told.get(method, {})
        told = told(sent) if callable(told) else told
        body = {"ok": False, "error": told} if isinstance(told, str) else {"ok": True, **told}
        return web.json_response(body)

    def count(self, method: str) -> int:
        return sum(one == method for one, _ in self.asked)

    def shown(self) -> str:
        """All that the window opened last says."""
        return "\n".join(_words([sent["view"] for method, sent in self.asked if method.startswith("views.")][-1]))


def words_of(answer: BoltResponse) -> str:
    """All that an answer to a window says, in place of it or under what was entered."""
    told = json.loads(answer.body)
    return "\n".join([*map(str, told.get("errors", {}).values()), *_words(told.get("view", {}))])


def _words(part: object) -> Iterator[str]:
    if isinstance(part, Mapping):
        if isinstance(part.get("text"), str):
            yield part["text"]
        part = list(part.values())
    for inner in part if isinstance(part, list) else []:
        yield from _words(inner)


def press(user: str, value: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
    """A lead's press, as Slack delivers it."""
    return {"user": {"id": user}, "actions": [{"value": value}], "trigger_id": "1.2", **more}


def sent(user: str, target: str, **entered: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
    """A window a lead sent: words, or lists of what was chosen."""
    values = {
        name: {
            name: {"selected_options": [{"value": one} for one in value]}
            if isinstance(value, list)
            else {"value": value}
        }
        for name, value in entered.items()
    }
    return {"user": {"id": user}, "view": {"id": "V1", "private_metadata": target, "state": {"values": values}}}


async def _uploaded(_request: web.Request) -> web.Response:
    return web.Response(text="OK")


@asynccontextmanager
async def answering(town: Town, **told: Any) -> AsyncIterator[tuple[Answers, WhisperSlack]]:  # noqa: ANN401 (JSON)
    usual = {
        "users_lookupByEmail": lambda sent: {"user": {"id": f"U{sent['email'][4]}"}},
        "conversations_open": lambda sent: {"channel": {"id": f"D{sent['users']}"}},
        "chat_postMessage": {"ts": "1"},
        "files_completeUploadExternal": {"files": [{"id": "F1"}]},
    }
    slack = Answers({name.replace("_", ".", 1): value for name, value in (usual | told).items()})
    app = web.Application()
    app.router.add_route("*", "/api/{method}", slack.answer)
    app.router.add_post("/upload", _uploaded)
    async with serving(app) as base:
        slack.told.setdefault("files.getUploadURLExternal", {"upload_url": f"{base}/upload", "file_id": "F1"})
        here = WhisperSlack(town.parts, lambda: None)
        here.client = make_client(SLACK_BOT_TOKEN, f"{base}/api")
        yield slack, here


async def prepared(town: Town, slack: WhisperSlack, clock: Callable[[], datetime] = lambda: MORNING) -> Rounds:
    parts = replace(town.parts, clock=clock, school=lambda _session: town.school)
    rounds = Rounds(parts, slack, town.voice, town.epochs)
    await rounds.prepare()
    return rounds
