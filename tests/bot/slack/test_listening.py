"""Slack that is away, or refuses what Earshot shows it: who is told, and how soon it lets go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from sqlalchemy import Engine
from structlog.testing import capture_logs

from bot.health import Refusals
from bot.slack.client import make_client
from bot.slack.edge import SlackEdge
from bot.slack.listening import NOT_ACCEPTED, listen
from bot.slack.socket import Socket
from rehearsal.hub import SLACK_APP_TOKEN, SLACK_BOT_TOKEN
from tests.bot.slack_school import NOW, small_school
from tests.rehearsal.slack_rig import serving, soon


@dataclass
class Slack:
    """A Slack that gives these answers in turn, each a status, a body and its wait, and the last one for ever."""

    answers: list[tuple[int, dict[str, Any], int | None]]
    url: str = ""
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.match_info["method"])
        status, body, wait = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        headers = {} if wait is None else {"Retry-After": str(wait)}
        return web.json_response(body, status=status, headers=headers)


@asynccontextmanager
async def answering(*answers: tuple[int, dict[str, Any], int | None]) -> AsyncIterator[Slack]:
    there = Slack(list(answers))
    app = web.Application()
    app.router.add_post("/api/{method}", there.answer)
    async with serving(app) as base:
        there.url = f"{base}/api/"
        yield there


def refusing(error: str) -> tuple[int, dict[str, Any], None]:
    return 200, {"ok": False, "error": error}, None


@asynccontextmanager
async def listening(engine: Engine, there: Slack, refusals: Refusals) -> AsyncIterator[None]:
    """Listen to a Slack; at the end it is let go at once, whatever was waited for."""
    school = small_school(engine)
    edge = SlackEdge(
        bot_token=SLACK_BOT_TOKEN,
        app_token=None,
        signing_secret="a signing secret",
        api_url=there.url,
        school_id=school.school.id,
        worker=school.worker,
        sealer=school.sealer,
        clock=lambda: NOW,
        dispatch=lambda _letters: None,
        wake=lambda: None,
        name="tests",
    )
    leave = asyncio.Event()
    task = asyncio.create_task(listen(edge, refusals, leave))
    try:
        yield
        leave.set()
        async with asyncio.timeout(1):
            await task
    finally:
        task.cancel()
        await edge.close()
        school.worker.close()


async def test_slack_that_is_away_is_said_in_the_log_and_is_no_refusal(engine: Engine):
    refusals = Refusals()
    with capture_logs() as written:
        async with answering(refusing("internal_error")) as there, listening(engine, there, refusals):
            await soon(lambda: bool(written))
    assert written == [
        {"event": "slack cannot be reached, trying again", "error": "SlackApiError", "log_level": "warning"}
    ]
    assert (refusals.problems, there.asked) == ([], ["auth.test"])


@pytest.mark.parametrize(
    ("answer", "problems"),
    [(refusing("token_revoked"), [NOT_ACCEPTED]), ((200, {"ok": True}, None), [])],
    ids=["refused", "accepted"],
)
async def test_token_is_told_of_until_slack_takes_it(engine: Engine, answer: Any, problems: list[str]):  # noqa: ANN401
    refusals = Refusals()
    refusals.tell("slack bot token", "as it was before")
    async with answering(answer) as there, listening(engine, there, refusals):
        await soon(lambda: refusals.problems == problems)


@asynccontextmanager
async def asking(*answers: tuple[int, dict[str, Any], int | None]) -> AsyncIterator[tuple[Socket, Refusals, Slack]]:
    refusals = Refusals()
    async with answering(*answers) as there:
        client = make_client(None, there.url)
        socket = Socket(app_token=SLACK_APP_TOKEN, web_client=client, refusals=refusals)
        try:
            yield socket, refusals, there
        finally:
            await socket.close()


async def test_address_is_asked_for_again_after_the_wait_slack_names():
    slow = (429, {"ok": False, "error": "ratelimited"}, 0)
    async with asking(slow, (200, {"ok": True, "url": "ws://127.0.0.1:9/x"}, None)) as (socket, refusals, there):
        refusals.tell("slack app token", "as it was before")
        assert await socket.issue_new_wss_url() == "ws://127.0.0.1:9/x"
        assert (there.asked, refusals.problems) == (["apps.connections.open"] * 2, [])


async def test_address_that_slack_cannot_give_is_left_to_the_library():
    async with asking(refusing("internal_error")) as (socket, refusals, _):
        with pytest.raises(SlackApiError):
            await socket.issue_new_wss_url()
        assert refusals.problems == []


async def test_refused_token_of_a_connection_that_is_ending_is_not_told():
    async with asking(refusing("invalid_auth")) as (socket, refusals, _):
        socket.hold()
        with pytest.raises(SlackApiError):
            await socket.issue_new_wss_url()
        assert refusals.problems == []
