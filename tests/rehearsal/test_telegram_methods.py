"""Sending, editing, deleting and answering, through the library's own Bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
)
from telegram.error import BadRequest, Forbidden, InvalidToken
from telegram.request import HTTPXRequest

from rehearsal.hub import TELEGRAM_TOKEN
from tests.rehearsal.telegram_rig import ROBIN, SASHA, Rig, eventually, serving

KEYS = InlineKeyboardMarkup(
    [[InlineKeyboardButton("Yes", callback_data="yes"), InlineKeyboardButton("No", callback_data="no")]]
)
HELLO = {"chat_id": ROBIN, "text": "Hello"}
QUERY_GONE = "Bad Request: query is too old and response timeout expired or query ID is invalid"


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with serving() as running:
        await running.start()
        yield running


async def test_get_me_is_the_bot(rig: Rig):
    me = await rig.bot.get_me()
    assert (me.id, me.is_bot, me.username) == (700000001, True, "earshot_rehearsal_bot")


async def test_wrong_token_is_unauthorized(rig: Rig):
    status, told = await rig.call("getMe", token="700000001:wrong")
    assert (status, told) == (401, {"ok": False, "error_code": 401, "description": "Unauthorized"})


async def test_wrong_token_raises_in_the_library(rig: Rig):
    async with HTTPXRequest() as request:
        bot = Bot("700000001:wrong", base_url=f"{rig.base}/bot", request=request, get_updates_request=request)
        with pytest.raises(InvalidToken):
            await bot.get_me()


async def test_whoever_hangs_up_in_the_middle_of_a_call_leaves_no_trace_of_an_error(
    rig: Rig, caplog: pytest.LogCaptureFixture
):
    _, writer = await asyncio.open_connection("127.0.0.1", rig.port)
    head = f"POST /bot{TELEGRAM_TOKEN}/sendMessage HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n"
    writer.write(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\nchat_id=".encode())
    await writer.drain()
    await eventually(lambda: rig.api.calls["sendmessage"] == 1)
    writer.transport.abort()
    await asyncio.sleep(0.1)
    assert (await rig.call("getMe"))[0] == 200
    assert caplog.records == []


async def test_unknown_method_is_not_found(rig: Rig):
    assert await rig.refused("sendPigeon") == "Not Found: method not found"


async def test_method_names_match_in_any_case(rig: Rig):
    assert (await rig.call("GETME"))[0] == 200


async def test_sent_message_reaches_the_phone_with_its_keyboard(rig: Rig):
    with rig.hub.subscribe() as heard:
        sent = await rig.bot.send_message(ROBIN, "How was <b>maths</b>?", parse_mode="HTML", reply_markup=KEYS)
        assert heard.get_nowait() == ("phone", {"user": ROBIN, "kind": "message", "message_id": sent.message_id})
    assert (sent.text, sent.chat.id, sent.date.timestamp()) == ("How was maths?", ROBIN, rig.clock.now)
    assert (await rig.messages())[-1] == {
        "message_id": sent.message_id,
        "from": "bot",
        "text": "How was maths?",
        "date": int(rig.clock.now),
        "edited": False,
        "keyboard": [[{"text": "Yes", "callback_data": "yes"}, {"text": "No", "callback_data": "no"}]],
        "entities": [{"type": "bold", "offset": 8, "length": 5}],
    }


@pytest.mark.parametrize("form", ["json", "data", "params", "multipart"])
async def test_parameters_are_read_in_every_form(rig: Rig, form: str):
    given = {"chat_id": str(ROBIN), "text": "Hello"}
    if form == "multipart":
        body = aiohttp.FormData(given, default_to_multipart=True)
        status, told = await rig.call("sendMessage", data=body)
    else:
        status, told = await rig.call("sendMessage", **{form: given})
    assert (status, told["result"]["text"]) == (200, "Hello")


@pytest.mark.parametrize(
    ("params", "description"),
    [
        ({"text": "a"}, "Bad Request: chat_id is empty"),
        ({"chat_id": 99, "text": "a"}, "Bad Request: chat not found"),
        ({"chat_id": "@nobody", "text": "a"}, "Bad Request: chat not found"),
        ({"chat_id": ROBIN}, "Bad Request: message text is empty"),
        ({**HELLO, "text": ""}, "Bad Request: message text is empty"),
        ({**HELLO, "text": " \n "}, "Bad Request: text must be non-empty"),
        ({**HELLO, "text": "a" * 4097}, "Bad Request: message is too long"),
        ({**HELLO, "text": "\ud83d"}, "Bad Request: strings must be encoded in UTF-8"),
        ({**HELLO, "parse_mode": "Runes"}, "Bad Request: unsupported parse_mode"),
        (
            {**HELLO, "text": "<b>a", "parse_mode": "HTML"},
            "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        ({**HELLO, "reply_parameters": {"message_id": 9999}}, "Bad Request: message to be replied not found"),
        ({**HELLO, "reply_to_message_id": 9999}, "Bad Request: message to be replied not found"),
        (
            {**HELLO, "reply_parameters": {"message_id": "one"}},
            'Bad Request: field "message_id" must be a valid Number',
        ),
        ({**HELLO, "reply_parameters": {"message_id": [1]}}, 'Bad Request: field "message_id" must be a Number'),
        ({**HELLO, "reply_parameters": {"chat_id": 1}}, 'Bad Request: can\'t find field "message_id"'),
        (
            {**HELLO, "reply_parameters": {"message_id": 1, "allow_sending_without_reply": "yes"}},
            'Bad Request: field "allow_sending_without_reply" must be of type Boolean',
        ),
        ({**HELLO, "reply_parameters": "[1]"}, "Bad Request: object expected as reply parameters"),
        ({**HELLO, "reply_parameters": "["}, "Bad Request: can't parse reply parameters JSON object"),
        ({**HELLO, "text": "é" * (1 << 14) + "a"}, "Bad Request: text is too long"),
    ],
)
async def test_send_message_refuses_as_telegram_does(rig: Rig, params: dict[str, object], description: str):
    assert await rig.refused("sendMessage", **params) == description
    assert len(await rig.messages()) == 1


async def test_text_of_4096_characters_after_markup_is_sent(rig: Rig):
    sent = await rig.bot.send_message(ROBIN, f"<b>{'a' * 4096}</b>", parse_mode="HTML")
    assert len(sent.text or "") == 4096


async def test_a_person_who_never_started_cannot_be_written_to(rig: Rig):
    with pytest.raises(Forbidden, match=r"^Forbidden: bot can't initiate conversation with a user$"):
        await rig.bot.send_message(SASHA, "Hello")


async def test_a_person_who_blocked_the_bot_cannot_be_written_to(rig: Rig):
    await rig.phone("POST", f"{ROBIN}/block", {"blocked": True})
    with pytest.raises(Forbidden, match=r"^Forbidden: bot was blocked by the user$"):
        await rig.bot.send_message(ROBIN, "Hello")


async def test_a_person_who_unblocked_the_bot_is_reached_again(rig: Rig):
    await rig.phone("POST", f"{ROBIN}/block", {"blocked": True})
    await rig.phone("POST", f"{ROBIN}/block", {"blocked": False})
    assert (await rig.bot.send_message(ROBIN, "Hello")).text == "Hello"


async def test_reply_shows_what_it_replies_to(rig: Rig):
    first = await rig.bot.send_message(ROBIN, "One")
    second = await rig.bot.send_message(ROBIN, "Two", reply_to_message_id=first.message_id)
    assert second.reply_to_message is not None
    assert second.reply_to_message.message_id == first.message_id


@pytest.mark.parametrize(
    "reply",
    [
        {"reply_parameters": {"message_id": 9999, "allow_sending_without_reply": True}},
        {"reply_to_message_id": 9999, "allow_sending_without_reply": "true"},
        {"reply_parameters": {"message_id": -1}},
        {"reply_parameters": {}, "reply_to_message_id": 9999},
        {"reply_parameters": "", "reply_to_message_id": 9999},
    ],
)
async def test_reply_to_what_may_be_gone_or_to_nothing_is_sent_without(rig: Rig, reply: dict[str, object]):
    _, told = await rig.call("sendMessage", json={**HELLO, **reply})
    assert (told["ok"], "reply_to_message" in told["result"]) == (True, False)


async def test_edited_text_replaces_text_and_keyboard(rig: Rig):
    sent = await rig.bot.send_message(ROBIN, "One", reply_markup=KEYS)
    rig.clock.now += 5
    edited = await rig.bot.edit_message_text("Two", ROBIN, sent.message_id)
    assert not isinstance(edited, bool)
    assert (edited.text, edited.reply_markup, edited.edit_date and edited.edit_date.timestamp()) == (
        "Two",
        None,
        rig.clock.now,
    )
    shown = (await rig.messages())[-1]
    assert (shown["text"], shown["edited"], shown["keyboard"]) == ("Two", True, None)


async def test_message_is_protected_when_asked_for(rig: Rig):
    assert (await rig.bot.send_message(ROBIN, "One", protect_content=True)).has_protected_content


async def test_entities_that_are_not_json_are_none(rig: Rig):
    _, told = await rig.call("sendMessage", json={**HELLO, "entities": "["})
    assert (told["ok"], "entities" in told["result"]) == (True, False)


async def test_edited_keyboard_keeps_the_text(rig: Rig):
    sent = await rig.bot.send_message(ROBIN, "One")
    edited = await rig.bot.edit_message_reply_markup(ROBIN, sent.message_id, reply_markup=KEYS)
    assert not isinstance(edited, bool)
    assert (edited.text, edited.reply_markup) == ("One", KEYS)


async def test_edit_that_changes_nothing_is_refused(rig: Rig):
    sent = await rig.bot.send_message(ROBIN, "One", reply_markup=KEYS)
    with pytest.raises(BadRequest) as refused:
        await rig.bot.edit_message_text("One", ROBIN, sent.message_id, reply_markup=KEYS)
    assert refused.value.message == (
        "Message is not modified: specified new message content and reply markup are exactly the same as a current"
        " content and reply markup of the message"
    )


async def test_edit_of_what_is_not_there_is_refused(rig: Rig):
    described = await rig.refused("editMessageText", chat_id=ROBIN, message_id=9999, text="a")
    assert described == "Bad Request: message to edit not found"


async def test_edit_without_an_address_is_refused(rig: Rig):
    assert await rig.refused("editMessageText", text="a") == "Bad Request: message identifier is not specified"


async def test_edit_of_a_persons_message_is_refused(rig: Rig):
    start = (await rig.messages())[0]["message_id"]
    described = await rig.refused("editMessageText", chat_id=ROBIN, message_id=start, text="a")
    assert described == "Bad Request: message can't be edited"


async def test_edit_of_a_message_with_a_reply_keyboard_is_refused(rig: Rig):
    _, told = await rig.call("sendMessage", json={"chat_id": ROBIN, "text": "a", "reply_markup": {"keyboard": [["x"]]}})
    described = await rig.refused("editMessageText", chat_id=ROBIN, message_id=told["result"]["message_id"], text="b")
    assert described == "Bad Request: message can't be edited"
    assert (await rig.messages())[-1]["reply_keyboard"] == [[{"text": "x"}]]


async def test_edit_over_the_length_is_refused_in_the_servers_words(rig: Rig):
    sent = await rig.bot.send_message(ROBIN, "One")
    described = await rig.refused("editMessageText", chat_id=ROBIN, message_id=sent.message_id, text="a" * 4097)
    assert described == "Bad Request: MESSAGE_TOO_LONG"


async def test_edit_with_a_reply_keyboard_is_refused(rig: Rig):
    sent = await rig.bot.send_message(ROBIN, "One")
    described = await rig.refused(
        "editMessageText",
        chat_id=ROBIN,
        message_id=sent.message_id,
        text="b",
        reply_markup={"keyboard": [["x"]]},
    )
    assert described == "Bad Request: inline keyboard expected"


async def test_deleted_message_is_gone_from_the_phone(rig: Rig):
    sent = await rig.bot.send_message(ROBIN, "One")
    assert await rig.bot.delete_message(ROBIN, sent.message_id)
    assert [message["text"] for message in await rig.messages()] == ["/start"]
    described = await rig.refused("deleteMessage", chat_id=ROBIN, message_id=sent.message_id)
    assert described == "Bad Request: message to delete not found"


async def test_message_is_deleted_within_48_hours_and_refused_after(rig: Rig):
    first = await rig.bot.send_message(ROBIN, "One")
    second = await rig.bot.send_message(ROBIN, "Two")
    rig.clock.now += 48 * 3600
    assert await rig.bot.delete_message(ROBIN, first.message_id)
    rig.clock.now += 1
    described = await rig.refused("deleteMessage", chat_id=ROBIN, message_id=second.message_id)
    assert described == "Bad Request: message can't be deleted for everyone"


async def test_delete_messages_passes_over_those_that_are_gone(rig: Rig):
    numbers = [(await rig.bot.send_message(ROBIN, str(n))).message_id for n in range(3)]
    assert await rig.bot.delete_messages(ROBIN, [*numbers[:2], 9999])
    assert [message["text"] for message in await rig.messages()] == ["/start", "2"]


async def test_delete_messages_with_one_too_old_deletes_none(rig: Rig):
    old = await rig.bot.send_message(ROBIN, "Old")
    rig.clock.now += 48 * 3600 + 1
    new = await rig.bot.send_message(ROBIN, "New")
    described = await rig.refused("deleteMessages", chat_id=ROBIN, message_ids=[new.message_id, old.message_id])
    assert described == "Bad Request: message can't be deleted for everyone"
    assert [message["text"] for message in await rig.messages()] == ["/start", "Old", "New"]


async def test_messages_to_edit_or_delete_are_named_as_telegram_wants_them(rig: Rig):
    nowhere = "message identifier is not specified"
    for method in ("editMessageText", "deleteMessage"):
        await rig.refuses(
            method,
            [
                ({"text": "a", "chat_id": 99, "message_id": 1}, "chat not found"),
                ({"text": "a", "message_id": -1}, nowhere if method[0] == "e" else "chat identifier is not specified"),
                ({"text": "a", "chat_id": ROBIN}, "message to edit not found" if method[0] == "e" else nowhere),
            ],
        )
    none = "message identifiers are not specified"
    await rig.refuses(
        "deleteMessages",
        [
            ({"chat_id": ROBIN}, none),
            ({"chat_id": ROBIN, "message_ids": []}, none),
            ({"chat_id": ROBIN, "message_ids": "["}, "can't parse message_ids JSON object"),
            ({"chat_id": ROBIN, "message_ids": {}}, "expected an Array of message identifiers"),
            ({"chat_id": ROBIN, "message_ids": list(range(1, 102))}, "too many message identifiers specified"),
            ({"chat_id": ROBIN, "message_ids": [True]}, "message identifier must be a Number"),
            ({"chat_id": ROBIN, "message_ids": [1.5]}, "can't parse message identifier as a Number"),
            ({"chat_id": ROBIN, "message_ids": ["²"]}, "can't parse message identifier as a Number"),
            ({"chat_id": ROBIN, "message_ids": [1 << 31]}, "can't parse message identifier as a Number"),
            ({"chat_id": ROBIN, "message_ids": [0]}, "invalid message identifier specified"),
        ],
    )


async def test_messages_are_deleted_by_their_digits_too(rig: Rig):
    sent = await rig.bot.send_message(ROBIN, "One")
    assert (await rig.call("deleteMessages", json={"chat_id": ROBIN, "message_ids": [str(sent.message_id)]}))[0] == 200
    assert [message["text"] for message in await rig.messages()] == ["/start"]


async def test_answered_tap_shows_its_words_once(rig: Rig):
    sent = await rig.bot.send_message(ROBIN, "One", reply_markup=KEYS)
    tap = await rig.phone("POST", f"{ROBIN}/tap", {"message_id": sent.message_id, "data": "yes"})
    (update,) = await rig.bot.get_updates()
    query = update.callback_query
    assert query is not None
    assert (query.id, query.data, query.from_user.id) == (tap["callback_query_id"], "yes", ROBIN)
    assert query.message is not None
    assert query.message.message_id == sent.message_id
    with rig.hub.subscribe() as heard:
        assert await rig.bot.answer_callback_query(query.id, "Noted")
        assert heard.get_nowait() == ("phone", {"user": ROBIN, "kind": "toast", "message_id": 0})
    assert (await rig.phone("GET", f"{ROBIN}/messages"))["toast"] == "Noted"
    assert await rig.refused("answerCallbackQuery", callback_query_id=query.id) == QUERY_GONE


async def test_tap_is_not_answered_after_its_minute(rig: Rig):
    sent = await rig.bot.send_message(ROBIN, "One", reply_markup=KEYS)
    tap = await rig.phone("POST", f"{ROBIN}/tap", {"message_id": sent.message_id, "data": "yes"})
    rig.clock.now += 61
    assert await rig.refused("answerCallbackQuery", callback_query_id=tap["callback_query_id"]) == QUERY_GONE


async def test_unknown_tap_is_not_answered(rig: Rig):
    assert await rig.refused("answerCallbackQuery", callback_query_id="12") == QUERY_GONE


async def test_words_of_an_answer_to_a_tap_have_a_limit(rig: Rig):
    await rig.refuses("answerCallbackQuery", [({"text": "a" * 201}, "MESSAGE_TOO_LONG")])


async def test_chat_action_is_taken_and_a_made_up_one_refused(rig: Rig):
    for action in ("typing", "Cancel", "pick_up_location"):
        assert await rig.bot.send_chat_action(ROBIN, action)
    described = await rig.refused("sendChatAction", chat_id=ROBIN, action="yawning")
    assert described == "Bad Request: wrong parameter action in request"


async def test_stats_count_calls_by_method(rig: Rig):
    before = (await rig.phone("GET", "stats"))["methods"].get("sendmessage", 0)
    await rig.bot.send_message(ROBIN, "One")
    assert (await rig.phone("GET", "stats"))["methods"]["sendmessage"] == before + 1
