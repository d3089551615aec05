"""Outages: what was missed while the bot or the phones were out of reach is nobody's silence.

Two things tell of one. The store knows when updates could not be fetched: a gap of more than GAP between two times at
which they were. And a whole school that falls silent at once is no pupil's doing: fewer than half of the usual share
answered. What was missed then gets the state "cut_off", before the pass that would have taken it in.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from scheduling.absence import LATELY, put_aside, work_out_anew
from scheduling.calendar import SchoolCalendar
from scheduling.school import SchoolFacts
from signals.silence import USUAL_ANSWERED, USUAL_MISSED
from store.sealing import Sealer
from store.tables import CheckIn, Cursor, Wave

CUT_OFF: Final = "cut_off"
# Noted at most so often, and a gap only when it is longer: a restart is none.
EVERY: Final = timedelta(minutes=5)
GAP: Final = timedelta(minutes=15)
# Out of reach for half of the hours in which a pupil may be written to.
MOST: Final = 0.5
# Fewer than half of the usual share answered, the median of the waves before; of too few pupils it tells nothing.
FELL_SILENT: Final = 0.5
WAVES_BEFORE: Final = 8
WAVES_NEEDED: Final = 3
PUPILS_NEEDED: Final = 30
_STEP: Final = timedelta(minutes=15)

Gap = tuple[datetime, datetime]


def heard(session: Session, school: SchoolFacts, now: datetime) -> None:
    """Note that updates can be fetched now; a longer time since the last note is kept as a gap."""
    if _rehearses(school):
        return
    cursor = session.get(Cursor, _heard(school.id))
    if cursor is None:
        cursor = Cursor(name=_heard(school.id))
    else:
        last = _moment(cursor.position)
        if last <= now < last + EVERY:
            return
        if now - last > GAP:
            gap = f"{_gaps(school.id)}{cursor.position}"
            session.add(session.get(Cursor, gap) or Cursor(name=gap, position=int(now.timestamp())))
    cursor.position = int(now.timestamp())
    session.add(cursor)


def set_aside_outages(session: Session, sealer: Sealer, school: SchoolFacts, now: datetime) -> int:
    """Set aside what was missed in waves of the last two weeks that an outage cut off; gives how many check-ins.

    What had been taken in as missed is worked out anew; nobody is told.
    """
    if _rehearses(school):
        return 0
    gaps = _gaps_lately(session, school, now)
    lately = session.exec(
        select(Wave)
        .where(Wave.school_id == school.id, Wave.state == "closed")
        .where(col(Wave.closes_at) > now - LATELY, col(Wave.closes_at) <= now)
    ).all()
    cut = [wave.id for wave in lately if _unheard(school.calendar, wave, gaps) >= MOST]
    cut += _fell_silent(session, school, lately)
    if not cut:
        return 0
    rows = session.exec(
        select(CheckIn)
        .where(CheckIn.school_id == school.id, col(CheckIn.wave_id).in_(cut))
        .where(CheckIn.state == "missed")
    ).all()
    count, taken_in = put_aside(session, rows, CUT_OFF)
    if taken_in:
        work_out_anew(session, sealer, school, taken_in, now)
    return count


# --- what the store knows of itself -----------------------------------------------------------------------------------


def _gaps_lately(session: Session, school: SchoolFacts, now: datetime) -> list[Gap]:
    """Give the gaps of late, one that goes on still among them; those of longer ago are dropped."""
    found: list[Gap] = []
    begins = _gaps(school.id)
    for cursor in session.exec(select(Cursor).where(col(Cursor.name).startswith(begins))).all():
        # A wave that closed two weeks ago was open some days before.
        if _moment(cursor.position) < now - 2 * LATELY:
            session.delete(cursor)
        else:
            found.append((_moment(int(cursor.name.removeprefix(begins))), _moment(cursor.position)))
    last = session.get(Cursor, _heard(school.id))
    if last is not None and now - _moment(last.position) > GAP:
        found.append((_moment(last.position), now))
    return found


def _unheard(calendar: SchoolCalendar, wave: Wave, gaps: Iterable[Gap]) -> float:
    """The share, 0 to 1, of a wave's hours without quiet ones in which no update could be fetched."""
    missing = sum(_waking(calendar, max(since, wave.opens_at), min(until, wave.closes_at)) for since, until in gaps)
    return missing / max(1, _waking(calendar, wave.opens_at, wave.closes_at))


def _waking(calendar: SchoolCalendar, since: datetime, until: datetime) -> int:
    """Count the quarters of an hour outside quiet hours."""
    count = 0
    while since + _STEP <= until:
        count += not calendar.is_quiet(since)
        since += _STEP
    return count


# --- what only the phones know ----------------------------------------------------------------------------------------


def _fell_silent(session: Session, school: SchoolFacts, lately: Sequence[Wave]) -> list[UUID]:
    """Find the waves that fewer than half of those who usually do have answered."""
    if not lately:
        return []
    first = min(wave.opens_at for wave in lately)
    before = session.exec(
        select(Wave)
        .where(Wave.school_id == school.id, Wave.state == "closed", col(Wave.opens_at) < first)
        .order_by(col(Wave.opens_at).desc())
        .limit(WAVES_BEFORE)
    ).all()
    shares = _shares(session, school.id, [wave.id for wave in (*before, *lately)])
    ordered = sorted((*before, *lately), key=lambda wave: wave.opens_at)
    found = []
    for place, wave in enumerate(ordered):
        if wave not in lately or wave.id not in shares:
            continue
        earlier = [shares[one.id] for one in ordered[:place] if one.id in shares][-WAVES_BEFORE:]
        supposed = USUAL_ANSWERED / (USUAL_ANSWERED + USUAL_MISSED)
        usual = median(earlier) if len(earlier) >= WAVES_NEEDED else supposed
        if shares[wave.id] < FELL_SILENT * usual:
            found.append(wave.id)
    return found


def _shares(session: Session, school_id: UUID, waves: Sequence[UUID]) -> dict[UUID, float]:
    """The share of those a wave reached who answered it, by wave; none for a wave that reached too few.

    Who was cut off counts as reached: what was set aside once must not make the usual look better.
    """
    rows = session.execute(
        select(CheckIn.wave_id, CheckIn.state, func.count())
        .where(CheckIn.school_id == school_id, col(CheckIn.wave_id).in_(waves))
        .where(col(CheckIn.state).in_(("answered", "partial", "missed", CUT_OFF)))
        .group_by(col(CheckIn.wave_id), col(CheckIn.state))
    )
    counts: dict[UUID, dict[str, int]] = defaultdict(dict)
    for wave_id, state, count in rows:
        counts[wave_id][state] = count
    return {
        wave_id: (its.get("answered", 0) + its.get("partial", 0)) / reached
        for wave_id, its in counts.items()
        if (reached := sum(its.values())) >= PUPILS_NEEDED
    }


def _rehearses(school: SchoolFacts) -> bool:
    """Whether it is the sample school: its clock is moved by days, and hardly anybody answers."""
    return "sample" in school.policy


def _heard(school_id: UUID) -> str:
    return f"heard:{school_id.hex}"


def _gaps(school_id: UUID) -> str:
    return f"unheard:{school_id.hex}:"


def _moment(position: int) -> datetime:
    return datetime.fromtimestamp(position, UTC)
