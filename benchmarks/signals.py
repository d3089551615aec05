"""`python -m benchmarks.signals` (make bench-signals): the signals on simulated years of 1,000 pupils, and their table.

Both arms: the check-in masked as much as a direct survey, and half as much. Every signal is switched off in turn. Seeds
are 1 to 20; weights were fitted on others (`benchmarks.signals_tune`). What is supposed of pupils is in
`benchmarks.signals_school`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import astuple, fields

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.signals_school import Year, simulate
from benchmarks.signals_score import Figures, direct, figures, pilot, score
from signals import flag
from signals.evidence import SIGNALS

Array = NDArray[np.float64]

SEEDS = 20
MODEL_SEEDS = 5
ARMS = {"masked as much as a direct survey": 1.0, "masked half as much": 0.5}
HEADS = {
    "correlation": "correlation with risk",
    "auc": "AUC",
    "sensitivity": "sensitivity at 10 %",
    "ceiling": "its ceiling",
    "caught": "lasting shifts caught in 10 weeks",
    "newly_caught": "of these newly flagged",
    "false_onsets": "false onsets a pupil-year",
    "group_gap": "sensitivity gap of groups",
    "flagged": "share flagged",
    "precision": "at risk among flagged",
}
REACH: dict[str, Callable[[float], bool]] = {
    "correlation": lambda found: found >= 0.75,
    "auc": lambda found: found >= 0.88,
    "sensitivity": lambda found: found >= 0.50,
    "caught": lambda found: found >= 0.65,
    "false_onsets": lambda found: found <= 0.40,
    "group_gap": lambda found: found <= 0.10,
}


def main() -> None:
    """Run both arms and the ablations, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signals", description="Measure the signals.")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many simulated schools (default 20)")
    parser.add_argument("--pupils", type=int, default=1000, help="pupils of each (default 1,000)")
    options = parser.parse_args()
    console = Console(width=120)
    seeds = range(1, options.seeds + 1)
    for arm, masking in ARMS.items():
        found, covered = measure(track(seeds, arm, console=console, transient=True), options.pupils, masking)
        console.print(_table(arm, found))
        console.print(
            f"90 % intervals cover: {covered[0]:.3f} of the true levels, {covered[1]:.3f} of what is shown of them "
            "(to be 0.87 to 0.93 of the true ones)\n"
        )
    console.print(_table("model parts off", model_parts(range(1, min(MODEL_SEEDS, options.seeds) + 1), options.pupils)))


def measure(seeds: Iterable[int], pupils: int, masking: float) -> tuple[dict[str, list[Figures]], tuple[float, float]]:
    """Score every seed in every way; also the shares of true and of shown levels that 90 % intervals cover."""
    found: dict[str, list[Figures]] = {}
    covered = []
    for seed in seeds:
        year = simulate(seed, pupils, check_in_masks=masking)
        scored = score(year)
        covered.append((scored.covered[10:].mean(), scored.covered_shown[10:].mean()))
        for name, one in _ways(year, scored.signals).items():
            found.setdefault(name, []).append(one)
    true, shown = np.mean(covered, axis=0)
    return found, (float(true), float(shown))


def _ways(year: Year, signals: Array) -> dict[str, Figures]:
    ways = {
        "direct survey twice a year": figures(year, direct(year), floor=False, quiet=0),
        "check-in, pilot, untuned": figures(year, pilot(year), floor=False, quiet=0),
        "signals": figures(year, flag.points(signals)),
        "no rest after a flag": figures(year, flag.points(signals), quiet=0),
    }
    for number, name in enumerate(SIGNALS):
        without = signals.copy()
        # Its average for everybody, so that only what it tells apart is lost.
        without[..., number] = signals[..., number].mean()
        ways[f"without {name}"] = figures(year, flag.points(without))
    return ways


def model_parts(seeds: Iterable[int], pupils: int) -> dict[str, list[Figures]]:
    """What modelling each pupil's leaning, and weighing down careless answers, are worth."""
    found: dict[str, list[Figures]] = {"signals": [], "leaning not modelled": [], "quality not weighed": []}
    for seed in seeds:
        year = simulate(seed, pupils)
        found["signals"].append(figures(year, flag.points(score(year).signals)))
        found["leaning not modelled"].append(figures(year, flag.points(score(year, leaning=False).signals)))
        found["quality not weighed"].append(figures(year, flag.points(score(year, quality=False).signals)))
    return found


def _table(title: str, found: dict[str, list[Figures]]) -> Table:
    count = len(next(iter(found.values())))
    table = Table(title=f"{title} ({count} seeds; mean and 95 % interval of the mean)", title_justify="left")
    table.add_column("")
    for name in found:
        table.add_column(name, justify="right")
    for number, field in enumerate(fields(Figures)):
        cells = []
        for rows in found.values():
            values = np.array([astuple(row)[number] for row in rows])
            margin = 1.96 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else float("nan")
            cells.append(f"{values.mean():.3f} ±{margin:.3f}")
        met = REACH.get(field.name)
        if met and "signals" in found:
            mean = float(np.mean([getattr(row, field.name) for row in found["signals"]]))
            cells[list(found).index("signals")] += " met" if met(mean) else " MISSED"
        table.add_row(HEADS[field.name], *cells)
    return table


if __name__ == "__main__":
    main()
