"""The command `earshot basis`: on what grounds the school asks, without which no check-in opens."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlmodel import Session

from bot.commands.tools import out, settings, the_school
from bot.opening import open_store
from store import audit
from store.vault import StoreProblem


def basis(
    lawful_basis: Annotated[
        str, typer.Option(help="The lawful basis your data protection officer settled on.", prompt=True)
    ],
    dpia: Annotated[
        str,
        typer.Option(
            help="Where the data protection impact assessment is: its number or title.",
            prompt="Impact assessment, its number or title",
        ),
    ],
) -> None:
    """Note the lawful basis and the impact assessment. Until both are noted, no check-in opens.

    What is not given is asked for.

    Example: earshot basis --lawful-basis "public task, Article 6(1)(e)" --dpia "DPIA 2026-14"
    """
    noted = {"lawful_basis": lawful_basis.strip(), "dpia": dpia.strip()}
    if not all(noted.values()) or max(map(len, noted.values())) > 200:
        raise StoreProblem("Give both, in up to 200 characters each.")
    engine, _sealer = open_store(settings(), make=False)
    now = datetime.now(UTC)
    with Session(engine) as session:
        school = the_school(session)
        school.policy = {**school.policy, "basis": {**noted, "noted": now.date().isoformat()}}
        session.add(school)
        audit.record(
            session, school.id, now, actor="command:basis", action="basis noted", subject=f"school:{school.id.hex}"
        )
        session.commit()
    engine.dispose()
    out.print("Both are noted. Check-ins may open.")
