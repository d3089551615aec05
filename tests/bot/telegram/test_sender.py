"""Sending to Telegram by its own library, against the stand-in server: what is shown, what each refusal means."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from telegram import Bot

from bot import text
from bot.ends import Refused, Sent, TryAgain
from bot.telegram.request import AiohttpRequest
from bot.telegram.sender import TelegramSender
from bot.worker import Worker
from conversations.flows.mine import Sheet
from conversations.model import Button, Message, say, verbatim
from store import outbox
from store.ids import new_id
from store.outbox import Letter
from store.sealing import Sealer
from store.tables import Posted
from tests.bot.classroom import Hand
from tests.bot.speech import programs
from tests.factories import NOW, make_group, make_pupil, make_school
from tests.rehearsal.telegram_rig import ROBIN, SASHA, Rig, serving

HELLO = Message((say("Hello"),))
SLOT = "check-in:1"


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with serving(AiohttpRequest) as rig:
        await rig.start(ROBIN)
        yield rig


@pytest.fixture
async def worker(engine: Engine) -> AsyncIterator[Worker]:
    worker = Worker(engine)
    yield worker
    worker.close()


@pytest.fixture
def sender(rig: Rig, worker: Worker, sealer: Sealer, tmp_path: Path) -> TelegramSender:
    return TelegramSender(rig.bot, worker, sealer, Hand(), tmp_path)


@pytest.fixture
def database_url(tmp_path: Any, sqlite_template: bytes) -> str:  # noqa: ANN401
    """One store is enough: what differs between them is not met here."""
    path = tmp_path / "earshot.sqlite"
    path.write_bytes(sqlite_template)
    return f"sqlite:///{path}"


def letter(message: Message = HELLO, chat: int = ROBIN, method: str = "send", **more: Any) -> Letter:  # noqa: ANN401
    payload = {"message": message.to_json(), "chat": chat, "language": "en", "zone": "Europe/London"}
    if "message_id" in more:
        payload["message_id"] = more["message_id"]
    slot, attempts = more.get("slot"), more.get("attempts", 0)
    return Letter(new_id(), new_id(), "telegram", 1, method, "pupil:1", slot, payload, attempts, None)


def ref(result: object) -> dict[str, Any]:
    assert isinstance(result, Sent)
    assert result.ref is not None
    return result.ref


async def post_to_slot(worker: Worker, sealer: Sealer, chat: int, message_id: int) -> None:
    def write(session: Session) -> None:
        posted = Posted(school_id=make_school(session).id, slot=SLOT)
        sealer.write(posted, "ref", {"chat": chat, "message_id": message_id})
        session.add(posted)

    await worker.run(write)


async def test_a_message_is_shown_with_its_title_paragraphs_and_buttons(rig: Rig, sender: TelegramSender):
    message = Message(
        (say("Is <b> & that fine?"), say("Until {at}.", at=datetime(2026, 11, 25, 15, 0, tzinfo=UTC))),
        say("1 of {total}", total=6),
        ((Button(say("Fine"), "c:1:0:0", "🙂"), Button(verbatim("<Fein>"), "c:1:0:1")), (Button(say("Skip"), "skip"),)),
    )
    told = ref(await sender.send(letter(message)))
    shown = (await rig.messages())[-1]
    assert told == {"chat": ROBIN, "message_id": shown["message_id"]}
    assert shown["text"] == "1 of 6\n\nIs <b> & that fine?\n\nUntil Wednesday 15:00."
    assert shown["entities"] == [{"type": "bold", "offset": 0, "length": 6}]
    assert shown["keyboard"] == [
        [{"text": "🙂 Fine", "callback_data": "c:1:0:0"}, {"text": "<Fein>", "callback_data": "c:1:0:1"}],
        [{"text": "Skip", "callback_data": "skip"}],
    ]


async def test_an_edit_changes_the_message_that_was_tapped(rig: Rig, sender: TelegramSender):
    told = ref(await sender.send(letter()))
    edit = letter(Message((say("Bye"),)), method="edit", message_id=told["message_id"])
    assert await sender.send(edit) == Sent()
    assert [(one["text"], one["edited"]) for one in await rig.messages()][1:] == [("Bye", True)]
    # The same once more changes nothing, and is done.
    assert await sender.send(edit) == Sent()


async def test_an_edit_of_a_slot_finds_its_message_and_leaves_the_slot_to_the_newest(
    rig: Rig, sender: TelegramSender, worker: Worker, sealer: Sealer
):
    told = ref(await sender.send(letter()))
    edit = letter(Message((say("Bye"),)), method="edit", slot=SLOT)
    assert await sender.send(edit) == TryAgain("not sent yet")
    await post_to_slot(worker, sealer, ROBIN, told["message_id"])
    assert await sender.send(edit) == Sent()
    assert (await rig.messages())[-1]["text"] == "Bye"
    assert await worker.run(lambda session: outbox.posted_ref(session, sealer, SLOT)) == told


async def test_an_edit_of_a_slot_that_never_got_a_message_is_given_up(sender: TelegramSender):
    assert await sender.send(letter(method="edit", slot=SLOT, attempts=5)) == Refused("there is no message to edit")


async def test_an_edit_waits_as_long_as_the_message_of_its_slot_is_on_its_way(
    sender: TelegramSender, worker: Worker, sealer: Sealer
):
    def write(session: Session) -> None:
        school_id = make_school(session).id
        what: dict[str, Any] = {"network": "telegram", "lane": "bulk", "method": "send", "recipient": "pupil:1"}
        outbox.post(session, sealer, school_id=school_id, payload={}, dedupe="1", now=NOW, slot=SLOT, **what)

    await worker.run(write)
    # Given up, it would leave a closed check-in on the phone that looks open once it has come.
    assert await sender.send(letter(method="edit", slot=SLOT, attempts=9)) == TryAgain("not sent yet")


async def test_a_slot_whose_message_lies_on_a_former_phone_is_not_edited_there(
    rig: Rig, sender: TelegramSender, worker: Worker, sealer: Sealer
):
    told = ref(await sender.send(letter()))
    await post_to_slot(worker, sealer, ROBIN, told["message_id"])
    await rig.start(SASHA)
    assert await sender.send(letter(chat=SASHA, method="edit", slot=SLOT)) == TryAgain("not sent yet")
    assert (await rig.messages())[-1]["edited"] is False


async def test_a_message_that_is_gone_or_too_long_is_refused_for_good(rig: Rig, sender: TelegramSender):
    assert await sender.send(letter(method="edit", message_id=99_999)) == Refused("the message is gone")
    assert await sender.send(letter(Message((verbatim("é" * 4_097),)))) == Refused("Telegram refuses the message")
    assert await sender.send(letter(Message((verbatim("é" * 4_096),)))) == Sent(
        {"chat": ROBIN, "message_id": (await rig.messages())[-1]["message_id"]}
    )


async def test_whoever_blocked_never_started_or_is_unknown_is_out_of_reach(rig: Rig, sender: TelegramSender):
    assert await sender.send(letter(chat=SASHA)) == Refused("the bot is blocked", unreachable=True)
    assert await sender.send(letter(chat=12_345)) == Refused("the chat cannot be reached", unreachable=True)
    await rig.phone("POST", f"{ROBIN}/block", {"blocked": True})
    assert await sender.send(letter()) == Refused("the bot is blocked", unreachable=True)


async def test_a_429_says_how_long_to_wait(rig: Rig, sender: TelegramSender):
    await rig.phone("POST", "limits", {"per_chat_burst": 1})
    ref(await sender.send(letter()))
    assert await sender.send(letter()) == TryAgain("429", 1.0)


@pytest.mark.parametrize("mode", ["5xx", "drop"])
async def test_a_network_that_fails_is_tried_again(rig: Rig, sender: TelegramSender, mode: Any):  # noqa: ANN401
    rig.faults.mode, rig.faults.every = mode, 1
    for _ in range(4):
        assert await sender.send(letter()) == TryAgain("NetworkError", None)


async def test_a_wrong_token_and_a_server_that_is_away_are_waited_out(rig: Rig, worker: Worker, sealer: Sealer):
    results = []
    for base in (f"{rig.base}/bot", "http://127.0.0.1:9/bot"):
        request = AiohttpRequest(1)
        bot = Bot("1:wrong", base_url=base, request=request, get_updates_request=request)
        results.append(await TelegramSender(bot, worker, sealer, Hand(NOW), Path()).send(letter()))
        await request.shutdown()
    assert results == [TryAgain("Telegram refuses the bot's token"), TryAgain("NetworkError")]


async def test_a_chat_is_named_for_the_pace_by_its_number(sender: TelegramSender):
    assert sender.chat_of(letter()) == "501"


async def test_a_message_is_deleted_and_one_that_is_gone_is_refused_for_good(rig: Rig, sender: TelegramSender):
    sent = await sender.send(letter())
    assert isinstance(sent, Sent)
    assert sent.ref is not None
    gone = letter(method="delete", message_id=sent.ref["message_id"])
    assert await sender.send(gone) == Sent()
    assert await sender.send(gone) == Refused("the message can no longer be deleted")


async def test_a_pupils_own_check_ins_come_as_a_picture_with_a_caption(rig: Rig, sender: TelegramSender):
    sheet = Sheet(NOW, ((say("Anything else you would like to say?"), say("Skipped")),))
    payload = {"chat": ROBIN, "language": "cy", "zone": "Europe/London", "band": "young", "sheets": [sheet.to_json()]}
    told = ref(await sender.send(replace(letter(method="picture"), payload=payload)))
    shown = (await rig.messages())[-1]
    assert told == {"chat": ROBIN, "message_id": shown["message_id"]}
    assert (shown["photo"]["width"], shown["text"]) == (1080, "Fy holiaduron")


async def test_a_pupils_copy_is_made_as_it_leaves_and_sent_as_a_file(
    rig: Rig, sender: TelegramSender, worker: Worker, sealer: Sealer
):
    def join(session: Session) -> str:
        school = make_school(session)
        return make_pupil(session, sealer, school, make_group(session, school, "7B", 7), chat_id=ROBIN).id.hex

    pupil = await worker.run(join)
    payload = {"pupil": pupil, "chat": ROBIN, "language": "en", "zone": "Europe/London"}
    letter = Letter(new_id(), new_id(), "telegram", 1, "document", f"pupil:{pupil}", None, payload, 0, None)
    result = await sender.send(letter)
    assert isinstance(result, Sent)
    assert (result.ref or {}).keys() == {"chat", "message_id"}
    gone = replace(letter, payload={**payload, "pupil": new_id().hex})
    assert await sender.send(gone) == Refused("the pupil is not here any more")


def voice(chat: int = ROBIN) -> Letter:
    payload = {
        "lines": [say("Skip").to_json(), verbatim("Where?").to_json()],
        "spoken": "cy",
        "chat": chat,
        "language": "cy",
        "zone": "Europe/London",
    }
    return replace(letter(method="voice"), payload=payload)


async def test_lines_to_be_heard_are_sent_as_a_voice_message_in_the_readers_language(
    rig: Rig, sender: TelegramSender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with programs(tmp_path / "bin", monkeypatch) as speech:
        assert isinstance(await sender.send(voice()), Sent)
        assert speech.spoken() == ["-b 1 -v cy -s 140 --stdin --stdout"]
    shown = (await rig.messages())[-1]
    assert shown["voice"]["mime_type"] == "audio/ogg"
    async with rig.http.get(f"{rig.base}{shown['voice']['url']}") as answer:
        heard = (await answer.read()).partition(b"OpusHead")[2].decode()
    assert heard == f"{text.render(say('Skip'), 'cy', 'Europe/London')}\n\nWhere?"


async def test_lines_that_cannot_be_spoken_are_answered_with_a_word(
    rig: Rig, sender: TelegramSender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with programs(tmp_path / "bin", monkeypatch) as speech:
        speech.write("opusenc", "#!/bin/sh\nexit 1\n")
        spoken = replace(voice(), payload={**voice().payload, "language": "en", "spoken": "en"})
        assert isinstance(await sender.send(spoken), Sent)
    assert (await rig.messages())[-1]["text"] == "I cannot read it aloud right now."
