"""`earshot policy anchors`: whether a term's third check-in is the longer anchor round, and when the next ones are."""

from datetime import datetime
from typing import Annotated

import typer
from sqlmodel import Session

from bot.clock import kept_clock
from bot.commands.tools import out, settings, the_school
from bot.opening import open_store
from scheduling.anchoring import SETTING, anchor_weeks, has_anchors
from scheduling.school import facts
from store import audit
from store.tables import School


def anchors(
    on: Annotated[bool | None, typer.Option("--on/--off", help="Have them, or not.")] = None,
) -> None:
    """Show or set the anchor rounds: once a term sixteen questions that are the same for everybody.

    Example: earshot policy anchors --off
    """
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school, now = the_school(session), kept_clock(session)()
        if on is not None:
            set_anchors(session, school, now, on=on)
            session.commit()
        for sentence in told(school, now):
            out.print(sentence, markup=False)


def set_anchors(session: Session, school: School, now: datetime, *, on: bool) -> None:
    """Note whether the school has anchor rounds; audited."""
    school.policy = {**school.policy, SETTING: on}
    session.add(school)
    action = "anchor rounds on" if on else "anchor rounds off"
    audit.record(session, school.id, now, actor="command line", action=action, subject="school")


def told(school: School, now: datetime) -> list[str]:
    """Say whether there are anchor rounds, and the weeks they fall in."""
    known = facts(school)
    if not has_anchors(known):
        return ["There are no anchor rounds: each check-in has its five questions."]
    ahead = [begins for begins, ends in anchor_weeks(known.calendar) if ends > now]
    days = ", ".join(f"{known.calendar.local_date(begins):%d %B %Y}" for begins in ahead)
    return [
        "Once a term, in its third week, the check-in is an anchor round: sixteen questions, the same for everybody.",
        f"Weeks from: {days}." if days else "The calendar holds no term that has one ahead.",
    ]
