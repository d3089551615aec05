"""The whole school in totals: added up once, year by year, with small cells kept back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from conversations.bank import LATEST, load
from scheduling.retention import purge
from scheduling.school_view import SETTLED, YEAR, add_up_next, school_view
from signals.totals import FEWEST
from store.school_tables import Trend
from store.sealing import Sealer
from store.tables import CheckIn, Flag, Pupil, TutorGroup, Wave
from tests.bot.classroom import Classroom, classroom
from tests.factories import make_group, make_pupil

ITEMS = load(LATEST).items
STATE = next(item for item in ITEMS.values() if item.kind == "state" and item.direction == -1)
OTHERS = next(item for item in ITEMS.values() if item.factor == "trust_of_others" and item.direction == 1)


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    return classroom(session, sealer)


def wave_of(room: Classroom, *groups: tuple[TutorGroup, list[int | None]], **more: object) -> Wave:
    """A closed wave: for each pupil of a group the option they chose twice; None did not answer."""
    wave = Wave(
        school_id=room.school.id,
        day=room.clock().isoformat(),
        number=1,
        opens_at=room.clock() - timedelta(hours=8),
        closes_at=room.clock() - SETTLED - timedelta(minutes=1),
        bank_version=LATEST,
        state="closed",
    )
    room.session.add(wave)
    room.session.flush()
    for group, options in groups:
        pupils = list(room.session.exec(select(Pupil).where(Pupil.group_id == group.id).order_by(Pupil.id)))  # type: ignore[arg-type]
        while len(pupils) < len(options):
            pupils.append(make_pupil(room.session, room.sealer, room.school, group))
        for pupil, option in zip(pupils, options, strict=False):
            check_in = CheckIn(
                school_id=room.school.id,
                wave_id=wave.id,
                pupil_id=pupil.id,
                group_id=group.id,
                bank_version=LATEST,
                phase=pupil.phase,
                opened_at=wave.opens_at,
                state="missed" if option is None else "answered",
            )
            if option is not None:
                room.sealer.write(check_in, "answers", [[STATE.id, option, 900], [OTHERS.id, option, 900]])
            room.session.add(check_in)
    for name, value in more.items():
        setattr(wave, name, value)
    room.session.commit()
    return wave


def add_up(room: Classroom) -> int:
    rounds = 0
    while add_up_next(room.session, room.sealer, room.school.id, room.clock()):
        room.session.commit()
        rounds += 1
    room.session.commit()
    return rounds


def test_each_closed_wave_is_added_up_once(room: Classroom):
    for _ in range(3):
        wave_of(room, (room.group, [2] * 4))
        room.clock.move(days=7)
    assert add_up(room) == 3
    assert add_up(room) == 0


@pytest.mark.parametrize("change", [{"state": "open"}, {"state": "lapsed"}, {"closes_at": None}])
def test_a_wave_that_is_open_or_lapsed_or_only_just_closed_waits(room: Classroom, change: dict[str, object]):
    wave_of(room, (room.group, [2]), **{key: value or room.clock() for key, value in change.items()})
    assert add_up(room) == 0


def test_answers_lie_between_the_ends_and_those_who_did_not_answer_are_counted(room: Classroom):
    wave_of(room, (room.group, [4] * 9 + [0] * 3 + [None] * 4))
    add_up(room)
    (totals,) = school_view(room.session, room.sealer, room.school.id, room.clock()).by_year[7]
    assert totals.answered == 0.75
    others, how = totals.means[2], totals.means[4]
    assert others is not None
    assert how is not None
    assert (others.value, how.value) == (pytest.approx(0.75), pytest.approx(0.25))
    assert others.lower < 0.75 < others.upper
    assert totals.means[0] is totals.means[1] is totals.means[3] is None


def test_year_groups_stand_apart_and_small_ones_are_in_the_whole_school_alone(room: Classroom):
    ninth = make_group(room.session, room.school, "9A", 9)
    wave_of(room, (room.group, [4] * FEWEST), (ninth, [0] * (FEWEST - 1)))
    add_up(room)
    view = school_view(room.session, room.sealer, room.school.id, room.clock())
    assert view.years == (7, 9)
    assert view.by_year[9][0].means == (None,) * 5
    assert view.by_year[9][0].answered is None
    whole = view.whole[0].means[2]
    assert whole is not None
    assert whole.value == pytest.approx(10 / 19)


def test_it_is_a_year_long_and_older_totals_are_thrown_away(room: Classroom):
    wave_of(room, (room.group, [2] * FEWEST))
    add_up(room)
    room.clock.now += YEAR
    later = wave_of(room, (room.group, [2] * FEWEST))
    add_up(room)
    purge(room.session, room.sealer, room.school, room.clock())
    view = school_view(room.session, room.sealer, room.school.id, room.clock())
    assert list(view.waves) == [later.opens_at]
    assert [row.wave_id for row in room.session.exec(select(Trend))] == [later.id]


def test_an_answer_that_its_item_does_not_have_or_whose_item_is_gone_is_left_out(room: Classroom):
    wave = wave_of(room, (room.group, [2] * FEWEST))
    for check_in in room.session.exec(select(CheckIn).where(CheckIn.wave_id == wave.id)):
        room.sealer.write(check_in, "answers", [["NO-SUCH", 1, 5], [STATE.id, 99, 5], [OTHERS.id, None, 5]])
        room.session.add(check_in)
    room.session.commit()
    add_up(room)
    view = school_view(room.session, room.sealer, room.school.id, room.clock())
    assert view.whole[0].means == (None,) * 5


def test_nudges_are_counted_by_what_became_of_them(room: Classroom):
    wave = wave_of(room, (room.group, [2] * 24))
    states = ["new"] * 3 + ["snoozed"] * 3 + ["taken"] * 6 + ["done"] * 7 + ["not_needed"] * 5
    for check_in, state in zip(
        room.session.exec(select(CheckIn).where(CheckIn.wave_id == wave.id)).all(), states, strict=True
    ):
        flag = Flag(
            school_id=room.school.id,
            pupil_id=check_in.pupil_id,
            group_id=room.group.id,
            check_in_id=check_in.id,
            rule="test",
            raised_at=room.clock(),
            state=state,
        )
        room.sealer.write(flag, "reasons", {})
        room.session.add(flag)
    room.session.commit()
    view = school_view(room.session, room.sealer, room.school.id, room.clock())
    assert view.nudges == ((6, 6, 7, 5, 24), (6, 6, 7, 5, 24))
    # A year later they are none of the last year's.
    later = school_view(room.session, room.sealer, room.school.id, room.clock() + YEAR)
    assert later.nudges == ((0, 0, 0, 0, 0), (0, 0, 0, 0, 0))
