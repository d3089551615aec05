"""What the copies of a parent and of a member of staff call each table and column that is told in them.

Of rows about pupils only the adult's own part is told: when, what came of it, which colleague. What is not named here
is in no copy of theirs. A parent's copy has the words of a pupil's; that of a member of staff is in English.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bot.copies.words import SECTIONS, TECHNICAL, Section, Told
from conversations.model import Phrase, say, verbatim

GUARDIAN: Final[Mapping[str, Section]] = {
    "guardian": Section(
        {
            "name_sealed": Told(say("Your name")),
            "language": Told(say("Your language")),
            "left_at": Told(say("Until")),
            "active": TECHNICAL,
        },
        say("Who you are here"),
    ),
    "guardian_binding": SECTIONS["binding"],
    "guardian_invite": SECTIONS["invite"],
    "messages": SECTIONS["messages"],
}


def _in_words(value: Any) -> Iterable[Phrase]:  # noqa: ANN401 (a cell)
    """Write a code, or each of some, as it reads; a yes or no as such."""
    if isinstance(value, bool):
        return (say("Yes") if value else say("No"),)
    codes = value if isinstance(value, list) else [value]
    return tuple(verbatim(str(code).replace("_", " ")) for code in codes if code != "")


def _section(title: str, **columns: str) -> Section:
    told = {name: Told(verbatim(label), _in_words if name in _CODES else None) for name, label in columns.items()}
    return Section(told, verbatim(title))


_CODES: Final = {"roles", "active", "ended", "state", "soon", "promise", "met", "answer", "kind"}


STAFF: Final[Mapping[str, Section]] = {
    "staff": _section(
        "Who you are here",
        name_sealed="Your name",
        email_sealed="E-mail",
        slack_user_sealed="Your number in Slack",
        roles="Roles",
        year="Year you are head of",
        manager_id="Line manager",
        active="In the school's lists",
        home_opened_at="Home tab first opened",
        left_at="When you left",
    ),
    "tutor_group": _section("Tutor groups", name="Group", year="Year"),
    "absence": _section("Away", staff_id="Who is away", cover_id="Who stands in", starts_at="From", ends_at="Until"),
    "one_to_one": _section(
        "One-to-ones", term="Term from", staff_id="Who is met", leader_id="Who leads", meets_at="When"
    ),
    "go_to": _section("When a pupil named you a go-to", since="Since", until="Until", ended="Why it ended"),
    "go_to_refusal": _section("You are no go-to for now", since="Since"),
    "request": _section("Requests you took", asked_at="When", owned_at="Taken", state="What came of it"),
    "wish": _section(
        "When a pupil asked for you",
        soon="How soon",
        promise="You promised",
        promised_for="By then",
        met="They met you",
    ),
    "flag": _section("Nudges you decided on", raised_at="When", decided_at="Decided", state="What came of it"),
    "nudge_ask": _section(
        "Check-ins with a pupil that were asked for",
        staff_id="Who was asked",
        asked_by="Who asked",
        asked_at="When",
        answer="Answer",
    ),
    "plan": _section(
        "Plans you made", made_at="When", due_at="To be done by", closed_at="Ended", state="What came of it"
    ),
    "contest": _section("Contests you answered", at="When", answered_at="Answered", state="What came of it"),
    "copy_request": _section(
        "Copies you decided on", asked_at="Asked for", decided_at="Decided", state="What came of it"
    ),
    "escalation": _section(
        "What climbed until you had it", kind="What", opened_at="When", lapses_at="Yours until", state="What came of it"
    ),
}


def did_as_guardian(did: str) -> Phrase:
    """Say in words what the record calls an act of a parent's, or one about them."""
    known = (
        ("stopped", say("Stop check-ins")),
        ("allowed again", say("Start check-ins again")),
        ("person exported", say("Made a copy like this")),
    )
    return next((words for begins, words in known if did.startswith(begins)), say("Changed something of yours"))
