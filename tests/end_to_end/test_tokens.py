"""Tokens that a network refuses: said with what to do, while everything else goes on."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from structlog.testing import capture_logs

from store.sealing import Sealer
from tests.end_to_end.rig import eventually, make_service, world

TOLD = {
    "telegram refuses the token: `earshot doctor` says what to mend",
    "slack refuses the app-level token: `earshot doctor` says what to mend",
}


@pytest.mark.only(database_url="sqlite")
async def test_tokens_that_are_refused_are_told_with_what_to_do(engine: Engine, sealer: Sealer):
    async with world(engine, sealer) as earshot:
        await earshot.end()
        wrong = {"telegram_token": SecretStr("700000001:wrong"), "slack_app_token": SecretStr("xapp-wrong")}
        service = make_service(earshot.settings.model_copy(update=wrong), engine, sealer, earshot.clock)
        stop = asyncio.Event()
        with capture_logs() as written:
            await service.start(stop)
            try:
                await eventually(lambda: _are_told(written), "both sentences")
            finally:
                stop.set()
                await service.close()
        await earshot.begin()


async def _are_told(written: list[object]) -> bool:
    return {line["event"] for line in written if isinstance(line, dict)} >= TOLD
