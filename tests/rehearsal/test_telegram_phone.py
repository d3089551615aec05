"""Playing a person on the phone: what they do becomes messages and updates."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.rehearsal.telegram_rig import ROBIN, SASHA, Rig, person, serving

KINDS = [
    "photo",
    "document",
    "sticker",
    "voice",
    "audio",
    "video",
    "video_note",
    "animation",
    "location",
    "venue",
    "contact",
    "poll",
    "dice",
]


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with serving() as running:
        await running.start()
        yield running


async def test_people_are_listed_by_name_with_unread_and_note(rig: Rig):
    await rig.bot.send_message(ROBIN, "Hello")
    assert await rig.phone("GET", "people") == [
        {**person(ROBIN, "Robin", "Sample"), "showcase": False, "started": True, "blocked": False, "unread": 1},
        {**person(SASHA, "Sasha", "Example"), "showcase": False, "started": False, "blocked": False, "unread": 0},
    ]


@pytest.mark.parametrize("wanted", ["ROBIN", "OBI", "7s", "robin sam"])
async def test_people_are_found_by_any_part_of_name_or_note(rig: Rig, wanted: str):
    assert [one["id"] for one in await rig.phone("GET", f"people?q={wanted}")] == [ROBIN]


async def test_pupils_are_found_before_parents(rig: Rig):
    parent = person(503, "Alex", "Example") | {"note": "parent of Sasha Example (7S) · not joined yet"}
    pupil = person(504, "Zain", "Example") | {"note": "Year 7 · 7S · not joined yet"}
    await rig.phone("PUT", "people", [parent, pupil])
    assert [one["id"] for one in await rig.phone("GET", "people?q=not%20joined")] == [504, 503]


async def test_people_are_limited(rig: Rig):
    many = [person(1000 + n, f"Pupil {n:04}", "Sample") for n in range(1035)]
    assert await rig.phone("PUT", "people", many) == {"people": 1037}
    assert len(await rig.phone("GET", "people")) == 50
    assert [one["id"] for one in await rig.phone("GET", "people?q=pupil%201034&limit=5")] == [2034]


async def test_registering_again_changes_names_and_keeps_the_chat(rig: Rig):
    await rig.phone("PUT", "people", [person(ROBIN, "Robyn", "Sample")])
    (listed,) = await rig.phone("GET", "people?q=robyn")
    assert listed["started"] is True
    assert [message["text"] for message in await rig.messages()] == ["/start"]


async def test_person_registered_as_started_can_be_written_to(rig: Rig):
    await rig.phone("PUT", "people", [person(503, "Kit", "Instance", started=True)])
    assert (await rig.bot.send_message(503, "Hello")).chat.first_name == "Kit"


@pytest.mark.parametrize("given", [{}, [{"first_name": "Kit"}], [{"id": "1", "first_name": "Kit"}], [{"id": 1}], [1]])
async def test_people_that_cannot_be_read_are_refused(rig: Rig, given: object):
    await rig.phone("PUT", "people", given, expect=400)
    assert len(await rig.phone("GET", "people")) == 2


async def test_person_with_a_user_name_is_shown_by_it(rig: Rig):
    await rig.phone("PUT", "people", [{**person(503, "Kit", "Instance", started=True), "username": "kit"}])
    assert (await rig.bot.send_message(503, "Hello")).chat.username == "kit"


async def test_text_that_is_no_text_is_refused(rig: Rig):
    for text in ("", "a" * 4097, "\ud83d", 7):
        assert "error" in await rig.phone("POST", f"{ROBIN}/text", {"text": text}, expect=400)
    async with rig.http.post(f"{rig.base}/phone/{ROBIN}/text", data=b"{") as answer:
        assert answer.status == 400


async def test_opening_a_chat_marks_it_read(rig: Rig):
    await rig.bot.send_message(ROBIN, "Hello")
    await rig.messages()
    assert [one["unread"] for one in await rig.phone("GET", "people?q=robin")] == [0]


async def test_start_comes_as_a_command(rig: Rig):
    with rig.hub.subscribe() as heard:
        number = (await rig.phone("POST", f"{SASHA}/text", {"text": "/start ABC"}))["message_id"]
        assert heard.get_nowait() == ("phone", {"user": SASHA, "kind": "reply", "message_id": number})
    (update,) = await rig.bot.get_updates(timeout=0)
    message = update.message
    assert message is not None
    assert message.from_user is not None
    assert (message.message_id, message.text, message.from_user.first_name) == (number, "/start ABC", "Sasha")
    assert [(one.type, one.offset, one.length) for one in message.entities] == [("bot_command", 0, 6)]
    assert (message.chat.id, message.chat.type, message.date.timestamp()) == (SASHA, "private", rig.clock.now)


async def test_edited_text_comes_as_an_edited_message(rig: Rig):
    number = (await rig.messages())[0]["message_id"]
    rig.clock.now += 3
    await rig.phone("POST", f"{ROBIN}/edit", {"message_id": number, "text": "hello"})
    (update,) = await rig.bot.get_updates(timeout=0)
    assert update.edited_message is not None
    assert (update.edited_message.message_id, update.edited_message.text) == (number, "hello")
    assert (await rig.messages())[0]["edited"] is True


async def test_tap_on_a_message_that_is_gone_comes_without_it(rig: Rig):
    await rig.phone("POST", f"{ROBIN}/tap", {"message_id": 9999, "data": "old"})
    (update,) = await rig.bot.get_updates(timeout=0)
    assert update.callback_query is not None
    assert update.callback_query.message is not None
    assert update.callback_query.message.is_accessible is False


@pytest.mark.parametrize("kind", KINDS)
async def test_attachment_comes_as_its_kind(rig: Rig, kind: str):
    await rig.phone("POST", f"{ROBIN}/attachment", {"kind": kind})
    (update,) = await rig.bot.get_updates(timeout=0)
    assert update.message is not None
    assert update.message[kind]
    assert (await rig.messages())[-1][kind]


async def test_sent_in_file_is_downloaded(rig: Rig):
    await rig.phone("POST", f"{ROBIN}/attachment", {"kind": "document"})
    (update,) = await rig.bot.get_updates(timeout=0)
    assert update.message is not None
    assert update.message.document is not None
    file = await update.message.document.get_file()
    assert bytes(await file.download_as_bytearray()) == b"A page of homework.\n"


async def test_blocking_comes_as_a_change_of_membership(rig: Rig):
    await rig.phone("POST", f"{ROBIN}/block", {"blocked": True})
    await rig.phone("POST", f"{ROBIN}/block", {"blocked": True})
    (update,) = await rig.bot.get_updates(timeout=0)
    change = update.my_chat_member
    assert change is not None
    assert (change.chat.id, change.old_chat_member.status, change.new_chat_member.status) == (ROBIN, "member", "kicked")


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("999/text", {"text": "a"}, 404, "Nobody with this phone is known here."),
        (f"{ROBIN}/text", {"text": " "}, 400, "A text has 1 to 4096 characters."),
        (f"{ROBIN}/text", {"text": "a" * 4097}, 400, "A text has 1 to 4096 characters."),
        (f"{ROBIN}/text", [], 400, "The body must be a JSON object."),
        (f"{ROBIN}/tap", {"message_id": 1, "data": ""}, 400, "A tap needs a message_id and 1 to 64 bytes of data."),
        (f"{ROBIN}/edit", {"message_id": 99, "text": "a"}, 404, "There is no such text of this person's to edit."),
        (f"{ROBIN}/attachment", {"kind": "elephant"}, 400, "That is not a kind of attachment."),
        (f"{ROBIN}/block", {}, 400, "Say whether the bot is blocked: true or false."),
    ],
)
async def test_phone_refuses_in_a_sentence(rig: Rig, path: str, body: object, status: int, sentence: str):
    assert await rig.phone("POST", path, body, expect=status) == {"error": sentence}


async def test_person_who_blocked_the_bot_cannot_write_to_it(rig: Rig):
    await rig.phone("POST", f"{ROBIN}/block", {"blocked": True})
    told = await rig.phone("POST", f"{ROBIN}/text", {"text": "a"}, expect=409)
    assert told == {"error": "This person has blocked the bot; unblock it first."}
