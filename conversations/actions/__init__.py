"""Suggested actions for tutors, as data (one TOML file a version), and the reader of it.

An action is small: about ten minutes, something to do, a sentence to say, one not to say, why it helps with a
published source, and what to look for afterwards. A nudge shows two or three, which `choosing` picks; `extract` hands
the wording to the translators. Texts are the English sources and keys of the catalogues. A published version is left as
it is, for a plan keeps the id of its action: new wording is a new file, and an id never comes to mean something else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from conversations.bank import FACTORS
from conversations.model import Band, Phrase, say

POLAR_REASONS = tuple(f"{factor}_{end}" for factor in FACTORS for end in ("low", "high"))
REASONS = ("low_run", "change_low", "change_high", *POLAR_REASONS, "context_gap", "silence", "rushed")
"""What an action can be for.

low_run: several answers at the low end of the pupil's own range. change_low, change_high: a lasting change, downwards
or upwards. The polar ones: a factor of the bank beyond its low or high pole. context_gap: in school and outside differ.
silence: the pupil's own rhythm of answering has changed. rushed: answers too quick or too even to tell anything.
"""

VERSIONS = ("2026-1",)
"""Every version there is, oldest first."""

LATEST: str = VERSIONS[-1]


class UnknownActionsVersion(LookupError):
    """A plan names a version of the suggested actions that this program does not hold."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(
            f"This program has no suggested actions {version!r}; it has {', '.join(VERSIONS)}. "
            "Update Earshot to the release that made this plan, or a later one."
        )


@dataclass(frozen=True)
class Source:
    """A published work, as it is cited: never translated."""

    id: str
    author: str
    year: int
    title: str
    where: str

    @property
    def short(self) -> str:
        """The first author and the year."""
        return f"{self.author.split(',')[0]}, {self.year}"

    @property
    def citation(self) -> str:
        return f"{self.author} ({self.year}). {self.title}. {self.where}."


@dataclass(frozen=True)
class Action:
    """One suggestion: for which of REASONS and which wordings' ages, its texts in English, and the source of `why`.

    Show a text with the `say` of `conversations.model`: it is in the catalogues. `say` and `not_say` are sentences, one
    to say (to the pupil, unless `do` says to whom) and one to leave unsaid, both without quotation marks.
    """

    id: str
    reasons: tuple[str, ...]
    bands: tuple[Band, ...]
    title: str
    do: str
    say: str
    not_say: str
    why: str
    look_for: str
    source: Source


@dataclass(frozen=True, eq=False)
class Library:
    """One version of the suggested actions; `actions` by id, in the order of the file. Equal only to itself."""

    version: str
    actions: Mapping[str, Action]
    sources: Mapping[str, Source]


def safeguarding_note() -> Phrase:
    """Give the line to stand under every list of suggested actions."""
    return say(
        "If anything you see or hear makes you think a pupil may not be safe, tell a safeguarding lead the same day, "
        "in person. Listen, do not question, and never promise to keep it secret."
    )


@cache
def load(version: str) -> Library:
    """Read one version of the suggested actions, once a process.

    Raises UnknownActionsVersion if it is not among VERSIONS.
    """
    if version not in VERSIONS:
        raise UnknownActionsVersion(version)
    data = tomllib.loads(resources.files(__name__).joinpath(f"{version}.toml").read_text("utf-8"))
    sources = {row["id"]: Source(**row) for row in data["source"]}
    actions = {row["id"]: _action(row, sources) for row in data["action"]}
    return Library(data["version"], MappingProxyType(actions), MappingProxyType(sources))


def _action(row: Mapping[str, Any], sources: Mapping[str, Source]) -> Action:
    lists = {"reasons": tuple(row["reasons"]), "bands": tuple(row["bands"])}
    return Action(**{**row, **lists, "source": sources[row["source"]]})
