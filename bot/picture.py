"""The picture of a pupil's own check-ins: days, questions and answers in words, drawn on this machine.

Nothing in it stands for a number: no bars, no heights, and one colour for every answer. Letters are dark on light, in
sizes that can be read on a phone; right-to-left words stand on the right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from bot import text
from bot.fonts import FONTS
from conversations.flows.mine import Sheet, heading
from conversations.model import Band

WIDTH = 1080
MARGIN = 56
PAPER, PANEL, QUESTION, ANSWER = "#FFFFFF", "#EEF2F7", "#3A4654", "#0B2545"
"""The colours: each kind of letters stands 7 to 1 or better against paper and panel, as WCAG's AAA asks."""

# DejaVu holds Latin and Cyrillic letters; Debian has it as fonts-dejavu-core. It lacks letters of Urdu, so what is
# written from right to left is drawn in Amiri, which comes with us: smaller letters, that reach further up and down.
_FONTS = {False: "DejaVuSans.ttf", True: "DejaVuSans-Bold.ttf"}
_LEFTWARDS = {False: "Amiri-Regular.ttf", True: "Amiri-Bold.ttf"}
_SIZES: dict[Band, int] = {"young": 40, "older": 32}
_LINE = 1.45
_LARGER, _LEFTWARDS_LINE = 1.2, 1.7


@dataclass(frozen=True)
class Line:
    """One line of letters: its words, where its box begins (pixels), the size and the colour of the letters."""

    words: str
    top: int
    size: int
    colour: str
    bold: bool


@dataclass(frozen=True)
class Layout:
    """Where everything stands: lines of letters, and the (top, bottom) of each panel; `height` of the picture."""

    lines: tuple[Line, ...]
    panels: tuple[tuple[int, int], ...]
    height: int


class NoFont(Exception):
    """No font to draw with is installed on this machine."""


def drawn(sheets: Sequence[Sheet], language: str, zone: str, band: Band) -> bytes:
    """Draw check-ins as a PNG, WIDTH pixels wide.

    Raises NoFont if the machine has no DejaVu; then the words have to do.
    """
    plan = lay_out(sheets, language, zone, band)
    picture = Image.new("RGB", (WIDTH, plan.height), PAPER)
    pen = ImageDraw.Draw(picture)
    for top, bottom in plan.panels:
        pen.rounded_rectangle((MARGIN // 2, top, WIDTH - MARGIN // 2, bottom), radius=28, fill=PANEL)
    leftwards = text.runs_right_to_left(language)
    for line in plan.lines:
        pen.text(
            (WIDTH - MARGIN if leftwards else MARGIN, line.top),
            line.words,
            fill=line.colour,
            font=font_of(line.size, line.bold, leftwards=leftwards),
            anchor="ra" if leftwards else "la",
            direction="rtl" if leftwards else "ltr",
            language=language,
        )
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def lay_out(sheets: Sequence[Sheet], language: str, zone: str, band: Band) -> Layout:
    """Say where each word stands; a line that is too wide is broken between words."""
    leftwards = text.runs_right_to_left(language)
    size = round(_SIZES[band] * (_LARGER if leftwards else 1))
    lines: list[Line] = []
    panels: list[tuple[int, int]] = []
    top = MARGIN

    def add(words: str, size: int, colour: str, bold: bool) -> None:
        nonlocal top
        for part in _broken(words, size, bold, language):
            lines.append(Line(part, top, size, colour, bold))
            top += round(size * (_LEFTWARDS_LINE if leftwards else _LINE))

    add(text.render(heading(tuple(sheets)), language, zone), round(size * 1.3), ANSWER, True)
    for sheet in sheets:
        top += size
        began = top - size // 2
        add(text.day(sheet.at, language, zone), round(size * 1.2), QUESTION, True)
        for question, answer in sheet.lines:
            top += size // 3
            add(text.render(question, language, zone), size, QUESTION, False)
            add(text.render(answer, language, zone), round(size * 1.1), ANSWER, True)
        top += size // 2
        panels.append((began, top))
    return Layout(tuple(lines), tuple(panels), top + MARGIN)


@cache
def font_of(size: int, bold: bool, *, leftwards: bool) -> ImageFont.FreeTypeFont:
    """Open the font in a size (pixels). Raises NoFont if it is not installed."""
    try:
        return ImageFont.truetype(FONTS / _LEFTWARDS[bold] if leftwards else _FONTS[bold], size)
    except OSError:
        raise NoFont from None


def width_of(words: str, size: int, bold: bool, language: str) -> float:
    """Measure a line in pixels."""
    leftwards = text.runs_right_to_left(language)
    font = font_of(size, bold, leftwards=leftwards)
    return font.getlength(words, direction="rtl" if leftwards else "ltr", language=language)


def _broken(words: str, size: int, bold: bool, language: str) -> list[str]:
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size, bold, language) <= WIDTH - 2 * MARGIN:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
