"""The command `earshot retention`: how long each class of data is kept, and setting it."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from sqlmodel import Session

from bot.commands.tools import out, settings, the_school
from bot.opening import open_store
from scheduling import retention as clocks
from scheduling.retention import CLOCKS, RetentionProblem
from scheduling.school import facts
from store import audit
from store.vault import StoreProblem


def retention(
    change: Annotated[
        list[str] | None, typer.Option("--set", help="A clock in days, such as words=180. May be given again.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what a purge now would delete, and delete nothing.")
    ] = False,
) -> None:
    """Show how long each class of data is kept, and set it. Each night what has outlived its clock is purged.

    Example: earshot retention --set words=180 --set leavers=90
    """
    engine, sealer = open_store(settings(), make=False)
    now = datetime.now(UTC)
    with Session(engine) as session:
        school = the_school(session)
        wanted = dict(map(_clock, change or []))
        if wanted:
            kept = {**school.policy.get("retention", {}), **wanted}
            school.policy = {**school.policy, "retention": kept}
            session.add(school)
            words = ", ".join(f"{name} {days}" for name, days in wanted.items())
            audit.record(
                session,
                school.id,
                now,
                actor="command:retention",
                action=f"kept for days: {words}",
                subject=f"school:{school.id.hex}",
            )
            session.commit()
        table = Table("class", "days", "what it is")
        for name, clock in CLOCKS.items():
            table.add_row(name, f"{clocks.days_of(school.policy, name):,}", clock.what)
        out.print(table)
        if dry_run:
            purged = clocks.purge(session, sealer, facts(school), now)
            session.rollback()
            words = ", ".join(f"{count:,} {name}" for name, count in purged.items())
            out.print(f"A purge now would delete: {words or 'nothing'}.")
    engine.dispose()


def _clock(words: str) -> tuple[str, int]:
    name, _, days = words.partition("=")
    try:
        return name, clocks.checked(name, int(days))
    except RetentionProblem as problem:
        raise StoreProblem(str(problem)) from None
    except ValueError:
        raise StoreProblem("A clock is a name and a number of days, such as words=180.") from None
