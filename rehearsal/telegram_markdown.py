"""MarkdownV2 as the Bot API reads it: its marks, and what it says of one that stands alone, by its byte."""

from __future__ import annotations

import re

from rehearsal.telegram_entities import Open, Written, byte_at, checked_link

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


def _unended(written: Written) -> ValueError:
    top = written.open[-1]
    return ValueError(f"Can't find end of {_MARKDOWN_NAMES[top.kind]} entity at byte offset {top.byte}")


def _markdown_end_quote(written: Written) -> None:
    if written.open[-1].kind != "blockquote":
        raise _unended(written)
    written.close()


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
        language = re.compile(r"```([^\s`]+)(?=\n)").match(text, position)
        if language:
            opened.extra = {"language": language[1]}
            position += len(language[1])
        written.open.append(opened)
        return position + (4 if text.startswith("\n", position + 3) else 3)
    if text[position] == "`":
        written.open.append(Open("`", "code", written.units, where))
        return position + 1
    if text[position] == "]" and top is not None and top.kind == "text_link":
        return _markdown_link(text, position, written)
    mark = next((two for two in ("__", "||") if text.startswith(two, position)), text[position])
    if mark not in _MARKDOWN:
        raise ValueError(f"Character '{mark}' is reserved and must be escaped with the preceding '\\'")
    if top is not None and top.tag == mark != "[":
        written.close()
    else:
        written.open.append(Open(mark, _MARKDOWN[mark], written.units, where))
    return position + len(mark)


def _markdown_link(text: str, position: int, written: Written) -> int:
    url = written.since(written.open[-1].offset)
    end = position + 1
    if text.startswith("(", end):
        found = re.compile(r"\(((?:\\.|[^)\\])*)\)", re.DOTALL).match(text, end)
        if found is None:
            raise ValueError(f"Can't find end of a URL at byte offset {byte_at(text, end + 1)}")
        url = re.sub(r"\\(.)", r"\1", found[1])
        end = found.end()
    written.open[-1].extra = {"url": checked_link(url)}
    written.close()
    return end
