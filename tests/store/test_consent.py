"""Taking part: who stops, who starts, and that none of it is counted as anything."""

from collections.abc import Callable

import pytest
from sqlmodel import Session, col, select

from scheduling import rounds
from scheduling.school import SchoolFacts
from scheduling.waves import WaveTimes
from store import consent, outbox
from store.sealing import Sealer
from store.tables import Audit, CheckIn, Due, Flag, Outbox, Pupil, Wave
from tests.factories import NOW, make_group, make_pupil, make_school

Change = Callable[[Session, Pupil], bool]
HOLD: Change = lambda session, pupil: consent.hold(session, pupil, NOW, "command:person")  # noqa: E731
RELEASE: Change = lambda session, pupil: consent.release(session, pupil, NOW, "command:person")  # noqa: E731
STOP: Change = lambda session, pupil: consent.stop(session, pupil, NOW, "command:person")  # noqa: E731
START: Change = lambda session, pupil: consent.start(session, pupil, NOW, "command:person")  # noqa: E731


@pytest.fixture
def school(session: Session) -> SchoolFacts:
    return make_school(session)


@pytest.fixture
def pupil(session: Session, sealer: Sealer, school: SchoolFacts) -> Pupil:
    return make_pupil(session, sealer, school, make_group(session, school, "7B", 7), chat_id=501)


def open_wave(session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil) -> Wave:
    wave = rounds.open_now(session, school, WaveTimes(NOW, None, NOW.replace(hour=15)), NOW)
    rounds.open_group(session, sealer, school, wave, pupil.group_id, NOW)
    session.flush()
    return wave


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ((), True),
        ((HOLD,), False),
        ((STOP,), False),
        ((HOLD, RELEASE), True),
        ((STOP, START), True),
        # What a guardian stopped the pupil alone cannot start.
        ((HOLD, START), False),
        ((STOP, HOLD, START), False),
        # A guardian who allows again does not undo what the pupil wished.
        ((STOP, HOLD, RELEASE), False),
        ((STOP, HOLD, RELEASE, START), True),
    ],
    ids=lambda value: str(value) if isinstance(value, bool) else f"{len(value)} changes",
)
def test_a_pupil_is_asked_when_neither_they_nor_a_guardian_stopped(
    session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil, changes: tuple[Change, ...], asked: bool
) -> None:
    for change in changes:
        change(session, pupil)
    open_wave(session, sealer, school, pupil)
    assert len(session.exec(select(CheckIn)).all()) == int(asked)
    assert rounds.reachable_pupils(session, school.id) == int(asked)


@pytest.mark.parametrize("change", [HOLD, STOP])
def test_stopping_puts_away_what_is_open_and_counts_as_nothing(
    session: Session, sealer: Sealer, school: SchoolFacts, pupil: Pupil, change: Change
) -> None:
    wave = open_wave(session, sealer, school, pupil)
    for method in ("send", "edit"):
        outbox.post(
            session,
            sealer,
            school_id=school.id,
            network="telegram",
            lane="bulk",
            method=method,
            recipient=f"pupil:{pupil.id.hex}",
            payload={},
            dedupe=method,
            now=NOW,
        )
    session.flush()
    assert change(session, pupil)
    session.flush()
    check_in = session.exec(select(CheckIn)).one()
    assert (check_in.state, check_in.ended_at) == ("partial", NOW)
    # What takes the buttons of an earlier one away still goes.
    assert dict(session.exec(select(Outbox.method, Outbox.state)).all()) == {"send": "replaced", "edit": "waiting"}
    assert rounds.remind_group(session, wave, pupil.group_id, NOW) == []
    # Not a sign: nothing is scored, nobody hears of it.
    kinds = set(session.exec(select(Due.kind)).all())
    assert ("score" in kinds, consent.CLOSE in kinds) == (False, True)
    assert session.exec(select(Flag)).all() == []


@pytest.mark.parametrize(
    ("change", "before"), [(RELEASE, ()), (START, ()), (HOLD, (HOLD,)), (STOP, (STOP,)), (START, (HOLD,))]
)
def test_what_changes_nothing_says_so_and_is_not_recorded(
    session: Session, pupil: Pupil, change: Change, before: tuple[Change, ...]
) -> None:
    for one in before:
        assert one(session, pupil)
    assert change(session, pupil) is False
    assert len(session.exec(select(Audit)).all()) == len(before)


def test_each_change_is_recorded_with_who_made_it(session: Session, pupil: Pupil) -> None:
    for change in (HOLD, RELEASE, STOP, START):
        change(session, pupil)
    rows = session.exec(select(Audit).order_by(col(Audit.number))).all()
    assert [row.action for row in rows] == [
        "stopped for a guardian",
        "allowed again for a guardian",
        "stopped for the pupil",
        "started for the pupil",
    ]
    assert {(row.actor, row.subject) for row in rows} == {("command:person", f"pupil:{pupil.id.hex}")}
