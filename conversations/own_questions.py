"""A school's own questions, as a check-in carries them: each with its wordings, by language and age.

A check-in under way holds the words of its own questions itself, so that a pupil finishes what they began whatever the
school has changed meanwhile. They are no part of an item bank and say nothing to the signals: their ids begin `own:`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conversations.model import Band

PREFIX = "own:"
SOURCE = "en"


@dataclass(frozen=True)
class OwnWording:
    """One question in one language for one age; `pictures` are as many as the options, or none."""

    language: str
    band: Band
    stem: str
    options: tuple[str, ...]
    pictures: tuple[str, ...] = ()

    def to_json(self) -> list[Any]:
        return [self.language, self.band, self.stem, list(self.options), list(self.pictures)]

    @classmethod
    def from_json(cls, data: list[Any]) -> OwnWording:
        language, band, stem, options, pictures = data
        return cls(language, band, stem, tuple(options), tuple(pictures))


@dataclass(frozen=True)
class OwnQuestion:
    """A question of the school's own; `id` begins with PREFIX."""

    id: str
    wordings: tuple[OwnWording, ...]

    def wording(self, band: Band, language: str = SOURCE) -> OwnWording | None:
        """Give the words for an age in a language, else in English; None for a question that this age is not asked."""
        found = {one.language: one for one in self.wordings if one.band == band}
        return found.get(language) or found.get(SOURCE)

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "wordings": [one.to_json() for one in self.wordings]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> OwnQuestion:
        return cls(data["id"], tuple(OwnWording.from_json(one) for one in data["wordings"]))


def is_own(item: str) -> bool:
    """Say whether an item of a check-in is a question of the school's own."""
    return item.startswith(PREFIX)
