"""The picture of a pupil's check-ins: its size, its contrast, and its words, in every language."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import combinations

import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageColor

from bot import picture, text
from bot.picture import ANSWER, MARGIN, PANEL, PAPER, QUESTION, WIDTH, drawn, lay_out, width_of
from bot.pseudo import PSEUDO
from bot.telegram.sender import rendered
from conversations.bank import BANDS, LATEST, VERSIONS, load
from conversations.flows.mine import LAST, Kept, Sheet, in_words, sheets
from conversations.model import Band, Phrase

ZONE = "Europe/London"
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
# WCAG 2.2, success criterion 1.4.6.
AAA = 7.0
# A phone shows the picture about 360 points wide: a third of its pixels. Letters of 10 points can just be read.
SMALLEST_LETTERS = 30
TELEGRAM_SUM, TELEGRAM_RATIO, TELEGRAM_TEXT = 10_000, 20, 4_096

each_language = pytest.mark.parametrize("language", text.languages())
each_band = pytest.mark.parametrize("band", BANDS)


def longest(band: Band) -> tuple[Sheet, ...]:
    """As many check-ins as are shown, each of the five wordiest questions that are left."""
    items = sorted(load(LATEST).items.values(), key=lambda item: -len(item.stem[band]))
    kept = [
        Kept(NOW - timedelta(weeks=week), LATEST, band, tuple((item.id, 0) for item in items[5 * week : 5 * week + 5]))
        for week in range(LAST[band])
    ]
    return sheets(kept, band)


def luminance(colour: str) -> float:
    parts = [value / 255 for value in ImageColor.getrgb(colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@each_band
@each_language
def test_the_picture_is_one_that_telegram_takes_and_a_phone_can_show(language: str, band: Band):
    image = Image.open(BytesIO(drawn(longest(band), language, ZONE, band)))
    assert (image.format, image.width) == ("PNG", WIDTH)
    assert image.width + image.height <= TELEGRAM_SUM
    assert image.height <= TELEGRAM_RATIO * image.width
    assert image.height == lay_out(longest(band), language, ZONE, band).height


def test_letters_stand_out_from_what_they_stand_on():
    low = {(front, back) for front in (QUESTION, ANSWER) for back in (PAPER, PANEL) if contrast(front, back) < AAA}
    assert low == set()


def test_low_contrast_would_be_found():
    assert contrast("#999999", PAPER) < AAA


@each_band
@each_language
def test_every_day_question_and_answer_is_written_out(language: str, band: Band):
    plan = lay_out(longest(band), language, ZONE, band)
    written = " ".join(line.words for line in plan.lines)
    for sheet in longest(band):
        assert text.day(sheet.at, language, ZONE) in written
        for question, answer in sheet.lines:
            assert " ".join(text.render(question, language, ZONE).split()) in written
            assert " ".join(text.render(answer, language, ZONE).split()) in written


@each_band
@each_language
def test_no_line_leaves_the_picture_or_stands_on_another_and_letters_are_large_enough(language: str, band: Band):
    plan = lay_out(longest(band), language, ZONE, band)
    assert max(width_of(line.words, line.size, line.bold, language) for line in plan.lines) <= WIDTH - 2 * MARGIN
    assert min(line.size for line in plan.lines) >= SMALLEST_LETTERS
    assert all(above.top + above.size < below.top for above, below in zip(plan.lines, plan.lines[1:], strict=False))
    assert all(bottom < top for (_, bottom), (top, _) in zip(plan.panels, plan.panels[1:], strict=False))


def test_every_line_leaves_ink_where_it_stands():
    plan = lay_out(longest("older"), "ar", ZONE, "older")
    image = Image.open(BytesIO(drawn(longest("older"), "ar", ZONE, "older"))).convert("L")
    rows = [image.crop((0, line.top, WIDTH, line.top + line.size)) for line in plan.lines]
    assert [line.words for line, row in zip(plan.lines, rows, strict=True) if row.getextrema()[0] > 120] == []


def test_right_to_left_words_stand_on_the_right():
    def ink(language: str) -> tuple[int, int]:
        image = Image.open(BytesIO(drawn(longest("older")[:1], language, ZONE, "older"))).convert("L")
        first = image.crop((0, MARGIN, WIDTH, MARGIN + 40)).point(lambda value: 255 if value < 128 else 0)
        box = first.getbbox()
        assert box is not None
        return box[0], WIDTH - box[2]

    left, right = ink("en")
    assert left < right
    left, right = ink("ur")
    assert right < left


def test_letters_are_larger_for_the_youngest():
    young, older = (min(line.size for line in lay_out(longest(band), "en", ZONE, band).lines) for band in BANDS)
    assert young > older


@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.parametrize("language", text.languages())
def test_the_font_has_every_letter_and_mark_of_every_language(language: str, bold: bool):
    phrases = [
        Phrase(words)
        for version in VERSIONS
        for item in load(version).items.values()
        for band in BANDS
        for words in (item.stem[band], *(option.text for option in item.options[band]))
    ]
    days = "".join(text.day(NOW + timedelta(days=30 * month + month), language, ZONE) for month in range(12))
    words = "".join(text.render(phrase, language, ZONE) for phrase in phrases) + days
    font = TTFont(picture.font_of(40, bold, leftwards=text.runs_right_to_left(language)).path)
    # Marks of direction and spaces are not drawn.
    drawn_letters = {letter for letter in words if letter.isprintable() and not letter.isspace()}
    assert sorted(letter for letter in drawn_letters if ord(letter) not in font.getBestCmap()) == []
    assert len(drawn_letters) > 40


def test_two_kinds_of_letters_differ_in_more_than_their_colour():
    plan = lay_out(longest("older"), "en", ZONE, "older")
    looks: dict[str, set[tuple[int, bool]]] = defaultdict(set)
    for line in plan.lines[1:]:
        looks[line.colour].add((line.size, line.bold))
    assert len(looks) == 2
    assert all(not (first & second) for first, second in combinations(looks.values(), 2))


@each_band
@pytest.mark.parametrize("language", [*text.languages(), PSEUDO])
def test_the_same_in_words_fits_one_message(language: str, band: Band):
    words, _ = rendered(in_words(longest(band)), language, ZONE, NOW)
    assert len(words) <= TELEGRAM_TEXT
