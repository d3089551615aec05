"""A school's file of its own questions: read, checked, and asked when it says.

The file is TOML, an item written as the item bank writes one. `[[item]]` is a question, asked with the check-ins from
its first week to its last, after the bank's own five; `[[check_in]]` is a whole check-in, asked instead of the bank's
in one week. Weeks begin on Mondays. Pure: text and days in, questions out.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from conversations import bank
from conversations.bank import BANDS
from conversations.bank.extract import OPTION_ROOM, STEM_ROOM
from conversations.model import Band
from conversations.own_questions import PREFIX, SOURCE, OwnQuestion, OwnWording

MOST_A_WEEK = 2
"""How many own questions come with one of the usual check-ins: with them it still takes about a minute."""
MOST_IN_WHOLE = 8
MOST_IN_FILE = 200
OPTIONS = (2, 5)

_ID = re.compile(r"[A-Z0-9][A-Z0-9-]{0,23}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_ITEM_KEYS = {"id", "note", "from", "until", "every", *BANDS}
_EXAMPLE = (
    '[[item]]\nid = "LUNCH-1"\nyoung.stem = "Where do you sit at lunch?"\n'
    'young.options = ["At the edge", "Part way in", "In the middle"]'
)


class QuestionsProblem(Exception):
    """A file of questions cannot be used; it says where and what to change, a line for each thing."""


@dataclass(frozen=True)
class Scheduled:
    """A question and the weeks it is asked in: from the first to the last, both with it, every so many weeks."""

    question: OwnQuestion
    first: date | None = None
    last: date | None = None
    every: int = 1

    def is_asked(self, day: date) -> bool:
        """Say whether the check-in of a day's week asks it."""
        week = _monday(day)
        if (self.first and week < _monday(self.first)) or (self.last and week > _monday(self.last)):
            return False
        return self.every == 1 or (week - _monday(self.first or day)).days // 7 % self.every == 0


@dataclass(frozen=True)
class Whole:
    """A whole check-in for the week of a day: its items in order, own ones and the bank's."""

    week_of: date
    items: tuple[str, ...]


@dataclass(frozen=True)
class Questions:
    """A school's own questions, in the order of its file."""

    items: tuple[Scheduled, ...] = ()
    whole: tuple[Whole, ...] = ()

    def without(self, ids: Collection[str]) -> Questions:
        """Leave out what was retired; a whole check-in goes on with what is left of it."""
        left = tuple(one for one in self.items if one.question.id not in ids)
        whole = tuple(Whole(one.week_of, tuple(item for item in one.items if item not in ids)) for one in self.whole)
        return Questions(left, tuple(one for one in whole if one.items))


@dataclass(frozen=True)
class Chosen:
    """What a pupil is asked: all items in order, the own questions among them, and whether it is a whole check-in."""

    items: tuple[str, ...]
    own: tuple[OwnQuestion, ...]

    def version(self, bank_version: str, number: int) -> str:
        """Name what a check-in is pinned to: the bank's version if it asks of it, and that of the own questions."""
        from_bank = len(self.items) > len(self.own)
        return f"{bank_version if from_bank else ''}+{number}" if self.own else bank_version


def choose(questions: Questions, usual: tuple[str, ...], band: Band, day: date) -> Chosen:
    """Choose what the check-in of a day asks a pupil of this age, whose usual items these are.

    A question without words for this age is left out; a whole check-in that has none for it leaves the usual one.
    """
    by_id = {one.question.id: one.question for one in questions.items if one.question.wording(band) is not None}
    for whole in questions.whole:
        if _monday(whole.week_of) == _monday(day):
            items = tuple(item for item in whole.items if item in by_id or not item.startswith(PREFIX))
            if items:
                return Chosen(items, tuple(by_id[item] for item in items if item in by_id))
    due = [one.question for one in questions.items if one.question.id in by_id and one.is_asked(day)][:MOST_A_WEEK]
    return Chosen((*usual, *(one.id for one in due)), tuple(due))


# --- reading ----------------------------------------------------------------------------------------------------------


def read(text: str) -> Questions:
    """Read a file's text.

    Raises QuestionsProblem with all that cannot be used: a line for each thing, with where it is and what to change.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise QuestionsProblem(f"The file is not TOML: {error}.") from None
    problems = [
        f"“{name}” means nothing here: a file holds [[item]] and [[check_in]]."
        for name in sorted(set(data) - {"item", "check_in"})
    ]
    rows = _tables(data, "item", problems)
    if not data.get("item"):
        problems.append("The file holds no questions.")
    if len(rows) > MOST_IN_FILE:
        raise QuestionsProblem(f"The file holds {len(rows)} questions; {MOST_IN_FILE} is the most.")
    items = _items(rows, problems)
    whole = _check_ins(_tables(data, "check_in", problems), [str(row.get("id")) for row in rows], problems)
    if problems:
        example = f"A question is written so:\n\n{_EXAMPLE}"
        unworded = not data.get("item") or any(not _bands(row) for row in rows)
        raise QuestionsProblem("\n".join([*problems, example] if unworded else problems))
    return Questions(items, whole)


def _tables(data: Mapping[str, Any], name: str, problems: list[str]) -> list[dict[str, Any]]:
    rows = data.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        problems.append(f"“{name}” is written as [[{name}]], once for each.")
        return []
    return rows


def _items(rows: list[dict[str, Any]], problems: list[str]) -> tuple[Scheduled, ...]:
    items = tuple(_scheduled(row, f"Question {number}", problems) for number, row in enumerate(rows, start=1))
    ids = [row["id"] for row in rows if isinstance(row.get("id"), str)]
    twice = [id for id in dict.fromkeys(ids) if ids.count(id) > 1]
    problems += [f"{id} is there twice. Give each question an id of its own." for id in twice]
    return items


def _check_ins(rows: list[dict[str, Any]], own: Collection[str], problems: list[str]) -> tuple[Whole, ...]:
    read = [_whole(row, f"Check-in {number}", own, problems) for number, row in enumerate(rows, start=1)]
    whole = tuple(one for one in read if one is not None)
    weeks = [_monday(one.week_of) for one in whole]
    for number, one in enumerate(whole):
        if weeks.index(weeks[number]) == number and weeks.count(weeks[number]) > 1:
            problems.append(f"The week of {one.week_of} has two check-ins. Each week has one.")
    return whole


def _scheduled(row: Mapping[str, Any], place: str, problems: list[str]) -> Scheduled:
    id = row.get("id")
    if not isinstance(id, str) or not _ID.fullmatch(id):
        problems.append(f"{place}: give it an id of capital letters, digits and hyphens, such as LUNCH-1.")
        id = place
    elif any(id in bank.load(version).items for version in bank.VERSIONS):
        problems.append(f"{id} is the id of one of the item bank's own questions. Choose another.")
    wordings = tuple(wording for band in _bands(row) for wording in _wordings(row[band], band, id, problems))
    if not _bands(row):
        problems.append(f"{id}: it needs young.stem or older.stem.")
    problems += [f"{id}: “{name}” means nothing here." for name in sorted(set(row) - _ITEM_KEYS)]
    first, last = _day(row, "from", id, problems), _day(row, "until", id, problems)
    if first and last and last < first:
        problems.append(f"{id}: “until” comes before “from”.")
    every = row.get("every", 1)
    if not isinstance(every, int) or isinstance(every, bool) or not 1 <= every <= 52:
        problems.append(f"{id}: “every” is a number of weeks, 1 to 52.")
    elif every > 1 and "from" not in row:
        problems.append(f"{id}: with “every” it needs “from”, the day to count from.")
    return Scheduled(OwnQuestion(PREFIX + id, wordings), first, last, every)


def _bands(row: Mapping[str, Any]) -> tuple[Band, ...]:
    return tuple(band for band in BANDS if band in row)


def _wordings(data: object, band: Band, id: str, problems: list[str]) -> Iterator[OwnWording]:
    """Read the English words of one age, then those in other languages, such as `young.cy.stem`."""
    if not isinstance(data, dict):
        problems.append(f"{id}: {band} needs a stem and options.")
        return
    english = _words(data, band, SOURCE, id, problems)
    if english is not None:
        yield english
    for language, words in data.items():
        if language in ("stem", "options", "pictures"):
            continue
        if not isinstance(words, dict) or not _LANGUAGE.fullmatch(language):
            problems.append(f"{id}: “{band}.{language}” means nothing here; cy, pl and so on are languages.")
            continue
        pictures = list(english.pictures) if english else []
        options = words.get("options")
        if english is not None and isinstance(options, list) and len(options) != len(english.options):
            problems.append(f"{id}: {band}.{language} has other than {len(english.options)} options.")
            pictures = []
        other = _words({**words, "pictures": pictures}, band, language, id, problems)
        if other is not None:
            yield other


def _words(data: Mapping[str, Any], band: Band, language: str, id: str, problems: list[str]) -> OwnWording | None:
    """Read the words of one age in one language; None when they cannot be used."""
    where = f"{id}, {band}" + (f".{language}" if language != SOURCE else "")
    stem, options, pictures = data.get("stem"), data.get("options"), data.get("pictures", [])
    before = len(problems)
    if not isinstance(stem, str) or not stem.strip():
        problems.append(f"{where}: the stem is the question, in quotes.")
        stem = ""
    if not isinstance(options, list) or not all(isinstance(one, str) and one.strip() for one in options):
        problems.append(f"{where}: the options are words in quotes, in square brackets.")
        options = []
    elif not OPTIONS[0] <= len(options) <= OPTIONS[1]:
        problems.append(f"{where}: give {OPTIONS[0]} to {OPTIONS[1]} options, not {len(options)}.")
    if not isinstance(pictures, list) or not all(isinstance(one, str) and len(one) <= 8 for one in pictures):
        problems.append(f"{where}: pictures are emoji in quotes, in square brackets.")
    elif pictures and options and len(pictures) != len(options):
        problems.append(f"{where}: give one picture for each option, or none.")
    # A translation may be longer: it has as much more room as the catalogues' have.
    more = 1.0 if language == SOURCE else 1.4
    for text, room in ((stem, STEM_ROOM[band]), *((option, OPTION_ROOM[band]) for option in options)):
        if len(text) > room * more:
            problems.append(f"{where}: “{text}” has {len(text)} characters; {int(room * more)} is the most.")
    if len(problems) > before:
        return None
    return OwnWording(language, band, stem.strip(), tuple(one.strip() for one in options), tuple(pictures))


def _whole(row: Mapping[str, Any], place: str, own: Collection[str], problems: list[str]) -> Whole | None:
    """Read a whole check-in; None when its day or its list cannot be used."""
    week_of, items = _day(row, "week_of", place, problems), row.get("items")
    if set(row) != {"week_of", "items"} or not isinstance(items, list) or not items:
        problems.append(f"{place}: give “week_of”, a day, and “items”, a list of ids.")
        return None
    if len(items) > MOST_IN_WHOLE:
        problems.append(f"{place}: it has {len(items)} questions; {MOST_IN_WHOLE} is the most.")
    ids = [str(id) for id in items]
    of_bank = bank.load(bank.LATEST).items
    unknown = [id for id in dict.fromkeys(ids) if id not in own and id not in of_bank]
    problems += [f"{place}: there is no question {id} in this file, nor in the item bank." for id in unknown]
    if len(set(ids)) != len(ids):
        problems.append(f"{place}: a question is there twice.")
    if week_of is None:
        return None
    return Whole(week_of, tuple(f"{PREFIX}{id}" if id in own else id for id in ids))


def _day(row: Mapping[str, Any], name: str, place: str, problems: list[str]) -> date | None:
    value = row.get(name)
    if value is not None and type(value) is not date:
        problems.append(f"{place}: “{name}” is a day, written without quotes, such as 2026-12-01.")
        return None
    return value


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
