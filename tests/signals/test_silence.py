"""Silence: only what could be answered and was not, against the pupil's own way."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from signals.silence import MOST, heard, new_rhythm, of_late, silence

# Each check-in of a pupil: (it could be answered, it was).
weeks = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=40)


def lived(check_ins: list[tuple[bool, bool]]) -> float:
    rhythm = new_rhythm(1)
    for asked, answered in check_ins:
        rhythm = heard(rhythm, np.array([asked]), np.array([answered]))
    return float(silence(rhythm)[0])


@given(weeks, st.integers(1, 6))
def test_what_could_not_be_answered_changes_nothing(check_ins: list[tuple[bool, bool]], more: int):
    assert lived([*check_ins, *[(False, False)] * more]) == lived(check_ins)


@given(weeks)
def test_it_lies_between_nothing_and_all(check_ins: list[tuple[bool, bool]]):
    assert 0.0 <= lived(check_ins) <= MOST


def test_who_used_to_answer_and_stopped_is_silent_and_who_never_did_is_not():
    used_to = lived([(True, True)] * 20 + [(True, False)] * 4)
    never_did = lived([(True, False)] * 24)
    assert used_to > 0.5
    assert never_did < 0.2
    assert lived([(True, True)] * 24) == 0.0


@given(weeks)
def test_one_more_missed_is_never_less_silent(check_ins: list[tuple[bool, bool]]):
    assert lived([*check_ins, (True, False)]) >= lived([*check_ins, (True, True)])


def test_of_the_last_eight_that_could_be_answered_it_knows_how_many_were():
    rhythm = new_rhythm(1)
    for asked, answered in [(True, True)] * 3 + [(False, False)] * 2 + [(True, False)]:
        rhythm = heard(rhythm, np.array([asked]), np.array([answered]))
    answered_of_late, out_of = of_late(rhythm)
    assert (answered_of_late[0], out_of[0]) == (3, 4)
    for _ in range(9):
        rhythm = heard(rhythm, np.array([True]), np.array([False]))
    answered_of_late, out_of = of_late(rhythm)
    assert (answered_of_late[0], out_of[0]) == (0, 8)
