"""What is said: a Phrase to be rendered in its reader's language, and a Message of phrases and buttons.

Frozen plain data that survives JSON, as all of the engine's words do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True)
class Phrase:
    """One sentence to be rendered in the reader's language at the moment it is sent.

    `text` is the English source and the key of the catalogue; `plural` and `count` choose a plural form; `params` fill
    the `{name}` fields: a datetime is a moment, a date a day without its hour. Make one with `say` or `say_n`, whose
    calls are what the extraction of strings looks for.
    """

    text: str
    params: tuple[tuple[str, str | int | date | Phrase], ...] = ()
    plural: str | None = None
    count: int | None = None

    def to_json(self) -> dict[str, Any]:
        out: dict[str, Any] = {"t": self.text}
        if self.params:
            out["p"] = {name: _param_to_json(value) for name, value in self.params}
        if self.plural is not None:
            out["n"] = [self.plural, self.count]
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Phrase:
        plural, count = data.get("n", (None, None))
        params = tuple((name, _param_from_json(value)) for name, value in data.get("p", {}).items())
        return cls(data["t"], params, plural, count)


def _param_to_json(value: str | int | date | Phrase) -> object:
    if isinstance(value, Phrase):
        return value.to_json()
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    return {"on": value.isoformat()} if isinstance(value, date) else value


def _param_from_json(value: Any) -> str | int | date | Phrase:  # noqa: ANN401 (JSON)
    if isinstance(value, dict):
        if "on" in value:
            return date.fromisoformat(value["on"])
        return datetime.fromisoformat(value["at"]) if "at" in value else Phrase.from_json(value)
    assert isinstance(value, str | int)  # noqa: S101 (narrows JSON)
    return value


def say(text: str, /, **params: str | int | date | Phrase) -> Phrase:
    """Mark one sentence for translation; `params` fill its `{name}` fields."""
    return Phrase(text, tuple(params.items()))


def say_n(singular: str, plural: str, count: int, /, **params: str | int | date | Phrase) -> Phrase:
    """Mark one sentence with plural forms; `{count}` is the number itself."""
    return Phrase(singular, (("count", count), *params.items()), plural, count)


def verbatim(text: str) -> Phrase:
    """Pass a name or a number through as it is: not extracted, never translated."""
    return Phrase("{text}", (("text", text),))


def moment(at: datetime) -> Phrase:
    """A moment by itself, written as its reader's language does."""
    return Phrase("{text}", (("text", at),))


@dataclass(frozen=True)
class Button:
    """A button under a message; `data` is what comes back when it is tapped: 1 to 64 bytes, no word of a person."""

    label: Phrase
    data: str
    picture: str = ""

    def to_json(self) -> list[Any]:
        return [self.label.to_json(), self.data, self.picture]


@dataclass(frozen=True)
class Message:
    """What is sent to a person: an optional title, paragraphs, and rows of buttons."""

    paragraphs: tuple[Phrase, ...]
    title: Phrase | None = None
    rows: tuple[tuple[Button, ...], ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title.to_json() if self.title else None,
            "paragraphs": [phrase.to_json() for phrase in self.paragraphs],
            "rows": [[button.to_json() for button in row] for row in self.rows],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Message:
        return cls(
            tuple(Phrase.from_json(phrase) for phrase in data["paragraphs"]),
            Phrase.from_json(data["title"]) if data["title"] else None,
            tuple(
                tuple(Button(Phrase.from_json(label), value, picture) for label, value, picture in row)
                for row in data["rows"]
            ),
        )
