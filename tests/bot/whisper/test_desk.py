"""What leads do with a whisper: every deed of triage, and what of it shows where."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

import pytest
from sqlmodel import Session, select

from benchmarks.whisper_town import Town
from bot.slack.blocks import Reader
from bot.whisper.desk import Lead, colleagues_of, counts_for, counts_of, decide, lead_of, open_thread, queue_of
from bot.whisper.slack import WhisperSlack
from bot.whisper.staff import take
from bot.whisper.views import thread_view, told_view
from conversations.cards import Card
from conversations.model import Phrase, verbatim
from conversations.whisper_cards import counts_card, desk_card
from rehearsal.slack_blocks import view_faults
from store.tables import Staff
from store.whisper_desk import Climb, Line, NotThere, change, note_cards, queue
from store.whisper_sealing import new_receipt, words_of
from store.whispers import Draft, Page, add, find, see, start
from tests.factories import NOW

TODAY = "2026-11-24"


def new(town: Town, words: bytes = b"they take my things", **more: Any) -> str:  # noqa: ANN401
    draft = Draft("2026-11-24", "bullying", "me", **more)
    return start(town.whispers, draft, new_receipt(), {"what": "words"}, words).report.hex()


@pytest.fixture
def leads(town: Town) -> list[Lead]:
    with Session(town.engine) as session:
        staff = [one for one in session.exec(select(Staff)).all() if {"dsl", "deputy_dsl"} & set(one.roles)]
        return [lead_of(session, town.sealer, town.school, one) for one in staff]


def test_every_deed_of_triage_is_kept_and_the_writer_sees_what_is_for_them(town: Town, leads: list[Lead]):
    receipt, store, lead = new_receipt(), town.whispers, leads[0]
    report = start(store, Draft(TODAY, "bullying", "me"), receipt, {"what": "words"}, b"x").report.hex()
    assert open_thread(store, lead, report).line.status == "read"
    for what, words in (("reply", "Thank you."), ("question", "Where?"), ("note", "Seen by the gate.")):
        assert decide(store, lead, report, {"what": what, "words": words}, TODAY) is None
    owner = leads[1]
    entered = {"status": "acting", "urgency": "urgent", "owner": owner.reader.hex(), "standing": ["keep"]}
    assert decide(store, lead, report, entered, TODAY) is None
    thread = open_thread(store, lead, report)
    assert [(turn.what, turn.words) for turn in thread.turns[1:]] == [
        ("reply", "Thank you."),
        ("question", "Where?"),
        ("note", "Seen by the gate."),
    ]
    assert (thread.line.status, thread.line.urgency, thread.line.kept) == ("acting", "urgent", True)
    assert thread.head["owner"] == owner.name
    page = see(store, find(store, receipt))
    assert page == Page("acting", "", (("reply", "Thank you."), ("question", "Where?")))
    assert decide(store, lead, report, {"outcome": "misuse"}, TODAY) is None
    line = open_thread(store, lead, report).line
    assert (line.status, line.outcome) == ("closed", "misuse")
    assert queue_of(store, lead)[0] == line


def test_link_stands_in_both_and_a_handle_that_is_not_there_is_said(town: Town, leads: list[Lead]):
    first, second, store = new(town), new(town), town.whispers
    assert decide(store, leads[0], first, {"link": second[:6].upper()}, TODAY) is None
    assert open_thread(store, leads[0], first).head["links"] == [second[:6].upper()]
    assert open_thread(store, leads[0], second).head["links"] == [first[:6].upper()]
    for wrong in ("nothing", first[:6]):
        told = decide(store, leads[0], first, {"link": wrong}, TODAY)
        assert told is not None
        assert told.text == "There is no whisper of that handle for you to link, so nothing was linked."


def test_lead_who_may_not_read_it_is_not_offered_to_look_after_it(town: Town, leads: list[Lead]):
    first, second = leads
    report = new(town, excluded=(second.reader.hex(),))
    assert [name for _, name in colleagues_of(town.whispers, first, report)] == [first.name]
    decide(town.whispers, first, report, {"owner": second.reader.hex()}, TODAY)
    assert "owner" not in open_thread(town.whispers, first, report).head
    with pytest.raises(NotThere):
        open_thread(town.whispers, second, report)


# --- the Home tab -----------------------------------------------------------------------------------------------------


def home(town: Town, lead: Lead) -> tuple[Card, ...]:
    # As it comes out of the outbox.
    cards = tuple(Card.from_json(card.to_json()) for card in (Card(verbatim("other")), desk_card()))
    slack = WhisperSlack(town.parts, lambda: None)
    return asyncio.run(slack.home(f"staff:{lead.staff_id.hex}", cards))


def english(phrase: Phrase) -> str:
    text = phrase.plural if phrase.plural is not None and phrase.count != 1 else phrase.text
    return text.format(
        **{name: english(value) if isinstance(value, Phrase) else value for name, value in phrase.params}
    )


def test_home_tab_counts_and_lists_what_has_gone_out_without_content(town: Town, leads: list[Lead]):
    urgent, plain, closed, unsent = new(town, urgency="urgent"), new(town), new(town), new(town)
    for report in (urgent, plain, closed):
        note_cards(town.whispers, report, [["D1", "1"]], "posted", Climb("whisper", NOW, 0), "new")
    change(town.whispers, leads[0].reader, closed, status="closed", closed=TODAY, outcome="helped")
    other, card = home(town, leads[0])
    assert english(other.title) == "other"
    assert [english(line) for line in card.lines] == [
        "2 are open.",
        "1 of them is urgent.",
        "2 are not opened yet.",
        f"Urgent: {urgent[:6].upper()}: Bullying, 2026-11-24, not opened yet",
        f"{plain[:6].upper()}: Bullying, 2026-11-24, not opened yet",
    ]
    assert [button.value for button in card.buttons] == ["all", urgent, plain]
    assert unsent not in str(card)
    assert "take my things" not in str(card.to_json())


def test_home_tab_of_a_lead_left_out_and_of_a_store_that_is_gone(town: Town, leads: list[Lead]):
    report = new(town, excluded=(leads[1].reader.hex(),))
    note_cards(town.whispers, report, [["D1", "1"]], "posted", Climb("whisper", NOW, 0), "new")
    assert [english(line) for line in home(town, leads[1])[1].lines] == ["No whisper waits for you."]
    assert town.whispers.path is not None
    town.whispers.path.unlink()
    town.whispers.engine.dispose()
    assert home(town, leads[0])[1] == desk_card()


def test_added_words_do_not_take_a_whisper_off_the_home_tab_until_the_next_fixed_time(town: Town, leads: list[Lead]):
    receipt = new_receipt()
    door = start(town.whispers, Draft(TODAY, "other", "me"), receipt, {"what": "words"}, b"x")
    note_cards(town.whispers, door.report.hex(), [["D1", "1"]], "posted", Climb("whisper", NOW, 0), "new")
    assert open_thread(town.whispers, leads[0], door.report.hex()).line.stage == "read"
    before = home(town, leads[0])
    add(town.whispers, door, {"what": "words"}, b"more")
    assert queue(town.whispers)[0].stage == "new"
    assert home(town, leads[0]) == before


def test_whoever_answers_or_notes_something_acts_on_it_and_the_writer_reads_so(town: Town, leads: list[Lead]):
    for entered in ({"what": "question", "words": "Where?"}, {"what": "note", "words": "Seen."}):
        report = new(town)
        open_thread(town.whispers, leads[0], report)
        decide(town.whispers, leads[0], report, entered, TODAY)
        assert open_thread(town.whispers, leads[0], report).line.status == "acting"
    # What is said of it counts before what follows from it.
    report = new(town)
    decide(town.whispers, leads[0], report, {"words": "Thank you.", "status": "read"}, TODAY)
    assert open_thread(town.whispers, leads[0], report).line.status == "read"


@pytest.mark.parametrize(
    "entered",
    [
        {"what": "reply"},
        {"what": "reply", "words": ""},
        {"what": "reply", "words": " ", "status": "acting"},
        {"what": "question", "urgency": "urgent"},
        {"what": "note", "outcome": "helped"},
    ],
)
def test_nothing_is_done_where_words_are_due_and_there_are_none(
    town: Town, leads: list[Lead], entered: dict[str, object]
):
    report = new(town)
    before = open_thread(town.whispers, leads[0], report)
    problem = decide(town.whispers, leads[0], report, entered, TODAY)
    assert problem is not None
    assert problem.text == "Nothing was entered, so nothing was sent."
    assert open_thread(town.whispers, leads[0], report) == before


# --- governors --------------------------------------------------------------------------------------------------------


def line(kind: str, day: str) -> Line:
    return Line("00", day, kind, "ordinary", "read", "read", "", "", kept=False)


def test_counts_hide_small_cells_and_the_one_that_would_give_a_single_one_away():
    many = (("bullying", 9), ("home", 6), ("online", 3))
    lines = [line(kind, "2026-10-01") for kind, count in many for _ in range(count)]
    assert counts_of(lines, "2026-09-01", "2026-12-18") == [
        ("bullying", "9"),
        ("home", "under 5"),
        ("online", "under 5"),
    ]
    assert counts_of(lines, "2027-01-01", "2027-03-01") == [("bullying", "0"), ("home", "0"), ("online", "0")]


def test_lead_sees_governors_counts_by_term_without_content_and_none_of_what_they_are_left_out_of(
    town: Town, leads: list[Lead]
):
    first, second = leads
    for _ in range(5):
        new(town)
    new(town, excluded=(second.reader.hex(),))
    today = date.fromisoformat(TODAY)
    [term] = [one for one in town.school.calendar.terms if one.first <= today]
    assert counts_for(town.whispers, first, town.school, today) == [(term.name, [("bullying", "6")])]
    assert counts_for(town.whispers, second, town.school, today) == [(term.name, [("bullying", "5")])]
    card = counts_card([(term.name, [("bullying", "6"), ("home", "under 5")])])
    [part] = card.parts
    assert english(part.title) == term.name
    assert [english(one) for one in part.lines] == ["Bullying: 6", "Not safe at home: under 5"]
    assert [english(one) for one in counts_card([(term.name, [])]).lines] == ["There is nothing to count yet."]


# --- windows ----------------------------------------------------------------------------------------------------------

READER = Reader("en", "Europe/London", NOW)


def test_window_of_a_whisper_says_how_its_sealed_file_is_made_outside_slack(town: Town, leads: list[Lead]):
    report = new(town)
    view = thread_view(open_thread(town.whispers, leads[0], report), (), READER)
    handle = report[:6].upper()
    assert view["blocks"][-1]["elements"][0]["text"] == (
        "For the school's own safeguarding file, a PDF sealed with your password is made on the school's own machine. "
        f"It never passes through Slack. Run: earshot whisper export {handle} {handle}.sealed "
        "--lead you@school.example"
    )


def test_window_of_a_long_whisper_shows_its_newest_turns_and_where_the_older_ones_are(town: Town, leads: list[Lead]):
    store = town.whispers
    door = start(store, Draft(TODAY, "other", "me"), new_receipt(), {"what": "words"}, b"turn 0")
    for number in range(1, 110):
        add(store, door, {"what": "words"}, b"turn %d" % number)
    colleagues = colleagues_of(store, leads[0], door.report.hex())
    view = thread_view(open_thread(store, leads[0], door.report.hex()), colleagues, READER, verbatim("Done."))
    assert view_faults(view, lambda _file: False) == []
    told = json.dumps(view)
    assert "Older turns have no room here. See them with earshot whisper read." in told
    assert ("turn 109" in told, "turn 0" in told) == (True, False)


def test_window_says_who_looks_after_it_what_it_is_linked_with_and_whether_it_helped(town: Town, leads: list[Lead]):
    store, other = town.whispers, new(town)
    door = start(store, Draft(TODAY, "other", "them"), new_receipt(), {"what": "words"}, b"x" * 3500)
    entered = {"owner": leads[1].reader.hex(), "link": other[:6], "what": "note", "words": "Seen."}
    assert decide(store, leads[0], door.report.hex(), entered, TODAY) is None
    add(store, door, {"what": "helped"}, b"y")
    view = thread_view(open_thread(store, leads[0], door.report.hex()), (), READER)
    assert view_faults(view, lambda _file: False) == []
    told = json.dumps(view)
    for words in (
        "It is about someone else.",
        f"Looked after by {leads[1].name}.",
        f"Linked with {other[:6].upper()}.",
        "noted, for readers alone:",
        "The writer says: this helped.",
    ):
        assert words in told


def test_right_and_wrong_words_of_staff_are_answered_with_as_many_bytes(town: Town, leads: list[Lead]):
    receipt, store = new_receipt(), town.whispers
    report = start(store, Draft(TODAY, "other", "me"), receipt, {"what": "words"}, b"x").report.hex()
    decide(store, leads[0], report, {"words": "Thank you. Where does it happen?"}, TODAY)
    told = [
        take(store, {"receipt": " ".join(words)}, (), TODAY)
        for words in (words_of(receipt), words_of(new_receipt()), ["no", "words"])
    ]
    right, *wrong = [told_view(one.title, one.message, READER) for one in told]
    assert "Where does it happen?" in str(right)
    assert "Where does it happen?" not in str(wrong)
    assert [len(json.dumps(view)) for view in wrong] == [len(json.dumps(right))] * 2
