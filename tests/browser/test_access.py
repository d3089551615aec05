"""The rehearsal page for everyone: looked over by axe-core, worked by keyboard, read from right to left.

axe-core comes from npm (`make axe`); the version and its hash are in package-lock.json.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.copies.gathering import Kept, Look
from bot.copies.page import as_page
from conversations.model import say, verbatim
from tests.browser.conftest import PICTURES, TAKE_PICTURES, question, walk_to
from tests.not_run import not_run

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
NO_AXE = f"there is no axe-core at {AXE.name}. Install npm and run make test again."
GRAVE = ("serious", "critical")

pytestmark = pytest.mark.browser


@pytest.fixture
def rehearsal(page: Page, request: pytest.FixtureRequest) -> Page:
    """The page, connected, with axe-core in it."""
    if not AXE.exists():
        not_run("the access test", NO_AXE)
    # A message that is still fading in has less contrast than when it has come.
    page.emulate_media(reduced_motion="reduce")
    # Asked for only now: without a browser there is nothing to start it for.
    page.goto(request.getfixturevalue("address"))
    expect(page.locator("#connection")).to_have_text("Connected")
    expect(page.locator("#pupil-note")).to_contain_text("·")
    # As from the console: the page itself takes no script but its own.
    page.evaluate(AXE.read_text("utf-8"))
    return page


def barriers(page: Page) -> list[str]:
    """Name each serious or critical finding of axe-core, with the first place where it is."""
    found = page.evaluate("async () => (await axe.run(document, { resultTypes: ['violations'] })).violations")
    places = [(one["id"], node) for one in found if one["impact"] in GRAVE for node in one["nodes"]]
    return [
        f"{name}: {node['html']} {node['any'][0]['message'] if node['any'] else ''}".strip() for name, node in places
    ]


def key(page: Page, label: str) -> Locator:
    """The newest button with these words."""
    return page.get_by_test_id("phone-button").filter(has_text=label).last


def send(page: Page, words: str) -> None:
    page.get_by_test_id("phone-text").fill(words)
    page.get_by_test_id("phone-send").click()


def test_axe_finds_no_barrier_on_the_phone_and_in_slack(rehearsal: Page):
    assert barriers(rehearsal) == []
    send(rehearsal, "/menu")
    expect(key(rehearsal, "My check-ins")).to_be_visible()
    assert barriers(rehearsal) == []
    rehearsal.get_by_test_id("slack-tab-home").click()
    expect(rehearsal.get_by_test_id("slack-home")).to_be_visible()
    assert barriers(rehearsal) == []
    rehearsal.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert barriers(rehearsal) == []


def test_a_barrier_would_be_found(rehearsal: Page):
    rehearsal.evaluate("document.body.append(document.createElement('button'))")
    assert [barrier.split()[0] for barrier in barriers(rehearsal)] == ["button-name:"]


@pytest.mark.parametrize("language", ["en", "ur"])
def test_axe_finds_no_barrier_in_a_pupils_copy(page: Page, tmp_path: Path, language: str):
    if not AXE.exists():
        not_run("the access test", NO_AXE)
    now = datetime(2026, 11, 24, 10, tzinfo=UTC)
    check_in = {"opened_at": now, "state": "answered", "answers_sealed": [(verbatim("How?"), verbatim("So"))]}
    rows = {"pupil": ({"name_sealed": "Wren Ashdown", "held": False},), "check_in": (check_in,)}
    kept = Kept("Wren Ashdown", "Fernhill", "Europe/London", language, now, rows, (Look(now, say("You"), "read name"),))
    (tmp_path / "copy.html").write_text(as_page(kept), "utf-8")
    page.goto((tmp_path / "copy.html").as_uri())
    page.evaluate(AXE.read_text("utf-8"))
    assert barriers(page) == []


def test_own_check_ins_come_as_a_picture_that_is_named_and_said_in_words(rehearsal: Page):
    send(rehearsal, "/mine")
    log = rehearsal.get_by_test_id("phone-log")
    expect(log.get_by_role("img", name="My check-ins")).to_be_visible()
    expect(log).to_contain_text("There is no right or wrong in them.")
    assert barriers(rehearsal) == []


def test_a_whole_check_in_is_answered_by_keyboard_alone_in_three_languages(rehearsal: Page):
    """English, Welsh and Arabic of the same question; then answers, each reached by Tab and pressed with Enter."""
    rehearsal.get_by_test_id("open-check-in").focus()
    rehearsal.keyboard.press("Enter")
    first = question(rehearsal, 1)
    keep_picture(first, "check-in-en.png")
    for language, name, file in (("cy", "Cymraeg", "check-in-cy.png"), ("ar", "العربية", "check-in-ar.png")):
        send(rehearsal, "/language")
        press(rehearsal, key(rehearsal, name))
        expect(rehearsal.get_by_test_id("phone-log")).to_contain_text(name)
        first = rehearsal.get_by_test_id("phone-log").locator("li").filter(has_text=FIRST[language])
        expect(first).to_be_visible()
        direction = first.locator(".bubble").evaluate("element => getComputedStyle(element).direction")
        assert direction == ("rtl" if language == "ar" else "ltr")
        keep_picture(first, file)
    assert barriers(rehearsal) == []
    for number in range(1, 6):
        progress = f"\u2068{number}\u2069 من \u20686\u2069"
        asked = rehearsal.get_by_test_id("phone-log").locator("li").filter(has_text=progress)
        expect(asked).to_be_visible()
        press(rehearsal, asked.get_by_test_id("phone-button").first)
    press(rehearsal, key(rehearsal, "لا شيء أضيفه"))
    expect(rehearsal.get_by_test_id("phone-log")).to_contain_text("هذا كل شيء")


@pytest.mark.parametrize("words", ["hello", "مرحبا"])
def test_the_time_keeps_its_distance_from_the_words_in_both_directions(rehearsal: Page, words: str):
    send(rehearsal, words)
    bubble = rehearsal.get_by_test_id("phone-log").locator(".mine .bubble").filter(has_text=words).last
    expect(bubble).to_be_visible()
    # Both at once, for the log may scroll between two looks.
    said, time = bubble.evaluate(
        "bubble => ['.words', '.meta'].map(part => bubble.querySelector(part).getBoundingClientRect().toJSON())"
    )
    assert said["top"] < time["bottom"]
    assert time["top"] < said["bottom"]
    assert max(time["left"] - said["right"], said["left"] - time["right"]) >= 10


FIRST = {"cy": "1 o 6", "ar": "\u20681\u2069 من \u20686\u2069"}


def press(page: Page, place: Locator) -> None:
    """Reach something by Tab from the chat, and press it."""
    expect(place).to_be_visible()
    page.get_by_test_id("phone-log").focus()
    walk_to(page, place)
    page.keyboard.press("Enter")


def keep_picture(message: Locator, name: str) -> None:
    if TAKE_PICTURES:
        message.scroll_into_view_if_needed()
        message.page.locator("#phone").screenshot(path=PICTURES / name, animations="disabled")
