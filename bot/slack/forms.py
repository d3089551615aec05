"""Forms as Block Kit windows, and what was entered in them."""

from itertools import groupby
from typing import Any

from bot.slack.blocks import TITLE_LENGTH, Reader, cut, header
from conversations.forms import WORDS_MOST, Field, Form
from conversations.model import say

Block = dict[str, Any]
OPTION_LENGTH = 75
# Ten is what Slack takes as buttons, a hundred in one group of a list.
OPTIONS_IN_SIGHT = 10
OPTIONS_IN_GROUP = 100


def form_view(form: Form, reader: Reader, page: int | None = None) -> dict[str, Any]:
    """Give a form as a window that can be sent; it remembers the page of the Home tab from which it was opened.

    A title too long for a window stands in full below it.
    """
    title, lines = reader.words(form.title), "\n".join(reader.words(line) for line in form.lines)
    above: list[Block] = [header(title)] if len(title) > TITLE_LENGTH else []
    above += [{"type": "section", "block_id": "lines", "text": _plain(lines)}] if lines else []
    return {
        "type": "modal",
        "callback_id": form.name,
        "private_metadata": f"{form.value} {'' if page is None else page}",
        "title": _plain(cut(title, TITLE_LENGTH)),
        "submit": _plain(cut(reader.words(say("Save")), TITLE_LENGTH)),
        "close": _plain(cut(reader.words(say("Close")), TITLE_LENGTH)),
        "blocks": above + [_input(field, reader) for field in form.fields],
    }


def entered(view: dict[str, Any]) -> dict[str, str]:
    """Read what was entered, by field; nothing for what was left empty."""
    found: dict[str, str] = {}
    for name, fields in ((view.get("state") or {}).get("values") or {}).items():
        field = fields.get(name) or {}
        option = field.get("selected_option") or {}
        value = option.get("value") or field.get("selected_date") or (field.get("value") or "").strip()
        if value:
            found[name] = str(value)
    return found


def about(view: dict[str, Any]) -> tuple[str, int | None]:
    """Read what a form is about, and the page of the Home tab from which it was opened; None where it says none."""
    value, _, page = str(view.get("private_metadata", "")).partition(" ")
    return value, _page(page)


def home_page(view: dict[str, Any] | None) -> int | None:
    """Read the page, from 0, of the Home tab on which something was pressed; None for any other place."""
    return _page(str(view.get("private_metadata", ""))) if view and view.get("type") == "home" else None


def _page(words: str) -> int | None:
    return int(words) if words.isascii() and words.isdigit() and len(words) < 3 else None


def _input(field: Field, reader: Reader) -> Block:
    return {
        "type": "input",
        "block_id": field.name,
        "optional": field.optional,
        "label": _plain(reader.words(field.label)),
        "element": {**_element(field, reader), "action_id": field.name},
    }


def _element(field: Field, reader: Reader) -> Block:
    if field.kind == "words":
        filled = {"initial_value": field.first} if field.first else {}
        return {"type": "plain_text_input", "multiline": True, "max_length": WORDS_MOST, **filled}
    if field.kind == "day":
        return {"type": "datepicker", **({"initial_date": field.first} if field.first else {})}
    made: list[Block] = [
        {"text": _plain(cut(reader.words(words), OPTION_LENGTH) or "–"), "value": value}
        for value, words in field.options
    ]
    chosen = next((option for option in made if option["value"] == field.first), None)
    first = {"initial_option": chosen} if chosen is not None else {}
    if field.kind == "one":
        return {"type": "radio_buttons", "options": made[:OPTIONS_IN_SIGHT], **first}
    return {"type": "static_select", "option_groups": _groups(made), **first}


def _groups(options: list[Block]) -> list[Block]:
    """Put many options under their first letters: one list may hold a hundred only."""
    found: list[Block] = []
    for letter, of_letter in groupby(options, lambda option: str(option["text"]["text"][0].upper())):
        listed = list(of_letter)
        for start in range(0, len(listed), OPTIONS_IN_GROUP):
            found.append({"label": _plain(letter), "options": listed[start : start + OPTIONS_IN_GROUP]})
    return found[:OPTIONS_IN_GROUP]


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
