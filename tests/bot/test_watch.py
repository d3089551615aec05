"""The watch: it mends on its second look and wakes delivery; its numbers say how much waits and of whom nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, delete, select
from structlog.testing import capture_logs

from bot.health import problems_of
from bot.watch import Watch
from scheduling import cases
from scheduling.school import SchoolFacts
from store.tables import Due, Outbox, Request
from tests.bot.slack_school import NOW, SmallSchool, small_school


@pytest.fixture
def here(engine: Engine) -> SmallSchool:
    return small_school(engine, linked=True)


def waiting(here: SmallSchool) -> None:
    """Let the school's request climb, and lose the work that was set for it."""
    here.work(lambda session: cases.begin(session, here.school, session.get_one(Request, here.request), "danger", NOW))
    here.work(lambda session: session.exec(delete(Due)))


async def test_what_was_lost_is_done_on_the_second_look_and_sent_at_once(here: SmallSchool):
    waiting(here)
    woken: list[None] = []
    later = NOW + timedelta(minutes=6)
    watch = Watch(here.worker, here.sealer, lambda _: here.school, lambda: later, lambda: woken.append(None))
    assert [await watch.pass_once() for _ in range(3)] == [0, 1, 0]
    assert len(woken) == 1
    assert {row.recipient for row in here.waiting()} == {f"staff:{here.staff[who].hex}" for who in ("lead", "deputy")}
    assert not watch.is_late()
    here.worker.close()


async def test_it_looks_again_each_minute_and_stops_when_told(here: SmallSchool):
    stop = asyncio.Event()
    watch = Watch(here.worker, here.sealer, lambda _: here.school, lambda: NOW, lambda: None)
    running = asyncio.create_task(watch.run(stop))
    await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(running, 5)
    here.worker.close()


async def test_a_pass_that_fails_is_logged_by_its_kind_and_the_next_comes(here: SmallSchool):
    def ails(_session: Session) -> SchoolFacts:
        raise ValueError("a name")

    stop = asyncio.Event()
    watch = Watch(here.worker, here.sealer, ails, lambda: NOW, lambda: None)
    with capture_logs() as log:
        running = asyncio.create_task(watch.run(stop))
        for _ in range(500):
            if log:
                break
            await asyncio.sleep(0.01)
    assert log == [{"event": "the auditor could not pass", "error": "ValueError", "log_level": "error"}]
    assert not running.done()
    stop.set()
    await running
    here.worker.close()


async def test_an_auditor_that_cannot_pass_for_a_quarter_of_an_hour_fails_the_health(here: SmallSchool):
    moment, broken = [0.0], [True]

    def school(_session: Session) -> SchoolFacts:
        if broken[0]:
            raise ValueError
        return here.school

    watch = Watch(here.worker, here.sealer, school, lambda: NOW, lambda: None, lambda: moment[0])
    for seconds, late in ((899.0, False), (900.0, False), (900.1, True)):
        moment[0] = seconds
        with pytest.raises(ValueError, match=r"^$"):
            await watch.pass_once()
        assert watch.is_late() is late
    assert problems_of([], 1.0, auditor_is_late=watch.is_late()) == ["the auditor has not passed for fifteen minutes"]
    broken[0] = False
    await watch.pass_once()
    assert problems_of([], 1.0, auditor_is_late=watch.is_late()) == []
    here.worker.close()


async def test_numbers_say_how_much_waits(here: SmallSchool):
    waiting(here)
    now = NOW + timedelta(minutes=10)
    here.post_request("lead")
    watch = Watch(here.worker, here.sealer, lambda _: here.school, lambda: now, lambda: None)
    text = (await watch.metrics((("telegram", 2), ("slack", 0)))).decode()
    lines = sorted(line for line in text.splitlines() if not line.startswith("#"))
    assert lines == [
        'earshot_cases{state="open"} 1.0',
        'earshot_cases{state="overdue"} 1.0',
        'earshot_cases{state="owned"} 0.0',
        "earshot_oldest_open_case_seconds 600.0",
        'earshot_queue_age_seconds{lane="bulk"} 0.0',
        'earshot_queue_age_seconds{lane="reply"} 600.0',
        'earshot_queue_age_seconds{lane="urgent"} 0.0',
        'earshot_sends_failed{network="slack"} 0.0',
        'earshot_sends_failed{network="telegram"} 2.0',
        "earshot_steps_done_again 0.0",
    ]
    assert here.work(lambda session: len(session.exec(select(Outbox)).all())) == 1
    here.worker.close()


def test_whispers_whose_rounds_fail_are_said_to_be_late():
    late = "no round of whispers was done for five minutes"
    assert [problems_of([], 1.0, auditor_is_late=False, since_round=since) for since in (300.0, 301.0)] == [[], [late]]


def test_a_shared_database_that_is_lost_is_told_after_ten_seconds():
    lost = "the database has been out of reach for ten seconds"
    assert [problems_of([], 1.0, auditor_is_late=False, since_store=since) for since in (10.0, 11.0)] == [[], [lost]]
