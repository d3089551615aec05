"""Erasing a pupil or a guardian: every row of theirs, and what was posted about them where it can be taken back.

Whatever points at the person's row, at any remove, goes with it: the tables are asked for their foreign keys, so one
that comes later is not forgotten. What names them in a text (a slot, a due subject) is found by the ids of these rows.
In the audit chain their id stays, which by then is nobody's; a last row says that somebody was erased.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Table, and_, delete, or_, select
from sqlmodel import Session, SQLModel, col
from sqlmodel import select as select_rows

import store.every_table  # noqa: F401 (fills the metadata)
from store import audit, outbox
from store.due import set_due
from store.guardian_tables import GuardianBinding
from store.ids import new_id
from store.people_tables import Guardian, Guardianship
from store.sealing import Sealer, Unreadable
from store.tables import Attempt, Binding, Due, Outbox, Posted, Pupil, Staff

Key = tuple[Any, ...]
# For how long Telegram lets a bot delete its messages in a private chat.
DELETABLE = timedelta(hours=48)
_PART = 400


@dataclass(frozen=True)
class Erased:
    """What was erased: rows by table, and messages that the networks were asked to delete."""

    rows: dict[str, int]
    messages: int


def erase_pupil(session: Session, sealer: Sealer, pupil: Pupil, now: datetime, actor: str) -> Erased:
    """Erase a pupil, and guardians who have no other child here; the caller commits.

    Messages are deleted when Earshot next runs, as far as the networks still allow it.
    """
    school_id, subject = pupil.school_id, f"pupil:{pupil.id.hex}"
    guardians = session.exec(select_rows(Guardianship.guardian_id).where(Guardianship.pupil_id == pupil.id)).all()
    binding = session.get(Binding, pupil.id)
    if binding is not None:
        session.execute(delete(Attempt).where(col(Attempt.chat_key) == binding.chat_key))
    session.flush()
    found = rows_of_pupil(session, pupil)
    others = select_rows(Guardianship.guardian_id).where(
        col(Guardianship.guardian_id).in_(guardians), Guardianship.pupil_id != pupil.id
    )
    # Who has other children here stays: of their chat only what names this one goes.
    staying = set(session.exec(others).all())
    chats = {f"guardian:{one.hex}": pupil.id.hex if one in staying else "" for one in guardians}
    chats[f"pupil:{pupil.id.hex}"] = ""
    names = [name for name in _names(found) if UUID(hex=name) not in staying]
    messages = _take_back(session, sealer, school_id, names, chats, now)
    counted = _forget_texts(session, names)
    _forget_naming(session, sealer, school_id, {to: name for to, name in chats.items() if name})
    _refresh_homes(session, school_id, now)
    _delete(session, found)
    for table, keys in found.items():
        counted[table] = counted.get(table, 0) + len(keys)
    if gone := set(guardians) - staying:
        counted["guardian"] = delete_with_dependents(session, Guardian, gone)
    session.expire_all()
    audit.record(session, school_id, now, actor=actor, action="person erased", subject=subject)
    return Erased(dict(sorted(counted.items())), messages)


def erase_guardian(session: Session, sealer: Sealer, guardian: Guardian, now: datetime, actor: str) -> Erased:
    """Erase a guardian, with their codes and their chat; their children's rows stay. The caller commits."""
    school_id, subject = guardian.school_id, f"guardian:{guardian.id.hex}"
    binding = session.get(GuardianBinding, guardian.id)
    if binding is not None:
        session.execute(delete(Attempt).where(col(Attempt.chat_key) == binding.chat_key))
    found: dict[str, set[Key]] = {}
    _collect(session, Guardian.__table__, {(guardian.id,)}, found)  # type: ignore[attr-defined]
    # Not by the keys of all that is found: of a tie to a pupil that is the pupil's as well.
    names = [guardian.id.hex]
    messages = _take_back(session, sealer, school_id, names, {subject: ""}, now)
    counted = _forget_texts(session, names) | {table: len(keys) for table, keys in found.items()}
    _delete(session, found)
    session.expire_all()
    audit.record(session, school_id, now, actor=actor, action="guardian erased", subject=subject)
    return Erased(dict(sorted(counted.items())), messages)


def take_back(
    session: Session, sealer: Sealer, school_id: UUID, names: list[str], now: datetime
) -> tuple[int, dict[str, int]]:
    """Have messages whose slot names somebody deleted, and delete letters to and about them and work due for them.

    Returns how many messages the networks were asked for, and rows by table.
    """
    messages = _take_back(session, sealer, school_id, names, {}, now)
    return messages, _forget_texts(session, names)


def delete_with_dependents(session: Session, model: type[SQLModel], ids: Iterable[UUID]) -> int:
    """Delete rows of a table and all that points at them; returns how many of the rows there were."""
    found: dict[str, set[Key]] = {}
    _collect(session, model.__table__, {(one,) for one in ids}, found)  # type: ignore[attr-defined]
    _forget_texts(session, _names(found))
    _delete(session, found)
    session.expire_all()
    return len(found.get(str(model.__tablename__), ()))


def _delete(session: Session, found: dict[str, set[Key]]) -> None:
    # Children before parents: what is pointed at goes last.
    for table in reversed(SQLModel.metadata.sorted_tables):
        for part in _parts(sorted(found.get(table.name, ()), key=str)):
            session.execute(delete(table).where(_are(table, part)))


def rows_of_pupil(session: Session, pupil: Pupil) -> dict[str, set[Key]]:
    """Find every row that is a pupil's: by table, the primary keys of theirs and of all that points at them."""
    found: dict[str, set[Key]] = {}
    _collect(session, Pupil.__table__, {(pupil.id,)}, found)  # type: ignore[attr-defined]
    return found


def _collect(session: Session, table: Table, keys: set[Key], found: dict[str, set[Key]]) -> None:
    """Find the rows that point at these, and those that point at them."""
    fresh = keys - found.get(table.name, set())
    if not fresh:
        return
    found.setdefault(table.name, set()).update(fresh)
    for other in SQLModel.metadata.sorted_tables:
        for foreign in other.foreign_keys:
            if foreign.column.table is not table:
                continue
            values = [key[0] for key in fresh]
            for part in _parts(values):
                rows = session.execute(select(*other.primary_key.columns).where(foreign.parent.in_(part)))
                _collect(session, other, {tuple(row) for row in rows}, found)


def _names(found: dict[str, set[Key]]) -> list[str]:
    return sorted({part.hex for keys in found.values() for key in keys for part in key[:1] if isinstance(part, UUID)})


def _take_back(
    session: Session, sealer: Sealer, school_id: UUID, names: list[str], chats: Mapping[str, str], now: datetime
) -> int:
    """Ask the networks to delete the messages that are known by a slot of these rows, and the last ones in Telegram.

    `chats` are recipients there, each with what a message has to hold to be deleted.
    """
    asked: set[tuple[Any, ...]] = set()
    count = 0
    places = [*_forget_places(session, sealer, school_id, names), *_still_there(session, sealer, school_id, chats, now)]
    for ref in places:
        network = "slack" if "ts" in ref else "telegram"
        place = tuple(ref.get(name) for name in ("chat", "channel", "ts", "message_id"))
        if place in asked:
            continue
        # One message may be known by its slot and from the letter that changed it.
        asked |= {place} if any(place[2:]) else set()
        count += 1
        outbox.post(
            session,
            sealer,
            school_id=school_id,
            network=network,
            lane="bulk",
            method="delete",
            recipient="",
            payload={"user": "", "chat": ref.get("chat"), **ref},
            dedupe=f"delete:{new_id().hex}",
            now=now,
        )
    session.flush()
    return count


def _forget_places(
    session: Session, sealer: Sealer, school_id: UUID, names: Iterable[str]
) -> Iterator[Mapping[str, Any]]:
    """Forget where the messages of slots that name these rows lie; gives the places that can be read."""
    wanted = set(names)
    for row in session.exec(select_rows(Posted).where(Posted.school_id == school_id)):
        if not wanted & set(row.slot.split(":")):
            continue
        try:
            ref = sealer.read(row, "ref")
        except Unreadable:
            ref = {}
        session.delete(row)
        if ref:
            yield ref


def _still_there(
    session: Session, sealer: Sealer, school_id: UUID, chats: Mapping[str, str], now: datetime
) -> Iterator[Mapping[str, Any]]:
    """Find the messages in some chats that Telegram still lets us delete."""
    letters = select_rows(Outbox).where(
        Outbox.school_id == school_id,
        Outbox.network == "telegram",
        col(Outbox.recipient).in_(chats),
        Outbox.state == "sent",
        col(Outbox.done_at) > now - DELETABLE,
    )
    for row in session.exec(letters):
        try:
            payload = sealer.read(row, "payload")
        except Unreadable:
            continue
        if payload.get("message_id") is not None and chats[row.recipient] in json.dumps(payload):
            yield {"chat": payload["chat"], "message_id": payload["message_id"]}


def _forget_texts(session: Session, names: list[str]) -> dict[str, int]:
    """Delete letters to and about the person, and work that was due for them."""
    wanted = set(names)
    if not wanted:
        return {}
    letters = select_rows(Outbox.id, Outbox.recipient, Outbox.slot, Outbox.dedupe).where(Outbox.method != "delete")
    about = {
        "outbox": [id for id, *texts in session.exec(letters) if wanted & _named_in(texts)],
        "due": [id for id, subject in session.exec(select_rows(Due.id, Due.subject)) if wanted & _named_in([subject])],
    }
    for model, name in ((Outbox, "outbox"), (Due, "due")):
        for part in _parts(about[name]):
            session.execute(delete(model).where(col(model.id).in_(part)))
    session.flush()
    return {name: len(ids) for name, ids in about.items() if ids}


def _forget_naming(session: Session, sealer: Sealer, school_id: UUID, chats: Mapping[str, str]) -> None:
    """Delete letters to some recipients that hold, each, a word of their own; the others go their way."""
    letters = select_rows(Outbox).where(Outbox.school_id == school_id, col(Outbox.recipient).in_(chats))
    for row in session.exec(letters):
        try:
            naming = chats[row.recipient] in json.dumps(sealer.read(row, "payload"))
        except Unreadable:
            naming = True
        if naming:
            session.delete(row)
    session.flush()


def _named_in(texts: Iterable[str | None]) -> set[str]:
    return {part for text in texts for part in (text or "").split(":")}


def _refresh_homes(session: Session, school_id: UUID, now: datetime) -> None:
    """Home tabs list pupils by initials: what was published goes, and is published anew."""
    session.execute(delete(Outbox).where(col(Outbox.school_id) == school_id, col(Outbox.method) == "home"))
    seen = select_rows(Staff.id).where(Staff.school_id == school_id, col(Staff.home_opened_at).is_not(None))
    for staff_id in session.exec(seen.where(col(Staff.active).is_(True))).all():
        set_due(session, school_id, "home", staff_id.hex, now)


def _are(table: Table, keys: list[Key]) -> Any:  # noqa: ANN401 (a condition)
    columns = list(table.primary_key.columns)
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return or_(*(and_(*(column == value for column, value in zip(columns, key, strict=True))) for key in keys))


def _parts(values: Iterable[Any]) -> list[list[Any]]:
    listed = list(values)
    return [listed[at : at + _PART] for at in range(0, len(listed), _PART)]
