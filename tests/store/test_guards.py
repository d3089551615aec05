"""The guards: every role against every guard, with a second school planted wherever it could leak."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import Session, col, select

from store import absences, audit, guards
from store.care_tables import NudgeAsk, Wish
from store.guards import NotFound
from store.ids import new_id
from store.plan_tables import Plan
from store.rights_tables import Contest, CopyRequest
from store.sealing import Sealer
from store.tables import Audit, CheckIn, Flag, Posted, Pupil, Request, School, Staff, TutorGroup, Wave
from tests.factories import NOW, make_group, make_pupil, make_school, make_staff
from tests.rows import Rows, read_rows, scratch, write_rows

LEADS = ("dsl", "deputy_dsl")
NOBODY: frozenset[str] = frozenset()
EVERYBODY = frozenset({"7A", "7B", "8A"})
# Who sees the pupils of which groups of their own school; of another school, nobody sees any.
SEES: dict[str, frozenset[str]] = {
    "tutor": frozenset({"7A"}),
    "tutor of 8A": frozenset({"8A"}),
    "tutor of no group": NOBODY,
    "head of year": frozenset({"7A", "7B"}),
    "head of year and tutor": EVERYBODY,
    "dsl": EVERYBODY,
    "deputy_dsl": EVERYBODY,
    "head": NOBODY,
    "counsellor": NOBODY,
    "installer": NOBODY,
    "tutor who left": NOBODY,
    "head of year who left": NOBODY,
    "dsl who left": NOBODY,
}
LEADING = frozenset(LEADS)


@dataclass
class OneSchool:
    """A school with three groups; in each a pupil with a flag, a request, and an unanswered check-in with words."""

    school: School
    wave: Wave
    staff: dict[str, Staff] = field(default_factory=dict)
    groups: dict[str, TutorGroup] = field(default_factory=dict)
    pupils: dict[str, Pupil] = field(default_factory=dict)
    flags: dict[str, Flag] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    asks: dict[str, NudgeAsk] = field(default_factory=dict)
    check_ins: dict[str, CheckIn] = field(default_factory=dict)
    copies: dict[str, CopyRequest] = field(default_factory=dict)
    contests: dict[str, Contest] = field(default_factory=dict)


def fill(session: Session, sealer: Sealer) -> OneSchool:
    facts = make_school(session)
    closes = NOW + timedelta(hours=5)
    wave = Wave(school_id=facts.id, day="2026-11-24", number=0, opens_at=NOW, closes_at=closes, bank_version="2026-1")
    session.add(wave)
    one = OneSchool(session.get_one(School, facts.id), wave)
    roles = {
        "tutor": ("tutor",),
        "tutor of 8A": ("tutor",),
        "tutor of no group": ("tutor",),
        "tutor who left": ("tutor",),
        "asked": (),
        **{role: (role,) for role in (*LEADS, "head", "counsellor", "installer")},
        "dsl who left": ("dsl",),
    }
    one.staff = {name: make_staff(session, sealer, facts, *held) for name, held in roles.items()}
    one.staff["head of year"] = make_staff(session, sealer, facts, "head_of_year", year=7)
    one.staff["head of year and tutor"] = make_staff(session, sealer, facts, "head_of_year", "tutor", year=7)
    one.staff["head of year who left"] = make_staff(session, sealer, facts, "head_of_year", year=7)
    for name in ("tutor who left", "dsl who left", "head of year who left"):
        one.staff[name].active = False
    session.flush()
    for name, tutor in (("7A", "tutor"), ("7B", "tutor who left"), ("8A", "tutor of 8A")):
        one.groups[name] = make_group(session, facts, name, int(name[0]), one.staff[tutor])
        fill_group(session, sealer, one, name, make_pupil(session, sealer, facts, one.groups[name]))
    return one


def fill_group(session: Session, sealer: Sealer, one: OneSchool, name: str, pupil: Pupil) -> None:
    one.pupils[name] = pupil
    check_in = CheckIn(
        school_id=one.school.id,
        wave_id=one.wave.id,
        pupil_id=pupil.id,
        group_id=one.groups[name].id,
        bank_version="2026-1",
        phase="older",
        state="missed",
        opened_at=NOW,
        ended_at=NOW,
    )
    sealer.write(check_in, "words", "made up")
    session.add(check_in)
    session.flush()
    flag = Flag(
        school_id=one.school.id,
        pupil_id=pupil.id,
        group_id=one.groups[name].id,
        check_in_id=check_in.id,
        rule="test",
        raised_at=NOW,
    )
    sealer.write(flag, "reasons", {})
    request = Request(school_id=one.school.id, pupil_id=pupil.id, asked_at=NOW)
    copy = CopyRequest(school_id=one.school.id, pupil_id=pupil.id, asked_at=NOW)
    session.add_all((flag, request, copy))
    session.flush()
    contest = Contest(school_id=one.school.id, flag_id=flag.id, by="pupil", at=NOW)
    session.add(contest)
    session.flush()
    one.copies[name], one.contests[name] = copy, contest
    one.check_ins[name], one.flags[name], one.requests[name] = check_in, flag, request
    asked = one.staff["asked" if name == "8A" else "tutor of no group"]
    one.asks[name] = NudgeAsk(
        school_id=one.school.id, flag_id=flag.id, staff_id=asked.id, asked_by=one.staff["tutor"].id, asked_at=NOW
    )
    if name == "8A":
        session.add(Wish(request_id=request.id, school_id=one.school.id, chosen_id=asked.id, told=[asked.id.hex]))
    session.add(one.asks[name])
    session.flush()


def test_whom_a_pupil_asked_sees_that_request_until_it_is_done(session: Session, here: OneSchool, there: OneSchool):
    asked, request = here.staff["asked"], here.requests["8A"]
    assert guards.access_request(session, asked, request.id, NOW, "request") == request
    assert guards.requests_seen(session, asked, NOW) == [request]
    request.state, request.owner_id = "owned", here.staff["dsl"].id
    assert guards.requests_seen(session, asked, NOW) == []
    assert guards.access_request(session, asked, request.id, NOW, "request") == request
    request.state = "done"
    session.flush()
    for viewer, of in ((asked, request), (there.staff["asked"], here.requests["7A"]), (asked, here.requests["7A"])):
        with pytest.raises(NotFound):
            guards.access_request(session, viewer, of.id, NOW, "request")
    request.owner_id = asked.id
    assert guards.access_request(session, asked, request.id, NOW, "request") == request
    asked.active = False
    with pytest.raises(NotFound):
        guards.access_request(session, asked, request.id, NOW, "request")


_filled: dict[str, tuple[Rows, OneSchool]] = {}


def filled(session: Session, sealer: Sealer, which: str) -> OneSchool:
    """Give what `fill` made the first time, written into this store: to fill it took most of a test's time."""
    if which not in _filled:
        with scratch() as engine, Session(engine, expire_on_commit=False) as elsewhere:
            made = fill(elsewhere, sealer)
            elsewhere.commit()
            _filled[which] = (read_rows(engine), made)
    rows, made = _filled[which]
    write_rows(session.connection(), rows)
    one = OneSchool(session.merge(made.school, load=False), session.merge(made.wave, load=False))
    for name in ("staff", "groups", "pupils", "flags", "requests", "asks", "check_ins", "copies", "contests"):
        kept = {key: session.merge(row, load=False) for key, row in getattr(made, name).items()}
        setattr(one, name, kept)
    return one


@pytest.fixture
def here(session: Session, sealer: Sealer) -> OneSchool:
    return filled(session, sealer, "here")


@pytest.fixture
def there(session: Session, sealer: Sealer) -> OneSchool:
    return filled(session, sealer, "there")


# --- one thing --------------------------------------------------------------------------------------------------------

Guard = Callable[[Session, Staff, OneSchool, str | None], UUID]


def _group(session: Session, viewer: Staff, of: OneSchool, name: str | None) -> UUID:
    return guards.access_group(session, viewer, of.groups[name].id if name else new_id(), NOW).id


def _pupil(session: Session, viewer: Staff, of: OneSchool, name: str | None) -> UUID:
    pupil_id = of.pupils[name].id if name else new_id()
    return guards.access_pupil(session, viewer, pupil_id, NOW, "nudge").group_id


def _flag(session: Session, viewer: Staff, of: OneSchool, name: str | None) -> UUID:
    return guards.access_flag(session, viewer, of.flags[name].id if name else new_id(), NOW, "nudge").group_id


def _request(session: Session, viewer: Staff, of: OneSchool, name: str | None) -> UUID:
    request = guards.access_request(session, viewer, of.requests[name].id if name else new_id(), NOW, "request")
    return session.get_one(Pupil, request.pupil_id).group_id


def _copy(session: Session, viewer: Staff, of: OneSchool, name: str | None) -> UUID:
    row = guards.access_copy(session, viewer, of.copies[name].id if name else new_id(), NOW, "copy")
    return session.get_one(Pupil, row.pupil_id).group_id


def _contest(session: Session, viewer: Staff, of: OneSchool, name: str | None) -> UUID:
    row = guards.access_contest(session, viewer, of.contests[name].id if name else new_id(), NOW, "contest")
    return session.get_one(Flag, row.flag_id).group_id


def _unanswered(session: Session, viewer: Staff, of: OneSchool, name: str | None) -> UUID:
    group_id = of.groups[name].id if name else new_id()
    group, rows = guards.access_unanswered(session, viewer, of.wave.id, group_id, NOW)
    assert name is not None
    assert [(pupil.id, state) for pupil, state in rows] == [(of.pupils[name].id, "missed")]
    return group.id


ONE_THING: dict[str, tuple[Guard, tuple[str, ...]]] = {
    "access_group": (_group, ()),
    "access_pupil": (_pupil, ("read nudge",)),
    "access_flag": (_flag, ("read nudge",)),
    "access_request": (_request, ("read request",)),
    "access_copy": (_copy, ("read copy",)),
    "access_contest": (_contest, ("read contest",)),
    "access_unanswered": (_unanswered, ("read unanswered",)),
}


FOR_LEADS = ("access_request", "access_contest")


def audited(session: Session) -> list[Audit]:
    return list(session.exec(select(Audit).order_by(col(Audit.id))).all())


def refused(session: Session, guard: Guard, viewer: Staff, of: OneSchool, name: str | None) -> str:
    with pytest.raises(NotFound) as error:
        guard(session, viewer, of, name)
    return repr(error.value)


@pytest.mark.parametrize("who", SEES)
@pytest.mark.parametrize("guard_name", ONE_THING)
def test_each_role_gets_through_each_guard_to_its_own_pupils_alone(
    session: Session, here: OneSchool, there: OneSchool, who: str, guard_name: str
) -> None:
    guard, actions = ONE_THING[guard_name]
    viewer = here.staff[who]
    if who == "head of year and tutor":
        # A tutor of a group outside the year they head sees both.
        here.groups["8A"].tutor_id = viewer.id
        session.flush()
    allowed = SEES[who] if guard_name not in FOR_LEADS or who in LEADING else NOBODY
    refusals = {refused(session, guard, viewer, here, None)}
    for name in sorted(EVERYBODY):
        refusals.add(refused(session, guard, viewer, there, name))
        if name in allowed:
            assert guard(session, viewer, here, name) == here.groups[name].id
        else:
            refusals.add(refused(session, guard, viewer, here, name))
    # What does not exist, what is another school's and what is not theirs look alike.
    assert refusals == {"NotFound()"}
    # One row for each look that was allowed, none for those refused.
    rows = audited(session)
    assert [row.action for row in rows] == list(actions) * len(allowed)
    assert {row.actor for row in rows} <= {f"staff:{viewer.id.hex}"}
    assert {row.school_id for row in rows} <= {here.school.id}
    assert audit.first_break(session, here.school.id) is None


def test_an_audit_row_says_who_looked_at_whom(session: Session, here: OneSchool) -> None:
    viewer, pupil = here.staff["tutor"], here.pupils["7A"]
    guards.access_flag(session, viewer, here.flags["7A"].id, NOW, "nudge")
    (row,) = audited(session)
    assert (row.actor, row.action, row.subject, row.at) == (
        f"staff:{viewer.id.hex}",
        "read nudge",
        f"pupil:{pupil.id.hex}",
        NOW,
    )


def test_a_wave_of_another_school_is_not_found_even_with_ones_own_group(
    session: Session, here: OneSchool, there: OneSchool
) -> None:
    for wave_id in (there.wave.id, new_id()):
        with pytest.raises(NotFound):
            guards.access_unanswered(session, here.staff["tutor"], wave_id, here.groups["7A"].id, NOW)
    assert audited(session) == []


def test_who_answered_is_not_among_the_unanswered(session: Session, here: OneSchool) -> None:
    here.check_ins["7A"].state = "answered"
    session.flush()
    _, rows = guards.access_unanswered(session, here.staff["tutor"], here.wave.id, here.groups["7A"].id, NOW)
    assert list(rows) == []


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", SEES)
def test_each_role_lists_its_own_alone(session: Session, here: OneSchool, there: OneSchool, who: str) -> None:
    viewer = here.staff[who]
    if who == "head of year and tutor":
        here.groups["8A"].tutor_id = viewer.id
        session.flush()
    names = sorted(SEES[who])
    asked = [group.id for one in (here, there) for group in one.groups.values()]
    assert [group.name for group in guards.groups_seen(session, viewer, NOW)] == names
    flags = guards.flags_seen(session, viewer, asked, NOW)
    assert {flag.id for flag in flags} == {here.flags[name].id for name in names}
    leads = EVERYBODY if who in LEADING else NOBODY
    assert {one.id for one in guards.requests_seen(session, viewer, NOW)} == {here.requests[name].id for name in leads}
    since = NOW - timedelta(days=1)
    words = guards.words_seen(session, viewer, since)
    assert {check_in.id for check_in, _, _ in words} == {here.check_ins[name].id for name in leads}
    expected = (["read open nudges"] if names else []) + (["read open requests"] if leads else [])
    assert [row.action for row in audited(session)] == expected


@pytest.mark.parametrize("who", SEES)
def test_words_are_opened_by_leads_alone_and_that_is_audited(
    session: Session, here: OneSchool, there: OneSchool, who: str
) -> None:
    viewer, since = here.staff[who], NOW - timedelta(days=1)
    if who not in LEADING:
        with pytest.raises(NotFound):
            guards.access_words(session, viewer, since, NOW)
        assert audited(session) == []
        return
    rows = guards.access_words(session, viewer, since, NOW)
    assert {check_in.id for check_in, _, _ in rows} == {one.id for one in here.check_ins.values()}
    assert {check_in.school_id for check_in in there.check_ins.values()} == {there.school.id}
    assert [row.action for row in audited(session)] == ["read words"]


def test_flags_are_listed_for_the_groups_asked_for_while_they_are_new(session: Session, here: OneSchool) -> None:
    lead = here.staff["dsl"]
    asked = [here.groups["7A"].id, here.groups["7B"].id]
    here.flags["7B"].state = "taken"
    session.flush()
    assert [flag.id for flag in guards.flags_seen(session, lead, asked, NOW)] == [here.flags["7A"].id]
    assert list(guards.flags_seen(session, lead, [], NOW)) == []


@pytest.mark.parametrize("contested", ["open", "withdrawn"])
def test_a_contested_flag_is_in_no_list(session: Session, here: OneSchool, contested: str) -> None:
    here.flags["7A"].contested = contested
    session.flush()
    assert list(guards.flags_seen(session, here.staff["dsl"], [here.groups["7A"].id], NOW)) == []


def test_only_open_requests_are_listed(session: Session, here: OneSchool) -> None:
    here.requests["7A"].state = "owned"
    session.flush()
    seen = guards.requests_seen(session, here.staff["dsl"], NOW)
    assert {one.id for one in seen} == {here.requests["7B"].id, here.requests["8A"].id}


# --- a pupil who moved ------------------------------------------------------------------------------------------------


def test_a_pupil_who_moved_is_their_new_tutors_and_no_longer_their_old_ones(session: Session, here: OneSchool) -> None:
    old, new = here.staff["tutor"], here.staff["tutor of 8A"]
    pupil, flag = here.pupils["7A"], here.flags["7A"]
    pupil.group_id = here.groups["8A"].id
    session.flush()
    assert list(guards.flags_seen(session, old, [here.groups["7A"].id], NOW)) == []
    assert {one.id for one in guards.flags_seen(session, new, [here.groups["8A"].id], NOW)} == {
        flag.id,
        here.flags["8A"].id,
    }
    _, rows = guards.access_unanswered(session, old, here.wave.id, here.groups["7A"].id, NOW)
    assert list(rows) == []
    with pytest.raises(NotFound):
        guards.access_flag(session, old, flag.id, NOW, "nudge")
    assert guards.access_flag(session, new, flag.id, NOW, "nudge") == flag


# --- who stands in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("away", "cover", "sees"),
    [
        ("tutor", "tutor of no group", {"7A"}),
        ("head of year", "tutor of no group", {"7A", "7B"}),
        ("tutor", "head", {"7A"}),
        # What a lead sees is not handed on.
        ("dsl", "tutor of no group", set()),
        ("tutor", "tutor who left", set()),
        ("tutor who left", "tutor of no group", set()),
    ],
)
def test_whoever_stands_in_sees_what_their_colleague_sees_and_only_meanwhile(
    session: Session, here: OneSchool, there: OneSchool, away: str, cover: str, sees: set[str]
) -> None:
    viewer, hour = here.staff[cover], timedelta(hours=1)
    absences.set_away(session, here.staff[away], NOW, NOW + hour, viewer, NOW)
    for moment, expected in ((NOW - hour / 2, set()), (NOW, sees), (NOW + hour, set())):
        assert {group.name for group in guards.groups_seen(session, viewer, moment)} == expected
        for name, flag in here.flags.items():
            if name in expected:
                assert guards.access_flag(session, viewer, flag.id, moment, "nudge") == flag
            else:
                with pytest.raises(NotFound):
                    guards.access_flag(session, viewer, flag.id, moment, "nudge")
    # Each look is recorded as theirs.
    assert {row.actor for row in audited(session)} <= {f"staff:{viewer.id.hex}"}
    assert len(audited(session)) == len(sees)
    assert not guards.requests_seen(session, viewer, NOW)


# --- whom the school's ladder names -----------------------------------------------------------------------------------


def tell(session: Session, sealer: Sealer, one: OneSchool, name: str, staff: Staff) -> Flag:
    """Somebody has the card of a flag, as the climb sends it."""
    flag = one.flags[name]
    card = Posted(school_id=one.school.id, slot=f"nudge:{flag.id.hex}:{staff.id.hex}:1")
    sealer.write(card, "ref", {"channel": "D1", "ts": "1"})
    session.add(card)
    session.flush()
    return flag


def test_a_counsellor_sees_the_nudges_they_were_told_of_until_they_are_decided(
    session: Session, sealer: Sealer, here: OneSchool, there: OneSchool
) -> None:
    viewer = here.staff["counsellor"]
    flag = tell(session, sealer, here, "7B", viewer)
    # A card alone is not enough: the role is, with it; and no other school's.
    tell(session, sealer, here, "7A", here.staff["tutor of no group"])
    tell(session, sealer, there, "7A", viewer)
    assert guards.access_flag(session, viewer, flag.id, NOW, "nudge") == flag
    groups = [group.id for group in here.groups.values()]
    assert list(guards.flags_seen(session, viewer, groups, NOW)) == [flag]
    assert [row.action for row in audited(session)] == ["read nudge", "read open nudges"]
    outside = (
        (viewer, here.flags["7A"]),
        (viewer, there.flags["7A"]),
        (here.staff["tutor of no group"], here.flags["7A"]),
    )
    for who, other in outside:
        with pytest.raises(NotFound):
            guards.access_flag(session, who, other.id, NOW, "nudge")
    with pytest.raises(NotFound):
        guards.access_pupil(session, viewer, here.pupils["7B"].id, NOW, "nudge")
    flag.state, flag.owner_id = "taken", here.staff["dsl"].id
    session.flush()
    with pytest.raises(NotFound):
        guards.access_flag(session, viewer, flag.id, NOW, "nudge")
    flag.owner_id = viewer.id
    session.flush()
    assert guards.access_flag(session, viewer, flag.id, NOW, "nudge") == flag


def test_a_counsellor_reads_the_plan_for_a_nudge_they_took(
    session: Session, sealer: Sealer, here: OneSchool, there: OneSchool
) -> None:
    viewer = here.staff["counsellor"]
    flag = tell(session, sealer, here, "7B", viewer)
    flag.state, flag.owner_id = "taken", viewer.id
    about = {"school_id": here.school.id, "group_id": here.groups["7B"].id, "pupil_id": here.pupils["7B"].id}
    plan = Plan(**about, flag_id=flag.id, owner_id=viewer.id, made_at=NOW, due_at=NOW, content_sealed=b"")
    session.add(plan)
    session.flush()
    assert guards.access_plan(session, viewer, plan.id, NOW, "plan") == plan
    for who in (here.staff["tutor of no group"], there.staff["counsellor"], there.staff["dsl"]):
        with pytest.raises(NotFound):
            guards.access_plan(session, who, plan.id, NOW, "plan")


def test_whoever_stands_in_for_a_counsellor_sees_what_came_to_them_meanwhile(
    session: Session, sealer: Sealer, here: OneSchool
) -> None:
    cover, hour = here.staff["tutor of no group"], timedelta(hours=1)
    absences.set_away(session, here.staff["counsellor"], NOW, NOW + hour, cover, NOW)
    flag = tell(session, sealer, here, "7B", cover)
    assert guards.access_flag(session, cover, flag.id, NOW, "nudge") == flag
    with pytest.raises(NotFound):
        guards.access_flag(session, cover, flag.id, NOW + hour, "nudge")
