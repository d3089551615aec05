"""The files a school brings in, row by row: what kind a file is, what each cell must look like, and what is wrong.

Nothing here touches the store: `importing.plan` compares these rows with what is there. No reason repeats what stood in
a cell, because reasons are printed and kept in logs.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, get_args

from store.tables import ROLES

Kind = Literal["staff", "groups", "pupils"]

MAX_FILE_BYTES = 20_000_000
MAX_NAME = 100
YEARS = range(1, 14)

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")
_EMAIL = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]+\.[^@\s,;<>]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
_DAY_FIRST = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
# Zero-width joiners belong to the spelling of some names; the marks that turn the direction of text do not.
_JOINERS = "\u200c\u200d"


class ImportProblem(Exception):
    """A file, or a whole import, cannot be used; the sentence says why and what to do."""


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
    """A member of staff as the file has it; `year` only for a head of year."""

    place: Place
    reference: str
    name: str
    email: str
    roles: tuple[str, ...]
    year: int | None


@dataclass(frozen=True)
class GroupRow:
    """A tutor group as the file has it; `tutor` is a staff_id, None while it has no tutor."""

    place: Place
    name: str
    year: int
    tutor: str | None


@dataclass(frozen=True)
class PupilRow:
    """A pupil as the file has it: either `born` or `year` is there, whichever column the file has."""

    place: Place
    reference: str
    name: str
    group: str
    born: date | None
    year: int | None
    language: str | None

    def school_year(self, today: date) -> int:
        """Say which year the pupil is in: the file's, or the one their age puts them in (schools turn in September)."""
        if self.year is not None:
            return self.year
        assert self.born is not None  # noqa: S101 (one of the two columns is required)
        return _september(today) - _september(self.born) - 5


Row = StaffRow | GroupRow | PupilRow


@dataclass(frozen=True)
class ImportFile:
    """One file that was read: its name, what kind it is, its good rows in order, and its bad ones."""

    name: str
    kind: Kind
    rows: tuple[Row, ...]
    bad: tuple[BadRow, ...]


@dataclass(frozen=True)
class _Columns:
    """The columns of one kind of file; `either` holds two of which exactly one must be there."""

    required: tuple[str, ...]
    either: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        return self.required + self.either + self.optional


_COLUMNS: dict[Kind, _Columns] = {
    "staff": _Columns(("staff_id", "name", "email", "roles", "year")),
    "groups": _Columns(("group", "year", "tutor_id")),
    "pupils": _Columns(("pupil_id", "name", "group"), ("born", "year"), ("language",)),
}
# The one column that no other kind has tells the kind.
_TELLING: dict[str, Kind] = {"staff_id": "staff", "tutor_id": "groups", "pupil_id": "pupils"}


def read_file(path: Path) -> ImportFile:
    """Read one CSV file of staff, tutor groups or pupils, recognised by its headers; UTF-8 or Windows text.

    Raises ImportProblem when the file as a whole cannot be used; rows that cannot are in `bad`.
    """
    try:
        # One byte more than is allowed tells a file that is too large without reading all of it.
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise ImportProblem(f"{path.name} is not there: check the name and the folder.") from None
    except OSError as error:
        raise ImportProblem(f"{path.name} cannot be read: {error.strerror}.") from None
    if len(data) > MAX_FILE_BYTES:
        raise ImportProblem(f"{path.name} is larger than {MAX_FILE_BYTES // 1_000_000} MB: is it the right file?")
    return read_text(path.name, _decode(path.name, data))


def read_text(name: str, text: str) -> ImportFile:
    """Read what a CSV file holds; `name` is what messages call it. Raises ImportProblem."""
    if "\0" in text:
        raise ImportProblem(f"{name} is not a CSV file: save it as “CSV UTF-8” and try again.")
    records = _records(name, text)
    _, headers = next(records, (0, []))
    if not headers:
        raise ImportProblem(f"{name} is empty: export it again with its first line naming the columns.")
    kind, columns = _recognise(name, [header.strip().lower() for header in headers])
    rows: list[Row] = []
    bad: list[BadRow] = []
    for line, cells in records:
        place = Place(name, line)
        try:
            rows.append(_PARSERS[kind](place, _by_column(columns, cells)))
        except _BadCell as error:
            bad.append(place.bad(str(error)))
    return ImportFile(name, kind, tuple(rows), tuple(bad))


def _decode(name: str, data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ImportProblem(f"{name} is not a CSV file: save it as “CSV UTF-8” and try again.")


def _records(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not blank with the line it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise ImportProblem(
                f"{name}, line {line}, is not CSV: look for a quotation mark without its partner, then try again."
            ) from None
        if any(cell.strip() for cell in cells):
            yield line, cells


def _recognise(name: str, headers: list[str]) -> tuple[Kind, list[str]]:
    # Spreadsheets leave empty columns at the end.
    while headers and not headers[-1]:
        headers.pop()
    kinds = [kind for column, kind in _TELLING.items() if column in headers]
    if len(kinds) != 1:
        formats = "; or ".join(f"{kind}: {_written(kind)}" for kind in get_args(Kind))
        raise ImportProblem(f"{name} is no file known here. Its first line must name the columns of {formats}.")
    columns = _COLUMNS[kinds[0]]
    missing = [column for column in columns.required if column not in headers]
    if columns.either and not set(columns.either) & set(headers):
        missing.append(" or ".join(columns.either))
    if missing:
        raise ImportProblem(f"{name} lacks the column {', '.join(missing)}: it needs {_written(kinds[0])}.")
    if len(headers) != len(set(headers)) or len(set(columns.either) & set(headers)) > 1:
        raise ImportProblem(f"{name} names a column twice: it needs {_written(kinds[0])}.")
    if unknown := [str(number) for number, header in enumerate(headers, 1) if header not in columns.known]:
        raise ImportProblem(
            f"{name} has a column that is not known here (number {', '.join(unknown)}): "
            f"remove it, so that nothing is kept that is not needed; it needs {_written(kinds[0])}."
        )
    return kinds[0], headers


def _written(kind: Kind) -> str:
    columns = _COLUMNS[kind]
    either = ("|".join(columns.either),) if columns.either else ()
    optional = tuple(f"[{column}]" for column in columns.optional)
    return ",".join(columns.required + either + optional)


def _by_column(columns: list[str], cells: list[str]) -> Mapping[str, str]:
    cells = [unicodedata.normalize("NFC", cell.strip()) for cell in cells]
    while len(cells) > len(columns) and not cells[-1]:
        cells.pop()
    if len(cells) != len(columns):
        raise _BadCell(f"it has {len(cells)} cells where the first line has {len(columns)}")
    return dict(zip(columns, cells, strict=True))


def _staff(place: Place, cells: Mapping[str, str]) -> StaffRow:
    email = cells["email"]
    if len(email) > 254 or not _EMAIL.fullmatch(email) or not email.isprintable():
        raise _BadCell("the email is not an e-mail address")
    roles = tuple(role.strip().lower() for role in cells["roles"].split(";") if role.strip())
    if not set(roles) <= set(ROLES):
        raise _BadCell(f"the roles must be out of {', '.join(ROLES)}, separated by ;")
    year = _year(cells["year"]) if cells["year"] else None
    if (year is not None) != ("head_of_year" in roles):
        raise _BadCell("a head_of_year needs a year, and nobody else has one")
    in_order = tuple(role for role in ROLES if role in roles)
    return StaffRow(place, _reference(cells["staff_id"], "staff_id"), _name(cells["name"]), email, in_order, year)


def _group(place: Place, cells: Mapping[str, str]) -> GroupRow:
    name = _group_name(cells["group"])
    tutor = _reference(cells["tutor_id"], "tutor_id") if cells["tutor_id"] else None
    return GroupRow(place, name, _year(cells["year"]), tutor)


def _pupil(place: Place, cells: Mapping[str, str]) -> PupilRow:
    language = cells.get("language") or None
    if language and not _LANGUAGE.fullmatch(language):
        raise _BadCell("the language must be a code such as en or cy")
    return PupilRow(
        place,
        _reference(cells["pupil_id"], "pupil_id"),
        _name(cells["name"]),
        _group_name(cells["group"]),
        _born(cells["born"]) if "born" in cells else None,
        _year(cells["year"]) if "year" in cells else None,
        language,
    )


_PARSERS: dict[Kind, Callable[[Place, Mapping[str, str]], Row]] = {
    "staff": _staff,
    "groups": _group,
    "pupils": _pupil,
}


def _reference(cell: str, column: str) -> str:
    if not _REFERENCE.fullmatch(cell):
        raise _BadCell(f"the {column} must be 1 to 40 letters, digits and . _ / -")
    return cell


def _name(cell: str) -> str:
    if len(cell) > MAX_NAME:
        raise _BadCell(f"the name is longer than {MAX_NAME} characters")
    if not any(character.isalpha() for character in cell):
        raise _BadCell("the name has no letter in it")
    if not _clean(cell):
        raise _BadCell("the name has a character in it that cannot be seen")
    return cell


def _group_name(cell: str) -> str:
    if not 1 <= len(cell) <= 20 or not _clean(cell):
        raise _BadCell("the group must be a name of 1 to 20 characters")
    return cell


def _clean(cell: str) -> bool:
    return all(
        character in _JOINERS or character == " " or unicodedata.category(character)[0] not in "CZ"
        for character in cell
    )


def _year(cell: str) -> int:
    # Digits of other scripts, and numbers too long to read, are not years either.
    if not re.fullmatch(r"[0-9]{1,2}", cell) or int(cell) not in YEARS:
        raise _BadCell(f"the year must be a number from {YEARS[0]} to {YEARS[-1]}")
    return int(cell)


def _born(cell: str) -> date:
    try:
        if day_first := _DAY_FIRST.fullmatch(cell):
            day, month, year = day_first.groups()
            return date(int(year), int(month), int(day))
        return date.fromisoformat(cell)
    except ValueError:
        raise _BadCell("born must be a day such as 2015-03-24 or 24/03/2015") from None


def _september(day: date) -> int:
    """Give the calendar year in which the school year of a day began."""
    return day.year if day.month >= 9 else day.year - 1
