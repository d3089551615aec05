"""Keyboards under messages, checked as Telegram checks them."""

from __future__ import annotations

from rehearsal.telegram_wire import Args, Json, bad

MOST_BUTTONS = 100
_OTHER_KINDS = (
    "callback_game",
    "pay",
    "switch_inline_query",
    "switch_inline_query_chosen_chat",
    "switch_inline_query_current_chat",
    "login_url",
    "web_app",
    "copy_text",
)


def read_markup(args: Args) -> Json:
    """Read a call's reply_markup; {} when there is none or it is empty.

    Raises Refusal for what is not a keyboard, for buttons that do nothing, and for callback data over 64 bytes.
    """
    given = args.structure("reply_markup", "reply keyboard markup")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise bad("object expected as reply markup")
    rows = given.get("inline_keyboard")
    if rows:
        return {"inline_keyboard": _inline_rows(rows)}
    if given.get("keyboard"):
        return {**given, "keyboard": _panel_rows(given["keyboard"])}
    return given if given.get("remove_keyboard") or given.get("force_reply") else {}


def inline_only(markup: Json) -> Json:
    """Give a keyboard for an edited message. Raises Refusal when it is of a kind that cannot be edited in."""
    if markup and "inline_keyboard" not in markup:
        raise bad("inline keyboard expected")
    return markup


def check_buttons(markup: Json) -> None:
    """Refuse what the servers behind the Bot API refuse, after the chat and the text were found good."""
    buttons = [button for row in markup.get("inline_keyboard", []) for button in row]
    if len(buttons) > MOST_BUTTONS:
        raise bad("reply markup is too long")
    if any(len(button.get("callback_data", "").encode()) > 64 for button in buttons):
        raise bad("BUTTON_DATA_INVALID")


def _inline_rows(rows: object) -> list[list[Json]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    return [[_inline_button(button) for button in row] for row in rows if row]


def _inline_button(button: object) -> Json:
    called = "can't parse inline keyboard button:"
    if not isinstance(button, dict):
        raise bad(f"{called} InlineKeyboardButton must be an Object")
    if not isinstance(button.get("text"), str):
        raise bad(f'{called} Can\'t find field "text"')
    if not button["text"].strip():
        raise bad("inline keyboard button text must be non-empty")
    if not button.get("url") and not button.get("callback_data") and not any(kind in button for kind in _OTHER_KINDS):
        raise bad(f"{called} Text buttons are unallowed in the inline keyboard")
    # Telegram reads a number where text belongs as that number's digits.
    return {**button, "callback_data": str(button["callback_data"])} if button.get("callback_data") else button


def _panel_rows(rows: object) -> list[list[Json]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad('field "keyboard" must be an Array of Arrays')
    told = [[{"text": button} if isinstance(button, str) else button for button in row] for row in rows]
    if not all(isinstance(button, dict) for row in told for button in row):
        raise bad("can't parse keyboard button: KeyboardButton must be a String or an Object")
    if not all(str(button.get("text", "")).strip() for row in told for button in row):
        raise bad("keyboard button text must be non-empty")
    return told
