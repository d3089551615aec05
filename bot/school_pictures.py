"""Draws the head's pictures: reads plans as JSON from standard input, writes the PNGs (in base64) as JSON.

It is run as a process of its own, which ends when it has drawn: matplotlib takes more memory than all of the rest of
Earshot. It imports nothing of ours. Colours are of Okabe and Ito's palette, which people with any colour vision can
tell apart; nothing is told by colour alone.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from collections.abc import Sequence
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Plan = dict[str, Any]

BLUE, GREY, INK, PALE = "#0072B2", "#8C8C8C", "#1A1A1A", "#E6E6E6"
DPI = 110
# Inches; a school of one year group still has room for the title and the words below.
NARROWEST = 8.5
# Of the words below the charts.
LETTERS_AN_INCH = 13
# The first picture is small, with large words: Slack shows it a few hundred pixels wide until it is opened.
GLANCE = (6.2, 4.6)
GLANCE_LETTERS_AN_INCH = 9
# Longer than any drawing takes, also on a busy machine.
SECONDS = 240.0
KEPT = ("HOME", "LANG", "PATH", "XDG_CACHE_HOME", "MPLCONFIGDIR", "TMPDIR")


class NotDrawn(Exception):
    """The pictures could not be drawn; what went wrong was in the other process."""


async def draw(plans: list[Plan]) -> list[bytes]:
    """Draw plans in a process of its own, one after the other; gives a PNG for each. Raises NotDrawn."""
    # No key and no token goes with it, and -P keeps our modules from being taken for the library's.
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        str(Path(__file__)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in KEPT if name in os.environ},
    )
    try:
        async with asyncio.timeout(SECONDS):
            out, _ = await process.communicate(json.dumps(plans).encode())
    except TimeoutError:
        raise NotDrawn from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise NotDrawn
    return [base64.b64decode(picture) for picture in json.loads(out)]


def main() -> None:
    """Draw what standard input asks for."""
    # Replies come first.
    os.nice(10)
    plans = json.load(sys.stdin)
    json.dump([base64.b64encode(png(plan)).decode("ascii") for plan in plans], sys.stdout)


def png(plan: Plan) -> bytes:
    """Draw one plan as a PNG."""
    file = BytesIO()
    figure_of(plan).savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def figure_of(plan: Plan) -> Figure:
    """Draw one plan as a figure of matplotlib's."""
    # Here, so that whoever imports this module to call `draw` does not load it.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.use("agg")
    figure = Figure(dpi=DPI, facecolor="white")
    {"glance": _glance, "trends": _trends, "answering": _answering, "nudges": _nudges}[plan["kind"]](figure, plan)
    return figure


def _glance(figure: Figure, plan: Plan) -> None:
    """A line for each series of the whole school, with where it stands now: to be read before it is opened."""
    figure.set_size_inches(*GLANCE)
    figure.subplots_adjust(left=0.38, right=0.86, top=0.86, bottom=0.19, hspace=0.35)
    charts = figure.subplots(len(plan["rows"]), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    reach = _reach([plan["school"]])
    for chart, name, points, now in zip(charts, plan["rows"], plan["school"], plan["now"], strict=True):
        _band(chart, plan["days"], points)
        _line(chart, plan["days"], [point and point[0] for point in points], BLUE, 2.5)
        chart.axhline(0.5, color=PALE, linewidth=1, zorder=0)
        chart.set(ylim=(0.5 - reach, 0.5 + reach), xticks=[], yticks=[])
        chart.spines[:].set_visible(False)
        words = chart.set_ylabel(_folded(name), fontsize=14, color=INK, labelpad=8)
        words.set(rotation=0, ha="right", va="center")
        number = "–" if now is None else str(now)
        chart.text(1.04, 0.5, number, transform=chart.transAxes, fontsize=20, color=INK, weight="bold", va="center")
    width, height = GLANCE
    figure.suptitle(plan["words"]["title"], fontsize=16, color=INK, weight="bold", y=1 - 0.12 / height, va="top")
    words = in_lines([plan["words"][word] for word in ("scale", "gap")], int(GLANCE_LETTERS_AN_INCH * width))
    figure.supxlabel(words, fontsize=12, color="#404040", y=0.1 / height, va="bottom")


def _trends(figure: Figure, plan: Plan) -> None:
    """A grid of small charts: a row for each series, a column for each year group."""
    rows, columns = len(plan["rows"]), max(len(plan["columns"]), 1)
    _room(figure, 1.9 + 1.7 * columns, 1.3 + 1.4 * rows, left=1.8)
    charts = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    reach = _reach(plan["years"])
    for row, (name, series) in enumerate(zip(plan["rows"], plan["years"], strict=True)):
        for column, points in enumerate(series):
            chart = charts[row][column]
            _frame(chart, plan)
            _line(chart, plan["days"], [point and point[0] for point in plan["school"][row]], GREY, 1.2)
            _band(chart, plan["days"], points)
            _line(chart, plan["days"], [point and point[0] for point in points], BLUE, 2.0)
            chart.set_ylim(0.5 - reach, 0.5 + reach)
            heights = [0.5 - reach, 0.5, 0.5 + reach]
            chart.set_yticks(heights, labels=[str(round(100 * height)) for height in heights])
            chart.axhline(0.5, color=PALE, linewidth=0.8, zorder=0)
            if row == 0:
                chart.set_title(plan["columns"][column], fontsize=11, color=INK)
        words = charts[row][0].set_ylabel(_folded(name), fontsize=10, color=INK, labelpad=8)
        words.set(rotation=0, ha="right", va="center")
    _title(figure, plan, ("scale", "year", "school", "gap"))


def _answering(figure: Figure, plan: Plan) -> None:
    """A row of small charts, one for each year group."""
    columns = max(len(plan["columns"]), 1)
    _room(figure, 0.9 + 1.7 * columns, 3.0, left=0.7)
    charts = figure.subplots(1, columns, sharex=True, sharey=True, squeeze=False)[0]
    for chart, name, shares in zip(charts, plan["columns"], plan["years"], strict=False):
        _frame(chart, plan)
        _line(chart, plan["days"], plan["school"], GREY, 1.2)
        _line(chart, plan["days"], shares, BLUE, 2.0)
        chart.set_ylim(0, 1)
        chart.set_yticks([0, 0.5, 1], labels=["0 %", "50 %", "100 %"])
        chart.set_title(name, fontsize=11, color=INK)
    _title(figure, plan, ("year", "school", "gap"))


def _nudges(figure: Figure, plan: Plan) -> None:
    """A table of counts; a bar in each cell shows its size, and what is kept back says so."""
    rows, columns = len(plan["rows"]), len(plan["columns"])
    _room(figure, 1.6 + 1.5 * columns, 1.5 + 0.45 * rows, left=1.5)
    chart = figure.subplots()
    most = max((count for row in plan["counts"][:-1] for count in row[:-1] if count), default=1)
    for row, counts in enumerate(plan["counts"]):
        for column, count in enumerate(counts):
            whole = row == rows - 1 or column == columns - 1
            words = plan["words"]["kept_back"] if count is None else str(count)
            if count and not whole:
                chart.barh(row, 0.55 * count / most, left=column, height=0.7, color=BLUE, alpha=0.35)
            colour, weight = ("#595959", "normal") if count is None else (INK, "bold" if whole else "normal")
            style = "italic" if count is None else "normal"
            chart.text(column + 0.03, row, words, va="center", fontsize=11, color=colour, weight=weight, style=style)
    chart.set_xlim(-0.05, columns)
    chart.set_ylim(rows - 0.5, -0.5)
    chart.set_yticks(range(rows), labels=plan["rows"], fontsize=11, color=INK)
    chart.set_xticks([column + 0.03 for column in range(columns)], labels=plan["columns"], fontsize=11, ha="left")
    chart.xaxis.tick_top()
    chart.tick_params(length=0)
    for side in chart.spines.values():
        side.set_visible(False)
    chart.axhline(rows - 1.5, color=GREY, linewidth=1)
    _title(figure, plan, ("small",))


def _room(figure: Figure, width: float, height: float, *, left: float) -> None:
    """Set the size and the margins, in inches: an automatic layout of so many charts would take most of the time."""
    width = max(width, NARROWEST)
    figure.set_size_inches(width, height)
    margins = {"left": left / width, "right": 1 - 0.1 / width, "top": 1 - 0.8 / height, "bottom": 0.6 / height}
    figure.subplots_adjust(**margins, wspace=0.12, hspace=0.2)


def _frame(chart: Axes, plan: Plan) -> None:
    for side in ("top", "right"):
        chart.spines[side].set_visible(False)
    for side in ("bottom", "left"):
        chart.spines[side].set_color(GREY)
    days = [day for day, _ in plan["months"]]
    chart.set_xticks(days, labels=[name for _, name in plan["months"]])
    labels = chart.get_xticklabels()
    if len(labels) > 1:
        # Within its own chart: the next one begins close by, often with the same month.
        labels[-1].set_horizontalalignment("right")
    if plan["days"]:
        chart.set_xlim(plan["days"][0] - 5, plan["days"][-1] + 5)
    chart.tick_params(labelsize=8, colors="#404040", length=3)


def _line(chart: Axes, days: list[int], values: list[float | None], colour: str, width: float) -> None:
    """A line that breaks where a value is not there; one between two breaks is a dot."""
    heights = [float("nan") if value is None else value for value in values]
    chart.plot(days, heights, color=colour, linewidth=width, solid_capstyle="round")
    alone = _alone(values)
    chart.plot([days[one] for one in alone], [heights[one] for one in alone], "o", color=colour, markersize=2 * width)


def _alone(values: Sequence[object]) -> list[int]:
    """The places of values that stand between two gaps."""
    return [
        place
        for place, value in enumerate(values)
        if value is not None and all(_at(values, place + step) is None for step in (-1, 1))
    ]


def _at(values: Sequence[object], place: int) -> object:
    return values[place] if 0 <= place < len(values) else None


def _band(chart: Axes, days: list[int], points: list[list[float] | None]) -> None:
    gap = float("nan")
    lower, upper = ([gap if point is None else point[end] for point in points] for end in (1, 2))
    chart.fill_between(days, lower, upper, color=BLUE, alpha=0.2, linewidth=0)
    # A band between two gaps would have no width.
    for one in _alone(points):
        chart.vlines(days[one], lower[one], upper[one], color=BLUE, alpha=0.35, linewidth=4)


def _reach(lines: list[list[list[list[float] | None]]]) -> float:
    """How far from the middle the charts reach, in twentieths: the same for all, so that they can be compared."""
    points = [point for series in lines for line in series for point in line if point]
    farthest = max((max(0.5 - lower, upper - 0.5) for _, lower, upper in points), default=0.0)
    return min(0.5, max(0.15, ceil(20 * farthest) / 20))


def _folded(name: str) -> str:
    """Break a name near its middle, where there is a space."""
    spaces = [place for place, letter in enumerate(name) if letter == " "]
    if len(name) <= 14 or not spaces:
        return name
    middle = min(spaces, key=lambda place: abs(place - len(name) / 2))
    return f"{name[:middle]}\n{name[middle + 1 :]}"


def _title(figure: Figure, plan: Plan, legend: tuple[str, ...]) -> None:
    width, height = figure.get_size_inches()
    figure.suptitle(plan["words"]["title"], fontsize=14, color=INK, weight="bold", y=1 - 0.12 / height, va="top")
    words = in_lines([plan["words"][word] for word in legend], int(LETTERS_AN_INCH * width))
    figure.supxlabel(words, fontsize=9, color="#404040", y=0.06 / height, va="bottom")


def in_lines(parts: Sequence[str], letters: int) -> str:
    """Put parts one after the other, in as many lines as they need."""
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]} · {part}" if lines else part
        if lines and len(longer) > letters:
            lines.append(part)
        else:
            lines[-1:] = [longer]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
