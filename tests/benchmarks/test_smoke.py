"""The benchmarks still run: what is quick is run at its tiniest, what needs whole processes is left to `make bench`."""

import random
from dataclasses import replace
from pathlib import Path

from benchmarks import import_people, key_change, school, views
from benchmarks.__main__ import BENCHMARKS
from benchmarks.reply_latency import RATE, TAPS, Pupil, pupils_of, schedule
from benchmarks.report import at_most, share


def test_every_benchmark_is_listed_by_the_name_of_its_module():
    names = {name: measure.__module__ for name, measure in BENCHMARKS.items()}

    assert names == {name: f"benchmarks.{name}" for name in BENCHMARKS}


def test_everybody_has_a_check_in_to_answer(tmp_path: Path):
    engine, sealer, _people = school.make(tmp_path, school.sample_size(150))
    opened = school.open_check_ins(engine, sealer)
    engine.dispose()

    assert len(opened) == 150
    assert min(len(one.taps()) for one in opened) >= TAPS


def test_the_schedule_of_taps_gives_each_pupil_six_in_order_at_the_rate_of_the_whole_school():
    pupils = [Pupil(user, near=False, tutor="U1") for user in range(138)]

    taps = list(schedule(pupils, random.Random(1)))  # noqa: S311 (moments of taps, no secret)

    moments = [moment for _, moment in taps]
    assert {pupil.user: [one.user for one, _ in taps].count(pupil.user) for pupil in pupils} == dict.fromkeys(
        range(138), TAPS
    )
    assert moments == sorted(moments)
    assert 0 <= moments[0] < moments[-1] <= len(pupils) * TAPS / RATE


def test_only_pupils_who_have_joined_tap_each_with_the_tutor_who_would_hear(tmp_path: Path):
    engine, _sealer, people = school.make(tmp_path, replace(school.sample_size(50, near=2), unjoined=2))
    engine.dispose()

    pupils = pupils_of(people.phone_people(), people.workspace_people())

    assert people.parents
    assert [pupil.user for pupil in pupils] == [one.id for one in people.pupils if one.started]
    assert (len(pupils), sum(pupil.near for pupil in pupils)) == (48, 2)
    assert {pupil.tutor for pupil in pupils} <= {one.id for one in people.staff if "tutor of" in one.title}


def test_a_figure_meets_its_target_up_to_and_with_it():
    rows = [at_most("stop", value, 2.0, "s") for value in (1.9, 2.0, 2.1)]

    assert [(row.measured, row.target, row.met) for row in rows] == [
        ("1.9 s", "≤ 2 s", True),
        ("2.0 s", "≤ 2 s", True),
        ("2.1 s", "≤ 2 s", False),
    ]


def test_a_share_of_values_is_one_of_them():
    assert [share(range(100), part) for part in (0.0, 0.5, 0.99, 1.0)] == [0, 50, 99, 99]


async def test_views_of_a_tiny_school_read_no_large_table_from_end_to_end():
    report = await views.measure("tiny")

    assert report.rows[-1].measured == "none"


async def test_a_change_of_keys_reaches_every_row():
    report = await key_change.measure("tiny")

    assert (report.rows[0].measured, report.rows[0].met) == ("2,000", True)


async def test_an_import_of_a_tiny_trust_has_no_bad_row():
    report = await import_people.measure("tiny")

    assert report.rows[-1].measured == "0"
