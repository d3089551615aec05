"""Erasing a member of staff: their row and what was written to them go, a stone stays, and colleagues lose nothing."""

from sqlmodel import Session, select

from store import audit, outbox
from store.former import erase_staff, naming
from store.home_pages import keep_page, page_of
from store.ids import new_id
from store.sealing import Sealer
from store.tables import Audit, Outbox, Staff, TutorGroup
from tests.factories import NOW, make_group, make_school, make_staff


def test_a_member_of_staff_goes_with_what_was_written_to_them(session: Session, sealer: Sealer) -> None:
    school, elsewhere = make_school(session), make_school(session)
    gone, here = make_staff(session, sealer, school, "tutor"), make_staff(session, sealer, school, "tutor")
    stranger = make_staff(session, sealer, elsewhere, "tutor")
    group = make_group(session, school, "7B", 7, gone)
    here.manager_id = gone.id
    for person, ts in ((gone, "1"), (here, "2"), (stranger, "3")):
        letter = outbox.post(
            session,
            sealer,
            school_id=person.school_id,
            network="slack",
            lane="reply",
            method="card",
            recipient=f"staff:{person.id.hex}",
            payload={"user": "U1", "card": "words"},
            slot=f"away:{person.id.hex}",
            dedupe=new_id().hex,
            now=NOW,
            lease_to="tests",
        )
        assert letter is not None
        outbox.sent(session, sealer, letter, NOW, {"channel": "D1", "ts": ts})
        keep_page(session, person.id, 2)
    assert naming(session, school.id, {gone.id, here.id}) == {}
    gone_id = gone.id
    done = erase_staff(session, sealer, gone, NOW, "command:person")
    session.commit()
    assert (done.rows, done.messages) == ({"outbox": 1, "staff": 1}, 1)
    assert {one.id for one in session.exec(select(Staff))} == {here.id, stranger.id}
    assert [page_of(session, one) for one in (gone_id, here.id, stranger.id)] == [0, 2, 2]
    assert (session.get_one(TutorGroup, group.id).tutor_id, session.get_one(Staff, here.id).manager_id) == (None, None)
    letters = session.exec(select(Outbox)).all()
    assert {one.recipient for one in letters if one.method == "card"} == {
        f"staff:{here.id.hex}",
        f"staff:{stranger.id.hex}",
    }
    (asked,) = [sealer.read(one, "payload") for one in letters if one.method == "delete"]
    assert asked["ts"] == "1"
    stone = session.exec(select(Audit)).one()
    assert (stone.action, stone.subject) == ("staff erased", f"staff:{gone_id.hex}")
    assert audit.first_break(session, school.id) is None
