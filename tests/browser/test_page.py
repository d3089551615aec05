"""The rehearsal page in a real Chromium, over the whole rehearsal as `make run` starts it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.sample.listing import NEAR_NOTE
from tests.browser.conftest import picture, question, walk_to
from tests.end_to_end.rig import answer_to

pytestmark = pytest.mark.browser


def test_check_in_answered_on_the_phone_becomes_a_nudge_taken_in_slack(page: Page, request: pytest.FixtureRequest):
    # Asked for only now: without a browser there is nothing to start it for.
    page.goto(request.getfixturevalue("address"))
    expect(page.locator("#connection")).to_have_text("Connected")
    # The page opens on a pupil who is near a flag, beside their tutor.
    expect(page.locator("#pupil-note")).to_contain_text(NEAR_NOTE)
    expect(page.get_by_test_id("staff-search")).to_have_value(their_tutor(page))

    page.get_by_test_id("slack-tab-home").click()
    page.get_by_test_id("open-check-in").click()
    expect(page.get_by_test_id("notice")).to_contain_text("A check-in was opened for 1,0")
    for number in range(1, 6):
        key = low_answer(page, number)
        if number == 2:
            expect(page.get_by_test_id("slack-home")).to_contain_text("Open until")
            page.mouse.move(1, 1)
            picture(page, "page.png")
            # Once without a mouse: from the chat, Tab leads to the first button, and on to each next.
            page.get_by_test_id("phone-log").focus()
            walk_to(page, key)
            page.keyboard.press("Enter")
        else:
            key.click()
    question(page, 6)
    page.get_by_test_id("phone-button").filter(has_text="Nothing to add").click()
    expect(page.get_by_test_id("phone-log")).to_contain_text("That is all for now")

    page.get_by_test_id("slack-tab-dm").click()
    card = page.get_by_test_id("slack-log").locator("li").filter(has_text="a change in pattern")
    expect(card).to_contain_text("have seemed hard")
    # Taller than its place, and still shown from its head.
    expect(card.get_by_text("a change in pattern")).to_be_in_viewport()
    picture(page, "nudge.png")
    card.get_by_role("button", name="I’ll take this").click()
    expect(card).to_contain_text("Taken by")
    expect(card).to_contain_text("(edited)")
    expect(card.get_by_role("button", name="Undo")).to_be_visible()
    expect(card.get_by_role("button", name="I’ll take this")).to_have_count(0)


def their_tutor(page: Page) -> re.Pattern[str]:
    """Say how the name of the shown pupil's tutor ends in the workspace."""
    group = page.locator("#pupil-note").inner_text().split(" · ")[1]
    return re.compile(rf"· tutor of {group}$")


def low_answer(page: Page, number: int) -> Locator:
    """Find the key of the answer at the low end of a question."""
    message = question(page, number)
    keys = message.get_by_test_id("phone-button")
    shown = {
        "text": message.locator(".words").inner_text(),
        "keyboard": [[{"text": words, "callback_data": words}] for words in keys.all_inner_texts()],
    }
    return keys.get_by_text(answer_to(shown, low=True), exact=True)


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    expect(page.locator("#connection")).to_have_text("Connected")
    expect(page.locator("#pupil-note")).to_contain_text("·")
    return page


def test_long_chat_scrolls_in_its_place_and_page_stays_as_tall_as_window(page: Page, request: pytest.FixtureRequest):
    opened(page, request.getfixturevalue("address"))
    log = page.get_by_test_id("phone-log")
    before = page.get_by_test_id("phone-button").filter(has_text="Settings").count()
    for number in range(1, 7):
        page.get_by_test_id("phone-text").fill("/menu")
        page.get_by_test_id("phone-send").click()
        expect(page.get_by_test_id("phone-button").filter(has_text="Settings")).to_have_count(before + number)
    assert log.evaluate("element => element.scrollHeight > 2 * innerHeight")
    assert page.evaluate("document.documentElement.scrollHeight - innerHeight") <= 0


def test_on_a_projector_both_sides_stand_beside_each_other_and_the_page_says_how_to_begin(
    page: Page, request: pytest.FixtureRequest
):
    opened(page, request.getfixturevalue("address"))
    hint = "Everybody here is made up. Open a check-in, answer it on the phone, and watch Slack."
    expect(page.get_by_test_id("notice")).to_have_text(hint)
    for width, height in ((1024, 768), (1280, 720)):
        page.set_viewport_size({"width": width, "height": height})
        phone, slack = (
            page.locator(name).evaluate("element => element.getBoundingClientRect().toJSON()")
            for name in ("#phone", "#slack")
        )
        assert phone["right"] <= slack["left"]
        assert max(phone["bottom"], slack["bottom"]) <= height


@pytest.mark.parametrize("width", [320, 390])
def test_in_narrow_window_words_can_be_typed_and_sent_on_both_sides(
    page: Page, request: pytest.FixtureRequest, width: int
):
    opened(page, request.getfixturevalue("address"))
    page.set_viewport_size({"width": width, "height": 800})
    for field, button, frame in (("phone-text", "phone-send", "#phone"), ("slack-text", "slack-send", "#slack")):
        # Wide enough for a word or two, and the button whole within its frame.
        assert page.get_by_test_id(field).evaluate("element => element.clientWidth") >= 96
        edges = [
            place.evaluate("element => element.getBoundingClientRect().right")
            for place in (page.get_by_test_id(button), page.locator(frame))
        ]
        assert edges == sorted(edges)


def test_who_has_joined_is_no_longer_offered_with_a_code(page: Page, request: pytest.FixtureRequest):
    opened(page, request.getfixturevalue("address"))
    page.get_by_test_id("pupil-search").fill("not joined")
    option = page.get_by_test_id("pupil-option")
    # Twelve pupils and three parents.
    expect(option).to_have_count(15)
    option.first.click()
    note = page.locator("#pupil-note")
    expect(note).to_contain_text("not joined yet, join code")
    code = note.inner_text().rpartition(" ")[2]
    page.get_by_test_id("phone-text").fill(code)
    page.get_by_test_id("phone-send").click()
    page.get_by_test_id("phone-button").filter(has_text="I’ve read this").click()
    expect(page.get_by_test_id("phone-log")).to_contain_text("You are all set")
    expect(note).not_to_contain_text("not joined")
    expect(note).to_contain_text("Year")
    page.get_by_test_id("pupil-search").fill("not joined")
    expect(option).to_have_count(14)
