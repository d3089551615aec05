"""`earshot policy names`: whether Slack's cards and lists name a pupil by initials or in full."""

from typing import Annotated

import typer
from sqlmodel import Session

from bot.clock import kept_clock
from bot.commands.tools import out, settings, the_school
from bot.opening import open_store
from store import audit

FULL, INITIALS = "full", "initials"


def names(
    full: Annotated[bool | None, typer.Option("--full/--initials", help="The whole name, or initials.")] = None,
) -> None:
    """Show or set how cards in Slack name a pupil: initials, as it is from the start, or the whole name.

    Slack keeps its history; behind *Who is it* the name can be read either way.

    Example: earshot policy names --initials
    """
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = the_school(session)
        if full is not None:
            chosen = FULL if full else INITIALS
            school.policy = {**school.policy, "names": chosen}
            session.add(school)
            now = kept_clock(session)()
            audit.record(session, school.id, now, actor="command line", action=f"names {chosen}", subject="school")
            session.commit()
        is_full = school.policy.get("names") == FULL
    words = "the whole name: it stays in Slack's history" if is_full else "initials and tutor group"
    out.print(f"Cards in Slack name a pupil by {words}.")
