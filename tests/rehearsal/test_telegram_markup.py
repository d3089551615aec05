"""Keyboards: what is shown of them, and how wrong ones are refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.rehearsal.telegram_rig import ROBIN, Rig, serving

YES = {"text": "Yes", "callback_data": "yes"}


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with serving() as running:
        await running.start()
        yield running


def sent(markup: object) -> dict[str, Any]:
    return {"chat_id": ROBIN, "text": "a", "reply_markup": markup}


def inline(*buttons: object) -> dict[str, Any]:
    return sent({"inline_keyboard": [list(buttons)]})


def panel(*buttons: object) -> dict[str, Any]:
    return sent({"keyboard": [list(buttons)]})


async def test_what_is_no_keyboard_is_refused(rig: Rig):
    array = 'field "inline_keyboard" must be of type Array'
    arrays = 'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
    await rig.refuses(
        "sendMessage",
        [
            (sent("{"), "can't parse reply keyboard markup JSON object"),
            (sent("[" * 100_000), "can't parse reply keyboard markup JSON object"),
            (sent("[]"), "object expected as reply markup"),
            (sent(None), "object expected as reply markup"),
            (sent({"inline_keyboard": {"0": []}}), array),
            (sent({"inline_keyboard": None}), array),
            (sent({"inline_keyboard": [{"text": "x"}]}), arrays),
            (sent({"keyboard": "x"}), 'field "keyboard" must be of type Array'),
            (sent({"keyboard": ["x"]}), 'field "keyboard" must be an Array of Arrays'),
            (sent({"remove_keyboard": 1}), 'field "remove_keyboard" must be of type Boolean'),
        ],
    )


async def test_buttons_under_a_message_are_refused_as_telegram_does(rig: Rig):
    called = "can't parse inline keyboard button"
    unallowed = f"{called}: Text buttons are unallowed in the inline keyboard"
    await rig.refuses(
        "sendMessage",
        [
            (inline("Yes"), f"{called}: InlineKeyboardButton must be an Object"),
            (inline({"callback_data": "yes"}), f'{called}: Can\'t find field "text"'),
            (inline({**YES, "text": None}), f'{called}: Field "text" must be of type String'),
            (inline({**YES, "callback_data": True}), f'{called}: Field "callback_data" must be of type String'),
            (inline({**YES, "url": None}), f'{called}: Field "url" must be of type String'),
            (inline({**YES, "style": "loud"}), f"{called}: invalid button style specified"),
            (
                inline({**YES, "icon_custom_emoji_id": "a"}),
                f'{called}: Field "icon_custom_emoji_id" must be a valid Number',
            ),
            (inline({"text": "x"}), unallowed),
            (inline({"text": "", "callback_data": ""}), unallowed),
            (
                inline({"text": "x", "switch_inline_query": {}}),
                f'{called}: Field "switch_inline_query" must be of type String',
            ),
            (inline({"text": "x", "login_url": "x"}), f'{called}: Field "login_url" must be of type Object'),
            (inline({"text": "x", "web_app": {}}), f'{called}: Can\'t find field "url"'),
            (inline({"text": "x", "copy_text": {"text": []}}), f'{called}: Field "text" must be of type String'),
            (inline({**YES, "text": " "}), "inline keyboard button text must be non-empty"),
            (inline({**YES, "text": "\ud83d"}), "strings must be encoded in UTF-8"),
            (
                inline({"text": "x", "url": "localhost"}),
                "inline keyboard button URL 'localhost' is invalid: Wrong HTTP URL",
            ),
            (
                inline({"text": "x", "url": "ftp://a.b"}),
                "inline keyboard button URL 'ftp://a.b' is invalid: Unsupported URL protocol",
            ),
            (inline({"text": "x", "url": " "}), "inline keyboard button URL ' ' is invalid: URL host is empty"),
            (inline({**YES, "callback_data": "é" * 33}), "BUTTON_DATA_INVALID"),
            (sent({"inline_keyboard": [[YES]] * 101}), "reply markup is too long"),
        ],
    )


async def test_buttons_by_the_text_box_are_refused_as_telegram_does(rig: Rig):
    called = "can't parse keyboard button"
    await rig.refuses(
        "sendMessage",
        [
            (panel(1), f"{called}: KeyboardButton must be a String or an Object"),
            (panel({}), f'{called}: Can\'t find field "text"'),
            (panel(" "), "keyboard button text must be non-empty"),
        ],
    )


@pytest.mark.parametrize(
    ("button", "shown"),
    [
        ({"text": 7, "callback_data": "d" * 64}, {"text": "7", "callback_data": "d" * 64}),
        ({"text": "x", "callback_data": 1.5}, {"text": "x", "callback_data": "1.5"}),
        ({"text": "x", "url": "example.org"}, {"text": "x", "url": "example.org"}),
        ({"text": "x", "pay": True}, {"text": "x", "pay": True}),
        ({"text": "x", "switch_inline_query": ""}, {"text": "x", "switch_inline_query": ""}),
        ({"text": "x", "web_app": {"url": "https://a.b"}}, {"text": "x", "web_app": {"url": "https://a.b"}}),
        (
            {"text": "x", "switch_inline_query_chosen_chat": {}},
            {"text": "x", "switch_inline_query_chosen_chat": {}},
        ),
    ],
)
async def test_buttons_of_every_kind_are_taken(rig: Rig, button: dict[str, Any], shown: dict[str, Any]):
    _, told = await rig.call("sendMessage", json=inline(button))
    assert told["result"]["reply_markup"] == {"inline_keyboard": [[shown]]}


async def test_more_buttons_than_a_row_holds_and_buttons_without_words_are_left_out(rig: Rig):
    row = [{**YES, "text": ""}, *[{**YES, "text": str(number)} for number in range(14)]]
    _, told = await rig.call("sendMessage", json=sent({"inline_keyboard": [[], row, [{**YES, "text": ""}]]}))
    assert [[button["text"] for button in row] for row in told["result"]["reply_markup"]["inline_keyboard"]] == [
        [str(number) for number in range(12)]
    ]
    await rig.call("sendMessage", json=sent({"keyboard": [[str(number)] for number in range(302)]}))
    assert len((await rig.messages())[-1]["reply_keyboard"]) == 300


@pytest.mark.parametrize("markup", ["", {}, {"inline_keyboard": []}, {"inline_keyboard": [[]]}, {"keyboard": [[""]]}])
async def test_keyboard_without_buttons_is_none(rig: Rig, markup: object):
    _, told = await rig.call("sendMessage", json=sent(markup))
    assert (told["ok"], "reply_markup" in told["result"]) == (True, False)
    assert "reply_keyboard" not in (await rig.messages())[-1]


async def test_keyboard_by_the_text_box_wins_over_one_under_the_message(rig: Rig):
    _, told = await rig.call("sendMessage", json=sent({"inline_keyboard": [[YES]], "keyboard": [["x"]]}))
    assert "reply_markup" not in told["result"]
    assert (await rig.messages())[-1]["reply_keyboard"] == [[{"text": "x"}]]


@pytest.mark.parametrize("name", ["remove_keyboard", "force_reply"])
async def test_message_that_changes_the_text_box_is_sent_and_not_edited(rig: Rig, name: str):
    _, told = await rig.call("sendMessage", json=sent({name: True}))
    edit = {"chat_id": ROBIN, "message_id": told["result"]["message_id"], "text": "b"}
    assert await rig.refused("editMessageText", **edit) == "Bad Request: message can't be edited"
