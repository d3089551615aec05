"""Ten years of a school, made at once: check-ins by bulk insert, and what else so many years leave in the store."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Table, insert
from sqlmodel import Session, SQLModel, select

from benchmarks import school
from conversations import bank
from conversations.bank.rotation import choose
from scheduling.retention import CLOCKS
from store import audit
from store.ids import new_id
from store.sealing import Sealer
from store.tables import LANES, CheckIn, Flag, Outbox, Posted, Pupil, Request, School, Staff, Wave

WEEK = timedelta(weeks=1)
BULK = 5_000


@dataclass(frozen=True)
class Size:
    """How much there is: pupils, waves (38 a school year), sent letters of the last month, decided flags a wave.

    `purged` leaves what the clocks of retention leave a school that has not set its own: every check-in, answers and
    flags of three years, places of messages of a little more than one. Without it everything is there.
    """

    pupils: int = 1_035
    waves: int = 380
    letters: int = 33_000
    flags_a_wave: int = 25
    open_flags: int = 60
    audits: int = 2_000
    purged: bool = False

    def keeps(self, name: str, wave: Wave, now: datetime) -> bool:
        """Say whether a class of data of a wave is there still."""
        return not self.purged or wave.opens_at >= now - timedelta(days=CLOCKS[name].days)


def make(data: Path, size: Size) -> tuple[Engine, Sealer]:
    """Make the school in a folder."""
    engine, sealer, _people = school.make(data, school.sample_size(size.pupils, weeks=1))
    with Session(engine) as session:
        _fill(session, sealer, size, datetime.now(UTC))
        session.commit()
    return engine, sealer


def _fill(session: Session, sealer: Sealer, size: Size, now: datetime) -> None:
    school_id = session.exec(select(School.id)).one()
    pupils = list(session.exec(select(Pupil)))
    waves = [_wave(school_id, size, number, now) for number in range(size.waves)]
    session.execute(insert(_table(Wave)), [wave.model_dump() for wave in waves])
    for wave in waves:
        check_ins = list(_check_ins(sealer, wave, pupils, answers=size.keeps("answers", wave, now)))
        session.execute(insert(_table(CheckIn)), check_ins)
        if size.keeps("places", wave, now):
            session.execute(insert(_table(Posted)), list(_posted(sealer, check_ins)))
        if not size.keeps("nudges", wave, now):
            continue
        first = wave.number * size.flags_a_wave
        flagged = [
            check_ins[(first + number) % len(check_ins)] for number in range(min(size.flags_a_wave, len(pupils)))
        ]
        last = wave is waves[-1]
        flags = [
            _flag(sealer, one, now, "new" if last and number < size.open_flags else "taken")
            for number, one in enumerate(flagged)
        ]
        session.execute(insert(_table(Flag)), flags)
    _requests(session, school_id, pupils, now)
    session.execute(insert(_table(Outbox)), list(_letters(sealer, school_id, pupils, size.letters, now)))
    lead = session.exec(select(Staff)).first()
    assert lead is not None  # noqa: S101 (the sample has staff)
    for number in range(size.audits):
        audit.record(
            session,
            school_id,
            now - timedelta(minutes=size.audits - number),
            actor=f"staff:{lead.id.hex}",
            action="read nudge",
            subject=f"pupil:{pupils[number % len(pupils)].id.hex}",
        )


def _wave(school_id: UUID, size: Size, number: int, now: datetime) -> Wave:
    # The last one opened an hour ago and is open still.
    opens_at = now - timedelta(hours=1) - (size.waves - 1 - number) * WEEK
    return Wave(
        school_id=school_id,
        day=f"bulk {number}",
        number=number,
        opens_at=opens_at,
        closes_at=opens_at + timedelta(days=1),
        bank_version=bank.LATEST,
        state="open" if number == size.waves - 1 else "closed",
    )


def _check_ins(sealer: Sealer, wave: Wave, pupils: list[Pupil], *, answers: bool) -> Iterator[dict[str, Any]]:
    items = choose(bank.load(wave.bank_version), round_number=wave.number, seed=1)
    for number, pupil in enumerate(pupils):
        id, state = new_id(), "answered" if (number + wave.number) % 9 else "missed"
        sealed = None
        if answers and state == "answered":
            given = [(item, (number + wave.number + place) % 3, 4_000) for place, item in enumerate(items)]
            sealed = sealer.seal("check_in", "answers", id, given)
        yield {
            "id": id,
            "school_id": wave.school_id,
            "wave_id": wave.id,
            "pupil_id": pupil.id,
            "group_id": pupil.group_id,
            "bank_version": wave.bank_version,
            "phase": pupil.phase,
            "state": state,
            "opened_at": wave.opens_at,
            "ended_at": wave.closes_at,
            "answers_sealed": sealed,
        }


def _posted(sealer: Sealer, check_ins: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for number, check_in in enumerate(check_ins):
        id = new_id()
        ref = sealer.seal("posted", "ref", id, {"chat": number, "message_id": number})
        yield {
            "id": id,
            "school_id": check_in["school_id"],
            "slot": f"check-in:{check_in['id'].hex}",
            "ref_sealed": ref,
        }


def _flag(sealer: Sealer, check_in: dict[str, Any], now: datetime, state: str) -> dict[str, Any]:
    id = new_id()
    reasons = {"low": 3, "window": 4, "baseline": 20}
    return {
        "id": id,
        "school_id": check_in["school_id"],
        "pupil_id": check_in["pupil_id"],
        "group_id": check_in["group_id"],
        "check_in_id": check_in["id"],
        "rule": "benchmark",
        "reasons_sealed": sealer.seal("flag", "reasons", id, reasons),
        "state": state,
        "version": 0,
        "raised_at": min(now, check_in["ended_at"]),
    }


def _requests(session: Session, school_id: UUID, pupils: list[Pupil], now: datetime) -> None:
    for number, pupil in enumerate(pupils):
        state = "open" if number < 10 else "owned"
        session.add(
            Request(school_id=school_id, pupil_id=pupil.id, state=state, asked_at=now - timedelta(minutes=number))
        )
    session.flush()


def _letters(
    sealer: Sealer, school_id: UUID, pupils: list[Pupil], letters: int, now: datetime
) -> Iterator[dict[str, Any]]:
    numbers = count()
    for number in range(letters):
        id, pupil = new_id(), pupils[number % len(pupils)]
        payload = {"message": {"title": None, "paragraphs": [{"t": "x" * 400}], "rows": []}, "chat": next(numbers)}
        payload |= {"language": "en", "zone": "Europe/London"}
        done_at = now - timedelta(minutes=number % 40_000)
        yield {
            "id": id,
            "school_id": school_id,
            "network": "telegram",
            "lane": LANES["reply"],
            "method": "edit",
            "recipient": f"pupil:{pupil.id.hex}",
            "dedupe": f"bulk {number}",
            "payload_sealed": sealer.seal("outbox", "payload", id, payload),
            "not_before": done_at,
            "attempts": 1,
            "state": "sent",
            "done_at": done_at,
        }


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]
