"""`earshot absence`: the check-ins that a pupil missed while away are no silence, whatever else the file holds."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.opening import open_store
from bot.settings import Settings
from conversations.bank import LATEST
from scheduling.school import facts
from scheduling.scoring import take_in
from store.signal_tables import Signal
from store.tables import Audit, CheckIn, Pupil, School, Wave
from tests.bot.commands.test_keys import people
from tests.bot.test_command_line import Earshot, _as_before, earshot, made
from tests.factories import NOW

__all__ = ["_as_before", "earshot", "made", "people"]
DAY = f"{NOW:%Y-%m-%d}"


@pytest.fixture
def missed(people: Earshot) -> Earshot:
    """Both pupils missed a check-in, and that was taken in."""
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        pupils = session.exec(select(Pupil)).all()
        school = facts(session.exec(select(School)).one())
        wave = Wave(
            school_id=school.id, day=DAY, number=0, opens_at=NOW, closes_at=NOW + timedelta(1), bank_version=LATEST
        )
        session.add(wave)
        session.flush()
        for pupil in pupils:
            row = CheckIn(
                school_id=school.id,
                wave_id=wave.id,
                pupil_id=pupil.id,
                group_id=pupil.group_id,
                bank_version=LATEST,
                phase=pupil.phase,
                opened_at=NOW,
                state="missed",
                ended_at=NOW + timedelta(1),
            )
            session.add(row)
        session.flush()
        take_in(session, sealer, school, [pupil.id for pupil in pupils], NOW + timedelta(2), None)
        session.commit()
    engine.dispose()
    return people


def as_kept() -> tuple[list[str], list[str], int]:
    """The states of the check-ins, what was audited, and how many pupils something is worked out of."""
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        states = sorted(row.state for row in session.exec(select(CheckIn)))
        actions = [row.action for row in session.exec(select(Audit))]
        worked_out = len(session.exec(select(Signal)).all())
    engine.dispose()
    return states, actions, worked_out


def test_what_was_missed_on_a_day_of_absence_is_set_aside_and_ids_not_known_are_counted(missed: Earshot) -> None:
    Path("absence.csv").write_text(f"pupil_id,date\nP1,{DAY}\nP2,2026-01-06\nP9,{DAY}\nP9,2026-01-06\n")
    before = as_kept()
    told = missed("absence", "absence.csv")
    assert (told.status, told.err) == (0, "")
    assert told.out == (
        "Check-ins that were missed on a day of absence and do not count any more: 1. Ids in the file that are no "
        "pupil's here, and were left out: 1."
    )
    assert before == (["missed", "missed"], before[1], 2)
    assert as_kept() == (["absent", "missed"], [*before[1], "absence noted"], 2)
    # The same list again finds nothing more.
    assert missed("absence", "absence.csv").out.startswith(
        "Check-ins that were missed on a day of absence and do not count any more: 0."
    )


def test_a_wrong_line_is_named_and_then_none_is_taken(missed: Earshot) -> None:
    Path("absence.csv").write_text(f"pupil_id,date\nP1,{DAY}\nP2,someday\n")
    before = as_kept()
    told = missed("absence", "absence.csv")
    assert (told.status, told.out) == (1, "")
    assert told.err == (
        "absence.csv: line 3 holds no id or no day such as 2026-11-24, so nothing was changed. Mend them."
    )
    assert as_kept() == before
