"""The rehearsal page in a real Chromium, over the whole rehearsal as `make run` starts it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.sample.listing import NEAR_NOTE
from tests.browser.conftest import misbehaved, picture, question, walk_to
from tests.end_to_end.rig import answer_to

pytestmark = pytest.mark.browser

# A laptop's or an older projector's screen, and what a browser leaves of it.
LOW = ((1024, 600), (1280, 620), (1280, 720))
WIDTHS = (320, 390, 600, 1009, 1024, 1201, 1265, 1280, 1440, 1920)


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
    # A second press at once would ask the whole school twice.
    expect(page.get_by_test_id("open-check-in")).to_be_disabled(timeout=1_000)
    for number in range(1, 6):
        key = low_answer(page, number)
        if number == 1:
            seen_with_all_answers(page, question(page, number))
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
    # It was true before this one.
    expect(page.locator("#pupil-note")).not_to_contain_text(NEAR_NOTE)

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


def seen_with_all_answers(page: Page, message: Locator) -> None:
    """Look at a question on low screens: it is there from its head, with every answer; then go back."""
    usual = page.viewport_size
    assert usual is not None
    for width, height in LOW:
        page.set_viewport_size({"width": width, "height": height})
        log, whole = edges(page.get_by_test_id("phone-log")), edges(message)
        keys = [edges(key) for key in message.get_by_test_id("phone-button").all()]
        answers = [key for key in keys if key["right"] - key["left"] > (whole["right"] - whole["left"]) * 0.9][:-3]
        assert answers
        assert log["top"] <= whole["top"]
        assert max(key["bottom"] for key in answers) <= log["bottom"]
    page.set_viewport_size(usual)


def edges(place: Locator) -> dict[str, float]:
    """Measure where something is on the page, in pixels: `top`, `right`, `bottom`, `left`, `height` and `width`."""
    found: dict[str, float] = place.evaluate("element => element.getBoundingClientRect().toJSON()")
    return found


def opened(page: Page, address: str) -> Page:
    page.goto(address)
    expect(page.locator("#connection")).to_have_text("Connected")
    expect(page.locator("#pupil-note")).to_contain_text("·")
    return page


def test_server_that_did_not_answer_is_no_longer_spoken_of_once_it_is_back(page: Page, request: pytest.FixtureRequest):
    page.add_init_script("""
        const Source = EventSource, ask = fetch;
        window.EventSource = class extends Source { constructor(path) { super(path); window.stream = this; } };
        window.fetch = (...given) => (window.away ? Promise.reject(new TypeError("away")) : ask(...given));
    """)
    opened(page, request.getfixturevalue("address"))
    page.evaluate("window.away = true; window.stream.dispatchEvent(new Event('error'))")
    page.locator("#next-school-day").click()
    expect(page.get_by_test_id("notice")).to_have_text("The rehearsal server does not answer. Is it still running?")
    expect(page.locator("#connection")).to_have_text("Reconnecting…")
    page.evaluate("window.away = false; window.stream.dispatchEvent(new Event('open'))")
    expect(page.locator("#connection")).to_have_text("Connected")
    expect(page.get_by_test_id("notice")).to_be_empty(timeout=5_000)


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
        phone, slack = edges(page.locator("#phone")), edges(page.locator("#slack"))
        assert phone["right"] <= slack["left"]
        assert phone["top"] == slack["top"]
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


def test_plain_words_to_earshot_are_not_sent_for_its_messages_are_only_read_in_slack(
    page: Page, request: pytest.FixtureRequest
):
    opened(page, request.getfixturevalue("address"))
    page.locator("#slack-tab-dm").click()
    page.get_by_test_id("slack-text").fill("hello, is anybody there?")
    page.get_by_test_id("slack-send").click()
    expect(page.get_by_text("In Slack nobody can write words here")).to_be_visible()
    expect(page.get_by_test_id("slack-text")).to_have_value("hello, is anybody there?")
    expect(page.get_by_test_id("slack-log")).not_to_contain_text("hello, is anybody there?")


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


def test_top_bar_has_room_at_each_width_and_says_that_the_networks_misbehave(
    page: Page, request: pytest.FixtureRequest
):
    address = request.getfixturevalue("address")
    opened(page, address)
    misbehaved.add(address)
    page.get_by_test_id("faults").select_option("all")
    try:
        expect(page.get_by_label("The networks misbehave", exact=True)).to_have_value("all")
        # Whoever has forgotten it, or comes to this page later, sees it as well.
        page.reload()
        expect(page.get_by_label("The networks misbehave", exact=True)).to_have_value("all")
        expect(page.locator("#connection")).to_have_text("Connected")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            line = page.get_by_test_id("clock").evaluate("element => parseFloat(getComputedStyle(element).lineHeight)")
            assert edges(page.get_by_test_id("clock"))["height"] < 1.5 * line, width
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
            # Both buttons in one line, but for the smallest phones.
            assert width == 320 or edges(page.locator(".top .actions"))["height"] < 2 * line, width
    finally:
        page.get_by_test_id("faults").select_option("off")
    expect(page.get_by_label("Make the networks misbehave")).to_have_value("off")


def test_start_is_offered_to_those_alone_who_have_not_started_yet(page: Page, request: pytest.FixtureRequest):
    opened(page, request.getfixturevalue("address"))
    options = page.get_by_test_id("pupil-option")
    # Parents, for pupils may have had a check-in by now.
    page.get_by_test_id("pupil-search").fill("parent of")
    options.filter(has_not_text="not joined").first.click()
    expect(page.get_by_text("No messages here yet.")).to_be_visible()
    expect(page.get_by_test_id("phone-start")).to_be_hidden()
    page.get_by_test_id("pupil-search").fill("parent of")
    options.filter(has_text="not joined").first.click()
    expect(page.get_by_test_id("phone-start")).to_be_visible()


def test_dialog_stays_within_the_workspace_and_gives_the_keyboard_back_to_what_opened_it(
    page: Page, request: pytest.FixtureRequest
):
    opened(page, request.getfixturevalue("address"))
    page.get_by_test_id("slack-tab-home").click()
    button = page.get_by_test_id("slack-home").get_by_role("button", name="Plan for the group")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_test_id("slack-modal")
    expect(dialog).to_be_visible()
    for width, height in ((390, 844), *LOW):
        page.set_viewport_size({"width": width, "height": height})
        frame, inside = edges(page.locator("#slack")), edges(dialog)
        assert frame["top"] <= inside["top"]
        assert inside["bottom"] <= frame["bottom"]
        assert edges(dialog.get_by_test_id("slack-select"))["right"] <= inside["right"], width
    # Meanwhile the Home tab behind it is shown anew, as when somebody answers.
    button.evaluate("element => element.replaceWith(element.cloneNode(true))")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()


def test_long_name_stays_in_its_place(page: Page, request: pytest.FixtureRequest):
    address = request.getfixturevalue("address")
    long = {
        "id": "U99999999",
        "email": "long@example.org",
        "name": "long",
        "real_name": f"Ada {'Hazelcombe' * 5} · staff",
    }
    page.request.put(f"{address}workspace/people", data=[long])
    opened(page, f"{address}#staff={long['id']}")
    page.set_viewport_size({"width": 1024, "height": 768})
    expect(page.locator("#staff-name")).to_have_text(long["real_name"])
    assert page.locator("#staff-name").evaluate("element => element.scrollWidth - element.clientWidth") <= 0
    assert edges(page.locator("#staff-name"))["right"] <= edges(page.locator(".sidebar"))["right"]


# The last one here: it takes the school into another half-term.
def test_code_in_a_note_works_however_far_the_clock_was_moved(page: Page, request: pytest.FixtureRequest):
    address = request.getfixturevalue("address")
    opened(page, address)
    page.get_by_test_id("pupil-search").fill("not joined")
    page.get_by_test_id("pupil-option").filter(has_text="Year").first.click()
    note = page.locator("#pupil-note")
    expect(note).to_contain_text("not joined yet, join code")
    before = note.inner_text().rpartition(" ")[2]
    # Six weeks and more, of school days alone.
    for _ in range(30):
        page.request.post(f"{address}control/clock/next-school-day")
    expect(note).not_to_contain_text(before)
    page.get_by_test_id("phone-text").fill(note.inner_text().rpartition(" ")[2])
    page.get_by_test_id("phone-send").click()
    expect(page.get_by_test_id("phone-log")).to_contain_text("Before you start")
