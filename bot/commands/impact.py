"""`earshot impact`: did taking a nudge help? Beside like pupils whose nudge nobody took, and what comes of itself."""

from datetime import datetime, timedelta

from rich.console import Console
from sqlmodel import Session, col, select

from bot.clock import Clock
from bot.opening import open_store
from bot.settings import read_settings
from scheduling.scoring import level_at
from signals.evidence import FAST_TOP, LOW_TOP, SIGNALS
from signals.impact import FEWEST, Case, Impact
from signals.impact import impact as measure
from store import audit
from store.sealing import Sealer
from store.tables import Flag, School
from store.vault import StoreProblem

LATER = timedelta(weeks=8)
LOOK_BACK = timedelta(days=2 * 365)
out = Console()


def impact() -> None:
    """Compare pupils whose nudge somebody took with like pupils whose nudge nobody took, eight weeks later.

    Example: earshot impact
    """
    engine, sealer = open_store(read_settings(), make=False)
    with Session(engine) as session:
        cases = gather(session, sealer, Clock()())
        session.commit()
    for sentence in sentences(len(cases), measure(cases)):
        out.print(sentence)


def gather(session: Session, sealer: Sealer, now: datetime) -> list[Case]:
    """Put together each flagged pupil's last flag that is eight weeks old, and how things were then and after."""
    school_id = session.exec(select(School.id).limit(1)).first()
    if school_id is None:
        raise StoreProblem("There is no school yet. Run `earshot init` first.")
    statement = select(Flag).where(col(Flag.raised_at) > now - LOOK_BACK, col(Flag.raised_at) <= now - LATER)
    statement = statement.where(Flag.school_id == school_id, col(Flag.contested).is_(None))
    last = {row.pupil_id: row for row in session.exec(statement.order_by(col(Flag.raised_at)))}
    after = level_at(session, sealer, school_id, {pupil_id: row.raised_at + LATER for pupil_id, row in last.items()})
    cases = []
    for pupil_id, row in last.items():
        why = sealer.read(row, "reasons")
        # Flags of the rule of version 0.1 kept no levels.
        if len(why.get("signals", ())) == len(SIGNALS):
            before, lately = LOW_TOP - why["signals"][0], FAST_TOP - why["signals"][1]
            acted = row.state == "taken"
            cases.append(Case(row.group_id.hex, acted, before, lately / 4, after[pupil_id]))
    audit.record(session, school_id, now, actor="command line", action="read impact", subject="school")
    return cases


def sentences(flagged: int, found: Impact | None) -> list[str]:
    """Say what was found so that a governor can follow it."""
    if found is None:
        return [
            f"Too little to go by: of {flagged} flags that are eight weeks old, fewer than {FEWEST} that somebody took "
            "have a like pupil whose nudge nobody took."
        ]
    sure = "more than chance would do" if found.lower > 0 or found.upper < 0 else "no more than chance could do"
    return [
        f"{found.pairs} pupils whose nudge somebody took, each beside a like pupil whose nudge nobody took.",
        f"Eight weeks later {found.improved:.0%} of the first were better. Of the second it was {found.of_itself:.0%}: "
        "so many get better by themselves after a bad week, and nobody should take credit for that part.",
        f"The difference is {found.difference:+.2f} SD ({found.lower:+.2f} to {found.upper:+.2f}): {sure}.",
        "This is an observation. Who takes a nudge may know what no number holds; a drawn order would be sounder.",
    ]
