"""Markdown as the Bot API reads it, old and new: its marks, and what it says of one that stands alone, by its byte."""

from __future__ import annotations

import re

from rehearsal.telegram_entities import Open, Written, byte_at, checked_link

_MARKDOWN = {"*": "bold", "_": "italic", "__": "underline", "~": "strikethrough", "||": "spoiler", "[": "text_link"}
_OLD = {"*": "bold", "_": "italic", "`": "code", "[": "text_link"}
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
    "custom_emoji": "CustomEmoji",
}
_LANGUAGE = re.compile(r"[^\s`]+(?!`)(?=\s)")
_LINE_END = re.compile(r"\r\n|\n\r|\r|\n")
_ADDRESS = re.compile(r"\(((?:\\.|[^)\\])*)\)", re.DOTALL)


def parse_old_markdown(text: str) -> Written:
    """Read a text with the four marks of before, none in another. Raises ValueError for one that does not end."""
    written = Written()
    position = 0
    while position < len(text):
        letter = text[position]
        if letter == "\\" and text[position + 1 : position + 2] in set(_OLD):
            written.write(text[position + 1])
            position += 2
        elif letter in _OLD:
            position = _old_entity(text, position, written)
        else:
            written.write(letter)
            position += 1
    return written


def _old_entity(text: str, begin: int, written: Written) -> int:
    letter = text[begin]
    opened = Open(letter, _OLD[letter], written.units, byte_at(text, begin))
    if text.startswith("```", begin):
        opened.kind, closing = "pre", "```"
        position = _fence(text, begin, opened)
    else:
        closing, position = "]" if letter == "[" else letter, begin + 1
    stop = text.find(closing, position)
    if stop < 0:
        raise ValueError(f"Can't find end of the entity starting at byte offset {opened.byte}")
    written.write(text[position:stop])
    position = stop + len(closing)
    if letter == "[":
        url = text[begin + 1 : stop]
        if text.startswith("(", position):
            # An address that does not end goes on to the end of the text.
            url, _, _ = text[position + 1 :].partition(")")
            position += len(url) + 2
        opened.extra = {"url": checked_link(url)}
    written.open.append(opened)
    written.close()
    return position


def _fence(text: str, begin: int, opened: Open) -> int:
    """Begin a block of code: note its language, pass over one end of line, and say where its words begin."""
    position = begin + 3
    if language := _LANGUAGE.match(text, position):
        opened.extra = {"language": language[0]}
        position = language.end()
    line_end = _LINE_END.match(text, position)
    return line_end.end() if line_end else position


def parse_markdown(text: str) -> Written:
    """Read a text with marks. Raises ValueError in Telegram's words for marks that do not end or should be escaped."""
    written = Written()
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
                written.open.append(Open(">", "blockquote", written.units, byte_at(text, position)))
            quoted = True
            position += 1
        elif letter == "\n":
            # The end of its last line belongs to a quotation.
            ends = quoted and not text.startswith(">", position + 1)
            if ends:
                _before_end_of_quote(text, position, written)
            written.write("\n")
            if ends:
                written.close()
                quoted = False
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
        _before_end_of_quote(text, position, written)
        written.close()
    if written.open:
        raise _unended(written)
    return written


def _unended(written: Written) -> ValueError:
    top = written.open[-1]
    return ValueError(f"Can't find end of {_MARKDOWN_NAMES[top.kind]} entity at byte offset {top.byte}")


def _before_end_of_quote(text: str, position: int, written: Written) -> None:
    """Leave nothing open but the quotation; two bars at its very end make it one that can be unfolded."""
    top = written.open[-1]
    folded = top.kind == "spoiler" and top.byte == byte_at(text, position) - 2
    if folded:
        written.open.pop()
    if written.open[-1].kind != "blockquote":
        raise _unended(written)
    if folded:
        written.open[-1].kind = "expandable_blockquote"


def _markdown_code(text: str, position: int, written: Written) -> int:
    fence = "```" if written.open[-1].kind == "pre" else "`"
    if text.startswith(fence, position):
        written.close()
        return position + len(fence)
    written.write(text[position])
    return position + 1


def _markdown_mark(text: str, position: int, written: Written) -> int:
    where = byte_at(text, position)
    top = written.open[-1] if written.open else None
    if text.startswith("```", position):
        opened = Open("```", "pre", written.units, where)
        written.open.append(opened)
        return _fence(text, position, opened)
    if text[position] == "`":
        written.open.append(Open("`", "code", written.units, where))
        return position + 1
    if text[position] == "]" and top is not None and top.kind == "text_link":
        return _markdown_link(text, position, written)
    if text[position] == "]" and top is not None and top.kind == "custom_emoji":
        return _markdown_emoji(text, position, written)
    if text.startswith("![", position):
        written.open.append(Open("![", "custom_emoji", written.units, where))
        return position + 2
    mark = next((two for two in ("__", "||") if text.startswith(two, position)), text[position])
    if mark not in _MARKDOWN:
        raise ValueError(f"Character '{mark}' is reserved and must be escaped with the preceding '\\'")
    if top is not None and top.tag == mark != "[":
        written.close()
    else:
        written.open.append(Open(mark, _MARKDOWN[mark], written.units, where))
    return position + len(mark)


def _address(text: str, at: int) -> tuple[str, int]:
    """Read an address in brackets; gives it, without what escapes in it, and where it ends."""
    found = _ADDRESS.match(text, at)
    if found is None:
        raise ValueError(f"Can't find end of a URL at byte offset {byte_at(text, at + 1)}")
    return re.sub(r"\\(.)", r"\1", found[1]), found.end()


def _markdown_link(text: str, position: int, written: Written) -> int:
    url, end = written.since(written.open[-1].offset), position + 1
    if text.startswith("(", end):
        url, end = _address(text, end)
    written.open[-1].extra = {"url": checked_link(url)}
    written.close()
    return end


def _markdown_emoji(text: str, position: int, written: Written) -> int:
    if not text.startswith("(", position + 1):
        raise ValueError("The entity must contain a tg://emoji or tg://time URL")
    url, end = _address(text, position + 1)
    found = re.fullmatch(r"tg:(?://)?emoji/?\?(?:.*&)?id=(-?0*[1-9][0-9]{0,18})(?:&.*)?", url, re.IGNORECASE)
    if found is None:
        raise ValueError("Invalid tg://emoji or tg://time URL specified")
    written.open[-1].extra = {"custom_emoji_id": found[1]}
    written.close()
    return end
