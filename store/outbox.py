"""The outbox: what is to be sent is written in the transaction that caused it, and sent after it.

A row leaves "waiting" once: sent, expired, failed or replaced. Whoever sends it holds its lease; when the lease runs
out (the process died), another takes it.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, insert, literal_column, or_
from sqlmodel import Session, SQLModel, col, func, select, update

from store import waking
from store.database import is_postgresql
from store.ids import new_id
from store.sealing import Sealer, Unreadable
from store.tables import LANES, CheckIn, Outbox, Posted

LEASE = timedelta(seconds=60)
# How an error begins that is ours to mend: it holds up nobody else.
FAULT = "fault: "
# Written out, not a parameter: only then do the databases know that the index of what waits is enough.
_IS_WAITING = col(Outbox.state) == literal_column("'waiting'")
# Made once, and past the session's own book-keeping: this is done for every message that comes and leaves.
_TABLE = SQLModel.metadata.tables["outbox"]
_NEW = insert(_TABLE).values(attempts=0, state="waiting")
_SENT = (
    update(_TABLE)
    .where(col(Outbox.id) == bindparam("letter"))
    .values(state="sent", done_at=bindparam("at"), leased_by=None, lease_until=None, attempts=bindparam("tried"))
)
_SENT_THERE = _SENT.values(payload_sealed=bindparam("payload"))
_ENDED = (
    update(_TABLE)
    .where(col(Outbox.id) == bindparam("letter"), _IS_WAITING)
    .values(
        state=bindparam("as"), last_error=bindparam("why"), done_at=bindparam("at"), leased_by=None, lease_until=None
    )
)


@dataclass(frozen=True)
class Letter:
    """A row of the outbox with its payload opened, on its way to the sender."""

    id: UUID
    school_id: UUID
    network: str
    lane: int
    method: str
    recipient: str
    slot: str | None
    payload: dict[str, Any]
    attempts: int
    expires_at: datetime | None


def post(
    session: Session,
    sealer: Sealer,
    *,
    school_id: UUID,
    network: str,
    lane: str,
    method: str,
    recipient: str,
    payload: dict[str, Any],
    dedupe: str,
    now: datetime,
    slot: str | None = None,
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
    lease_to: str | None = None,
) -> Letter | None:
    """Write one message to be sent; `lease_to` names the process that will send it straight after the commit.

    Returns the letter when it was leased, else None: it waits to be claimed.
    """
    letter = Letter(new_id(), school_id, network, LANES[lane], method, recipient, slot, payload, 0, expires_at)
    starts = not_before or now
    leased_by = lease_to if lease_to and starts <= now else None
    session.connection().execute(
        _NEW,
        {
            "id": letter.id,
            "school_id": school_id,
            "network": network,
            "lane": letter.lane,
            "method": method,
            "recipient": recipient,
            "slot": slot,
            "dedupe": dedupe,
            "payload_sealed": sealer.seal("outbox", "payload", letter.id, payload),
            "not_before": starts,
            "expires_at": expires_at,
            "leased_by": leased_by,
            "lease_until": now + LEASE if leased_by else None,
        },
    )
    if leased_by is None:
        waking.note(session, "outbox")
    return letter if leased_by else None


def claim(
    session: Session,
    sealer: Sealer,
    *,
    network: str,
    now: datetime,
    worker: str,
    lanes: Iterable[int],
    limit: int,
    on_lost: Callable[[Session, Letter, datetime], None] = lambda _session, _letter, _now: None,
) -> list[Letter]:
    """Take waiting rows that are due and not leased, most urgent and oldest first, under a lease of one minute.

    Rows past their time are expired here instead, never sent late. `on_lost` hears of one that does not open; its
    payload is empty.
    """
    free: ColumnElement[bool] = or_(col(Outbox.lease_until).is_(None), col(Outbox.lease_until) <= now)
    statement = (
        select(Outbox)
        .where(_IS_WAITING, Outbox.network == network, col(Outbox.lane).in_(list(lanes)))
        .where(col(Outbox.not_before) <= now, free)
        # Within a lane what is new comes before what only changes a message that is there: a wave's closing edits must
        # not hold up the next wave.
        .order_by(col(Outbox.lane), col(Outbox.method) == "edit", col(Outbox.not_before), col(Outbox.id))
        .limit(limit)
    )
    if is_postgresql(session.get_bind()):
        statement = statement.with_for_update(skip_locked=True)
    letters = []
    for row in session.exec(statement).all():
        if row.expires_at is not None and row.expires_at <= now:
            _end(session, row, "expired", now, "too late to be of use")
            continue
        try:
            payload = sealer.read(row, "payload")
        except Unreadable:
            # One row that was damaged must not hold up all those behind it.
            _end(session, row, "failed", now, "the payload does not open")
            on_lost(session, _letter(row, {}), now)
            continue
        row.leased_by, row.lease_until = worker, now + LEASE
        session.add(row)
        letters.append(_letter(row, payload))
    return letters


def _letter(row: Outbox, payload: dict[str, Any]) -> Letter:
    return Letter(
        row.id,
        row.school_id,
        row.network,
        row.lane,
        row.method,
        row.recipient,
        row.slot,
        payload,
        row.attempts,
        row.expires_at,
    )


def sent(session: Session, sealer: Sealer, letter: Letter, now: datetime, ref: dict[str, Any] | None) -> None:
    """Mark a letter sent; `ref` (chat and message id) is kept for its slot, so that it can be edited.

    Of a message in Telegram without a slot it is kept in the row itself, so that it can be deleted.
    """
    values = {"letter": letter.id, "at": now, "tried": letter.attempts + 1}
    if ref is not None and letter.slot is None and letter.network == "telegram":
        there = sealer.seal("outbox", "payload", letter.id, {**letter.payload, **ref})
        session.connection().execute(_SENT_THERE, {**values, "payload": there})
        return
    session.connection().execute(_SENT, values)
    if letter.slot and ref is not None:
        posted = session.exec(select(Posted).where(Posted.slot == letter.slot)).first()
        posted = posted or Posted(school_id=letter.school_id, slot=letter.slot)
        sealer.write(posted, "ref", ref)
        session.add(posted)


def has_arrived(session: Session, slots: str) -> bool:
    """Say whether any message was sent whose slot begins with `slots`."""
    return (
        session.exec(select(Posted.id).where(col(Posted.slot).startswith(slots, autoescape=True))).first() is not None
    )


def ended(session: Session, letter: Letter, state: str, now: datetime, error: str) -> None:
    """Mark a letter expired, failed or replaced, with the reason in a word that says nothing of anyone."""
    if letter.method != "send":
        # Most are edits that a later one overtook, many at a time in a busy minute.
        session.connection().execute(_ENDED, {"letter": letter.id, "as": state, "at": now, "why": error})
        return
    row = session.get(Outbox, letter.id)
    if row is not None and row.state == "waiting":
        _end(session, row, state, now, error)


def _end(session: Session, row: Outbox, state: str, now: datetime, error: str) -> None:
    row.state, row.last_error, row.done_at = state, error, now
    row.leased_by = row.lease_until = None
    session.add(row)
    # A check-in that never reached the phone must not look like a pupil who did not answer; one that is shown there a
    # second time had reached it.
    if row.slot and row.method == "send" and row.slot.startswith("check-in:"):
        if session.exec(select(Posted.id).where(Posted.slot == row.slot)).first() is not None:
            return
        check_in = session.get(CheckIn, UUID(row.slot.removeprefix("check-in:")))
        if check_in is not None and check_in.state in ("open", "missed"):
            check_in.state = "undelivered"
            session.add(check_in)


def leased(session: Session, letters: Collection[UUID], worker: str) -> set[UUID]:
    """Say which letters still wait under a process's lease: neither withdrawn nor taken over by another."""
    statement = select(Outbox.id).where(col(Outbox.id).in_(letters), _IS_WAITING, Outbox.leased_by == worker)
    return set(session.exec(statement).all())


def put_back(session: Session, letter: Letter, error: str, not_before: datetime) -> None:
    """Give a letter back to be tried again from `not_before` on."""
    session.exec(
        update(Outbox)
        .where(col(Outbox.id) == letter.id, col(Outbox.state) == "waiting")
        .values(
            leased_by=None,
            lease_until=None,
            attempts=letter.attempts + 1,
            last_error=error,
            not_before=not_before,
        )
    )


def put_off(session: Session, letter: Letter, not_before: datetime) -> None:
    """Give a letter back untried, for one written before it to the same chat has not arrived yet."""
    session.exec(
        update(Outbox)
        .where(col(Outbox.id) == letter.id, col(Outbox.state) == "waiting")
        .values(leased_by=None, lease_until=None, last_error="behind another", not_before=not_before)
    )


def left_waiting(
    session: Session, sealer: Sealer, network: str, unordered: Collection[str], now: datetime
) -> list[tuple[Letter, datetime]]:
    """List what has not arrived and is late: put back, put off, or due by now; each with when it is tried next.

    Without bulk, and without the methods in `unordered`.
    """
    late = or_(col(Outbox.last_error).is_not(None), col(Outbox.not_before) <= now)
    rows = session.exec(
        select(Outbox)
        .where(_IS_WAITING, Outbox.network == network, late)
        .where(col(Outbox.lane) != LANES["bulk"], col(Outbox.method).not_in(list(unordered)))
        .order_by(col(Outbox.id))
    ).all()
    found = []
    for row in rows:
        try:
            found.append((_letter(row, sealer.read(row, "payload")), row.not_before))
        except Unreadable:
            # It will be found so when it is claimed, and ends there.
            continue
    return found


def release(session: Session, worker: str | None = None) -> None:
    """Give back every lease of a process that is stopping, so that the next start need not wait for them to run out.

    Without a worker all leases are given back: for the start of a process that knows it is the only one.
    """
    statement = update(Outbox).where(col(Outbox.leased_by).is_not(None), _IS_WAITING)
    if worker is not None:
        statement = statement.where(col(Outbox.leased_by) == worker)
    session.exec(statement.values(leased_by=None, lease_until=None))


def posted_ref(session: Session, sealer: Sealer, slot: str) -> dict[str, Any] | None:
    """Find where the message of a slot lies; None while it has not been sent."""
    posted = session.exec(select(Posted).where(Posted.slot == slot)).first()
    return sealer.read(posted, "ref") if posted else None


def slots_of(session: Session, school_id: UUID, prefix: str) -> list[str]:
    """List the slots that begin so, of messages that were sent and of those that are on their way."""
    begins = col(Posted.slot).startswith(prefix, autoescape=True)
    if not is_postgresql(session.get_bind()):
        # SQLite's LIKE does not tell "a" from "A", so it has no use for the index; its order is that of the bytes.
        begins = begins & (col(Posted.slot) >= prefix) & (col(Posted.slot) < f"{prefix}\U0010ffff")
    posted = session.exec(select(Posted.slot).where(Posted.school_id == school_id, begins)).all()
    waiting = session.exec(
        select(Outbox.slot)
        .where(_IS_WAITING, Outbox.school_id == school_id, Outbox.method == "post")
        .where(col(Outbox.slot).startswith(prefix, autoescape=True))
    ).all()
    return sorted({*posted, *(slot for slot in waiting if slot is not None)})


def readers_of(session: Session, school_id: UUID, slots: str) -> tuple[set[UUID], set[UUID]]:
    """Say whom a card was written to, and whom of these it has reached or still may; `slots` as for `withdraw_repeats`.

    One that waits because of a fault of ours may be read by nobody, for as long as that is not mended.
    """
    begins = col(Outbox.slot).startswith(slots, autoescape=True)
    posts = session.exec(
        select(Outbox.slot, Outbox.state, Outbox.last_error)
        .where(Outbox.school_id == school_id, Outbox.method == "post", begins)
        .order_by(col(Outbox.id))
    ).all()
    arrived = session.exec(
        select(Posted.slot).where(Posted.school_id == school_id, col(Posted.slot).startswith(slots, autoescape=True))
    ).all()
    may = [slot for slot, state, error in posts if state == "waiting" and not (error or "").startswith(FAULT)]
    told = {UUID(hex=_reader(slot or "", slots)) for slot, *_ in posts}
    return told, {UUID(hex=_reader(slot or "", slots)) for slot in (*arrived, *may)}


def is_written(session: Session, dedupe: str) -> bool:
    """Say whether a message was written under a key already, whatever became of it."""
    return session.exec(select(Outbox.id).where(Outbox.dedupe == dedupe)).first() is not None


def is_on_its_way(session: Session, slot: str, method: str = "post") -> bool:
    """Say whether a message for a slot is still to be sent; new ones have the method "post" in Slack, or "send"."""
    statement = select(Outbox.id).where(_IS_WAITING, Outbox.slot == slot, Outbox.method == method)
    return session.exec(statement.limit(1)).first() is not None


def count_due(session: Session, school_id: UUID, *, network: str, lane: str, now: datetime) -> int:
    """Count what could leave in a lane by now and has not: new messages, for edits are claimed after them."""
    statement = select(func.count()).select_from(Outbox).where(_IS_WAITING, Outbox.school_id == school_id)
    statement = statement.where(Outbox.network == network, Outbox.lane == LANES[lane], Outbox.method != "edit")
    return session.exec(statement.where(col(Outbox.not_before) <= now)).one()


def is_waiting(session: Session, school_id: UUID, recipient: str, method: str) -> bool:
    """Say whether something of this kind is still on its way to a recipient."""
    found = session.exec(
        select(Outbox.id)
        .where(_IS_WAITING, Outbox.school_id == school_id)
        .where(Outbox.recipient == recipient, Outbox.method == method)
        .limit(1)
    ).first()
    return found is not None


def withdraw_repeats(session: Session, school_id: UUID, slots: str, now: datetime) -> None:
    """Take back the repeats of a card that have not left: of each reader's copies the first stays, there or on its way.

    `slots` is how their slots begin; then comes the reader, then ":" and what tells one copy from another. What a
    process has in hand leaves.
    """
    begins = col(Outbox.slot).startswith(slots, autoescape=True)
    waiting = session.exec(
        select(Outbox.id, Outbox.slot)
        .where(_IS_WAITING, Outbox.school_id == school_id, Outbox.method == "post", begins)
        .order_by(col(Outbox.id))
    ).all()
    if not waiting:
        return
    ids = {slot: letter_id for letter_id, slot in waiting}
    readers = {_reader(slot, slots) for slot in slots_of(session, school_id, slots) if slot not in ids}
    for letter_id, slot in waiting:
        reader = _reader(slot or "", slots)
        if reader in readers:
            session.exec(
                update(Outbox)
                .where(col(Outbox.id) == letter_id, _IS_WAITING, col(Outbox.leased_by).is_(None))
                .values(state="replaced", last_error="no longer needed", done_at=now)
            )
        readers.add(reader)


def _reader(slot: str, slots: str) -> str:
    return slot.removeprefix(slots).partition(":")[0]


def withdraw(
    session: Session, school_id: UUID, recipient: str, now: datetime, *, lanes: Iterable[int], edits: bool = True
) -> None:
    """Take back what has not left yet: the phone is no longer theirs, or they asked to stop.

    Without `edits`, what changes a message that is there already still goes: it takes away buttons that lead nowhere.
    """
    theirs = (col(Outbox.recipient) == recipient, col(Outbox.lane).in_(list(lanes)))
    session.exec(
        update(Outbox)
        .where(_IS_WAITING, col(Outbox.school_id) == school_id, *theirs)
        .where(*(() if edits else (col(Outbox.method) != "edit",)))
        .values(state="replaced", last_error="withdrawn", done_at=now, leased_by=None, lease_until=None)
    )
