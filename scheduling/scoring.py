"""Scoring: check-ins that ended are taken into what is known of each pupil, and a pupil who passes the bars is flagged.

There is one pass. It runs for one pupil when they finish, and each morning for everybody with check-ins it has not
taken in (those missed, or whose job was lost); both do the same, in the order in which check-ins ended, against the
bars set by the last nightly pass. A pass reads only what is new, unless nothing is kept of a pupil yet: then their last
check-ins again, more than a school year of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from math import ceil
from typing import Any, cast
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func
from sqlmodel import Session, col, select

from conversations import bank
from conversations.bank import CONTEXTS, FACTORS, UnknownBankVersion
from conversations.model import Band
from conversations.own_questions import is_own
from scheduling.drawing import may_start
from scheduling.kept import CHUNK, Known, add_check_ins, read, write
from scheduling.school import SchoolFacts
from signals import flag
from signals.account import account
from signals.board import FACTORS as FACTOR_COUNT
from signals.board import Board, Sheet, advance, levels
from signals.evidence import evidence
from signals.flag import Bars
from signals.items import STATE, ItemSet, item_set, usual_item
from signals.keeping import put_away, take_up
from store.sealing import Sealer
from store.signal_tables import Signal, SignalBars
from store.tables import CheckIn, Flag, Pupil, TutorGroup

WEEK = timedelta(weeks=1)
# A check-in that ended longer ago than this is taken in, but no tutor is written to about it.
FRESH = timedelta(days=4)
MOST_ITEMS = 16
REMEMBERED = 12

Raise = Callable[[Flag], None]


@dataclass(frozen=True)
class _Step:
    """One check-in taken in: whose, what the points came to, and the board's row if it may raise a flag."""

    known: Known
    check_in: Any
    points: float
    state_answers: float
    board: Board | None


@dataclass(frozen=True)
class Taken:
    """What a pass took in: how many check-ins, and what the points of their pupils have come to."""

    check_ins: int
    points: Mapping[UUID, float]


def items_of(version: str, band: Band) -> ItemSet:
    """The items of a bank version in one wording, as the signals need them; none of a version that is not here.

    Questions of a school's own are never among them: what they would say of a pupil nobody has measured.
    """
    return _items_of(bank.base(version), band)


@cache
def _items_of(version: str, band: Band) -> ItemSet:
    try:
        items = bank.load(version).items.values()
    except UnknownBankVersion:
        return item_set({})
    return item_set({item.id: (_series(item), usual_item(len(item.options[band]), item.direction)) for item in items})


def _series(item: bank.Item) -> int:
    if item.context is None:
        return STATE
    return 2 * FACTORS.index(item.factor) + CONTEXTS.index(item.context)


def take_in(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    pupil_ids: Sequence[UUID],
    now: datetime,
    raised: Raise | None,
) -> Taken:
    """Take in whatever check-ins of some pupils have ended since.

    `raised` is told of each new flag; without it levels go up and nobody is told.
    """
    bars = read_bars(session, school.id)
    steps: list[_Step] = []
    everyone: list[Known] = []
    for start in range(0, len(pupil_ids), CHUNK):
        known = read(session, sealer, school.id, pupil_ids[start : start + CHUNK], now)
        steps += _advance(sealer, known, bars)
        everyone += (one for one in known if one.check_ins)
    _decide(session, sealer, school, steps, bars, now, raised)
    write(session, sealer, school.id, everyone)
    return Taken(len(steps), {one.pupil_id: one.points for one in everyone})


def read_bars(session: Session, school_id: UUID) -> Bars:
    """Read a school's bars; those of the floor before the first nightly pass."""
    row = session.get(SignalBars, school_id)
    return Bars(row.enter, row.leave) if row else flag.bars([])


def look(
    session: Session, sealer: Sealer, school_id: UUID, pupil_ids: Sequence[UUID], now: datetime
) -> tuple[Board, list[bool]]:
    """What is known of some pupils, with all that has ended, and who is flagged; nothing is written or raised."""
    known, bars = read(session, sealer, school_id, pupil_ids, now), read_bars(session, school_id)
    for step in _advance(sealer, known, bars):
        step.known.flagged = flag.stays(step.points, step.known.flagged, bars)
    return take_up([one.row for one in known]), [one.flagged for one in known]


def level_at(session: Session, sealer: Sealer, school_id: UUID, moments: Mapping[UUID, datetime]) -> dict[UUID, float]:
    """How things were for some pupils, each at a moment of their own: levels in SD, by what was known then."""
    known = [Known(pupil_id) for pupil_id in moments]
    if known:
        add_check_ins(session, school_id, known, max(moments.values()))
    for one in known:
        one.check_ins = [row for row in one.check_ins if row.opened_at <= moments[one.pupil_id]]
    for _ in _advance(sealer, known, flag.bars([])):
        pass
    board = take_up([one.row for one in known])
    return {one.pupil_id: float(its) for one, its in zip(known, levels(board)[:, FACTOR_COUNT], strict=True)}


# --- taking in --------------------------------------------------------------------------------------------------------


def _advance(sealer: Sealer, known: list[Known], bars: Bars) -> Iterator[_Step]:
    """Take in the first new check-in of each pupil, then the second, and so on; those of one bank together."""
    board = take_up([one.row for one in known])
    rounds = max((len(one.check_ins) for one in known), default=0)
    for number in range(rounds):
        alike: dict[tuple[str, Band], list[int]] = defaultdict(list)
        for place, one in enumerate(known):
            if number < len(one.check_ins):
                check_in = one.check_ins[number]
                alike[bank.base(check_in.bank_version), "young" if check_in.phase == "young" else "older"].append(place)
        for (version, band), places in alike.items():
            which = np.array(places, dtype=np.intp)
            items = items_of(version, band)
            sheet = _sheet(sealer, [(known[place], known[place].check_ins[number]) for place in places], items)
            after = advance(board.rows(which), sheet, items)
            board = board.with_rows(which, after)
            yield from _steps([known[place] for place in places], number, after, bars, sheet.asked)
    for one, text in zip(known, put_away(board), strict=True):
        if one.check_ins:
            one.row = text


def _steps(known: Sequence[Known], number: int, board: Board, bars: Bars, said: NDArray[np.bool_]) -> Iterator[_Step]:
    points = flag.points(evidence(board))
    for place, one in enumerate(known):
        check_in, its = one.check_ins[number], float(points[place])
        one.as_of, one.points = check_in.opened_at, its
        # One that says nothing (it never came, or its pupil opted out) is no news about anybody.
        row = board.rows(np.array([place], dtype=np.intp)) if its >= bars.enter and said[place] else None
        yield _Step(one, check_in, its, float(board.answers[place, FACTOR_COUNT]), row)


def _sheet(sealer: Sealer, pairs: Sequence[tuple[Known, Any]], items: ItemSet) -> Sheet:
    """Lay out one check-in of each pupil as arrays; what the bank does not know is left out."""
    shape = (len(pairs), MOST_ITEMS)
    numbers, options = np.full(shape, len(items.ids), dtype=np.intp), np.full(shape, -1, dtype=np.intp)
    milliseconds, weeks = np.full(shape, -1.0), np.zeros(len(pairs))
    numbered, unknown, series = items.numbers, len(items.ids), items.series.tolist()
    rows: list[int] = []
    places: list[int] = []
    asked_of: list[int] = []
    chosen: list[int] = []
    took: list[float] = []
    for row, (known, check_in) in enumerate(pairs):
        if known.as_of is not None:
            weeks[row] = (check_in.opened_at - known.as_of) / WEEK
        if check_in.answers_sealed is None:
            continue
        told = sealer.open_if_whole("check_in", "answers", check_in.id, check_in.answers_sealed) or []
        # The school's own questions are no part of the model, nor are how fast or how evenly they were answered.
        answers = [answer for answer in told if not is_own(answer[0])][:MOST_ITEMS]
        rows += [row] * len(answers)
        places += range(len(answers))
        for item, option, ms in answers:
            number = numbered.get(item, unknown)
            asked_of.append(number)
            chosen.append(-1 if option is None else option)
            took.append(ms)
            if series[number] != STATE:
                known.recent.append(item)
        del known.recent[:-REMEMBERED]
    if rows:
        at = (rows, places)
        numbers[at], options[at], milliseconds[at] = asked_of, chosen, took
    widest = max(places, default=0) + 1
    answered = np.asarray((options >= 0).any(axis=1), dtype=bool)
    asked = answered | np.array([_left(check_in) for _, check_in in pairs], dtype=bool)
    return Sheet(numbers[:, :widest], options[:, :widest], milliseconds[:, :widest], weeks, asked, answered)


def _left(check_in: Any) -> bool:  # noqa: ANN401 (a row of columns)
    """Whether a check-in was left unanswered until it closed, which alone may be silence.

    One that ended because the pupil opted out is not, nor one in which they skipped every question; and one of the
    school's own questions alone asked nothing of the model.
    """
    return check_in.state == "missed" and bool(bank.base(check_in.bank_version))


# --- deciding ---------------------------------------------------------------------------------------------------------


def _decide(
    session: Session,
    sealer: Sealer,
    school: SchoolFacts,
    steps: list[_Step],
    bars: Bars,
    now: datetime,
    raised: Raise | None,
) -> None:
    """Go through the check-ins in the order in which they ended, and raise what flags are due."""
    room: int | None = None
    new: list[Flag] = []
    nudged = _Nudged(session, school.id, [step.check_in for step in steps if step.board is not None])
    # By number: fifty thousand ids are dear to compare.
    for step in sorted(steps, key=lambda one: (_ended(one.check_in), one.check_in.id.int)):
        known, at = step.known, step.check_in.opened_at
        before = known.flagged
        if before:
            known.flagged = flag.stays(step.points, True, bars)
        elif step.board is not None and flag.is_new(
            step.points,
            flagged=False,
            weeks_since=(at - known.up_at) / WEEK if known.up_at else None,
            state_answers=step.state_answers,
            bars=bars,
        ):
            # What is old news raises nobody; if it still holds, the next check-in does.
            due = raised is None or _ended(step.check_in) > now - FRESH
            room = _room(session, school.id) if room is None else room
            free = due and room > 0 and (raised is None or not nudged.is_full(step.check_in))
            if free and (raised is None or _may_start(session, sealer, school, step, bars)):
                known.flagged, room = True, room - 1
                if raised is not None:
                    new.append(_new_flag(sealer, school, step, bars, now))
                    nudged.add(step.check_in.group_id, step.check_in.ended_at)
        if room is not None and before and not known.flagged:
            room += 1
        if known.flagged:
            known.up_at = at
    if raised is not None and new:
        session.add_all(new)
        session.flush()
        for row in new:
            raised(row)


def _ended(check_in: Any) -> datetime:  # noqa: ANN401 (a row of columns)
    return cast(datetime, check_in.ended_at or check_in.opened_at)


def _may_start(session: Session, sealer: Sealer, school: SchoolFacts, step: _Step, bars: Bars) -> bool:
    of, board = step.check_in, cast(Board, step.board)
    return may_start(session, sealer, school, of.pupil_id, of.group_id, of.id, of.opened_at, board, bars)


def _room(session: Session, school_id: UUID) -> int:
    """How many more may be flagged: ten per cent of those taking part, three at least, less those who are."""
    active = session.exec(
        select(func.count()).select_from(Pupil).where(Pupil.school_id == school_id, Pupil.status == "active")
    ).one()
    # Who left or stopped while flagged takes no place.
    flagged = session.exec(
        select(func.count())
        .select_from(Signal)
        .join(Pupil, col(Pupil.id) == col(Signal.pupil_id))
        .where(Signal.school_id == school_id, Signal.flagged, Pupil.status == "active")
    ).one()
    return max(ceil(flag.ENTER_SHARE * active), flag.NEW_A_TUTOR_A_WEEK) - flagged


class _Nudged:
    """When check-ins ended that brought a tutor nudges, a week back and on, over all of the tutor's groups."""

    def __init__(self, session: Session, school_id: UUID, check_ins: Sequence[Any]) -> None:
        self._at: dict[UUID, list[datetime | None]] = defaultdict(list)
        self._tutors: dict[UUID, UUID] = {}
        if not check_ins:
            return
        tutors = select(TutorGroup.id, TutorGroup.tutor_id).where(TutorGroup.school_id == school_id)
        self._tutors = {group_id: tutor_id or group_id for group_id, tutor_id in session.exec(tutors)}
        since = min(map(_ended, check_ins)) - WEEK
        rows = session.execute(
            select(Flag.group_id, CheckIn.ended_at)
            .join(CheckIn, col(CheckIn.id) == col(Flag.check_in_id))
            .where(Flag.school_id == school_id, col(Flag.raised_at) > since, col(CheckIn.ended_at) > since)
        )
        for group_id, ended_at in rows:
            self.add(group_id, ended_at)

    def add(self, group_id: UUID, ended_at: datetime | None) -> None:
        self._at[self._tutors.get(group_id, group_id)].append(ended_at)

    def is_full(self, check_in: Any) -> bool:  # noqa: ANN401 (a row of columns)
        """Whether the tutor has had as many new nudges as a week may bring, counted by when the check-ins ended."""
        at, tutor = _ended(check_in), self._tutors.get(check_in.group_id, check_in.group_id)
        new = sum(1 for one in self._at[tutor] if one is not None and at - WEEK < one <= at)
        return new >= flag.NEW_A_TUTOR_A_WEEK


def _new_flag(sealer: Sealer, school: SchoolFacts, step: _Step, bars: Bars, now: datetime) -> Flag:
    row = Flag(
        school_id=school.id,
        pupil_id=step.known.pupil_id,
        group_id=step.check_in.group_id,
        check_in_id=step.check_in.id,
        rule=flag.MODEL,
        raised_at=now,
    )
    sealer.write(row, "reasons", account(cast(Board, step.board), bars))
    return row
