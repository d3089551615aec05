"""Cards of whispers: when they go out, to whom, and how they climb by the school's policy until somebody acts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select as select_rows
from sqlmodel import Session, select
from structlog.testing import capture_logs

from benchmarks.whisper_town import Hand, MemorySlack, Town, rounds_of
from bot.whisper.desk import decide, lead_of, open_thread
from bot.whisper.rounds import Rounds
from scheduling.escalation import DAY, DEFAULT, Ladder, Rung
from store.absences import set_away
from store.tables import Staff
from store.whisper_care import slot_done
from store.whisper_desk import cards_of, change, climb_of, queue
from store.whisper_sealing import new_receipt
from store.whisper_tables import reader
from store.whispers import Draft, add, start
from tests.factories import make_staff

MORNING = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
PLAIN, URGENT = "A whisper is waiting", "Urgent: a whisper is waiting"


def at(day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def new(town: Town, **more: Any) -> str:  # noqa: ANN401
    draft = Draft("2026-11-24", "other", "me", **more)
    return start(town.whispers, draft, new_receipt(), {"what": "words"}, b"x").report.hex()


def opened(town: Town, report: str, **values: str) -> None:
    with town.whispers.read() as connection:
        who = connection.execute(select_rows(reader.c.id)).scalars().first()
    assert who is not None
    change(town.whispers, who, report, **{"status": "read", "stage": "read", **values})


async def told(rounds: Rounds, slack: MemorySlack, clock: Hand, when: datetime) -> list[str]:
    """Let a round come at a time; gives whom cards went to."""
    before = len(slack.posted)
    clock.now = when
    await rounds.once()
    await rounds.once()
    return sorted(user for user, _ in slack.posted[before:])


async def test_ordinary_card_waits_for_a_fixed_time_and_climbs_at_the_next_until_it_is_opened(town: Town):
    rounds, slack, clock = await rounds_of(town, MORNING)
    report = new(town)
    both = ["deputy_dsl", "dsl"]
    assert await told(rounds, slack, clock, at(24, 10, 1)) == []
    assert await told(rounds, slack, clock, at(24, 12, 31)) == ["dsl"]
    assert await told(rounds, slack, clock, at(24, 15, 0)) == []
    assert await told(rounds, slack, clock, at(24, 15, 31)) == both
    # Not at night, and then each school day for as long as nobody has opened it.
    assert await told(rounds, slack, clock, at(24, 23, 0)) == []
    assert await told(rounds, slack, clock, at(25, 8, 31)) == []
    assert [await told(rounds, slack, clock, at(day, 15, 31)) for day in (25, 26, 27)] == [both] * 3
    assert await told(rounds, slack, clock, at(29, 12, 31)) == []  # a Sunday
    assert {title for _, title in slack.posted} == {PLAIN}
    opened(town, report, status="acting")
    assert await told(rounds, slack, clock, at(30, 15, 31)) == []


async def test_newer_card_takes_the_place_of_the_older_and_the_purge_takes_away_the_last(town: Town):
    rounds, slack, clock = await rounds_of(town, MORNING)
    report = new(town, urgency="urgent")
    for minute in range(30):
        await told(rounds, slack, clock, MORNING + timedelta(minutes=30 * minute))
    assert len(slack.posted) == 60
    there = {("D" + user, str(number)) for number, (user, _) in enumerate(slack.posted, start=1)} - set(slack.deleted)
    assert there == {(channel, ts) for channel, ts in cards_of(town.whispers, report)}
    assert {channel for channel, _ in there} == {"Ddsl", "Ddeputy_dsl"}
    opened(town, report, status="closed", closed="2026-11-24")
    await told(rounds, slack, clock, datetime(2027, 3, 1, 12, 31, tzinfo=UTC))
    assert there <= set(slack.deleted)


async def test_older_card_that_cannot_be_taken_away_brings_no_third(town: Town):
    rounds, slack, clock = await rounds_of(town, MORNING)
    report = new(town, urgency="urgent")
    await told(rounds, slack, clock, MORNING)

    async def away(*_arguments: Any) -> None:  # noqa: ANN401
        raise ConnectionError

    slack.delete = away  # type: ignore[method-assign]
    assert len(await told(rounds, slack, clock, MORNING + timedelta(minutes=31))) == 2
    assert await told(rounds, slack, clock, MORNING + timedelta(minutes=33)) == []
    assert len(cards_of(town.whispers, report)) == 4


async def test_urgent_card_goes_at_once_to_all_and_again_by_the_policy_unless_it_is_to_wait(town: Town):
    rounds, slack, clock = await rounds_of(town, MORNING)
    both = ["deputy_dsl", "dsl"]
    held = new(town, urgency="urgent", hold="slot")
    assert await told(rounds, slack, clock, at(24, 10, 1)) == []
    report = new(town, urgency="urgent")
    assert await told(rounds, slack, clock, at(24, 10, 2)) == both
    assert await told(rounds, slack, clock, at(24, 10, 31)) == []
    assert await told(rounds, slack, clock, at(24, 10, 32)) == both
    opened(town, report, status="acting")
    assert await told(rounds, slack, clock, at(24, 11, 30)) == []
    assert await told(rounds, slack, clock, at(24, 12, 30)) == both
    # It waited for its writer's sake; from then on it is urgent like any other.
    assert await told(rounds, slack, clock, at(24, 23, 5)) == both
    opened(town, held, status="acting")
    assert {title for _, title in slack.posted} == {URGENT}


async def test_schools_own_policy_is_what_a_whisper_climbs_by(town: Town):
    ladder = Ladder((Rung(0, ("deputy_dsl",)), Rung(2 * DAY, ("head", "dsl"))), every=5 * DAY, lapse=0)
    town.school = replace(town.school, policy={"escalation": {"whisper": ladder.to_json()}})
    rounds, slack, clock = await rounds_of(town, MORNING)
    new(town)
    assert await told(rounds, slack, clock, at(24, 12, 31)) == ["deputy_dsl"]
    assert await told(rounds, slack, clock, at(25, 15, 31)) == []
    # The head reads no whispers, so no card goes there, whatever the policy says.
    assert await told(rounds, slack, clock, at(26, 12, 31)) == ["dsl"]


async def test_whisper_that_was_opened_and_forgotten_climbs_again(town: Town):
    rounds, slack, clock = await rounds_of(town, MORNING)
    report = new(town)
    await told(rounds, slack, clock, at(24, 12, 31))
    opened(town, report)
    assert await told(rounds, slack, clock, at(24, 12, 40)) == []
    assert await told(rounds, slack, clock, at(27, 12, 31)) == []
    assert await told(rounds, slack, clock, at(27, 15, 31)) == ["dsl"]
    opened(town, report)
    with Session(town.engine) as session:
        staff = session.exec(select(Staff)).first()
        lead = lead_of(session, town.sealer, town.school, staff)
    decide(town.whispers, lead, report, {"words": "Thank you."}, "2026-11-27")
    assert await told(rounds, slack, clock, datetime(2026, 12, 7, 15, 31, tzinfo=UTC)) == []


async def test_lead_who_is_away_is_stood_in_for_by_a_reader_and_never_by_one_left_out(town: Town):
    with Session(town.engine) as session:
        lead = next(one for one in session.exec(select(Staff)).all() if "dsl" in one.roles)
        second = make_staff(session, town.sealer, town.school, "deputy_dsl", "tutor")
        set_away(session, lead, MORNING - timedelta(days=1), MORNING + timedelta(days=5), second, MORNING)
        session.commit()
        key = lead_of(session, town.sealer, town.school, second).reader.hex()
    rounds, slack, clock = await rounds_of(town, MORNING)
    new(town, excluded=(key,))
    assert "deputy_dsl+tutor" not in await told(rounds, slack, clock, at(24, 12, 31))
    new(town)
    assert await told(rounds, slack, clock, at(24, 15, 31)) == ["deputy_dsl", "deputy_dsl+tutor"]


async def test_words_added_leave_the_climb_where_it_is_and_words_of_danger_are_heard_of_at_once(town: Town):
    rounds, slack, clock = await rounds_of(town, MORNING)
    door = start(town.whispers, Draft("2026-11-24", "other", "me"), new_receipt(), {"what": "words"}, b"x")
    await told(rounds, slack, clock, at(24, 12, 31))
    add(town.whispers, door, {"what": "words"}, b"more")
    assert await told(rounds, slack, clock, at(24, 15, 31)) == ["deputy_dsl", "dsl"]
    add(town.whispers, door, {"what": "words"}, b"much more", urgent=True)
    assert await told(rounds, slack, clock, at(24, 15, 32)) == ["deputy_dsl", "dsl"]
    assert slack.posted[-1][1] == URGENT
    climb = climb_of(town.whispers, door.report.hex())
    assert climb is not None
    assert (climb.kind, climb.step) == ("whisper_urgent", 0)


async def test_closed_whisper_whose_writer_says_that_it_helped_is_news_once(town: Town):
    rounds, slack, clock = await rounds_of(town, MORNING)
    door = start(town.whispers, Draft("2026-11-24", "other", "me"), new_receipt(), {"what": "words"}, b"x")
    await told(rounds, slack, clock, at(24, 12, 31))
    opened(town, door.report.hex(), status="closed", closed="2026-11-24")
    add(town.whispers, door, {"what": "helped"}, b"y")
    assert await told(rounds, slack, clock, at(24, 15, 31)) == ["dsl"]
    assert [await told(rounds, slack, clock, at(day, 15, 31)) for day in (25, 26, 27)] == [[]] * 3


async def test_fixed_time_that_passed_while_nothing_ran_is_done_at_the_next_start(town: Town):
    rounds, slack, clock = await rounds_of(town, MORNING)
    await told(rounds, slack, clock, at(24, 12, 31))
    assert slot_done(town.whispers) == at(24, 12, 30)
    new(town)
    rounds, slack, clock = await rounds_of(town, at(24, 15, 40))
    assert await told(rounds, slack, clock, at(24, 15, 40)) == ["dsl"]


async def test_card_opened_while_it_goes_out_does_not_count_as_waiting(town: Town):
    rounds, slack, clock = await rounds_of(town, MORNING)
    report = new(town)
    post = slack.post

    async def opened_meanwhile(*arguments: Any) -> tuple[str, str]:  # noqa: ANN401
        opened(town, report)
        return await post(*arguments)

    slack.post = opened_meanwhile  # type: ignore[method-assign]
    await told(rounds, slack, clock, at(24, 12, 31))
    assert queue(town.whispers)[0].stage == "read"


async def until(seen: Callable[[], bool]) -> None:
    for _ in range(1000):
        if seen():
            return
        await asyncio.sleep(0.02)
    raise AssertionError


async def test_round_that_fails_is_not_a_pass_so_that_health_tells(town: Town):
    rounds, slack, _ = await rounds_of(town, MORNING)
    new(town, urgency="urgent")
    post, stop, began = slack.post, asyncio.Event(), time.monotonic()

    async def away(*_arguments: Any) -> tuple[str, str]:  # noqa: ANN401
        raise ConnectionError

    slack.post = away  # type: ignore[method-assign]
    with capture_logs() as log:
        running = asyncio.create_task(rounds.run(stop))
        await until(lambda: bool(log))
    assert [line["event"] for line in log] == ["whisper round not done"]
    late = rounds.seconds_since_pass()
    assert late > time.monotonic() - began - 0.01
    slack.post = post  # type: ignore[method-assign]
    rounds.wake()
    await until(lambda: rounds.seconds_since_pass() < late)
    stop.set()
    await running
    assert len(slack.posted) == 2


@pytest.mark.parametrize("kind", ["whisper", "whisper_urgent"])
def test_usual_policy_tells_every_lead_in_the_end(kind: Any):  # noqa: ANN401
    assert set(DEFAULT[kind].rungs[-1].tell) == {"dsl", "deputy_dsl"}


def test_opening_by_a_lead_is_what_stops_the_climb(town: Town):
    with Session(town.engine) as session:
        lead = lead_of(session, town.sealer, town.school, session.exec(select(Staff)).first())
    report = new(town)
    assert open_thread(town.whispers, lead, report).line.stage == "read"
    assert date(2026, 11, 24).isoformat() == queue(town.whispers)[0].day
