"""A card as plain data, for Slack or any other place that can show words and buttons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from conversations.model import Phrase

Style = Literal["plain", "primary", "danger"]


@dataclass(frozen=True)
class CardButton:
    """A button on a card; `confirm` is what it asks first, where what it does cannot be taken back."""

    action: str
    value: str
    label: Phrase
    style: Style = "plain"
    confirm: Phrase | None = None

    def to_json(self) -> list[Any]:
        asks = [self.confirm.to_json()] if self.confirm else []
        return [self.action, self.value, self.label.to_json(), self.style, *asks]

    @classmethod
    def from_json(cls, data: Sequence[Any]) -> CardButton:
        action, value, label, style, *asks = data
        return cls(action, value, Phrase.from_json(label), style, *map(Phrase.from_json, asks))


@dataclass(frozen=True)
class Card:
    """A title, a few lines, parts with a title of their own, a quiet note below, and buttons.

    Lines hold plain text, no markup. In a window a part may have parts and a note of its own, and those only a title
    and lines; a part's buttons are not shown.
    """

    title: Phrase
    lines: tuple[Phrase, ...] = ()
    note: Phrase | None = None
    buttons: tuple[CardButton, ...] = ()
    parts: tuple[Card, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title.to_json(),
            "lines": [line.to_json() for line in self.lines],
            "note": self.note.to_json() if self.note else None,
            "buttons": [one.to_json() for one in self.buttons],
            "parts": [part.to_json() for part in self.parts],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Card:
        return cls(
            Phrase.from_json(data["title"]),
            tuple(Phrase.from_json(line) for line in data["lines"]),
            Phrase.from_json(data["note"]) if data["note"] else None,
            tuple(map(CardButton.from_json, data["buttons"])),
            # Letters written by a version before this one have none.
            tuple(cls.from_json(part) for part in data.get("parts", ())),
        )
