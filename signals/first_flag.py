"""The first flag: one plain rule on a pupil's own baseline, until measurement proper takes its place."""

from collections.abc import Sequence
from dataclasses import dataclass

RULE = "own-low-1"
WINDOW = 4
NEEDED = 3
BASELINE_MIN = 6


@dataclass(frozen=True)
class LowRun:
    """Why a pupil was flagged: `low` of the last `window` state answers lay at or below `threshold` of their own range.

    `baseline` is how many earlier answers the range was taken from. All answers are levels from 0 (low end) to 1.
    """

    low: int
    window: int
    threshold: float
    baseline: int


def low_run(levels: Sequence[float]) -> LowRun | None:
    """Tell whether three of the last four state answers are at the low end of the pupil's own range.

    `levels` are one pupil's state answers, oldest first, each from 0 (the low end of its item) to 1 (the high end);
    values outside 0 to 1, NaN among them, are left out. The range is that of the answers before the last four, and its
    low end is the lowest quarter of it. Returns None with fewer than BASELINE_MIN earlier answers (nothing is known of
    the pupil's range yet), when the range is a single point, and when the newest answer is not low (the run is over).

    A pupil who always answers low is not flagged: the rule looks for a change, not for a level. Choosing three of four
    keeps one good day from hiding a run, and one bad day from making one.
    """
    known = [level for level in levels if 0.0 <= level <= 1.0]
    recent, earlier = known[-WINDOW:], known[:-WINDOW]
    if len(earlier) < BASELINE_MIN or max(earlier) == min(earlier):
        return None
    threshold = min(earlier) + (max(earlier) - min(earlier)) / 4
    low = sum(level <= threshold for level in recent)
    if low < NEEDED or recent[-1] > threshold:
        return None
    return LowRun(low, len(recent), threshold, len(earlier))
