"""A school's own questions in a check-in: shown in the reader's language or in English, and kept as they were begun."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot import text
from conversations.asking import asked
from conversations.model import CheckInId, CheckInOpens, Edit, Person, RecordCheckIn, Send, State, Tap
from conversations.own_questions import OwnQuestion, OwnWording
from conversations.router import step
from tests.dialogues.transcript import in_english

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
LUNCH = OwnQuestion(
    "own:LUNCH-1",
    (
        OwnWording("en", "older", "Where do you sit at lunch?", ("At the edge", "In the middle")),
        OwnWording("cy", "older", "Ble wyt ti’n eistedd?", ("Ar yr ymyl", "Yn y canol")),
        OwnWording("en", "young", "Where do you sit?", ("Edge", "Middle"), ("🪟", "🎪")),
    ),
)
OPENS = CheckInOpens(CheckInId("a1"), "2026-1+3", ("own:LUNCH-1", "SD-IN-1"), NOW + timedelta(days=1), (LUNCH,))
PUPIL = Person(band="older", language="en", languages=("en",), nation="ENG", status="active")


def begun(person: Person) -> tuple[State, list[str], list[str]]:
    taken = step(State(), OPENS, person, NOW)
    (send,) = taken.effects
    assert isinstance(send, Send)
    words = [in_english(phrase) for phrase in send.message.paragraphs]
    return taken.state, words, [in_english(row[0].label) for row in send.message.rows]


def test_an_own_question_is_shown_with_its_options():
    _, words, buttons = begun(PUPIL)
    assert (words, buttons[:2]) == (["Where do you sit at lunch?"], ["At the edge", "In the middle"])


def test_a_reader_of_another_language_reads_it_in_theirs_or_in_english_and_is_told_so():
    assert begun(replace(PUPIL, language="cy"))[1] == ["Ble wyt ti’n eistedd?"]
    assert begun(replace(PUPIL, language="ar"))[1] == [
        "Where do you sit at lunch?",
        "This question is from your school. It is in English only.",
    ]


def test_words_of_a_school_that_happen_to_be_in_a_catalogue_are_left_as_the_school_wrote_them():
    question = OwnQuestion("own:A", (OwnWording("en", "young", "Where do you sit?", ("At the edge", "In the middle")),))
    shown = asked("+3", (question,), "own:A", "young", "cy")
    assert shown is not None
    assert [text.render(words, "cy", "Europe/London") for words, _ in shown.options] == ["At the edge", "In the middle"]


def test_the_young_wording_has_its_pictures():
    found = asked("+3", (LUNCH,), "own:LUNCH-1", "young")
    assert found is not None
    assert [picture for _, picture in found.options] == ["🪟", "🎪"]


def test_who_has_begun_finishes_with_the_words_they_began_with_after_any_restart():
    state, _, _ = begun(PUPIL)
    state = State.from_json(state.to_json())
    for position in range(2):
        taken = step(state, Tap(f"c:a1:{position}:1"), PUPIL, NOW)
        assert isinstance(taken.effects[0], Edit)
        state = State.from_json(taken.state.to_json())
    taken = step(state, Tap("c:a1:2:done"), PUPIL, NOW)
    (record,) = [effect for effect in taken.effects if isinstance(effect, RecordCheckIn)]
    assert [(answer.item, answer.option) for answer in record.answers] == [("own:LUNCH-1", 1), ("SD-IN-1", 1)]


def test_a_question_whose_words_were_lost_is_passed_over():
    taken = step(State(), replace(OPENS, own=()), PUPIL, NOW)
    assert taken.state.check_in is not None
    assert taken.state.check_in.position == 1


def test_a_check_in_without_own_questions_is_kept_as_before():
    state = step(State(), replace(OPENS, items=("SD-IN-1",), own=()), PUPIL, NOW).state
    assert "own" not in state.to_json()["check_in"]
