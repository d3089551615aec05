"""Forms for staff as plain data: a window with a few fields to fill in, and what it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from conversations.model import Phrase

WORDS_MOST = 1000
"""Most characters of a field of words."""


@dataclass(frozen=True)
class Field:
    """One field: "one" of a few options in sight, "pick" one of many, a "day" as YYYY-MM-DD, or "words".

    `options` are pairs of a value and its words; `first` is the value that stands there before anything is chosen.
    """

    name: str
    label: Phrase
    kind: Literal["one", "pick", "day", "words"]
    options: tuple[tuple[str, Phrase], ...] = ()
    first: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Form:
    """A window to fill in; `name` says what becomes of it, `value` is the id of what it is about."""

    name: str
    value: str
    title: Phrase
    fields: tuple[Field, ...]
    lines: tuple[Phrase, ...] = ()
