"""The whole school in totals: how year groups answer over a year, and what became of nudges. Nobody is in it alone.

A closed wave's answers are added up once and kept as sums (`store.school_tables.Trend`), wave by wave, so that neither
a year of check-ins nor the view after it ever holds the store up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from conversations.model import Band
from scheduling.scoring import items_of
from signals.items import ItemSet
from signals.totals import FEWEST, Mean, mean_of, placed, shown
from store.school_tables import Trend
from store.sealing import Sealer
from store.tables import CheckIn, Flag, TutorGroup, Wave

YEAR = timedelta(days=365)
SERIES = 5
# Check-ins are put away group by group, some seconds after their wave has closed.
SETTLED = timedelta(hours=1)
REACHED = ("answered", "partial", "missed")
BECAME = (("new", "snoozed"), ("taken",), ("done",), ("not_needed",))
"""What became of nudges, in the order of a table's columns: waiting, taken on, done, not needed."""


@dataclass(frozen=True)
class WaveTotals:
    """One wave of a year group, or of the whole school: `means` of five series (factors, then how things are).

    `answered` is the share, 0 to 1, of those it reached. None stands for fewer than ten pupils.
    """

    means: tuple[Mean | None, ...]
    answered: float | None


@dataclass(frozen=True)
class SchoolView:
    """A year of a school: waves oldest first, `by_year` and `whole` one entry a wave.

    `nudges` is a table of counts: a row for each of `years` and one for the school, a column for each of BECAME and one
    for all; None for what is kept back.
    """

    years: tuple[int, ...]
    waves: tuple[datetime, ...]
    by_year: Mapping[int, tuple[WaveTotals, ...]]
    whole: tuple[WaveTotals, ...]
    nudges: tuple[tuple[int | None, ...], ...]


@dataclass
class _Sums:
    """Sums of one year group in one wave: check-ins by state, and for each series count, sum, and sum of squares."""

    states: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    series: list[list[float]] = field(default_factory=lambda: [[0, 0.0, 0.0] for _ in range(SERIES)])

    def add(self, other: _Sums) -> None:
        for state, count in other.states.items():
            self.states[state] += count
        for mine, its in zip(self.series, other.series, strict=True):
            mine[:] = [one + another for one, another in zip(mine, its, strict=True)]

    def totals(self) -> WaveTotals:
        reached = sum(self.states.get(state, 0) for state in REACHED)
        share = self.states.get("answered", 0) / reached if reached >= FEWEST else None
        return WaveTotals(tuple(mean_of(int(count), *sums) for count, *sums in self.series), share)


def add_up_next(session: Session, sealer: Sealer, school_id: UUID, now: datetime) -> bool:
    """Add up the oldest wave of the last year that has not been; False when there is none left."""
    done = select(Trend.wave_id).where(Trend.school_id == school_id)
    wave = session.exec(
        select(Wave)
        .where(Wave.school_id == school_id, Wave.state == "closed")
        .where(col(Wave.opens_at) > now - YEAR, col(Wave.closes_at) < now - SETTLED)
        .where(col(Wave.id).not_in(done))
        .order_by(col(Wave.opens_at))
        .limit(1)
    ).first()
    if wave is None:
        return False
    row = Trend(wave_id=wave.id, school_id=school_id)
    sums = _of_wave(session, sealer, wave)
    sealer.write(row, "data", {str(year): [one.states, one.series] for year, one in sums.items()})
    session.add(row)
    session.flush()
    return True


def forget_old_sums(session: Session, school_id: UUID, now: datetime) -> None:
    """Delete the sums of waves that are shown no more."""
    past = select(Wave.id).where(Wave.school_id == school_id, col(Wave.opens_at) <= now - YEAR)
    session.execute(delete(Trend).where(col(Trend.school_id) == school_id, col(Trend.wave_id).in_(past)))


def _of_wave(session: Session, sealer: Sealer, wave: Wave) -> dict[int, _Sums]:
    found: dict[int, _Sums] = defaultdict(_Sums)
    rows = session.execute(
        select(CheckIn.id, CheckIn.phase, CheckIn.state, CheckIn.answers_sealed, TutorGroup.year)  # type: ignore[call-overload]
        .join(TutorGroup, col(TutorGroup.id) == col(CheckIn.group_id))
        .where(CheckIn.school_id == wave.school_id, CheckIn.wave_id == wave.id)
    )
    for check_in_id, phase, state, sealed, year in rows:
        sums = found[year]
        sums.states[state] += 1
        if sealed is None:
            continue
        band: Band = "young" if phase == "young" else "older"
        answers = sealer.open("check_in", "answers", check_in_id, sealed)
        for number, value in enumerate(_of_pupil(items_of(wave.bank_version, band), answers)):
            if value is not None:
                sums.series[number] = [
                    old + new for old, new in zip(sums.series[number], (1, value, value**2), strict=True)
                ]
    return found


def _of_pupil(items: ItemSet, answers: Iterable[Any]) -> list[float | None]:
    """One pupil's average place on each series: five numbers from 0 to 1, None where nothing was answered."""
    places: list[list[float]] = [[] for _ in range(SERIES)]
    for item, option, _ms in answers:
        number = items.number(item)
        if option is None or number == len(items.ids):
            continue
        place = placed(option, int(items.options[number]), int(items.direction[number]))
        if place is not None:
            places[int(items.series[number]) // 2].append(place)
    return [sum(some) / len(some) if some else None for some in places]


def school_view(session: Session, sealer: Sealer, school_id: UUID, now: datetime) -> SchoolView:
    """Put together the last year, from the sums of its waves and the states of its nudges."""
    rows = session.exec(
        select(Wave, Trend)
        .join(Trend, col(Trend.wave_id) == col(Wave.id))
        .where(Trend.school_id == school_id, col(Wave.opens_at) > now - YEAR)
        .order_by(col(Wave.opens_at))
    ).all()
    waves = [_read(sealer, trend) for _, trend in rows]
    years = tuple(sorted({year for sums in waves for year in sums} | _years(session, school_id)))
    whole = []
    for sums in waves:
        school = _Sums()
        for one in sums.values():
            school.add(one)
        whole.append(school.totals())
    return SchoolView(
        years,
        tuple(wave.opens_at for wave, _ in rows),
        {year: tuple(sums.get(year, _Sums()).totals() for sums in waves) for year in years},
        tuple(whole),
        _nudges(session, school_id, years, now),
    )


def _read(sealer: Sealer, trend: Trend) -> dict[int, _Sums]:
    data = sealer.read(trend, "data")
    return {int(year): _Sums(states, series) for year, (states, series) in data.items()}


def _years(session: Session, school_id: UUID) -> set[int]:
    return set(session.exec(select(TutorGroup.year).where(TutorGroup.school_id == school_id).distinct()))


def _nudges(
    session: Session, school_id: UUID, years: tuple[int, ...], now: datetime
) -> tuple[tuple[int | None, ...], ...]:
    statement = (
        select(TutorGroup.year, Flag.state, func.count())
        .join(TutorGroup, col(TutorGroup.id) == col(Flag.group_id))
        .where(Flag.school_id == school_id, col(Flag.raised_at) > now - YEAR, col(Flag.contested).is_(None))
        .group_by(col(TutorGroup.year), col(Flag.state))
    )
    counts = {(year, state): count for year, state, count in session.exec(statement)}
    table = [[sum(counts.get((year, state), 0) for state in states) for states in BECAME] for year in years]
    return tuple(tuple(row) for row in shown(table))
