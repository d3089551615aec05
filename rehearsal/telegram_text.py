"""Message text as Telegram keeps it: markup turned into entities counted in UTF-16 units, ends trimmed, links found."""

from __future__ import annotations

import re
from collections.abc import Callable

from rehearsal.telegram_entities import Written, checked_link, utf16
from rehearsal.telegram_fields import number_of, object_of, reading, text_of
from rehearsal.telegram_html import parse_html
from rehearsal.telegram_markdown import parse_markdown, parse_old_markdown
from rehearsal.telegram_wire import Json, bad

MAX_TEXT = 4096
MAX_CAPTION = 1024

_KINDS = {
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "code",
    "pre",
    "text_link",
    "text_mention",
    "custom_emoji",
    "blockquote",
    "expandable_blockquote",
}
# Of two around the same words, the one that comes first.
_ORDER = {
    kind: order
    for order, kinds in enumerate(
        [
            ("blockquote", "expandable_blockquote"),
            ("pre",),
            ("code",),
            ("text_link", "text_mention"),
            ("url",),
            ("bold",),
            ("italic",),
            ("underline",),
            ("strikethrough",),
            ("spoiler",),
            ("custom_emoji",),
        ]
    )
    for kind in kinds
}
# Telegram finds these by itself, and takes nobody's word for them.
_FOUND_KINDS = {
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "url",
    "email",
    "phone_number",
    "bank_card_number",
}
# Carriage returns, marks of direction and of lines, and strokes over letters.
_DROPPED = re.compile("[\\r\\u2028-\\u202e\\u0333\\u033f\\u030a]")
_FARTHEST = 1_000_000
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"]+[^\s<>\".,;:!?)\]'])"
    r"|(?<![\w/@])(?P<bot_command>/[A-Za-z0-9_]{1,64})(?:@\w{3,32})?(?![\w/])"
    r"|(?<![\w@])(?P<mention>@[A-Za-z]\w{3,31})"
    r"|(?<!\w)(?P<hashtag>\#\w*[^\W\d]\w*)"
)


def parse_text(
    text: str, parse_mode: str, given: object, limit: int, too_long: str, *, may_be_empty: bool = False
) -> Json:
    """Turn a caller's text into what Telegram keeps: {"text": str, "entities": list, absent when none}.

    `given` are explicit entities, used when no parse mode is named; `limit` counts characters after parsing and
    `too_long` is what is said above it. Raises Refusal as Telegram words it.
    """
    if len(text.encode()) > 1 << 15:
        raise bad("text is too long")
    mode = parse_mode.lower()
    if not text or mode in {"", "none"}:
        plain, entities = text, _given_entities(given)
    elif mode == "html":
        plain, entities = _parsed(text, parse_html)
    elif mode == "markdownv2":
        plain, entities = _parsed(text, parse_markdown)
    elif mode == "markdown":
        plain, entities = _parsed(text, parse_old_markdown)
    else:
        raise bad("unsupported parse_mode")
    plain, entities = _trimmed(plain, entities)
    if not plain and not may_be_empty:
        raise bad("text must be non-empty")
    if len(plain) > limit:
        raise bad(too_long)
    return with_found(plain, entities)


def with_found(text: str, entities: list[Json]) -> Json:
    """Add the commands, links, mentions and hashtags Telegram finds by itself in a text."""
    taken = [(one["offset"], one["offset"] + one["length"]) for one in entities]
    found = list(entities)
    for match in _FOUND.finditer(text):
        offset = utf16(text[: match.start()])
        length = utf16(match[0])
        if all(offset + length <= start or end <= offset for start, end in taken):
            found.append({"type": str(match.lastgroup), "offset": offset, "length": length})
    found.sort(key=lambda one: (one["offset"], -one["length"], _ORDER.get(one["type"], _ORDER["url"])))
    return {"text": text, "entities": found} if found else {"text": text}


def _parsed(text: str, parser: Callable[[str], Written]) -> tuple[str, list[Json]]:
    # The words of a fault in the markup keep their capital, unlike all others.
    try:
        written = parser(text)
    except ValueError as problem:
        raise bad(f"can't parse entities: {problem}") from None
    return "".join(written.parts), written.entities


def _given_entities(given: object) -> list[Json]:
    if not isinstance(given, list):
        return []
    with reading("can't parse MessageEntity"):
        told = [_given_entity(one) for one in given]
    kept = [one for one in told if one]
    for name in ("offset", "length"):
        wrong = next((one[name] for one in kept if not 0 <= one[name] <= _FARTHEST), None)
        if wrong is not None:
            raise bad(f"receive an entity with incorrect {name} {wrong}")
    return [one for one in kept if one["length"] > 0]


def _given_entity(one: object) -> Json:
    """Read one entity; {} for one that is not kept."""
    if not isinstance(one, dict):
        raise ValueError("expected an Object")
    told: Json = {name: number_of(one, name, needed=True) for name in ("offset", "length")}
    told["type"] = kind = text_of(one, "type", needed=True)
    if not kind:
        raise ValueError("Type is not specified")
    if kind in _FOUND_KINDS:
        return {}
    if kind not in _KINDS:
        raise ValueError("Unsupported type specified")
    if kind == "pre" and (language := text_of(one, "language")):
        told["language"] = language
    elif kind == "text_link":
        told["url"] = checked_link(text_of(one, "url", needed=True))
    elif kind == "text_mention":
        told["user"] = object_of(one, "user")
        number_of(told["user"], "id", needed=True, bits=64)
    elif kind == "custom_emoji":
        told["custom_emoji_id"] = str(number_of(one, "custom_emoji_id", needed=True, bits=64))
    return {} if told.get("url") == "" else told


def _cleaned(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Drop the characters Telegram drops, and move the entities around them."""
    if not _DROPPED.search(text):
        return text, entities
    # Where each UTF-16 unit of the text comes to stand.
    moved, units = [0], 0
    for letter in text:
        width = utf16(letter)
        units += 0 if _DROPPED.match(letter) else width
        moved.extend([units] * width)
    told = []
    for one in entities:
        start, end = (moved[min(at, len(moved) - 1)] for at in (one["offset"], one["offset"] + one["length"]))
        told.append({**one, "offset": start, "length": end - start})
    return _DROPPED.sub("", text), told


def _trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    text, entities = _cleaned(text, entities)
    text = "".join(letter if letter >= " " or letter == "\n" else " " for letter in text)
    whole = text.rstrip()
    end = utf16(whole)
    start = len(whole) - len(whole.lstrip(" \n"))
    start = min([start, *(one["offset"] for one in entities)])
    kept: list[Json] = []
    for one in entities:
        length = min(one["offset"] + one["length"], end) - one["offset"]
        if length > 0:
            kept.append({**one, "offset": one["offset"] - start, "length": length})
    return whole[start:], kept
