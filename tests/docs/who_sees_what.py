"""Writes docs/who-sees-what.md by asking every guard, for every role, about a school made for the purpose.

`python -m tests.docs.who_sees_what` writes the page anew; a test holds that it is what the guards do. A guard that is
not described here fails that test, so that none comes in unseen.
"""

import inspect
import tempfile
from collections.abc import Callable
from pathlib import Path

from sqlmodel import Session

from store import guards, vault
from store.care_tables import Wish
from store.database import make_engine
from store.guards import NotFound
from store.plan_tables import Plan
from store.sealing import Sealer
from store.tables import Staff
from tests.factories import NOW
from tests.store.test_guards import OneSchool, fill, tell

PAGE = Path(__file__).resolve().parents[2] / "docs" / "who-sees-what.md"
Ask = Callable[[Session, Staff, OneSchool, str], bool]

# Each guard, in words, and how it is asked about a pupil, or the things of a pupil, in a group.
ASKED: dict[str, tuple[str, Ask]] = {
    "access_pupil": (
        "a pupil's name and group",
        lambda session, viewer, of, group: found(
            lambda: guards.access_pupil(session, viewer, of.pupils[group].id, NOW, "page")
        ),
    ),
    "access_group": (
        "a tutor group, and how many answered",
        lambda session, viewer, of, group: found(
            lambda: guards.access_group(session, viewer, of.groups[group].id, NOW)
        ),
    ),
    "access_unanswered": (
        "who did not answer",
        lambda session, viewer, of, group: found(
            lambda: guards.access_unanswered(session, viewer, of.wave.id, of.groups[group].id, NOW)
        ),
    ),
    "access_flag": (
        "a nudge: what changed",
        lambda session, viewer, of, group: found(
            lambda: guards.access_flag(session, viewer, of.flags[group].id, NOW, "page")
        ),
    ),
    "access_request": (
        "a request for an adult",
        lambda session, viewer, of, group: found(
            lambda: guards.access_request(session, viewer, of.requests[group].id, NOW, "page")
        ),
    ),
    "access_copy": (
        "that a pupil asks for a copy",
        lambda session, viewer, of, group: found(
            lambda: guards.access_copy(session, viewer, of.copies[group].id, NOW, "page")
        ),
    ),
    "access_contest": (
        "a nudge that is contested",
        lambda session, viewer, of, group: found(
            lambda: guards.access_contest(session, viewer, of.contests[group].id, NOW, "page")
        ),
    ),
    "access_words": (
        "words typed with a check-in",
        lambda session, viewer, of, group: (
            of.check_ins[group].id in ids(lambda: [row[0].id for row in guards.access_words(session, viewer, NOW, NOW)])
        ),
    ),
    "access_asked": (
        "that they were asked to check in with a pupil",
        lambda session, viewer, of, group: found(
            lambda: guards.access_asked(session, viewer, of.asks[group].id, NOW, "page")
        ),
    ),
    "access_nobody_named": (
        "which pupils have no go-to",
        lambda session, viewer, of, group: (
            of.pupils[group].id in ids(lambda: [row[0].id for row in guards.access_nobody_named(session, viewer, NOW)])
        ),
    ),
    "groups_seen": (
        "in the list of tutor groups",
        lambda session, viewer, of, group: of.groups[group] in guards.groups_seen(session, viewer, NOW),
    ),
    "flags_seen": (
        "in the list of open nudges",
        lambda session, viewer, of, group: (
            of.flags[group] in guards.flags_seen(session, viewer, [one.id for one in of.groups.values()], NOW)
        ),
    ),
    "requests_seen": (
        "in the list of open requests",
        lambda session, viewer, of, group: of.requests[group] in guards.requests_seen(session, viewer, NOW),
    ),
    "words_seen": (
        "that there are words to read",
        lambda session, viewer, of, group: (
            of.check_ins[group].id in ids(lambda: [row[0].id for row in guards.words_seen(session, viewer, NOW)])
        ),
    ),
    "access_plan": (
        "a plan for a pupil, and how it went",
        lambda session, viewer, of, group: found(
            lambda: guards.access_plan(session, viewer, plan_of(session, viewer, of, group, True).id, NOW, "page")
        ),
    ),
    "plans_seen": (
        "in their own list of plans for groups",
        lambda session, viewer, of, group: (
            plan_of(session, viewer, of, group, False) in guards.plans_seen(session, viewer, NOW)
        ),
    ),
}
# Who asks: the row's name, the member of staff in the school made for it, whether of the school beside.
VIEWERS: tuple[tuple[str, str, bool], ...] = (
    ("tutor", "tutor", False),
    ("head of year", "head of year", False),
    ("an adult asked for", "asked", False),
    ("DSL", "dsl", False),
    ("deputy DSL", "deputy_dsl", False),
    ("head", "head", False),
    ("counsellor", "counsellor", False),
    ("installer", "installer", False),
    ("a tutor who left", "tutor who left", False),
    ("a DSL who left", "dsl who left", False),
    ("a DSL of another school", "dsl", True),
)
# Of the tutor's own group (7A), another in the head of year's year (7B), and one of neither (8A).
GROUPS = ("7A", "7B", "8A")
WORDS = {"": "–", "7A": "own group", "7A 7B": "own year", "7A 7B 8A": "everyone", "8A": "who asked", "7B": "told of"}
HEAD = """# Who sees what

This table is not written by hand: it is what the guards in `store/guards.py` answer when each of them is asked by each
role, and a test holds that it is still so. What somebody may not see and what does not exist look alike to them. Every
look that shows what a pupil said or did is recorded: [the record](keys-and-backups.md#the-record-of-who-looked).

Whoever stands in for a tutor or a head of year who is away sees what they see, for the days named and no longer; who
stands in for a safeguarding lead is one.

Access follows the lists: when a tutor group gets another tutor, or a pupil another group, it moves with the next tap.
Somebody who has left sees nothing from the moment the lists say so. The head sees totals only, which go through no
guard, for no pupil is in them. Once a day Slack is asked about every linked account: one that was closed, or has
another address now, is let in no more until a card has found its owner anew. Nobody sees anything of another school on
the same installation. An adult asked for is a member of staff without any other role whom a pupil of one group asked
for, or whom that pupil's tutor asked to check in with them: they see that, and nothing else. A counsellor sees what the
school's own ladder (`./earshot policy`) tells them of, until somebody else has it; without a rung that names them they
are told of nothing. Any member of staff may besides be an adult asked for.

What a pupil tapped is in no row below, for no screen shows it to anybody but the pupil. It can be read only in
[a copy of their data](persons-data.md), and making one is recorded.
"""


def plan_of(session: Session, viewer: Staff, of: OneSchool, group: str, for_pupil: bool) -> Plan:
    """Make a plan of somebody's for the pupil of a group, or for the whole group."""
    plan = Plan(
        school_id=of.school.id,
        group_id=of.groups[group].id,
        pupil_id=of.pupils[group].id if for_pupil else None,
        flag_id=of.flags[group].id if for_pupil else None,
        owner_id=viewer.id,
        made_at=NOW,
        due_at=NOW,
        content_sealed=b"",
    )
    session.add(plan)
    session.flush()
    return plan


def found(look: Callable[[], object]) -> bool:
    """Say whether a guard lets somebody through."""
    try:
        look()
    except NotFound:
        return False
    return True


def ids(look: Callable[[], list[object]]) -> list[object]:
    """List what a guard shows; nothing when it lets nobody through."""
    try:
        return look()
    except NotFound:
        return []


def every_guard() -> set[str]:
    """The guards there are: each function of the module that answers for a viewer."""
    functions = inspect.getmembers(guards, inspect.isfunction)
    return {
        name
        for name, function in functions
        if function.__module__ == guards.__name__
        and not name.startswith(("_", "may_"))
        and "viewer" in inspect.signature(function).parameters
    }


def page(session: Session, sealer: Sealer) -> str:
    """Ask every guard, and write the page."""
    here, there = fill(session, sealer), fill(session, sealer)
    # The school's ladder named the counsellor, and told them of one pupil.
    counsellor = here.staff["counsellor"]
    tell(session, sealer, here, "7B", counsellor)
    here.flags["7B"].owner_id = counsellor.id
    wish = Wish(request_id=here.requests["7B"].id, school_id=here.school.id, told=[counsellor.id.hex])
    session.add(wish)
    session.flush()
    lines = [
        "| | " + " | ".join(name for name, _, _ in VIEWERS) + " |",
        "|---" * (len(VIEWERS) + 1) + "|",
    ]
    for guard in sorted(ASKED, key=list(ASKED).index):
        words, ask = ASKED[guard]
        seen = []
        for _, who, elsewhere in VIEWERS:
            viewer = (there if elsewhere else here).staff[who]
            groups = [group for group in GROUPS if ask(session, viewer, here, group)]
            seen.append(WORDS[" ".join(groups)])
        lines.append(f"| {words} | " + " | ".join(seen) + " |")
    return HEAD + "\n" + "\n".join(lines) + "\n"


def main() -> None:
    """Write the page."""
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(f"sqlite:///{Path(folder) / 'guards.sqlite'}")
        vault.migrate(engine)
        with Session(engine, expire_on_commit=False) as session:
            PAGE.write_text(page(session, Sealer(bytes(32))), "utf-8")
        engine.dispose()


if __name__ == "__main__":
    main()
