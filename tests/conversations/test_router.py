"""The router: no event raises, no state is a dead end, and the version tells whether anything changed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.adults import Adult, Adults
from conversations.model import (
    Answer,
    AskForAdult,
    Bind,
    CheckInCloses,
    CheckInId,
    CheckInOpens,
    CheckInReminder,
    CodeGiven,
    Command,
    Edit,
    Effect,
    Event,
    Message,
    OpenCheckIn,
    Person,
    RecordCheckIn,
    Send,
    SetLanguage,
    SetStatus,
    ShowAnswers,
    ShowNotes,
    State,
    Step,
    Tap,
    Text,
    Toast,
)
from conversations.router import is_unprompted, needs, step
from tests.conversations.strategies import NOW, events, people, states, times, typed
from tests.dialogues.transcript import in_english

ID = CheckInId("0" * 31 + "1")
PUPIL = Person(band="older", language="en", languages=("en",), nation="ENG", status="active")
LATER = NOW + timedelta(days=2)


def opened(*items: str) -> State:
    return step(State(), CheckInOpens(ID, "2026-1", items, LATER), PUPIL, NOW).state


def tapped(state: State, what: str, now: datetime = NOW, person: Person = PUPIL) -> Step:
    return step(state, Tap(f"c:{ID}:{what}"), person, now)


def messages_of(taken: Step) -> list[Message]:
    return [effect.message for effect in taken.effects if isinstance(effect, Send | Edit)]


def recorded(taken: Step) -> list[RecordCheckIn]:
    return [effect for effect in taken.effects if isinstance(effect, RecordCheckIn)]


def after_effects(person: Person | None, pupil: Person, effects: tuple[Effect, ...]) -> Person | None:
    """Give the facts that the runner would read at the next event."""
    for effect in effects:
        match effect:
            case Bind():
                person = pupil
            case SetStatus(status):
                person = replace(person, status=status) if person else None
            case SetLanguage(language):
                person = replace(person, language=language) if person else None
    return person


# --- any state, any event ---------------------------------------------------------------------------------------------


@given(states, events, st.none() | people, times)
def test_any_event_in_any_state_leaves_a_state_that_can_be_put_away(
    state: State, event: Event, person: Person | None, now: datetime
):
    taken = step(state, event, person, now)

    assert State.from_json(json.loads(json.dumps(taken.state.to_json()))) == taken.state


@given(states, events, st.none() | people, times)
def test_the_version_grows_by_one_exactly_when_something_changes(
    state: State, event: Event, person: Person | None, now: datetime
):
    taken = step(state, event, person, now)

    moved = replace(taken.state, version=state.version) != state
    kept = any(not isinstance(effect, Send | Edit | Toast) for effect in taken.effects)
    assert taken.state.version == state.version + (1 if moved or kept else 0)


@given(states, events, st.none() | people, times)
def test_what_is_said_fits_the_networks_and_can_be_rendered(
    state: State, event: Event, person: Person | None, now: datetime
):
    taken = step(state, event, person, now)

    data = [button.data for message in messages_of(taken) for row in message.rows for button in row]
    assert [each for each in data if not 1 <= len(each.encode("utf-8", "replace")) <= 64] == []
    toasts = [in_english(effect.text) for effect in taken.effects if isinstance(effect, Toast)]
    assert [each for each in toasts if not 1 <= len(each) <= 200] == []
    texts = [in_english(paragraph) for message in messages_of(taken) for paragraph in message.paragraphs]
    assert sum(map(len, texts)) <= 4_096


@given(states, events, people, times)
def test_every_message_to_a_pupil_has_talk_to_someone_or_the_way_there(
    state: State, event: Event, person: Person, now: datetime
):
    taken = step(state, event, person, now)

    for message in messages_of(taken):
        data = {button.data for row in message.rows for button in row}
        assert data & {"talk", "talk:ask", "talk:danger"} != set()


@given(states, events, people, times)
def test_whatever_a_person_sends_is_answered(state: State, event: Event, person: Person, now: datetime):
    taken = step(state, event, person, now)

    if isinstance(event, Tap | Text | Command | CodeGiven):
        assert taken.effects != ()


@given(states, typed, people)
def test_typed_words_are_never_said_back(state: State, text: str, person: Person):
    words = f"{text} plums-and-custard"

    taken = step(state, Text(words), person, NOW)

    said = [in_english(paragraph) for message in messages_of(taken) for paragraph in message.paragraphs]
    assert [sentence for sentence in said if "plums-and-custard" in sentence] == []


# --- any sequence -----------------------------------------------------------------------------------------------------


@given(people, st.booleans(), st.lists(st.tuples(events, st.integers(0, 9)), max_size=25))
def test_no_sequence_of_events_reaches_a_dead_end(pupil: Person, joined: bool, script: list[tuple[Event, int]]):
    person, state, screen = (pupil if joined else None), State(), [""]
    for event, choice in script:
        # Every other event is a tap on a button that is really there.
        for happened in (event, Tap(screen[choice % len(screen)])):
            known = person or pupil if happened == CodeGiven("valid") else person
            taken = step(state, happened, known, NOW)
            state, person = taken.state, after_effects(person, pupil, taken.effects)
            screen = [b.data for m in messages_of(taken) for row in m.rows for b in row] or screen

            assert messages_of(step(state, Command("menu"), person, NOW)) != []
            assert messages_of(step(state, Command("talk"), person, NOW)) != []


@given(people, st.booleans(), st.lists(events, max_size=25))
def test_a_button_just_shown_always_does_something(pupil: Person, joined: bool, script: list[Event]):
    person, state = (pupil if joined else None), State()
    for event in script:
        taken = step(state, event, person or pupil if event == CodeGiven("valid") else person, NOW)
        state, person = taken.state, after_effects(person, pupil, taken.effects)
        last = messages_of(taken)[-1:]
        for button in (button for message in last for row in message.rows for button in row):
            # Whisper's button never comes here: its own path takes it first.
            if button.data != "w" and not button.data.startswith("w:"):
                came = step(state, Tap(button.data), person, NOW)
                assert messages_of(came) or {ShowAnswers(), ShowNotes()} & set(came.effects)


@given(people, st.lists(events, max_size=25))
def test_a_check_in_is_put_away_once_and_not_while_it_is_open(pupil: Person, script: list[Event]):
    person: Person | None = replace(pupil, status="active")
    state, put_away = State(), []
    for event in script:
        if isinstance(event, CheckInOpens) and event.check_in in put_away:
            continue
        taken = step(state, event, person, NOW)
        state, person = taken.state, after_effects(person, pupil, taken.effects)
        put_away += [record.check_in for record in recorded(taken)]
        assert len(put_away) == len(set(put_away))
        assert state.check_in is None or state.check_in.check_in not in put_away


# --- the check-in, point by point -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taken_for", "ms"),
    [(timedelta(milliseconds=1500.9), 1500), (timedelta(days=1), 3_600_000), (-LATER.resolution, 0)],
)
def test_the_time_of_an_answer_is_whole_and_within_an_hour(taken_for: timedelta, ms: int):
    taken = tapped(opened("SD-IN-1"), "0:2", NOW + taken_for)

    assert taken.state.check_in is not None
    assert taken.state.check_in.answers == (Answer("SD-IN-1", 2, ms),)


def test_answers_stand_in_the_order_of_the_items_after_going_back():
    state = opened("SD-IN-1", "SD-IN-2")
    for what in ("0:0", "1:1", "2:back", "1:back", "0:4", "1:keep"):
        state = tapped(state, what).state

    assert recorded(tapped(state, "2:done")) == [
        RecordCheckIn(ID, "answered", (Answer("SD-IN-1", 4, 0), Answer("SD-IN-2", 1, 0)))
    ]


@pytest.mark.parametrize(
    "what",
    ["1:0", "0:5", "0:05", "0:٣", "0:²", "0: 1", "0:1 ", "0:back", "0:keep", "0:done", "0:", "", "0:1:1", "0:1\n"],
)
def test_a_button_that_was_not_under_the_question_changes_nothing(what: str):
    state = opened("SD-IN-1", "SD-IN-2")

    taken = tapped(state, what)

    assert taken.state == state
    assert [type(effect) for effect in taken.effects] == [Toast]


def test_a_young_pupil_cannot_choose_an_option_only_the_older_have():
    person = replace(PUPIL, band="young")
    state = opened("SD-IN-1")

    assert tapped(state, "0:3", person=person).state == state
    assert tapped(state, "0:2", person=person).state != state


def test_a_second_tap_on_the_last_button_puts_nothing_away_again():
    done = tapped(tapped(opened("SD-IN-1"), "0:1").state, "1:done")

    assert len(recorded(done)) == 1
    assert recorded(tapped(done.state, "1:done")) == []


def test_the_same_wave_twice_opens_one_check_in():
    state = opened("SD-IN-1")

    assert step(state, CheckInOpens(ID, "2026-1", ("SD-IN-1",), LATER), PUPIL, NOW) == Step(state)


def test_a_check_in_past_its_window_is_not_sent():
    taken = step(State(), CheckInOpens(ID, "2026-1", ("SD-IN-1",), NOW), PUPIL, NOW)

    assert taken.effects == (RecordCheckIn(ID, "missed", ()),)
    assert taken.state.check_in is None


@pytest.mark.parametrize("status", ["invited", "stopped", "left"])
def test_nothing_of_a_check_in_reaches_a_pupil_who_is_not_taking_part(status: str):
    person = replace(PUPIL, status=status)  # type: ignore[arg-type]
    state = opened("SD-IN-1")

    assert step(State(), CheckInOpens(ID, "2026-1", ("SD-IN-1",), LATER), person, NOW) == Step(State())
    assert step(state, CheckInReminder(ID), person, NOW) == Step(state)


def test_a_reminder_after_the_window_is_not_sent():
    state = opened("SD-IN-1")

    assert step(state, CheckInReminder(ID), PUPIL, LATER) == Step(state)


def test_a_check_in_that_closes_untouched_was_missed_and_one_begun_is_partial():
    untouched = opened("SD-IN-1")
    begun = tapped(untouched, "0:skip").state

    assert [record.ending for record in recorded(step(untouched, CheckInCloses(ID), PUPIL, LATER))] == ["missed"]
    assert [record.ending for record in recorded(step(begun, CheckInCloses(ID), PUPIL, LATER))] == ["partial"]


def test_a_check_in_is_finished_in_the_words_of_the_bank_it_opened_with():
    """Between the two taps the program was brought up to a newer bank, which has other words for both questions."""
    half_way = State.from_json(tapped(opened("SD-IN-1", "TO-OUT-2"), "0:4").state.to_json())

    (shown,) = messages_of(tapped(opened("SD-IN-1", "TO-OUT-2"), "0:4"))
    assert [in_english(row[0].label) for row in shown.rows[:2]] == ["They steer all the way", "They steer most of it"]
    done = tapped(tapped(half_way, "1:0").state, "2:done")
    (record,) = recorded(done)
    assert (record.ending, [answer.item for answer in record.answers]) == ("answered", ["SD-IN-1", "TO-OUT-2"])


def test_a_check_in_of_a_bank_this_program_lacks_asks_only_for_words():
    taken = step(State(), CheckInOpens(ID, "1999-1", ("SD-IN-1",), LATER), PUPIL, NOW)

    assert taken.state.awaiting == "check_in.words"


def test_a_question_that_left_the_bank_while_shown_can_be_skipped():
    state = State(check_in=OpenCheckIn(ID, "2026-1", ("GONE-1", "SD-IN-1"), LATER, NOW))

    taken = tapped(state, "0:skip")

    assert taken.state.check_in is not None
    assert taken.state.check_in.position == 1


@pytest.mark.parametrize(("length", "kept"), [(1, 1), (1_001, 1_001), (4_096, 4_096), (9_999, 4_096)])
def test_long_words_are_kept_up_to_the_longest_message(length: int, kept: int):
    waiting = tapped(opened("SD-IN-1"), "0:skip").state

    taken = step(waiting, Text("🙂" * length), PUPIL, NOW)

    assert [len(record.words) for record in recorded(taken)] == [kept]
    assert taken.state.awaiting == ""


def test_half_a_surrogate_pair_is_replaced_so_that_the_words_can_be_kept():
    waiting = tapped(opened("SD-IN-1"), "0:skip").state

    assert [record.words for record in recorded(step(waiting, Text("a\ud83db"), PUPIL, NOW))] == ["a?b"]


# --- danger -----------------------------------------------------------------------------------------------------------


@given(states, people)
def test_words_of_danger_always_show_the_card_first_and_tell_the_leads(state: State, person: Person):
    taken = step(state, Text("i want to die"), person, NOW)

    first = taken.effects[0]
    assert isinstance(first, Send)
    assert first.lane == "urgent"
    assert [effect for effect in taken.effects if isinstance(effect, AskForAdult)] == [AskForAdult(danger=True)]


@given(states, people)
def test_the_danger_button_works_in_every_state(state: State, person: Person):
    taken = step(state, Tap("talk:danger"), person, NOW)

    assert [effect for effect in taken.effects if isinstance(effect, AskForAdult)] == [AskForAdult(danger=True)]


@given(states)
def test_words_of_danger_from_a_stranger_show_help_lines_and_tell_nobody(state: State):
    taken = step(state, Text("i want to die"), None, NOW)

    assert [type(effect) for effect in taken.effects] == [Send]
    assert taken.state == state


# --- words that nothing waits for, which Whisper offers to take -----------------------------------------------------

NAMES = tuple(Adult(f"{number:032x}", name) for number, name in enumerate(("Ada Alder", "Ben Birch"), 1))
CHOOSER = replace(PUPIL, adults=Adults(everyone=NAMES))


@pytest.mark.parametrize("way", [Command("goto"), Tap("goto"), Tap("goto:1"), Tap(f"goto:1:a:{NAMES[0].id}")])
def test_a_name_typed_at_once_after_the_go_tos_are_shown_is_not_whispers_to_take(way: Event):
    shown = step(State(), way, CHOOSER, NOW).state
    assert is_unprompted(State(), "mrs ald", CHOOSER)
    assert not is_unprompted(shown, "mrs ald", CHOOSER)
    assert needs(shown, Text("mrs ald")) == "everyone"


def test_words_typed_where_a_tap_is_due_are_whispers_to_take_and_those_of_the_end_are_not():
    asked = OpenCheckIn(ID, "2026-1", ("SD-IN-1",), LATER, NOW)
    state = State(check_in=asked)
    assert is_unprompted(state, "they take my things", PUPIL)
    assert not is_unprompted(state, "i want to die", PUPIL)
    last = State(check_in=replace(asked, position=1), awaiting="check_in.words")
    assert not is_unprompted(last, "they take my things", PUPIL)


@pytest.mark.parametrize("way", [Command("menu"), Tap("menu"), Tap("talk"), Tap("goto:later")])
def test_words_typed_after_leaving_the_go_tos_are_whispers_to_take_again(way: Event):
    shown = step(State(), Command("goto"), CHOOSER, NOW).state
    assert is_unprompted(step(shown, way, CHOOSER, NOW).state, "mrs ald", CHOOSER)


def test_what_is_no_name_offers_whisper():
    shown = step(State(), Command("goto"), CHOOSER, NOW).state
    (message,) = messages_of(step(shown, Text("they take my things"), CHOOSER, NOW))
    assert "w" in [button.data for row in message.rows for button in row]
