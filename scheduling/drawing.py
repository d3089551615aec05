"""The draw: where a school has agreed to it, chance decides who of those close to the bar is nudged about first.

A pupil who has just passed the bar by little could as well have stayed below it. By a draw, half of them are nudged
about at once and half after four weeks, if it still holds; then the two halves differ in nothing but that, which makes
the comparison of them sound. Whoever is clearly above the bar, has priority, asks for help or writes words of danger is
never drawn: none of that waits.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from sqlmodel import Session, col, select

from scheduling.school import SchoolFacts
from signals import flag
from signals.board import Board
from signals.evidence import FAST_TOP, LOW_TOP, evidence, polar
from signals.flag import Bars
from store.school_tables import Draw
from store.sealing import Sealer

NEAR = 0.5
"""How far above the bar (points) still counts as close: points of 0.5 are about a quarter of an SD."""

WAIT = timedelta(weeks=4)
SETTING = "draw"


def may_start(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    pupil_id: UUID,
    group_id: UUID,
    check_in_id: UUID,
    at: datetime,
    board: Board,
    bars: Bars,
) -> bool:
    """Whether a pupil who may be flagged is to be now; True wherever the school has not agreed to draw.

    The same check-in is always drawn alike, whichever pass comes to it first.
    """
    if not school.policy.get(SETTING):
        return True
    points = float(flag.points(evidence(board))[0])
    if points >= bars.enter + NEAR:
        return True
    chance, poles = float(flag.chance(np.array(points))), int(np.abs(polar(board)[0]).sum())
    if flag.level(chance, poles, flagged=True) == "priority":
        return True
    statement = select(Draw).where(Draw.school_id == school.id, Draw.pupil_id == pupil_id, col(Draw.at) <= at)
    last = session.exec(statement.order_by(col(Draw.at).desc()).limit(1)).first()
    if last is not None and at - last.at < timedelta(weeks=flag.QUIET_WEEKS):
        return last.first or at - last.at >= WAIT
    first = bool(sealer.blind("draw", check_in_id.hex)[0] & 1)
    row = Draw(school_id=school.id, pupil_id=pupil_id, group_id=group_id, check_in_id=check_in_id, at=at, first=first)
    signals = evidence(board)[0]
    sealer.write(row, "before", [LOW_TOP - float(signals[0]), FAST_TOP - float(signals[1])])
    session.add(row)
    session.flush()
    return first
