"""A change of keys: everything opens and is found with the new key, nothing with the old; a kill loses nothing."""

import subprocess
import sys
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from store import invites, vault
from store.keys import KeyRing
from store.people import by_chat, chat_key, link_slack, staff_by_slack
from store.rotation import Changed, change_key
from store.sealing import KeyProblem, Sealer, Unreadable
from store.tables import Attempt, CheckIn, Invite, Pupil, Staff
from tests.factories import NOW, make_group, make_pupil, make_school, make_staff

OLD = KeyRing(bytes(range(32)))
NEW = OLD.next()
PUPILS = 7


class Killed(Exception):
    """Stands for the end of the process."""


def filled(engine: Engine) -> str:
    """A school with people, codes and wrong tries, sealed with the old key; returns one pupil's code."""
    sealer = OLD.current
    with Session(engine) as session:
        school = make_school(session)
        group = make_group(session, school, "7B", 7, make_staff(session, sealer, school, "tutor"))
        pupils = [make_pupil(session, sealer, school, group, chat_id=500 + number) for number in range(PUPILS)]
        staff = session.exec(select(Staff)).one()
        link_slack(session, sealer, school.id, "U00000001", sealer.read(staff, "email"))
        code = invites.issue(session, sealer, pupils[0], NOW)
        session.add(Attempt(school_id=school.id, chat_key=chat_key(sealer, 999), tries=invites.FREE_TRIES, since=NOW))
        vault.note_key(session, sealer, NOW)
        session.commit()
    return code


def change(engine: Engine, *, stop_after: int | None = None) -> Changed:
    def progress(done: int, _total: int) -> None:
        if stop_after is not None and done >= stop_after:
            raise Killed

    return change_key(engine, OLD.current, NEW.current, NOW, progress, batch=3)


def assert_all_is_of_the_new_key(engine: Engine, code: str) -> None:
    sealer = NEW.current
    with Session(engine) as session:
        vault.check_key(session, sealer)
        assert vault.keys_of(session) == [sealer.key_id.hex()]
        staff = session.exec(select(Staff)).one()
        school_id = staff.school_id
        assert staff_by_slack(session, sealer, school_id, "U00000001") == staff
        assert staff.email_key == sealer.blind("email", sealer.read(staff, "email"))
        for number in range(PUPILS):
            found = by_chat(session, sealer, school_id, 500 + number)
            assert found is not None
            assert sealer.read(found.pupil, "name").startswith("Pupil Example")
        invite = invites.look_up(session, sealer, school_id, chat_key(sealer, 500), code, NOW).invite
        assert (invite and invite.pupil_id) == session.exec(select(Invite.pupil_id)).one()
        slowed = invites.look_up(session, sealer, school_id, chat_key(sealer, 999), "x", NOW + timedelta(seconds=1))
        assert slowed.outcome == "slow_down"
        with pytest.raises(Unreadable):
            OLD.current.read(staff, "name")


def test_after_a_change_all_is_opened_and_found_with_the_new_key(engine: Engine) -> None:
    code = filled(engine)
    assert change(engine) == Changed(rows=2 * PUPILS + 1, damaged=0)
    assert_all_is_of_the_new_key(engine, code)


@pytest.mark.parametrize("done", [1, 2, 4, 9, 12, 15])
def test_a_change_that_was_killed_goes_on_where_it_was(engine: Engine, done: int) -> None:
    code = filled(engine)
    with pytest.raises(Killed):
        change(engine, stop_after=done)
    with Session(engine) as session, pytest.raises(KeyProblem, match="run `earshot keys rotate` to finish it"):
        vault.check_key(session, OLD.current)
    assert change(engine).rows < 2 * PUPILS + 1
    assert_all_is_of_the_new_key(engine, code)


def test_a_change_that_is_over_changes_nothing_the_second_time(engine: Engine) -> None:
    code = filled(engine)
    change(engine)
    assert change(engine) == Changed(0, 0)
    assert_all_is_of_the_new_key(engine, code)


def test_a_store_of_another_key_is_refused_and_not_touched(engine: Engine) -> None:
    filled(engine)
    other = KeyRing(bytes(32))
    with pytest.raises(KeyProblem, match=f"sealed with the key {OLD.current.key_id.hex()}, not with"):
        change_key(engine, other.current, other.next().current, NOW, lambda done, total: None)
    with Session(engine) as session:
        vault.check_key(session, OLD.current)
        assert OLD.current.read(session.exec(select(Staff)).one(), "name").startswith("Staff Member")


def test_a_damaged_value_is_counted_and_the_rest_of_its_row_still_changed(engine: Engine) -> None:
    filled(engine)
    with Session(engine) as session:
        staff = session.exec(select(Staff)).one()
        staff.name_sealed = damaged = staff.name_sealed[:-1] + bytes([staff.name_sealed[-1] ^ 1])
        session.add(staff)
        session.commit()
    assert change(engine) == Changed(rows=2 * PUPILS + 1, damaged=1)
    with Session(engine) as session:
        staff = session.exec(select(Staff)).one()
        assert staff.name_sealed == damaged
        assert NEW.current.read(staff, "slack_user") == "U00000001"


def test_three_changes_one_after_another_keep_every_hash(engine: Engine) -> None:
    filled(engine)
    ring = OLD
    for _ in range(3):
        following = ring.next()
        change_key(engine, ring.current, following.current, NOW, lambda done, total: None)
        ring = following
    with Session(engine) as session:
        staff = session.exec(select(Staff)).one()
        assert staff_by_slack(session, ring.current, staff.school_id, "U00000001") == staff


def test_rows_with_nothing_sealed_are_left_alone(engine: Engine) -> None:
    filled(engine)
    change(engine)
    with Session(engine) as session:
        assert session.exec(select(CheckIn)).all() == []
        assert {type(one).__name__ for one in session.exec(select(Pupil))} == {"Pupil"}


def test_progress_counts_every_row_once(engine: Engine) -> None:
    filled(engine)
    told: list[tuple[int, int]] = []
    sealers: tuple[Sealer, Sealer] = (OLD.current, NEW.current)
    change_key(engine, *sealers, NOW, lambda done, total: told.append((done, total)), batch=3)
    assert told[-1] == (2 * PUPILS + 1, 2 * PUPILS + 1)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


PROGRAM = """
import sys
from store.database import make_engine
from store.keys import read_ring
from store.rotation import change_key
from tests.factories import NOW
old, new = (read_ring(words, "a test's key").current for words in sys.argv[2:4])
change_key(make_engine(sys.argv[1]), old, new, NOW, lambda done, total: print(done, flush=True), batch=1)
"""


@pytest.mark.parametrize("after", [1, 5, 11])
def test_a_process_killed_in_the_middle_leaves_a_change_that_goes_on(
    engine: Engine, database_url: str, after: int
) -> None:
    code = filled(engine)
    engine.dispose()
    words = (OLD.write(), NEW.write())
    process = subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, "-c", PROGRAM, database_url, *words], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for _ in range(after):
        assert process.stdout.readline()
    process.kill()
    process.wait()
    process.stdout.close()
    with Session(engine) as session:
        keys = vault.keys_of(session)
    # It may have come to its end before the signal did; mostly it has not.
    assert {NEW.current.key_id.hex()} <= set(keys)
    change(engine)
    assert_all_is_of_the_new_key(engine, code)
