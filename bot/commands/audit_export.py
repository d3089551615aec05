"""The audit chain written out for somebody to read: an inspector, a governor, a data protection officer.

Staff are named, for it is their looking that is recorded; pupils are initials and tutor group.
"""

import csv
import html
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from store.people import initials
from store.people_tables import Guardian
from store.plan_tables import Plan
from store.rights_tables import CopyRequest
from store.sealing import Sealer, Unreadable
from store.tables import Audit, Flag, Pupil, Request, School, Staff, TutorGroup

COLUMNS = ("number", "when", "who", "did", "about")
_STYLE = (
    "body{font:16px/1.4 sans-serif;margin:2em;max-width:70em}table{border-collapse:collapse}"
    "td,th{border:1px solid #888;padding:.2em .6em;text-align:left}"
)


# What the record calls a thing of a pupil's, and what an inspector reads.
_OF_PUPILS: Final[tuple[tuple[str, str, type[Flag] | type[Request] | type[Plan] | type[CopyRequest]], ...]] = (
    ("flag", "nudge about", Flag),
    ("request", "request of", Request),
    ("plan", "plan for", Plan),
    ("copy", "copy for", CopyRequest),
)


@dataclass(frozen=True)
class _Names:
    """Who the ids in the chain are, as far as they are still here."""

    known: Mapping[str, str]

    def of(self, subject: str) -> str:
        """Put an id such as "pupil:HEX" into words; one nobody knows any more stays as it is."""
        return self.known.get(subject, subject)


def rows(
    session: Session, sealer: Sealer, school: School, first: date | None, last: date | None
) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield the chain in order, in words, each row under COLUMNS; days are the school's, both ends included."""
    zone, names = ZoneInfo(school.zone), _names(session, sealer, school.id)
    chain = select(Audit).where(Audit.school_id == school.id).order_by(col(Audit.number))
    for row in session.exec(chain.execution_options(yield_per=1_000)):
        at = row.at.astimezone(zone)
        if (first and at.date() < first) or (last and at.date() > last):
            continue
        who = names.of(row.actor)
        about = "" if row.subject == row.actor else names.of(row.subject)
        yield str(row.number), f"{at:%Y-%m-%d %H:%M:%S}", who, row.action, about


def as_csv(table: Iterator[tuple[str, ...]]) -> str:
    """Write the rows as CSV."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    # A spreadsheet would take these for a formula.
    writer.writerows(["'" + cell if cell[:1] in ("=", "+", "-", "@") else cell for cell in row] for row in table)
    return file.getvalue()


def as_html(table: Iterator[tuple[str, ...]], school: School, state: str) -> str:
    """Write the rows as one page that needs nothing else; `state` says whether the chain is whole."""
    head = "".join(f"<th>{column}</th>" for column in COLUMNS)
    body = "\n".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in table)
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Who looked at what</title>'
        f"<style>{_STYLE}</style>\n<h1>{html.escape(school.name)}: who looked at what</h1>\n"
        f"<p>{html.escape(state)} Times are the school's ({html.escape(school.zone)}). Pupils are shown by initials "
        f"and tutor group.</p>\n<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></html>\n"
    )


def _names(session: Session, sealer: Sealer, school_id: UUID) -> _Names:
    groups = {
        group.id: group.name for group in session.exec(select(TutorGroup).where(TutorGroup.school_id == school_id))
    }
    pupils = {
        one.id: f"{initials(_name(sealer, one))} ({groups.get(one.group_id, '')})"
        for one in session.exec(select(Pupil).where(Pupil.school_id == school_id))
    }
    known = {f"school:{school_id.hex}": "the school"}
    known |= {f"group:{one.hex}": f"tutor group {name}" for one, name in groups.items()}
    known |= {f"pupil:{one.hex}": who for one, who in pupils.items()}
    for one in session.exec(select(Staff).where(Staff.school_id == school_id)):
        known[f"staff:{one.id.hex}"] = _name(sealer, one)
    for parent in session.exec(select(Guardian.id).where(Guardian.school_id == school_id)):
        known[f"guardian:{parent.hex}"] = "a parent or carer"
    for kind, words, table in _OF_PUPILS:
        rows = session.exec(select(table.id, table.pupil_id).where(table.school_id == school_id))
        known |= {f"{kind}:{one.hex}": f"{words} {pupils[pupil]}" for one, pupil in rows if pupil is not None}
    return _Names(known)


def _name(sealer: Sealer, row: Staff | Pupil) -> str:
    try:
        return str(sealer.read(row, "name"))
    except Unreadable:
        return "(damaged)"
