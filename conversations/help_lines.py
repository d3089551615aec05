"""Whom to ring or text in danger, by nation: data, with the day it was last checked and where.

Read by every crisis card and by the help page. Check the numbers once a year and move `checked_on`; a number changes
here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType


@dataclass(frozen=True)
class RingLine:
    """A service that is rung, free and at any hour."""

    name: str
    number: str


@dataclass(frozen=True)
class TextLine:
    """A service that is sent `word` in a text message to `number`, free and at any hour."""

    name: str
    number: str
    word: str


@dataclass(frozen=True)
class HelpLines:
    """What a nation has: emergency numbers (the first is the one to ring first), lines to ring, lines to text."""

    emergency: tuple[str, ...]
    ring: tuple[RingLine, ...]
    text: tuple[TextLine, ...]
    checked_on: date
    checked_at: tuple[str, ...]


_UNITED_KINGDOM = HelpLines(
    emergency=("999",),
    ring=(RingLine("Childline", "0800 1111"),),
    text=(TextLine("Shout", "85258", "SHOUT"),),
    checked_on=date(2026, 11, 22),
    checked_at=("childline.org.uk", "giveusashout.org"),
)
_IRELAND = HelpLines(
    emergency=("112", "999"),
    ring=(RingLine("Childline", "1800 66 66 66"),),
    text=(),
    checked_on=date(2026, 11, 22),
    checked_at=("ispcc.ie", "childline.ie"),
)

BY_NATION: Mapping[str, HelpLines] = MappingProxyType(
    {
        "ENG": _UNITED_KINGDOM,
        "WLS": _UNITED_KINGDOM,
        "SCT": _UNITED_KINGDOM,
        "NIR": _UNITED_KINGDOM,
        "IE": _IRELAND,
    }
)

_OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "ENGLAND": "ENG",
        "GB-ENG": "ENG",
        "WALES": "WLS",
        "GB-WLS": "WLS",
        "SCOTLAND": "SCT",
        "GB-SCT": "SCT",
        "NI": "NIR",
        "NORTHERN IRELAND": "NIR",
        "NORTHERN-IRELAND": "NIR",
        "GB-NIR": "NIR",
        "IRELAND": "IE",
        "IRL": "IE",
    }
)


def help_lines(nation: str) -> HelpLines:
    """Give the lines of a nation, by code ("ENG", "WLS", "SCT", "NIR", "IE") or English name, in any case.

    An unknown nation gets the lines of the United Kingdom: a card without a number is worse than one that may not ring.
    """
    key = nation.strip().upper().replace("_", " ")
    return BY_NATION.get(_OTHER_NAMES.get(key, key), _UNITED_KINGDOM)
