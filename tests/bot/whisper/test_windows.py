"""Whisper's windows in Slack: who may open them, what a locked desk asks, and what becomes of what was entered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select
from structlog.testing import capture_logs

from benchmarks.whisper_town import Town
from bot.text import render
from bot.whisper.slack import WhisperSlack
from bot.whisper.staff import when_read
from store import whisper_lock
from store.people import link_slack, staff_by_slack
from store.tables import Audit
from store.whisper_desk import files_of, keep_readers, note_file, open_thread, queue, reader_id, readers_of
from store.whisper_sealing import new_receipt
from store.whispers import Draft, Page, find, see, start
from tests.bot.whisper.slack_answers import answering, prepared, press, sent, words_of
from tests.bot.whisper.test_photos import jpeg
from tests.factories import NOW, make_staff

LEAD, OTHER = "U1", "U2"
GONE, TROUBLE = (
    "This is not there any more, or it is not yours to see.",
    "Something went wrong and nothing was changed.",
)
PASSPHRASE = "correct horse battery staple"


def new(town: Town, body: bytes = b"they take my things", what: str = "words", **more: Any) -> str:  # noqa: ANN401
    door = start(town.whispers, Draft("2026-11-24", "other", "me", **more), new_receipt(), {"what": what}, body)
    return door.report.hex()


def linked(town: Town) -> None:
    """Let Slack's users U1 and U2 be the lead and the deputy."""
    with Session(town.engine) as session:
        for number in (1, 2):
            email = f"lead{number}@example.org"
            assert link_slack(session, town.sealer, town.school.id, f"U{number}", email) is not None
        session.commit()


def deeds(town: Town) -> list[str]:
    with Session(town.engine) as session:
        return [row.action for row in session.exec(select(Audit).order_by(col(Audit.number))).all()]


# --- who may open them ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "shown"),
    [
        ({"email": "lead1@example.org"}, "they take my things"),
        ({"email": "tutor@example.org"}, GONE),
        ({"email": "stranger@example.org"}, GONE),
        ({}, GONE),
        (None, GONE),
    ],
)
async def test_whoever_presses_first_is_found_by_their_address_and_nobody_else_sees_a_word(
    town: Town, profile: dict[str, str] | None, shown: str
):
    with Session(town.engine) as session:
        tutor = make_staff(session, town.sealer, town.school, "tutor")
        tutor.email_key = town.sealer.blind("email", "tutor@example.org")
        session.commit()
    async with answering(town, users_info={"user": {"profile": profile}}) as (asked, slack):
        await slack._open(press("U7", new(town)))
        assert shown in asked.shown()
        assert ("they take my things" in asked.shown()) == (shown != GONE)
    with Session(town.engine) as session:
        known = staff_by_slack(session, town.sealer, town.school.id, "U7")
    assert (known is not None) == (shown != GONE)
    assert deeds(town) == (["read whisper"] if shown != GONE else [])


async def test_slack_that_does_not_say_who_it_is_and_a_window_that_does_not_open_are_logged_by_kind_alone(town: Town):
    async with answering(town, users_info="user_not_found", views_open="expired_trigger_id") as (asked, slack):
        with capture_logs() as log:
            await slack._open(press("U7", new(town)))
        assert TROUBLE in asked.shown()
    assert [(line["event"], line["error"], line.get("code")) for line in log] == [
        ("whisper not shown", "SlackApiError", None),
        ("whisper window not opened", "SlackApiError", "expired_trigger_id"),
    ]
    assert all(set(line) <= {"event", "error", "code", "log_level"} for line in log)


# --- a locked desk ----------------------------------------------------------------------------------------------------


def lock(town: Town, **passphrases: str) -> None:
    """Lock the desk, choose passphrases and close it again."""
    linked(town)
    whisper_lock.lock(town.whispers, whisper_lock.new_recovery())
    with Session(town.engine) as session:
        for user, words in passphrases.items():
            who = reader_of(town, session, user)
            whisper_lock.choose_passphrase(town.whispers, who, words)
            town.whispers.close_desk(who)


def reader_of(town: Town, session: Session, user: str) -> bytes:
    staff = staff_by_slack(session, town.sealer, town.school.id, user)
    assert staff is not None
    return reader_id(town.sealer, staff.id.hex)


async def test_every_way_into_a_locked_desk_asks_for_the_passphrase_and_shows_what_was_come_for(town: Town):
    report = new(town, jpeg((30, 20)), "photo")
    lock(town, U1=PASSPHRASE)
    async with answering(town, users_info={"user": {}}) as (asked, slack):
        for opens in (slack._open, slack._queue, slack._counts):
            await opens(press(LEAD, report))
            assert "Your desk is locked." in asked.shown()
        await slack._photo(press(LEAD, f"{report}:00"))
        await _settled(slack)
        assert "Your desk is locked." in asked.shown()
        assert asked.count("files.getUploadURLExternal") == 0
        await slack._queue(press(OTHER, "all"))
        assert "Choose a passphrase" in asked.shown()
        queued = words_of(await slack._unlocked(sent(LEAD, "queue", passphrase=PASSPHRASE)))
        assert "Something else" in queued
        town.whispers.close_desk(_who(town, LEAD))
        assert "The writer sent a photo." in words_of(await slack._unlocked(sent(LEAD, report, passphrase=PASSPHRASE)))
        # One that is not there looks like one that is not theirs.
        assert GONE in words_of(await slack._unlocked(sent(LEAD, "ff" * 16, passphrase=PASSPHRASE)))
        assert GONE in words_of(await slack._unlocked(sent("U9", report, passphrase=PASSPHRASE)))


def _who(town: Town, user: str) -> bytes:
    with Session(town.engine) as session:
        return reader_of(town, session, user)


async def test_passphrase_is_refused_where_it_is_short_and_after_many_tries_even_when_right(town: Town):
    report = new(town)
    lock(town, U1=PASSPHRASE)
    async with answering(town) as (_, slack):
        short = await slack._unlocked(sent(OTHER, report, passphrase="short", again="short"))
        assert "That is too short" in words_of(short)
        for number in range(10):
            wrong = await slack._unlocked(sent(LEAD, report, passphrase=f"a wrong passphrase {number}"))
            assert "That is not your passphrase." in words_of(wrong)
        right = await slack._unlocked(sent(LEAD, report, passphrase=PASSPHRASE))
        assert "Those were many tries. Wait ten minutes." in words_of(right)
        assert "they take my things" not in words_of(right)


async def test_store_that_is_gone_says_so_and_logs_no_more_than_its_kind(town: Town):
    report = new(town)
    lock(town, U1=PASSPHRASE)
    _lose(town)
    async with answering(town) as (asked, slack):
        with capture_logs() as log:
            assert TROUBLE in words_of(await slack._unlocked(sent(LEAD, report, passphrase=PASSPHRASE)))
            await slack._open(press(LEAD, report))
        assert TROUBLE in asked.shown()
    assert [line["event"] for line in log] == ["whisper desk not opened", "whisper not shown"]


def _lose(town: Town) -> None:
    assert town.whispers.path is not None
    town.whispers.path.unlink()
    town.whispers.engine.dispose()


# --- what they enter --------------------------------------------------------------------------------------------------


async def test_lead_who_stands_back_sees_no_more_of_it_unless_nobody_else_reads(town: Town):
    linked(town)
    shared, own = new(town), new(town, excluded=(_who(town, OTHER).hex(),))
    async with answering(town) as (asked, slack):
        assert '"clear"' in (await slack._decided(sent(LEAD, shared, standing=["recuse"]))).body
        answer = await slack._decided(sent(LEAD, own, standing=["recuse", "keep"]))
        assert "Nobody else could read it then." in words_of(answer)
        await slack._open(press(LEAD, shared))
        assert GONE in asked.shown()
        assert GONE in words_of(await slack._decided(sent(LEAD, shared, words="A reply")))
    assert [_who(town, LEAD) in readers_of(town.whispers, report) for report in (shared, own)] == [False, True]


async def test_reply_that_cannot_be_kept_stays_in_the_window(town: Town):
    linked(town)
    receipt = new_receipt()
    report = start(town.whispers, Draft("2026-11-24", "other", "me"), receipt, {"what": "words"}, b"x").report.hex()
    async with answering(town) as (_, slack):
        # Sent before the desk was locked, and delivered after.
        whisper_lock.lock(town.whispers, whisper_lock.new_recovery())
        with Session(town.engine) as session:
            who = reader_of(town, session, LEAD)
        whisper_lock.choose_passphrase(town.whispers, who, PASSPHRASE)
        town.whispers.close_desk(who)
        closed = words_of(await slack._decided(sent(LEAD, report, words="Thank you.")))
        assert closed == "Your desk has closed meanwhile. Copy your words, then open the whisper again."
        assert whisper_lock.open_desk(town.whispers, who, PASSPHRASE)
        # The same words from the same window are no repeat: nothing was kept of them.
        assert "Thank you." in words_of(await slack._decided(sent(LEAD, report, words="Thank you.")))
        assert see(town.whispers, find(town.whispers, receipt)) == Page("acting", "", (("reply", "Thank you."),))
        _lose(town)
        lost = await slack._decided(sent(LEAD, report, words="A long reply."))
    assert words_of(lost).startswith(TROUBLE)
    assert '"errors"' in lost.body


async def test_reply_of_the_longest_letters_is_kept_whole(town: Town):
    linked(town)
    receipt = new_receipt()
    report = start(town.whispers, Draft("2026-11-24", "other", "me"), receipt, {"what": "words"}, b"x").report.hex()
    words = "\U0001f331" * 3000
    async with answering(town) as (_, slack):
        await slack._decided(sent(LEAD, report, words=words))
    page = see(town.whispers, find(town.whispers, receipt))
    assert page is not None
    assert page.replies == (("reply", words),)


# --- photos -----------------------------------------------------------------------------------------------------------


async def _settled(slack: WhisperSlack, until: Callable[[], bool] | None = None) -> None:
    """Wait until what goes on behind a press has ended, or has come so far."""
    for _ in range(500):
        if until() if until is not None else not slack._tasks:
            return
        await asyncio.sleep(0.01)
    raise AssertionError


async def test_photo_shown_is_taken_away_at_the_end_of_the_program_at_the_latest(town: Town):
    linked(town)
    report = new(town, jpeg((30, 20)), "photo")
    async with answering(town) as (asked, slack):
        await slack._open(press(LEAD, report))
        [photo] = [one for one in asked.asked[-1][1]["view"]["blocks"] if one.get("accessory")]
        await slack._photo(press(LEAD, photo["accessory"]["value"], view={"type": "modal"}))
        await _settled(slack, lambda: asked.count("views.push") == 1)
        assert "It is removed from Slack in a minute." in asked.shown()
        assert files_of(town.whispers, report) == ["F1"]
        await slack.close()
        assert asked.count("files.delete") == 1
    assert files_of(town.whispers, report) == []


async def test_photo_that_slack_did_not_give_back_at_once_is_taken_away_in_a_later_round(town: Town):
    linked(town)
    report, other = new(town, jpeg((30, 20)), "photo"), new(town)
    async with answering(town, files_delete="ratelimited", views_open="expired_trigger_id") as (asked, slack):
        rounds = await prepared(town, slack)
        await rounds.once()
        [photo] = open_thread(town.whispers, _who(town, LEAD), report).turns
        await slack._photo(press(LEAD, f"{report}:{photo.id}"))
        await _settled(slack, lambda: asked.count("views.open") == 1)
        with capture_logs() as log:
            await slack.close()
        assert [line["event"] for line in log] == ["whisper photo not taken away"]
        assert files_of(town.whispers, report) == ["F1"]
        # One that somebody looks at just now stays.
        note_file(town.whispers, other, "F2", there=True)
        slack.showing.add("F2")
        del asked.told["files.delete"]
        await rounds.once()
    assert (files_of(town.whispers, report), files_of(town.whispers, other)) == ([], ["F2"])


async def test_photo_that_is_not_there_is_not_put_into_slack(town: Town):
    linked(town)
    report = new(town)
    async with answering(town) as (asked, slack):
        for value in (f"{report}:{'0' * 32}", "nonsense"):
            await slack._photo(press(LEAD, value))
            await _settled(slack)
            assert GONE in asked.shown()
    assert (asked.count("files.getUploadURLExternal"), asked.count("files.delete")) == (0, 0)


# --- staff who whisper ------------------------------------------------------------------------------------------------


def form(**entered: str) -> dict[str, Any]:
    return {"view": sent("", "", **entered)["view"]}


async def test_words_of_danger_from_staff_wake_the_leads_and_words_that_are_not_kept_stay_in_the_window(town: Town):
    linked(town)
    woken: list[str] = []
    async with answering(town) as (_, slack):
        slack._urgent = lambda: woken.append("urgent")
        assert "Nothing was entered, so nothing was sent." in words_of(await slack._staff_sent(form(words="  ")))
        kept = await slack._staff_sent(form(words="He hits her and she wants to die"))
        assert "Staff are told now" in words_of(kept)
        assert (woken, [line.urgency for line in queue(town.whispers)]) == (["urgent"], ["urgent"])
        _lose(town)
        with capture_logs() as log:
            lost = await slack._staff_sent(form(words="A colleague worries me"))
        assert words_of(lost).startswith("That was not received: nothing of it was kept.")
        assert '"errors"' in lost.body
    assert [line["event"] for line in log] == ["whisper not kept"]
    assert "colleague" not in str(log)


def test_staff_are_told_when_their_words_are_read_next(town: Town):
    def told(hours: int) -> str:
        return render(when_read(town.school, NOW + timedelta(hours=hours)), "en", town.school.zone)

    assert told(0) == "A person reads this in school hours: today."
    assert told(12).startswith("A person reads this in school hours. The next time is ")


async def test_staff_are_told_where_nobody_else_can_read_it(town: Town):
    linked(town)
    keep_readers(town.whispers, {_who(town, LEAD)})
    entered = form(words="It is about the only lead")
    chosen = {"selected_option": {"value": _who(town, LEAD).hex()}}
    entered["view"]["state"]["values"]["excluded"] = {"excluded": chosen}
    async with answering(town) as (_, slack):
        assert "nobody else can read whispers, so nothing was kept" in words_of(await slack._staff_sent(entered))
    assert queue(town.whispers) == []
