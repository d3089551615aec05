"""`python -m benchmarks.school_year`: a whole school year of what waits, and whether any of it was late.

A school of 1,035 pupils, 42 tutor groups and 90 staff lives through its own calendar with nudges, requests and dangers,
staff who are away or forget, a snow day, both clock changes, outages of Slack and Telegram, and restarts that lose what
was on the wire. Store, runner, jobs, cases, auditor, outbox and the desk's decisions are the real ones; simulated are
the clock, the senders at the edge and what people do. Check-ins are left out, for other benchmarks measure them:
flags are raised as the scoring would. The exit status is 1 if anything was late, lost, early or repeated.
"""

import argparse
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table
from sqlalchemy import event
from sqlmodel import Session, select

from benchmarks.report import share
from benchmarks.school import sample_size, store_settings
from benchmarks.year_clock import start_of_year
from benchmarks.year_plan import Plan
from benchmarks.year_world import World
from bot import logs
from bot.opening import open_store
from bot.sample import sample
from scheduling.sample import sample_calendar
from store.tables import School

YEAR = 2026
SCHOOL_DAYS = 190
KINDS = ("danger", "today", "priority", "nudge")
HEADINGS = (
    "case",
    "began",
    "owned or closed",
    "open at the top",
    "to an owner, median",
    "95 %",
    "steps",
    "most cards to one",
)


def live(
    folder: Path,
    *,
    seed: int,
    plan: Plan,
    pupils: int,
    school_days: int = SCHOOL_DAYS,
    also: Sequence[tuple[datetime, Callable[[World], None]]] = (),
) -> World:
    """Make the school in a folder and live through its year; gives the world as it stands at the end.

    `also` are things to be done to the world at moments of it.
    """
    engine, sealer = open_store(store_settings(folder), make=True)
    engine.dispose()

    @event.listens_for(engine, "connect")
    def _quick(connection: sqlite3.Connection, _entry: object) -> None:
        # Power cuts are tried elsewhere: here a year's transactions need not reach the disk.
        connection.execute("PRAGMA synchronous=OFF")

    # Its people as of the summer before, with that week's check-in.
    sample.build(engine, sealer, start_of_year(YEAR) - 8 * timedelta(weeks=1), seed, size=sample_size(pupils, weeks=1))
    with Session(engine) as session:
        row = session.exec(select(School)).one()
        # Without grounds no check-in opens.
        row.policy, row.calendar = {}, sample_calendar(YEAR).to_json()
        session.add(row)
        session.commit()
    world = World(engine, sealer, YEAR, seed, plan, school_days)
    for moment, act in also:
        world.at(moment, partial(act, world))
    world.run()
    engine.dispose()
    return world


def wrong(world: World) -> dict[str, int]:
    """Count all that must not be, by name."""
    found = world.book.found
    waiting = [one for one in world.book.cases.values() if one.state == "open" and not one.is_at_top]
    return {
        "cases that nobody owns and that are not at the top of their ladder": len(waiting),
        "steps taken late": found.late,
        "steps not taken": found.missed,
        "steps taken early": found.early,
        "steps of school time out of school": found.out_of_hours,
        "cards written after somebody owned it": found.nags,
        "cards of no case": found.unknown,
        "cards that arrived late while the network was up": found.delivered_late,
        "messages repeated beyond one a kill": max(0, world.counts.repeated - world.counts.kills),
    }


def show(console: Console, world: World, seconds: float, of_processor: float) -> None:
    """Print the year, what was wrong in it, and how long it took by the clock and of the processor."""
    table = Table(title="A school year", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "case" else "right")
    for kind in KINDS:
        its = [one for one in world.book.cases.values() if one.kind == kind]
        waits = world.book.waited.get(kind, [])
        table.add_row(
            kind,
            str(len(its)),
            str(sum(one.state != "open" for one in its)),
            str(sum(one.state == "open" and one.is_at_top for one in its)),
            _hours(median(waits)) if waits else "",
            _hours(share(waits, 0.95)) if waits else "",
            str(world.book.steps[kind]),
            str(max((max(one.to_reader.values(), default=0) for one in its), default=0)),
        )
    console.print(table)
    counts, down = world.counts, sum((last - first for first, last in world.down), timedelta())
    console.print(
        f"{len(world.hours.days)} school days, {len(world.pupils):,} pupils, {len(world.staff)} staff. "
        f"Slack was out {len(world.slack_out)} times, Telegram {len(world.telegram_out)}; Earshot stopped "
        f"{counts.kills} times, {down / timedelta(minutes=1):.0f} minutes in all.\n"
        f"{counts.sent:,} messages sent, {counts.refused:,} refused and tried again, {counts.repeated} sent twice; "
        f"{counts.presses:,} presses; {counts.absences} absences noted; the auditor mended {counts.mended}; the latest "
        f"step was {world.book.found.latest.total_seconds():.0f} s late.\n"
        f"It took {seconds:.0f} s, {of_processor:.0f} s of one processor.",
        highlight=False,
    )
    for words in world.book.found.words:
        console.print(words, highlight=False)
    for what, count in wrong(world).items():
        console.print(f"{'[bold]' if count else ''}{what}: {count}", highlight=False)


def _hours(minutes: float) -> str:
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def main() -> None:
    """Live through a year, print it, and say by the exit status whether all was well."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.school_year", description="Simulate a school year.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logs.set_up("ERROR")
    began, used = time.monotonic(), time.process_time()
    with tempfile.TemporaryDirectory(prefix="earshot-year-") as folder:
        world = live(Path(folder), seed=options.seed, plan=Plan(), pupils=1_035)
    show(Console(width=120), world, time.monotonic() - began, time.process_time() - used)
    sys.exit(1 if any(wrong(world).values()) else 0)


if __name__ == "__main__":
    main()
