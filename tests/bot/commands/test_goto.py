"""`earshot goto`: every pupil is asked, a round goes on, is stopped; and how the school stands."""

from sqlmodel import Session, select

from bot.opening import open_store
from bot.settings import Settings
from store import gotos
from store.care_tables import Campaign
from store.tables import Audit, Due, Pupil, Staff, TutorGroup
from tests.bot.commands.test_keys import people
from tests.bot.test_command_line import Earshot, _as_before, earshot, made
from tests.factories import NOW

__all__ = ["_as_before", "earshot", "made", "people"]


def rows() -> tuple[list[str], list[str], int]:
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        states = [one.state for one in session.exec(select(Campaign))]
        actions = [one.action for one in session.exec(select(Audit))]
        due = len(session.exec(select(Due).where(Due.kind == "goto.ask")).all())
    engine.dispose()
    return states, actions, due


def test_without_the_grounds_nobody_is_asked(made: Earshot, people: Earshot) -> None:
    told = made("goto", "campaign")
    assert (told.status, rows()) == (1, ([], ["lists brought in"], 0))
    assert "earshot basis" in told.err


def test_a_round_begins_once_goes_on_and_is_stopped(made: Earshot, people: Earshot) -> None:
    assert made("basis", "--lawful-basis", "public task", "--dpia", "DPIA 1").status == 0
    noted = rows()[1]
    assert "is asked for two go-tos" in made("goto", "campaign").out
    assert "It goes on with the others" in made("goto", "campaign").out
    states, actions, due = rows()
    assert (states, actions) == (["open"], [*noted, "go-tos asked for"])
    assert due > 0
    assert made("goto", "stop").out.startswith("Nobody more is asked.")
    assert made("goto", "stop").out.startswith("No round is under way.")


def test_coverage_is_shown_by_year_and_names_who_is_named_by_many(made: Earshot, people: Earshot) -> None:
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        staff, group = session.exec(select(Staff)).first(), session.exec(select(TutorGroup)).first()
        assert staff is not None
        assert group is not None
        # Twice an even share among two is ten.
        other = Staff(school_id=group.school_id, mis_key=b"other", email_key=b"other", roles=["tutor"])
        sealer.write(other, "name", "Otto Orrin")
        sealer.write(other, "email", "o.orrin@school.example")
        session.add(other)
        before = len(session.exec(select(Pupil).where(Pupil.group_id == group.id)).all())
        for number in range(gotos.MANY_AT_LEAST):
            pupil = Pupil(school_id=group.school_id, mis_key=bytes([number]), group_id=group.id, phase="older")
            sealer.write(pupil, "name", f"Pupil {number}")
            session.add(pupil)
            session.flush()
            assert gotos.name(session, pupil, 1, staff.id, NOW)
        session.commit()
        name, year = str(sealer.read(staff, "name")), group.year
    engine.dispose()
    told = made("goto", "coverage")
    assert told.status == 0
    assert f"│ {year} │ 0 │ 10 │ {before} │" in told.out
    assert f"{name} is named by 10 pupils (by year {year}: 10); 10 or more is many here." in told.out
