"""Erasing a pupil: nothing of them is left in any table, nobody else loses anything, and a stone says it was done."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from bot.copies.gathering import as_data, gather
from bot.copies.page import as_page
from store import anchor, audit, outbox
from store.erasure import Erased, erase_guardian, erase_pupil, rows_of_pupil
from store.ids import new_id
from store.people_tables import Guardian
from store.sealing import Sealer
from store.tables import Audit, CheckIn, Due, Outbox, Posted, Pupil, School
from tests.factories import NOW, make_group, make_guardian, make_pupil, make_school
from tests.store.test_plain_text import values
from tests.story import CHATS, TYPED, WORDS, Story, told

FIRST, SECOND = "PUP-88001", "PUP-88002"


@pytest.fixture
def story(engine: Engine, sealer: Sealer) -> Iterator[Story]:
    """A school after its first day with Earshot."""
    with told(engine, sealer) as story:
        yield story


def pupil_of(session: Session, sealer: Sealer, reference: str) -> Pupil:
    return session.exec(select(Pupil).where(Pupil.mis_key == sealer.blind("mis", reference))).one()


def erased(engine: Engine, sealer: Sealer, reference: str) -> tuple[str, set[str], Erased]:
    """Erase a pupil; returns their id, the ids of all rows of theirs, and what was said of it."""
    with Session(engine) as session:
        pupil = pupil_of(session, sealer, reference)
        pupil_id = pupil.id.hex
        ids = {key[0].hex for keys in rows_of_pupil(session, pupil).values() for key in keys}
        done = erase_pupil(session, sealer, pupil, datetime.now(NOW.tzinfo), "command:person")
        session.commit()
    return pupil_id, ids, done


def everything(engine: Engine) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, value in values(engine):
        found[name] = found.get(name, b"") + b"\n" + value
    return found


def opened(engine: Engine, sealer: Sealer) -> str:
    """What can be read with the key: every sealed value of people, check-ins and letters."""
    with Session(engine) as session:
        read = [sealer.read(row, "name") for row in session.exec(select(Pupil))]
        read += [sealer.read(row, "name") for row in session.exec(select(Guardian))]
        read += [sealer.read(row, "words") for row in session.exec(select(CheckIn))]
        read += [sealer.read(row, "payload") for row in session.exec(select(Outbox).where(Outbox.method != "delete"))]
    return json.dumps(read, ensure_ascii=False)


def test_nothing_of_them_is_left_but_a_stone_without_content(story: Story, engine: Engine, sealer: Sealer) -> None:
    pupil_id, ids, done = erased(engine, sealer, FIRST)
    assert done.rows["check_in"] == done.rows["binding"] == done.rows["pupil"] == done.rows["guardian"] == 1
    haystack = everything(engine)
    left = {name for name, value in haystack.items() if any(one.encode() in value.replace(b"-", b"") for one in ids)}
    # In the chain their id stays, and that of a guardian who did something; they belong to nobody.
    assert left == {"audit.actor", "audit.subject"}
    read = opened(engine, sealer)
    assert [word for word in ("Zephyrine", "Marchbanks", "Z.M.", "Araminta") if word in read] == []
    with Session(engine) as session:
        last = session.exec(select(Audit).order_by(Audit.number.desc())).first()  # type: ignore[attr-defined]
        assert last is not None
        assert (last.actor, last.action, last.subject) == ("command:person", "person erased", f"pupil:{pupil_id}")
        (school_id,) = anchor.heads(session)
        assert audit.first_break(session, school_id) is None


def test_nobody_else_loses_anything(story: Story, engine: Engine, sealer: Sealer) -> None:
    with Session(engine) as session:
        school = session.exec(select(School)).one()
        before = gather(session, sealer, school, pupil_of(session, sealer, SECOND), NOW)
    erased(engine, sealer, FIRST)
    with Session(engine) as session:
        school = session.exec(select(School)).one()
        assert gather(session, sealer, school, pupil_of(session, sealer, SECOND), NOW) == before
    assert before.tables["check_in"][0]["words_sealed"] == WORDS
    assert "Ignatius Wolverdene" in opened(engine, sealer)


def test_messages_that_are_known_are_asked_to_be_deleted_and_forgotten(
    story: Story, engine: Engine, sealer: Sealer
) -> None:
    with Session(engine) as session:
        known = len(session.exec(select(Posted)).all())
    _, ids, done = erased(engine, sealer, FIRST)
    with Session(engine) as session:
        letters = session.exec(select(Outbox).where(Outbox.method == "delete")).all()
        assert len(letters) == done.messages
        assert len(session.exec(select(Posted)).all()) == known - done.messages
        assert done.messages > 0
        assert {letter.network for letter in letters} <= {"telegram", "slack"}
        assert {letter.recipient for letter in letters} == {""}
        for due in session.exec(select(Due)):
            assert not ids & set(due.subject.split(":"))


def test_what_telegram_still_lets_us_delete_in_a_pupils_chat_is_asked_for_and_of_a_parents_what_names_them(
    engine: Engine, sealer: Sealer
) -> None:
    now = datetime.now(NOW.tzinfo)
    with Session(engine, expire_on_commit=False) as session:
        school = make_school(session)
        group = make_group(session, school, "7B", 7)
        pupil, other = (make_pupil(session, sealer, school, group) for _ in range(2))
        parent = make_guardian(session, sealer, school, pupil, other)
        alone = make_guardian(session, sealer, school, pupil)
        about_other = f"p:stop:{other.id.hex}"
        letters = [
            (f"pupil:{pupil.id.hex}", 1, 11, "", timedelta(hours=47)),
            # Another day's is out of reach; the same message changed since is asked for once.
            (f"pupil:{pupil.id.hex}", 1, 12, "", timedelta(hours=49)),
            (f"pupil:{pupil.id.hex}", 1, 11, "", timedelta(hours=1)),
            (f"pupil:{other.id.hex}", 2, 21, "", timedelta(hours=1)),
            (f"guardian:{parent.id.hex}", 3, 31, f"p:stop:{pupil.id.hex}", timedelta(hours=1)),
            (f"guardian:{parent.id.hex}", 3, 32, about_other, timedelta(hours=1)),
            # Who has no other child here goes with the pupil, with all of their chat.
            (f"guardian:{alone.id.hex}", 4, 41, "", timedelta(hours=1)),
        ]
        for recipient, chat, message, words, ago in letters:
            letter = outbox.post(
                session,
                sealer,
                school_id=school.id,
                network="telegram",
                lane="reply",
                method="send",
                recipient=recipient,
                payload={"chat": chat, "message": words},
                dedupe=new_id().hex,
                now=now - ago,
                lease_to="tests",
            )
            assert letter is not None
            outbox.sent(session, sealer, letter, now - ago, {"chat": chat, "message_id": message})
        done = erase_pupil(session, sealer, pupil, now, "command:person")
        session.commit()
        to_parent = select(Outbox).where(Outbox.recipient == f"guardian:{parent.id.hex}")
        left = [sealer.read(row, "payload")["message"] for row in session.exec(to_parent)]
        asked = [sealer.read(row, "payload") for row in session.exec(select(Outbox).where(Outbox.method == "delete"))]
    assert sorted((one["chat"], one["message_id"]) for one in asked) == [(1, 11), (3, 31), (4, 41)]
    assert done.messages == 3
    # What was written to a parent of another child stays written.
    assert left == [about_other]


def test_a_guardian_is_erased_with_their_chat_and_their_children_stay(
    story: Story, engine: Engine, sealer: Sealer
) -> None:
    with Session(engine) as session:
        school = session.exec(select(School)).one()
        before = gather(session, sealer, school, pupil_of(session, sealer, FIRST), NOW)
        guardian = session.exec(select(Guardian)).one()
        guardian_id = guardian.id.hex
        done = erase_guardian(session, sealer, guardian, NOW, "command:person")
        session.commit()
    assert {name: done.rows[name] for name in ("guardian", "guardian_binding", "guardian_invite", "guardianship")} == {
        "guardian": 1,
        "guardian_binding": 1,
        "guardian_invite": 1,
        "guardianship": 1,
    }
    haystack = everything(engine)
    left = {name for name, value in haystack.items() if guardian_id.encode() in value.replace(b"-", b"")}
    # In the chain their id stays, which is nobody's.
    assert left == {"audit.actor", "audit.subject"}
    assert "Araminta" not in opened(engine, sealer)
    with Session(engine) as session:
        school = session.exec(select(School)).one()
        assert gather(session, sealer, school, pupil_of(session, sealer, FIRST), NOW).tables == before.tables


def test_an_export_holds_everything_that_is_theirs_and_nobody_elses(
    story: Story, engine: Engine, sealer: Sealer
) -> None:
    with Session(engine) as session:
        school = session.exec(select(School)).one()
        pupil = pupil_of(session, sealer, FIRST)
        kept = gather(session, sealer, school, pupil, NOW)
        told, page = as_data(kept), as_page(kept)
        tables = set(rows_of_pupil(session, pupil)) - {"guardianship"}
    assert set(told) == {"about", "made", "looks", "messages", *tables}
    assert told["about"] == "Zephyrine Marchbanks"
    (check_in,) = told["check_in"]
    assert (check_in["words"], len(check_in["answers"]), check_in["state"]) == (WORDS, 5, "answered")
    assert all(answer["question"] and answer["answer"] for answer in check_in["answers"])
    assert told["binding"][0]["chat"] == CHATS[FIRST]
    # Who dealt with it is named, and who looked; a guardian and another pupil are not.
    assert told["request"][0]["owner"] == "Ottoline Brackenbury"
    assert ("Ottoline Brackenbury", "read request") in {(look["who"], look["did"]) for look in told["looks"]}
    for hidden in ("Araminta", "Ignatius", "Wolverdene"):
        assert hidden not in page
    inside = page.split('id="data">')[1].split("</script>")[0]
    assert json.loads(inside) == told
    assert TYPED not in page
    # What the bot wrote to them is in it; what it wrote to others is not.
    assert any("Ottoline Brackenbury" in line for message in told["messages"] for line in message["message"])
