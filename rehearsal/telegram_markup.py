"""Keyboards under messages, checked as Telegram checks them."""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.telegram_entities import check_link
from rehearsal.telegram_fields import flag_of, list_of, number_of, object_of, reading, text_of
from rehearsal.telegram_wire import Args, Json, bad

MOST_BUTTONS = 100
# What is beyond is left out and nobody is told; so are buttons without words.
MOST_KEPT_IN_A_ROW = 12
MOST_KEPT = 300
_STYLES = {"", "default", "primary", "danger", "success"}
_TAKES_WORDS = ("switch_inline_query", "switch_inline_query_current_chat")
_TAKES_OBJECT = {
    "switch_inline_query_chosen_chat": "",
    "login_url": "url",
    "web_app": "url",
    "copy_text": "text",
}


def read_markup(args: Args) -> Json:
    """Read a call's reply_markup; {} when there is none or it is empty.

    Raises Refusal for what is not a keyboard, and for buttons that cannot be read.
    """
    given = args.structure("reply_markup", "reply keyboard markup")
    if not args.text("reply_markup"):
        return {}
    if not isinstance(given, dict):
        raise bad("object expected as reply markup")
    with reading():
        panel = _rows(list_of(given, "keyboard"), "keyboard", _panel_button)
        inline = _rows(list_of(given, "inline_keyboard"), "inline_keyboard", _inline_button)
        removed = flag_of(given, "remove_keyboard")
        answer = flag_of(given, "force_reply")
    rest = {name: value for name, value in given.items() if name not in {"keyboard", "inline_keyboard"}}
    if panel:
        return {**rest, "keyboard": panel}
    if inline:
        return {"inline_keyboard": inline}
    return rest if removed or answer else {}


def inline_only(markup: Json) -> None:
    """Refuse a keyboard that cannot be edited in."""
    if markup and "inline_keyboard" not in markup:
        raise bad("inline keyboard expected")


def checked_buttons(markup: Json) -> Json:
    """Give a keyboard as it is shown, {} when nothing is left of it.

    Refuses what the servers behind the Bot API refuse, after the chat and the text were found good.
    """
    kind = next((kind for kind in ("keyboard", "inline_keyboard") if kind in markup), None)
    if kind is None:
        return markup
    rows = _kept(markup[kind], "inline keyboard button" if kind == "inline_keyboard" else "keyboard button")
    if kind == "inline_keyboard":
        buttons = [button for row in rows for button in row]
        for url in (button["url"] for button in buttons if button.get("url")):
            with reading(f"inline keyboard button URL '{url}' is invalid"):
                check_link(url)
        if len(buttons) > MOST_BUTTONS:
            raise bad("reply markup is too long")
        if any(len(button.get("callback_data", "").encode()) > 64 for button in buttons):
            raise bad("BUTTON_DATA_INVALID")
    return {**markup, kind: rows} if rows else {}


def _rows(rows: list[object], name: str, read: Callable[[object], Json]) -> list[list[Json]]:
    told: list[list[Json]] = []
    of_what = " of the InlineKeyboardMarkup" if name == "inline_keyboard" else ""
    for row in rows:
        if not isinstance(row, list):
            raise ValueError(f'Field "{name}"{of_what} must be an Array of Arrays')
        with reading(f"can't parse {name.replace('_', ' ')} button"):
            told.append([read(button) for button in row])
    return told


def _kept(rows: list[list[Json]], called: str) -> list[list[Json]]:
    kept: list[list[Json]] = []
    left = MOST_KEPT
    for row in rows:
        worded = [button for button in row if button["text"]][: min(MOST_KEPT_IN_A_ROW, left)]
        # Of words that are blank the servers' answer is not known; here they count as none.
        if not all(button["text"].strip() for button in worded):
            raise bad(f"{called} text must be non-empty")
        if worded:
            kept.append(worded)
            left -= len(worded)
    return kept


def _worded(button: Json) -> Json:
    """Read what buttons of both kinds have: their words, and how they look."""
    words = text_of(button, "text", needed=True)
    number_of(button, "icon_custom_emoji_id", bits=64)
    if text_of(button, "style").lower() not in _STYLES:
        raise ValueError("invalid button style specified")
    return {**button, "text": words}


def _inline_button(button: object) -> Json:
    if not isinstance(button, dict):
        raise ValueError("InlineKeyboardButton must be an Object")
    read = _worded(button)
    if url := text_of(button, "url"):
        return {**read, "url": url}
    if data := text_of(button, "callback_data"):
        return {**read, "callback_data": data}
    if "callback_game" in button or "pay" in button:
        return read
    for name in _TAKES_WORDS:
        if name in button:
            text_of(button, name)
            return read
    for name, inner in _TAKES_OBJECT.items():
        if name in button:
            told = object_of(button, name)
            if inner:
                text_of(told, inner, needed=True)
            return read
    raise ValueError("Text buttons are unallowed in the inline keyboard")


def _panel_button(button: object) -> Json:
    if isinstance(button, str):
        return {"text": button}
    if not isinstance(button, dict):
        raise ValueError("KeyboardButton must be a String or an Object")
    return _worded(button)
