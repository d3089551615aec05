"""`python -m benchmarks.signals_ceiling`: how many lasting shifts could be caught at all, under the flag's own rule.

The first ways know more than any check-in can tell; the last read two, five or ten answers a week as well as can be.
All are put through the same rule as the signals: ten per cent, three new a tutor a week, rest after a flag.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.signals_school import WEEKS, Year, simulate
from benchmarks.signals_score import WITHIN, Figures, figures, score
from signals import flag
from signals.items import usual_item
from signals.responses import information

Array = NDArray[np.float64]

# Of what was seen lately, how much stays from week to week.
KEEPS = (0.5, 0.7, 0.85)
TAPS = (10, 5, 2)
TELLS = float(information(usual_item(5, 1), np.zeros(1))[0])
SHOWN = ("correlation", "sensitivity", "caught", "newly_caught", "false_onsets")


def main() -> None:
    """Print each way's figures, with 95 % intervals of the mean over schools."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signals_ceiling", description="Measure the ceilings.")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--pupils", type=int, default=1000)
    parser.add_argument("--signals", action="store_true", help="the signals themselves beside (slow)")
    options = parser.parse_args()
    console = Console(width=120)
    found: dict[str, list[Figures]] = {}
    for seed in track(range(1, options.seeds + 1), "ceilings", console=console, transient=True):
        year = simulate(seed, options.pupils)
        for name, points in ways(year, seed):
            found.setdefault(name, []).append(figures(year, points, floor=False))
        if options.signals:
            found.setdefault("signals", []).append(figures(year, flag.points(score(year).signals)))
    table = Table("what is known", *SHOWN, title=f"{options.seeds} seeds; mean and 95 % interval of the mean")
    for name, rows in found.items():
        table.add_row(name, *(_cell(np.array([getattr(row, field) for row in rows])) for field in SHOWN))
    console.print(table)


def ways(year: Year, seed: int) -> Iterator[tuple[str, Array]]:
    """Give the points of each way of knowing, from the most to the least: each (weeks, pupils)."""
    chance = np.random.default_rng([seed, 78])
    week = np.arange(WEEKS)[:, None]
    since = np.where(year.shift_week >= 0, week - year.shift_week, -1)
    yield "who has shifted, and when", ((since >= 0) & (since <= WITHIN)) + 1e-3 * year.risk
    yield "risk itself", year.risk
    yield "risk, and each pupil's own usual", 0.5 * year.risk + _above_usual(year.risk)
    low = -year.shown[..., 8]
    yield "what pupils show, without a single wrong tap", low
    # What a week tells at best: the day is in every answer of it, and some weeks tell nothing.
    day = np.where(year.answered, low + chance.normal(0, year.world.day, low.shape), np.nan)
    for keep in KEEPS:
        yield f"the same on the days they answer, {keep} kept each week", _smooth(day, keep)
    yield "the same against their own usual", _against_usual(day)
    for taps in TAPS:
        # What an ordinary item leaves open at the middle, taken as an error of its own in each answer.
        scatter = chance.normal(0, np.sqrt(1 / (taps * TELLS)), day.shape)
        yield f"against their own usual, by {taps} answers a week", _against_usual(day + scatter)


def _against_usual(seen: Array) -> Array:
    smooth = _smooth(seen, 0.7)
    return np.asarray(0.5 * smooth + _above_usual(smooth))


def _smooth(seen: Array, keep: float) -> Array:
    smooth, now = np.zeros(seen.shape), np.zeros(seen.shape[1])
    for week, row in enumerate(seen):
        now = np.where(np.isnan(row), now, keep * now + (1 - keep) * np.nan_to_num(row))
        smooth[week] = now
    return smooth


def _above_usual(seen: Array) -> Array:
    """How far above each pupil's average up to eight weeks ago; nought before there is one."""
    above = np.zeros(seen.shape)
    for week in range(9, len(seen)):
        above[week] = seen[week] - seen[: week - 8].mean(axis=0)
    return above


def _cell(values: Array) -> str:
    margin = 1.96 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else float("nan")
    return f"{values.mean():.3f} ±{margin:.3f}"


if __name__ == "__main__":
    main()
