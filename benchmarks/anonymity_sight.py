"""What an attacker sees who holds every file the school keeps: rows, sizes, places in a file, and the files' times."""

import sqlite3
from pathlib import Path
from uuid import UUID

from sqlalchemy import inspect, null, select, text
from sqlmodel import SQLModel

from benchmarks.sqlite_pages import places
from benchmarks.whisper_town import Town
from store.whisper_tables import report, turn, whisper_metadata

_outbox, _pupil, _conversation = map(SQLModel.metadata.tables.__getitem__, ("outbox", "pupil", "conversation"))


def files(town: Town) -> list[Path]:
    path = town.whispers.path
    return sorted(path.parent.glob(path.name + "*")) if path is not None else []


def file_times(town: Town) -> tuple[float, float]:
    """Say when any of the whispers' files was last touched, and last changed as a copy keeps it (seconds)."""
    stats = [file.stat() for file in files(town)]
    return max((one.st_ctime for one in stats), default=0.0), max((one.st_mtime for one in stats), default=0.0)


def main_store(town: Town, active: list[int]) -> tuple[list[float], list[int], list[int], list[int]]:
    """Read what the main store says of those pupils' ordinary use.

    Gives the times of their outbox rows (seconds), the numbers of their updates, how much else of each has changed, and
    the transactions that wrote (PostgreSQL; else nothing).
    """
    pupils = [UUID(town.pupils[chat]) for chat in active]
    on_postgresql = town.engine.dialect.name == "postgresql"
    written_by = text("xmin::text::bigint") if on_postgresql else null()
    changed = (
        select(_pupil.c.id, _pupil.c.unreachable_since, _conversation.c.version)
        .join(_conversation, _conversation.c.pupil_id == _pupil.c.id, isouter=True)
        .where(_pupil.c.id.in_(pupils))
    )
    with town.engine.connect().execution_options(reading=True) as connection:
        letters = connection.execute(select(_outbox.c.recipient, _outbox.c.id, _outbox.c.dedupe, written_by)).all()
        changes = {
            row.id: (row.unreachable_since is not None) + (row.version or 0) for row in connection.execute(changed)
        }
    rows = {UUID(row.recipient.removeprefix("pupil:")): row for row in letters}
    mine = [rows[one] for one in pupils]
    return (
        [(row.id.int >> 80) / 1000 for row in mine],
        [int(row.dedupe.split(":")[2]) for row in mine],
        [changes[one] for one in pupils],
        [row[3] for row in mine] if on_postgresql else [],
    )


def reports(town: Town) -> list[bytes]:
    """List the reports in the order the database gives them when it is asked for none."""
    with town.whispers.read() as connection:
        return [bytes(one) for one in connection.execute(select(report.c.id)).scalars()]


def row_order(town: Town) -> list[bytes]:
    """Order reports as a table gives them that should not be there, or else as their own does."""
    others = sorted(set(inspect(town.whispers.engine).get_table_names()) - set(whisper_metadata.tables))
    if not others:
        return reports(town)
    with town.whispers.read() as connection:
        return [bytes(one) for one in connection.execute(text(f'SELECT report FROM "{others[0]}"')).scalars()]  # noqa: S608


def sizes(town: Town, reports: list[bytes]) -> dict[bytes, int]:
    sizes = dict.fromkeys(reports, 0)
    with town.whispers.read() as connection:
        for row in connection.execute(select(turn.c.report, turn.c.desk).where(turn.c.report.in_(reports))):
            sizes[bytes(row.report)] += len(row.desk)
    return sizes


def page_order(town: Town, reports: list[bytes]) -> list[bytes]:
    """Order reports by where they lie in the file, as those lie that came one after another."""
    path = town.whispers.path
    if path is None:
        return [one for one in reports(town) if one in reports]
    looking = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    root = looking.execute("SELECT rootpage FROM sqlite_master WHERE name = 'report'").fetchone()[0]
    looking.close()
    where = places(path.read_bytes(), root, reports)
    return sorted(reports, key=lambda one: where[one])
