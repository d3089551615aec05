"""The process is killed at commits and sends of a 200-event script: nothing is lost, nothing is counted twice.

By default a few dozen points are taken, others in every run (EARSHOT_CRASH_SEED repeats one); EARSHOT_CRASH=all takes
every point of every event, which is about two thousand lives and takes an hour or more.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from pathlib import Path

import pytest

from tests.crash.points import KINDS
from tests.crash.rig import Zygote
from tests.crash.runs import Run, every_point, play, sampled, table, tally
from tests.crash.school import School
from tests.crash.script import LENGTH, make_script

EVERY = {"sqlite": 8, "postgresql": 25}
# In CI the same points each time, so that what fails there can be looked at here.
SEED = int(os.environ.get("EARSHOT_CRASH_SEED") or (1 if os.environ.get("CI") == "true" else secrets.randbelow(10_000)))
ALL = os.environ.get("EARSHOT_CRASH") == "all"


@pytest.fixture(scope="session")
def reference(zygote: Zygote, crash_school: School, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The run without kills, which must be right in itself."""
    run = asyncio.run(play(zygote, crash_school, tmp_path_factory.mktemp("reference") / "data", {}))
    assert run.faults == []
    assert run.kills == []
    assert run.unwritten == 0
    return run


def test_script_has_two_hundred_events(crash_school: School):
    assert len(make_script(crash_school)) == LENGTH


def test_killed_at_commits_and_sends_nothing_is_lost_or_counted_twice(
    zygote: Zygote,
    crash_school: School,
    reference: Run,
    crash_database_url: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
):
    name = request.node.callspec.params["crash_database_url"]
    plans = every_point(reference.points) if ALL else [sampled(reference.points, EVERY[name], SEED)]
    runs = []
    for number, plan in enumerate(plans):
        runs.append(asyncio.run(play(zygote, crash_school, tmp_path / f"run{number}", plan, crash_database_url)))
        with capfd.disabled():
            print(f"\n{table(f'crash tests on {name}, seed {SEED}', reference, runs)}", file=sys.stderr)
        _check(runs[-1], reference)
    aimed = {KINDS[aim.kind] for plan in plans for aim in plan.values() if aim.kind is not None}
    assert {kill.kind for run in runs for kill in run.kills} >= (set(KINDS) if ALL else aimed)


def _check(run: Run, reference: Run) -> None:
    assert run.faults == []
    for part, expected in reference.picture.items():
        assert run.picture[part] == expected, part
    found = tally(run, reference)
    assert not found.lost
    assert found.repeated_on("slack") == 0
    assert [kill for kill in run.kills if kill.repeats > 1] == []
    assert run.unwritten == 0
    assert found.repeated_on("telegram", from_outbox=True) == sum(kill.repeats for kill in run.kills)
    assert found.repeated.total() <= len(run.kills)
