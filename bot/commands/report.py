"""The command `earshot report`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from bot.clock import kept_clock
from bot.commands.tools import out, private_file, settings, the_school
from bot.copies.adults import staff_reads
from bot.opening import open_store
from bot.school_report import as_pdf, sheet
from scheduling.school import facts
from scheduling.school_report import SchoolReport, school_report
from scheduling.school_view import add_up_next
from store import audit
from store.sealing import Sealer
from store.tables import School


def report(file: Annotated[Path, typer.Argument(help="The PDF to write; it must not be there yet.")]) -> None:
    """Write the school's last twelve months on one page: totals for the head and governors, and nobody in them.

    Example: earshot report report-autumn.pdf
    """
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = the_school(session)
        page = sheet(gather(session, sealer, school, kept_clock(session)()), facts(school), staff_reads(school))
    engine.dispose()
    with private_file(file) as written:
        written.write(as_pdf(page))
    out.plain(f"The report is in {file}.")


def gather(session: Session, sealer: Sealer, school: School, now: datetime) -> SchoolReport:
    """Add up what has not been yet, a wave at a time, and put the year together; audited."""
    while add_up_next(session, sealer, school.id, now):
        session.commit()
    audit.record(session, school.id, now, actor="command:report", action="read school view", subject="school")
    made = school_report(session, sealer, facts(school), now)
    session.commit()
    return made
