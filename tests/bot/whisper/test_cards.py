"""Cards of whispers and the network that carries them: what fails for one lead, or for one card, holds up no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from sqlmodel import Session, select

from benchmarks.whisper_town import Hand, MemorySlack, Town, rounds_of
from bot.whisper.rounds import Rounds
from conversations.cards import Card
from scheduling.school import SchoolFacts
from store.people import link_slack, staff_by_slack
from store.tables import Staff
from store.whisper_care import slot_done
from store.whisper_desk import cards_of, change, files_of, note_file, queue
from store.whisper_sealing import new_receipt
from store.whisper_tables import reader
from store.whispers import Draft, start
from tests.bot.whisper.slack_answers import MORNING, answering, prepared

NOON = datetime(2026, 11, 24, 12, 31, tzinfo=UTC)


def new(town: Town, urgency: Any = "urgent") -> str:  # noqa: ANN401 (one of two words)
    draft = Draft("2026-11-24", "other", "me", urgency)
    return start(town.whispers, draft, new_receipt(), {"what": "words"}, b"x").report.hex()


def opened(town: Town, report: str, **values: str) -> None:
    with town.whispers.read() as connection:
        who = connection.execute(reader.select()).first()
    assert who is not None
    change(town.whispers, who.id, report, **{"status": "read", "stage": "read", **values})


class Faulty(MemorySlack):
    """Where nothing can be posted to some leads, for now."""

    def __init__(self) -> None:
        super().__init__()
        self.away: set[str] = set()

    async def post(self, user: str, card: Card, school: SchoolFacts) -> tuple[str, str]:
        if user in self.away:
            raise ConnectionError
        return await super().post(user, card, school)


async def faulty(town: Town, now: datetime = MORNING) -> tuple[Rounds, Faulty, Hand]:
    slack, clock = Faulty(), Hand(now)
    parts = replace(town.parts, clock=clock, school=lambda _session: town.school)
    rounds = Rounds(parts, slack, town.voice, town.epochs)  # type: ignore[arg-type]
    await rounds.prepare()
    return rounds, slack, clock


async def fails(rounds: Rounds) -> None:
    with pytest.raises(ConnectionError):
        await rounds.once()


async def test_lead_who_cannot_be_reached_for_now_gets_the_card_later_and_the_other_gets_it_once(town: Town):
    rounds, slack, _ = await faulty(town)
    slack.away = {"dsl"}
    first, second = new(town), new(town)
    for _ in range(3):
        await fails(rounds)
    assert [user for user, _ in slack.posted] == ["deputy_dsl", "deputy_dsl"]
    assert {len(cards_of(town.whispers, report)) for report in (first, second)} == {1}
    slack.away = set()
    await rounds.once()
    await rounds.once()
    assert sorted(user for user, _ in slack.posted) == ["deputy_dsl"] * 2 + ["dsl"] * 2
    assert {len(cards_of(town.whispers, report)) for report in (first, second)} == {2}


async def test_card_that_was_opened_meanwhile_is_owed_to_nobody(town: Town):
    rounds, slack, _ = await faulty(town)
    slack.away = {"dsl"}
    report = new(town)
    await fails(rounds)
    opened(town, report)
    slack.away = set()
    await rounds.once()
    assert [user for user, _ in slack.posted] == ["deputy_dsl"]
    assert slack.rewritten != []


async def test_card_of_a_fixed_time_that_reached_nobody_goes_out_as_soon_as_it_can_and_after_a_restart(town: Town):
    rounds, slack, clock = await faulty(town)
    new(town, "ordinary")
    clock.now, slack.away = NOON, {"dsl"}
    await fails(rounds)
    assert slot_done(town.whispers) is None
    slack.away = set()
    await rounds.once()
    await rounds.once()
    assert [user for user, _ in slack.posted] == ["dsl"]
    assert slot_done(town.whispers) == NOON.replace(minute=30)


async def test_retention_goes_on_while_a_card_cannot_be_posted(town: Town):
    rounds, slack, clock = await faulty(town)
    old = new(town)
    await rounds.once()
    opened(town, old, status="closed", closed="2026-11-24")
    new(town)
    slack.away = {"dsl", "deputy_dsl"}
    clock.now = datetime(2027, 3, 1, 12, 31, tzinfo=UTC)
    await fails(rounds)
    assert old not in [line.id for line in queue(town.whispers)]


async def test_card_that_cannot_be_taken_away_for_now_keeps_its_own_whisper_alone_from_its_purge(town: Town):
    rounds, slack, clock = await rounds_of(town, MORNING)
    reports = [new(town), new(town)]
    await rounds.once()
    for report in reports:
        opened(town, report, status="closed", closed="2026-11-24")
    stuck, delete = cards_of(town.whispers, min(reports))[0], slack.delete

    async def away(channel: str, ts: str) -> None:
        if [channel, ts] == stuck:
            raise ConnectionError
        await delete(channel, ts)

    slack.delete = away  # type: ignore[method-assign]
    clock.now = datetime(2027, 3, 1, 12, 31, tzinfo=UTC)
    await fails(rounds)
    assert [line.id for line in queue(town.whispers)] == [min(reports)]
    slack.delete = delete  # type: ignore[method-assign]
    clock.now = datetime(2027, 3, 1, 15, 31, tzinfo=UTC)
    await rounds.once()
    assert queue(town.whispers) == []


# --- what Slack answers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["user_disabled", "user_not_found", "restricted_action"])
async def test_lead_whose_account_was_closed_holds_up_no_card_of_the_others(town: Town, code: str):
    def open_one(sent: dict[str, str]) -> Any:  # noqa: ANN401 (JSON)
        return code if sent["users"] == "U1" else {"channel": {"id": f"D{sent['users']}"}}

    async with answering(town, conversations_open=open_one) as (asked, slack):
        rounds = await prepared(town, slack)
        reports = [new(town), new(town)]
        for _ in range(3):
            await rounds.once()
    assert asked.count("chat.postMessage") == 2
    assert [cards_of(town.whispers, report) for report in reports] == [[["DU2", "1"]]] * 2


async def test_ordinary_card_whose_first_lead_left_slack_goes_to_the_other_at_once(town: Town):
    def open_one(sent: dict[str, str]) -> Any:  # noqa: ANN401 (JSON)
        return "user_disabled" if sent["users"] == "U1" else {"channel": {"id": f"D{sent['users']}"}}

    async with answering(town, conversations_open=open_one) as (asked, slack):
        rounds = await prepared(town, slack, clock := Hand(MORNING))
        report = new(town, "ordinary")
        clock.now = NOON
        await rounds.once()
        await rounds.once()
    assert (asked.count("chat.postMessage"), cards_of(town.whispers, report)) == (1, [["DU2", "1"]])


async def test_lead_whom_slack_does_not_know_gets_no_card_and_one_it_knows_is_linked(town: Town):
    def look_up(sent: dict[str, str]) -> Any:  # noqa: ANN401 (JSON)
        return "users_not_found" if sent["email"].startswith("lead1") else {"user": {"id": "U2"}}

    async with answering(town, users_lookupByEmail=look_up) as (_, slack):
        rounds = await prepared(town, slack)
        report = new(town)
        await rounds.once()
    assert cards_of(town.whispers, report) == [["DU2", "1"]]
    with Session(town.engine) as session:
        assert staff_by_slack(session, town.sealer, town.school.id, "U2") is not None


async def test_directory_that_may_not_be_read_for_now_is_asked_again(town: Town):
    async with answering(town, users_lookupByEmail="missing_scope") as (asked, slack):
        rounds = await prepared(town, slack)
        report = new(town)
        with pytest.raises(SlackApiError):
            await rounds.once()
        assert cards_of(town.whispers, report) == []
        del asked.told["users.lookupByEmail"]
        with Session(town.engine) as session:
            for number, staff in enumerate(session.exec(select(Staff)).all(), start=1):
                link_slack(session, town.sealer, town.school.id, f"U{number}", town.sealer.read(staff, "email"))
            session.commit()
        await rounds.once()
    assert sorted(cards_of(town.whispers, report)) == [["DU1", "1"], ["DU2", "1"]]


@pytest.mark.parametrize("code", ["edit_window_closed", "cant_update_message", "message_not_found"])
async def test_card_that_slack_lets_nobody_change_stays_and_the_next_goes_out(town: Town, code: str):
    async with answering(town, chat_update=code) as (asked, slack):
        rounds = await prepared(town, slack)
        report = new(town)
        await rounds.once()
        opened(town, report)
        for _ in range(3):
            await rounds.once()
    assert asked.count("chat.update") == 2


@pytest.mark.parametrize(("code", "left"), [("cant_delete_message", 0), ("message_not_found", 0), ("ratelimited", 1)])
async def test_purge_does_not_wait_for_a_card_that_slack_will_never_take_away(town: Town, code: str, left: int):
    async with answering(town, chat_delete=code) as (_, slack):
        rounds = await prepared(town, slack, clock := Hand(MORNING))
        report = new(town)
        await rounds.once()
        opened(town, report, status="closed", closed="2026-11-24")
        clock.now = datetime(2027, 3, 1, 12, 31, tzinfo=UTC)
        try:
            await rounds.once()
        except SlackApiError:
            assert code == "ratelimited"
    assert len(queue(town.whispers)) == left


@pytest.mark.parametrize(("code", "left"), [("cant_delete_file", ["F1"]), ("file_not_found", []), ({}, [])])
async def test_photo_stays_noted_until_slack_has_it_no_more(town: Town, code: Any, left: list[str]):  # noqa: ANN401
    report = new(town)
    note_file(town.whispers, report, "F1", there=True)
    async with answering(town, files_delete=code) as (_, slack):
        rounds = await prepared(town, slack)
        await rounds.once()
    assert files_of(town.whispers, report) == left
