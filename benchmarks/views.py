"""Views: how long staff wait for us when the store holds ten years of 1,035 pupils.

The history is made once by bulk inserts, and with it what ten years leave behind: places of messages, decided flags,
an audit chain, a month of sent letters. Each figure is one whole transaction, from its beginning to its commit with
full sync, as the worker runs it. Beside the times, every statement the views made is explained by the database: none
may read one of the large tables from end to end.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, event, func
from sqlmodel import Session, col, select

from benchmarks import history, stage
from benchmarks.history import Size
from benchmarks.report import Report, Row, Scale, at_most
from bot.slack import desk
from bot.worker import Worker
from scheduling import rounds
from scheduling.briefing import latest_wave
from scheduling.jobs import JOBS
from scheduling.school import SchoolFacts, Schools
from store import outbox
from store.due import next_due
from store.sealing import Sealer
from store.tables import CheckIn, Due, Flag, School, Staff, TutorGroup

SIZES = {"tiny": Size(pupils=50, waves=4, letters=50, audits=5), "usual": Size(), "full": Size()}
LARGE = ("check_in", "posted", "outbox", "audit", "flag")
TARGET_MS = 300.0
PEOPLE_MOST = 50


@dataclass(frozen=True)
class _School:
    """The school that is looked at."""

    worker: Worker
    sealer: Sealer
    facts: SchoolFacts
    now: datetime


async def measure(scale: Scale) -> Report:
    """Make the history, then time each view for many people."""
    with stage.folder() as path:
        began = time.monotonic()
        engine, sealer = history.make(Path(path), SIZES[scale])
        made = time.monotonic() - began
        worker = Worker(engine)
        facts = worker.run_now(lambda session: Schools(session.exec(select(School.id)).one()).of(session))
        place = _School(worker, sealer, facts, datetime.now(UTC) + timedelta(seconds=1))
        views, own = _views(place), _looks(place)
        with _statements(engine) as seen:
            times = {what: [_seconds(worker, work) for work in works] for what, works in views.items()}
            looks = {what: [_seconds(worker, work) for work in works] for what, works in own.items()}
        scans = _scans(engine, seen)
        held = worker.run_now(lambda session: session.exec(select(func.count()).select_from(CheckIn)).one())
        worker.close()
    rows = [row for what, took in times.items() for row in _rows(what, took, TARGET_MS)]
    rows += [row for what, took in looks.items() for row in _rows(what, took, None)]
    rows.append(Row("large tables read from end to end", "none" if not scans else "\n".join(scans), "none", not scans))
    return Report(tuple(rows), f"{held:,} check-ins; their history was made in {made:.0f} s.")


def _rows(what: str, took: list[float], target: float | None) -> Iterator[Row]:
    middle, most = median(took) * 1000, max(took) * 1000
    if target is None:
        yield Row(f"{what}: median, slowest", f"{middle:.1f} ms, {most:.1f} ms")
    else:
        yield Row(f"{what}: median of {len(took)}", f"{middle:.1f} ms")
        yield at_most("  slowest", most, target, "ms")


def _seconds(worker: Worker, work: Callable[[Session], object]) -> float:
    began = time.perf_counter()
    worker.run_now(work)
    return time.perf_counter() - began


# --- what is looked at ------------------------------------------------------------------------------------------------


def _views(place: _School) -> dict[str, list[Callable[[Session], object]]]:
    """List each view once for everybody who has it, at most PEOPLE_MOST times."""
    staff, groups, flags, scored = place.worker.run_now(lambda session: _subjects(session, place))
    by_role = {role: [one for one in staff if role in one.roles] for role in ("tutor", "head_of_year", "dsl")}
    views = {
        f"Home tab of a {name}": [_home(place, member, number) for number, member in enumerate(by_role[role])]
        for role, name in (("tutor", "tutor"), ("head_of_year", "head of year"), ("dsl", "DSL"))
    }
    lead = by_role["dsl"][0]
    views["who did not answer"] = [_unanswered(place, lead, group) for group in groups]
    views["a nudge taken"] = [_taken(place, lead, flag) for flag in flags]
    views["the tutor's card of a wave"] = [_card(place, group) for group in groups]
    views["scoring one pupil"] = [_score(place, check_in) for check_in in scored]
    return {what: works[:PEOPLE_MOST] for what, works in views.items()}


def _subjects(session: Session, place: _School) -> tuple[list[Staff], list[UUID], list[UUID], list[UUID]]:
    wave = latest_wave(session, place.facts.id)
    assert wave is not None  # noqa: S101 (the history has waves)
    return (
        list(session.exec(select(Staff).where(Staff.school_id == place.facts.id))),
        list(session.exec(select(TutorGroup.id))),
        list(session.exec(select(Flag.id).where(Flag.state == "new"))),
        list(
            session.exec(
                select(CheckIn.id)
                .where(CheckIn.school_id == place.facts.id, CheckIn.wave_id == wave.id)
                .where(col(CheckIn.answers_sealed).is_not(None))
                .limit(PEOPLE_MOST)
            )
        ),
    )


def _home(place: _School, member: Staff, number: int) -> Callable[[Session], object]:
    def work(session: Session) -> object:
        viewer = session.get_one(Staff, member.id)
        key = f"view {member.id.hex} {number}"
        return desk.opened_home(session, place.sealer, place.facts, viewer, place.now, key, "benchmark")

    return work


def _press(place: _School, member: Staff, action: str, value: str) -> Callable[[Session], object]:
    def work(session: Session) -> object:
        viewer = session.get_one(Staff, member.id)
        return desk.act(
            session, place.sealer, place.facts, viewer, action, value, place.now, f"{action} {value}", "benchmark"
        )

    return work


def _unanswered(place: _School, lead: Staff, group: UUID) -> Callable[[Session], object]:
    def work(session: Session) -> object:
        wave = latest_wave(session, place.facts.id)
        assert wave is not None  # noqa: S101 (the history has waves)
        return _press(place, lead, "unanswered_show", f"{wave.id.hex}:{group.hex}")(session)

    return work


def _taken(place: _School, lead: Staff, flag: UUID) -> Callable[[Session], object]:
    return _press(place, lead, "nudge_take", flag.hex)


def _card(place: _School, group: UUID) -> Callable[[Session], object]:
    def work(session: Session) -> object:
        wave = latest_wave(session, place.facts.id)
        assert wave is not None  # noqa: S101 (the history has waves)
        rounds.group_card(session, place.sealer, place.facts, wave, group, place.now)
        return None

    return work


def _score(place: _School, check_in: UUID) -> Callable[[Session], object]:
    def work(session: Session) -> object:
        due = Due(school_id=place.facts.id, kind="score", subject=check_in.hex, due_at=place.now)
        return JOBS["score"](session, place.sealer, place.facts, due, place.now)

    return work


def _looks(place: _School) -> dict[str, list[Callable[[Session], object]]]:
    """List what the bot itself does every second, whether there is work or not."""

    def claim(session: Session) -> object:
        return outbox.claim(
            session, place.sealer, network="telegram", now=place.now, worker="benchmark", lanes=(0, 1, 2), limit=120
        )

    def due(session: Session) -> object:
        return next_due(session, place.now)

    return {"the bot's look for letters to send": [claim] * 20, "the bot's look for work that is due": [due] * 20}


# --- what the database says of it -------------------------------------------------------------------------------------


@contextmanager
def _statements(engine: Engine) -> Iterator[dict[str, Any]]:
    """Keep each statement made in the block once, with the parameters it first had."""
    seen: dict[str, Any] = {}

    def note(_connection: Connection, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:  # noqa: ANN401
        if statement.startswith(("SELECT", "UPDATE", "DELETE")):
            seen.setdefault(statement, parameters)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _scans(engine: Engine, seen: dict[str, Any]) -> list[str]:
    """List the large tables that some statement reads from end to end, with how that statement begins."""
    found = set()
    with engine.connect() as connection:
        for statement, parameters in seen.items():
            first = parameters[0] if isinstance(parameters, list) else parameters
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", first).all()
            for row in plan:
                words = str(row[-1]).split()
                # An index of what waits holds only that, however long the table.
                if words[0] == "SCAN" and words[1] in LARGE and "ix_outbox_waiting" not in words:
                    found.add(f"{words[1]}, by {statement.split()[0]} … {statement.split('WHERE')[-1].strip()[:60]}")
    return sorted(found)
