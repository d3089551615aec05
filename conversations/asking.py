"""What a check-in's item looks like to one reader: from the item bank, or from the school's own questions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conversations.bank import Item, Option, UnknownBankVersion, load
from conversations.model import Band, Phrase, say, verbatim
from conversations.own_questions import SOURCE, OwnQuestion, is_own


@dataclass(frozen=True)
class Asked:
    """A question and its options, first to last; `remark` is a line below the question, if one is called for."""

    stem: Phrase
    options: tuple[tuple[Phrase, str], ...]
    remark: Phrase | None = None


def asked(version: str, own: Iterable[OwnQuestion], item: str, band: Band, language: str = SOURCE) -> Asked | None:
    """Find an item in one wording; None if it is not there (a version this program lacks, a question withdrawn).

    `language` chooses the words of the school's own questions; the bank's are in the catalogues.
    """
    if is_own(item):
        return _own(next((one for one in own if one.id == item), None), band, language)
    try:
        found: Item | None = load(version).items.get(item)
    except UnknownBankVersion:
        return None
    if found is None or band not in found.stem or not found.options.get(band):
        return None
    return Asked(say(found.stem[band]), tuple(_option(option) for option in found.options[band]))


def _option(option: Option) -> tuple[Phrase, str]:
    return say(option.text), option.picture


def _own(question: OwnQuestion | None, band: Band, language: str) -> Asked | None:
    words = question.wording(band, language) if question else None
    if words is None:
        return None
    pictures = words.pictures or ("",) * len(words.options)
    # As the school wrote them: were they looked up, some would be found by chance, and a question be half translated.
    options = tuple((verbatim(text), picture) for text, picture in zip(words.options, pictures, strict=True))
    remark = say("This question is from your school. It is in English only.") if words.language != language else None
    return Asked(verbatim(words.stem), options, remark)
