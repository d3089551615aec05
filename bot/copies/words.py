"""What a pupil's copy calls each table and column, and each value that is a code.

Every column of every table that points at a pupil stands here: with words, or as TECHNICAL when it tells a reader
nothing. What is technical is in the data of the copy, not on its page. A test holds that none is forgotten.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from conversations.actions import VERSIONS, load
from conversations.model import Phrase, say, verbatim

DAMAGED: Final = "(damaged)"
TECHNICAL: Final = None
Words = Callable[[Any], Iterable[Phrase]]


@dataclass(frozen=True)
class Told:
    """How a column is told: what it is called, and words for its values; without them a value stands as it is."""

    label: Phrase
    words: Words | None = None


@dataclass(frozen=True)
class Section:
    """A table of the copy: its title ("" of words when none of its columns is told), columns, a line above them."""

    columns: Mapping[str, Told | None]
    title: Phrase | None = None
    note: Phrase | None = None


def one_of(words: Mapping[Any, Phrase]) -> Words:
    """Tell a code by its words; one that says nothing ("") is passed over, one without words is shown as it is."""
    return lambda value: (words[value],) if value in words else (verbatim(str(value)),) if value != "" else ()


def _yes(value: object) -> tuple[Phrase]:
    return (say("Yes") if value else say("No"),)


def _why_noted(why: Mapping[str, Any]) -> Iterable[Phrase]:
    """Say why a note was made, as briefly as a pupil can use it; the numbers behind it are in the data."""
    about = (
        say("telling others about yourself"),
        say("trust in yourself"),
        say("trust in other people"),
        say("wanting change"),
        say("how things are"),
    )
    told = {
        "fallen": say("Your answers changed from what is usual for you."),
        "low": say("Many of your answers were at the low end."),
        "polar": say("Many of your answers were far to one end."),
        "gap": say("Your answers about school and about other places were far apart."),
        "silence": say("You answered less often than is usual for you."),
    }
    if "low" in why:
        yield told["low"]
    for reason in why.get("reasons", ()):
        yield told.get(reason["code"], say("Several small things came together."))
        if reason["code"] != "silence":
            yield say("It was about this: {what}.", what=about[min(reason.get("series", 4), 4)])
    if "reasons" in why and not why["reasons"]:
        yield say("Several small things came together.")


def _planned(content: Mapping[str, Any]) -> Iterable[Phrase]:
    actions = (load(version).actions.get(content.get("action", "")) for version in reversed(VERSIONS))
    action = next((one for one in actions if one is not None), None)
    yield say(action.title) if action else say("Something of their own")
    noticed = {
        "helped": say("They noted: it helped."),
        "no_change": say("They noted: no change yet."),
        "worried": say("They noted: I am worried."),
    }
    if content.get("noticed") in noticed:
        yield noticed[content["noticed"]]
    if content.get("words"):
        yield verbatim(content["words"])
    if content.get("help"):
        yield say("They asked for help with it.")


def _status() -> Words:
    return one_of(
        {
            "invited": say("You have not joined yet"),
            "active": say("You take part"),
            "stopped": say("You have stopped them"),
            "left": say("You have left the school"),
        }
    )


_GROUP_THEN = Told(say("Your tutor group"))
_NOT_DECIDED = say("Nobody has decided yet")
_NO_LONGER = say("It does not count any more")

SECTIONS: Final[Mapping[str, Section]] = {
    "pupil": Section(
        {
            "name_sealed": Told(say("Your name")),
            "group_id": Told(say("Your tutor group")),
            "phase": Told(
                say("Your questions"), one_of({"young": say("For ages 8 to 11"), "older": say("For ages 11 to 18")})
            ),
            "language": Told(say("Your language")),
            "status": Told(say("Your check-ins"), _status()),
            "status_before": Told(say("Your check-ins before you left"), _status()),
            "left_at": Told(say("When you left")),
            "held": Told(say("A parent or carer has stopped your check-ins"), _yes),
            "unreachable_since": Told(say("Your phone could not be reached since")),
        },
        say("Who you are here"),
    ),
    "binding": Section({"chat_sealed": Told(say("Its number in Telegram"))}, say("Your chat")),
    "invite": Section(
        {"expires_at": Told(say("Good until")), "used_at": Told(say("Used"))},
        say("Join codes made for you"),
        say("The codes themselves are not kept."),
    ),
    "check_in": Section(
        {
            "opened_at": Told(say("It began")),
            "ended_at": Told(say("It ended")),
            "state": Told(
                say("What came of it"),
                one_of(
                    {
                        "open": say("It is open"),
                        "answered": say("You answered"),
                        "partial": say("You answered a part of it"),
                        "missed": say("You did not answer"),
                        "undelivered": say("It did not reach your phone"),
                        "absent": say("You were not at school"),
                        "cut_off": say("It may not have worked then"),
                        "replaced": say("Another check-in took its place"),
                    }
                ),
            ),
            "answers_sealed": Told(say("Your answers")),
            "words_sealed": Told(say("What you added")),
            "group_id": _GROUP_THEN,
            "wave_id": TECHNICAL,
            "bank_version": TECHNICAL,
            "phase": TECHNICAL,
        },
        say("Your check-ins"),
    ),
    "flag": Section(
        {
            "raised_at": Told(say("When")),
            "reasons_sealed": Told(say("Why"), _why_noted),
            "state": Told(
                say("What came of it"),
                one_of(
                    {
                        "new": _NOT_DECIDED,
                        "taken": say("Somebody is looking into it"),
                        "snoozed": say("It was put off"),
                        "not_needed": say("Nothing was needed"),
                        "done": say("Somebody did something about it"),
                    }
                ),
            ),
            "owner_id": Told(say("Who decided")),
            "decided_at": Told(say("When they decided")),
            "snoozed_until": Told(say("Put off until")),
            "contested": Told(
                say("Somebody says that it is not right"),
                one_of({"open": say("An adult is still looking at it"), "withdrawn": _NO_LONGER}),
            ),
            "group_id": _GROUP_THEN,
            "check_in_id": TECHNICAL,
            "rule": TECHNICAL,
            "version": TECHNICAL,
        },
        say("Notes about your answers"),
        say("A note is made when your answers change. It asks an adult to look out for you."),
    ),
    "verdict": Section(
        {
            "at": Told(say("When")),
            "why_sealed": Told(
                say("Why"),
                one_of(
                    {
                        "known": say("The adults know, and act on it"),
                        "explained": say("There was a simple reason"),
                        "not_seen": say("Nothing showed in school"),
                        "answers": say("The answers gave a wrong idea"),
                    }
                ),
            ),
            "flag_id": TECHNICAL,
        },
        say("Why a note was not needed"),
    ),
    "contest": Section(
        {
            "by": Told(say("Who said so"), one_of({"pupil": say("You"), "guardian": say("Your family")})),
            "at": Told(say("When")),
            "state": Told(
                say("What came of it"),
                one_of({"open": _NOT_DECIDED, "stands": say("It stays"), "withdrawn": _NO_LONGER}),
            ),
            "staff_id": Told(say("Who decided")),
            "answered_at": Told(say("When they decided")),
            "flag_id": TECHNICAL,
        },
        say("When somebody said that a note is not right"),
    ),
    "plan": Section(
        {
            "made_at": Told(say("When")),
            "content_sealed": Told(say("The plan"), _planned),
            "owner_id": Told(say("Who planned it")),
            "due_at": Told(say("To be done by")),
            "state": Told(
                say("What came of it"),
                one_of(
                    {
                        "open": say("Planned"),
                        "asked": say("They were asked how it went"),
                        "done": say("Done"),
                        "ended": say("It was given up"),
                    }
                ),
            ),
            "closed_at": Told(say("It ended")),
            "group_id": _GROUP_THEN,
            "flag_id": TECHNICAL,
            "version": TECHNICAL,
        },
        say("What an adult planned to do for you"),
    ),
    "nudge_ask": Section(
        {
            "asked_at": Told(say("When")),
            "staff_id": Told(say("Who was asked")),
            "asked_by": Told(say("Who asked them")),
            "answer": Told(
                say("What they said"),
                one_of({"": say("Nothing yet"), "yes": say("They will"), "no": say("They cannot this time")}),
            ),
            "flag_id": TECHNICAL,
        },
        say("When an adult was asked to check in with you"),
    ),
    "request": Section(
        {
            "asked_at": Told(say("When")),
            "danger": Told(say("You said that you are in danger"), _yes),
            "state": Told(
                say("What came of it"),
                one_of({"open": say("Nobody has it yet"), "owned": say("Somebody has it"), "done": say("Done")}),
            ),
            "owner_id": Told(say("Who has it")),
            "owned_at": Told(say("Since")),
        },
        say("When you asked for an adult"),
    ),
    "wish": Section(
        {
            "chosen_id": Told(say("Whom you asked for")),
            "soon": Told(say("How soon"), one_of({"today": say("Today"), "week": say("This week")})),
            "told": Told(say("Who was told")),
            "passed": Told(say("Who could not")),
            "promise": Told(
                say("They said they would find you"),
                one_of({"today": say("Today"), "tomorrow": say("Tomorrow"), "later": say("The next school day")}),
            ),
            "promised_for": Told(say("By then")),
            "met": Told(say("You said that they found you"), one_of({"yes": say("Yes"), "not yet": say("Not yet")})),
            "request_id": TECHNICAL,
            "promises": TECHNICAL,
        },
        say("Whom you asked for"),
    ),
    "escalation": Section(
        {
            "kind": Told(
                say("What it is"),
                one_of(
                    {
                        "danger": say("You said that you are in danger"),
                        "today": say("You asked for an adult today"),
                        "week": say("You asked for an adult this week"),
                        "nudge": say("A note about your answers"),
                        "priority": say("A note about your answers"),
                    }
                ),
            ),
            "opened_at": Told(say("It began")),
            "state": Told(
                say("What came of it"),
                one_of({"open": say("It waits"), "owned": say("Somebody has it"), "closed": say("It is over")}),
            ),
            "owner_id": Told(say("Who has it")),
            "lapses_at": Told(say("They have it until")),
            **dict.fromkeys(
                ("flag_id", "request_id", "ladder", "step", "version", "since", "waits", "overdue"), TECHNICAL
            ),
        },
        say("What waited for an adult"),
        say("What waits for too long goes on to the next adult."),
    ),
    "go_to": Section(
        {
            "staff_id": Told(say("Who")),
            "place": Told(say("Which"), one_of({1: say("Your first"), 2: say("Your second"), 3: say("For now")})),
            "since": Told(say("Since")),
            "until": Told(say("Until")),
            "ended": Told(
                say("Why it ended"),
                one_of(
                    {
                        "changed": say("You chose another"),
                        "left": say("They have left the school"),
                        "refused": say("They cannot this time"),
                        "back": say("Your go-to was back"),
                    }
                ),
            ),
        },
        say("Your go-to adults"),
    ),
    "campaign_ask": Section(
        {
            "asked_at": Told(say("When")),
            "reminded_at": Told(say("You were asked again")),
            "campaign_id": TECHNICAL,
        },
        say("When you were asked to name go-to adults"),
    ),
    "copy_request": Section(
        {
            "asked_at": Told(say("When")),
            "state": Told(
                say("What came of it"),
                one_of({"asked": _NOT_DECIDED, "sent": say("It was sent"), "declined": say("It was not sent here")}),
            ),
            "staff_id": Told(say("Who decided")),
            "decided_at": Told(say("When they decided")),
        },
        say("When you asked for a copy"),
    ),
    "messages": Section({"done_at": Told(say("When")), "message": Told(say("What it says"))}, say("Messages to you")),
    "signal": Section(
        {
            "as_of": Told(say("Up to your check-in of")),
            "flagged": Told(say("There is a note now"), _yes),
            "model": TECHNICAL,
            "data_sealed": TECHNICAL,
        },
        say("What the program works out from your answers"),
        say("These are numbers. They are in the data of this file."),
    ),
    "draw": Section(
        {
            "at": Told(say("When")),
            "first": Told(say("An adult was told at once"), _yes),
            "group_id": _GROUP_THEN,
            "check_in_id": TECHNICAL,
            "before_sealed": TECHNICAL,
            "after_sealed": TECHNICAL,
        },
        say("When it was left to chance"),
        say("Your answers were near a line. Chance chose if an adult was told at once, or some weeks later."),
    ),
    "outcome": Section({"data_sealed": TECHNICAL, "flag_id": TECHNICAL}),
    "conversation": Section({"data_sealed": TECHNICAL, "version": TECHNICAL}),
}
"""The tables of a copy, in the order of its page."""
