"""Did acting help? What the comparisons of `signals.impact` need, worked out a few pupils at a time and kept.

Working out how things were for a pupil at some past moment takes all their check-ins up to it; what is found never
changes, so it is kept (`store.school_tables`), and no pass holds the store up for long.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel import Session, col, select

from scheduling.drawing import WAIT
from scheduling.scoring import level_at
from signals.evidence import FAST_TOP, LOW_TOP, SIGNALS
from signals.impact import Case
from store.school_tables import Draw, Outcome
from store.sealing import Sealer
from store.tables import Flag, Request

LATER = timedelta(weeks=8)
LOOK_BACK = timedelta(days=2 * 365)
# Whom somebody talked with, or meant to, in the half year before had support already.
SUPPORTED = timedelta(weeks=26)
AT_ONCE = 3
# Flags of an earlier release count as well: their levels are in the same unit.
RULES = "signals-"


@dataclass(frozen=True)
class Followed:
    """What there is to compare: `nudged` by whether somebody took the nudge, `drawn` by whether they were first."""

    nudged: tuple[Case, ...]
    drawn: tuple[Case, ...]


def follow_up_next(session: Session, sealer: Sealer, school_id: UUID, now: datetime) -> bool:
    """Work out what came of a few flags and draws that are old enough; False when none is left."""
    known = set(session.exec(select(Outcome.flag_id).where(Outcome.school_id == school_id)))
    waiting = [row for row in _last_flags(session, school_id, now) if row.id not in known][:AT_ONCE]
    levels = level_at(session, sealer, school_id, {row.pupil_id: row.raised_at + LATER for row in waiting})
    for row in waiting:
        outcome = Outcome(flag_id=row.id, school_id=school_id)
        sealer.write(outcome, "data", levels[row.pupil_id])
        session.add(outcome)
    if waiting:
        session.flush()
        return True
    return _follow_draws(session, sealer, school_id, now)


def _follow_draws(session: Session, sealer: Sealer, school_id: UUID, now: datetime) -> bool:
    statement = select(Draw).where(Draw.school_id == school_id, col(Draw.at) <= now - WAIT)
    # A pupil drawn twice comes twice: each draw has a moment of its own.
    draw = session.exec(statement.where(col(Draw.after_sealed).is_(None)).order_by(col(Draw.at)).limit(1)).first()
    if draw is None:
        return False
    after = level_at(session, sealer, school_id, {draw.pupil_id: draw.at + WAIT})[draw.pupil_id]
    sealer.write(draw, "after", after)
    session.add(draw)
    session.flush()
    return True


def followed(session: Session, sealer: Sealer, school_id: UUID, now: datetime) -> Followed:
    """Put together what has been followed up: each pupil's last flag that is eight weeks old, and all draws."""
    after = {
        row.flag_id: float(sealer.read(row, "data"))
        for row in session.exec(select(Outcome).where(Outcome.school_id == school_id))
    }
    nudged, helped = [], _support(session, school_id)
    for row in _last_flags(session, school_id, now):
        why = sealer.read(row, "reasons")
        if row.id in after and len(why.get("signals", ())) == len(SIGNALS):
            before, lately = LOW_TOP - why["signals"][0], FAST_TOP - why["signals"][1]
            acted, support = row.state in ("taken", "done"), _had(helped, row.pupil_id, row.raised_at)
            nudged.append(Case(row.group_id.hex, acted, before, lately / 4, after[row.id], support))
    drawn = []
    for draw in session.exec(select(Draw).where(Draw.school_id == school_id, col(Draw.after_sealed).is_not(None))):
        before, lately = sealer.read(draw, "before")
        later, support = float(sealer.read(draw, "after")), _had(helped, draw.pupil_id, draw.at)
        drawn.append(Case(draw.group_id.hex, draw.first, before, lately / 4, later, support))
    return Followed(tuple(nudged), tuple(drawn))


def _support(session: Session, school_id: UUID) -> Mapping[UUID, Sequence[datetime]]:
    """When each pupil had support: nudges about them that somebody took, and their own requests for an adult."""
    taken = select(Flag.pupil_id, Flag.raised_at).where(
        Flag.school_id == school_id, col(Flag.state).in_(("taken", "done"))
    )
    asked = select(Request.pupil_id, Request.asked_at).where(Request.school_id == school_id)
    times: dict[UUID, list[datetime]] = defaultdict(list)
    for pupil_id, at in (*session.exec(taken), *session.exec(asked)):
        times[pupil_id].append(at)
    return times


def _had(support: Mapping[UUID, Sequence[datetime]], pupil_id: UUID, at: datetime) -> bool:
    return any(at - SUPPORTED < one < at for one in support.get(pupil_id, ()))


def _last_flags(session: Session, school_id: UUID, now: datetime) -> Sequence[Flag]:
    """Each pupil's last flag that is eight weeks old, and no older than two years."""
    statement = (
        select(Flag)
        .where(Flag.school_id == school_id, col(Flag.rule).startswith(RULES), col(Flag.contested).is_(None))
        .where(col(Flag.raised_at) > now - LOOK_BACK, col(Flag.raised_at) <= now - LATER)
    )
    return list({row.pupil_id: row for row in session.exec(statement.order_by(col(Flag.raised_at)))}.values())
