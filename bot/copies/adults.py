"""Everything that is kept about a parent, or about a member of staff, with pupils and other families left out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session, SQLModel, col, or_
from sqlmodel import select as select_rows

import store.every_table  # noqa: F401 (fills the metadata)
from bot.copies.acts import actor_words
from bot.copies.gathering import MESSAGES, Kept, Look, open_name, opened_rows, staff_names
from bot.copies.guardian_words import GUARDIAN, GUARDIAN_FORM, YOU
from bot.copies.messages import written_to
from bot.copies.staff_words import STAFF, STAFF_FORM
from bot.copies.words import Section
from bot.text import SOURCE, STAFF_LANGUAGES
from conversations.model import Phrase, verbatim
from store.care_tables import Wish
from store.people_tables import Guardian
from store.sealing import Sealer
from store.tables import Audit, School, Staff

__all__ = ["GUARDIAN_FORM", "STAFF_FORM", "gather_guardian", "gather_staff", "staff_reads"]


def gather_guardian(
    session: Session, sealer: Sealer, school: School, guardian: Guardian, now: datetime, language: str | None = None
) -> Kept:
    """Gather everything about a guardian; whose they are is not in it, but what the bot wrote to them is."""
    read = language or guardian.language
    tables = _tables(session, sealer, school, guardian.id, {}, GUARDIAN, read)
    tables[MESSAGES] = tuple(written_to(session, sealer, school.id, f"guardian:{guardian.id.hex}"))
    looks = _looks(session, school, f"guardian:{guardian.id.hex}", staff_names(session, sealer, school), YOU)
    return Kept(open_name(sealer, guardian), school.name, school.zone, read, now, tables, looks)


def staff_reads(school: School) -> str:
    """Say in which language staff read: the school's where what they read is complete in it, else English."""
    return school.locale if school.locale in STAFF_LANGUAGES else SOURCE


def gather_staff(
    session: Session, sealer: Sealer, school: School, staff: Staff, now: datetime, language: str | None = None
) -> Kept:
    """Gather everything about a member of staff: their own part of what names them, and what they did."""
    read, name = language or staff_reads(school), open_name(sealer, staff)
    names = staff_names(session, sealer, school)
    tables = _tables(session, sealer, school, staff.id, names, STAFF, read)
    looks = _looks(session, school, f"staff:{staff.id.hex}", names, verbatim(name))
    return Kept(name, school.name, school.zone, read, now, tables, looks)


def _tables(
    session: Session,
    sealer: Sealer,
    school: School,
    person: UUID,
    known: Mapping[UUID, str],
    sections: Mapping[str, Section],
    language: str,
) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """Read the rows that name a person, of each only the columns that have words."""
    tables: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for name, section in sections.items():
        table = SQLModel.metadata.tables.get(name)
        if table is None:
            continue
        own = [one.parent for one in table.foreign_keys if one.column.table.name in ("staff", "guardian")]
        # Their own row alone: one that names them as line manager is a colleague's.
        naming = [table.c.id] if name in ("staff", "guardian") else own
        rows = session.execute(select(*table.primary_key.columns).where(or_(*(one == person for one in naming))))
        keys = {tuple(row) for row in rows}
        if name == "wish":
            keys |= _told(session, school, person)
        told = opened_rows(session, sealer, school, table, keys, known, language)
        cut = ({key: value for key, value in row.items() if key in section.columns} for row in told)
        tables[name] = tuple(_by_day(row, school.zone) for row in cut) if name == "go_to" else tuple(cut)
    return {name: rows for name, rows in tables.items() if rows}


def _by_day(row: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """Tell days for moments: an hour could say which pupil it was who chose."""
    return {
        key: value.astimezone(ZoneInfo(zone)).date() if isinstance(value, datetime) else value
        for key, value in row.items()
    }


def _told(session: Session, school: School, person: UUID) -> set[tuple[Any, ...]]:
    """Find the wishes of which a member of staff was told, or which they passed on."""
    wishes = session.exec(select_rows(Wish).where(Wish.school_id == school.id))
    return {(one.request_id,) for one in wishes if person.hex in (*one.told, *one.passed)}


def _looks(
    session: Session, school: School, person: str, staff: Mapping[UUID, str], themselves: Phrase
) -> tuple[Look, ...]:
    """Read from the record what somebody did, and what was done with what is theirs, oldest first."""
    theirs = or_(col(Audit.actor) == person, col(Audit.subject) == person)
    rows = session.exec(select_rows(Audit).where(Audit.school_id == school.id, theirs).order_by(col(Audit.number)))
    return tuple(
        Look(row.at, themselves if row.actor == person else actor_words(row.actor, staff), row.action) for row in rows
    )
