"""The command `earshot import`: show what files would change, list what is wrong with them, then carry it out."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table
from sqlalchemy import func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.commands.tools import bar, errors, out, private_file, settings, the_school
from bot.importing import importing
from bot.importing.accents import to_look_at
from bot.importing.files import USUAL, Encoding
from bot.importing.importing import BadRow, ImportFile, ImportPlan, ImportProblem
from bot.importing.rows import Kind
from bot.importing.years import UNDER_EIGHT, YEARS
from bot.opening import open_store
from store import audit
from store.people_tables import Guardian
from store.tables import Pupil, School, Staff

SHOWN_BAD = 50
# More than this share of pupils, staff or guardians leaving at once is more likely the wrong file than a summer.
MANY = 0.3
_HEAD = ("file", "line", "reason")


def import_files(
    files: Annotated[list[Path], typer.Argument(help="CSV or XLSX files of staff, groups, pupils, guardians: any.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    bad_rows: Annotated[Path | None, typer.Option("--errors", help="A CSV file to list the wrong rows in.")] = None,
    everyone: Annotated[
        bool, typer.Option("--everyone", help="The files name everybody of their kind: who is not in them has left.")
    ] = False,
    many_leave: Annotated[
        bool, typer.Option("--many-leave", help="With --everyone: it is right that very many leave.")
    ] = False,
    noughts_differ: Annotated[
        bool,
        typer.Option("--noughts-differ", help="Ids that differ only in noughts at their front are different people’s."),
    ] = False,
    encoding: Annotated[
        Encoding | None, typer.Option(help=f"What CSV files are saved as that are not UTF-8; else {USUAL}.")
    ] = None,
) -> None:
    """Bring in staff, tutor groups, pupils and guardians; all of it or, if a row is wrong, none.

    Example: earshot import staff.csv groups.csv pupils.xlsx --dry-run
    """
    engine, sealer = open_store(settings(), make=False)
    with bar("Reading") as progress:
        read = []
        for number, file in enumerate(files):
            progress(number, len(files))
            read.append(importing.read_file(file, encoding or USUAL))
    with Session(engine) as session:
        school = the_school(session)
        today = datetime.now(ZoneInfo(school.zone)).date()
        with bar("Comparing") as progress:
            planned = importing.plan(
                session,
                sealer,
                school,
                read,
                today,
                everyone=everyone,
                noughts_differ=noughts_differ,
                progress=progress,
            )
        for one in read:
            if one.names_nobody:
                out.print(f"{one.name} names nobody.", markup=False)
            if one.unread:
                numbers = ", ".join(map(str, one.unread))
                out.print(f"{one.name}: columns {numbers} are not needed and were not read.", markup=False)
            if dry_run or encoding is None:
                _say_encoding(one, dry_run=dry_run)
        _show(planned)
        _refuse(session, school, planned, bad_rows, many_leave=many_leave)
        if not dry_run:
            with bar("Bringing in") as progress:
                importing.apply(session, sealer, school, planned, progress)
            if any(one.added or one.changed or one.moved or one.left or one.back for one in planned.counts().values()):
                audit.record(
                    session,
                    school.id,
                    datetime.now(UTC),
                    actor="command:import",
                    action="lists brought in",
                    subject=f"school:{school.id.hex}",
                )
            session.commit()
    engine.dispose()
    out.print("Nothing was changed: this was a dry run." if dry_run else "Done.")


def _say_encoding(file: ImportFile, *, dry_run: bool) -> None:
    """Ask a person to look where no program can tell: letters of another encoding are letters too."""
    names = to_look_at(file)
    if not names:
        return
    said = f"{file.name} is not UTF-8 and was read as {file.encoding}."
    if not dry_run:
        # Names are shown to who asks to see, and to nobody who only runs the command each night.
        out.plain(f"{said} With --dry-run a few names are shown, to see if they read as they should.")
        return
    out.plain(f"{said} Do these names read as they should? {'; '.join(names)}.")
    out.plain("If not, say --encoding, such as windows-1250, or save it as “CSV UTF-8”.")


def _show(planned: ImportPlan) -> None:
    table = Table("", "new", "changed", "moved", "left", "back", "the same")
    for kind, counts in planned.counts().items():
        numbers = (counts.added, counts.changed, counts.moved, counts.left, counts.back, counts.same)
        table.add_row(kind, *map(str, numbers))
    if table.row_count:
        out.print(table)
    if planned.younger:
        counted = ", ".join(f"{count} of {kind}" for kind, count in planned.younger.items())
        out.print(f"Rows left out, for they are about children younger than year {YEARS[0]}: {counted}.")
    if young := planned.under_eight():
        out.print(
            f"Pupils in years {UNDER_EIGHT[0]} to {UNDER_EIGHT[-1]}: {young}. The questions are written for age 8 and "
            "over; take out of the list whom you do not want asked."
        )


def _refuse(session: Session, school: School, planned: ImportPlan, bad_rows: Path | None, *, many_leave: bool) -> None:
    """Stop at wrong rows, having listed them, and at a file that would see off too many."""
    if planned.bad:
        for bad in planned.bad[:SHOWN_BAD]:
            errors.print(f"{bad.file}, line {bad.line}: {bad.reason}", markup=False)
        more = ""
        if bad_rows is not None:
            _write(bad_rows, planned.bad)
            more = f" All of them are listed in {bad_rows}."
        elif len(planned.bad) > SHOWN_BAD:
            more = f" The first {SHOWN_BAD} are shown; --errors FILE lists all."
        raise ImportProblem(
            f"{len(planned.bad)} rows are wrong, so nothing was changed. Mend them and import again.{more}"
        )
    for kind, here in _here(session, school).items():
        leaving = sum(leaver.kind == kind for leaver in planned.left)
        if leaving > MANY * here and leaving > 1 and not many_leave:
            raise ImportProblem(
                f"{leaving} of {here} {kind} would leave, so nothing was changed. If the files do name everybody, say "
                "--many-leave as well."
            )


def _here(session: Session, school: School) -> dict[Kind, int]:
    """Count who is at the school now, by kind."""
    counted: dict[Kind, SelectOfScalar[int]] = {
        "pupils": select(func.count())
        .select_from(Pupil)
        .where(col(Pupil.school_id) == school.id, col(Pupil.status) != "left"),
        "staff": select(func.count())
        .select_from(Staff)
        .where(col(Staff.school_id) == school.id, col(Staff.active).is_(True)),
        "guardians": select(func.count())
        .select_from(Guardian)
        .where(col(Guardian.school_id) == school.id, col(Guardian.active).is_(True)),
    }
    return {kind: session.exec(statement).one() for kind, statement in counted.items()}


def _write(path: Path, bad: Iterable[BadRow]) -> None:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEAD)
    writer.writerows((row.file, row.line, row.reason) for row in bad)
    if _is_a_list_of_ours(path):
        # The same command is typed again once rows are mended.
        path.unlink()
    with private_file(path) as file:
        file.write(text.getvalue().encode())


def _is_a_list_of_ours(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            return file.readline().strip() == ",".join(_HEAD)
    except (OSError, ValueError):
        return False
