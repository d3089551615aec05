"""Tokens and addresses that a network refuses: told once with what to do, in the log and in the health."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from structlog.testing import capture_logs

from store.sealing import Sealer
from tests.end_to_end.rig import WAYS, Way, eventually, make_service, world

TELEGRAM = "telegram refuses the token: `earshot doctor` says what to mend"
ADDRESS = "telegram refuses the address it is to bring updates to: mend EARSHOT_TELEGRAM_WEBHOOK_URL"
SLACK = "slack refuses the bot token: `earshot doctor` says what to mend"
SLACK_APP = "slack refuses the app-level token: `earshot doctor` says what to mend"
# Long enough for what is tried again after two, three and five seconds to be told a second time.
A_WHILE = 6.0


@pytest.mark.only(database_url="sqlite")
@pytest.mark.parametrize(
    ("way", "wrong", "told"),
    [
        (
            WAYS[0],
            {
                "telegram_token": SecretStr("700000001:wrong"),
                "slack_bot_token": SecretStr("xoxb-wrong"),
                "slack_app_token": SecretStr("xapp-wrong"),
            },
            {TELEGRAM, SLACK, SLACK_APP},
        ),
        (
            WAYS[1],
            {"telegram_webhook_url": "ftp://school.example", "slack_bot_token": SecretStr("xoxb-wrong")},
            {ADDRESS, SLACK},
        ),
    ],
    ids=["polling", "webhook"],
)
async def test_what_a_network_refuses_is_told_once_and_named_by_the_health(
    engine: Engine, sealer: Sealer, way: Way, wrong: dict[str, object], told: set[str]
):
    async with world(engine, sealer, way) as earshot:
        await earshot.end()
        service = make_service(earshot.settings.model_copy(update=wrong), engine, sealer, earshot.clock)
        stop = asyncio.Event()
        with capture_logs() as written:
            await service.start(stop)

            async def named() -> bool:
                status, health = await earshot.ask_bot("GET", "/healthz")
                return status == 503 and set(health["problems"]) == told

            try:
                await eventually(named, "all in the health", seconds=20.0)
                await asyncio.sleep(A_WHILE)
            finally:
                stop.set()
                await service.close()
        assert sorted(line["event"] for line in written) == sorted(told)
        await earshot.begin()
