"""`earshot person code`: one code for one person, who lost their letter or has a new phone; everybody else's stay."""

import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from bot.clock import REHEARSAL_CLOCK, kept_clock
from bot.opening import open_store
from bot.settings import Settings
from store.invites import LIFETIME, Outcome, issue, look_up
from store.people import bind
from store.people_tables import Guardian
from store.tables import Audit, Cursor, Pupil, School
from tests.bot.commands.test_keys import people
from tests.bot.test_command_line import Earshot, _as_before, earshot, made, write

__all__ = ["_as_before", "earshot", "made", "people"]

GUARDIANS = "guardian_id,pupil_id,name,language\nG1,P1,Ann Oak,en\n"


def outcome(code: str) -> Outcome:
    """What a code is worth to a chat that nobody knows."""
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        school = session.exec(select(School)).one()
        found = look_up(session, sealer, school.id, b"a chat", code, datetime.now(UTC))
    engine.dispose()
    return found.outcome


def joined() -> None:
    """P1 has joined, with the phone they had."""
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        pupil = session.exec(select(Pupil).where(Pupil.mis_key == sealer.blind("mis", "P1"))).one()
        now = datetime.now(UTC)
        given = look_up(session, sealer, pupil.school_id, b"a chat", issue(session, sealer, pupil, now), now)
        bind(session, sealer, given, 5_000_000_001, now)
        session.commit()
    engine.dispose()


def code_of(out: str) -> str:
    found = re.search(r"[A-Z0-9]{4}-[A-Z0-9]{4}", out)
    assert found is not None, out
    return found[0]


def test_a_lost_letter_is_made_good_without_ending_anybody_elses_code(people: Earshot) -> None:
    people("codes", "codes.csv")
    with Path("codes.csv").open(encoding="utf-8") as file:
        before = {row["name"]: row["code"] for row in csv.DictReader(file)}
    told = people("person", "code", "P1")
    assert told.status == 0
    new = code_of(told.out)
    # Whose it is can be seen: a wrong id would give a classmate's.
    assert told.out.startswith(f"For W.A. (9Q): {new} (")
    assert (outcome(new), outcome(before["Wren Ashdown"]), outcome(before["Ivo Tarn"])) == ("valid", "expired", "valid")
    assert told.out.endswith(
        "It works once, for thirty days, and ends any code they had before. "
        "A phone they use now goes on until it is used."
    )


def test_a_pupil_with_a_new_phone_gets_a_code_which_letters_and_codes_do_not_give(people: Earshot) -> None:
    joined()
    assert "Wren Ashdown" not in (people("codes", "codes.csv").out and Path("codes.csv").read_text("utf-8"))
    assert outcome(code_of(people("person", "code", "P1").out)) == "valid"


def test_a_parent_gets_one_of_their_own(people: Earshot) -> None:
    people("import", *write(guardians=GUARDIANS))
    new = code_of(people("person", "code", "G1", "--guardian").out)
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        school, parent = session.exec(select(School)).one(), session.exec(select(Guardian)).one()
        found = look_up(session, sealer, school.id, b"a chat", new, datetime.now(UTC))
        assert found.guardian is not None
        assert found.guardian.guardian_id == parent.id
        parent.active = False
        session.add(parent)
        session.commit()
    engine.dispose()
    told = people("person", "code", "G1", "--guardian")
    assert (told.status, told.err) == (
        1,
        "They are no longer in your lists. Import a list that has them in it first.",
    )


def test_it_is_in_the_record_and_in_their_copy_without_the_code(people: Earshot) -> None:
    new = code_of(people("person", "code", "P1").out)
    people("person", "export", "P1", "copy.html")
    page = Path("copy.html").read_text("utf-8")
    assert ("Made a code for joining" in page, new in page) == (True, False)
    engine, _ = open_store(Settings(), make=False)
    with Session(engine) as session:
        row = session.exec(select(Audit).where(Audit.action == "wrote a code")).one()
        assert (row.actor, row.subject.startswith("pupil:")) == ("command:person", True)
        assert new not in repr(row)
    engine.dispose()


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (
            {"held": True},
            "A parent or carer has check-ins stopped. Allow them again first: `earshot person opt-in --by guardian`.",
        ),
        ({"status": "left"}, "They have left. Import a list that has them in it first."),
    ],
)
def test_who_may_not_join_gets_none(people: Earshot, now: dict[str, object], said: str) -> None:
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        pupil = session.exec(select(Pupil).where(Pupil.mis_key == sealer.blind("mis", "P1"))).one()
        for name, value in now.items():
            setattr(pupil, name, value)
        session.add(pupil)
        session.commit()
    engine.dispose()
    told = people("person", "code", "P1")
    assert (told.status, told.err) == (1, said)


def test_in_a_rehearsal_whose_clock_was_moved_it_lives_for_thirty_days_from_there(people: Earshot) -> None:
    engine, sealer = open_store(Settings(), make=False)
    with Session(engine) as session:
        session.add(Cursor(name=REHEARSAL_CLOCK, position=int(timedelta(days=60).total_seconds())))
        session.commit()
        moved = kept_clock(session)
    new = code_of(people("person", "code", "P1").out)
    with Session(engine) as session:
        school = session.exec(select(School)).one()
        found = look_up(session, sealer, school.id, b"a chat", new, moved())
    engine.dispose()
    assert found.outcome == "valid"


def test_an_id_that_nobody_has_is_told(people: Earshot) -> None:
    assert people("person", "code", "P77").err.startswith("No pupil has that id.")
    assert people("person", "code", "P1", "--guardian").err.startswith("No parent or carer has that id.")


def test_codes_live_for_as_long_as_is_said() -> None:
    assert LIFETIME.days == 30
