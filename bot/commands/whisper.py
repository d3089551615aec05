"""`earshot whisper …`: whispers on the command line, for leads who want no content in Slack, and their store's care.

Each command that opens a whisper names the lead who does, by e-mail address; the same guard as in Slack says what that
lead may read, and the deed is audited.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.clock import Clock
from bot.commands.tools import out
from bot.commands.whisper_at import LeadOption, at_desk, stores
from bot.commands.whisper_lock import desk_app
from bot.settings import for_chosen
from bot.text import render
from bot.whisper import desk as whisper_desk
from bot.whisper import report as whisper_report
from conversations.whisper_cards import KINDS, OUTCOMES, STATUSES, line_of_turn
from store import whisper_care
from store import whisper_desk as desk
from store.vault import StoreProblem

as_written = Console()
app = typer.Typer(no_args_is_help=True, help="Whispers: list, read, reply, close, export, count, back up.")
app.add_typer(desk_app, name="desk")

HandleArgument = Annotated[str, typer.Argument(help="The whisper's handle, as its card shows it.")]


@app.command(name="list")
def list_whispers(lead: LeadOption) -> None:
    """List the whispers you may read, urgent and old ones first.

    Example: earshot whisper list --lead dsl@school.example
    """
    with at_desk(lead) as at:
        table = Table("handle", "day", "about", "urgency", "status")
        for line in whisper_desk.queue_of(at.store, at.lead):
            table.add_row(
                line.handle, line.day, at.words(KINDS, line.kind), line.urgency, at.words(STATUSES, line.status)
            )
        out.print(table)


@app.command()
def read(handle: HandleArgument, lead: LeadOption) -> None:
    """Read one whisper. That you did is recorded.

    Example: earshot whisper read 3F9A01 --lead dsl@school.example
    """
    with at_desk(lead) as at:
        line = at.line(handle, "read whisper")
        thread = whisper_desk.open_thread(at.store, at.lead, line.id)
        out.print(f"{line.handle}: {at.words(KINDS, line.kind)}, {line.day}", markup=False)
        for number, turn in enumerate(thread.turns, start=1):
            said = render(line_of_turn(turn.by, turn.what, turn.words), at.school.locale, at.school.zone)
            show = for_chosen(f"`earshot whisper photo {line.handle} {number} FILE`")
            words = {"photo": f"{turn.caption} [{show}]".strip(), "helped": ""}.get(turn.what, turn.words)
            # As it was written, whatever it looks like.
            as_written.print(f"{number}. {said} {words}".rstrip(), markup=False, highlight=False)


@app.command()
def photo(
    handle: HandleArgument,
    number: Annotated[int, typer.Argument(help="The number of the turn, as `read` shows it.")],
    file: Annotated[Path, typer.Argument(help="A new file to write the picture to. Delete it when you have looked.")],
    lead: LeadOption,
) -> None:
    """Write a photo of a whisper into a file that you alone can read.

    Example: earshot whisper photo 3F9A01 2 photo.jpg --lead dsl@school.example
    """
    with at_desk(lead) as at:
        line = at.line(handle, "read whisper photo")
        turns = whisper_desk.open_thread(at.store, at.lead, line.id).turns
        if not 1 <= number <= len(turns) or turns[number - 1].what != "photo":
            raise StoreProblem("That turn is no photo. `earshot whisper read` shows which are.")
        whisper_report.write_new(file, turns[number - 1].body)
    out.plain(f"Written to {file}. Delete it when you have looked.")


@app.command()
def reply(
    handle: HandleArgument,
    words: Annotated[str, typer.Argument(help="What the writer is to read.")],
    lead: LeadOption,
    note: Annotated[bool, typer.Option("--note", help="Keep it for readers alone.")] = False,
) -> None:
    """Reply to the writer of a whisper, who reads it on coming back.

    Example: earshot whisper reply 3F9A01 "Thank you for telling us." --lead dsl@school.example
    """
    with at_desk(lead) as at:
        line = at.line(handle, "answer whisper")
        entered = {"what": "note" if note else "reply", "words": words}
        problem = whisper_desk.decide(at.store, at.lead, line.id, entered, at.today)
        if problem is not None:
            raise StoreProblem(render(problem, at.school.locale, at.school.zone))
    out.print("Kept. The writer reads it on coming back." if not note else "Kept, for readers alone.")


@app.command()
def close(
    handle: HandleArgument,
    outcome: Annotated[str, typer.Argument(help=f"What came of it: {', '.join(OUTCOMES)}.")],
    lead: LeadOption,
) -> None:
    """Close a whisper, with what came of it; the writer sees that too.

    Example: earshot whisper close 3F9A01 helped --lead dsl@school.example
    """
    if outcome not in OUTCOMES:
        raise StoreProblem(f"The outcome is one of: {', '.join(OUTCOMES)}.")
    with at_desk(lead) as at:
        line = at.line(handle, "close whisper")
        whisper_desk.decide(at.store, at.lead, line.id, {"outcome": outcome}, at.today)
    out.print("Closed. It goes in ninety days, unless somebody writes to it again or you keep it.")


@app.command()
def export(
    handle: HandleArgument,
    file: Annotated[Path, typer.Argument(help="A new file for the PDF.")],
    lead: LeadOption,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)],
) -> None:
    """Write one handled whisper for the school's own safeguarding file: a PDF, sealed with a password you choose.

    Example: earshot whisper export 3F9A01 case.sealed --lead dsl@school.example
    """
    with at_desk(lead) as at:
        line = at.line(handle, "export whisper")
        thread = whisper_desk.open_thread(at.store, at.lead, line.id)
        whisper_report.write_new(file, whisper_report.sealed(whisper_report.pdf_of(thread, at.school), password))
    out.plain(f"Written to {file}. `earshot whisper unseal` opens it with the password.")


@app.command()
def unseal(
    file: Annotated[Path, typer.Argument(help="A file that `export` wrote.")],
    pdf: Annotated[Path, typer.Argument(help="A new file for the PDF.")],
    password: Annotated[str, typer.Option(prompt=True, hide_input=True)],
) -> None:
    """Open an exported whisper with its password.

    Example: earshot whisper unseal case.sealed case.pdf
    """
    try:
        content = file.read_bytes()
    except OSError:
        raise StoreProblem(f"{file.name} cannot be read.") from None
    whisper_report.write_new(pdf, whisper_report.opened(content, password))
    out.plain(f"Opened into {pdf}.")


@app.command()
def count(
    first: Annotated[
        datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="First day, such as 2026-09-01.")
    ] = None,
    last: Annotated[datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="Last day; today if left out.")] = None,
) -> None:
    """Count whispers by kind, for governors: between two days, or for each term; cells under five are not shown.

    What was purged, ninety days after closing, is not counted any more: count at the end of each term.

    Example: earshot whisper count
    Example: earshot whisper count 2026-09-01 2026-12-18
    """
    with stores() as (_session, _sealer, store, school):
        today = school.calendar.local_date(Clock()())
        spans = whisper_desk.terms_of(school, today)
        if first is not None:
            spans = [("whispers", first.date(), last.date() if last else today)]
            if first.date() > spans[0][2]:
                raise StoreProblem("The last day is before the first: give the first day, then the last.")
        if not spans:
            raise StoreProblem("The calendar has no term that has begun: give two days, such as 2026-09-01 2026-12-18.")
        lines = desk.queue(store)
        columns = [whisper_desk.counts_of(lines, begins.isoformat(), ends.isoformat()) for _, begins, ends in spans]
        table = Table("about", *(name for name, _, _ in spans))
        for row in zip(*columns, strict=True):
            kind = row[0][0]
            words = render(KINDS[kind], school.locale, school.zone) if kind in KINDS else kind
            table.add_row(words, *(number for _, number in row))
        out.print(table)


@app.command(name="backup")
def back_up(file: Annotated[Path, typer.Argument(help="A new file for the copy.")]) -> None:
    """Copy the whisper store, filled up so that its size does not tell how many there are. Once a week is right.

    Example: earshot whisper backup whispers-2026-11-24.sqlite
    """
    with stores() as (_session, sealer, store, _school):
        whisper_care.back_up(store, file, sealer, date.today())  # noqa: DTZ011 (the school's own day)
    out.plain(f"Copied to {file}. Without the master key nothing in it can be read: keep that apart.")
