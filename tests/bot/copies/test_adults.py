"""The copies of a parent and of a member of staff: all that is theirs, and nothing of a pupil."""

import json
import re
from dataclasses import replace

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, select

from bot.copies.adults import GUARDIAN_FORM, STAFF_FORM, gather_guardian, gather_staff
from bot.copies.gathering import MESSAGES, Kept, as_data, is_key
from bot.copies.guardian_words import GUARDIAN
from bot.copies.page import as_page
from bot.copies.staff_words import STAFF
from bot.pseudo import OPEN, PSEUDO
from conversations.neutrality import check_reading
from store.people_tables import Guardian
from store.sealing import Sealer
from store.tables import School, Staff
from tests.bot.copies.test_page import read, story
from tests.factories import NOW
from tests.locales.familiar import familiar
from tests.story import GUARDIAN_CHAT, SLACK, WORDS, Story

__all__ = ["story"]
PUPILS = ("Zephyrine", "Marchbanks", "Ignatius", "Wolverdene", "Z.M.", WORDS)


def kept_of_staff(engine: Engine, sealer: Sealer, reference: str, language: str | None = None) -> Kept:
    with Session(engine) as session:
        staff = session.exec(select(Staff).where(Staff.mis_key == sealer.blind("mis", reference))).one()
        return gather_staff(session, sealer, session.exec(select(School)).one(), staff, NOW, language)


def of_staff(story: Story, engine: Engine, sealer: Sealer, reference: str) -> tuple[str, dict[str, object]]:
    kept = kept_of_staff(engine, sealer, reference)
    return as_page(kept, STAFF_FORM), as_data(kept)


def test_a_member_of_staff_reads_who_they_are_and_their_own_part_and_nothing_of_a_pupil(
    story: Story, engine: Engine, sealer: Sealer
) -> None:
    page, data = of_staff(story, engine, sealer, "STF-77002")
    assert data["staff"] == [
        {
            "name": "Ottoline Brackenbury",
            "email": "o.brackenbury@fernhill.example",
            "slack_user": SLACK["o.brackenbury@fernhill.example"],
            "roles": ["dsl"],
            "active": True,
        }
    ]
    assert {"request", "escalation", "wish"} <= set(data)
    assert [name for name in PUPILS if name in page] == []
    looks = data["looks"]
    assert isinstance(looks, list)
    assert ("Ottoline Brackenbury", "read request") in {(look["who"], look["did"]) for look in looks}
    # What is told of a row that is about a pupil is when and what became of it, no more.
    (request,) = data["request"]  # type: ignore[misc]
    assert set(request) == {"asked_at", "owned_at", "state"}
    seen = read(page).splitlines()
    assert [line for line in seen if re.search(r"_|[{}]|\b(None|True|False)\b", line)] == []
    assert {"Who this is about", "Requests you took", "What you did, and what was done with what is yours"} <= set(seen)
    assert {"Safeguarding lead", "Looked at a request", "Somebody has taken it"} <= set(seen)
    assert json.loads(page.split('id="data">')[1].split("</script>")[0]) == data


def test_the_copy_of_a_member_of_staff_is_in_the_schools_language_where_staff_read_it(
    story: Story, engine: Engine, sealer: Sealer
) -> None:
    for locale, expected in (("cy", "cy"), ("fr", "en"), ("en", "en")):
        with Session(engine) as session:
            session.exec(select(School)).one().locale = locale
            session.commit()
        kept = kept_of_staff(engine, sealer, "STF-77002")
        assert (kept.language, f'<html lang="{expected}"' in as_page(kept, STAFF_FORM)) == (expected, True)
    assert kept_of_staff(engine, sealer, "STF-77002", "cy").language == "cy"


def test_no_word_of_it_escapes_translation(story: Story, engine: Engine, sealer: Sealer) -> None:
    page = as_page(kept_of_staff(engine, sealer, "STF-77002", PSEUDO), STAFF_FORM)
    told = re.findall(r"<(?:title|h1|h2|dt|th[^>]*)>(.*?)</", page)
    told += [cells[2] for row in re.findall(r"<tr>(<td>.*?)</tr>", page) if (cells := re.findall(r"<bdi>(.*?)</", row))]
    assert len(told) >= 40
    assert [words for words in told if not words.startswith(OPEN)] == []
    # In Welsh too, nothing of it stands in English.
    english, welsh = (
        set(read(as_page(kept_of_staff(engine, sealer, "STF-77002", language), STAFF_FORM)).splitlines())
        for language in ("en", "cy")
    )
    # A term is known by its first day, as the calendar writes it.
    names = {"Ottoline Brackenbury", "Quillon Thistlewaite", "Earshot", "2026-09-01", ""}
    assert english & welsh <= names | {"o.brackenbury@fernhill.example", SLACK["o.brackenbury@fernhill.example"]}


def test_a_colleagues_copy_holds_nothing_of_what_another_did(story: Story, engine: Engine, sealer: Sealer) -> None:
    _, data = of_staff(story, engine, sealer, "STF-77001")
    assert "request" not in data
    assert data["tutor_group"] == [{"name": "9Q", "year": 9}]


@pytest.mark.parametrize("language", [None, "ur"])
def test_a_parent_reads_who_they_are_their_chat_and_what_they_did(
    story: Story, engine: Engine, sealer: Sealer, language: str | None
) -> None:
    with Session(engine) as session:
        guardian = session.exec(select(Guardian)).one()
        kept = gather_guardian(session, sealer, session.exec(select(School)).one(), guardian, NOW, language)
    page, data = as_page(kept, GUARDIAN_FORM), as_data(kept)
    assert [row["name"] for row in data["guardian"]] == ["Araminta Fothergill"]
    assert data["guardian_binding"] == [{"chat": GUARDIAN_CHAT}]
    assert len(data["guardian_invite"]) == 1
    assert "guardianship" not in data
    assert {look["did"] for look in data["looks"]} == {"stopped for a guardian", "allowed again for a guardian"}
    lines = read(page).splitlines()
    if language is None:
        theirs = {"You, the parent or carer", "Stop check-ins", "Start check-ins again", "The chat with Earshot"}
        assert theirs <= set(lines)
        assert "If something is not right, please tell the school office." in lines
    else:
        assert not {"You, the parent or carer", "Stop check-ins", "The chat with Earshot"} & set(lines)
    for hidden in ("Ignatius", "Ottoline", WORDS):
        assert hidden not in page


def test_a_parents_copy_in_welsh_speaks_to_them_as_to_an_adult(story: Story, engine: Engine, sealer: Sealer) -> None:
    with Session(engine) as session:
        guardian = session.exec(select(Guardian)).one()
        kept = gather_guardian(session, sealer, session.exec(select(School)).one(), guardian, NOW, "cy")
    # What they did not do stands there too, and each column that may be empty.
    looks = tuple(replace(kept.looks[0], did=did) for did in ("person exported", "anything else"))
    more = {"guardian": ({"name_sealed": "Araminta Fothergill", "language": "cy", "left_at": NOW},)}
    page = as_page(replace(kept, looks=(*kept.looks, *looks), tables={**kept.tables, **more}), GUARDIAN_FORM)
    # What was sent in another language is told in that.
    lines = [line for line in read(page).splitlines() if line not in kept.tables[MESSAGES][0]["message"]]
    assert len(lines) > 30
    assert [line for line in lines if familiar(line)] == []


def test_by_the_day_alone_somebody_reads_that_a_pupil_named_them(story: Story, engine: Engine, sealer: Sealer) -> None:
    named = [
        row
        for reference in ("STF-77001", "STF-77002")
        for row in of_staff(story, engine, sealer, reference)[1].get("go_to", [])  # type: ignore[attr-defined]
    ]
    assert named == [{"since": "2026-11-24", "ended": ""}]


def test_whatever_names_a_member_of_staff_is_in_their_copy() -> None:
    naming = {
        table.name
        for table in SQLModel.metadata.sorted_tables
        if any(foreign.column.table.name == "staff" for foreign in table.foreign_keys)
    }
    assert naming | {"staff"} == set(STAFF)
    for name, section in STAFF.items():
        assert set(section.columns) <= set(SQLModel.metadata.tables[name].columns.keys())
        sealed = {column for column in section.columns if column.endswith("_sealed")}
        # What is sealed elsewhere is a pupil's.
        assert sealed == ({"name_sealed", "email_sealed", "slack_user_sealed"} if name == "staff" else set())


def test_every_column_of_a_parents_has_words_or_is_called_technical() -> None:
    pointing = {
        table.name
        for table in SQLModel.metadata.sorted_tables
        if any(foreign.column.table.name == "guardian" for foreign in table.foreign_keys)
    }
    # Whose parent they are is somebody else's as well.
    assert (pointing - {"guardianship"}) | {"guardian", MESSAGES} == set(GUARDIAN)
    for name in set(GUARDIAN) - {MESSAGES}:
        columns = {one.name for one in SQLModel.metadata.tables[name].columns if not is_key(one.name)}
        assert columns - {"guardian_id"} == set(GUARDIAN[name].columns)
    said = [column.label.text for section in GUARDIAN.values() for column in section.columns.values() if column]
    assert [finding.text for text in said for finding in check_reading(text, "older")] == []
