"""The outbox: order, leases, expiry, and that a row leaves "waiting" once."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from scheduling.school import SchoolFacts
from store import outbox
from store.database import is_postgresql
from store.outbox import LEASE, Letter
from store.sealing import Sealer
from store.tables import LANES, CheckIn, Outbox, Posted, Wave
from tests.factories import NOW, make_group, make_pupil, make_school

SECOND = timedelta(seconds=1)
ALL = tuple(LANES.values())


def write(session: Session, sealer: Sealer, school: SchoolFacts, dedupe: str, **how: Any) -> Letter | None:  # noqa: ANN401
    given = {
        "network": "telegram",
        "lane": "reply",
        "method": "send",
        "recipient": "pupil:1",
        "payload": {"chat": 501},
        "now": NOW,
    }
    return outbox.post(session, sealer, school_id=school.id, dedupe=dedupe, **{**given, **how})


def claim(session: Session, sealer: Sealer, now: datetime = NOW, **how: Any) -> list[Letter]:  # noqa: ANN401
    given = {"network": "telegram", "worker": "one", "lanes": ALL, "limit": 100}
    letters = outbox.claim(session, sealer, now=now, **{**given, **how})
    session.flush()
    return letters


def dedupes(session: Session, letters: list[Letter]) -> list[str]:
    return [session.get_one(Outbox, letter.id).dedupe for letter in letters]


def states(session: Session) -> dict[str, str]:
    session.flush()
    session.expire_all()
    return {row.dedupe: row.state for row in session.exec(select(Outbox).order_by(col(Outbox.id)))}


def check_in_of(session: Session, sealer: Sealer, school: SchoolFacts, state: str = "open") -> CheckIn:
    group = make_group(session, school, "7B", 7)
    pupil = make_pupil(session, sealer, school, group, chat_id=501)
    wave = Wave(school_id=school.id, day="2026-11-24", number=0, opens_at=NOW, closes_at=NOW, bank_version="2026-1")
    session.add(wave)
    session.flush()
    check_in = CheckIn(
        school_id=school.id,
        wave_id=wave.id,
        pupil_id=pupil.id,
        group_id=group.id,
        bank_version="2026-1",
        phase="older",
        state=state,
        opened_at=NOW,
    )
    session.add(check_in)
    session.flush()
    return check_in


# --- claiming ---------------------------------------------------------------------------------------------------------


def test_claiming_takes_the_most_urgent_first_then_the_oldest(session: Session, sealer: Sealer) -> None:
    school = make_school(session)
    write(session, sealer, school, "bulk", lane="bulk")
    write(session, sealer, school, "reply later", not_before=NOW + SECOND)
    write(session, sealer, school, "reply first")
    write(session, sealer, school, "reply second")
    write(session, sealer, school, "urgent", lane="urgent", not_before=NOW + SECOND)
    taken = claim(session, sealer, NOW + SECOND)
    assert dedupes(session, taken) == ["urgent", "reply first", "reply second", "reply later", "bulk"]


def test_claiming_keeps_to_its_network_lanes_limit_and_time(session: Session, sealer: Sealer) -> None:
    school = make_school(session)
    write(session, sealer, school, "slack", network="slack")
    write(session, sealer, school, "bulk", lane="bulk")
    write(session, sealer, school, "later", not_before=NOW + SECOND)
    for number in range(3):
        write(session, sealer, school, f"reply {number}")
    assert dedupes(session, claim(session, sealer, lanes=(0, 1), limit=2)) == ["reply 0", "reply 1"]
    assert dedupes(session, claim(session, sealer, lanes=(0, 1))) == ["reply 2"]
    assert dedupes(session, claim(session, sealer, network="slack")) == ["slack"]


def test_a_letter_carries_what_was_posted(session: Session, sealer: Sealer) -> None:
    school = make_school(session)
    expires = NOW + 60 * SECOND
    write(session, sealer, school, "one", lane="urgent", slot="a:1", payload={"chat": 7}, expires_at=expires)
    (letter,) = claim(session, sealer)
    assert letter == Letter(
        letter.id, school.id, "telegram", LANES["urgent"], "send", "pupil:1", "a:1", {"chat": 7}, 0, expires
    )


def test_a_claimed_row_is_taken_again_only_when_its_lease_has_run_out(session: Session, sealer: Sealer) -> None:
    write(session, sealer, make_school(session), "one")
    assert len(claim(session, sealer, worker="one")) == 1
    assert claim(session, sealer, NOW + LEASE - SECOND, worker="two") == []
    assert len(claim(session, sealer, NOW + LEASE, worker="two")) == 1
    assert session.exec(select(Outbox.leased_by)).one() == "two"


def test_a_row_leased_as_it_is_written_is_handed_back_and_claimed_by_nobody_else(
    session: Session, sealer: Sealer
) -> None:
    school = make_school(session)
    letter = write(session, sealer, school, "now", lease_to="one")
    assert letter is not None
    assert letter.payload == {"chat": 501}
    assert write(session, sealer, school, "later", lease_to="one", not_before=NOW + SECOND) is None
    assert claim(session, sealer, worker="two") == []
    assert dedupes(session, claim(session, sealer, NOW + SECOND, worker="two")) == ["later"]


def test_two_workers_claiming_at_once_never_take_the_same_row(engine: Engine, sealer: Sealer) -> None:
    with Session(engine) as session:
        school = make_school(session)
        for number in range(4):
            write(session, sealer, school, str(number))
        session.commit()
        if not is_postgresql(engine):
            # On SQLite there is no "at once": a transaction begins as the only writer.
            return
    # Nor is there where writers take turns: these two do not, and the rows' own locks must do.
    hasty = engine.execution_options(reading=True)
    with Session(hasty) as session, Session(hasty) as other:
        first = claim(session, sealer, worker="one", limit=2)
        second = claim(other, sealer, worker="two")
        other.commit()
        session.commit()
        assert (dedupes(session, first), dedupes(session, second)) == (["0", "1"], ["2", "3"])


def test_a_payload_that_does_not_open_fails_alone_and_holds_nothing_up(session: Session, sealer: Sealer) -> None:
    school = make_school(session)
    write(session, sealer, school, "damaged")
    write(session, sealer, school, "whole")
    session.flush()
    damaged = session.exec(select(Outbox).where(Outbox.dedupe == "damaged")).one()
    damaged.payload_sealed = damaged.payload_sealed[:-1] + bytes([damaged.payload_sealed[-1] ^ 1])
    session.flush()
    assert dedupes(session, claim(session, sealer)) == ["whole"]
    assert states(session) == {"damaged": "failed", "whole": "waiting"}
    assert damaged.last_error == "the payload does not open"


# --- too late ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"), [("open", "undelivered"), ("missed", "undelivered"), ("answered", "answered")]
)
def test_a_check_in_too_late_to_send_expires_and_is_marked_undelivered(
    session: Session, sealer: Sealer, before: str, after: str
) -> None:
    school = make_school(session)
    check_in = check_in_of(session, sealer, school, before)
    slot = f"check-in:{check_in.id.hex}"
    write(session, sealer, school, "late", lane="bulk", slot=slot, expires_at=NOW + SECOND)
    assert claim(session, sealer, NOW + SECOND) == []
    assert states(session) == {"late": "expired"}
    assert check_in.state == after


def test_only_the_sending_of_a_check_in_marks_it_undelivered_not_an_edit_or_another_message(
    session: Session, sealer: Sealer
) -> None:
    school = make_school(session)
    check_in = check_in_of(session, sealer, school)
    write(session, sealer, school, "edit", method="edit", slot=f"check-in:{check_in.id.hex}", expires_at=NOW)
    write(session, sealer, school, "other", slot="nudge:1:2", expires_at=NOW)
    write(session, sealer, school, "none", expires_at=NOW)
    assert claim(session, sealer) == []
    assert set(states(session).values()) == {"expired"}
    assert check_in.state == "open"


def test_a_refused_check_in_is_marked_undelivered(session: Session, sealer: Sealer) -> None:
    school = make_school(session)
    check_in = check_in_of(session, sealer, school)
    write(session, sealer, school, "one", slot=f"check-in:{check_in.id.hex}")
    (letter,) = claim(session, sealer)
    outbox.ended(session, letter, "failed", NOW, "the bot is blocked")
    assert (states(session), check_in.state) == ({"one": "failed"}, "undelivered")


# --- the end of a letter ----------------------------------------------------------------------------------------------


def test_a_sent_letter_is_done_and_its_place_is_kept_and_moved(session: Session, sealer: Sealer) -> None:
    school = make_school(session)
    for number, ref in enumerate(({"chat": 501, "message": 7}, {"chat": 501, "message": 9})):
        write(session, sealer, school, str(number), slot="a:1")
        (letter,) = claim(session, sealer)
        assert outbox.posted_ref(session, sealer, "a:1") == (None if number == 0 else {"chat": 501, "message": 7})
        outbox.sent(session, sealer, letter, NOW, ref)
        assert outbox.posted_ref(session, sealer, "a:1") == ref
    assert len(session.exec(select(Posted)).all()) == 1
    row = session.exec(select(Outbox).where(Outbox.dedupe == "0")).one()
    session.refresh(row)
    assert (row.state, row.done_at, row.attempts, row.leased_by, row.lease_until) == ("sent", NOW, 1, None, None)
    assert claim(session, sealer, NOW + LEASE) == []


def test_a_letter_put_back_waits_for_its_time_and_counts_its_attempts(session: Session, sealer: Sealer) -> None:
    write(session, sealer, make_school(session), "one")
    (letter,) = claim(session, sealer)
    outbox.put_back(session, letter, "429", NOW + 5 * SECOND)
    session.expire_all()
    assert claim(session, sealer, NOW + 4 * SECOND) == []
    (again,) = claim(session, sealer, NOW + 5 * SECOND)
    assert (again.attempts, session.get_one(Outbox, again.id).last_error) == (1, "429")


def test_what_has_ended_is_neither_put_back_nor_ended_anew(session: Session, sealer: Sealer) -> None:
    write(session, sealer, make_school(session), "one")
    (letter,) = claim(session, sealer)
    outbox.ended(session, letter, "replaced", NOW, "a later edit overtook it")
    session.flush()
    outbox.put_back(session, letter, "429", NOW)
    outbox.ended(session, letter, "failed", NOW + SECOND, "refused")
    row = session.exec(select(Outbox)).one()
    session.refresh(row)
    assert (row.state, row.last_error, row.done_at) == ("replaced", "a later edit overtook it", NOW)


def test_releasing_gives_back_the_leases_of_one_worker_alone(session: Session, sealer: Sealer) -> None:
    school = make_school(session)
    write(session, sealer, school, "mine", lease_to="one")
    write(session, sealer, school, "theirs", lease_to="two")
    session.flush()
    outbox.release(session, "one")
    session.expire_all()
    assert dedupes(session, claim(session, sealer, worker="three")) == ["mine"]


def test_the_same_dedupe_key_is_refused_and_what_was_written_first_stays(session: Session, sealer: Sealer) -> None:
    school = make_school(session)
    write(session, sealer, school, "tg:1:2:0", payload={"chat": 1})
    session.flush()
    nested = session.begin_nested()
    with pytest.raises(IntegrityError):
        write(session, sealer, school, "tg:1:2:0", payload={"chat": 2})
    nested.rollback()
    assert [letter.payload for letter in claim(session, sealer)] == [{"chat": 1}]


def test_withdrawing_takes_back_what_waits_for_one_person_in_the_lanes_named(session: Session, sealer: Sealer) -> None:
    school = make_school(session)
    write(session, sealer, school, "bulk", lane="bulk")
    write(session, sealer, school, "reply")
    write(session, sealer, school, "another's", lane="bulk", recipient="pupil:2")
    session.flush()
    outbox.withdraw(session, school.id, "pupil:1", NOW, lanes=[LANES["bulk"]])
    assert states(session) == {"bulk": "replaced", "reply": "waiting", "another's": "waiting"}


def test_withdrawing_can_leave_edits_to_be_sent(session: Session, sealer: Sealer) -> None:
    school = make_school(session)
    write(session, sealer, school, "question", lane="bulk")
    write(session, sealer, school, "buttons away", lane="bulk", method="edit", slot="check-in:1")
    session.flush()
    outbox.withdraw(session, school.id, "pupil:1", NOW, lanes=[LANES["bulk"]], edits=False)
    assert states(session) == {"question": "replaced", "buttons away": "waiting"}
    outbox.withdraw(session, school.id, "pupil:1", NOW, lanes=[LANES["bulk"]])
    assert states(session) == {"question": "replaced", "buttons away": "replaced"}


def test_withdrawing_in_one_school_leaves_another_alone(session: Session, sealer: Sealer) -> None:
    here, there = make_school(session), make_school(session)
    write(session, sealer, there, "there")
    session.flush()
    outbox.withdraw(session, here.id, "pupil:1", NOW, lanes=ALL)
    assert states(session) == {"there": "waiting"}


def test_is_waiting_knows_the_recipient_the_method_and_the_end(session: Session, sealer: Sealer) -> None:
    school = make_school(session)
    write(session, sealer, school, "one", method="home", recipient="staff:1")
    session.flush()
    assert outbox.is_waiting(session, school.id, "staff:1", "home")
    assert not outbox.is_waiting(session, school.id, "staff:1", "post")
    assert not outbox.is_waiting(session, school.id, "staff:2", "home")
    assert not outbox.is_waiting(session, UUID(int=1), "staff:1", "home")
    (letter,) = claim(session, sealer)
    outbox.sent(session, sealer, letter, NOW, None)
    assert not outbox.is_waiting(session, school.id, "staff:1", "home")


def test_what_is_new_is_claimed_before_changes_of_what_is_there(session: Session, sealer: Sealer):
    school = make_school(session)
    for number, method in enumerate(("edit", "send")):
        outbox.post(
            session,
            sealer,
            school_id=school.id,
            network="telegram",
            lane="bulk",
            method=method,
            recipient="",
            payload={},
            dedupe=f"{number}",
            now=NOW,
        )
    session.flush()
    claimed = outbox.claim(session, sealer, network="telegram", now=NOW, worker="tests", lanes=(2,), limit=10)
    assert [letter.method for letter in claimed] == ["send", "edit"]


def test_what_is_ahead_in_a_lane_is_new_due_and_not_sent(session: Session, sealer: Sealer):
    school, other = make_school(session), make_school(session)
    write(session, sealer, school, "sent", lane="bulk")
    (letter,) = claim(session, sealer)
    outbox.sent(session, sealer, letter, NOW, None)
    write(session, sealer, school, "waits", lane="bulk")
    write(session, sealer, school, "in hand", lane="bulk", lease_to="one")
    write(session, sealer, school, "in the morning", lane="bulk", not_before=NOW + SECOND)
    write(session, sealer, school, "edit", lane="bulk", method="edit")
    write(session, sealer, school, "reply")
    write(session, sealer, school, "slack", lane="bulk", network="slack")
    write(session, sealer, other, "elsewhere", lane="bulk")
    session.flush()
    assert outbox.count_due(session, school.id, network="telegram", lane="bulk", now=NOW) == 2
