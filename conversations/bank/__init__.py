"""The item banks: what a check-in asks, as data (one TOML file a version), and the reader of it.

A published bank is left as it is, for a check-in stays pinned to the version it began with; new wording is a new file.
The flows read a bank to show an item, `rotation` chooses the items of a week, the scoring reads factor, context and
direction. `extract` hands the wording to the translators. Texts are the English sources and keys of the catalogues.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, Literal

from conversations.model import Band

BANDS: tuple[Band, ...] = ("young", "older")
"""The two wordings: young for ages 8–11 with three pictured options, older for ages 11–18 with five options."""

FACTORS = ("self_disclosure", "trust_of_self", "trust_of_others", "seeking_change")
CONTEXTS = ("in_school", "outside")
THEMES = ("weather", "battery", "photo", "bag", "sleep")

VERSIONS = ("2026-1", "2026-2")
"""Every version there is, oldest first."""

LATEST: str = VERSIONS[-1]


class UnknownBankVersion(LookupError):
    """A check-in names a version of the item bank that this program does not hold."""

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__(
            f"This program has no item bank {version!r}; it has {', '.join(VERSIONS)}. "
            "Update Earshot to the release that began this check-in, or a later one."
        )


@dataclass(frozen=True)
class Option:
    """One button of an item: its words, and a picture (an emoji) in the young wording, "" in the older."""

    text: str
    picture: str = ""


@dataclass(frozen=True)
class Item:
    """One question in both wordings, its options in even steps from one end of what it measures to the other.

    `factor` is one of FACTORS for a steering item and one of THEMES for a state item; `context` is one of CONTEXTS,
    None for a state item. `direction` of a steering item: 1 if the last option is the high end of the factor, -1 if the
    first is; of a state item: 1 if the first option is the low end, -1 if the last is. So 1 always means that it rises
    from first to last.
    """

    id: str
    kind: Literal["steering", "state"]
    factor: str
    context: str | None
    direction: Literal[1, -1]
    stem: Mapping[Band, str]
    options: Mapping[Band, tuple[Option, ...]]


@dataclass(frozen=True, eq=False)
class Bank:
    """One version of the item bank; `items` by id, in the order of the file. Equal only to itself."""

    version: str
    items: Mapping[str, Item]


_NO_BANK = Bank("", MappingProxyType({}))


def load(version: str) -> Bank:
    """Read one version of the item bank, once a process.

    What follows a "+" is the version of a school's own questions and no part of the bank; "+3" alone has no bank, and
    gives an empty one. Raises UnknownBankVersion if it is not among VERSIONS.
    """
    return _NO_BANK if version.startswith("+") else _load(base(version))


def base(version: str) -> str:
    """Give the item bank's part of what a check-in is pinned to; "" if all its questions are the school's own."""
    return version.partition("+")[0]


@cache
def _load(version: str) -> Bank:
    if version not in VERSIONS:
        raise UnknownBankVersion(version)
    data = tomllib.loads(resources.files(__name__).joinpath(f"{version}.toml").read_text("utf-8"))
    items = {row["id"]: _item(row) for row in data["item"]}
    return Bank(data["version"], MappingProxyType(items))


def _item(row: Mapping[str, Any]) -> Item:
    return Item(
        id=row["id"],
        kind=row["kind"],
        factor=row["factor"],
        context=row.get("context"),
        direction=row["direction"],
        stem=MappingProxyType({band: row[band]["stem"] for band in BANDS}),
        options=MappingProxyType({band: _options(row[band]) for band in BANDS}),
    )


def _options(wording: Mapping[str, Any]) -> tuple[Option, ...]:
    texts = wording["options"]
    pictures = wording.get("pictures", [""] * len(texts))
    return tuple(Option(text, picture) for text, picture in zip(texts, pictures, strict=True))
