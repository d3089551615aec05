"""One-to-ones: who meets whom, against every possible assignment where there are few, and by hand."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.one_to_ones import OneToOnes, assign, line_of


def who(number: int) -> UUID:
    return UUID(int=number)


HEAD, DEPUTY, OTHER_DEPUTY, LEAD, TEACHER, COLLEAGUE = (who(number) for number in range(1, 7))


@dataclass(frozen=True)
class School:
    staff: tuple[UUID, ...]
    leaders: tuple[UUID, ...]
    managers: Mapping[UUID, UUID | None]
    last_year: Mapping[UUID, tuple[UUID, ...]]
    capacity: Mapping[UUID, int] | None

    def assigned(self) -> OneToOnes:
        return assign(self.staff, self.leaders, self.managers, self.last_year, self.capacity)

    def may_meet(self, person: UUID, leader: UUID) -> bool:
        below = line_of(leader, self.managers)
        return person != leader and leader not in line_of(person, self.managers) and person not in below

    def room(self, leader: UUID) -> int:
        return len(self.staff) if self.capacity is None else self.capacity.get(leader, len(self.staff))


@st.composite
def schools(draw: st.DrawFn, most_staff: int = 4, most_leaders: int = 3) -> School:
    everybody = [who(number) for number in range(1, most_staff + most_leaders + 1)]
    staff = draw(st.lists(st.sampled_from(everybody), unique=True, max_size=most_staff))
    leaders = draw(st.lists(st.sampled_from(everybody), unique=True, max_size=most_leaders))
    # Any manager of anybody, so that circles and chains through leaders come up too.
    managers = draw(st.dictionaries(st.sampled_from(everybody), st.none() | st.sampled_from(everybody)))
    last_year = draw(
        st.dictionaries(st.sampled_from(everybody), st.lists(st.sampled_from(everybody), max_size=2).map(tuple))
    )
    capacity = draw(st.none() | st.dictionaries(st.sampled_from(everybody), st.integers(0, 3)))
    return School(tuple(staff), tuple(leaders), managers, last_year, capacity)


def every_assignment(school: School) -> Iterator[dict[UUID, UUID]]:
    for choice in product((None, *school.leaders), repeat=len(school.staff)):
        pairs = {person: leader for person, leader in zip(school.staff, choice, strict=True) if leader is not None}
        loads = Counter(pairs.values())
        if all(school.may_meet(*pair) for pair in pairs.items()) and all(
            loads[leader] <= school.room(leader) for leader in school.leaders
        ):
            yield pairs


def badness(school: School, pairs: Mapping[UUID, UUID]) -> tuple[int, int, int]:
    """What is kept low, in order: people left out, unevenness (squares of the loads), pairs of last year."""
    squares = sum(load**2 for load in Counter(pairs.values()).values())
    again = sum(leader in school.last_year.get(person, ()) for person, leader in pairs.items())
    return len(school.staff) - len(pairs), squares, again


@given(schools())
def test_no_assignment_whatsoever_is_better(school: School):
    best = min(badness(school, pairs) for pairs in every_assignment(school))
    assert badness(school, school.assigned().pairs) == best


@given(schools(most_staff=30, most_leaders=6))
def test_each_member_of_staff_is_in_the_result_once_and_within_the_rules(school: School):
    result = school.assigned()
    assert sorted([*result.pairs, *result.unpaired]) == sorted(school.staff)
    assert all(school.may_meet(*pair) for pair in result.pairs.items())
    loads = Counter(result.pairs.values())
    assert all(loads[leader] <= school.room(leader) for leader in school.leaders)
    assert set(loads) <= set(school.leaders)
    assert result.again == {
        person for person, leader in result.pairs.items() if leader in school.last_year.get(person, ())
    }


@given(schools(most_staff=30, most_leaders=6), st.randoms(use_true_random=False))
def test_the_order_in_which_ids_are_given_does_not_matter(school: School, chance: random.Random):
    shuffled = School(
        tuple(chance.sample(school.staff, len(school.staff))),
        tuple(chance.sample(school.leaders, len(school.leaders))),
        school.managers,
        school.last_year,
        school.capacity,
    )
    assert shuffled.assigned() == school.assigned()


@given(schools(most_staff=30, most_leaders=6))
def test_reasons_say_why_somebody_has_no_pair(school: School):
    result = school.assigned()
    for person, reason in result.unpaired.items():
        others = [leader for leader in school.leaders if leader != person]
        open_to = [leader for leader in others if school.may_meet(person, leader)]
        assert reason == ("full" if open_to else "line" if others else "no_leader")
        loads = Counter(result.pairs.values())
        assert all(loads[leader] == school.room(leader) for leader in open_to)


@given(st.integers(0, 120), st.integers(1, 9))
def test_without_lines_loads_differ_by_one_at_most(staff: int, leaders: int):
    people = [who(number) for number in range(staff)]
    heads = [who(1_000 + number) for number in range(leaders)]
    loads = Counter(assign(people, heads, {}, {}).pairs.values())
    assert sorted(loads[leader] for leader in heads) == sorted(
        staff // leaders + (number < staff % leaders) for number in range(leaders)
    )


@given(st.integers(2, 60))
def test_with_two_free_leaders_and_an_even_last_year_nobody_meets_the_same_again(half: int):
    people = [who(number) for number in range(2 * half)]
    heads = [who(1_000), who(1_001)]
    first = assign(people, heads, {}, {})
    second = assign(people, heads, {}, {person: [leader] for person, leader in first.pairs.items()})
    assert second.again == frozenset()
    assert all(second.pairs[person] != first.pairs[person] for person in people)


def test_a_member_of_staff_meets_neither_a_manager_nor_anybody_above_nor_anybody_they_manage():
    managers = {TEACHER: LEAD, LEAD: DEPUTY, DEPUTY: HEAD, OTHER_DEPUTY: HEAD}
    result = assign([TEACHER, LEAD, HEAD], [HEAD, DEPUTY, OTHER_DEPUTY, LEAD], managers, {})
    assert result.pairs == {TEACHER: OTHER_DEPUTY, LEAD: OTHER_DEPUTY}
    assert result.unpaired == {HEAD: "line"}


def test_a_leader_meets_another_leader_and_not_themselves():
    result = assign([DEPUTY, OTHER_DEPUTY], [DEPUTY, OTHER_DEPUTY], {DEPUTY: HEAD, OTHER_DEPUTY: HEAD}, {})
    assert result.pairs == {DEPUTY: OTHER_DEPUTY, OTHER_DEPUTY: DEPUTY}


def test_last_years_pair_comes_again_rather_than_an_uneven_load_or_none():
    both_met_the_same = {TEACHER: [DEPUTY], COLLEAGUE: [DEPUTY]}
    result = assign([TEACHER, COLLEAGUE], [DEPUTY, OTHER_DEPUTY], {}, both_met_the_same)
    assert Counter(result.pairs.values()) == {DEPUTY: 1, OTHER_DEPUTY: 1}
    assert len(result.again) == 1
    alone = assign([TEACHER], [DEPUTY], {}, {TEACHER: [DEPUTY]})
    assert (alone.pairs, alone.again) == ({TEACHER: DEPUTY}, {TEACHER})


def test_an_even_load_outweighs_several_pairs_of_last_year():
    first, second, third = who(11), who(12), who(13)
    # By their lines TEACHER may meet the first two, COLLEAGUE the last two, LEAD the third alone.
    managers = {TEACHER: third, COLLEAGUE: first, LEAD: first, second: LEAD}
    result = assign(
        [TEACHER, COLLEAGUE, LEAD], [first, second, third], managers, {TEACHER: [first], COLLEAGUE: [second]}
    )
    assert result.pairs == {TEACHER: first, COLLEAGUE: second, LEAD: third}
    assert result.again == {TEACHER, COLLEAGUE}


def test_each_reason_for_having_no_pair():
    assert assign([TEACHER], [], {}, {}).unpaired == {TEACHER: "no_leader"}
    assert assign([HEAD], [HEAD], {}, {}).unpaired == {HEAD: "no_leader"}
    assert assign([TEACHER], [DEPUTY], {TEACHER: DEPUTY}, {}).unpaired == {TEACHER: "line"}
    assert assign([TEACHER], [DEPUTY], {}, {}, {DEPUTY: 0}).unpaired == {TEACHER: "full"}
    two = assign([TEACHER, COLLEAGUE], [DEPUTY], {}, {}, {DEPUTY: 1})
    assert (len(two.pairs), list(two.unpaired.values())) == (1, ["full"])


def test_ids_given_twice_count_once():
    result = assign([TEACHER, TEACHER, COLLEAGUE], [DEPUTY, DEPUTY], {}, {}, {DEPUTY: 2})
    assert result.pairs == {TEACHER: DEPUTY, COLLEAGUE: DEPUTY}


def test_managers_in_a_circle_end_the_line_where_it_meets_itself():
    circle = {TEACHER: LEAD, LEAD: DEPUTY, DEPUTY: LEAD}
    assert line_of(TEACHER, circle) == (LEAD, DEPUTY)
    assert line_of(LEAD, circle) == (DEPUTY,)
    assert line_of(HEAD, {HEAD: HEAD}) == ()


def test_a_capacity_below_nothing_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match=r"^a leader can meet 0 people or more, not fewer$"):
        assign([TEACHER], [DEPUTY], {}, {}, {DEPUTY: -1})


def test_nobody_at_all_is_nobody_paired():
    assert assign([], [DEPUTY], {}, {}) == OneToOnes({}, frozenset(), {})
