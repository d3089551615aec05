"""A parent's chat whispers like any other: the same is written whoever it is, and nobody is told a name."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, select

from benchmarks.whisper_town import Town
from bot.whisper.anonymity import needles, search
from store.guardian_tables import GuardianBinding
from store.people import chat_key
from store.tables import Pupil, Request
from store.whisper_desk import queue
from tests.anonymity.test_traces import Written, values_of
from tests.bot.whisper.chats import threads
from tests.factories import make_guardian

PARENT = 7_310_999_001


@pytest.fixture
def parent(town: Town) -> int:
    """The chat of a parent whose child is at the school."""
    with Session(town.engine) as session:
        child = session.exec(select(Pupil)).first()
        assert child is not None
        guardian = make_guardian(session, town.sealer, town.school, child)
        binding = GuardianBinding(guardian_id=guardian.id, school_id=town.school.id)
        binding.chat_key = chat_key(town.sealer, PARENT)
        town.sealer.write(binding, "chat", PARENT)
        session.add(binding)
        session.commit()
    return PARENT


async def told_to_the_store(town: Town, chat: int) -> list[Any]:
    written = Written(town.whispers)
    await town.whisper(chat)
    event.remove(town.whispers.engine, "before_cursor_execute", written._note)
    return written.seen


async def test_whether_a_parent_or_a_pupil_whispers_the_same_is_written(town: Town, parent: int):
    town.whispering.committed()
    before = town.main_store()
    by_pupil, by_parent = await told_to_the_store(town, town.chats[0]), await told_to_the_store(town, parent)
    assert by_pupil == by_parent
    assert town.main_store() == before
    assert threads(town) == [["they take my things"]] * 2
    assert search("values", values_of(town.whispers), needles([parent])) == []


async def test_parents_words_are_offered_to_whisper_and_no_adult_is_offered_to_find_them(town: Town, parent: int):
    before = town.main_store()
    await town.feed(town.text(parent, "my child is unhappy"))
    offer = town.voice.said[-1][1]
    assert [button.label.text for row in offer.rows for button in row] == ["Whisper this", "No, thanks", "Menu"]
    await town.feed(town.tap(parent, "w"))
    await town.feed(town.tap(parent, "w:a:o"))
    await town.feed(town.tap(parent, "w:k:ob"))
    assert threads(town) == [["my child is unhappy"]]
    assert town.main_store() == before


async def test_danger_page_of_a_parent_names_nobody_and_has_no_button_that_would(town: Town, parent: int):
    await town.feed(town.tap(parent, "w:d"))
    page = town.voice.said[-1][1]
    assert [button.data for row in page.rows for button in row] == ["w"]
    assert town.voice.words(parent)[-1].startswith("I have told nobody.")
    with Session(town.engine) as session:
        assert session.exec(select(Request)).all() == []


async def test_words_of_danger_in_a_parents_whisper_are_urgent_and_outside_one_are_the_main_paths(
    town: Town, parent: int
):
    assert await town.whispering.took(town.text(parent, "i want to die")) is False
    await town.whisper(parent, "i want to die")
    assert [line.urgency for line in queue(town.whispers)] == ["urgent"]


async def test_parents_own_commands_are_put_back_when_the_whisper_is_over(town: Town, parent: int):
    await town.whisper(parent)
    assert (town.voice.marks, town.voice.parents) == (set(), {parent})
    town.voice.parents.clear()
    await town.feed(town.text(parent, "/whisper"))
    town.restart()
    await town.feed(town.text(parent, "still there"))
    assert await town.whispering.took(town.text(parent, "/help")) is False
    assert (town.voice.marks, town.voice.parents) == (set(), {parent})


async def test_parent_with_no_child_at_the_school_is_left_to_the_main_path(town: Town, parent: int):
    with Session(town.engine) as session:
        for pupil in session.exec(select(Pupil)).all():
            pupil.status = "left"
            session.add(pupil)
        session.commit()
    assert await town.whispering.took(town.tap(parent, "w")) is False
    assert await town.whispering.took(town.text(parent, "/whisper")) is False
