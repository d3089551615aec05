"""The care of the whisper store: purging, making it lie in no order, and backups that tell nothing by their size."""

import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, delete, func, insert, select, text

from store.sealing import Sealer
from store.vault import StoreProblem
from store.whisper_desk import OUTCOMES, DeskLocked, opens
from store.whisper_sealing import (
    ID_BYTES,
    MARK_BYTES,
    SALT_BYTES,
    VERIFIER_BYTES,
    NotOpened,
    new_seed,
    no_route,
    pack,
    public_of,
    seal,
)
from store.whisper_store import WhisperStore, open_whispers, place_of
from store.whisper_tables import lately, reader, report, setting, turn, whisper_metadata, wrap
from store.whispers import KINDS

KEEP: Final = timedelta(days=90)
# A backup holds a whole number of these: one report more does not show.
REPORTS_STEP, TURNS_STEP = 32, 128
_SLOT: Final = "slot"


def due_for_purge(store: WhisperStore, today: date) -> list[str]:
    """List the reports closed so long ago that they are to go, unless a lead keeps them."""
    last = (today - KEEP).isoformat()
    with store.read() as connection:
        rows = connection.execute(
            select(report.c.id).where(report.c.status == "closed", report.c.kept == "", report.c.closed <= last)
        ).all()
    return sorted(row.id.hex() for row in rows)


def purge(store: WhisperStore, report_id: str) -> None:
    """Remove a report so that nothing of it is left in the file."""
    wanted = bytes.fromhex(report_id)
    with store.write() as connection:
        connection.execute(delete(turn).where(turn.c.report == wanted))
        connection.execute(delete(wrap).where(wrap.c.report == wanted))
        connection.execute(delete(report).where(report.c.id == wanted))
    tidy(store)


def tidy(store: WhisperStore) -> None:
    """Write the whole store anew, so that neither pages nor system columns say what came when."""
    if store.path is not None:
        raw = store.engine.raw_connection()
        try:
            raw.cursor().execute("VACUUM")
        finally:
            raw.close()
        store.settle()
        store.untidy = False
        return
    with store.write() as connection:
        for table in (report, wrap, turn):
            rows: list[Mapping[str, Any]] = [dict(row._mapping) for row in connection.execute(select(table))]
            secrets.SystemRandom().shuffle(rows)
            # A table cut to nothing gets a new file; rows put back in one transaction share its number.
            connection.execute(text(f'TRUNCATE TABLE "{table.name}"'))
            for row in rows:
                connection.execute(insert(table), [row])
    store.untidy = False


def slot_done(store: WhisperStore) -> datetime | None:
    """Say which of the fixed times was done last, by whichever process; None where none was yet."""
    with store.read() as connection:
        value = connection.execute(select(setting.c.value).where(setting.c.name == _SLOT)).scalar()
    return datetime.fromisoformat(bytes(value).decode()) if value is not None else None


def note_slot(store: WhisperStore, slot: datetime) -> None:
    """Note that a fixed time was done. It is the school's own, in no way a writer's."""
    with store.write() as connection:
        connection.execute(delete(setting).where(setting.c.name == _SLOT))
        connection.execute(insert(setting), {"name": _SLOT, "value": slot.astimezone(UTC).isoformat().encode()})


def back_up(store: WhisperStore, path: Path, sealer: Sealer, today: date) -> None:
    """Copy the store into a new SQLite file, filled up with reports that look like any other and open for nobody.

    Raises StoreProblem when the file is there already.
    """
    if path.exists():
        raise StoreProblem(f"{path.name} is there already. Name a new file.")
    copy = open_whispers(f"sqlite:///{path}", sealer, store.cost)
    try:
        with store.read() as source, copy.write() as target:
            for table in whisper_metadata.sorted_tables:
                if table is lately:
                    continue
                target.execute(delete(table))
                for row in source.execute(select(table)):
                    target.execute(insert(table), [dict(row._mapping)])
        _fill_up(copy, today)
        tidy(copy)
    finally:
        copy.engine.dispose()


def sweep(store: WhisperStore) -> int:
    """Remove the reports that open for nobody, which came with a backup that was put back; gives how many."""
    with store.read() as connection:
        readers = [row.id for row in connection.execute(select(reader.c.id)).all()]
        reports = [row.id.hex() for row in connection.execute(select(report.c.id)).all()]
    if not readers:
        return 0
    lost = [one for one in reports if not any(_opens(store, who, one) for who in readers)]
    for one in lost:
        purge(store, one)
    return len(lost)


def _opens(store: WhisperStore, who: bytes, report_id: str) -> bool:
    try:
        return opens(store, who, report_id)
    except DeskLocked:
        # Nobody can say: it stays.
        return True
    except NotOpened:
        return False


def _fill_up(copy: WhisperStore, today: date) -> None:
    with copy.write() as connection:
        reports = connection.execute(select(report)).all()
        readers = connection.execute(select(reader.c.id, reader.c.public)).all()
        turns = connection.execute(select(func.count()).select_from(turn)).scalar_one()
        made = [_dummy(copy, today) for _ in range(_missing(len(reports), REPORTS_STEP))]
        for row in made:
            connection.execute(insert(report), [row])
            for one in readers:
                sealed = seal(public_of(new_seed()), new_seed(), place_of("wrap", row["id"], one.id))
                connection.execute(insert(wrap), [{"report": row["id"], "reader": one.id, "sealed": sealed}])
        # At least one turn each, then up to the step.
        owners = [row["id"] for row in made]
        extra = _missing(turns + len(owners), TURNS_STEP)
        pool = owners or [row.id for row in reports]
        for owner in (*owners, *(secrets.choice(pool) for _ in range(extra if pool else 0))):
            turn_id = secrets.token_bytes(ID_BYTES)
            nobody = public_of(new_seed())
            connection.execute(
                insert(turn),
                [{"report": owner, "id": turn_id, "desk": seal(nobody, b"", b""), "mine": seal(nobody, b"", b"")}],
            )


def _missing(count: int, step: int) -> int:
    """Say how many to add, so that the whole is a number of steps, and never none."""
    return step - count % step


def _dummy(copy: WhisperStore, today: date) -> dict[str, Any]:
    key, day = secrets.token_bytes(ID_BYTES), today - timedelta(days=secrets.randbelow(60))
    status = secrets.choice(("read", "acting", "closed", "closed"))
    closed = status == "closed"
    return {
        "id": key,
        "day": day.isoformat(),
        "kind": secrets.choice(KINDS),
        "urgency": secrets.choice(("ordinary", "ordinary", "ordinary", "urgent")),
        "status": status,
        "stage": "read",
        "hold": "",
        "kept": "",
        "closed": min(day + timedelta(days=secrets.randbelow(14)), today).isoformat() if closed else "",
        "outcome": secrets.choice(OUTCOMES) if closed else "",
        "salt": secrets.token_bytes(SALT_BYTES),
        "mark": secrets.token_bytes(MARK_BYTES),
        "verifier": secrets.token_bytes(VERIFIER_BYTES),
        "reporter_key": public_of(new_seed()),
        "desk_key": public_of(new_seed()),
        "head": seal(public_of(new_seed()), pack({}), b""),
        "card": copy.lock_card(b"[]", key),
        "knock": "",
        "route": no_route(),
    }


def tables() -> tuple[Table, ...]:
    """Give every table, for whoever checks what they may hold."""
    return (report, wrap, turn, reader, lately, setting)
