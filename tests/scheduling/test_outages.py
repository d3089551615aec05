"""Outages: what could not be answered is nobody's silence, whether the bot was out of reach or the phones were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from conversations.bank import LATEST
from scheduling import outages
from scheduling.briefing import response
from scheduling.jobs import signals_night
from scheduling.outages import PUPILS_NEEDED, heard, set_aside_outages
from scheduling.scoring import look, take_in
from signals.silence import silence
from store.sealing import Sealer
from store.tables import CheckIn, Cursor, Due, Pupil, Wave
from tests.bot.classroom import Classroom, classroom
from tests.factories import make_pupil

# A Tuesday of term; the check-in closes on the Wednesday.
OPENS, CLOSES = datetime(2026, 11, 10, 8, 40, tzinfo=UTC), datetime(2026, 11, 11, 15, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 12, 7, 0, tzinfo=UTC)
WEEK = timedelta(weeks=1)


@pytest.fixture
def room(session: Session, sealer: Sealer) -> Classroom:
    room = classroom(session, sealer)
    room.clock.now = MORNING
    return room


def pupils(room: Classroom, count: int) -> list[Pupil]:
    found = [make_pupil(room.session, room.sealer, room.school, room.group, chat_id=None) for _ in range(count)]
    room.session.commit()
    return found


def wave(room: Classroom, everyone: list[Pupil], answered: int, weeks_ago: int = 0) -> Wave:
    """A wave that closed: the first so many answered (with no answer that is read here), the others missed it."""
    back = weeks_ago * WEEK
    row = Wave(
        school_id=room.school.id,
        day=(OPENS - back).date().isoformat(),
        number=weeks_ago,
        opens_at=OPENS - back,
        closes_at=CLOSES - back,
        bank_version=LATEST,
        state="closed",
    )
    room.session.add(row)
    room.session.flush()
    for place, pupil in enumerate(everyone):
        room.session.add(
            CheckIn(
                school_id=room.school.id,
                wave_id=row.id,
                pupil_id=pupil.id,
                group_id=pupil.group_id,
                bank_version=LATEST,
                phase=pupil.phase,
                opened_at=row.opens_at,
                ended_at=row.closes_at,
                state="answered" if place < answered else "missed",
            )
        )
    room.session.commit()
    return row


def states(room: Classroom, of: Wave) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in room.rows(CheckIn, wave_id=of.id):
        found[row.state] = found.get(row.state, 0) + 1
    return found


def aside(room: Classroom) -> int:
    count = set_aside_outages(room.session, room.sealer, room.school, room.clock())
    room.session.commit()
    return count


def hears(room: Classroom, *moments: datetime) -> None:
    for moment in moments:
        heard(room.session, room.school, moment)
    room.session.commit()


def heard_all_along(room: Classroom, *, but: tuple[datetime, datetime] | None = None) -> None:
    """Updates could be fetched from before the check-in opened until now, but for a gap."""
    moment = OPENS - timedelta(hours=1)
    while moment <= MORNING:
        if but is None or not but[0] < moment < but[1]:
            heard(room.session, room.school, moment)
        moment += timedelta(minutes=5)
    room.session.commit()


# --- a whole school falls silent --------------------------------------------------------------------------------------


def test_a_check_in_that_hardly_anybody_answered_is_nobodys_silence(room: Classroom):
    everyone = pupils(room, 40)
    usual = [wave(room, everyone, 28 + weeks_ago, weeks_ago) for weeks_ago in (4, 3, 2, 1)]
    cut = wave(room, everyone, 3)
    assert aside(room) == 37
    assert states(room, cut) == {"answered": 3, "cut_off": 37}
    assert [states(room, one)["missed"] for one in usual] == [8, 9, 10, 11]
    # The next morning finds it as it is.
    assert aside(room) == 0


def test_usual_is_what_is_usual_there_and_is_not_made_better_by_what_was_set_aside(room: Classroom):
    everyone = pupils(room, 40)
    for weeks_ago in range(5, 1, -1):
        wave(room, everyone, 12, weeks_ago)
    cut, after = wave(room, everyone, 5, 1), wave(room, everyone, 7)
    assert aside(room) == 35
    assert (states(room, cut)["cut_off"], states(room, after)) == (35, {"answered": 7, "missed": 33})


@pytest.mark.parametrize(("answered", "set_aside"), [(14, 26), (15, 0)])
def test_a_new_school_goes_by_what_is_supposed_of_any(room: Classroom, answered: int, set_aside: int):
    wave(room, pupils(room, 40), answered)
    assert aside(room) == set_aside


def test_of_too_few_pupils_it_tells_nothing(room: Classroom):
    wave(room, pupils(room, PUPILS_NEEDED - 1), 0)
    assert aside(room) == 0


def test_a_school_that_answers_as_ever_keeps_what_was_missed(room: Classroom):
    everyone = pupils(room, 40)
    for weeks_ago in (4, 3, 2, 1, 0):
        wave(room, everyone, 20, weeks_ago)
    assert aside(room) == 0


# --- the bot was out of reach -----------------------------------------------------------------------------------------


def test_what_was_missed_while_the_bot_was_out_of_reach_for_half_of_its_hours_is_set_aside(room: Classroom):
    """From 8:40 to 20:00 and from 7:30 to 15:00 are 75 quarters of an hour and a third; at night nobody is asked."""
    everyone = pupils(room, 4)
    cut = wave(room, everyone, 2)
    heard_all_along(room, but=(OPENS + timedelta(minutes=20), datetime(2026, 11, 10, 19, 0, tzinfo=UTC)))
    assert aside(room) == 2
    assert states(room, cut) == {"answered": 2, "cut_off": 2}


@pytest.mark.parametrize(
    ("since", "until"),
    [
        # A machine that is switched off each evening.
        (datetime(2026, 11, 10, 16, 0, tzinfo=UTC), datetime(2026, 11, 11, 8, 0, tzinfo=UTC)),
        (datetime(2026, 11, 10, 10, 0, tzinfo=UTC), datetime(2026, 11, 10, 19, 0, tzinfo=UTC)),
        (datetime(2026, 11, 11, 15, 0, tzinfo=UTC), datetime(2026, 11, 12, 6, 0, tzinfo=UTC)),
    ],
)
def test_a_shorter_time_out_of_reach_changes_nothing(room: Classroom, since: datetime, until: datetime):
    wave(room, pupils(room, 4), 2)
    heard_all_along(room, but=(since, until))
    assert aside(room) == 0


def test_without_a_gap_nothing_is_kept_but_the_last_time(room: Classroom):
    heard_all_along(room)
    hears(room, MORNING + timedelta(minutes=1), MORNING + timedelta(minutes=15))
    assert [(row.name, row.position) for row in room.rows(Cursor)] == [
        (f"heard:{room.school.id.hex}", int((MORNING + timedelta(minutes=15)).timestamp()))
    ]


def test_an_outage_that_goes_on_still_counts_and_gaps_of_long_ago_are_dropped(room: Classroom):
    hears(room, OPENS - 9 * WEEK, OPENS - 8 * WEEK, OPENS - timedelta(minutes=5))
    wave(room, pupils(room, 4), 1)
    assert len(room.rows(Cursor)) == 3
    assert aside(room) == 3
    assert {row.name.partition(":")[0] for row in room.rows(Cursor)} == {"heard", "unheard"}
    assert len(room.rows(Cursor)) == 2


def test_where_nothing_is_known_of_the_bot_nothing_is_set_aside(room: Classroom):
    wave(room, pupils(room, 4), 0)
    assert aside(room) == 0


def test_a_clock_set_back_leaves_no_gap(room: Classroom):
    hears(room, MORNING, MORNING - WEEK, MORNING - WEEK + timedelta(minutes=5))
    assert len(room.rows(Cursor)) == 1


def test_the_sample_school_whose_clock_is_moved_is_left_alone(session: Session, sealer: Sealer):
    room = classroom(session, sealer, sample={})
    room.clock.now = MORNING
    wave(room, pupils(room, 40), 1)
    hears(room, OPENS, MORNING)
    assert (aside(room), room.rows(Cursor)) == (0, [])


# --- what comes of it -------------------------------------------------------------------------------------------------


def test_the_morning_after_an_outage_no_pupil_is_more_silent_than_before(room: Classroom):
    everyone = pupils(room, 4)
    wave(room, everyone, 4, 1)
    take_in(room.session, room.sealer, room.school, [one.id for one in everyone], OPENS, None)
    wave(room, everyone, 1)
    hears(room, OPENS, CLOSES)
    due = Due(school_id=room.school.id, kind="signals.night", subject="nightly", due_at=MORNING)
    signals_night(room.session, room.sealer, room.school, due, MORNING)
    room.session.commit()
    board, _ = look(room.session, room.sealer, room.school.id, [one.id for one in everyone], MORNING)
    assert silence(board.rhythm).tolist() == [0.0] * 4


def test_what_had_been_taken_in_already_is_worked_out_anew(room: Classroom):
    everyone = pupils(room, 4)
    wave(room, everyone, 1)
    ids = [one.id for one in everyone]
    take_in(room.session, room.sealer, room.school, ids, MORNING, None)
    room.session.commit()
    board, _ = look(room.session, room.sealer, room.school.id, ids, MORNING)
    assert max(silence(board.rhythm)) > 0
    hears(room, OPENS, CLOSES)
    assert aside(room) == 3
    board, _ = look(room.session, room.sealer, room.school.id, ids, MORNING)
    assert max(silence(board.rhythm)) == 0


def test_who_was_cut_off_is_not_among_those_asked(room: Classroom):
    cut = wave(room, pupils(room, 4), 1)
    assert response(room.session, cut, room.group).asked == 4
    for row in room.session.exec(select(CheckIn).where(CheckIn.state == "missed")):
        row.state = outages.CUT_OFF
    room.session.commit()
    assert response(room.session, cut, room.group).asked == 1
