"""The anchor: the number and hash of the last row of each audit chain, kept in a file beside the key.

The chain shows a row that was changed, removed or moved; only something outside the database can show that its last
rows are gone, or that all of it was written anew. The file is signed with the master key and moves forward only: when
the chain no longer holds the row it names, it stays as it is, and says so each time it is asked.
"""

import hmac
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from store import audit
from store.sealing import Sealer
from store.tables import Audit

Heads = dict[UUID, tuple[int, bytes]]


@dataclass(frozen=True)
class Break:
    """Where one school's chain is not what it was: `number` is the first row that is wrong; why, in words."""

    school_id: UUID
    number: int
    why: str


def heads(session: Session) -> Heads:
    """Find the last row of each school's chain: its number and hash."""
    last = select(col(Audit.school_id), func.max(col(Audit.number)).label("number")).group_by(col(Audit.school_id))
    found = last.subquery()
    rows = session.execute(
        select(col(Audit.school_id), col(Audit.number), col(Audit.hash)).join(
            found, (found.c.school_id == col(Audit.school_id)) & (found.c.number == col(Audit.number))
        )
    )
    return {school: (number, head) for school, number, head in rows}


def read(path: Path, sealers: Iterable[Sealer]) -> Heads | None:
    """Read the anchor; None when there is none that one of these keys signed."""
    try:
        kept = json.loads(path.read_text("ascii"))
        words, signature = str(kept["heads"]), bytes.fromhex(kept["signature"])
        if not any(hmac.compare_digest(signature, sealer.blind("anchor", words)) for sealer in sealers):
            return None
        return {UUID(school): (number, bytes.fromhex(head)) for school, (number, head) in json.loads(words).items()}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(path: Path, sealer: Sealer, found: Heads) -> None:
    """Write the anchor, in place of the one before, at once and for good."""
    words = json.dumps({school.hex: [number, head.hex()] for school, (number, head) in sorted(found.items())})
    part = path.with_name(path.name + ".new")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        json.dump({"heads": words, "signature": sealer.blind("anchor", words).hex()}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def lost(session: Session, anchored: Heads) -> list[Break]:
    """Find the chains that no longer hold the row their anchor names."""
    return [found for school, (number, head) in anchored.items() if (found := _lost(session, school, number, head))]


def _lost(session: Session, school_id: UUID, number: int, head: bytes) -> Break | None:
    row = select_rows(Audit.hash).where(Audit.school_id == school_id, Audit.number == number)
    if session.exec(row).first() == head:
        return None
    last = session.exec(select_rows(func.max(Audit.number)).where(Audit.school_id == school_id)).one() or 0
    if last < number:
        return Break(school_id, last + 1, f"rows {last + 1} to {number} were there before and are gone")
    return Break(school_id, number, f"row {number} is not the one that was there before")


def keep(session: Session, path: Path, sealer: Sealer) -> list[Break]:
    """Bring the anchor up to the chains as they are; chains that lost their anchored row keep the old anchor."""
    before = read(path, [sealer])
    found = heads(session)
    broken = lost(session, before or {})
    after = found | {one.school_id: before[one.school_id] for one in broken if before}
    if after != before:
        write(path, sealer, after)
    return broken


def verify(session: Session, path: Path, sealers: Iterable[Sealer]) -> list[Break]:
    """Walk every chain from its first row to its last and past the anchor; returns what is wrong, school by school."""
    anchored = read(path, sealers) or {}
    broken = []
    for school_id in sorted({*heads(session), *anchored}):
        number = audit.first_break(session, school_id)
        if number is not None:
            broken.append(Break(school_id, number, f"row {number} was changed, removed or moved"))
        elif school_id in anchored and (found := _lost(session, school_id, *anchored[school_id])):
            broken.append(found)
    return broken
