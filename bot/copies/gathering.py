"""Everything that is kept about one pupil, read from the store and opened.

The tables are asked for what points at the pupil's row, so that one that comes later is not left out. Staff are named,
for the pupil may know who dealt with them. Other people are left out: guardians, and who else is in the same group.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Table, select
from sqlmodel import Session, SQLModel, col
from sqlmodel import select as select_rows

import store.every_table  # noqa: F401 (fills the metadata)
from bot.copies.acts import actor_words
from bot.copies.messages import written_to
from bot.copies.words import DAMAGED
from bot.text import render
from conversations.asking import asked
from conversations.model import Band, Phrase, say, verbatim
from conversations.own_questions import OwnQuestion
from scheduling.own_questions import of_versions
from store.erasure import rows_of_pupil
from store.people_tables import Guardian
from store.sealing import CONTRACTS, Sealer, Unreadable
from store.tables import Audit, Pupil, School, Staff, TutorGroup

# Rows that tie the pupil to somebody else.
LEFT_OUT = ("guardianship",)
# Letters name the pupil they went to, and do not point at them.
MESSAGES = "messages"
# What the record calls a row that is a pupil's, by its table.
_SUBJECTS = {"pupil": "pupil", "flag": "flag", "request": "request", "plan": "plan", "copy_request": "copy"}
_PART = 400


@dataclass(frozen=True)
class Look:
    """One line of the record: who did what with something of the pupil's, and when; `did` as the record calls it."""

    at: datetime
    who: Phrase
    did: str


@dataclass(frozen=True)
class Kept:
    """All that is kept of one pupil: rows by table, each from column to value, and who looked.

    People's ids have become their names, and what was sealed is opened; keys, and ids that name nobody, are not in it.
    Answers are pairs of phrases: the question, and what was chosen.
    """

    name: str
    school: str
    zone: str
    language: str
    made: datetime
    tables: Mapping[str, tuple[Mapping[str, Any], ...]]
    looks: tuple[Look, ...]


def gather(
    session: Session, sealer: Sealer, school: School, pupil: Pupil, now: datetime, language: str | None = None
) -> Kept:
    """Gather everything about a pupil; questions and answers in a language, their own if none is given."""
    read = language or pupil.language
    staff = staff_names(session, sealer, school)
    groups = {
        one.id: one.name for one in session.exec(select_rows(TutorGroup).where(TutorGroup.school_id == school.id))
    }
    known: dict[UUID, str] = {**staff, **groups}
    found = rows_of_pupil(session, pupil)
    tables = {
        name: tuple(opened_rows(session, sealer, school, SQLModel.metadata.tables[name], keys, known, read))
        for name, keys in found.items()
        if name not in LEFT_OUT
    }
    tables[MESSAGES] = tuple(written_to(session, sealer, school.id, f"pupil:{pupil.id.hex}"))
    return Kept(
        open_name(sealer, pupil),
        school.name,
        school.zone,
        read,
        now,
        tables,
        tuple(_looks(session, school, found, staff)),
    )


def as_data(kept: Kept) -> dict[str, Any]:
    """Give the same as plain data, for JSON: {"about", "made", table: [rows], "looks"}, times the school's."""
    told: dict[str, Any] = {"about": kept.name, "made": _plain(kept, kept.made)}
    for name, rows in kept.tables.items():
        told[name] = [
            {key.removesuffix("_sealed").removesuffix("_id"): _plain(kept, value) for key, value in row.items()}
            for row in rows
        ]
    told["looks"] = [
        {"when": _plain(kept, look.at), "who": _plain(kept, look.who), "did": look.did} for look in kept.looks
    ]
    return told


def staff_names(session: Session, sealer: Sealer, school: School) -> dict[UUID, str]:
    """Open the names of a school's staff."""
    everybody = session.exec(select_rows(Staff).where(Staff.school_id == school.id))
    return {one.id: open_name(sealer, one) for one in everybody}


def is_key(column: str) -> bool:
    """Say whether a column only ties rows together or finds them, and so is in no copy."""
    return column.endswith("_key") or column in ("id", "school_id", "pupil_id")


def opened_rows(
    session: Session,
    sealer: Sealer,
    school: School,
    table: Table,
    keys: set[tuple[Any, ...]],
    known: Mapping[UUID, str],
    language: str,
) -> Iterator[dict[str, Any]]:
    """Read rows of a table, the oldest first: ids sort by time."""
    first = next(iter(table.primary_key.columns))
    ids = sorted({key[0] for key in keys})
    for start in range(0, len(ids), _PART):
        part = select(table).where(first.in_(ids[start : start + _PART])).order_by(*table.primary_key.columns)
        rows = [dict(row) for row in session.execute(part).mappings() if _is_theirs(table, dict(row), keys)]
        own = of_versions(session, school.id, {row["bank_version"] for row in rows if "bank_version" in row})
        for row in rows:
            yield _row(sealer, table, row, known, own, language)


def _is_theirs(table: Table, row: Mapping[str, Any], keys: set[tuple[Any, ...]]) -> bool:
    return tuple(row[column.name] for column in table.primary_key.columns) in keys


def _row(
    sealer: Sealer,
    table: Table,
    row: Mapping[str, Any],
    known: Mapping[UUID, str],
    own: Mapping[str, tuple[OwnQuestion, ...]],
    language: str,
) -> dict[str, Any]:
    """Open a row: sealed columns as what was sealed, ids of people as names, keys and empty columns left out."""
    (key, *_more) = table.primary_key.columns
    told: dict[str, Any] = {}
    for column, value in row.items():
        if value is None or is_key(column):
            continue
        if column.endswith("_sealed"):
            told[column] = _opened(sealer, table.name, column.removesuffix("_sealed"), row[key.name], value)
        elif isinstance(value, list):
            told[column] = [_person(one, known) for one in value]
        elif not isinstance(value, UUID):
            told[column] = value
        elif value in known:
            told[column] = known[value]
    answers = told.get("answers_sealed")
    if answers is not None and answers != DAMAGED:
        version = row["bank_version"]
        told["answers_sealed"] = [
            _asked(version, own.get(version, ()), row["phase"], language, item, option) for item, option, *_ in answers
        ]
    return told


def _opened(sealer: Sealer, table: str, column: str, row_id: UUID, value: bytes) -> Any:  # noqa: ANN401 (JSON)
    if (table, column) not in CONTRACTS:
        return DAMAGED
    try:
        return sealer.open(table, column, row_id, value)
    except Unreadable:
        return DAMAGED


def _asked(
    version: str, own: tuple[OwnQuestion, ...], band: Band, language: str, item: str, option: int | None
) -> tuple[Phrase, Phrase]:
    """Put one answer into the words it was given in; a question that is no longer here by its own name."""
    found = asked(version, own, item, band, language)
    if found is None:
        return verbatim(item), say("Skipped") if option is None else verbatim(str(option))
    if option is None or not 0 <= option < len(found.options):
        return found.stem, say("Skipped")
    return found.stem, found.options[option][0]


def _looks(
    session: Session, school: School, found: Mapping[str, set[tuple[Any, ...]]], staff: Mapping[UUID, str]
) -> Iterator[Look]:
    """Read from the record what names the pupil or something of theirs, oldest first."""
    subjects = [f"{kind}:{key[0].hex}" for table, kind in _SUBJECTS.items() for key in found.get(table, ())]
    rows: list[Audit] = []
    for start in range(0, len(subjects), _PART):
        part = col(Audit.subject).in_(subjects[start : start + _PART])
        rows += session.exec(select_rows(Audit).where(Audit.school_id == school.id, part))
    for row in sorted(rows, key=lambda one: one.number):
        yield Look(row.at, actor_words(row.actor, staff), row.action)


def _plain(kept: Kept, value: Any) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(value, datetime):
        return f"{value.astimezone(ZoneInfo(kept.zone)):%Y-%m-%d %H:%M}"
    if isinstance(value, Phrase):
        return render(value, kept.language, kept.zone)
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return [{"question": _plain(kept, question), "answer": _plain(kept, answer)} for question, answer in value]
    return value if isinstance(value, str | int | float | bool | dict | list) else str(value)


def _person(one: object, known: Mapping[UUID, str]) -> object:
    """Name the person whose id a list holds as text."""
    try:
        return known.get(UUID(hex=str(one)), one)
    except ValueError:
        return one


def open_name(sealer: Sealer, row: Staff | Pupil | Guardian) -> str:
    """Open a person's name; DAMAGED when it cannot be."""
    try:
        return str(sealer.read(row, "name"))
    except Unreadable:
        return DAMAGED
