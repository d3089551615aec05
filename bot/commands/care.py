"""Commands for who is told of what waits: the school's escalation policy, and a day on which school is closed."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from sqlmodel import Session, col, select

from bot.clock import kept_clock
from bot.commands.anchors import anchors
from bot.commands.check_ins import check_ins
from bot.commands.names import names
from bot.commands.tools import FileProblem, day_of, out, settings, the_school
from bot.opening import open_store
from scheduling.calendar import Closure, SchoolCalendar
from scheduling.escalation import DEFAULT, Ladder, Member, Policy, PolicyError, holes, read_policy, unfit
from scheduling.school import facts
from store import audit
from store.tables import Pupil, School, Staff, TutorGroup

app = typer.Typer(help="Who is told of what waits, and when: show, check and set the policy.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="A policy, as `earshot policy show --json` prints it.")]


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="As a file to change and set.")] = False) -> None:
    """Show who is told of what waits, and after how many minutes.

    Example: earshot policy show --json > policy.json
    """
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        policy = read_policy(the_school(session).policy.get("escalation", {}))
    if as_json:
        print(json.dumps({kind: ladder.to_json() for kind, ladder in policy.items()}, indent=2))
        return
    table = Table("case", "minutes", "told", "then every", "owning lapses after", "clock")
    for kind, ladder in policy.items():
        _rows(table, kind, ladder)
    out.print(table)


def _rows(table: Table, kind: str, ladder: Ladder) -> None:
    for number, rung in enumerate(ladder.rungs):
        last = number == len(ladder.rungs) - 1
        table.add_row(
            "" if number else kind,
            str(rung.after),
            ", ".join(rung.tell),
            f"{ladder.every} min" if last else "",
            f"{ladder.lapse} min" if last and ladder.lapse else "never" if last else "",
            ladder.clock if last else "",
            end_section=last,
        )


@app.command()
def check(file: Annotated[Path | None, typer.Argument(help="A policy; without one, the school's own.")] = None) -> None:
    """Look for holes: cases that could wait with nobody told.

    Example: earshot policy check policy.json
    """
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = the_school(session)
        policy = _read(file) if file else read_policy(school.policy.get("escalation", {}))
        found = _holes(session, school, policy)
    for sentence in found:
        out.print(sentence, markup=False)
    if found:
        raise typer.Exit(1)
    out.print("The policy has no holes.")


@app.command(name="set")
def set_policy(
    file: File, anyway: Annotated[bool, typer.Option("--anyway", help="Set it though it opens holes.")] = False
) -> None:
    """Set the policy, unless it opens a hole. Cases that wait already keep the one they began with.

    Example: earshot policy set policy.json
    """
    policy = _read(file)
    if refused := unfit(policy):
        raise FileProblem(" ".join(refused))
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = the_school(session)
        found = _holes(session, school, policy)
        before = _holes(session, school, read_policy(school.policy.get("escalation", {})))
        fresh = [sentence for sentence in found if sentence not in before]
        if fresh and not anyway:
            raise FileProblem(f"{' '.join(fresh)} Nothing was set. Mend it, or add --anyway.")
        changed = {kind: ladder.to_json() for kind, ladder in policy.items() if ladder != DEFAULT[kind]}
        school.policy = {**school.policy, "escalation": changed}
        session.add(school)
        audit.record(
            session,
            school.id,
            datetime.now(UTC),
            actor="command",
            action="policy set",
            subject=f"school:{school.id.hex}",
        )
        session.commit()
    out.print("The policy is set; what begins from now on goes by it.")
    for sentence in found:
        out.print(f"A hole: {sentence}", markup=False)


def closed(
    day: Annotated[str | None, typer.Option("--on", help="The day, as YYYY-MM-DD; without it, today.")] = None,
    reopen: Annotated[bool, typer.Option("--open", help="It is open after all.")] = False,
) -> None:
    """Say that school is closed on a day (snow, a burst pipe): no check-in goes, and nothing is late.

    Danger is told at once all the same. Earshot need not be restarted.

    Example: earshot closed --on 2026-12-01
    """
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = the_school(session)
        calendar = facts(school).calendar
        when = day_of(day) if day else calendar.local_date(kept_clock(session)())
        if not reopen and not calendar.is_school_day(when):
            out.print(f"{when:%d %B %Y} is no school day anyway.")
            return
        changed = _with(calendar, when, is_open=reopen)
        school.calendar = changed.to_json()
        session.add(school)
        session.commit()
    words = "is a closed day now"
    if reopen:
        is_open = changed.is_school_day(when)
        words = "is a school day again" if is_open else "is no school day in the calendar, so it stays closed"
    out.print(f"{when:%d %B %Y} {words}.")


def _with(calendar: SchoolCalendar, day: date, *, is_open: bool) -> SchoolCalendar:
    kept = tuple(one for one in calendar.closures if not (one.kind == "closed" and one.first == one.last == day))
    return replace(calendar, closures=kept if is_open else (*kept, Closure.by_hand(day)))


def _read(file: Path) -> Policy:
    try:
        data: Any = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise FileProblem(f"{file.name} cannot be read ({error.strerror}). Give a policy's file.") from None
    except ValueError:
        raise FileProblem(f"{file.name} is no JSON. Begin with `earshot policy show --json > {file.name}`.") from None
    if not isinstance(data, dict):
        raise FileProblem(f"{file.name} is no policy. Begin with `earshot policy show --json > {file.name}`.")
    if not data:
        raise FileProblem(f"{file.name} sets nothing. Begin with `earshot policy show --json > {file.name}`.")
    try:
        return read_policy(data)
    except PolicyError as problem:
        raise FileProblem(str(problem)) from None


def _holes(session: Session, school: School, policy: Policy) -> list[str]:
    staff = session.exec(select(Staff).where(Staff.school_id == school.id, Staff.active)).all()
    years = session.exec(
        select(TutorGroup.year)
        .join(Pupil, col(Pupil.group_id) == col(TutorGroup.id))
        .where(TutorGroup.school_id == school.id)
        .distinct()
    ).all()
    heads = [one.year for one in staff if "head_of_year" in one.roles and one.year is not None]
    return holes(policy, [Member(one.id, frozenset(one.roles)) for one in staff], years, heads)


app.command()(anchors)
app.command()(check_ins)
app.command()(names)
