"""What the columns of an exported file are: the names that management systems give them, and the kinds of file.

Columns that are not known are not read, so that nothing is kept that is not needed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from bot.importing.files import ImportProblem

Kind = Literal["staff", "groups", "pupils", "guardians"]


@dataclass(frozen=True)
class Columns:
    """The columns of one kind of file; of each pair in `either` the one must be there, or all of the others."""

    required: tuple[str, ...]
    either: tuple[tuple[str, tuple[str, ...]], ...] = ()
    optional: tuple[str, ...] = ()


_NAME = ("name", ("forename", "surname"))
COLUMNS: dict[Kind, Columns] = {
    "staff": Columns(("staff_id", "email"), (_NAME,), ("roles", "year", "line_manager_id", "left")),
    "groups": Columns(("group", "year", "tutor_id")),
    "pupils": Columns(("pupil_id", "group"), (_NAME, ("born", ("year",))), ("language", "left")),
    "guardians": Columns(("guardian_id", "pupil_id"), (_NAME,), ("language",)),
}

# What other systems call each column; headers are compared in lower case, with anything but letters and digits as "_".
_ALSO: dict[str, str] = {
    "pupil_id": "adno admission_no admission_number admissions_number student_id learner_id pupil_reference upi",
    "staff_id": "staff_code employee_id employee_number payroll_number staff_reference",
    "guardian_id": "contact_id parent_id carer_id guardian_reference contact_reference",
    "tutor_id": "tutor_code form_tutor_id registration_tutor_id group_tutor_id",
    "line_manager_id": "line_manager manager_id line_manager_code reports_to",
    "name": "full_name pupil_name student_name staff_name contact_name guardian_name parent_name preferred_full_name",
    "forename": "first_name given_name preferred_forename preferred_first_name legal_forename legal_first_name "
    "chosen_forename known_as",
    "surname": "last_name family_name preferred_surname preferred_last_name legal_surname legal_last_name",
    "group": "tutor_group registration_group registration_form reg_group reg form form_group tutor_grp reg_form",
    "year": "year_group nc_year national_curriculum_year curriculum_year yeargroup school_year year_grp",
    "born": "dob date_of_birth birth_date birthdate date_born",
    "email": "e_mail email_address e_mail_address work_email school_email primary_email work_email_address",
    "roles": "role earshot_roles",
    "language": "home_language first_language preferred_language correspondence_language",
    "left": "leaving_date date_of_leaving left_on dol leave_date end_date date_left",
}
_KNOWN = {name: name for columns in COLUMNS.values() for name in columns.required + columns.optional}
_KNOWN |= {name: name for columns in COLUMNS.values() for one, parts in columns.either for name in (one, *parts)}
_KNOWN |= {also.lower(): name for name, words in _ALSO.items() for also in words.split()}
# The column that tells the kind, asked in this order: a file of guardians names pupils too, one of groups tutors.
_TELLING: tuple[tuple[str, Kind], ...] = (
    ("guardian_id", "guardians"),
    ("pupil_id", "pupils"),
    ("staff_id", "staff"),
    ("tutor_id", "groups"),
)


@dataclass(frozen=True)
class Recognised:
    """A file's kind, what each of its columns is (None for one that is not read), and the numbers of those not read."""

    kind: Kind
    columns: tuple[str | None, ...]
    unread: tuple[int, ...]


def recognise(name: str, headers: Sequence[str]) -> Recognised:
    """Say what a file is by its first line; `name` is what messages call it. Raises ImportProblem."""
    cells = list(headers)
    # Spreadsheets leave empty columns at the end.
    while cells and not cells[-1].strip():
        cells.pop()
    named = [_KNOWN.get(_plain(cell)) for cell in cells]
    kind = next((kind for column, kind in _TELLING if column in named), None)
    if kind is None:
        formats = "; or ".join(f"{one}: {written(one)}" for one in get_args(Kind))
        raise ImportProblem(
            f"{name} is no file known here. Its first line must name the columns (take out a title above them): "
            f"of {formats}."
        )
    columns = COLUMNS[kind]
    wanted = {*columns.required, *columns.optional, *(part for one, parts in columns.either for part in (one, *parts))}
    read = [column if column in wanted else None for column in named]
    missing = [column for column in columns.required if column not in read]
    for one, parts in columns.either:
        if one not in read and not set(parts) <= set(read):
            missing.append(f"{one} or {' and '.join(parts)}")
    if missing:
        raise ImportProblem(f"{name} lacks the column {', '.join(missing)}: it needs {written(kind)}.")
    known = [column for column in read if column]
    if twice := sorted({column for column in known if known.count(column) > 1}):
        raise ImportProblem(f"{name} has two columns that mean {', '.join(twice)}: remove one of them.")
    return Recognised(kind, tuple(read), tuple(number for number, column in enumerate(read, 1) if column is None))


def called(cell: str) -> str:
    """Say what a column is by its header: our own name for one that is known, else the header in plain letters."""
    return _KNOWN.get(_plain(cell), _plain(cell))


def _plain(cell: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", cell.strip().lower()).strip("_")


def written(kind: Kind) -> str:
    """Write out the columns of a kind of file, the ones that may be missing last."""
    columns = COLUMNS[kind]
    either = tuple(f"{one} (or {' and '.join(parts)})" for one, parts in columns.either)
    may = f", and if you have them {', '.join(columns.optional)}" if columns.optional else ""
    return ", ".join(columns.required + either) + may
