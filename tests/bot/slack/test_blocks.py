"""Cards as Block Kit: the words, the limits, and that nobody's name is obeyed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.slack.blocks import cut, escape, home_view, message_blocks, modal_view
from bot.text import render
from conversations.actions import LATEST, load
from conversations.cards import (
    HOME_PAGE,
    Card,
    CardButton,
    Nudge,
    Response,
    home_cards,
    home_pages,
    ideas_card,
    nudge_card,
    stranger_card,
    unanswered_card,
    wave_card,
)
from conversations.cards_request import AskedFor, request_card
from conversations.model import say, verbatim
from conversations.reasons import reason_phrases
from conversations.staff_nudges import NudgeGoTo, Planned
from conversations.whisper_cards import home_card
from rehearsal.slack_blocks import message_faults, view_faults

NOW = datetime(2026, 11, 10, 10, 0, tzinfo=UTC)
READER = ("en", "Europe/London", NOW)
NUDGE = Nudge("f" * 32, "W.A.", "7A", reason_phrases({"low": 3, "window": 4, "baseline": 20}))
RESPONSE = Response("a" * 32, "b" * 32, "7A", 23, 27, 2, NOW, True)
CARDS = [
    nudge_card(NUDGE),
    wave_card(RESPONSE),
    request_card(AskedFor("c" * 32, "W.A.", "7A", True, NOW)),
    unanswered_card("7A", (("Bo Quill", "open"),)),
    stranger_card(),
]
HOSTILE = "<!channel> & <@U0LEAD> *b* _i_ :tada: https://example.org\n\n# Urgent ‮‭"


def faults(view_or_blocks: Any) -> list[str]:  # noqa: ANN401 (JSON)
    check = message_faults if isinstance(view_or_blocks, list) else view_faults
    return check(view_or_blocks, lambda _file: False)


def texts(part: Any) -> list[dict[str, Any]]:  # noqa: ANN401 (JSON)
    """List every text object inside."""
    if isinstance(part, list):
        return [text for each in part for text in texts(each)]
    if not isinstance(part, dict):
        return []
    own = [part] if part.get("type") in ("plain_text", "mrkdwn") else []
    return own + [text for each in part.values() for text in texts(each)]


def test_nudge_as_a_message():
    blocks, text = message_blocks(nudge_card(NUDGE), *READER)
    assert text == "W.A. (7A): a change in pattern"
    assert [block["type"] for block in blocks] == ["header", "section", "context", "actions", "actions"]
    assert [(one["action_id"], one["value"], one.get("style")) for one in blocks[3]["elements"]] == [
        ("nudge_take", "f" * 32, "primary"),
        ("nudge_snooze", "f" * 32, None),
        ("nudge_not_needed", "f" * 32, None),
        ("nudge_pass", "f" * 32, None),
        ("nudge_ideas", "f" * 32, None),
    ]
    assert [one["action_id"] for one in blocks[4]["elements"]] == ["nudge_figures", "nudge_who"]
    assert blocks[1]["text"]["text"].splitlines()[0] == (
        "For a while now, things have seemed harder than is usual for this pupil (could be chance)."
    )


def test_a_button_that_cannot_be_undone_asks_first_as_slack_does_it_and_as_it_was_kept():
    card = Card.from_json(nudge_card(NUDGE).to_json())
    assert card == nudge_card(NUDGE)
    for language in ("en", "cy"):
        blocks, _ = message_blocks(card, language, "Europe/London", NOW)
        asking = [one["confirm"] for block in blocks[3:] for one in block["elements"] if "confirm" in one]
        assert (len(asking), faults(blocks)) == (1, [])
    (first, *_) = [one["confirm"] for one in message_blocks(card, *READER)[0][3]["elements"] if "confirm" in one]
    assert {name: part["text"] for name, part in first.items()} == {
        "title": "Pass to safeguarding",
        "text": "It goes to the safeguarding leads now, and says that you pass it on.",
        "confirm": "Yes",
        "deny": "Not now",
    }


def test_letters_written_before_buttons_could_ask_are_read():
    kept = nudge_card(NUDGE).to_json()
    old = {**kept, "buttons": [button[:4] for button in kept["buttons"]]}
    assert [one.confirm for one in Card.from_json(old).buttons] == [None] * len(kept["buttons"])


@pytest.mark.parametrize(("days", "when"), [(0, "10:00"), (1, "Tuesday 10:00"), (9, "Tuesday 10 November, 10:00")])
def test_the_card_of_danger_says_when_whichever_day_it_is_read(days: int, when: str):
    line = request_card(AskedFor("c" * 32, "W.A.", "7A", True, NOW)).lines[0]
    assert render(line, "en", "Europe/London", NOW + timedelta(days=days)) == (
        f"They said so, or wrote words that may mean it ({when}). They were shown who to ring at once."
    )


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.title.text[:20])
def test_every_card_is_taken_on_every_surface(card: Card):
    assert faults(message_blocks(card, *READER)[0]) == []
    assert faults(modal_view(card, *READER)) == []
    assert faults(home_view((card, card), *READER)) == []


def test_home_of_a_school_that_is_busy_stays_within_its_blocks_and_counts_the_rest():
    cards = home_cards(
        (RESPONSE,) * 42, (nudge_card(NUDGE),) * 40, (request_card(AskedFor("c" * 32, "W.A.", "7A", True, NOW)),) * 5
    )
    view = home_view(cards, *READER)
    assert faults(view) == []
    assert len(view["blocks"]) == 98
    # Five requests of two blocks leave room for twenty-nine nudges of three.
    assert view["blocks"][-1]["elements"][0]["text"] == "53 more have no room here."


def test_home_with_exactly_as_many_blocks_as_fit_leaves_nothing_out():
    view = home_view((stranger_card(),) * 100, *READER)
    assert [block["type"] for block in view["blocks"]] == ["section"] * 100


def test_lone_button_stands_beside_its_card_on_home():
    view = home_view(home_cards((RESPONSE,), (), ()), *READER)
    block, buttons = view["blocks"]
    assert block["text"]["text"] == "*7A*\n23 of 27 answered.\nIt did not reach 2 phones.\nClosed 10:00."
    assert [one["value"] for one in buttons["elements"]] == [f"{'a' * 32}:{'b' * 32}", "b" * 32]
    (lone,) = home_view(home_cards((replace(RESPONSE, answered=27),), (), ()), *READER)["blocks"]
    assert lone["accessory"]["value"] == "b" * 32


def test_home_of_many_cards_has_pages_that_hold_each_card_once():
    cards = home_cards((RESPONSE,) * 42, (nudge_card(NUDGE),) * 40, ())
    pages = [home_pages(cards, number) for number in range(5)]
    assert [len(page) for page in pages] == [*[HOME_PAGE + 1] * 4, 82 - 4 * HOME_PAGE + 1]
    assert tuple(card for page in pages for card in page[:-1]) == cards
    turns = [["1"], ["0", "2"], ["1", "3"], ["2", "4"], ["3"]]
    assert [[one.value for one in page[-1].buttons] for page in pages] == turns
    assert [faults(home_view(page, *READER)) for page in pages] == [[]] * 5
    # A page that is no more, for what stood on it was done, is the last.
    assert home_pages(cards, 5) == pages[4]
    assert home_pages(cards[:HOME_PAGE], 0) == cards[:HOME_PAGE]


def test_page_of_the_largest_cards_there_are_leaves_none_out():
    gotos = (NudgeGoTo("a" * 32, "Ms Alder"), NudgeGoTo("b" * 32, "Mr Birch"))
    plan = Planned("e" * 32, say("First"), "Tess Tolling", NOW, asked=True)
    largest = [replace(NUDGE, gotos=gotos), replace(NUDGE, gotos=gotos, state="taken", owner="Tess Tolling", plan=plan)]
    whispers = tuple((f"{number}" * 32, "other", "received", "2026-11-10", "otter", False) for number in range(9))
    for nudge in largest:
        cards = (*[nudge_card(nudge)] * HOME_PAGE, home_card(whispers), *[nudge_card(nudge)] * (2 * HOME_PAGE))
        view = home_view(home_pages(cards, 1), *READER)
        assert faults(view) == []
        assert not any(block["block_id"] == "more" for block in view["blocks"])


def test_parts_of_a_card_are_apart_and_their_titles_bold():
    blocks, _ = message_blocks(nudge_card(replace(NUDGE, ideas=(say("First"), verbatim("<!here> *second*")))), *READER)
    assert faults(blocks) == []
    assert [block["type"] for block in blocks] == [*("header", "section", "section", "context", "actions", "actions")]
    assert blocks[2]["text"]["text"] == "*Ten minutes to help*\n1. First\n2. &lt;!here&gt; *second*"


IDEAS = tuple(load(LATEST).actions.values())[:2]


def test_window_of_suggested_actions_has_a_heading_for_each_and_short_parts_below_it():
    view = modal_view(ideas_card(IDEAS), *READER)
    assert faults(view) == []
    assert view["title"]["text"] == render_title(ideas_card(IDEAS))
    kinds = [block["type"] for block in view["blocks"]]
    assert kinds == [*["header", *["section"] * 4, "context"] * 2, "context"]
    assert [block["text"]["text"] for block in view["blocks"] if block["type"] == "header"] == [
        f"{number}. {action.title}" for number, action in enumerate(IDEAS, start=1)
    ]
    assert [block["text"]["text"].split("\n") for block in view["blocks"][1:5]] == [
        ["*What to do*", IDEAS[0].do],
        ["*Say*", f"“{IDEAS[0].say}”"],
        ["*Rather not*", f"“{IDEAS[0].not_say}”"],
        ["*Afterwards*", IDEAS[0].look_for],
    ]
    assert view["blocks"][5]["elements"][0]["text"].startswith(f"Why: {IDEAS[0].why} (")


def render_title(card: Card) -> str:
    return render(card.title, *READER)


def test_name_that_is_a_command_does_nothing_anywhere():
    card = Card(verbatim(HOSTILE), (verbatim(HOSTILE),), verbatim(HOSTILE), (CardButton("a", "v", verbatim(HOSTILE)),))
    blocks, fallback = message_blocks(card, *READER)
    modal, home = modal_view(card, *READER), home_view((card,), *READER)
    assert [faults(one) for one in (blocks, modal, home)] == [[], [], []]
    for text in texts([blocks, modal, home]):
        if text["type"] == "mrkdwn":
            assert "<" not in text["text"]
            assert text["verbatim"] is True
        else:
            assert text["emoji"] is False
    assert fallback == escape(" ".join(HOSTILE.split()))
    assert "<" not in fallback


def test_line_break_in_a_name_makes_no_line_of_its_own():
    blocks, _ = message_blocks(Card(say("Title"), (verbatim("one\ntwo"), verbatim("three"))), *READER)
    assert blocks[1]["text"]["text"] == "one two\nthree"


@pytest.mark.parametrize("character", ["x", "&", "<", "é", "😀", "x "])
def test_words_without_end_are_cut_to_what_slack_takes(character: str):
    endless = verbatim(character * 9000)
    card = Card(endless, (endless,) * 60, endless, tuple(CardButton("a", "v", endless) for _ in range(60)))
    blocks, fallback = message_blocks(card, *READER)
    assert faults(blocks) == []
    assert len(fallback) <= 3000
    assert faults(modal_view(card, *READER)) == []
    assert faults(home_view((card,) * 30, *READER)) == []


def test_lines_for_which_there_is_no_room_are_counted():
    card = Card(say("Title"), tuple(verbatim(f"{number:04} " + "x" * 1400) for number in range(200)))
    blocks, _ = message_blocks(card, *READER)
    assert len(blocks) == 50
    # A header and 48 sections of two lines each come before it.
    assert blocks[-1]["text"]["text"] == "104 more have no room here."


def test_card_without_any_words_is_still_taken():
    card = Card(verbatim(""), (verbatim(" \n "),))
    assert message_blocks(card, *READER) == ([], "Earshot")
    assert modal_view(card, *READER)["title"]["text"] == "Earshot"
    assert faults(home_view((card,), *READER)) == []


def test_modal_title_too_long_for_slack_stands_in_full_below():
    view = modal_view(Card(verbatim("Wren Ashdown and Bo Quill of 7A"), (say("Line"),)), *READER)
    assert view["title"]["text"] == "Wren Ashdown and Bo…"
    assert view["blocks"][0]["text"]["text"] == "Wren Ashdown and Bo Quill of 7A"


def test_times_are_those_of_the_school():
    summer = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
    card = request_card(AskedFor("c" * 32, "W.A.", "7A", False, summer))
    blocks, _ = message_blocks(card, "en", "Europe/London", summer)
    assert blocks[1]["text"]["text"] == "Asked: 11:00, for the same day."


def test_what_was_asked_on_an_earlier_day_reads_well_the_day_after():
    asked = datetime(2026, 11, 23, 10, 4, tzinfo=UTC)
    read_at = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
    said = {}
    for soon in ("today", "week"):
        blocks, _ = message_blocks(
            request_card(AskedFor("c" * 32, "W.A.", "7A", False, asked, soon=soon)), "en", "Europe/London", read_at
        )
        said[soon] = blocks[1]["text"]["text"]
    assert said == {
        "today": "Asked: Monday 10:04, for the same day.",
        "week": "Asked: Monday 10:04, for the same week.",
    }


def test_same_action_twice_goes_into_two_rows():
    card = Card(say("Title"), buttons=(CardButton("a", "1", say("One")), CardButton("a", "2", say("Two"))))
    blocks, _ = message_blocks(card, *READER)
    assert [[one["value"] for one in block["elements"]] for block in blocks[1:]] == [["1"], ["2"]]
    assert faults(blocks) == []


def test_card_that_went_through_the_outbox_looks_the_same():
    for card in CARDS:
        again = Card.from_json(json.loads(json.dumps(card.to_json())))
        assert message_blocks(again, *READER) == message_blocks(card, *READER)


def test_cut_at_a_word_and_within_one():
    assert cut("short", 24) == "short"
    assert cut("Wren Ashdown and Bo Quill", 24) == "Wren Ashdown and Bo…"
    assert cut("x" * 30, 24) == "x" * 23 + "…"


def test_escape_never_breaks_an_escape_in_two():
    assert escape("a & b < c > d") == "a &amp; b &lt; c &gt; d"
    assert escape("&&&", 15) == "&amp;&amp;&amp;"
    assert escape("&&&", 14) == "&amp;&amp;…"
