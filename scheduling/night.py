"""The nightly pass: what was not taken in on completion, missed check-ins above all, and the school's bars set anew."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from scheduling.kept import points_of
from scheduling.school import SchoolFacts
from scheduling.scoring import Raise, take_in
from signals import flag
from store.sealing import Sealer
from store.signal_tables import Signal, SignalBars
from store.tables import CheckIn, Failure, Pupil, Wave

log = structlog.get_logger()

# So few that no tap waits for them, should the pass fall into the day.
UNKNOWN_AT_ONCE = 25
LATELY = timedelta(weeks=2)


def nightly(session: Session, sealer: Sealer, school: SchoolFacts, now: datetime, raised: Raise) -> bool:
    """Take in all that ended lately and was not, then set the bars anew; True when there is more to be done.

    Pupils of whom nothing is kept yet need all their check-ins read, so only some of them are taken at a time. The
    first pass of an installation learns and tells nobody: what it finds is not news.
    """
    behind = _behind(session, school.id, now)
    # Those last heard of together are read together.
    known = [pupil for _, _, pupil in sorted((as_of, pupil.int, pupil) for pupil, as_of in behind.items() if as_of)]
    unknown = sorted(pupil for pupil, as_of in behind.items() if not as_of)
    learns = session.get(SignalBars, school.id) is None
    pupils = [*known, *unknown[:UNKNOWN_AT_ONCE]]
    points = _take_in(session, sealer, school, pupils, now, None if learns else raised)
    if len(unknown) > UNKNOWN_AT_ONCE and any(pupil in points for pupil in unknown[:UNKNOWN_AT_ONCE]):
        return True
    if pupils or learns:
        _set_bars(session, sealer, school.id, points, now)
    return False


def _take_in(
    session: Session, sealer: Sealer, school: SchoolFacts, pupils: Sequence[UUID], now: datetime, raised: Raise | None
) -> Mapping[UUID, float]:
    """Take pupils in together; where that fails by halves, so that only the one of whom it fails is left out."""
    try:
        with session.begin_nested():
            return take_in(session, sealer, school, pupils, now, raised).points
    except OperationalError:
        raise
    except Exception as error:
        if len(pupils) < 2:
            log.error("a pupil is not taken in", error=type(error).__name__)
            session.add(Failure(school_id=school.id, at=now, event="signals.night", error=type(error).__name__))
            return {}
    half = len(pupils) // 2
    first = _take_in(session, sealer, school, pupils[:half], now, raised)
    return {**first, **_take_in(session, sealer, school, pupils[half:], now, raised)}


def _behind(session: Session, school_id: UUID, now: datetime) -> dict[UUID, datetime | None]:
    """Find the pupils with check-ins of late that were not taken in, and when each was last heard of."""
    lately = (
        select(Wave.id)
        .where(Wave.school_id == school_id)
        .where(col(Wave.opens_at) > now - LATELY, col(Wave.opens_at) <= now)
    )
    # By their ids, and pupils named twice told apart here: a join or DISTINCT would have SQLite walk through all
    # check-ins that the school ever had.
    waves = session.exec(lately).all()
    rows = session.execute(
        select(CheckIn.pupil_id, col(Signal.as_of), col(Signal.model))
        .outerjoin(Signal, col(Signal.pupil_id) == col(CheckIn.pupil_id))
        .where(CheckIn.school_id == school_id, col(CheckIn.wave_id).in_(waves), CheckIn.state != "open")
        .where(col(CheckIn.opened_at) <= now)
        .where(col(Signal.as_of).is_(None) | (col(Signal.as_of) < col(CheckIn.opened_at)) | (col(Signal.as_of) > now))
    )
    # What another model, or a clock that has since gone back, put down is not known: it is made again.
    return {
        pupil_id: as_of if as_of is not None and as_of <= now and model == flag.MODEL else None
        for pupil_id, as_of, model in rows.all()
    }


def _set_bars(
    session: Session, sealer: Sealer, school_id: UUID, just_found: Mapping[UUID, float], now: datetime
) -> None:
    """Set the bars from the points of everybody taking part; those this pass has worked out need not be read."""
    pupils = session.execute(
        select(Signal.pupil_id)
        .join(Pupil, col(Pupil.id) == col(Signal.pupil_id))
        .where(Signal.school_id == school_id, Pupil.status == "active", Signal.model == flag.MODEL)
    )
    points = list(points_of(session, sealer, pupils.scalars().all(), just_found))
    bars = flag.bars(points)
    row = session.get(SignalBars, school_id) or SignalBars(school_id=school_id, at=now, enter=0, leave=0, pupils=0)
    row.at, row.enter, row.leave, row.pupils = now, bars.enter, bars.leave, len(points)
    session.add(row)
    session.flush()
