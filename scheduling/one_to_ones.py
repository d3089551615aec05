"""Staff one-to-ones: which senior leader each member of staff meets. Pure: ids in, pairs out, nothing read or written.

It is an assignment problem: each leader stands for as many places as people could meet them, each further place dearer
than the one before, and scipy finds the cheapest way to give everybody a place. So, in this order: as many people as
possible are paired, nobody with a leader in their line of management; loads are as even as can be; as few people as
possible meet a leader of last year's again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

NoPair = Literal["no_leader", "line", "full"]
"""Why somebody has no pair: there is no senior leader but themselves, all leaders are in their line, or those who are
not have no place left."""


@dataclass(frozen=True)
class OneToOnes:
    """Who meets whom: the leader of each member of staff, those who meet a leader of last year's, and those left out.

    `pairs` and `unpaired` together hold each member of staff once, by id.
    """

    pairs: Mapping[UUID, UUID]
    again: frozenset[UUID]
    unpaired: Mapping[UUID, NoPair]


def line_of(person: UUID, managers: Mapping[UUID, UUID | None]) -> tuple[UUID, ...]:
    """List the managers above a person, nearest first; a circle, which a slip in the list can make, is gone round once.

    The person is never among them.
    """
    above: list[UUID] = []
    manager = managers.get(person)
    while manager is not None and manager != person and manager not in above:
        above.append(manager)
        manager = managers.get(manager)
    return tuple(above)


def assign(
    staff: Collection[UUID],
    leaders: Collection[UUID],
    managers: Mapping[UUID, UUID | None],
    last_year: Mapping[UUID, Collection[UUID]],
    capacity: Mapping[UUID, int] | None = None,
) -> OneToOnes:
    """Give each member of staff one senior leader to meet.

    A leader may be a member of staff too, and then meets another leader. `managers` holds each person's line manager,
    nothing or None for nobody; neither anybody above a person nor anybody below them is their leader. `last_year` holds
    the leaders that each met in the year before. `capacity` is how many people a leader can meet, 0 or more; a leader
    without an entry can meet all. The order in which ids are given does not matter.

    Loads differ by one at most wherever lines and capacities allow that, and are as even as they can be elsewhere: that
    comes before not meeting again. Raises ValueError for a capacity below 0. The solver is that of D. F. Crouse, On
    Implementing 2D Rectangular Assignment Algorithms, IEEE Trans. Aerospace and Electronic Systems 52(4), 2016.
    """
    people, room = sorted(set(staff)), {leader: (capacity or {}).get(leader) for leader in sorted(set(leaders))}
    if any(places is not None and places < 0 for places in room.values()):
        raise ValueError("a leader can meet 0 people or more, not fewer")
    lines = {person: line_of(person, managers) for person in {*people, *room}}
    may_meet = {
        person: {leader for leader in room if leader != person and leader not in lines[person]}
        - {leader for leader in room if person in lines[leader]}
        for person in people
    }
    seats = [
        (leader, place)
        for leader, places in room.items()
        for place in range(_most(sum(leader in may_meet[person] for person in people), places))
    ]
    pairs = _solve(people, seats, may_meet, last_year)
    return OneToOnes(
        pairs,
        frozenset(person for person, leader in pairs.items() if leader in last_year.get(person, ())),
        {person: _why(person, room, may_meet[person]) for person in people if person not in pairs},
    )


def _most(people: int, places: int | None) -> int:
    return people if places is None else min(people, places)


def _why(person: UUID, leaders: Collection[UUID], may_meet: Collection[UUID]) -> NoPair:
    if not set(leaders) - {person}:
        return "no_leader"
    return "full" if may_meet else "line"


def _solve(
    people: list[UUID],
    seats: list[tuple[UUID, int]],
    may_meet: Mapping[UUID, Collection[UUID]],
    last_year: Mapping[UUID, Collection[UUID]],
) -> dict[UUID, UUID]:
    if not seats:
        return {}
    # Imported here, for it is needed once a term and takes memory that a running bot would hold for good.
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    # One further place of a leader outweighs all repeats together, and one person left out outweighs all places.
    step = len(people) + 1
    left_out = (len(people) + 1) * step * step
    costs = np.full((len(people), len(seats) + len(people)), float(left_out))
    for row, person in enumerate(people):
        met = last_year.get(person, ())
        for column, (leader, place) in enumerate(seats):
            costs[row, column] = place * step + (leader in met) if leader in may_meet[person] else np.inf
    rows, columns = linear_sum_assignment(costs)
    return {people[row]: seats[column][0] for row, column in zip(rows, columns, strict=True) if column < len(seats)}
