"""`python -m benchmarks.signals_data FOLDER`: change, quality and the response models tried on three public sets.

The sets are not the project's and are not shipped; docs/measurement.md says what they are and what was found.
Intervals are from 200 bootstrap samples of people, those of the graded questions from 20.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from signals.calibration import Calibration, calibrate
from signals.change import follow, new_track
from signals.items import usual_item
from signals.quality import one_place

Array = NDArray[np.float64]
Whole = NDArray[np.intp]

SAMPLES = 200
# Each is a fit of its own, so there are few: their spread gives the interval, not their ends.
GRADED_SAMPLES = 20
BLOCK = 5
LEAST_MOMENTS = 15


def main() -> None:
    """Print what was found in each set."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.signals_data", description="Try public data sets.")
    parser.add_argument("folder", type=Path, help="where the three CSV files lie")
    folder = parser.parse_args().folder
    console = Console(width=120)
    for name, lines in (
        ("posmood_adolescent_ema.csv", mood),
        ("careless_sim2.csv", careless),
        ("nlsy_cya_depressive.csv", graded),
    ):
        console.print(f"[bold]{name}[/bold]")
        for line in lines(folder / name):
            console.print(f"  {line}", markup=False)


def mood(file: Path) -> list[str]:
    """How much of momentary mood is the person's usual, how fast the rest goes, and how often change would alarm."""
    people: dict[str, list[float]] = {}
    for row in _rows(file):
        if row["posmood"] not in ("", "NA"):
            people.setdefault(row["id"], []).append(float(row["posmood"]))
    series = [np.array(values) for values in people.values() if len(values) >= LEAST_MOMENTS]
    pooled = np.concatenate(series)
    scaled = [(values - pooled.mean()) / pooled.std() for values in series]
    return [
        f"{len(series)} people with {LEAST_MOMENTS} moments or more, {len(pooled)} moments",
        _with_interval("share of variance between people", scaled, _between),
        _with_interval("correlation of neighbouring moments within people", scaled, lambda some: _lag(some, 1)),
        _with_interval("the same five moments apart", scaled, lambda some: _lag(some, 5)),
        _with_interval("falls that alarm for each 36 moments of a person", scaled, _alarms),
        _with_interval("the same with each person's moments shuffled", scaled, _alarms_shuffled),
    ]


def careless(file: Path) -> list[str]:
    """How many blocks of five answers lie on one place, by person."""
    answers = np.array([[int(value) for value in row.values()] for row in _rows(file)], dtype=np.intp)
    blocks = answers[:, : answers.shape[1] // BLOCK * BLOCK].reshape(len(answers), -1, BLOCK)
    straight = np.stack([one_place(blocks[:, number]) for number in range(blocks.shape[1])], axis=1).mean(axis=1)
    people = list(straight[:, None])
    return [
        f"{answers.shape[0]} people, {answers.shape[1]} answers each; the set does not say who was careless",
        _with_interval("blocks of five on one place", people, lambda some: float(np.mean(some))),
        _with_interval("people with a tenth or more of such blocks", people, lambda some: _share(some, 0.1)),
        _with_interval("people with half or more of such blocks", people, lambda some: _share(some, 0.5)),
    ]


def graded(file: Path) -> list[str]:
    """Items fitted to eight graded questions, and how sure the levels are."""
    columns = [f"dep_{number}" for number in range(1, 9)]
    rows = [[row[name] for name in columns] for row in _rows(file)]
    raw = np.array([[float(v) if v not in ("", "NA") else np.nan for v in row] for row in rows])
    raw = raw[np.isfinite(raw).sum(axis=1) >= 4]
    codes = np.unique(raw[np.isfinite(raw)])
    answers = np.where(np.isfinite(raw), np.searchsorted(codes, np.nan_to_num(raw, nan=codes[0])), -1).astype(np.intp)
    # Questions that run the other way correlate negatively with the sum of the rest.
    filled = np.where(answers >= 0, answers, answers[answers >= 0].mean())
    away = [np.corrcoef(filled[:, n], filled.sum(axis=1) - filled[:, n])[0, 1] < 0 for n in range(8)]
    start = [usual_item(len(codes), -1 if turned else 1) for turned in away]
    found = calibrate(answers, start)
    chance = np.random.default_rng(3)
    again = []
    for _ in range(GRADED_SAMPLES):
        drawn = calibrate(answers[chance.integers(0, len(answers), len(answers))], found.items)
        again.append([*(item.slope for item in drawn.items), _reliability(drawn)])
    half = 1.96 * np.std(np.array(again), axis=0, ddof=1)
    slopes = [item.slope for item in found.items]
    reliability = _reliability(found)
    each = (f"{one:.2f} ± {its:.2f}" for one, its in zip(slopes, half, strict=False))
    return [
        f"{len(answers)} young people with four answers or more, {len(codes)} options, {sum(away)} questions turned",
        f"slopes {', '.join(each)}",
        f"reliability of the levels {reliability:.2f} ± {half[-1]:.2f}, "
        f"average standard error {float(found.errors.mean()):.2f} SD",
    ]


def _reliability(found: Calibration) -> float:
    variance = float(found.levels.var())
    return variance / (variance + float(np.mean(found.errors**2)))


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def _with_interval(what: str, people: list[Array], measure: Callable[[list[Array]], float]) -> str:
    chance = np.random.default_rng(1)
    drawn = [measure([people[one] for one in chance.integers(0, len(people), len(people))]) for _ in range(SAMPLES)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{what}: {measure(people):.2f} ({low:.2f} to {high:.2f})"


def _between(people: list[Array]) -> float:
    within = float(sum(((one - one.mean()) ** 2).sum() for one in people) / sum(len(one) - 1 for one in people))
    means = np.array([one.mean() for one in people])
    between = float(means.var(ddof=1) - within * np.mean([1 / len(one) for one in people]))
    return between / (between + within)


def _lag(people: list[Array], steps: int) -> float:
    pairs = [((one - one.mean())[:-steps], (one - one.mean())[steps:]) for one in people]
    first, second = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
    return float(np.corrcoef(first, second)[0, 1])


def _alarms(people: list[Array]) -> float:
    """Alarms that begin, for each 36 moments."""
    longest, begun = max(map(len, people)), 0
    track, before = new_track(len(people), 5), np.zeros(len(people), dtype=bool)
    for moment in range(longest):
        there = np.array([len(one) > moment for one in people])
        level = np.array([one[moment] if len(one) > moment else 0.0 for one in people])
        track = follow(track, np.tile(level[:, None], 5), np.tile(there[:, None] * 4.0, 5))
        now = track.alarmed[:, 4] & (track.falling[:, 4] > track.rising[:, 4])
        begun += int((now & ~before).sum())
        before = now
    return begun * 36 / sum(map(len, people))


def _alarms_shuffled(people: list[Array]) -> float:
    chance = np.random.default_rng(2)
    return _alarms([chance.permutation(one) for one in people])


def _share(people: list[Array], least: float) -> float:
    return float(np.mean(np.concatenate(people) >= least))


if __name__ == "__main__":
    main()
