"""The offset as it is kept: it comes back, and its steps tell nothing."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from bot.whisper.cursor import hidden, shown

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
offsets = st.integers(0, 2**40 - 1)


@given(offsets)
def test_offset_comes_back_and_fits_the_column(offset: int):
    assert shown(hidden(offset, KEY), KEY) == offset
    assert 2**62 <= hidden(offset, KEY) < 2**63


@given(offsets)
def test_offset_kept_plainly_by_an_earlier_version_is_read(offset: int):
    assert shown(offset, KEY) == offset


def test_key_that_was_lost_begins_from_what_is_not_acknowledged():
    assert [shown(hidden(offset, KEY), OTHER) for offset in range(5000, 5100)] == [0] * 100


def test_steps_of_one_do_not_look_like_steps_of_one():
    kept = [hidden(offset, KEY) for offset in range(5000, 5200)]
    assert len(set(kept)) == 200
    rising = sum(later > sooner for sooner, later in itertools.pairwise(kept))
    assert 60 < rising < 140
