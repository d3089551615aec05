"""Block Kit as the stand-in Slack checks it: which blocks, elements and texts are allowed, how long and how many.

The shapes are tables; a shape that is not in them is refused, so a block newer than these tables is refused too.
Source: docs.slack.dev/reference/block-kit and the limits stated there.
"""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Callable, Iterator
from typing import Any

from rehearsal.slack_checks import (
    Check,
    Findings,
    Shape,
    anything,
    chars,
    flag,
    items,
    one_of,
    plain,
    text,
    typed,
    whole,
)

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
VIEW_BYTES = 250_000


def slack_file(value: object, at: str, found: Findings) -> None:
    known = isinstance(value, dict) and isinstance(value.get("id"), str) and found.known_file(value["id"])
    if not known and not (isinstance(value, dict) and isinstance(value.get("url"), str)):
        found.add("invalid slack file", at)


def picture(value: dict[str, Any], at: str, found: Findings) -> None:
    if ("image_url" in value) == ("slack_file" in value):
        found.add("must define either `image_url` or `slack_file`", at)


ID = chars(255, 1)
URL = chars(3000)
CONFIRM = Shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)


def option(*kinds: str) -> Shape:
    return Shape({"text": text(75, *kinds), "value": chars(150, 1)}, {"description": text(75, *kinds), "url": URL})


PLAIN_OPTION, RICH_OPTION = option("plain_text"), option()
OPTION_GROUP = Shape({"label": plain(75), "options": items(PLAIN_OPTION, 1, 100)}, {})
EVERY: dict[str, Check] = {"action_id": ID, "confirm": CONFIRM, "focus_on_load": flag, "placeholder": plain(150)}
MANY: dict[str, Check] = {"max_selected_items": whole(1, 100)}
STATIC: dict[str, Check] = {
    "options": items(PLAIN_OPTION, 1, 100),
    "option_groups": items(OPTION_GROUP, 1, 100),
}
TYPED: dict[str, Check] = {
    "action_id": ID,
    "focus_on_load": flag,
    "placeholder": plain(150),
    "dispatch_action_config": anything,
}


def chooser(**initial: Check) -> Shape:
    return Shape({}, {**EVERY, **initial})


def ticks(initial: str) -> Shape:
    first = RICH_OPTION if initial == "initial_option" else items(RICH_OPTION, 1, 10)
    own: dict[str, Check] = {"action_id": ID, "confirm": CONFIRM, "focus_on_load": flag, initial: first}
    return Shape({"options": items(RICH_OPTION, 1, 10)}, own)


ELEMENTS: dict[str, Shape] = {
    "button": Shape(
        {"text": plain(75)},
        {
            "action_id": ID,
            "url": URL,
            "value": chars(2000),
            "style": one_of("primary", "danger"),
            "confirm": CONFIRM,
            "accessibility_label": chars(75),
        },
    ),
    "overflow": Shape({"options": items(PLAIN_OPTION, 1, 5)}, {"action_id": ID, "confirm": CONFIRM}),
    "static_select": Shape({}, {**EVERY, **STATIC, "initial_option": PLAIN_OPTION}),
    "multi_static_select": Shape({}, {**EVERY, **STATIC, **MANY, "initial_options": items(PLAIN_OPTION, 1, 100)}),
    "users_select": chooser(initial_user=chars(255)),
    "multi_users_select": chooser(initial_users=items(chars(255), 0, 100), **MANY),
    "conversations_select": chooser(
        initial_conversation=chars(255),
        default_to_current_conversation=flag,
        response_url_enabled=flag,
        filter=anything,
    ),
    "channels_select": chooser(initial_channel=chars(255), response_url_enabled=flag),
    "radio_buttons": ticks("initial_option"),
    "checkboxes": ticks("initial_options"),
    "datepicker": chooser(initial_date=chars(10)),
    "timepicker": chooser(initial_time=chars(5), timezone=chars(100)),
    "datetimepicker": Shape(
        {}, {"action_id": ID, "confirm": CONFIRM, "focus_on_load": flag, "initial_date_time": anything}
    ),
    "image": Shape({"alt_text": chars(2000)}, {"image_url": URL, "slack_file": slack_file}),
    "plain_text_input": Shape(
        {},
        {
            **TYPED,
            "initial_value": chars(3000),
            "multiline": flag,
            "min_length": whole(0, 3000),
            "max_length": whole(1, 3000),
        },
    ),
    "email_text_input": Shape({}, {**TYPED, "initial_value": chars(3000)}),
    "url_text_input": Shape({}, {**TYPED, "initial_value": chars(3000)}),
    "number_input": Shape(
        {"is_decimal_allowed": flag},
        {**TYPED, "initial_value": chars(3000), "min_value": chars(3000), "max_value": chars(3000)},
    ),
}
TYPED_IN = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input"})
SECTION_ELEMENTS = frozenset(ELEMENTS) - TYPED_IN
ACTION_ELEMENTS = SECTION_ELEMENTS - {"image"}
INPUT_ELEMENTS = frozenset(ELEMENTS) - {"image", "button", "overflow"}


def element(allowed: frozenset[str]) -> Check:
    def check(value: object, at: str, found: Findings) -> None:
        part, kind = typed(value)
        if kind not in allowed:
            found.add(f"unsupported type: {kind or None}", f"{at}/type")
            return
        ELEMENTS[kind](part, at, found)
        if kind == "image":
            picture(part, at, found)
        if kind in ("static_select", "multi_static_select") and ("options" in part) == ("option_groups" in part):
            found.add("must define either `options` or `option_groups`", at)
        if kind != "overflow" and any("url" in each for each in choices(part)):
            found.add("invalid additional property: url", f"{at}/options")
        check_initial(part, at, found)

    return check


def choices(value: dict[str, Any]) -> list[dict[str, Any]]:
    """List the options of an element, those in groups too; an element without options has none."""
    groups = value.get("option_groups")
    lists = [group.get("options") for group in groups if isinstance(group, dict)] if isinstance(groups, list) else []
    lists.append(value.get("options"))
    return [each for one in lists if isinstance(one, list) for each in one if isinstance(each, dict)]


def check_initial(value: dict[str, Any], at: str, found: Findings) -> None:
    initial = value.get("initial_options") or ([value["initial_option"]] if value.get("initial_option") else [])
    if isinstance(initial, list) and any(each not in choices(value) for each in initial):
        name = "initial_options" if "initial_options" in value else "initial_option"
        found.add(f"the `{name}` must match exactly one option", f"{at}/{name}")


def context_part(value: object, at: str, found: Findings) -> None:
    if isinstance(value, dict) and value.get("type") == "image":
        element(frozenset({"image"}))(value, at, found)
    else:
        text(2000)(value, at, found)


BLOCKS: dict[str, Shape] = {
    "section": Shape(
        {},
        {
            "text": text(3000),
            "fields": items(text(2000), 1, 10),
            "accessory": element(SECTION_ELEMENTS),
            "expand": flag,
        },
    ),
    "header": Shape({"text": plain(150)}, {}),
    "divider": Shape({}, {}),
    "context": Shape({"elements": items(context_part, 1, 10)}, {}),
    "actions": Shape({"elements": items(element(ACTION_ELEMENTS), 1, 25)}, {}),
    "image": Shape({"alt_text": chars(2000)}, {"image_url": URL, "slack_file": slack_file, "title": plain(2000)}),
    "input": Shape(
        {"label": plain(2000), "element": element(INPUT_ELEMENTS)},
        {"hint": plain(2000), "optional": flag, "dispatch_action": flag},
    ),
    "rich_text": Shape({"elements": items(anything, 0, 1000)}, {}),
    "markdown": Shape({"text": chars(12_000, 1)}, {}),
}
SURFACES: dict[str, frozenset[str]] = {
    "message": frozenset(BLOCKS),
    "modal": frozenset(BLOCKS) - {"markdown"},
    "home": frozenset(BLOCKS) - {"markdown"},
}


def elements_of(block: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each interactive element of a block with the path to it inside the block."""
    if block.get("type") == "actions" and isinstance(block.get("elements"), list):
        for index, each in enumerate(block["elements"]):
            if isinstance(each, dict):
                yield f"elements/{index}", each
    for name in ("accessory", "element"):
        if isinstance(block.get(name), dict) and block[name].get("type") != "image":
            yield name, block[name]


def check_block(value: object, at: str, surface: str, found: Findings) -> None:
    block, kind = typed(value)
    if kind not in SURFACES[surface]:
        found.add(f"unsupported type: {kind or None}", f"{at}/type")
        return
    shape = BLOCKS[kind]
    Shape(shape.required, {**shape.optional, "block_id": ID})(block, at, found)
    if kind == "section" and not block.get("text") and not block.get("fields"):
        found.add("must define either `text` or `fields`", f"{at}/type")
    if kind == "image":
        picture(block, at, found)
    seen: set[str] = set()
    for path, each in elements_of(block):
        action_id = each.get("action_id")
        if isinstance(action_id, str) and action_id in seen:
            found.add(f'`action_id` "{action_id}" already exists', f"{at}/{path}/action_id")
        elif isinstance(action_id, str):
            seen.add(action_id)


def check_blocks(blocks: object, at: str, surface: str, found: Findings) -> None:
    most = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS
    items(anything, 0, most)(blocks, at, found)
    if not isinstance(blocks, list):
        return
    seen: set[str] = set()
    for index, block in enumerate(blocks[:most]):
        check_block(block, f"{at}/{index}", surface, found)
        block_id = block.get("block_id") if isinstance(block, dict) else None
        if isinstance(block_id, str) and block_id in seen:
            found.add(f'`block_id` "{block_id}" already exists', f"{at}/{index}/block_id")
        elif isinstance(block_id, str):
            seen.add(block_id)


VIEW_PARTS: dict[str, Check] = {
    "private_metadata": chars(3000),
    "callback_id": chars(255),
    "external_id": chars(255),
}
VIEWS: dict[str, Shape] = {
    "home": Shape({"blocks": anything}, VIEW_PARTS),
    "modal": Shape(
        {"title": plain(24), "blocks": anything},
        {
            **VIEW_PARTS,
            "close": plain(24),
            "submit": plain(24),
            "clear_on_close": flag,
            "notify_on_close": flag,
            "submit_disabled": flag,
        },
    ),
}


def message_faults(blocks: object, known_file: Callable[[str], bool]) -> list[str]:
    """Say what is wrong with the blocks of a message, in the words of Slack's response_metadata.messages."""
    found = Findings(known_file)
    check_blocks(blocks, "/blocks", "message", found)
    return found.messages


def view_faults(value: object, known_file: Callable[[str], bool]) -> list[str]:
    """Say what is wrong with a modal or a Home view, as `message_faults` does for a message."""
    found = Findings(known_file)
    view, kind = typed(value)
    if kind not in VIEWS:
        found.add(f"unsupported type: {kind or None}", "/view/type")
        return found.messages
    VIEWS[kind](view, "/view", found)
    blocks = view.get("blocks")
    if blocks is not None:
        check_blocks(blocks, "/view/blocks", kind, found)
    if kind == "modal" and not view.get("submit") and isinstance(blocks, list):
        for index, block in enumerate(blocks):
            if typed(block)[1] == "input":
                found.add("must define `submit` to use an `input` block in modals", f"/view/blocks/{index}/input")
    return found.messages


def too_large(view: object) -> bool:
    return len(json.dumps(view, ensure_ascii=False).encode()) > VIEW_BYTES


def with_ids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Copy checked blocks, giving a block_id and action_ids to those sent without."""
    copy: list[dict[str, Any]] = json.loads(json.dumps(blocks))
    for block in copy:
        block.setdefault("block_id", short_id())
        for _, each in elements_of(block):
            each.setdefault("action_id", short_id())
    return copy


def short_id() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(5))
