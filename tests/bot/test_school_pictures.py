"""The head's pictures: drawn in a process of its own, whatever is missing in them, and without our secrets in it."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import BytesIO

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from bot.school_pictures import DPI, NotDrawn, draw, figure_of, in_lines
from bot.slack.blocks import Reader
from bot.slack.school_plan import ALT_LENGTH, message, pictures
from scheduling.school_view import SchoolView, WaveTotals
from signals.totals import Mean

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
READER = Reader("en", "Europe/London", NOW)
# Pixels: how wide Slack shows a picture among others until it is opened, and the size of letters one can still read.
THUMBNAIL, SMALLEST_LETTER = 360, 9.0
GAP = WaveTotals((None,) * 5, None)


def wave(place: float) -> WaveTotals:
    return WaveTotals((Mean(place, place - 0.05, place + 0.05),) * 5, 0.8)


def view(weeks: int = 3) -> SchoolView:
    seven = [GAP if number == 1 else wave(0.6) for number in range(weeks)]
    return SchoolView(
        (7, 8),
        tuple(NOW - timedelta(weeks=weeks - number) for number in range(weeks)),
        {7: tuple(seven), 8: (GAP,) * weeks},
        (wave(0.5),) * weeks,
        ((None, None, 9, 0, 15), (None, None, 6, 5, 13), (6, 5, 15, 5, 28)),
    )


async def test_no_week_one_week_and_many_become_pictures_large_enough_to_read():
    # All in one go: most of the time is that of the process.
    plans = [one.plan for weeks in (0, 1, 3, 60) for one in pictures(view(weeks), READER)]
    drawn = [Image.open(BytesIO(png)) for png in await draw(plans)]
    assert [(one.format, one.width > 500, one.height > 200) for one in drawn] == [("PNG", True, True)] * 16


@pytest.mark.parametrize(
    ("letters", "lines"),
    [
        (40, "one · two three · four"),
        (15, "one · two three\nfour"),
        (10, "one\ntwo three\nfour"),
        (1, "one\ntwo three\nfour"),
    ],
)
def test_words_below_a_narrow_picture_take_as_many_lines_as_they_need(letters: int, lines: str):
    assert in_lines(["one", "two three", "four"], letters) == lines


async def test_a_narrow_picture_cuts_nothing_off():
    plans = [one.plan for one in pictures(view(), READER)]
    for png in await draw(plans):
        picture = np.asarray(Image.open(BytesIO(png)).convert("L"))
        edges = (picture[:, :3], picture[:, -3:], picture[:3], picture[-3:])
        assert [int(edge.min()) for edge in edges] == [255] * 4


def test_the_first_picture_can_be_read_as_the_thumbnail_that_slack_shows():
    glance = pictures(view(), READER)[0].plan
    figure = figure_of(glance)
    shrunk = THUMBNAIL / (figure.get_figwidth() * DPI)
    words = {
        text.get_text().replace("\n", " "): text.get_fontsize() * DPI / 72 * shrunk
        for text in figure.findobj(Text)
        if text.get_text()
    }
    assert {*glance["rows"], "50", glance["words"]["title"]} <= words.keys()
    assert min(words.values()) >= SMALLEST_LETTER


async def test_a_plan_that_is_none_raises_one_error_and_nothing_else():
    with pytest.raises(NotDrawn):
        await draw([{"kind": "no such"}])


def test_matplotlib_stays_out_of_the_bot():
    asked = "import sys, bot.slack.school; print(any(name.startswith('matplotlib') for name in sys.modules))"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)  # noqa: S603
    assert told.stdout == "False\n"


def test_each_picture_is_told_in_words():
    glance, trends, answering, nudges = pictures(view(), READER)
    assert glance.told.endswith("Seeking change 50.")
    assert "How things are: Year 7 60." in trends.told
    assert answering.told.endswith("in per cent: Year 7 80, Whole school 80.")
    assert "Year 7: kept back waiting, kept back taken on, 9 done, 0 not needed, 15 all." in nudges.told
    assert max(len(one.told) for one in pictures(view(), READER)) <= ALT_LENGTH


def test_a_series_of_small_groups_says_so():
    empty = SchoolView((7,), (NOW,), {7: (GAP,)}, (GAP,), ((0,) * 5, (0,) * 5))
    glance, trends, _, _ = pictures(empty, READER)
    assert glance.plan["now"] == [None] * 5
    assert glance.told.endswith("to 100: fewer than ten pupils.")
    assert "How things are: fewer than ten pupils." in trends.told
    words = message(empty, READER).splitlines()
    assert words[1:3] == ["Fewer than ten pupils were reached in the last four check-ins.", "There were 0 nudges."]


def test_words_beside_say_how_many_answered_and_that_it_is_no_finding():
    words = message(view(), READER)
    assert "80 per cent finished the last four check-ins" in words
    assert "There were 28 nudges." in words
    assert "not a finding" in words
    assert "No figure here is a national one." in words
