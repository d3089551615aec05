"""The whisper store: reports whose writers nobody can find here. The leads' side of it is `store.whisper_desk`.

A store of its own, in its own SQLite file (or a PostgreSQL of its own), opened with its own engine. It never learns who
writes: no function here takes a person, a chat or a time. What keeps it so is `store.whisper_tables`.
"""

import hmac
import secrets
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, case, delete, func, insert, select, update

from store.whisper_sealing import (
    ID_BYTES,
    MARK_BYTES,
    SALT_BYTES,
    SIZES,
    VERIFIER_BYTES,
    NotOpened,
    PrivateKey,
    PublicKey,
    Receipt,
    Seed,
    find_by,
    keys_of,
    new_seed,
    no_route,
    open_sealed,
    pack,
    private_of,
    public_of,
    seal,
    unpack,
)
from store.whisper_store import WhisperStore, place_of
from store.whisper_tables import RECOVERY, lately, reader, report, turn, wrap

Status = Literal["received", "read", "acting", "closed"]
Urgency = Literal["ordinary", "urgent"]
KINDS = ("bullying", "online", "home", "friend", "adult", "other")
# A wrong receipt opens as many turns, in vain, as a right one with a thread of this length.
OPENINGS = 64
TEXT_MOST = SIZES[2] - 4


class Gone(Exception):
    """The report was purged: nothing can be added to it."""


class NobodyReads(Exception):
    """There is no reader left for this report: each is excluded, or there are none yet."""


@dataclass(frozen=True)
class Draft:
    """What a report begins with: the day, the plain facts, and those that only readers see (`about`, `excluded`).

    `excluded` holds readers' ids in hexadecimal, who are never among its readers.
    """

    day: str
    kind: str
    about: str
    urgency: Urgency = "ordinary"
    hold: str = ""
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Door:
    """What is needed to add to a report, and does not open it: its id and the two public keys."""

    report: bytes
    reporter_key: PublicKey
    desk_key: PublicKey


@dataclass(frozen=True)
class Mark:
    """The keyed hash of the update that brings words; the first of a batch lets go of those of the batch before."""

    value: bytes = b""
    first_of_batch: bool = False


NO_MARK = Mark()


@dataclass(frozen=True)
class Key:
    """What a right receipt gives: the door, and the seed that opens what is meant for the reporter."""

    door: Door
    seed: Seed


@dataclass(frozen=True)
class Page:
    """What a reporter sees on coming back; `replies` are pairs of "reply" or "question" and its words, oldest first."""

    status: Status
    outcome: str
    replies: tuple[tuple[str, str], ...]


# --- the reporter's side ----------------------------------------------------------------------------------------------


def was_taken(store: WhisperStore, mark: bytes) -> bool:
    """Say whether an update of the last batch was sealed already, by a process that died before it answered."""
    with store.read() as connection:
        return connection.execute(select(lately.c.mark).where(lately.c.mark == mark)).first() is not None


def start(
    store: WhisperStore, draft: Draft, receipt: Receipt, facts: dict[str, Any], body: bytes, mark: Mark = NO_MARK
) -> Door:
    """Make a report of its first words. Raises NobodyReads, TooLong, or what a database that cannot write raises."""
    salt, desk_seed = secrets.token_bytes(SALT_BYTES), new_seed()
    verifier, seed = keys_of(receipt, salt, store.cost)
    door = Door(secrets.token_bytes(ID_BYTES), public_of(seed), public_of(desk_seed))
    head = pack({"about": draft.about, "excluded": list(draft.excluded)})
    row = {
        "id": door.report,
        "day": draft.day,
        "kind": draft.kind,
        "urgency": draft.urgency,
        "status": "received",
        "stage": "new",
        "hold": draft.hold,
        "kept": "",
        "closed": "",
        "outcome": "",
        "salt": salt,
        "mark": find_by(receipt, store.salt, store.cost),
        "verifier": verifier,
        "reporter_key": door.reporter_key,
        "desk_key": door.desk_key,
        "head": seal(door.desk_key, head, place_of("head", door.report)),
        "card": store.lock_card(b"[]", door.report),
        "knock": "",
        "route": no_route(),
    }
    with store.write() as connection:
        readers = [one for one in connection.execute(select(reader)).all() if one.id.hex() not in draft.excluded]
        if all(one.state == RECOVERY for one in readers):
            raise NobodyReads
        connection.execute(insert(report), row)
        connection.execute(
            insert(wrap),
            [
                {
                    "report": door.report,
                    "reader": one.id,
                    "sealed": seal(PublicKey(one.public), desk_seed, place_of("wrap", door.report, one.id)),
                }
                for one in readers
            ],
        )
        _add(connection, door, facts, body, mark)
    return door


def add(
    store: WhisperStore,
    door: Door,
    facts: dict[str, Any],
    body: bytes,
    mark: Mark = NO_MARK,
    *,
    urgent: bool = False,
) -> None:
    """Seal more of the reporter's into their report; with `urgent` its urgency rises. Raises TooLong, Gone."""
    with store.write() as connection:
        # To the desk it is news again, until somebody opens it; one whose card waits goes on climbing where it is.
        stage = case((report.c.stage == "read", "new"), else_=report.c.stage)
        values = {"stage": stage, **({"urgency": "urgent"} if urgent else {})}
        if connection.execute(update(report).where(report.c.id == door.report).values(values)).rowcount == 0:
            raise Gone
        _add(connection, door, facts, body, mark)
        if facts["what"] != "helped":
            # Who writes again has not done with it, and it must not be purged under them.
            again = {"status": "acting", "closed": "", "outcome": ""}
            closed = report.c.status == "closed"
            connection.execute(update(report).where(report.c.id == door.report, closed).values(again))


def _add(connection: Connection, door: Door, facts: dict[str, Any], body: bytes, mark: Mark) -> None:
    sealed_turn(connection, door, {"by": "reporter", **facts}, body, for_reporter=False)
    if mark.first_of_batch:
        connection.execute(delete(lately))
    if mark.value:
        connection.execute(insert(lately), {"mark": mark.value})


def sealed_turn(connection: Connection, door: Door, facts: dict[str, Any], body: bytes, *, for_reporter: bool) -> None:
    """Write one turn; of one that is not for the reporter their half is sealed for nobody, and looks the same.

    The order of turns is told within the seal alone.
    """
    number = connection.execute(select(func.count()).select_from(turn).where(turn.c.report == door.report)).scalar_one()
    turn_id = secrets.token_bytes(ID_BYTES)
    plain = pack({"n": number, **facts}, body)
    mine = door.reporter_key if for_reporter else public_of(new_seed())
    # A photo shows by its size whoever it is for; all else must not show by the other half's.
    words = plain if for_reporter else bytes(len(plain) if len(plain) < TEXT_MOST else 0)
    row = {
        "report": door.report,
        "id": turn_id,
        "desk": seal(door.desk_key, plain, place_of("desk", door.report, turn_id)),
        "mine": seal(mine, words, place_of("mine", door.report, turn_id)),
    }
    connection.execute(insert(turn), row)


def find(store: WhisperStore, receipt: Receipt) -> Key | None:
    """Find a receipt's report; a wrong one takes as long: two Argon2id, and the same comparisons."""
    mark = find_by(receipt, store.salt, store.cost)
    with store.read() as connection:
        row = connection.execute(select(report).where(report.c.mark == mark)).first()
    salt = row.salt if row else secrets.token_bytes(SALT_BYTES)
    verifier, seed = keys_of(receipt, salt, store.cost)
    right = hmac.compare_digest(verifier, row.verifier if row else bytes(VERIFIER_BYTES))
    if row is None or not right:
        return None
    return Key(Door(row.id, PublicKey(row.reporter_key), PublicKey(row.desk_key)), seed)


def see(store: WhisperStore, key: Key | None) -> Page | None:
    """Open what is for the reporter; without a key the same work is done in vain, and None is given."""
    with store.read() as connection:
        row, turns = None, []
        if key is not None:
            row = connection.execute(select(report).where(report.c.id == key.door.report)).first()
            turns = list(connection.execute(select(turn).where(turn.c.report == key.door.report)).all())
    mine = private_of(key.seed if key is not None else new_seed())
    found = []
    for one in turns:
        try:
            found.append(unpack(open_sealed(mine, one.mine, place_of("mine", one.report, one.id))))
        except NotOpened:
            continue
    if len(turns) < OPENINGS:
        _in_vain(mine, OPENINGS - len(turns))
    if row is None:
        return None
    found.sort(key=lambda one: int(one[0]["n"]))
    replies = tuple((str(facts["what"]), body.decode("utf-8", "replace")) for facts, body in found)
    return Page(row.status, row.outcome, replies)


def _in_vain(mine: PrivateKey, times: int) -> None:
    nothing = seal(public_of(new_seed()), b"", b"")
    for _ in range(times):
        try:
            open_sealed(mine, nothing, b"")
        except NotOpened:
            continue


assert MARK_BYTES == ID_BYTES  # noqa: S101 (marks and ids look alike in the file)
