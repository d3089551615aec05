"""What is wrong with words in the pseudo-language: they escaped translation, were cut, or would be refused.

A word without its marks escaped translation; a mark that is missing was cut off; a message that is too long would be
refused by Telegram or Slack. Each function gives what it found, as a list that is empty when all is well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bot import text
from bot.pseudo import CLOSE, OPEN, PSEUDO
from bot.slack.blocks import MESSAGE_BLOCKS, TITLE_LENGTH, VIEW_BLOCKS, Reader, message_blocks, modal_view
from bot.slack.forms import form_view
from bot.telegram.sender import rendered
from conversations.cards import Card
from conversations.forms import Form
from conversations.model import Button, Message, Phrase
from rehearsal.slack_blocks import view_faults

ZONE = "Europe/London"
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
READER = Reader(PSEUDO, ZONE, NOW)
TELEGRAM_TEXT, TELEGRAM_TOAST, TELEGRAM_COMMAND = 4096, 200, 256
# What a row of its own shows on a phone 320 points wide: Telegram sets no limit, but it ends a longer label in dots.
BUTTON = 50
SLACK_TEXT, SLACK_BUTTON, SLACK_HEADER = 3000, 75, 150
# A value of so many words would be a sentence that nobody can translate; names and help lines are shorter.
WORDS_IN_A_VALUE = 4


def phrases_of(message: Message) -> Iterator[Phrase]:
    yield from (message.title,) if message.title else ()
    yield from message.paragraphs
    yield from (button.label for row in message.rows for button in row)


def escaped(phrase: Phrase) -> list[str]:
    """Give what of a phrase is not in the pseudo-language, or cannot be."""
    words = text.render(phrase, PSEUDO, ZONE, NOW)
    # A name, or a pattern of fields alone, is passed through as it is.
    wordless = not re.sub(r"\{\w*\}|\W", "", phrase.text)
    whole = wordless or (words.startswith(OPEN) and words.endswith(CLOSE) and words.count(OPEN) == words.count(CLOSE))
    if phrase.text == "{text}":
        return []
    inside = [found for _, value in phrase.params if isinstance(value, Phrase) for found in escaped(value)]
    # What a person wrote is theirs, and of a list of names each is a name.
    values = [value for name, value in phrase.params if isinstance(value, str) and name != "words"]
    sentences = [value for value in values if max(len(one.split()) for one in value.split(", ")) > WORDS_IN_A_VALUE]
    return ([] if whole else [words]) + inside + sentences


def label_of(button: Button) -> str:
    return " ".join(filter(None, (button.picture, text.render(button.label, PSEUDO, ZONE, NOW))))


def of_message(message: Message) -> list[str]:
    """Look at what is said in Telegram."""
    whole = re.sub(r"</?b>", "", rendered(message, PSEUDO, ZONE, NOW)[0])
    labels = [label_of(button) for row in message.rows for button in row]
    return [
        *(found for phrase in phrases_of(message) for found in escaped(phrase)),
        *([whole] if len(whole) > TELEGRAM_TEXT else []),
        *(label for label in labels if len(label) > BUTTON),
    ]


def of_toast(phrase: Phrase) -> list[str]:
    """Look at what Telegram shows for a moment."""
    words = text.render(phrase, PSEUDO, ZONE, NOW)
    return [*escaped(phrase), *([words] if len(words) > TELEGRAM_TOAST else [])]


def texts_of(block: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 (Block Kit's JSON)
    """Give each text of some blocks with the kind of block that it stands in."""
    for one in block:
        if one["type"] == "actions":
            yield from (("button", element["text"]["text"]) for element in one["elements"])
        elif one["type"] == "context":
            yield from (("context", element["text"]) for element in one["elements"])
        else:
            yield one["type"], one["text"]["text"]
            if "accessory" in one:
                yield "button", one["accessory"]["text"]["text"]


def is_cut(words: str) -> bool:
    """Say whether the end of a line was taken off: what ends in dots of its own has its mark behind them."""
    return re.search(r"…$", words, re.MULTILINE) is not None


def of_card(card: Card) -> list[str]:
    """Look at a card as a message and as a window."""
    phrases = (card.title, *card.lines, *(button.label for button in card.buttons))
    phrases += tuple(phrase for part in card.parts for phrase in (part.title, *part.lines))
    blocks, summary = message_blocks(card, PSEUDO, ZONE, NOW)
    most = {"button": SLACK_BUTTON, "header": SLACK_HEADER, "section": SLACK_TEXT, "context": SLACK_TEXT}
    shown = [*texts_of(blocks), *texts_of(modal_view(card, PSEUDO, ZONE, NOW)["blocks"])]
    return [
        *(found for phrase in phrases for found in escaped(phrase)),
        *(words for kind, words in shown if len(words) > most[kind] or is_cut(words)),
        *(["too many blocks"] if len(blocks) > MESSAGE_BLOCKS else []),
        *([summary] if is_cut(summary) else []),
        *of_window(modal_view(card, PSEUDO, ZONE, NOW)),
    ]


def of_form(form: Form) -> list[str]:
    """Look at a form as a window."""
    options = (words for field in form.fields for _, words in field.options)
    phrases = (form.title, *form.lines, *(field.label for field in form.fields), *options)
    return [*(found for phrase in phrases for found in escaped(phrase)), *of_window(form_view(form, READER))]


def of_window(view: dict[str, Any]) -> list[str]:
    """Look at a window of Slack: what Slack would refuse, and what was cut.

    A title has no room for more than 24 characters; one that was cut stands whole below it.
    """
    first = view["blocks"][0] if view["blocks"] else {}
    whole_below = first.get("type") == "header" and CLOSE in first["text"]["text"]
    cut = re.search(r'…(\\n|")', json.dumps(view["blocks"], ensure_ascii=False))
    return [
        *view_faults(view, lambda _file: True),
        *(["cut"] if cut else []),
        *(["title cut"] if "…" in view["title"]["text"] and not whole_below else []),
        *(["title long"] if len(view["title"]["text"]) > TITLE_LENGTH else []),
        *(["too many blocks"] if len(view["blocks"]) > VIEW_BLOCKS else []),
    ]
