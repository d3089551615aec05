"""The commands `earshot audit …`: is the chain whole, and what is in it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from bot.commands import audit_export
from bot.commands.tools import day_of, out, private_file, settings, the_school
from bot.opening import anchor_path, key_ring, open_store
from store import anchor, audit
from store.vault import StoreProblem

app = typer.Typer(
    help="Who looked at what: is the record whole, and what does it say.\n\nExample: earshot audit verify",
    no_args_is_help=True,
)


class AuditProblem(StoreProblem):
    """The audit chain is not what it was, or a question about it cannot be read; the sentence says which."""


@app.command()
def verify(
    expect: Annotated[
        str | None, typer.Option(help="A row as an earlier `verify` printed it, NUMBER:HASH, to be there still.")
    ] = None,
) -> None:
    """Walk the audit chain: say whether a row was changed, removed, moved, or its end cut off.

    Prints its last row: written down outside this machine, it holds for what came before.

    Example: earshot audit verify
    """
    read = settings()
    engine, sealer = open_store(read, make=False)
    path = anchor_path(read)
    with Session(engine) as session:
        school = the_school(session)
        broken = anchor.verify(session, path, key_ring(read).sealers().values())
        if not broken and expect:
            number, head = _expected(expect)
            broken = anchor.lost(session, {school.id: (number, head)})
        if broken:
            raise AuditProblem(
                f"The audit chain is broken: {'; '.join(one.why for one in broken)}. Keep the database and {path.name} "
                "as they are, tell your data protection officer, and compare with a backup."
            )
        number, head = anchor.heads(session).get(school.id, (0, b""))
        new = not path.exists()
        anchor.keep(session, path, sealer)
    engine.dispose()
    if new:
        out.print(f"There was no anchor yet ({path.name}): from now on a missing end is found too.", markup=False)
    out.print(f"The audit chain is whole: {number:,} rows.")
    if number:
        out.print(f"Its last row is {number}:{head.hex()}", highlight=False, soft_wrap=True)


def _expected(words: str) -> tuple[int, bytes]:
    number, _, head = words.partition(":")
    try:
        return int(number), bytes.fromhex(head)
    except ValueError:
        raise AuditProblem(
            "What is expected must be a row as `earshot audit verify` printed it, NUMBER:HASH."
        ) from None


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A new file, .html or .csv.")],
    since: Annotated[str | None, typer.Option(help="From this day, such as 2026-09-01.")] = None,
    until: Annotated[str | None, typer.Option(help="To this day, included.")] = None,
) -> None:
    """Write out who looked at what, for an inspector to read. Staff are named, pupils are initials and group.

    Example: earshot audit export autumn.html --since 2026-09-01
    """
    if file.suffix not in (".html", ".csv"):
        raise AuditProblem(f"{file.name} must end in .html (a page to read) or .csv (a table).")
    read = settings()
    first, last = (day_of(one) if one else None for one in (since, until))
    engine, sealer = open_store(read, make=False)
    with Session(engine) as session:
        school = the_school(session)
        broken = anchor.verify(session, anchor_path(read), key_ring(read).sealers().values())
        state = f"The record is not whole: {broken[0].why}." if broken else "The record is whole."
        table = audit_export.rows(session, sealer, school, first, last)
        text = audit_export.as_csv(table) if file.suffix == ".csv" else audit_export.as_html(table, school, state)
        with private_file(file) as written:
            written.write(text.encode())
        now = datetime.now(UTC)
        audit.record(
            session, school.id, now, actor="command:audit", action="audit exported", subject=f"school:{school.id.hex}"
        )
        session.commit()
    engine.dispose()
    out.plain(f"{state} It is written to {file}: keep it to those who may read it.")
