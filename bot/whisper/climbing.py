"""How a whisper climbs: by the school's own policy, among its readers alone, until one of them opens it.

What it climbs by is kept with the places of its cards (`store.whisper_desk.Climb`), never in the main store.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.whisper.people import READERS
from scheduling.cases import around_nobody, ladder_of, when_due
from scheduling.escalation import Kind, told
from scheduling.school import SchoolFacts
from store.people import with_role
from store.sealing import Sealer
from store.tables import Staff
from store.whisper_desk import Climb, Line, reader_id

# In place of a ladder, from when one was found to be opened: it is forgotten when nothing is noted in time.
OPENED = "opened"


def kind_of(line: Line) -> Kind:
    """Say which ladder of the policy a whisper climbs."""
    return "whisper_urgent" if line.urgency == "urgent" else "whisper"


def next_step(school: SchoolFacts, line: Line, climb: Climb | None, now: datetime) -> int | None:
    """Say which step is due, the latest if several are; None while none is. Steps count from 0."""
    kind = kind_of(line)
    if climb is None or climb.kind != kind or line.stage == "new":
        # News, or told till now as something less urgent.
        return 0
    if line.status == "closed":
        # Its writer said whether it helped: news, but nothing that waits for anybody.
        return None
    ladder, step = ladder_of(school, kind), climb.step
    minutes = sum(map(ladder.waits, range(step + 1)))
    while when_due(school, ladder, climb.since, minutes := minutes + ladder.waits(step + 1)) <= now:
        step += 1
    return step if step > climb.step else None


def has_lapsed(school: SchoolFacts, line: Line, climb: Climb, now: datetime) -> bool:
    """Say whether a whisper that was opened is nobody's again, for nothing was noted of it in time."""
    ladder = ladder_of(school, kind_of(line))
    # One that is acted on or closed is somebody's.
    if line.status not in ("received", "read") or ladder.lapse == 0:
        return False
    return when_due(school, ladder, climb.since, ladder.lapse) <= now


def whom(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    line: Line,
    step: int,
    readers: Collection[bytes],
    now: datetime,
) -> tuple[list[Staff], list[Staff]]:
    """Find whom a step tells, and the others; of those who may open the whisper, and nobody else.

    The first are never none while there is a reader; the others are for when none of them can be reached.
    """
    staff = {one.id: one for one in with_role(session, school.id, *READERS)}
    may = {id_ for id_, one in staff.items() if reader_id(sealer, one.id.hex) in readers}
    everybody = around_nobody(session, school, now)
    around = replace(everybody, excluded=frozenset(one.id for one in everybody.staff if one.id not in may))
    chosen = set(told(ladder_of(school, kind_of(line)), step, around)) & may or may
    return (
        [one for id_, one in staff.items() if id_ in chosen],
        [one for id_, one in staff.items() if id_ in may - chosen],
    )
