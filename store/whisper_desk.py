"""The leads' side of the whisper store: readers and their keys, the queue, a thread, and what a lead decides.

What a reader may not open is not there for them: `NotThere` says both. A reader's private key lies sealed under the
store's key; which member of staff a reader is follows from a keyed hash, so the store names nobody.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, case, delete, insert, select, update

from store.sealing import Sealer
from store.whisper_sealing import (
    ID_BYTES,
    NotOpened,
    PrivateKey,
    PublicKey,
    Seed,
    new_seed,
    open_sealed,
    pack,
    private_of,
    public_of,
    seal,
    unpack,
)
from store.whisper_store import WhisperStore, place_of
from store.whisper_tables import RECOVERY, reader, report, turn, wrap
from store.whispers import Door, sealed_turn

# Stands for the channel where what lies in Slack is a file, in no channel.
_FILE = "file"
# Stands there for how far a report has climbed, which is kept with where its cards lie.
_CLIMB = "climb"
OUTCOMES = ("helped", "passed_on", "known", "no_action", "misuse")


class NotThere(Exception):
    """There is no such report, or it is not for this reader; the two look alike."""


class DeskLocked(Exception):
    """A reader's key is under their passphrase, and their desk is not open now."""


class LastReader(Exception):
    """Nobody else could read it then: another must be added first."""


@dataclass(frozen=True)
class Line:
    """A report as a card or the queue tells of it: no content."""

    id: str
    day: str
    kind: str
    urgency: str
    status: str
    stage: str
    hold: str
    outcome: str
    kept: bool

    @property
    def handle(self) -> str:
        """A short name to speak of it by."""
        return self.id[:6].upper()


@dataclass(frozen=True)
class Climb:
    """How far a report has climbed: by which ladder, since when it waits, and the last step that was told.

    `since` is of staff's doings, never of a writer's: when its first card went out, or was found to be opened.
    """

    kind: str
    since: datetime
    step: int


@dataclass(frozen=True)
class Turn:
    """One turn of a thread: by "reporter" or a lead's name; `what` is words, photo, helped, reply, question or note.

    `caption` is what was typed under a photo. Of one that was damaged ("lost") there is nothing.
    """

    id: str
    by: str
    what: str
    body: bytes
    caption: str = ""

    @property
    def words(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True)
class Thread:
    """A report opened: its line, the facts for readers (about, owner, links), and its turns, oldest first."""

    line: Line
    head: dict[str, Any]
    turns: tuple[Turn, ...]


def reader_id(sealer: Sealer, staff_id: str) -> bytes:
    """Name the reader a member of staff is (16 bytes)."""
    return sealer.lasting("whisper-reader", staff_id)[:ID_BYTES]


def _line(row: Row[Any]) -> Line:
    return Line(
        row.id.hex(),
        row.day,
        row.kind,
        row.urgency,
        row.status,
        row.stage,
        row.hold,
        row.outcome,
        row.kept == "yes",
    )


# --- readers ----------------------------------------------------------------------------------------------------------


def keep_readers(store: WhisperStore, wanted: Collection[bytes]) -> bool:
    """Make readers of exactly these: new ones get what is open, those who left can read nothing more.

    Returns whether anything changed. The last reader is never taken away while there are none to follow.
    """
    with store.read() as connection:
        rows = connection.execute(select(reader.c.id, reader.c.state)).all()
    there = {row.id for row in rows if row.state != RECOVERY}
    new, gone = set(wanted) - there, there - set(wanted)
    if len(there) < len(rows):
        # The desk is locked: those who are new choose a passphrase first, and the last who left wait for them.
        new, gone = set(), gone if there - gone else set()
    if not wanted or not (new or gone):
        return False
    for one in gone:
        store.close_desk(one)
    with store.write() as connection:
        seeds = _seeds(store, connection)
        for one in new:
            seed = new_seed()
            connection.execute(
                insert(reader),
                {
                    "id": one,
                    "public": public_of(seed),
                    "private": store.lock(seed, b"reader" + one),
                    "state": "active",
                },
            )
        for row in connection.execute(select(report)).all() if new else []:
            _wrap_again(connection, row, seeds, new, gone)
        connection.execute(delete(wrap).where(wrap.c.reader.in_(gone)))
        connection.execute(delete(reader).where(reader.c.id.in_(gone)))
    return True


def _wrap_again(
    connection: Connection, row: Row[Any], seeds: dict[bytes, Seed], new: set[bytes], gone: set[bytes]
) -> None:
    wraps = connection.execute(select(wrap).where(wrap.c.report == row.id)).all()
    opened = next((one for one in wraps if one.reader in seeds), None)
    # One that was recused from or excluded stays so; a closed report is not opened to somebody new.
    if opened is not None and (row.status != "closed" or {one.reader for one in wraps} <= gone):
        try:
            desk = Seed(open_sealed(seeds[opened.reader], opened.sealed, place_of("wrap", row.id, opened.reader)))
            head, _ = unpack(open_sealed(desk, row.head, place_of("head", row.id)))
        except NotOpened:
            # It came with a backup, and is of nobody: `sweep` takes it away.
            return
        for one in new:
            if one.hex() in head["excluded"]:
                continue
            public = connection.execute(select(reader.c.public).where(reader.c.id == one)).scalar_one()
            sealed = seal(PublicKey(public), desk, place_of("wrap", row.id, one))
            connection.execute(insert(wrap), {"report": row.id, "reader": one, "sealed": sealed})


def _seeds(store: WhisperStore, connection: Connection) -> dict[bytes, Seed]:
    """Give the readers' keys that are at hand."""
    found = {}
    for row in connection.execute(select(reader)).all():
        try:
            found[row.id] = seed_of(store, row)
        except (DeskLocked, NotOpened):
            continue
    return found


def seed_of(store: WhisperStore, row: Row[Any]) -> Seed:
    """Give the private key of a reader's row. Raises DeskLocked."""
    if row.state != "active":
        seed = store.opened(row.id)
        # Another process may have made the key anew meanwhile.
        if seed is None or public_of(seed) != bytes(row.public):
            store.close_desk(row.id)
            raise DeskLocked
        return seed
    return Seed(store.unlock(row.private, b"reader" + row.id))


def readers_of(store: WhisperStore, report_id: str) -> frozenset[bytes]:
    """List who may read a report."""
    with store.read() as connection:
        rows = connection.execute(select(wrap.c.reader).where(wrap.c.report == _id(report_id))).all()
    return frozenset(row.reader for row in rows)


def _others(connection: Connection, report_id: bytes, who: bytes) -> bool:
    """Say whether any lead but this one reads a report."""
    chosen = select(wrap.c.reader).join(reader, reader.c.id == wrap.c.reader)
    found = chosen.where(wrap.c.report == report_id, wrap.c.reader != who, reader.c.state != RECOVERY)
    return connection.execute(found).first() is not None


# --- reading ----------------------------------------------------------------------------------------------------------


def queue(store: WhisperStore, who: bytes | None = None) -> list[Line]:
    """List the reports a reader may open (all of them for None, who sees no content), urgent and old ones first."""
    with store.read() as connection:
        chosen = select(report)
        if who is not None:
            chosen = chosen.join(wrap, wrap.c.report == report.c.id).where(wrap.c.reader == who)
        lines = [_line(row) for row in connection.execute(chosen).all()]
    return sorted(lines, key=lambda one: (one.status == "closed", one.urgency != "urgent", one.day, one.id))


def open_thread(store: WhisperStore, who: bytes, report_id: str) -> Thread:
    """Open a report for one of its readers. Raises NotThere, DeskLocked."""
    with store.read() as connection:
        row, seed = _opened(store, connection, who, report_id)
        desk = private_of(seed)
        head, _ = unpack(open_sealed(desk, row.head, place_of("head", row.id)))
        rows = connection.execute(select(turn).where(turn.c.report == row.id)).all()
    found = [_turn(desk, row.id, one) for one in rows]
    found.sort(key=lambda one: (one[0], one[1].id))
    return Thread(_line(row), head, tuple(one for _, one in found))


def _turn(desk: PrivateKey, report_id: bytes, one: Row[Any]) -> tuple[int, Turn]:
    """Open one turn, and say which it is; one that was damaged comes last, and must not hide the others."""
    try:
        facts, body = unpack(open_sealed(desk, one.desk, place_of("desk", report_id, one.id)))
    except NotOpened:
        return 1 << 62, Turn(one.id.hex(), "?", "lost", b"")
    return facts["n"], Turn(one.id.hex(), facts["by"], facts["what"], body, facts.get("caption", ""))


def opens(store: WhisperStore, who: bytes, report_id: str) -> bool:
    """Say whether a report is a reader's to open, whatever became of its parts. Raises DeskLocked."""
    with store.read() as connection:
        try:
            _opened(store, connection, who, report_id)
        except NotThere:
            return False
    return True


def _opened(store: WhisperStore, connection: Connection, who: bytes, report_id: str) -> tuple[Row[Any], Seed]:
    wanted = _id(report_id)
    row = connection.execute(select(report).where(report.c.id == wanted)).first()
    mine = connection.execute(select(wrap).where(wrap.c.report == wanted, wrap.c.reader == who)).first()
    key = connection.execute(select(reader).where(reader.c.id == who)).first()
    if row is None or mine is None or key is None:
        raise NotThere
    try:
        return row, Seed(open_sealed(seed_of(store, key), mine.sealed, place_of("wrap", wanted, who)))
    except NotOpened:
        raise NotThere from None


def _id(report_id: str) -> bytes:
    try:
        return bytes.fromhex(report_id)
    except ValueError:
        raise NotThere from None


# --- deciding ---------------------------------------------------------------------------------------------------------


def say(store: WhisperStore, who: bytes, report_id: str, what: str, name: str, words: str) -> None:
    """Add a "reply" or "question" to the reporter, or a "note" that stays at the desk. Raises NotThere, TooLong."""
    with store.write() as connection:
        row, _ = _opened(store, connection, who, report_id)
        door = Door(row.id, PublicKey(row.reporter_key), PublicKey(row.desk_key))
        facts = {"by": name, "what": what}
        sealed_turn(connection, door, facts, words.encode("utf-8", "replace"), for_reporter=what != "note")
        if what != "note":
            connection.execute(update(report).where(report.c.id == row.id).values(knock="due"))


def change(store: WhisperStore, who: bytes, report_id: str, **values: str) -> None:
    """Set plain facts: status, urgency, stage, outcome, closed, kept. Raises NotThere."""
    with store.write() as connection:
        row, _ = _opened(store, connection, who, report_id)
        # Closed or answered, the same is noted whether or not a knock was asked for.
        more = {"knock": "due"} if values.get("status") == "closed" else {}
        connection.execute(update(report).where(report.c.id == row.id).values(**values, **more))


def note_in_head(store: WhisperStore, who: bytes, report_id: str, **facts: object) -> None:
    """Set facts that readers alone see: owner, links. Raises NotThere."""
    with store.write() as connection:
        row, desk = _opened(store, connection, who, report_id)
        head, _ = unpack(open_sealed(desk, row.head, place_of("head", row.id)))
        sealed = seal(PublicKey(row.desk_key), pack({**head, **facts}), place_of("head", row.id))
        connection.execute(update(report).where(report.c.id == row.id).values(head=sealed))


def recuse(store: WhisperStore, who: bytes, report_id: str) -> None:
    """Stand back from a report: this reader opens it no more. Raises NotThere, or LastReader."""
    with store.write() as connection:
        row, desk = _opened(store, connection, who, report_id)
        if not _others(connection, row.id, who):
            raise LastReader
        head, _ = unpack(open_sealed(desk, row.head, place_of("head", row.id)))
        head["excluded"] = [*head["excluded"], who.hex()]
        sealed = seal(PublicKey(row.desk_key), pack(head), place_of("head", row.id))
        connection.execute(update(report).where(report.c.id == row.id).values(head=sealed))
        connection.execute(delete(wrap).where(wrap.c.report == row.id, wrap.c.reader == who))


# --- cards ------------------------------------------------------------------------------------------------------------


def cards_of(store: WhisperStore, report_id: str) -> list[list[str]]:
    """Read where a report's cards lie: lists of a channel and a message."""
    return [place for place in _places(store, report_id) if place[0] not in (_FILE, _CLIMB)]


def climb_of(store: WhisperStore, report_id: str) -> Climb | None:
    """Read how far a report has climbed; None for one that no card went out for."""
    found = next((place for place in _places(store, report_id) if place[0] == _CLIMB), None)
    return Climb(found[1], datetime.fromisoformat(found[2]), int(found[3])) if found else None


def files_of(store: WhisperStore, report_id: str) -> list[str]:
    """Read which files of a report are still to be taken out of Slack; none where that cannot be read."""
    return [place[1] for place in _places(store, report_id) if place[0] == _FILE]


def note_cards(
    store: WhisperStore, report_id: str, places: list[list[str]], stage: str, climb: Climb, was: str
) -> None:
    """Keep where a report's cards lie, and how far it has come; its stage only where it is still what it `was`."""
    files = [[_FILE, file_id] for file_id in files_of(store, report_id)]
    # Somebody may have opened it, or its writer have added to it, while its cards went out.
    now = case((report.c.stage == was, stage), else_=report.c.stage)
    _keep_places(store, report_id, [*places, *files, _written(climb)], stage=now)


def note_climb(store: WhisperStore, report_id: str, climb: Climb) -> None:
    """Keep how far a report has climbed."""
    others = [place for place in _places(store, report_id) if place[0] != _CLIMB]
    _keep_places(store, report_id, [*others, _written(climb)])


def _written(climb: Climb) -> list[str]:
    return [_CLIMB, climb.kind, climb.since.isoformat(), str(climb.step)]


def note_file(store: WhisperStore, report_id: str, file_id: str, *, there: bool) -> None:
    """Keep that a file of a report lies in Slack, or does so no longer: a process that dies must not leave it there."""
    others = [place for place in _places(store, report_id) if place != [_FILE, file_id]]
    _keep_places(store, report_id, [*others, *([[_FILE, file_id]] if there else [])])


def _places(store: WhisperStore, report_id: str) -> list[list[str]]:
    with store.read() as connection:
        row = connection.execute(select(report.c.id, report.c.card).where(report.c.id == _id(report_id))).first()
    if row is None:
        return []
    try:
        found: list[list[str]] = json.loads(store.unlock(row.card, b"card" + row.id))
    except NotOpened:
        # As if no card had gone out: it is told of anew, and where is kept anew.
        return []
    return found


def _keep_places(store: WhisperStore, report_id: str, places: list[list[str]], **values: object) -> None:
    wanted = _id(report_id)
    sealed = store.lock_card(json.dumps(places).encode(), wanted)
    with store.write() as connection:
        connection.execute(update(report).where(report.c.id == wanted).values(card=sealed, **values))
