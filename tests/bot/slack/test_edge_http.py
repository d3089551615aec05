"""The door for signed HTTP: what Slack signed just now comes in, nothing else does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import aiohttp
import pytest
from sqlalchemy import Engine

from rehearsal.hub import SLACK_SIGNING_SECRET
from rehearsal.slack_delivery import signature
from store.tables import Seen
from tests.bot.slack_office import Office, office


async def post(here: Office, body: str, headers: dict[str, str]) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(here.url, data=body.encode(), headers=headers) as answer,
    ):
        return answer.status


def opening(user: str = "U0TUTOR", event_id: str = "Ev1") -> str:
    event = {"type": "app_home_opened", "user": user, "tab": "home"}
    return json.dumps({"type": "event_callback", "event_id": event_id, "team_id": "T0", "event": event})


def signed(body: str, *, secret: str = SLACK_SIGNING_SECRET, seconds_ago: int = 0) -> dict[str, str]:
    stamp = str(int(time.time()) - seconds_ago)
    return {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature(secret, stamp, body),
    }


async def test_signed_event_is_taken(engine: Engine):
    async with office(engine, "http") as here:
        assert await post(here, opening(), signed(opening())) == 200
        assert len(here.letters) == 1


async def test_event_delivered_again_after_its_commit_is_acknowledged_and_does_nothing(engine: Engine):
    async with office(engine, "http") as here:
        body = opening()
        assert [await post(here, body, signed(body)) for _ in range(3)] == [200, 200, 200]
        assert len(here.letters) == 1


async def test_opening_of_the_messages_tab_publishes_nothing(engine: Engine):
    async with office(engine, "http") as here:
        body = opening().replace('"home"', '"messages"')
        assert await post(here, body, signed(body)) == 200
        assert here.letters == []


REFUSED: dict[str, Callable[[], dict[str, str]]] = {
    "wrong": lambda: signed(opening(), secret="not-the-secret"),
    "old": lambda: signed(opening(), seconds_ago=301),
    "from the future": lambda: signed(opening(), seconds_ago=-900),
    "of another body": lambda: signed(opening() + " "),
    "odd time": lambda: {**signed(opening()), "X-Slack-Request-Timestamp": "yesterday"},
    "odd": lambda: {**signed(opening()), "X-Slack-Signature": "v0=" + "é" * 64},
    "none": lambda: without("X-Slack-Signature"),
    "no time": lambda: without("X-Slack-Request-Timestamp"),
    "nothing": lambda: {"Content-Type": "application/json"},
}


def without(header: str) -> dict[str, str]:
    return {name: value for name, value in signed(opening()).items() if name != header}


@pytest.mark.parametrize("which", REFUSED)
async def test_request_that_slack_did_not_sign_just_now_is_refused(engine: Engine, which: str):
    async with office(engine, "http") as here:
        # Signed now, not when the tests were gathered: an old signature would be refused for its age alone.
        assert await post(here, opening(), REFUSED[which]()) == 401
        assert (here.letters, here.count(Seen)) == ([], 0)


@pytest.mark.parametrize("body", ["", "[]", "null", "7", "{", "payload=%5B%5D", "payload=x", "\x00"])
async def test_unsigned_rubbish_is_refused(engine: Engine, body: str):
    async with office(engine, "http") as here:
        assert await post(here, body, signed(body, secret="not-the-secret")) == 401


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"type":"event_callback","event":{"type":"app_home_opened"}}'])
async def test_signed_rubbish_ends_nothing(engine: Engine, body: str):
    async with office(engine, "http") as here:
        assert await post(here, body, signed(body)) in (200, 401, 500)
        assert await post(here, opening(), signed(opening())) == 200


async def test_socket_mode_opens_no_door(engine: Engine):
    async with office(engine, "socket") as here:
        assert await post(here, opening(), signed(opening())) == 404
