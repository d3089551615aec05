"""Reading updates: every kind Telegram documents, what is not ours, and anything at all that is JSON."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.constants import MessageType, UpdateType

from bot.runner import Incoming
from bot.telegram.edge import UPDATES
from bot.telegram.updates import read_update
from conversations.model import Attachment, Command, Edited, Event, Tap, Text

ROBIN = 7_000_000_001
Json = dict[str, Any]
USER: Json = {"id": ROBIN, "is_bot": False, "first_name": "Robin", "language_code": "en-GB"}
PRIVATE: Json = {"id": ROBIN, "type": "private", "first_name": "Robin"}
GROUP: Json = {"id": -100, "type": "supergroup", "title": "7B"}
MESSAGE: Json = {"message_id": 5, "from": USER, "chat": PRIVATE, "date": 1}


def message(**fields: object) -> Json:
    return {"update_id": 9, "message": {**MESSAGE, **fields}}


def typed(text: str) -> Incoming:
    incoming = read_update(message(text=text))
    assert incoming is not None
    return incoming


@pytest.mark.parametrize(
    ("text", "event", "code"),
    [
        ("hello", Text("hello"), None),
        ("  hello ", Text("  hello "), None),
        ("/menu", Command("menu"), None),
        ("/MENU@earshot_bot", Command("menu"), None),
        ("/stop please", Command("stop"), None),
        ("/start", Command("start"), None),
        ("/start ACDE-3467", Command("start"), "ACDE-3467"),
        ("/start " + "x" * 100, Command("start"), "x" * 64),
        ("acde 3467", Text("acde 3467"), "acde 3467"),
        ("ACDE3467", Text("ACDE3467"), "ACDE3467"),
        ("ACDE346", Text("ACDE346"), None),
        ("abcd-efgh", Text("abcd-efgh"), "abcd-efgh"),
        ("abcd efgh", Text("abcd efgh"), None),
        # What nobody sees, and dashes of other kinds, come with words that are copied.
        ("ABCD\u2011\u200bEFGH\u200f", Text("ABCD\u2011\u200bEFGH\u200f"), "ABCD\u2011\u200bEFGH\u200f"),
        ("/", Text("/"), None),
        ("/not a command?", Command("not"), None),
        ("/é", Text("/é"), None),
        # Words of danger are words, whatever they come with.
        ("/start i want to die", Text("/start i want to die"), None),
        ("/menu help i will kill myself", Text("/menu help i will kill myself"), None),
        ("get raped", Text("get raped"), None),
    ],
)
def test_words_commands_and_codes(text: str, event: Event, code: str | None):
    assert typed(text) == Incoming(9, ROBIN, event, code=code, language="en-GB")


RICH: Json = {
    "blocks": [
        {"type": "heading", "text": "Today", "size": 1},
        {"type": "paragraph", "text": ["i want to ", {"type": "bold", "text": "die"}]},
        {"type": "list", "items": [{"label": "•", "blocks": [{"type": "paragraph", "text": "one"}]}]},
        {"type": "table", "cells": [[{"align": "left", "text": "two"}]], "caption": "three"},
        {"type": "photo", "photo": [], "caption": {"text": "four", "credit": "five"}},
        {"type": "a block of next year", "text": {"type": "custom_emoji", "alternative_text": "🙂"}},
    ]
}


@pytest.mark.parametrize("kind", ["message", "edited_message"])
def test_words_with_headings_and_lists_in_them_are_words(kind: str):
    # Telegram leaves `text` empty then.
    incoming = read_update({"update_id": 9, kind: {**MESSAGE, "rich_message": RICH}})
    words = "Today\ni want to die\none\nthree\ntwo\nfour\n🙂"
    assert incoming is not None
    assert incoming.event == (Text(words) if kind == "message" else Edited(words))


POLL: Json = {"question": "which", "options": [{"text": "i want to die"}, {"text": "go home"}], "explanation": "why"}
CHECKLIST: Json = {"title": "to do", "tasks": [{"id": 1, "text": "kill myself"}]}


@pytest.mark.parametrize(
    ("kind", "shape", "words"),
    [("poll", POLL, "which\nwhy\ni want to die\ngo home"), ("checklist", CHECKLIST, "to do\nkill myself")],
)
def test_what_was_typed_into_a_poll_or_checklist_counts(kind: str, shape: Json, words: str):
    incoming = read_update(message(**{kind: shape}))
    assert incoming is not None
    assert incoming.event == Attachment(kind, words)


KINDS = (
    *("animation", "audio", "checklist", "contact", "dice", "document", "game", "location", "paid_media", "photo"),
    *("poll", "sticker", "story", "venue", "video", "video_note", "voice"),
)


@pytest.mark.parametrize("kind", KINDS)
def test_all_that_is_not_words_is_an_attachment(kind: str):
    shape = [{"file_id": "x"}] if kind == "photo" else {"file_id": "x"}
    assert read_update(message(**{kind: shape})) == Incoming(9, ROBIN, Attachment(kind), language="en-GB")


def test_what_was_typed_under_a_picture_counts():
    incoming = read_update(message(photo=[{"file_id": "x"}], caption="i want to die"))
    assert incoming is not None
    assert incoming.event == Attachment("photo", "i want to die")


@pytest.mark.parametrize(
    ("fields", "event"),
    [
        ({"text": "now this"}, Edited("now this")),
        ({"photo": [], "caption": "now that"}, Edited("now that")),
        ({"photo": []}, Edited("")),
        ({"location": {"latitude": 1, "longitude": 2, "live_period": 60}}, None),
    ],
)
def test_a_changed_message_is_read_as_it_is_now(fields: Json, event: Event | None):
    update = {"update_id": 9, "edited_message": {**MESSAGE, "edit_date": 2, **fields}}
    assert read_update(update) == Incoming(9, ROBIN, event, language="en-GB")


# What a message may hold that is no content of its own, but says something of it.
BESIDE = ("effect_id", "reply_to_story", "sender_boost_count", "sender_business_bot", "suggested_post_info")
CONTENT = {*KINDS, *BESIDE, "business_connection_id", "live_photo", "text"}
SERVICE = sorted({*MessageType, "community_chat_added", "community_chat_removed"} - CONTENT)


@pytest.mark.parametrize("kind", [*SERVICE, "a_field_of_next_year"])
def test_a_service_message_is_noted_and_not_answered(kind: str):
    for shape in ({}, [], "x", 7, True):
        assert read_update(message(**{kind: shape})) == Incoming(9, ROBIN, None, language="en-GB")


def test_an_empty_message_is_noted_and_not_answered():
    assert read_update(message()) == Incoming(9, ROBIN, None, language="en-GB")


@pytest.mark.parametrize("beside", BESIDE)
def test_words_count_whatever_is_said_of_the_message(beside: str):
    assert read_update(message(text="hello", **{beside: {}})) == Incoming(9, ROBIN, Text("hello"), language="en-GB")


def test_a_live_photo_is_a_photo():
    # Telegram sets both, for bots that know only the one.
    photo = {"file_id": "x"}
    incoming = read_update(message(live_photo=photo, photo=[photo], caption="look"))
    assert incoming is not None
    assert incoming.event == Attachment("photo", "look")


@pytest.mark.parametrize("kind", ["message", "edited_message"])
@pytest.mark.parametrize("elsewhere", [{"business_connection_id": "b"}, {"guest_query_id": "g"}])
def test_words_in_a_chat_between_people_are_not_ours(kind: str, elsewhere: Json):
    # Such a chat carries the same number as the bot's own with that person, and somebody else reads it.
    update = {"update_id": 9, kind: {**MESSAGE, "text": "hello", **elsewhere}}
    assert read_update(update) is None


def tap(**fields: object) -> Json:
    query = {"id": "77", "from": USER, "chat_instance": "1", "message": MESSAGE, "data": "menu"}
    return {"update_id": 9, "callback_query": {**query, **fields}}


@pytest.mark.parametrize(
    ("fields", "data", "message_id"),
    [
        ({}, "menu", 5),
        # Too old to be shown, but still there to be edited.
        ({"message": {"chat": PRIVATE, "message_id": 5, "date": 0}}, "menu", 5),
        ({"message": None, "inline_message_id": "abc"}, "menu", None),
        ({"message": {**MESSAGE, "chat": GROUP}}, "menu", None),
        # A message of another person's chat is not this person's to change.
        ({"message": {**MESSAGE, "chat": {"id": 8, "type": "private"}}}, "menu", None),
        # So is one of a chat between people, though its number is the same.
        ({"message": {**MESSAGE, "business_connection_id": "b"}}, "menu", None),
        # One shown to a single member of a group has no number that could be edited.
        ({"message": {**MESSAGE, "message_id": 0}}, "menu", None),
        ({"data": None, "game_short_name": "chess"}, "None", 5),
    ],
)
def test_a_tap_is_its_senders_and_names_only_a_message_of_their_chat(fields: Json, data: str, message_id: int | None):
    assert read_update(tap(**fields)) == Incoming(
        9, ROBIN, Tap(data), message_id=message_id, callback_id="77", language="en-GB"
    )


@pytest.mark.parametrize(("status", "reachable"), [("kicked", False), ("left", False), ("member", True)])
def test_a_block_and_its_end_are_noted(status: str, reachable: bool):
    change = {"chat": PRIVATE, "from": USER, "date": 1, "old_chat_member": {}, "new_chat_member": {"status": status}}
    assert read_update({"update_id": 9, "my_chat_member": change}) == Incoming(9, ROBIN, None, reachable=reachable)


@pytest.mark.parametrize("kind", ["message", "edited_message"])
@pytest.mark.parametrize("chat", [GROUP, {"id": -5, "type": "group"}, {"id": -6, "type": "channel"}])
def test_words_in_a_group_or_channel_are_not_ours(kind: str, chat: Json):
    assert read_update({"update_id": 9, kind: {**MESSAGE, "chat": chat, "text": "hello"}}) is None


def test_a_block_in_a_group_is_not_ours():
    change = {"chat": GROUP, "from": USER, "date": 1, "old_chat_member": {}, "new_chat_member": {"status": "kicked"}}
    assert read_update({"update_id": 9, "my_chat_member": change}) is None


# All that the library knows, what is newer (July 2026), and what is not there yet.
OTHER_KINDS = sorted({*UpdateType, "subscription", "a_kind_of_next_year"} - set(UPDATES))


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_every_other_kind_of_update_is_left_alone(kind: str):
    assert read_update({"update_id": 9, kind: {**MESSAGE, "text": "hello", "user": USER}}) is None


@pytest.mark.parametrize(
    "update",
    [
        None,
        [],
        "x",
        {},
        {"update_id": None},
        {"update_id": "9", "message": MESSAGE},
        {"update_id": 9},
        {"update_id": 9, "message": None},
        {"update_id": 9, "message": {"chat": None}},
        {"update_id": 9, "message": {**MESSAGE, "chat": {"type": "private"}}},
        {"update_id": 9, "message": {**MESSAGE, "chat": {"type": "private", "id": "7"}, "text": "x"}},
        {"update_id": 9, "callback_query": {"id": 1, "data": "menu"}},
        {"update_id": 9, "callback_query": {"id": 1, "from": {"id": None}}},
        {"update_id": 9, "callback_query": {"id": 1, "from": USER, "message": {**MESSAGE, "message_id": "5"}}},
        {"update_id": 9, "my_chat_member": {"chat": PRIVATE}},
    ],
)
def test_what_is_malformed_is_left_alone(update: object):
    assert read_update(update) is None


# Names that mean something here come often, so that the strange values reach deep.
NAMES = (
    *("message", "edited_message", "callback_query", "my_chat_member", "chat", "from", "id", "type", "text", "caption"),
    *("data", "message_id", "location", "photo", "new_chat_member", "status", "language_code", "update_id"),
)
names = st.sampled_from(NAMES)
words = st.one_of(st.text(), st.sampled_from(["private", "/start x"]))
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words)
anything = st.recursive(
    leaves,
    lambda deeper: st.one_of(st.lists(deeper, max_size=4), st.dictionaries(st.one_of(names, st.text()), deeper)),
    max_leaves=20,
)


@given(anything)
def test_no_json_raises(update: object):
    assert isinstance(read_update(update), Incoming | None)


@given(st.dictionaries(names, anything, max_size=6), st.dictionaries(names, anything, max_size=6))
def test_no_strange_field_of_a_message_or_tap_raises(inner: Json, outer: Json):
    for kind in ("message", "edited_message", "callback_query", "my_chat_member"):
        for base in (MESSAGE, tap()["callback_query"], {}):
            incoming = read_update({"update_id": 9, kind: {**base, **inner}, **outer})
            assert isinstance(incoming, Incoming | None)
            if incoming is not None:
                assert isinstance(incoming.chat_id, int)
                assert isinstance(incoming.message_id, int | None)
