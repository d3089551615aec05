"""The command line: each command a thin function; what goes wrong is one sentence and a way out."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlmodel import Session, select

from bot import logs
from bot.clock import Clock
from bot.codes import CodesProblem, write_codes
from bot.commands import audit as audit_commands
from bot.commands import backup as backup_commands
from bot.commands import basis as basis_commands
from bot.commands import care as care_commands
from bot.commands import importing as import_commands
from bot.commands import keys as keys_commands
from bot.commands import letters as letters_commands
from bot.commands import person as person_commands
from bot.commands import retention as retention_commands
from bot.commands.absence import absence
from bot.commands.anchors import anchors
from bot.commands.fairness import fairness
from bot.commands.flag import flags
from bot.commands.impact import impact
from bot.commands.whisper import anonymity_app
from bot.commands.whisper import app as whisper_app
from bot.commands.wording import WordingProblem, wording
from bot.doctor.doctor import examine
from bot.importing.rows import ImportProblem
from bot.opening import is_there, open_store, problem_of
from bot.rehearsing import RehearsalProblem
from bot.running import run as run_service
from bot.sample.sample import SampleProblem
from bot.settings import Settings, SettingsProblem, read_settings
from scheduling import rounds
from scheduling.calendar import CalendarError, SchoolCalendar
from scheduling.ics import read_ics
from scheduling.rounds import WaveProblem
from scheduling.school import facts, wave_rule
from scheduling.waves import wave_now
from signals.fairness import NeedsExtra
from store.sealing import KeyProblem, Unreadable
from store.tables import School
from store.vault import StoreProblem, migrate

PROBLEMS = (
    SettingsProblem,
    StoreProblem,
    KeyProblem,
    SampleProblem,
    RehearsalProblem,
    ImportProblem,
    CodesProblem,
    NeedsExtra,
    WaveProblem,
    CalendarError,
    WordingProblem,
)

app = typer.Typer(
    name="earshot",
    help="Earshot: short check-ins for pupils, a way to be heard, and nudges for those who can help.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(keys_commands.app, name="keys")
app.add_typer(audit_commands.app, name="audit")
app.command(name="import")(import_commands.import_files)
app.add_typer(person_commands.app, name="person")
app.command()(basis_commands.basis)
app.command()(retention_commands.retention)
app.command()(letters_commands.letters)
care_commands.app.command()(anchors)
app.add_typer(care_commands.app, name="policy")
app.command()(care_commands.closed)
app.command()(backup_commands.backup)
app.command()(backup_commands.restore)
app.add_typer(flags, name="flag")
app.command()(fairness)
app.add_typer(wording)
app.add_typer(whisper_app, name="whisper")
app.add_typer(anonymity_app, name="anonymity")
app.command()(impact)
app.command()(absence)
out = Console()
errors = Console(stderr=True)


@app.command()
def run() -> None:
    """Run Earshot. With no tokens set, everything runs on this machine: the rehearsal.

    Example: earshot run
    """
    run_service(_settings())


@app.command()
def init(
    name: Annotated[str, typer.Option(help="The school's name.", prompt=True)],
    nation: Annotated[str, typer.Option(help="Whose bank holidays: ENG, WLS, SCT, NIR or IE.")] = "ENG",
    zone: Annotated[str, typer.Option(help="The school's time zone.")] = "Europe/London",
    calendar: Annotated[Path | None, typer.Option(help="Term dates as an .ics file.")] = None,
) -> None:
    """Make a new, empty school: the data folder, the key, the tables.

    Example: earshot init --name "Larkfield School" --calendar terms.ics
    """
    settings = _settings()
    terms = SchoolCalendar(zone=zone, nation=nation)
    if calendar is not None:
        terms = _with_dates(terms, calendar)
    engine, _sealer = open_store(settings, make=True)
    with Session(engine) as session:
        if session.exec(select(School.id)).first() is not None:
            raise StoreProblem("There is a school here already. Set EARSHOT_DATA_DIR to another folder for a new one.")
        session.add(School(name=name, zone=zone, nation=nation, calendar=terms.to_json(), policy={}))
        session.commit()
    out.print("The school is made. Keep a copy of the key file somewhere else: without it nothing can be read.")
    if not terms.terms:
        out.print("It has no term dates yet: run `earshot calendar FILE.ics` before the first check-in.")


@app.command()
def calendar(file: Annotated[Path, typer.Argument(help="Term dates as an .ics file.")]) -> None:
    """Read the school's term dates, INSET days and closures.

    Example: earshot calendar terms.ics
    """
    engine, _sealer = open_store(_settings(), make=False)
    with Session(engine) as session:
        school = _school(session)
        school.calendar = _with_dates(SchoolCalendar.from_json(school.calendar), file).to_json()
        session.add(school)
        session.commit()
    out.print("The calendar is set.")


def _with_dates(terms: SchoolCalendar, file: Path) -> SchoolCalendar:
    try:
        content = file.read_bytes()
    except OSError:
        raise CalendarError(f"{file.name} cannot be read. Give the .ics file your school publishes.") from None
    dates = read_ics(content, terms.zone)
    for warning in dates.warnings:
        out.print(warning, markup=False)
    for unread in dates.not_understood:
        out.print(f"Left out: {unread.title} ({unread.why})", markup=False)
    return replace(terms, terms=dates.terms, closures=dates.closures)


@app.command(name="migrate")
def migrate_store() -> None:
    """Bring the database up to this version of Earshot.

    Example: earshot migrate
    """
    settings = _settings()
    if not is_there(settings):
        raise StoreProblem("There is no database here to bring up to date. Run `earshot init` for a new one.")
    engine, _sealer = open_store(settings, make=True)
    migrate(engine)
    out.print("The database is up to date.")


@app.command()
def wave() -> None:
    """Open a check-in for everybody now, rather than at its planned time.

    Example: earshot wave
    """
    engine, _sealer = open_store(_settings(), make=False)
    clock = Clock()
    with Session(engine) as session:
        school = facts(_school(session))
        if not school.calendar.terms:
            raise WaveProblem("The school has no term dates yet. Run `earshot calendar FILE.ics` first.")
        rounds.open_now(session, school, wave_now(school.calendar, wave_rule(school), clock()), clock())
        asked = rounds.reachable_pupils(session)
        session.commit()
    out.print(f"A check-in opens for {asked} pupils. They get it as soon as Earshot is running.")


@app.command()
def codes(file: Annotated[Path, typer.Argument(help="A new file to write the codes to.")]) -> None:
    """Make a join code for every pupil who has no phone here yet; codes made for them before end.

    Each works once, for thirty days. Keep the file to yourself and delete it once the codes are handed out.

    Example: earshot codes codes.csv
    """
    engine, sealer = open_store(_settings(), make=False)
    with Session(engine) as session:
        count = write_codes(session, sealer, _school(session), file, Clock()())
        session.commit()
    out.print(
        f"{count} codes are in {file.name}. A pupil sends theirs to the bot, or opens t.me/<your bot>?start=CODE."
    )


@app.command()
def doctor() -> None:
    """Check everything Earshot needs, and say what mends what is wrong.

    Example: earshot doctor
    """
    table = Table("", "what", "how it stands")
    findings = examine(_settings())
    for finding in findings:
        table.add_row("[green]ok[/green]" if finding.ok else "[red]mend[/red]", finding.what, finding.words)
    out.print(table)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _school(session: Session) -> School:
    school = session.exec(select(School).limit(1)).first()
    if school is None:
        raise StoreProblem("There is no school yet. Run `earshot init` first.")
    return school


def _settings() -> Settings:
    settings = read_settings()
    logs.set_up("WARNING" if settings.rehearses and settings.log_level == "INFO" else settings.log_level)
    return settings


def main() -> None:
    """Run the command line; a problem is one sentence on standard error and exit status 1."""
    try:
        app(prog_name="earshot")
    except PROBLEMS as problem:
        _say(str(problem))
        sys.exit(1)
    except Unreadable as problem:
        _say(f"A row of the database was damaged ({problem}). Put back a backup, or ask for help with this line")
        sys.exit(1)
    except Exception as error:
        # A traceback could hold a name or an answer; the place in the program is enough to mend it by.
        _say(problem_of(error))
        sys.exit(1)


def _say(sentence: str) -> None:
    # A file's name stays as it is.
    if "." not in sentence.split(" ", 1)[0]:
        sentence = sentence[:1].upper() + sentence[1:]
    errors.print(sentence if sentence.endswith(".") else f"{sentence}.", style="red", markup=False)
