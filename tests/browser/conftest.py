"""What the browser tests share: a rehearsal as `make run` starts it, a page in a real Chromium, and the pictures.

With EARSHOT_SCREENSHOTS=1 the pictures in docs/img are taken anew.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Locator, Page, expect, sync_playwright

from benchmarks.stage import free_port
from tests.not_run import not_run

CHROMIUM = Path("/usr/bin/chromium")
ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "img"
TAKE_PICTURES = os.environ.get("EARSHOT_SCREENSHOTS") == "1"
# The wave goes out and the sample school is made while others use the machine's two cores.
PATIENCE_MS = 90_000
NO_CHROMIUM = (
    "there is no Chromium at /usr/bin/chromium. Install it (apt-get install chromium) and run make test again."
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# The addresses of the pages at which a test had the networks misbehave.
misbehaved: set[str] = set()


# Each file of tests has one of its own: what one does to a pupil is not to be met by the next.
@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's address, of a rehearsal that runs as a process of its own and is ended as Ctrl-C ends it."""
    folder = tmp_path_factory.mktemp("rehearsal")
    page_port, bot_port = free_port(), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EARSHOT_")}
    environment |= {
        "EARSHOT_DATA_DIR": str(folder / "data"),
        "EARSHOT_REHEARSAL_PORT": str(page_port),
        "EARSHOT_HTTP_PORT": str(bot_port),
        "PYTHONPATH": str(ROOT),
    }
    errors = folder / "errors"
    with errors.open("w") as place:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=place
        )
    assert process.stdout is not None
    with process.stdout:
        try:
            said = list(takewhile(lambda line: b"Ctrl-C stops everything" not in line, process.stdout))
            opened = f"Earshot is running. Open http://127.0.0.1:{page_port} in a browser."
            assert opened in [line.decode().strip() for line in said], errors.read_text()
            yield f"http://127.0.0.1:{page_port}/"
        finally:
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            try:
                process.wait(timeout=30)
            finally:
                process.kill()
    took = time.monotonic() - began
    # By chance a call of the bot's own falls into the time at which a test had the networks misbehave: that is logged.
    logged = "" if f"http://127.0.0.1:{page_port}/" in misbehaved else errors.read_text()
    assert (process.returncode, logged) == (0, "")
    # Half a second; this much more would mean that something is waited for to the end.
    assert took < 10.0


@pytest.fixture
def page() -> Iterator[Page]:
    """A page of 1280 by 800 in a fresh profile; what the browser complains of fails the test."""
    if not CHROMIUM.exists():
        not_run("the browser test", NO_CHROMIUM)
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
        context.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(error.message))
        try:
            yield page
        finally:
            context.close()
            browser.close()
    assert complaints == []


def question(page: Page, number: int) -> Locator:
    """Wait for a question of the check-in, counted from 1; gives its message."""
    message = page.get_by_test_id("phone-log").locator("li").filter(has_text=f"{number} of 6")
    expect(message).to_be_visible()
    return message


def walk_to(page: Page, place: Locator) -> None:
    """Press Tab until something has the focus; fails if that takes more than a screenful of stops."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if place.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError("cannot be reached by keyboard")


def picture(page: Page, name: str) -> None:
    if TAKE_PICTURES:
        PICTURES.mkdir(parents=True, exist_ok=True)
        page.get_by_test_id("phone-log").evaluate("element => { element.scrollTop = element.scrollHeight }")
        page.screenshot(path=PICTURES / name, animations="disabled")
