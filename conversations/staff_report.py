"""The words of the report of a school's year, one page for the head and governors. No pupil is in it."""

from __future__ import annotations

from conversations.model import Phrase, say, say_n

LONG = 120


def title() -> Phrase:
    return say("Earshot: the last twelve months")


def answering() -> Phrase:
    """The heading of how many answer, check-in by check-in."""
    return say("The last check-ins: how many finished them, of those they reached")


def too_few() -> Phrase:
    """What stands where fewer than ten pupils were reached."""
    return say("fewer than ten pupils")


def share(percent: int) -> Phrase:
    """How many finished a check-in, beside its bar."""
    return say("{percent} per cent", percent=percent)


def no_check_in() -> Phrase:
    return say("No check-in has been closed yet.")


def requests() -> Phrase:
    return say("Requests for an adult, and what became of them")


def request_names() -> tuple[Phrase, ...]:
    """What became of requests: the columns of their table, the last for all of them."""
    return (say("waiting"), say("taken on"), say("done"), say("all"))


def pupils() -> Phrase:
    return say("Pupils on the school’s list")


def pupil_names() -> tuple[Phrase, ...]:
    """How pupils stand: the columns of their table, the last for all of them."""
    return (say("take part"), say("not joined"), say("stopped"), say("all"))


def decided_line(minutes: int | None) -> Phrase:
    """How soon somebody decided about nudges."""
    if minutes is None:
        return say("How soon nudges were decided on is not told: there were fewer than ten, or half of them wait.")
    return say("Half of the nudges were decided on within {time} of school time.", time=_time(minutes))


def taken_line(minutes: int | None) -> Phrase:
    """How soon somebody took a request."""
    if minutes is None:
        return say("How soon requests were taken is not told: there were fewer than ten, or half of them wait.")
    return say("Half of the requests were taken within {time} of school time.", time=_time(minutes))


def foot() -> tuple[Phrase, ...]:
    """What has to be said under the totals."""
    return (
        say("A number that moves is a reason to ask, not a finding. Stopping is a choice, and no sign of anything."),
        say("Whispers are not counted here."),
    )


def _time(minutes: int) -> Phrase:
    if minutes < LONG:
        return say_n("{count} minute", "{count} minutes", minutes)
    return say_n("{count} hour", "{count} hours", round(minutes / 60))
