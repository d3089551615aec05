"""The clock, compared with a real server's."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web

from bot.doctor.clock import clock_findings, compare
from bot.finding import Finding
from tests.rehearsal.slack_rig import serving

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
RIGHT = Finding("clock", True, "This machine's clock is right.")


@pytest.mark.parametrize("seconds", [-60, -1, 0, 1, 60])
def test_a_minute_either_way_is_right(seconds: int):
    assert compare(format_datetime(NOW + timedelta(seconds=seconds), usegmt=True), NOW) == RIGHT


@pytest.mark.parametrize("seconds", [-3600, -61, 61, 3600])
def test_more_is_told_with_what_mends_it(seconds: int):
    assert compare(format_datetime(NOW + timedelta(seconds=seconds), usegmt=True), NOW) == Finding(
        "clock",
        False,
        f"This machine's clock is {abs(seconds):,} seconds off: have it set by NTP, such as "
        "`timedatectl set-ntp true`.",
    )


@pytest.mark.parametrize("words", ["", "soon", "Tue, 99 Nov 2026 10:00:00 GMT"])
def test_what_is_no_time_says_nothing(words: str):
    assert compare(words, NOW) is None


async def test_a_server_is_asked_and_one_that_does_not_answer_says_nothing():
    async with serving(web.Application()) as base:
        assert await clock_findings(base, 5.0) == [RIGHT]
    assert await clock_findings("http://127.0.0.1:9/", 2.0) == []
