"""Everything that is kept about one pupil, in one file: a page to read, with the same as JSON inside it.

The tables are asked for what points at the pupil's row, so that one that comes later is not left out. Staff are named,
for the pupil may know who dealt with them. Other people are left out: guardians, and who else is in the same group.
"""

import html
import json
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Table, select
from sqlmodel import Session, SQLModel, col
from sqlmodel import select as select_rows

from bot.text import language_name
from conversations.asking import asked
from conversations.model import Band
from conversations.own_questions import OwnQuestion
from scheduling.own_questions import of_versions
from store.erasure import rows_of_pupil
from store.sealing import CONTRACTS, Sealer, Unreadable
from store.tables import Audit, Pupil, School, Staff, TutorGroup

# Rows that tie the pupil to somebody else.
LEFT_OUT = ("guardianship",)
_STYLE = "body{font:16px/1.5 sans-serif;margin:2em;max-width:50em}dt{font-weight:bold}dd{margin:0 0 .3em 1em}"
_LABELS = {"held": "stopped by a parent or carer"}
_TITLES = {
    "pupil": "Who you are here",
    "binding": "Your chat",
    "check_in": "Your check-ins",
    "flag": "When a change in your answers was noticed",
    "plan": "What somebody meant to do for you, and how it went",
    "verdict": "Why a change that was noticed needed nothing",
    "request": "When you asked for an adult",
    "copy_request": "When you asked for a copy",
    "contest": "What you or your family said is not right",
    "wish": "Whom you asked for, and what came of it",
    "go_to": "The adults you named as your go-tos",
    "campaign_ask": "When you were asked to name go-tos",
    "nudge_ask": "When an adult was asked to check in with you",
    "conversation": "Where your conversation with the bot stands",
    "invite": "Join codes made for you (the codes themselves are not kept)",
    "looks": "Who looked at something of yours, and when",
}


def gather(session: Session, sealer: Sealer, school: School, pupil: Pupil, now: datetime) -> dict[str, Any]:
    """Gather everything about a pupil as plain data: {"about", "made", table: [rows], "looks"}, times the school's."""
    zone = ZoneInfo(school.zone)
    staff = {
        one.id: _open_name(sealer, one) for one in session.exec(select_rows(Staff).where(Staff.school_id == school.id))
    }
    groups = {
        one.id: one.name for one in session.exec(select_rows(TutorGroup).where(TutorGroup.school_id == school.id))
    }
    known: dict[UUID, str] = {**staff, **groups}
    told: dict[str, Any] = {"about": _open_name(sealer, pupil), "made": _plain(now, zone, known)}
    for name, keys in rows_of_pupil(session, pupil).items():
        if name in LEFT_OUT:
            continue
        table = SQLModel.metadata.tables[name]
        first = next(iter(table.primary_key.columns))
        rows = session.execute(select(table).where(first.in_([key[0] for key in keys]))).mappings().all()
        own = of_versions(session, school.id, {row["bank_version"] for row in rows if "bank_version" in row})
        told[name] = [_row(sealer, table, dict(row), zone, known, own) for row in rows]
    subject = f"pupil:{pupil.id.hex}"
    chain = select_rows(Audit).where(Audit.school_id == school.id, Audit.subject == subject).order_by(col(Audit.number))
    told["looks"] = [
        {"when": _plain(row.at, zone, known), "who": _actor(row.actor, staff), "did": row.action}
        for row in session.exec(chain)
    ]
    return told


def as_page(told: dict[str, Any], school: str) -> str:
    """Write what was gathered as one page that needs nothing else."""
    # "<" cannot end the script it stands in when it is written so; it is the same JSON.
    data = json.dumps(told, ensure_ascii=False, indent=1).replace("<", "\\u003c")
    parts = [
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>What is kept about you</title>',
        f"<style>{_STYLE}</style>",
        f"<h1>What {html.escape(school)} keeps in Earshot about {html.escape(told['about'])}</h1>",
        f"<p>Made on {html.escape(told['made'])}. The same is in this file as data (JSON).</p>",
    ]
    for name, rows in told.items():
        if not isinstance(rows, list) or not rows:
            continue
        parts.append(f"<h2>{html.escape(_TITLES.get(name, name.replace('_', ' ')))}</h2>")
        parts += ["<dl>" + "".join(_pair(key, value) for key, value in row.items()) + "</dl><hr>" for row in rows]
    parts.append(f'<script type="application/json" id="data">{data}</script></html>')
    return "\n".join(parts) + "\n"


def _pair(key: str, value: object) -> str:
    words = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
    if isinstance(value, bool):
        words = "yes" if value else "no"
    elif key == "language":
        words = language_name(words)
    if isinstance(value, list):
        words = "; ".join(
            str(one) if not isinstance(one, dict) else " – ".join(map(str, one.values())) for one in value
        )
    return f"<dt>{html.escape(_LABELS.get(key, key.replace('_', ' ')))}</dt><dd>{html.escape(words)}</dd>"


def _row(
    sealer: Sealer,
    table: Table,
    row: dict[str, Any],
    zone: ZoneInfo,
    known: dict[UUID, str],
    own: dict[str, tuple[OwnQuestion, ...]],
) -> dict[str, Any]:
    """Put a row into words: sealed columns opened, ids of people as names, keys and empty columns left out."""
    (key, *_more) = table.primary_key.columns
    told: dict[str, Any] = {}
    for column, value in row.items():
        if value is None or column.endswith("_key") or column in ("id", "school_id", "pupil_id", "version"):
            continue
        if column.endswith("_sealed"):
            name = column.removesuffix("_sealed")
            try:
                told[name] = (
                    sealer.open(table.name, name, row[key.name], value) if (table.name, name) in CONTRACTS else ""
                )
            except Unreadable:
                told[name] = "(damaged)"
        elif not (isinstance(value, UUID) and value not in known):
            told[column.removesuffix("_id")] = _plain(value, zone, known)
    if "answers" in told:
        version = row["bank_version"]
        told["answers"] = _answers(version, own.get(version, ()), row["phase"], told["answers"])
    return told


def _answers(
    version: str,
    own: tuple[OwnQuestion, ...],
    phase: Band,
    answers: list[list[Any]],
) -> list[dict[str, Any]]:
    return [
        {"question": found.stem.text, "answer": _option([text.text for text, _ in found.options], option)}
        if (found := asked(version, own, item, phase))
        else {"question": item, "answer": option}
        for item, option, *_ in answers
    ]


def _option(options: list[str], chosen: int | None) -> str:
    return "skipped" if chosen is None or not 0 <= chosen < len(options) else options[chosen]


def _plain(value: object, zone: ZoneInfo, known: dict[UUID, str]) -> Any:  # noqa: ANN401 (JSON)
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    if isinstance(value, UUID):
        return known.get(value, value.hex)
    if isinstance(value, list):
        return [_person(one, known) for one in value]
    return value if isinstance(value, str | int | float | bool | dict) else str(value)


def _person(one: object, known: dict[UUID, str]) -> object:
    """Name the person whose id a list holds as text."""
    try:
        return known.get(UUID(hex=str(one)), one)
    except ValueError:
        return one


def _actor(actor: str, staff: dict[UUID, str]) -> str:
    kind, _, name = actor.partition(":")
    if kind in ("guardian", "pupil", "bot"):
        return {"guardian": "a parent or carer", "pupil": "the pupil", "bot": "Earshot"}[kind]
    return staff.get(UUID(name), actor) if kind == "staff" else actor


def _open_name(sealer: Sealer, row: Staff | Pupil) -> str:
    try:
        return str(sealer.read(row, "name"))
    except Unreadable:
        return "(damaged)"
