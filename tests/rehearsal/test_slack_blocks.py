"""Block Kit as the stand-in refuses and accepts it."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.slack_blocks import message_faults, too_large, view_faults, with_ids
from tests.rehearsal.slack_rig import actions, button, field, home, modal, section


def in_message(*blocks: object) -> list[str]:
    return message_faults(list(blocks), {"F1"}.__contains__)


def in_view(view: object) -> list[str]:
    return view_faults(view, {"F1"}.__contains__)


def words(text: str, kind: str = "plain_text") -> dict[str, Any]:
    return {"type": kind, "text": text}


def options(count: int) -> list[dict[str, Any]]:
    return [{"text": words(f"Option {index}"), "value": str(index)} for index in range(count)]


def select(count: int = 3, **more: object) -> dict[str, Any]:
    return {"type": "static_select", "action_id": "why", "options": options(count), **more}


def long(**more: object) -> dict[str, Any]:
    return field() | {"element": {"type": "plain_text_input", "action_id": "words", **more}}


LINES = [{"type": "divider"}] * 100
PICTURE = {"type": "image", "image_url": "https://example.test/a.png", "alt_text": "A chart"}
CONFIRM = {name: words("x") for name in ("title", "text", "confirm", "deny")}
GOOD = [
    section("x" * 3000),
    section(accessory=button()),
    section(accessory=PICTURE),
    {"type": "section", "fields": [words("x" * 2000, "mrkdwn")] * 10},
    {"type": "header", "text": words("x" * 150)},
    {"type": "divider"},
    {"type": "context", "elements": [words("7B", "mrkdwn")]},
    {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "A chart", "title": words("Trend")},
    actions(*(button(f"a{index}") for index in range(25))),
    actions(button(value="x" * 2000, label="x" * 75)),
    actions(select(100)),
    actions({**button(), "style": "danger", "confirm": CONFIRM}),
    actions({"type": "overflow", "options": [{**options(1)[0], "url": "https://example.test"}]}),
    {"type": "context", "elements": [PICTURE]},
    {"type": "rich_text", "elements": []},
    field(),
]


@pytest.mark.parametrize("block", GOOD)
def test_block_within_the_limits_is_accepted(block: dict[str, Any]):
    assert in_message(block) == []


BAD: list[tuple[dict[str, Any], str]] = [
    (section("x" * 3001), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ({"type": "section", "text": "x"}, "must provide an object [json-pointer:/blocks/0/text]"),
    ({"type": "section", "text": {"type": "mrkdwn"}}, "missing required field: text [json-pointer:/blocks/0/text]"),
    (section(expand=1), "must be a boolean [json-pointer:/blocks/0/expand]"),
    (section(block_id=["a"]), "must provide a string [json-pointer:/blocks/0/block_id]"),
    (actions({**button(), "confirm": "x"}), "must provide an object [json-pointer:/blocks/0/elements/0/confirm]"),
    (actions({**button(), "value": 7}), "must provide a string [json-pointer:/blocks/0/elements/0/value]"),
    ({"type": "actions", "elements": "x"}, "must provide an array [json-pointer:/blocks/0/elements]"),
    (
        actions(select(1, options=[{**options(1)[0], "url": "https://example.test"}])),
        "invalid additional property: url [json-pointer:/blocks/0/elements/0/options]",
    ),
    (section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ({"type": "section"}, "must define either `text` or `fields` [json-pointer:/blocks/0/type]"),
    (
        {"type": "section", "fields": [words("x")] * 11},
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    (
        {"type": "section", "fields": [words("x" * 2001)]},
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    (
        {"type": "header", "text": words("x" * 151)},
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    ({"type": "header", "text": words("x", "mrkdwn")}, "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]"),
    (
        {"type": "context", "elements": [words("x")] * 11},
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    ({"type": "carousel"}, "unsupported type: carousel [json-pointer:/blocks/0/type]"),
    ({"text": "?"}, "unsupported type: None [json-pointer:/blocks/0/type]"),
    ({"type": "divider", "colour": "red"}, "invalid additional property: colour [json-pointer:/blocks/0]"),
    ({"type": "divider", "block_id": "x" * 256}, "must be less than 256 characters [json-pointer:/blocks/0/block_id]"),
    (
        {"type": "image", "image_url": "https://example.test/a.png"},
        "missing required field: alt_text [json-pointer:/blocks/0]",
    ),
    (
        {"type": "image", "alt_text": "A chart"},
        "must define either `image_url` or `slack_file` [json-pointer:/blocks/0]",
    ),
    (
        {"type": "image", "slack_file": {"id": "F2"}, "alt_text": "A chart"},
        "invalid slack file [json-pointer:/blocks/0/slack_file]",
    ),
    (
        actions(*(button(f"a{index}") for index in range(26))),
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (actions(), "must provide at least 1 items [json-pointer:/blocks/0/elements]"),
    (
        actions(button(label="x" * 76)),
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    (
        actions(button(value="x" * 2001)),
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    (
        actions(button("x" * 256)),
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    (
        actions(button("take"), button("take")),
        '`action_id` "take" already exists [json-pointer:/blocks/0/elements/1/action_id]',
    ),
    (
        actions({**button(), "style": "default"}),
        "must be a valid enum value [json-pointer:/blocks/0/elements/0/style]",
    ),
    (actions(select(101)), "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]"),
    (actions(select(0)), "must provide at least 1 items [json-pointer:/blocks/0/elements/0/options]"),
    (
        actions(select(2, initial_option=options(3)[2])),
        "the `initial_option` must match exactly one option [json-pointer:/blocks/0/elements/0/initial_option]",
    ),
    (
        actions({"type": "static_select"}),
        "must define either `options` or `option_groups` [json-pointer:/blocks/0/elements/0]",
    ),
    (
        actions({"type": "plain_text_input"}),
        "unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]",
    ),
    (
        {"type": "input", "element": {"type": "plain_text_input"}},
        "missing required field: label [json-pointer:/blocks/0]",
    ),
]


@pytest.mark.parametrize(("block", "message"), BAD)
def test_block_beyond_the_limits_is_refused_in_slacks_words(block: dict[str, Any], message: str):
    assert in_message(block) == [f"[ERROR] {message}"]


def test_more_than_fifty_blocks_in_a_message_are_refused():
    assert in_message(*[{"type": "divider"}] * 51) == ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"]


def test_block_id_twice_in_a_message_is_refused():
    twice = [{"type": "divider", "block_id": "line"}] * 2
    assert in_message(*twice) == ['[ERROR] `block_id` "line" already exists [json-pointer:/blocks/1/block_id]']


def test_same_action_id_in_two_blocks_is_accepted():
    assert in_message(actions(button(), block_id="a"), actions(button(), block_id="b")) == []


@pytest.mark.parametrize("view", [modal(*LINES), modal(field()), home(), modal(title=words("x" * 24))])
def test_view_within_the_limits_is_accepted(view: dict[str, Any]):
    assert in_view(view) == []


BAD_VIEWS: list[tuple[Any, str]] = [
    (modal(title=words("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
    (modal(title=...), "missing required field: title [json-pointer:/view]"),
    (modal(title=None), "must provide an object [json-pointer:/view/title]"),
    (modal(callback_id=None), "must provide a string [json-pointer:/view/callback_id]"),
    (modal(clear_on_close="yes"), "must be a boolean [json-pointer:/view/clear_on_close]"),
    ({**modal(), "blocks": {}}, "must provide an array [json-pointer:/view/blocks]"),
    (modal(long(max_length=0)), "must be greater than 1 [json-pointer:/view/blocks/0/element/max_length]"),
    (modal(long(min_length=3001)), "must be less than 3000 [json-pointer:/view/blocks/0/element/min_length]"),
    (modal(long(max_length=True)), "must provide a number [json-pointer:/view/blocks/0/element/max_length]"),
    (modal(close=words("x" * 25)), "must be less than 25 characters [json-pointer:/view/close/text]"),
    (modal(private_metadata="x" * 3001), "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
    (modal(callback_id="x" * 256), "must be less than 256 characters [json-pointer:/view/callback_id]"),
    (modal(*[{"type": "divider"}] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
    (
        modal(field(), submit=...),
        "must define `submit` to use an `input` block in modals [json-pointer:/view/blocks/0/input]",
    ),
    (modal({"type": "markdown", "text": "x"}), "unsupported type: markdown [json-pointer:/view/blocks/0/type]"),
    (home(title=words("x")), "invalid additional property: title [json-pointer:/view]"),
    ({"type": "window", "blocks": []}, "unsupported type: window [json-pointer:/view/type]"),
    ("view", "unsupported type: None [json-pointer:/view/type]"),
]


@pytest.mark.parametrize(("view", "message"), BAD_VIEWS)
def test_view_beyond_the_limits_is_refused_in_slacks_words(view: object, message: str):
    assert in_view(view) == [f"[ERROR] {message}"]


def test_view_over_250_kilobytes_is_too_large():
    assert too_large(modal(*[section("x" * 2900)] * 90))
    assert not too_large(modal(*[section("x" * 2000)] * 100))


def test_ids_left_out_are_given_and_the_others_kept():
    first, second = with_ids([actions({"type": "button", "text": words("Go")}), {"type": "divider"}])
    assert first["block_id"] == "nudge"
    assert len(first["elements"][0]["action_id"]) == 5
    assert len(second["block_id"]) == 5
