"""`earshot wave` and `codes`: a check-in opened now, and codes by which pupils join."""

from pathlib import Path
from typing import Annotated

import typer
from sqlmodel import Session

from bot.clock import kept_clock
from bot.codes import write_codes
from bot.commands.tools import out, settings, the_school
from bot.opening import open_store
from scheduling import rounds
from scheduling.rounds import WaveProblem
from scheduling.school import facts, wave_rule
from scheduling.waves import wave_now


def wave() -> None:
    """Open a check-in for everybody now, rather than at its planned time.

    Example: earshot wave
    """
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        clock = kept_clock(session)
        school = facts(the_school(session))
        if not school.calendar.terms:
            raise WaveProblem("The school has no term dates yet. Run `earshot calendar FILE.ics` first.")
        rounds.open_now(session, school, wave_now(school.calendar, wave_rule(school), clock()), clock())
        asked = rounds.reachable_pupils(session)
        session.commit()
    out.print(f"A check-in opens for {asked} pupils. They get it as soon as Earshot is running.")


def codes(file: Annotated[Path, typer.Argument(help="A new file to write the codes to.")]) -> None:
    """Make a join code for every pupil who has no phone here yet; codes made for them before end.

    Each works once, for thirty days. Keep the file to yourself and delete it once the codes are handed out.

    Example: earshot codes codes.csv
    """
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        count = write_codes(session, sealer, the_school(session), file, kept_clock(session)())
        session.commit()
    out.print(
        f"{count} codes are in {file.name}. A pupil sends theirs to the bot, or opens t.me/<your bot>?start=CODE."
    )
