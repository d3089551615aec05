"""`earshot wave` and `codes`: a check-in opened now, and codes by which pupils join."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlmodel import Session, col, select

from bot.clock import kept_clock
from bot.codes import write_codes
from bot.commands.tools import out, settings, the_school
from bot.finding import counted
from bot.opening import open_store
from scheduling import rounds
from scheduling.rounds import WaveProblem
from scheduling.school import SchoolFacts, facts, wave_rule
from scheduling.waves import wave_now
from store import audit
from store.tables import Wave


def wave(
    again: Annotated[
        bool, typer.Option("--again", help="Take the place of the check-in that is open, and ask everybody once more.")
    ] = False,
) -> None:
    """Open a check-in for everybody now, rather than at its planned time.

    Example: earshot wave
    """
    engine, _sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        clock = kept_clock(session)
        school = facts(the_school(session))
        if not school.calendar.terms:
            raise WaveProblem("The school has no term dates yet. Run `earshot calendar FILE.ics` first.")
        if not again:
            _refuse_a_second(session, school, clock())
        rounds.open_now(session, school, wave_now(school.calendar, wave_rule(school), clock()), clock())
        asked = rounds.reachable_pupils(session, school.id)
        session.commit()
    pupils = counted(asked, "pupil", "pupils")
    out.print(f"A check-in opens for {pupils}. They get it at Telegram’s pace, while Earshot runs.")


def _refuse_a_second(session: Session, school: SchoolFacts, now: datetime) -> None:
    """A command given twice would take away the check-in that everybody is answering. Raises WaveProblem."""
    opened = select(Wave).where(Wave.school_id == school.id, Wave.state == "open", col(Wave.closes_at) > now)
    if (found := session.exec(opened).first()) is not None:
        until = found.closes_at.astimezone(ZoneInfo(school.zone))
        raise WaveProblem(
            f"A check-in is open already, until {until:%A %H:%M}. To ask everybody once more in place of it, say "
            "`earshot wave --again`."
        )


def codes(file: Annotated[Path, typer.Argument(help="A new file to write the codes to.")]) -> None:
    """Make a join code for every pupil who has no phone here yet; codes made for them before end.

    Each works once, for thirty days. Keep the file to yourself and delete it once the codes are handed out.

    Example: earshot codes codes.csv
    """
    engine, sealer = open_store(settings(), make=False)
    with Session(engine) as session:
        school = the_school(session)
        count = write_codes(session, sealer, school, file, kept_clock(session)())
        if count:
            # Who holds the file knows every name and code in it.
            subject = f"school:{school.id.hex}"
            audit.record(
                session, school.id, datetime.now(UTC), actor="command:codes", action="wrote codes", subject=subject
            )
            session.commit()
    if not count:
        out.print("Nobody waits for a code, so nothing was written.")
        return
    out.plain(f"{count} codes are in {file}. A pupil sends theirs to the bot, or opens t.me/<your bot>?start=CODE.")
