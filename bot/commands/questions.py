"""Commands for a school's own questions: check a file, preview it, publish it as a new version, list, show, retire."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlmodel import Session

from bot import text
from bot.clock import Clock, kept_clock
from bot.commands import question_totals
from bot.commands.tools import out, settings, the_school
from bot.commands.wording import Written, findings, shown
from bot.opening import open_store
from conversations.bank import BANDS
from conversations.flows.check_in import question
from conversations.model import Band, CheckInId, OpenCheckIn, Person
from conversations.neutrality import READING_AGES, Finding, Question
from conversations.own_questions import PREFIX, SOURCE, OwnQuestion
from conversations.questions_file import MOST_IN_WHOLE, Questions, QuestionsProblem, choose, read
from scheduling import rounds
from scheduling.own_questions import read_version
from scheduling.rounds import WaveProblem
from scheduling.school import SchoolFacts, facts, wave_rule
from scheduling.waves import next_wave, wave_now
from store import audit, questions
from store.question_tables import QuestionSet

app = typer.Typer(help="The school's own questions: check, preview, publish, list, show, retire.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="Questions in TOML, as docs/questions.md shows.")]
# A term's worth.
WEEKS = 12
_CHECK_INS = re.compile(r"^\s*\[\[check_in\]\].*?(?=^\s*\[\[|\Z)", re.MULTILINE | re.DOTALL)


@app.command(name="check")
def check_file(file: File) -> None:
    """Say whether a file of questions can be used, and what in its wording is not neutral or not readable.

    Example: earshot questions check our-questions.toml
    """
    asked = _read(file)
    found = _wording(asked)
    _print_findings(found)
    if found:
        raise typer.Exit(1)
    out.print(f"{_count(asked)} Nothing found. Have somebody read them who was not there when they were written.")


@app.command()
def preview(
    file: File,
    language: Annotated[str, typer.Option(help="Two letters, such as cy: as a pupil who reads it sees them.")] = SOURCE,
    phones: Annotated[bool, typer.Option("--phones", help="In rehearsal: open them on the phones now.")] = False,
) -> None:
    """Show each question as a phone shows it, for both ages, and which weeks ask it. Nothing is published.

    With --phones, in rehearsal alone, all of them are opened now as a whole check-in, up to eight.

    Example: earshot questions preview our-questions.toml --language cy
    """
    asked = _read(file)
    if phones:
        _on_the_phones(file, asked)
        return
    for one in asked.items:
        for band in BANDS:
            _print_question(one.question, band, language)
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        _print_weeks(facts(the_school(session)), asked)


@app.command()
def publish(
    file: File,
    anyway: Annotated[bool, typer.Option("--anyway", help="Although the wording check found something.")] = False,
) -> None:
    """Publish a file as the school's own questions: the next check-in goes by it, those under way stay as they are.

    The file holds them all: what it leaves out is asked no more. New words need a new id.

    Example: earshot questions publish our-questions.toml
    """
    asked = _read(file)
    found = _wording(asked)
    _print_findings(found)
    if found and not anyway:
        out.print("Nothing was published. Change the words, or say --anyway if you have looked at each of these.")
        raise typer.Exit(1)
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = the_school(session)
        _refuse_other_words(questions.versions(session, school.id), asked)
        before = questions.newest(session, school.id)
        row = questions.publish(session, school.id, _text_of(file), kept_clock(session)())
        _record(session, school.id, f"questions published {row.number}")
        session.commit()
        _print_changes(row, read_version(before) if before else Questions(), asked)


@app.command(name="list")
def list_versions() -> None:
    """List the versions published, and the questions of the newest.

    Example: earshot questions list
    """
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = facts(the_school(session))
        rows = questions.versions(session, school.id)
        if not rows:
            out.print("The school has no questions of its own. docs/questions.md shows how to write some.")
            return
        for row in rows:
            day = school.calendar.local_date(row.published_at)
            out.print(f"Version {row.number}, {day:%d %B %Y}: {_count(read_version(row))}", highlight=False)
        for one in read_version(rows[-1]).items:
            words = _any_wording(one.question)
            out.print(f"  {_bare(one.question)}: {words}", markup=False, highlight=False, soft_wrap=True)


@app.command()
def show(version: Annotated[int | None, typer.Option(help="Its number; without it, the newest.")] = None) -> None:
    """Print a version's file as it was published, to change it and publish it again.

    Example: earshot questions show > our-questions.toml
    """
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        rows = questions.versions(session, the_school(session).id)
        row = next((one for one in reversed(rows) if version in (None, one.number)), None)
    if row is None:
        raise QuestionsProblem("There is no such version. `earshot questions list` shows what there is.")
    if row.retired:
        retired = ", ".join(sorted(row.retired))
        print(f"# Retired: {retired}. Take out what stays retired: publishing this file asks it again.")
    print(row.file, end="")


@app.command()
def retire(ids: Annotated[list[str], typer.Argument(help="Ids of questions, such as LUNCH-1.")]) -> None:
    """Ask some questions no more. Check-ins under way keep them, and so do the pupils' own answers.

    Example: earshot questions retire LUNCH-1
    """
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = the_school(session)
        newest = questions.newest(session, school.id)
        asked = {_bare(one.question) for one in read_version(newest).items} if newest else set()
        unknown = sorted(set(ids) - asked)
        if newest is None or unknown:
            raise QuestionsProblem(f"No question {', '.join(unknown)} is asked. `earshot questions list` shows them.")
        row = questions.publish(session, school.id, newest.file, kept_clock(session)(), retired={*newest.retired, *ids})
        _record(session, school.id, f"questions published {row.number}")
        session.commit()
        out.print(f"Retired. Version {row.number} is published: {_count(read_version(row))}")


@app.command()
def totals(id: Annotated[str, typer.Argument(help="The question's id, such as LUNCH-1.")]) -> None:
    """Count how a question of the school's own was answered, by age; counts under five are not shown.

    Example: earshot questions totals LUNCH-1
    """
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = the_school(session)
        known = {
            _bare(one.question): one.question
            for row in questions.versions(session, school.id)
            for one in read(row.file).items
        }
        if id not in known:
            raise QuestionsProblem(f"No question {id} was ever published. `earshot questions list` shows what is.")
        lines = list(question_totals.totals(session, sealer, school.id, known[id]))
        _record(session, school.id, "question totals")
        session.commit()
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=True)


# --- reading and checking ---------------------------------------------------------------------------------------------


def _read(file: Path) -> Questions:
    return read(_text_of(file))


def _text_of(file: Path) -> str:
    # Some editors put a mark before the first letter.
    try:
        return file.read_text("utf-8-sig")
    except FileNotFoundError:
        raise QuestionsProblem(f"There is no file {file}. Check its name.") from None
    except OSError as error:
        raise QuestionsProblem(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise QuestionsProblem(f"{file} is not text in UTF-8. Save it as UTF-8 and try again.") from None


def _wording(asked: Questions) -> list[tuple[str, Finding]]:
    found = []
    for one in asked.items:
        for words in one.question.wordings:
            english = words.language == SOURCE
            about = f"wording readable at {READING_AGES[words.band]}" if english else f"{words.band}.{words.language}"
            question = Question(words.stem, words.options, words.band)
            written = Written(f"{_bare(one.question)}, {about}", question, words.language)
            found += [(written.name, finding) for finding in findings(written)]
    return found


def _refuse_other_words(rows: list[QuestionSet], asked: Questions) -> None:
    """An id stands for its words: else a pupil's answers, and a count of them, would mix two questions."""
    known = {one.question.id: one.question for row in rows for one in read(row.file).items}
    earlier = ((one.question, known.get(one.question.id)) for one in asked.items)
    changed = [_bare(now) for now, before in earlier if before is not None and _english(before) != _english(now)]
    if not changed:
        return
    *others, last = changed
    which = f"{', '.join(others)} and {last} have" if others else f"{last} has"
    was, new = ("they were", "each new question") if others else ("it was", "the new question")
    raise QuestionsProblem(
        f"{which} other words than when {was} published before. Give {new} an id of its own; translations may change."
    )


def _english(question: OwnQuestion) -> dict[Band, tuple[str, tuple[str, ...]]]:
    return {one.band: (one.stem, one.options) for one in question.wordings if one.language == SOURCE}


def _record(session: Session, school_id: UUID, action: str) -> None:
    now = datetime.now(UTC)
    audit.record(session, school_id, now, actor="command", action=action, subject=f"school:{school_id.hex}")


# --- showing ----------------------------------------------------------------------------------------------------------


def _print_findings(found: list[tuple[str, Finding]]) -> None:
    for name, finding in found:
        out.print(shown(name, finding), markup=False, highlight=False, soft_wrap=True)
    if found:
        out.print(f"Things to look at: {len(found)}. You decide which of them matter.", highlight=False)


def _print_question(own: OwnQuestion, band: Band, language: str) -> None:
    name = f"{_bare(own)}, ages {'8–11' if band == 'young' else '11–18'}"
    if own.wording(band) is None:
        out.print(f"{name}: not asked.\n", markup=False, highlight=False)
        return
    person = Person(band, language, (SOURCE,), "ENG", "active")
    now = datetime.now(UTC)
    message = question(OpenCheckIn(CheckInId("preview"), "+0", (own.id,), now, now, own=(own,)), person)
    for phrase in message.paragraphs:
        out.print(f"{name}: {text.render(phrase, language, 'UTC')}", markup=False, highlight=False, soft_wrap=True)
    for row in message.rows[: len(message.rows) - 2]:
        words = " ".join(filter(None, (row[0].picture, text.render(row[0].label, language, "UTC"))))
        out.print(f"   [ {words} ]", markup=False, highlight=False)
    out.print()


def _print_weeks(school: SchoolFacts, asked: Questions) -> None:
    usual = ("",) * 5
    days = list(_wave_days(school))
    if not days:
        out.print("No week can be shown: no check-in lies ahead. Run `earshot calendar FILE.ics` first.")
    for day in days:
        told = []
        for band in BANDS:
            chosen = choose(asked, usual, band, day)
            own = ", ".join(_bare(one) for one in chosen.own) or "none"
            whole = " and nothing of the usual" if "" not in chosen.items else ""
            told.append(f"{'8–11' if band == 'young' else '11–18'}: {own}{whole}")
        out.print(f"{day:%a %d %b %Y}  {';  '.join(told)}", markup=False, highlight=False, soft_wrap=True)


def _wave_days(school: SchoolFacts) -> Iterator[date]:
    at = Clock()()
    for _ in range(WEEKS):
        times = next_wave(school.calendar, wave_rule(school), at) if school.calendar.terms else None
        if times is None:
            return
        at = times.opens_at
        yield school.calendar.local_date(at)


def _print_changes(row: QuestionSet, before: Questions, after: Questions) -> None:
    had, has = ([_bare(one.question) for one in asked.items] for asked in (before, after))
    new = ", ".join(id for id in has if id not in had) or "none"
    gone = ", ".join(id for id in had if id not in has) or "none"
    out.print(f"Version {row.number} is published: {_count(after)} New: {new}. Asked no more: {gone}.", soft_wrap=True)
    out.print("Their answers are no part of what Earshot works out of a pupil; the item bank's alone are.")


def _on_the_phones(file: Path, asked: Questions) -> None:
    """Publish the questions to the sample school as this week's whole check-in, and open it."""
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = facts(the_school(session))
        if "sample" not in school.policy:
            raise QuestionsProblem("This is no rehearsal: --phones would ask real pupils. Leave it out, or publish.")
        now = kept_clock(session)()
        times = wave_now(school.calendar, wave_rule(school), now) if school.calendar.terms else None
        if times is None:
            raise WaveProblem("There is no school now in the rehearsal. Move its clock to a school day.")
        day = school.calendar.local_date(now)
        ids = [_bare(one.question) for one in asked.items][:MOST_IN_WHOLE]
        # Of the file's own check-ins none is kept, for one of them may be of this very week.
        items = _CHECK_INS.sub("", _text_of(file))
        listed = ", ".join(f'"{id}"' for id in ids)
        whole = f"{items}\n[[check_in]]\nweek_of = {day.isoformat()}\nitems = [{listed}]\n"
        read(whole)
        questions.publish(session, school.id, whole, now - timedelta(seconds=1))
        rounds.open_now(session, school, replace(times, opens_at=now), now)
        session.commit()
    out.print("They are on their way to the phones of the rehearsal.")


def _count(asked: Questions) -> str:
    whole = len(asked.whole)
    check_ins = f" and {whole} whole check-in{'' if whole == 1 else 's'}" if whole else ""
    return f"{len(asked.items)} question{'' if len(asked.items) == 1 else 's'}{check_ins}."


def _bare(own: OwnQuestion) -> str:
    return own.id.removeprefix(PREFIX)


def _any_wording(own: OwnQuestion) -> str:
    return next(one.stem for band in reversed(BANDS) if (one := own.wording(band)) is not None)
