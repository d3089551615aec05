"""What both markups of the Bot API are turned into: plain text, and entities counted in UTF-16 units."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rehearsal.telegram_wire import Json

_LINK = re.compile(r"(?:(https?|tg|ton|tonsite)://)?([^/?#\s]+)([/?#]\S*)?", re.IGNORECASE)
_FOREIGN = re.compile(r"(?!(?:https?|tg|ton|tonsite):)[^:/?#@\[\]]*://", re.IGNORECASE)


def utf16(text: str) -> int:
    """Count a text's length in UTF-16 units, in which Telegram counts entities."""
    return len(text) + sum(1 for letter in text if ord(letter) > 0xFFFF)


def byte_at(text: str, position: int) -> int:
    """Say at which byte of its UTF-8 a character of a text stands, by which Telegram tells where a fault is."""
    return len(text[:position].encode())


def check_link(url: str, *, secure: bool = False) -> str:
    """Give a link as Telegram keeps it. Raises ValueError in its words for one that leads nowhere, or is not HTTPS."""
    if _FOREIGN.match(url):
        raise ValueError("Unsupported URL protocol")
    found = _LINK.fullmatch(url)
    if found is None:
        raise ValueError("URL host is empty")
    scheme, host, rest = (found[1] or "http").lower(), found[2].lower(), found[3] or "/"
    if secure and scheme != "https":
        raise ValueError("Only HTTPS links are allowed")
    if scheme.startswith("http") and "." not in host and not host.startswith("["):
        raise ValueError("Wrong HTTP URL")
    if rest[0] == "#" or (rest[0] == "?" and scheme.startswith("http")):
        rest = f"/{rest}"
    return f"{scheme}://{host}{rest}"


def checked_link(url: str) -> str:
    """Give a link as Telegram keeps it, "" for one that leads nowhere: its words stay, and lead nowhere."""
    try:
        return check_link(url)
    except ValueError:
        return ""


@dataclass
class Open:
    """An entity that has begun: by which mark, what it is, and where, in units and in bytes."""

    tag: str
    kind: str
    offset: int
    byte: int
    extra: Json = field(default_factory=dict)


@dataclass
class Written:
    """The plain text so far and its entities, with those that have not ended."""

    parts: list[str] = field(default_factory=list)
    units: int = 0
    entities: list[Json] = field(default_factory=list)
    open: list[Open] = field(default_factory=list)

    def write(self, text: str) -> None:
        self.parts.append(text)
        self.units += utf16(text)

    def close(self) -> None:
        """End the entity that began last; one without words is dropped, as is a link that leads nowhere."""
        top = self.open.pop()
        if self.units > top.offset and top.extra.get("url") != "":
            told = {"type": top.kind, "offset": top.offset, "length": self.units - top.offset}
            self.entities.append({**told, **top.extra})

    def since(self, offset: int) -> str:
        encoded = "".join(self.parts).encode("utf-16-le")
        return encoded[offset * 2 :].decode("utf-16-le")
