"""`python -m benchmarks.signals_tried`: what was tried to catch more lasting shifts, and what each would have cost.

Weights are fitted on seeds 3001 to 3006 and judged on 3007 to 3009, neither of which the benchmark uses; the plain
average of the two state answers, which fits nothing, is shown on the benchmark's own seeds 1 to 20.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.signals_school import Year, simulate
from benchmarks.signals_score import FROM_WEEK, Figures, figures, score
from benchmarks.signals_tune import SEEDS, fit, lately_shifted
from signals import flag
from signals.evidence import LOW_TOP

Array = NDArray[np.float64]

JUDGED = range(3007, 3010)
BENCHMARK = range(1, 21)
SHOWN = ("correlation", "auc", "sensitivity", "caught", "false_onsets")
SHIFT_COUNTS = (0.3, 1.0, 3.0, 8.0)
FALLEN = (0.0, 0.5, 1.0, 2.0, 3.0)
RESTS = (0, 8, 12, 16, 26)
LAMBDA = 0.3
LOW = 0
# A state answer lies between 0 and 1; this brings its average to about the scale of the signal "low".
SCALE = 6.0


def main() -> None:
    """Print one table for each thing tried."""
    console = Console(width=120)
    plain = [simulate(seed) for seed in BENCHMARK]
    _print(
        console,
        "two state answers alone, smoothed",
        {
            f"rest of {rest} weeks": [figures(one, state_alone(one), floor=False, quiet=rest) for one in plain]
            for rest in (0, 12)
        },
    )
    fitted = [(year, score(year).signals) for year in map(simulate, SEEDS)]
    judged = [(year, score(year).signals) for year in map(simulate, JUDGED)]
    _print(
        console,
        "what a shifted pupil weighs in fitting",
        {str(counts): _judge(judged, *refit(fitted, counts)) for counts in SHIFT_COUNTS},
    )
    with_state = [[(year, _with_state(year, signals)) for year, signals in years] for years in (fitted, judged)]
    _print(
        console,
        "with the state answers smoothed beside",
        {str(counts): _judge(with_state[1], *refit(with_state[0], counts)) for counts in SHIFT_COUNTS},
    )
    _print(
        console,
        "points for being lower than up to eight weeks ago",
        {
            str(weight): [figures(year, flag.points(signals) + weight * fallen(signals)) for year, signals in judged]
            for weight in FALLEN
        },
    )
    _print(
        console,
        "weeks of rest after a flag",
        {str(rest): [figures(year, flag.points(signals), quiet=rest) for year, signals in judged] for rest in RESTS},
    )
    _print(
        console,
        "without a ceiling on how many are up at once",
        {"": [figures(year, flag.points(signals), ceiling=False) for year, signals in judged]},
    )


def state_alone(year: Year) -> Array:
    """How low the two state answers of a week are, smoothed (0.3), and nothing else: (weeks, pupils), 0 to 1."""
    risk, now = np.zeros(year.risk.shape), np.full(year.risk.shape[1], 0.5)
    last = np.where(year.young, 2.0, 4.0)[:, None]
    for week in range(len(risk)):
        options, items = year.options[week, :, :2], year.items[week, :, :2]
        place = np.where(options >= 0, options / last, 0.5)
        place = np.where(items % 2 == 0, place, 1 - place)
        now = np.where(year.answered[week], (1 - LAMBDA) * now + LAMBDA * (1 - place).mean(axis=1), now)
        risk[week] = now
    return risk


def fallen(signals: Array) -> Array:
    """How far a level lies below its own average of up to eight weeks ago: SD, 0 or more."""
    level, below = LOW_TOP - signals[..., LOW], np.zeros(signals.shape[:2])
    for week in range(9, len(level)):
        below[week] = np.maximum(level[: week - 8].mean(axis=0) - level[week], 0.0)
    return below


def refit(years: Sequence[tuple[Year, Array]], shift_counts: float) -> tuple[Array, float]:
    """Fit weights and start when a shifted pupil who is not at risk weighs `shift_counts`."""
    target, weight = [], []
    for year, _ in years:
        at_risk, lately = year.at_risk[FROM_WEEK:].ravel(), lately_shifted(year)[FROM_WEEK:].ravel()
        target.append(at_risk | lately)
        weight.append(np.where(lately & ~at_risk, shift_counts, 1.0))
    signals = [found[FROM_WEEK:].reshape(-1, found.shape[-1]) for _, found in years]
    found = fit(np.concatenate(signals), np.concatenate(target).astype(float), np.concatenate(weight))
    return found[1:], float(found[0])


def _with_state(year: Year, signals: Array) -> Array:
    return np.concatenate([signals, SCALE * state_alone(year)[..., None]], axis=2)


def _judge(years: Sequence[tuple[Year, Array]], weights: Array, starting: float) -> list[Figures]:
    return [figures(year, np.round(starting + signals @ weights, 6)) for year, signals in years]


def _print(console: Console, title: str, found: dict[str, list[Figures]]) -> None:
    table = Table("", *SHOWN, title=title, title_justify="left")
    for name, rows in found.items():
        table.add_row(name, *(f"{np.mean([getattr(row, field) for row in rows]):.3f}" for field in SHOWN))
    console.print(table)


if __name__ == "__main__":
    main()
