"""HTML as the Bot API reads it: its few tags, and what it says of anything else, by the byte where it stands."""

from __future__ import annotations

import re

from rehearsal.telegram_entities import Open, Written, byte_at, checked_link

_KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(
    r"&(?:(lt|gt|amp|quot)(?![A-Za-z])|#(?:([0-9]{1,7})(?![0-9])|x([0-9a-fA-F]{1,6})(?![0-9a-fA-F])));?"
)
_ATTRIBUTE_NAME = re.compile(r"""[^\s=>/"']*""")
_TOKEN = re.compile(r"[A-Za-z0-9.-]*")
_SPACE = re.compile(r"\s*")
_HALVES = (
    "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units"
)


def parse_html(text: str) -> Written:
    """Read a text with tags. Raises ValueError in Telegram's words for tags that are unknown or do not end."""
    written = Written()
    position = 0
    while position < len(text):
        start = text.find("<", position)
        if start < 0:
            start = len(text)
        written.write(_REFERENCE.sub(_reference, text[position:start]))
        if start == len(text):
            break
        closing = text.startswith("</", start)
        position = _end_tag(text, start, written) if closing else _start_tag(text, start, written)
    if written.open:
        raise ValueError(f'Can\'t find end tag corresponding to start tag "{written.open[-1].tag}"')
    for one in written.entities:
        if one["type"] == "code":
            one.pop("language", None)
    return written


def _reference(match: re.Match[str]) -> str:
    if match[1]:
        return _NAMED[match[1]]
    code = int(match[2]) if match[2] else int(match[3], 16)
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError(_HALVES)
    return chr(code) if 0 < code < 0x10FFFF else match[0]


def _start_tag(text: str, start: int, written: Written) -> int:
    where = byte_at(text, start)
    end = start + 1
    while end < len(text) and not text[end].isspace() and text[end] != ">":
        end += 1
    if end == len(text):
        raise ValueError(f"Unclosed start tag at byte offset {where}")
    tag = text[start + 1 : end].lower()
    if tag not in _KINDS:
        raise ValueError(f'Unsupported start tag "{tag}" at byte offset {where}')
    attributes, end = _attributes(text, end, tag, where)
    if tag == "span" and attributes.get("class") != "tg-spoiler":
        raise ValueError(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
    opened = Open(tag, _KINDS[tag], written.units, where)
    if tag == "a":
        opened.extra = {"url": attributes.get("href", "")}
    elif tag == "tg-emoji":
        opened.extra = {"custom_emoji_id": attributes.get("emoji-id", "")}
    elif tag == "code" and attributes.get("class", "").startswith("language-"):
        opened.extra = {"language": attributes["class"].removeprefix("language-")}
    elif tag == "blockquote" and "expandable" in attributes:
        opened.kind = "expandable_blockquote"
    written.open.append(opened)
    return end + 1


def _attributes(text: str, position: int, tag: str, where: int) -> tuple[dict[str, str], int]:
    """Read a start tag's attributes; gives them and where its ">" stands."""
    told: dict[str, str] = {}
    unclosed = ValueError(f'Unclosed start tag "{tag}" at byte offset {where}')
    while True:
        position = _after(_SPACE, text, position)
        if text.startswith(">", position):
            return told, position
        name_end = _after(_ATTRIBUTE_NAME, text, position)
        if name_end == position:
            raise ValueError(f'Empty attribute name in the tag "{tag}" at byte offset {where}')
        name, position = text[position:name_end], _after(_SPACE, text, name_end)
        value = ""
        if text.startswith("=", position):
            position = _after(_SPACE, text, position + 1)
            if position == len(text):
                raise unclosed
            value, position = _attribute_value(text, position)
            if position == len(text):
                raise ValueError(f"Unclosed start tag at byte offset {where}")
        elif position == len(text):
            raise unclosed
        told[name] = value


def _attribute_value(text: str, position: int) -> tuple[str, int]:
    if text[position] in "\"'":
        end = text.find(text[position], position + 1)
        if end < 0:
            return "", len(text)
        return _REFERENCE.sub(_reference, text[position + 1 : end]), end + 1
    end = _after(_TOKEN, text, position)
    if end == len(text) or not (text[end].isspace() or text[end] == ">"):
        raise ValueError(f"Unexpected end of name token at byte offset {byte_at(text, position)}")
    return text[position:end].lower(), end


def _after(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position


def _end_tag(text: str, start: int, written: Written) -> int:
    where = byte_at(text, start)
    if not written.open:
        raise ValueError(f"Unexpected end tag at byte offset {where}")
    found = re.compile(r"</([^\s>]*)\s*").match(text, start)
    if found is None or not text.startswith(">", found.end()):
        raise ValueError(f"Unclosed end tag at byte offset {where}")
    top = written.open[-1]
    tag = found[1].lower()
    if tag not in {"", top.tag}:
        raise ValueError(f'Unmatched end tag at byte offset {where}, expected "</{top.tag}>", found "</{tag}>"')
    if top.tag == "a":
        top.extra = {"url": checked_link(top.extra["url"] or written.since(top.offset))}
    elif (
        top.tag == "tg-emoji"
        and written.units > top.offset
        and not re.fullmatch(r"-?0*[1-9][0-9]{0,18}", top.extra["custom_emoji_id"])
    ):
        raise ValueError("Invalid custom emoji identifier specified")
    before = written.entities[-1] if written.entities else {}
    written.close()
    if {top.tag, before.get("type")} == {"pre", "code"} and written.entities[-1] is not before:
        _merge_code(written)
    return found.end() + 1


def _merge_code(written: Written) -> None:
    """Make one entity of code and a block of it around the same words, when the code says its language."""
    inner, outer = written.entities[-2:]
    same = (inner["offset"], inner["length"]) == (outer["offset"], outer["length"])
    language = inner.get("language") or outer.get("language")
    if same and language:
        written.entities[-2:] = [{**inner, "type": "pre", "language": language}]
