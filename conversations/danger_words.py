"""Words of immediate danger: small lists with their spelling variants (`danger_phrases`), matched on whole words.

The list only ever raises urgency. A match shows the crisis card and tells the safeguarding leads a name; no match means
nothing at all, and nothing is ever held back, sorted out or scored because of it. It is meant to be short enough for a
safeguarding lead to read, and to err towards a card too many. It knows English, and Welsh in draft: words of danger
in another language are not found, and Talk to someone stays on every screen for that reason. Within a whisper, where
nobody is named, drafts in the other languages raise the urgency too (`sounds_urgent`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from conversations.danger_drafts import DRAFTS
from conversations.danger_phrases import BY_LANGUAGE

_LOOKS_LIKE = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i"})
_APOSTROPHES = re.compile("['’‘ʼ`´]")
_NO_DECOMPOSITION = str.maketrans(
    {
        "ł": "l",
        "đ": "d",
        "ø": "o",
        "ı": "i",
        "ґ": "г",
        "ى": "ي",
        "ی": "ي",
        "ک": "ك",
        "ہ": "ه",
        "ھ": "ه",
        "ة": "ه",
        "ں": "ن",
    }
    # A letter drawn longer.
    | {"ـ": ""}
)
_EDGE_MARKS = '.,;:!?"“”()[]{}*_~<>'


def _plain(text: str) -> str:
    """Reduce text to words of small letters and digits with single spaces and no letter twice in a row."""
    folded = unicodedata.normalize("NFKD", text).casefold().translate(_NO_DECOMPOSITION)
    seen = "".join(mark for mark in folded if unicodedata.category(mark) not in ("Mn", "Cf"))
    words = (_word(word.strip(_EDGE_MARKS)) for word in _APOSTROPHES.sub("", seen).split())
    spaced = re.sub(r"[\W_]+", " ", " ".join(words))
    return re.sub(r"([^\W\d])\1+", r"\1", spaced).strip()


def _word(word: str) -> str:
    # "k1ll" is a word in disguise; "5" and "999" are numbers.
    return word.translate(_LOOKS_LIKE) if any(mark.isalpha() for mark in word) else word


def _themes() -> list[str]:
    return [theme for language in BY_LANGUAGE.values() for theme in language.values()]


@cache
def _danger() -> re.Pattern[str]:
    return _pattern(_themes())


@cache
def _drafted() -> re.Pattern[str]:
    return _pattern(DRAFTS.values())


def _pattern(themes: Iterable[str]) -> re.Pattern[str]:
    forms = set()
    for written in (phrase.strip() for theme in themes for phrase in re.split(r"[|\n]", theme)):
        if not written:
            continue
        phrase, _, everyday = (part.strip() for part in written.removesuffix("]").partition("["))
        stem, star = (phrase[:-1], r"[^\W\d]*") if phrase.endswith("*") else (phrase, "")
        # A distance ("5 kms") is the one everyday reading common enough to leave out.
        before = r"(?<![0-9] )" if stem == "kms" else "[وف]?" if "\u0600" <= stem[0] <= "\u06ff" else ""
        forms.add(before + _plain(stem).replace(" ", " ?") + star + _unless(everyday))
    return re.compile(r"(?<!\w)(?:" + "|".join(sorted(forms)) + r")(?!\w)")


def _unless(everyday: str) -> str:
    """Give the pattern of what may not follow a phrase."""
    words = [
        (_plain(one.lstrip("*")), r"[^\W\d]*" if one.startswith("*") else "") for one in everyday.split(", ") if one
    ]
    return rf"(?!\w)(?! (?:{'|'.join(sorted(star + plain for plain, star in words))})(?!\w))" if words else ""


_SPELT_OUT = re.compile(r"(?<![a-z0-9])(?:[a-z] ){2,}[a-z](?![a-z0-9])")


def sounds_like_danger(text: str) -> bool:
    """Say whether typed words hold one of the phrases of immediate danger.

    True raises urgency; False means nothing. Case, accents, invisible marks, repeated letters, digits for letters,
    letters spelt out one by one and missing spaces are seen through. Takes any string; never raises.
    """
    plain = _plain(text)
    if _danger().search(plain):
        return True
    joined = _SPELT_OUT.sub(lambda run: run.group().replace(" ", ""), plain)
    return joined != plain and bool(_danger().search(re.sub(r"([a-z])\1+", r"\1", joined)))


def sounds_urgent(text: str) -> bool:
    """Say whether words of a whisper make it urgent: those of danger, and the drafts of other languages.

    For whispers alone, where no name is told because of it. Takes any string; never raises.
    """
    return sounds_like_danger(text) or bool(_drafted().search(_plain(text)))
