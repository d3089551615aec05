"""`earshot impact`: did taking a nudge help? Beside like pupils whose nudge nobody took, and what comes of itself."""

from datetime import datetime
from typing import Annotated

import typer
from sqlmodel import Session, select

from bot.clock import kept_clock
from bot.commands.tools import out
from bot.impact_card import card_of
from bot.opening import open_store
from bot.settings import read_settings
from bot.text import render
from scheduling.drawing import SETTING
from scheduling.outcomes import Followed, follow_up_next, followed
from store import audit
from store.sealing import Sealer
from store.tables import School
from store.vault import StoreProblem


def impact(
    draw: Annotated[
        bool | None,
        typer.Option("--draw/--no-draw", help="Set whether chance decides who of near ties is nudged about first."),
    ] = None,
) -> None:
    """Compare pupils whose nudge somebody took with like pupils whose nudge nobody took, eight weeks later.

    Example: earshot impact
    """
    engine, sealer = open_store(read_settings(), make=False)
    with Session(engine) as session:
        school = session.exec(select(School).limit(1)).first()
        if school is None:
            raise StoreProblem("There is no school yet. Run `earshot init` first.")
        if draw is not None:
            set_draw(session, school, kept_clock(session)(), draw=draw)
            session.commit()
            out.print(
                "From now on chance decides who of near ties is nudged about first; the others wait four weeks."
                if draw
                else "Nothing is drawn any more: nudges come in the order of check-ins."
            )
            return
        cases = gather(session, sealer, school, kept_clock(session)())
        card = card_of(cases, draws=bool(school.policy.get(SETTING)))
        for phrase in card.lines:
            out.print(render(phrase, "en", school.zone), markup=False)


def gather(session: Session, sealer: Sealer, school: School, now: datetime) -> Followed:
    """Follow up what has not been yet, and put together what there is to compare; audited."""
    while follow_up_next(session, sealer, school.id, now):
        session.commit()
    audit.record(session, school.id, now, actor="command line", action="read impact", subject="school")
    cases = followed(session, sealer, school.id, now)
    session.commit()
    return cases


def set_draw(session: Session, school: School, now: datetime, *, draw: bool) -> None:
    """Note whether the school agrees to the draw; audited."""
    school.policy = {**school.policy, SETTING: draw}
    session.add(school)
    action = "draw agreed" if draw else "draw ended"
    audit.record(session, school.id, now, actor="command line", action=action, subject="school")
