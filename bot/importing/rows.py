"""The files a school brings in, row by row: what kind a file is, what each cell must look like, and what is wrong.

Nothing here touches the store: `importing.plan` compares these rows with what is there. No reason repeats what stood in
a cell, because reasons are printed and kept in logs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from bot.importing.files import USUAL, Encoding, ImportProblem, Sheet, read_sheet, text_sheet
from bot.importing.headers import Kind, recognise
from bot.importing.years import YEARS, YOUNGER, read_year, year_of_age
from bot.text import SOURCE, language_name, languages
from conversations.flows.language import autonym
from store.tables import ROLES

__all__ = ["BadRow", "GroupRow", "GuardianRow", "ImportFile", "ImportProblem", "Kind", "Place", "PupilRow"]
__all__ += ["Row", "StaffRow", "read_day", "read_file", "read_text"]

MAX_NAME = 100

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")
_EMAIL = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]+\.[^@\s,;<>]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[/. -]([0-9]{1,2}|[A-Za-z]{3,9})[/. -]([0-9]{4}|[0-9]{2})")
_SERIAL = re.compile(r"[345][0-9]{4}")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LANGUAGE_NAME = re.compile(r"[A-Z][\w /,()'-]{3,60}")
_ROLES_ALSO = {"form_tutor": "tutor", "class_teacher": "tutor", "headteacher": "head", "head_teacher": "head"}
# Zero-width joiners belong to the spelling of some names; the marks that turn the direction of text do not.
_JOINERS = "\u200c\u200d"
# Apostrophes, quotation marks round a nickname, and what joins or shortens the parts of a name in some script.
_IN_NAMES = "'’‘`´\"“”.,/&·・׳״"
NO_NAME = "the name has a sign in it that stands in no name"
OTHER_ENCODING = (
    "; if it looks right to you, the file is of another encoding: name it with --encoding, or save it as “CSV UTF-8”"
)


class _BadCell(Exception):
    """What is wrong with a row, in words that repeat none of its cells."""


@dataclass(frozen=True)
class BadRow:
    """One row that cannot be brought in: the file's name, the line it begins on (1 is the headers), and why."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True)
class Place:
    """Where a row stood: the file's name and the line it begins on."""

    file: str
    line: int

    def bad(self, reason: str) -> BadRow:
        return BadRow(self.file, self.line, reason)


@dataclass(frozen=True)
class StaffRow:
    """A member of staff as the file has it; `year` only for a head of year, `manager` a staff_id.

    `roles` None and `names_manager` False mean that the file has no such column, and what is kept stays.
    """

    place: Place
    reference: str
    name: str
    email: str
    roles: tuple[str, ...] | None
    year: int | None
    manager: str | None = None
    names_manager: bool = False
    left: date | None = None


@dataclass(frozen=True)
class GroupRow:
    """A tutor group as the file has it; `tutor` is a staff_id, None while it has no tutor.

    `year` 0 means one too young for Earshot, of which nothing but its name is read.
    """

    place: Place
    name: str
    year: int
    tutor: str | None


@dataclass(frozen=True)
class PupilRow:
    """A pupil as the file has it: either `born` or `year` is there, whichever column the file has.

    `year` 0 means one too young for Earshot, of whom nothing but the id and a day of leaving is read.
    """

    place: Place
    reference: str
    name: str
    group: str
    born: date | None
    year: int | None
    language: str | None
    left: date | None = None

    def school_year(self, today: date) -> int:
        """Say which year the pupil is in: the file's, or the one their age puts them in (schools turn in September)."""
        if self.year is not None:
            return self.year
        assert self.born is not None  # noqa: S101 (one of the two columns is required)
        return year_of_age(self.born, today)


@dataclass(frozen=True)
class GuardianRow:
    """A guardian of one pupil as the file has it; somebody with two children here has two rows."""

    place: Place
    reference: str
    name: str
    pupil: str
    language: str | None


Row = StaffRow | GroupRow | PupilRow | GuardianRow


@dataclass(frozen=True)
class ImportFile:
    """One file that was read: its name, what kind it is, its good rows in order, its bad ones, the columns not read.

    `encoding` is what a file that is not Unicode was taken for.
    """

    name: str
    kind: Kind
    rows: tuple[Row, ...]
    bad: tuple[BadRow, ...]
    unread: tuple[int, ...] = ()
    encoding: Encoding | None = None

    @property
    def names_nobody(self) -> bool:
        """Whether nothing stands under its first line."""
        return not self.rows and not self.bad


def read_file(path: Path, other: Encoding = USUAL) -> ImportFile:
    """Read one CSV or XLSX file of staff, tutor groups, pupils or guardians, recognised by its headers.

    `other` is the encoding of a CSV file that is not Unicode. Raises ImportProblem when the file as a whole cannot be
    used; rows that cannot are in `bad`.
    """
    return _read(read_sheet(path, other))


def read_text(name: str, text: str) -> ImportFile:
    """Read what a CSV file holds; `name` is what messages call it. Raises ImportProblem."""
    return _read(text_sheet(name, text))


def _read(sheet: Sheet) -> ImportFile:
    found = recognise(sheet.name, sheet.headers)
    rows: list[Row] = []
    bad: list[BadRow] = []
    for line, cells in sheet.records:
        place = Place(sheet.name, line)
        try:
            rows.append(_PARSERS[found.kind](place, _by_column(found.columns, cells)))
        except _BadCell as error:
            bad.append(place.bad(str(error)))
    return ImportFile(sheet.name, found.kind, tuple(rows), tuple(bad), found.unread, sheet.encoding)


def _by_column(columns: Sequence[str | None], cells: list[str]) -> Mapping[str, str]:
    cells = [unicodedata.normalize("NFC", cell.strip()) for cell in cells]
    while len(cells) > len(columns) and not cells[-1]:
        cells.pop()
    if len(cells) != len(columns):
        raise _BadCell(f"it has {len(cells)} cells where the first line has {len(columns)}")
    return {column: cell for column, cell in zip(columns, cells, strict=True) if column}


def _staff(place: Place, cells: Mapping[str, str]) -> StaffRow:
    email = cells["email"]
    if len(email) > 254 or not _EMAIL.fullmatch(email) or not email.isprintable():
        raise _BadCell("the email is not an e-mail address")
    roles = _roles(cells["roles"]) if "roles" in cells else None
    year = _year(cells["year"]) if cells.get("year") and roles is not None else None
    if (year is not None) != ("head_of_year" in (roles or ())):
        raise _BadCell("a head_of_year needs a year, and nobody else has one")
    manager = cells.get("line_manager_id")
    return StaffRow(
        place,
        _reference(cells["staff_id"], "staff_id"),
        _named(cells),
        email,
        roles,
        year,
        _reference(manager, "line_manager_id") if manager else None,
        "line_manager_id" in cells,
        _left(cells),
    )


def _roles(cell: str) -> tuple[str, ...]:
    words = (re.sub(r"[\s-]+", "_", role.strip().lower()) for role in re.split("[;,]", cell) if role.strip())
    roles = {_ROLES_ALSO.get(word, word) for word in words}
    if not roles <= set(ROLES):
        raise _BadCell(f"the roles must be out of {', '.join(ROLES)}, separated by ;")
    return tuple(role for role in ROLES if role in roles)


def _group(place: Place, cells: Mapping[str, str]) -> GroupRow:
    year = _year(cells["year"], younger=True)
    if year in YOUNGER:
        return GroupRow(place, cells["group"], year, None)
    tutor = _reference(cells["tutor_id"], "tutor_id") if cells["tutor_id"] else None
    return GroupRow(place, _group_name(cells["group"]), year, tutor)


def _pupil(place: Place, cells: Mapping[str, str]) -> PupilRow:
    # The year a school says is right where an age would put the pupil in another one.
    year = _year(cells["year"], younger=True) if "year" in cells else None
    if year in YOUNGER:
        return PupilRow(place, cells["pupil_id"], "", cells["group"], None, year, None, _left(cells))
    return PupilRow(
        place,
        _reference(cells["pupil_id"], "pupil_id"),
        _named(cells),
        _group_name(cells["group"]),
        _day(cells["born"], "born") if "born" in cells and year is None else None,
        year,
        _language(cells),
        _left(cells),
    )


def _guardian(place: Place, cells: Mapping[str, str]) -> GuardianRow:
    return GuardianRow(
        place,
        _reference(cells["guardian_id"], "guardian_id"),
        _named(cells),
        _reference(cells["pupil_id"], "pupil_id"),
        _language(cells),
    )


_PARSERS: dict[Kind, Callable[[Place, Mapping[str, str]], Row]] = {
    "staff": _staff,
    "groups": _group,
    "pupils": _pupil,
    "guardians": _guardian,
}


def _reference(cell: str, column: str) -> str:
    if not _REFERENCE.fullmatch(cell):
        raise _BadCell(f"the {column} must be 1 to 40 letters, digits and . _ / -")
    return cell


def _language(cells: Mapping[str, str]) -> str | None:
    """Read a language: a code, or its name as systems export it; one there is no catalogue for is None."""
    words = cells.get("language", "").strip()
    # "Portuguese (Brazil)" and "Welsh/Cymraeg" begin with what we know them by.
    if code := _languages().get(re.split(r"[(/,;]", words)[0].strip().casefold()):
        return code
    if not words or _LANGUAGE_NAME.fullmatch(words):
        return None
    if not _LANGUAGE.fullmatch(words):
        raise _BadCell("the language must be a code such as en or cy")
    return words


@cache
def _languages() -> Mapping[str, str]:
    """The languages there is a catalogue for, by their names in English and in themselves."""
    names = {language_name(one, reader).casefold(): one for one in languages() for reader in (SOURCE, one)}
    return {**names, **{autonym(one).casefold(): one for one in languages()}}


def _left(cells: Mapping[str, str]) -> date | None:
    return _day(cells["left"], "left") if cells.get("left") else None


def _named(cells: Mapping[str, str]) -> str:
    parts = (cells["name"],) if "name" in cells else (cells["forename"], cells["surname"])
    name = " ".join(part for part in parts if part)
    if problem := name_problem(name):
        raise _BadCell(problem + OTHER_ENCODING if problem == NO_NAME else problem)
    return name


def name_problem(name: str) -> str | None:
    """Say why a name cannot be a person's, as of a row; None when it can."""
    try:
        _name(name)
    except _BadCell as bad:
        return str(bad)
    return None


def _name(cell: str) -> str:
    if len(cell) > MAX_NAME:
        raise _BadCell(f"the name is longer than {MAX_NAME} characters")
    if not any(character.isalpha() for character in cell):
        raise _BadCell("the name has no letter in it")
    if not _clean(cell):
        raise _BadCell("the name has a character in it that cannot be seen")
    if not all(_may_be_in_a_name(character) for character in cell):
        raise _BadCell(NO_NAME)
    return cell


def _may_be_in_a_name(character: str) -> bool:
    """Whether it is a letter, a mark, a digit, a hyphen, a bracket or the like; an ordinal's sign is none of them."""
    if character in "ªº":
        return False
    kind = unicodedata.category(character)
    return kind[0] in "LM" or kind in ("Nd", "Pd", "Ps", "Pe") or character in _JOINERS + _IN_NAMES + " "


def _group_name(cell: str) -> str:
    if not 1 <= len(cell) <= 20 or not _clean(cell):
        raise _BadCell("the group must be a name of 1 to 20 characters")
    return cell


def _clean(cell: str) -> bool:
    return all(
        character in _JOINERS or character == " " or unicodedata.category(character)[0] not in "CZ"
        for character in cell
    )


def _year(cell: str, *, younger: bool = False) -> int:
    year = read_year(cell)
    if year is None or not (year in YEARS or younger):
        raise _BadCell(f"the year must be a number from {YEARS[0]} to {YEARS[-1]}")
    return year


def _day(cell: str, column: str) -> date:
    day = read_day(cell)
    if day is None:
        raise _BadCell(f"{column} must be a day such as 2015-03-24 or 24/03/2015")
    return day


def read_day(cell: str) -> date | None:
    """Read a day as lists have it, the day before the month; None for what is no day."""
    # Some exports give a day its midnight.
    words = re.sub(r"[ T]00:00(:00(\.0+)?)?$", "", cell)
    try:
        if day_first := _DAY_FIRST.fullmatch(words):
            day, month, year = day_first.groups()
            return date(int(year) + (2000 if len(year) == 2 else 0), _month(month), int(day))
        if _SERIAL.fullmatch(words):
            # A spreadsheet's day that lost its format: days since the end of 1899.
            return date(1899, 12, 30) + timedelta(days=int(words))
        return date.fromisoformat(words)
    except ValueError:
        return None


def _month(words: str) -> int:
    return int(words) if words.isdigit() else _MONTHS.index(words[:3].lower()) + 1
