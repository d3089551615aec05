"""What the copy of a member of staff calls each table and column, each code, and each act of the record.

Of rows about pupils only their own part is told: when, what came of it, which colleague. What is not named here is in
no copy of theirs. It is read in a language whose staff surfaces are complete.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from bot.copies.page import Form
from bot.copies.words import Section, Told, Words, one_of
from conversations.model import Phrase, say, verbatim


def _yes_or_no(value: object) -> tuple[Phrase]:
    return (say("Yes") if value else say("No"),)


def _each(words: Mapping[str, Phrase]) -> Words:
    def told(codes: Any) -> Iterable[Phrase]:  # noqa: ANN401 (a cell)
        return tuple(words.get(code, verbatim(code)) for code in codes)

    return told


ROLES: Final = {
    "tutor": say("Tutor"),
    "head_of_year": say("Head of year"),
    "dsl": say("Safeguarding lead"),
    "deputy_dsl": say("Deputy safeguarding lead"),
    "head": say("Head"),
    "counsellor": say("Counsellor"),
    "installer": say("Installer"),
}
_WHY_ENDED: Final = {
    "changed": say("The pupil chose another"),
    "left": say("Left the school"),
    "refused": say("Said no"),
}
_REQUEST: Final = {"open": say("Nobody has taken it"), "owned": say("Somebody has taken it"), "done": say("Talked")}
_SOON: Final = {"today": say("Today"), "week": say("This week")}
_PROMISE: Final = {"today": say("Today"), "tomorrow": say("Tomorrow"), "later": say("The next school day")}
_MET: Final = {"yes": say("Yes"), "not yet": say("Not yet")}
_NUDGE: Final = {
    "new": say("To be decided"),
    "taken": say("Taken"),
    "snoozed": say("Put off"),
    "not_needed": say("Not needed"),
    "done": say("Done"),
}
_ANSWER: Final = {"": say("Not yet"), "yes": say("Yes"), "no": say("No")}
_PLAN: Final = {
    "open": say("To be done"),
    "asked": say("Asked how it went"),
    "help": say("Help was asked for"),
    "done": say("Done"),
    "ended": say("Given up"),
}
_CONTEST: Final = {
    "open": say("To be decided"),
    "stands": say("The nudge stands"),
    "withdrawn": say("The nudge was withdrawn"),
}
_COPY: Final = {"asked": say("To be decided"), "sent": say("Sent"), "declined": say("Not sent")}
KINDS: Final = {
    "danger": say("A pupil in danger"),
    "today": say("A request for today"),
    "week": say("A request for this week"),
    "nudge": say("A nudge"),
    "priority": say("An urgent nudge"),
    "whisper": say("A whisper"),
    "whisper_urgent": say("An urgent whisper"),
}
_CLIMB: Final = {"open": say("It waits"), "owned": say("Somebody has it"), "closed": say("It is over")}

_CAME_OF_IT = say("What came of it")
_WHEN = say("When")
_SINCE = say("Since")
_UNTIL = say("Until")
_DECIDED = say("Decided")

STAFF: Final[Mapping[str, Section]] = {
    "staff": Section(
        {
            "name_sealed": Told(say("Name")),
            "email_sealed": Told(say("E-mail")),
            "slack_user_sealed": Told(say("Number in Slack")),
            "roles": Told(say("Roles"), _each(ROLES)),
            "year": Told(say("Head of which year")),
            "manager_id": Told(say("Line manager")),
            "active": Told(say("In the school’s lists"), _yes_or_no),
            "home_opened_at": Told(say("Home tab last opened")),
            "left_at": Told(say("Left the school")),
        },
        say("Who this is about"),
    ),
    "tutor_group": Section({"name": Told(say("Group")), "year": Told(say("Year"))}, say("Tutor groups")),
    "absence": Section(
        {
            "staff_id": Told(say("Who is away")),
            "cover_id": Told(say("Who stands in")),
            "starts_at": Told(say("From")),
            "ends_at": Told(_UNTIL),
        },
        say("Away"),
    ),
    "one_to_one": Section(
        {
            "term": Told(say("Term from")),
            "staff_id": Told(say("Who is met")),
            "leader_id": Told(say("Who leads")),
            "meets_at": Told(_WHEN),
        },
        say("One-to-ones"),
    ),
    "go_to": Section(
        {"since": Told(_SINCE), "until": Told(_UNTIL), "ended": Told(say("Why it ended"), one_of(_WHY_ENDED))},
        say("When a pupil named you a go-to"),
    ),
    "go_to_refusal": Section({"since": Told(_SINCE)}, say("You are no go-to for now")),
    "request": Section(
        {
            "asked_at": Told(_WHEN),
            "owned_at": Told(say("Taken")),
            "state": Told(_CAME_OF_IT, one_of(_REQUEST)),
        },
        say("Requests you took"),
    ),
    "wish": Section(
        {
            "soon": Told(say("How soon"), one_of(_SOON)),
            "promise": Told(say("You promised"), one_of(_PROMISE)),
            "promised_for": Told(say("By then")),
            "met": Told(say("The pupil said that you met"), one_of(_MET)),
        },
        say("When a pupil asked for you"),
    ),
    "flag": Section(
        {"raised_at": Told(_WHEN), "decided_at": Told(_DECIDED), "state": Told(_CAME_OF_IT, one_of(_NUDGE))},
        say("Nudges you decided on"),
    ),
    "nudge_ask": Section(
        {
            "staff_id": Told(say("Who was asked")),
            "asked_by": Told(say("Who asked")),
            "asked_at": Told(_WHEN),
            "answer": Told(say("Answer"), lambda value: (_ANSWER.get(value, verbatim(str(value))),)),
        },
        say("Check-ins with a pupil that were asked for"),
    ),
    "plan": Section(
        {
            "made_at": Told(_WHEN),
            "due_at": Told(say("To be done by")),
            "closed_at": Told(say("Ended")),
            "state": Told(_CAME_OF_IT, one_of(_PLAN)),
        },
        say("Plans you made"),
    ),
    "contest": Section(
        {"at": Told(_WHEN), "answered_at": Told(_DECIDED), "state": Told(_CAME_OF_IT, one_of(_CONTEST))},
        say("Contests you answered"),
    ),
    "copy_request": Section(
        {"asked_at": Told(_WHEN), "decided_at": Told(_DECIDED), "state": Told(_CAME_OF_IT, one_of(_COPY))},
        say("Copies you decided on"),
    ),
    "escalation": Section(
        {
            "kind": Told(say("What"), one_of(KINDS)),
            "opened_at": Told(_WHEN),
            "lapses_at": Told(say("Yours until")),
            "state": Told(_CAME_OF_IT, one_of(_CLIMB)),
        },
        say("What climbed until you had it"),
    ),
}

ACTS: Final[Mapping[str, Phrase]] = {
    "read name": say("Looked at a pupil’s name"),
    "read nudge": say("Looked at a nudge"),
    "read open nudges": say("Looked at the open nudges"),
    "read plan": say("Looked at a plan"),
    "read request": say("Looked at a request"),
    "read open requests": say("Looked at the open requests"),
    "read ask to check in": say("Looked at who was asked to check in with a pupil"),
    "read copy asked for": say("Looked at a copy that was asked for"),
    "read contest": say("Looked at a contest"),
    "read words": say("Looked at words typed with check-ins"),
    "read unanswered": say("Looked at who had not answered"),
    "read pupils without a go-to": say("Looked at who has no go-to"),
    "read school view": say("Looked at the whole school’s year"),
    "read impact": say("Looked at whether acting helped"),
    "read whisper": say("Read a whisper"),
    "read whispers": say("Looked at the whispers that wait"),
    "read whisper photo": say("Looked at a photo of a whisper"),
    "count whispers": say("Looked at the counts of whispers"),
    "answer whisper": say("Answered a whisper"),
    "close whisper": say("Closed a whisper"),
    "export whisper": say("Exported a whisper"),
    "choose passphrase": say("Chose a passphrase for the desk"),
    "open desk": say("Opened the desk of whispers"),
    "recover desk": say("Recovered a desk"),
    "remove desk lock": say("Removed the lock of the desk"),
    "nudge taken": say("Took a nudge"),
    "nudge snoozed": say("Put a nudge off"),
    "nudge not_needed": say("Said that a nudge is not needed"),
    "nudge passed": say("Passed a nudge to safeguarding"),
    "nudge done": say("Closed a nudge as done"),
    "nudge judged": say("Said why a nudge was not needed"),
    "nudge undone": say("Undid what was decided of a nudge"),
    "nudge withdrawn": say("Withdrew a contested nudge"),
    "contest stands": say("Let a contested nudge stand"),
    "copy agreed to": say("Agreed to a pupil’s copy"),
    "copy declined": say("Declined a pupil’s copy"),
    "plan taken": say("Took a plan"),
    "plan changed": say("Changed a plan"),
    "plan moved": say("Moved a plan to another day"),
    "plan help": say("Asked for help with a plan"),
    "plan done": say("Said that a plan is done"),
    "plan noticed": say("Said what was noticed after a plan"),
    "plan noted": say("Added words to a plan"),
    "plan reopened": say("Reopened a plan"),
    "plan ended": say("Gave a plan up"),
    "group plan made": say("Made a plan for a group"),
    "request owned": say("Took a request"),
    "request promised today": say("Promised to find a pupil today"),
    "request promised tomorrow": say("Promised to find a pupil the next school day"),
    "request done": say("Said that they had talked"),
    "request undone": say("Undid that they had talked"),
    "request passed on": say("Could not take a request"),
    "request handed back": say("Handed a call of danger back"),
    "go-tos asked for": say("Asked pupils for their go-tos"),
    "go-tos asked for no more": say("Ended asking for go-tos"),
    "go-to refused": say("Said no to being a go-to"),
    "go-to again": say("Said yes to being a go-to again"),
    "go-to asked to check in": say("Asked a go-to to check in with a pupil"),
    "asked to check in: yes": say("Said yes to checking in with a pupil"),
    "asked to check in: no": say("Said no to checking in with a pupil"),
    "absence set": say("Noted an absence"),
    "absence ended": say("Ended an absence"),
    "one-to-one set": say("Set a one-to-one"),
    "one-to-one freed": say("Freed a one-to-one’s time"),
    "slack account gone": say("Unlinked a Slack account that is gone"),
    "slack account closed": say("Unlinked a Slack account that was closed"),
    "slack address changed": say("Unlinked a Slack account whose address changed"),
    "person exported": say("Made a copy like this one"),
}
"""What the record calls an act, and how it is told."""


def did_as_staff(did: str) -> Phrase:
    """Say in words what the record calls an act of a member of staff's, or one about them; an unknown one as it is."""
    return ACTS.get(did, verbatim(did))


STAFF_FORM: Final = Form(
    STAFF,
    say("If something is not right, please tell the school office."),
    did_as_staff,
    say("What you did, and what was done with what is yours"),
    say("What Earshot keeps about you"),
)
