"""Cards as Block Kit: messages, the Home tab, modals, each within the limits Slack sets.

What comes from a person (a name, a group) is shown and never obeyed: it goes into plain text, or into mrkdwn with the
three characters escaped that give mentions and links their power. What is too long is cut at a word.
Source of the limits: docs.slack.dev/reference/block-kit.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.text import render
from conversations.cards import Card, CardButton
from conversations.model import Phrase, say, say_n

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
TEXT_LENGTH = 3000
HEADER_LENGTH = 150
TITLE_LENGTH = 24
BUTTON_LENGTH = 75
CONFIRM_TITLE_LENGTH = 100
CONFIRM_LENGTH = 300
CONFIRM_BUTTON_LENGTH = 30
CONTEXT_LENGTH = 2000
BUTTONS_IN_ROW = 5
BUTTON_ROWS = 5
PARTS = 10

Block = dict[str, Any]
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


@dataclass(frozen=True)
class Reader:
    """For whom words are rendered: their language, the school's zone, and the moment ("15:30" or "Thursday 15:30")."""

    language: str
    zone: str
    now: datetime

    def words(self, phrase: Phrase) -> str:
        """Render one phrase on one line: a line break in somebody's name must not look like a line of ours."""
        return " ".join(render(phrase, self.language, self.zone, self.now).split())


def cut(text: str, most: int) -> str:
    """Shorten a text to `most` characters, at a word where there is one, with "…" in place of the rest."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    space = kept.rfind(" ")
    return (kept[:space] if space > most // 2 else kept).rstrip() + "…"


def escape(text: str, most: int = TEXT_LENGTH) -> str:
    """Take the power from `&`, `<` and `>` as Slack asks, and keep the result to `most` characters."""
    parts: list[str] = []
    room = most
    for index, character in enumerate(text):
        part = _ESCAPES.get(character, character)
        if len(part) > room or (len(part) == room and index + 1 < len(text)):
            return "".join(parts) + "…"
        parts.append(part)
        room -= len(part)
    return "".join(parts)


def message_blocks(card: Card, language: str, zone: str, now: datetime) -> tuple[list[Block], str]:
    """Give a card's blocks (50 at most) and the text for where blocks cannot be shown, such as a notification."""
    reader = Reader(language, zone, now)
    title = reader.words(card.title)
    blocks: list[Block] = [header(title)] if title else []
    blocks += _body(card, reader, MESSAGE_BLOCKS - len(blocks))
    return blocks, escape(title) or "Earshot"


def answer_blocks(cards: tuple[Card, ...], language: str, zone: str, now: datetime) -> tuple[list[Block], str]:
    """Give cards as one short message (50 blocks at most), and the text for where blocks cannot be shown.

    What has no room is counted below.
    """
    reader = Reader(language, zone, now)
    titles = [title for card in cards if (title := reader.words(card.title))]
    return _shorts(cards, reader, MESSAGE_BLOCKS), escape("\n".join(titles)) or "Earshot"


def modal_view(card: Card, language: str, zone: str, now: datetime) -> dict[str, Any]:
    """Give a card as a modal to be read and closed; a title too long for a modal stands in full below it."""
    reader = Reader(language, zone, now)
    title = reader.words(card.title)
    blocks: list[Block] = [header(title)] if len(title) > TITLE_LENGTH else []
    return {
        "type": "modal",
        "title": _plain(cut(title, TITLE_LENGTH) or "Earshot"),
        "close": _plain(cut(reader.words(say("Close")), TITLE_LENGTH)),
        "blocks": blocks + _body(card, reader, VIEW_BLOCKS - len(blocks)),
    }


def home_view(cards: tuple[Card, ...], language: str, zone: str, now: datetime, page: int = 0) -> dict[str, Any]:
    """Give cards as a Home tab: short, one or two blocks a card, 100 in all; what has no room is counted below.

    It knows its page, so that a press on it can say from which one it came.
    """
    blocks = _shorts(cards, Reader(language, zone, now), VIEW_BLOCKS)
    return {"type": "home", "private_metadata": str(page), "blocks": blocks}


def _shorts(cards: tuple[Card, ...], reader: Reader, most: int) -> list[Block]:
    shown = [_short(card, f"card-{number}", reader) for number, card in enumerate(cards)]
    blocks: list[Block] = []
    for number, short in enumerate(shown):
        # One block is kept free, to say how many were left out.
        if len(blocks) + len(short) > most - (number + 1 < len(shown)):
            blocks.append(_context(reader.words(_left_out(len(shown) - number)), "more"))
            break
        blocks += short
    return blocks


def _left_out(count: int) -> Phrase:
    return say_n("{count} more has no room here.", "{count} more have no room here.", count)


def _body(card: Card, reader: Reader, room: int) -> list[Block]:
    rows = _rows(card.buttons)
    below: list[Block] = []
    if card.note is not None and (note := reader.words(card.note)):
        below.append(_context(note, "note"))
    below += [_actions(row, f"buttons-{number}", reader) for number, row in enumerate(rows)]
    parts = [
        block
        for number, part in enumerate(card.parts[:PARTS])
        for block in (_chapter if part.parts else _single)(part, f"part-{number}", reader)
    ]
    return _sections(card.lines, reader, room - len(below) - len(parts)) + parts + below


def _single(part: Card, name: str, reader: Reader) -> list[Block]:
    return [_part(part, name, reader)]


def _chapter(part: Card, name: str, reader: Reader) -> list[Block]:
    """A part that has parts: its title as a heading, its parts as sections, its note small below."""
    heading = {**header(reader.words(part.title)), "block_id": name}
    inner = [_part(one, f"{name}-{number}", reader) for number, one in enumerate(part.parts[:PARTS])]
    note = reader.words(part.note) if part.note is not None else ""
    return [heading, *inner, *([_context(note, f"{name}-note")] if note else [])]


def _part(part: Card, name: str, reader: Reader) -> Block:
    """A part of a card as a section of its own, so that there is room above it; its title in bold."""
    title = escape(cut(reader.words(part.title), HEADER_LENGTH), TEXT_LENGTH // 2)
    words = "\n".join(line for line in map(reader.words, part.lines) if line)
    return _mrkdwn(f"*{title}*\n", words, name)


def _mrkdwn(before: str, words: str, name: str) -> Block:
    return {
        "type": "section",
        "block_id": name,
        # verbatim: Slack is not to look for channels, people or links in it.
        "text": {
            "type": "mrkdwn",
            "text": (before + escape(words, TEXT_LENGTH - len(before))).strip() or "–",
            "verbatim": True,
        },
    }


def _sections(lines: tuple[Phrase, ...], reader: Reader, room: int) -> list[Block]:
    """Put lines into as few sections as hold them; with too little `room` (blocks) say how many are left out."""
    texts: list[str] = []
    counts: list[int] = []
    for line in lines:
        words = cut(reader.words(line), TEXT_LENGTH)
        if not words:
            continue
        if texts and len(texts[-1]) + 1 + len(words) <= TEXT_LENGTH:
            texts[-1] += f"\n{words}"
            counts[-1] += 1
        else:
            texts.append(words)
            counts.append(1)
    if len(texts) > room:
        texts[room - 1 :] = [reader.words(_left_out(sum(counts[room - 1 :])))]
    return [
        {"type": "section", "block_id": f"text-{number}", "text": _plain(text)} for number, text in enumerate(texts)
    ]


def _short(card: Card, name: str, reader: Reader) -> list[Block]:
    """A card in one section, title in bold; one button stands beside it, several in a row below."""
    title = escape(cut(reader.words(card.title), HEADER_LENGTH), TEXT_LENGTH // 2)
    parts = [line for part in card.parts for line in (part.title, *part.lines)]
    below = [reader.words(line) for line in (*card.lines, *parts, *((card.note,) if card.note else ()))]
    words = "\n".join(line for line in below if line)
    section = _mrkdwn(f"*{title}*\n" if title else "", words, name)
    if len(card.buttons) == 1:
        section["accessory"] = _button(card.buttons[0], reader)
        return [section]
    rows = _rows(card.buttons)
    return [section, *(_actions(row, f"{name}-buttons-{number}", reader) for number, row in enumerate(rows))]


def _rows(buttons: tuple[CardButton, ...]) -> list[list[CardButton]]:
    """Deal buttons into rows; an action twice needs two rows, for Slack tells buttons apart by row and action."""
    rows: list[list[CardButton]] = []
    for button in buttons:
        row = rows[-1] if rows else []
        if not rows or len(row) >= BUTTONS_IN_ROW or any(button.action == other.action for other in row):
            row = []
            rows.append(row)
        row.append(button)
    return rows[:BUTTON_ROWS]


def _actions(row: list[CardButton], name: str, reader: Reader) -> Block:
    return {"type": "actions", "block_id": name, "elements": [_button(button, reader) for button in row]}


def _button(button: CardButton, reader: Reader) -> Block:
    shown: Block = {
        "type": "button",
        "action_id": button.action,
        "value": button.value,
        "text": _plain(cut(reader.words(button.label), BUTTON_LENGTH)),
    }
    if button.style != "plain":
        shown["style"] = button.style
    if button.confirm is not None:
        shown["confirm"] = _confirm(button.label, button.confirm, reader)
    return shown


def _confirm(label: Phrase, asks: Phrase, reader: Reader) -> Block:
    """What Slack itself asks before it passes a press on."""
    return {
        "title": _plain(cut(reader.words(label), CONFIRM_TITLE_LENGTH)),
        "text": _plain(cut(reader.words(asks), CONFIRM_LENGTH)),
        "confirm": _plain(cut(reader.words(say("Yes")), CONFIRM_BUTTON_LENGTH)),
        "deny": _plain(cut(reader.words(say("Not now")), CONFIRM_BUTTON_LENGTH)),
    }


def header(title: str) -> Block:
    """Give a title as a block of its own."""
    return {"type": "header", "block_id": "title", "text": _plain(cut(title, HEADER_LENGTH))}


def _context(text: str, name: str) -> Block:
    return {"type": "context", "block_id": name, "elements": [_plain(cut(text, CONTEXT_LENGTH))]}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
