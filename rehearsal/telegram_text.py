"""Message text as Telegram keeps it: markup turned into entities counted in UTF-16 units, ends trimmed, links found."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from rehearsal.telegram_wire import Json, bad

MAX_TEXT = 4096
MAX_CAPTION = 1024

_HTML_KINDS = {
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
_NAMED = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"'}
_REFERENCE = re.compile(r"&(?:lt|gt|amp|quot);|&#(?:(\d{1,7})|[xX]([0-9a-fA-F]{1,6}));")
_ATTRIBUTE = re.compile(r"""\s*([^\s=>/"']+)(?:\s*=\s*("[^"]*"|'[^']*'|[\w.-]*))?\s*""")
_MARKDOWN = {"*": "bold", "_": "italic", "__": "underline", "~": "strikethrough", "||": "spoiler", "[": "text_link"}
_MARKDOWN_NAMES = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "text_link": "TextUrl",
    "code": "Code",
    "pre": "Pre",
    "blockquote": "BlockQuote",
}
_FOUND = re.compile(
    r"(?P<url>https?://[^\s<>\"]+[^\s<>\".,;:!?)\]'])"
    r"|(?<![\w/@])(?P<bot_command>/[A-Za-z0-9_]{1,64})(?:@\w{3,32})?(?![\w/])"
    r"|(?<![\w@])(?P<mention>@[A-Za-z]\w{3,31})"
    r"|(?<!\w)(?P<hashtag>\#\w*[^\W\d]\w*)"
)


def utf16(text: str) -> int:
    """Count a text's length in UTF-16 units, in which Telegram counts entities."""
    return len(text) + sum(1 for letter in text if ord(letter) > 0xFFFF)


@dataclass
class _Open:
    tag: str
    kind: str
    offset: int
    byte: int
    extra: Json = field(default_factory=dict)


@dataclass
class _Written:
    parts: list[str] = field(default_factory=list)
    units: int = 0
    entities: list[Json] = field(default_factory=list)
    open: list[_Open] = field(default_factory=list)

    def write(self, text: str) -> None:
        self.parts.append(text)
        self.units += utf16(text)

    def close(self, extra: Json | None = None) -> None:
        top = self.open.pop()
        if self.units > top.offset:
            told = {"type": top.kind, "offset": top.offset, "length": self.units - top.offset, **top.extra}
            self.entities.append({**told, **(extra or {})})

    def since(self, offset: int) -> str:
        encoded = "".join(self.parts).encode("utf-16-le")
        return encoded[offset * 2 :].decode("utf-16-le")


def parse_text(text: str, parse_mode: str, given: object, limit: int, too_long: str) -> Json:
    """Turn a caller's text into what Telegram keeps: {"text": str, "entities": list, absent when none}.

    `given` are explicit entities, used when no parse mode is named; `limit` counts characters after parsing and
    `too_long` is what is said above it. Raises Refusal as Telegram words it.
    """
    if len(text.encode()) > 1 << 15:
        raise bad("text is too long")
    mode = parse_mode.lower()
    if mode == "html":
        plain, entities = _parsed(text, _parse_html)
    elif mode == "markdownv2":
        plain, entities = _parsed(text, _parse_markdown)
    elif mode in {"", "none"}:
        plain, entities = text, _given_entities(given)
    else:
        raise bad("unsupported parse_mode")
    plain, entities = _trimmed(plain, entities)
    if not plain:
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
    found.sort(key=lambda one: (one["offset"], -one["length"]))
    return {"text": text, "entities": found} if found else {"text": text}


def _parsed(text: str, parser: Callable[[str], _Written]) -> tuple[str, list[Json]]:
    try:
        written = parser(text)
    except ValueError as problem:
        raise bad(f"can't parse entities: {problem}") from None
    return "".join(written.parts), written.entities


def _given_entities(given: object) -> list[Json]:
    if not isinstance(given, list):
        return []
    told: list[Json] = []
    for one in given:
        if not isinstance(one, dict):
            raise bad("can't parse MessageEntity: expected an Object")
        if not isinstance(one.get("offset"), int) or not isinstance(one.get("length"), int):
            raise bad("can't parse MessageEntity: offset and length are required")
        if one["offset"] < 0 or one["length"] < 0:
            raise bad("receive an entity with incorrect offset or length")
        if one["length"] > 0:
            told.append({name: value for name, value in one.items() if value is not None})
    return told


def _trimmed(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    # A returned carriage would shift every offset after it, so it is dropped only where there are none.
    text = text if entities else text.replace("\r", "")
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


def _reference(match: re.Match[str]) -> str:
    if match[0] in _NAMED:
        return _NAMED[match[0]]
    code = int(match[1]) if match[1] else int(match[2], 16)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code <= 0xDFFF else match[0]


def _byte(text: str, position: int) -> int:
    return len(text[:position].encode())


def _parse_html(text: str) -> _Written:
    written = _Written()
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
    return written


def _start_tag(text: str, start: int, written: _Written) -> int:
    where = _byte(text, start)
    name = re.compile(r"[^\s>]*").match(text, start + 1)
    if name is None or name.end() == len(text):
        raise ValueError(f"Unclosed start tag at byte offset {where}")
    tag = name[0].lower()
    if tag not in _HTML_KINDS:
        raise ValueError(f'Unsupported start tag "{tag}" at byte offset {where}')
    attributes: dict[str, str] = {}
    position = name.end()
    while not text.startswith(">", position):
        found = _ATTRIBUTE.match(text, position)
        if found is None:
            if text[position:].strip():
                raise ValueError(f'Empty attribute name in the tag "{tag}" at byte offset {where}')
            raise ValueError(f"Unclosed start tag at byte offset {where}")
        value = found[2] or ""
        attributes[found[1].lower()] = _REFERENCE.sub(_reference, value.strip("\"'"))
        position = found.end()
        if position == len(text):
            raise ValueError(f'Unclosed start tag "{tag}" at byte offset {where}')
        if text[position] != ">" and value[:1] not in {"", '"', "'"} and not text[position - 1].isspace():
            raise ValueError(f"Unexpected end of name token at byte offset {_byte(text, found.start(2))}")
    if tag == "span" and attributes.get("class") != "tg-spoiler":
        raise ValueError(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
    opened = _Open(tag, _HTML_KINDS[tag], written.units, where)
    if tag == "a":
        opened.extra = {"url": attributes.get("href", "")}
    elif tag == "tg-emoji":
        opened.extra = {"custom_emoji_id": attributes.get("emoji-id", "")}
    elif tag == "code" and attributes.get("class", "").startswith("language-"):
        opened.extra = {"language": attributes["class"].removeprefix("language-")}
    elif tag == "blockquote" and "expandable" in attributes:
        opened.kind = "expandable_blockquote"
    written.open.append(opened)
    return position + 1


def _end_tag(text: str, start: int, written: _Written) -> int:
    where = _byte(text, start)
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
        url = top.extra["url"] or written.since(top.offset)
        # Telegram drops a link that leads nowhere, and keeps its words.
        if re.match(r"(https?|tg|tonsite)://\S+|[\w-]+(\.[\w-]+)+", url):
            top.extra = {"url": url if "://" in url else f"http://{url}/"}
        else:
            top.offset = written.units
    language = top.extra.pop("language", None) if top.tag == "code" else None
    written.close()
    if language and written.open and written.open[-1].tag == "pre":
        written.entities.pop()
        written.open[-1].extra = {"language": language}
    return found.end() + 1


def _parse_markdown(text: str) -> _Written:
    written = _Written()
    quoted = False
    position = 0
    line_start = True
    while position < len(text):
        letter = text[position]
        inside = written.open[-1].kind if written.open else ""
        if letter == "\\" and position + 1 < len(text) and 0 < ord(text[position + 1]) <= 126:
            written.write(text[position + 1])
            position += 2
        elif inside in {"code", "pre"}:
            position = _markdown_code(text, position, written)
        elif letter == ">" and line_start:
            if not quoted:
                written.open.append(_Open(">", "blockquote", written.units, _byte(text, position)))
            quoted = True
            position += 1
        elif letter == "\n":
            if quoted and not text.startswith(">", position + 1):
                _markdown_end_quote(written)
                quoted = False
            written.write("\n")
            position += 1
            line_start = True
            continue
        elif letter in "_*[]()~`>#+-=|{}.!":
            position = _markdown_mark(text, position, written)
        else:
            written.write(letter)
            position += 1
        line_start = False
    if quoted:
        _markdown_end_quote(written)
    if written.open:
        raise _unended(written)
    return written


def _unended(written: _Written) -> ValueError:
    top = written.open[-1]
    return ValueError(f"Can't find end of {_MARKDOWN_NAMES[top.kind]} entity at byte offset {top.byte}")


def _markdown_end_quote(written: _Written) -> None:
    if written.open[-1].kind != "blockquote":
        raise _unended(written)
    written.close()


def _markdown_code(text: str, position: int, written: _Written) -> int:
    fence = "```" if written.open[-1].kind == "pre" else "`"
    if text.startswith(fence, position):
        written.close()
        return position + len(fence)
    written.write(text[position])
    return position + 1


def _markdown_mark(text: str, position: int, written: _Written) -> int:
    where = _byte(text, position)
    top = written.open[-1] if written.open else None
    if text.startswith("```", position):
        opened = _Open("```", "pre", written.units, where)
        language = re.compile(r"```([^\s`]+)(?=\n)").match(text, position)
        if language:
            opened.extra = {"language": language[1]}
            position += len(language[1])
        written.open.append(opened)
        return position + (4 if text.startswith("\n", position + 3) else 3)
    if text[position] == "`":
        written.open.append(_Open("`", "code", written.units, where))
        return position + 1
    if text[position] == "]" and top is not None and top.kind == "text_link":
        return _markdown_link(text, position, written)
    mark = next((two for two in ("__", "||") if text.startswith(two, position)), text[position])
    if mark not in _MARKDOWN:
        raise ValueError(f"Character '{mark}' is reserved and must be escaped with the preceding '\\'")
    if top is not None and top.tag == mark != "[":
        written.close()
    else:
        written.open.append(_Open(mark, _MARKDOWN[mark], written.units, where))
    return position + len(mark)


def _markdown_link(text: str, position: int, written: _Written) -> int:
    url = written.since(written.open[-1].offset)
    end = position + 1
    if text.startswith("(", end):
        found = re.compile(r"\(((?:\\.|[^)\\])*)\)", re.DOTALL).match(text, end)
        if found is None:
            raise ValueError(f"Can't find end of a URL at byte offset {_byte(text, end + 1)}")
        url = re.sub(r"\\(.)", r"\1", found[1])
        end = found.end()
    written.close({"url": url})
    return end
