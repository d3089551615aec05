"""The words of the engine: Event (what happened), Effect (what to do), State, Step. What is said: `conversations.said`.

Everything is frozen plain data and survives JSON, so a state can be put away after any step and read again in another
process, by another version of this program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, NewType

from conversations.adults import LEADS, NO_ADULTS, Adults, FromAdults, NameGoTo, SayIfMet, Soon
from conversations.own_questions import OwnQuestion
from conversations.said import Button as Button
from conversations.said import Message as Message
from conversations.said import Phrase as Phrase
from conversations.said import moment as moment
from conversations.said import say as say
from conversations.said import say_n as say_n
from conversations.said import verbatim as verbatim

CheckInId = NewType("CheckInId", str)
Band = Literal["young", "older"]
PupilStatus = Literal["invited", "active", "stopped", "left"]
Lane = Literal["urgent", "reply", "bulk"]


# --- what happened ----------------------------------------------------------------------------------------------------

CodeOutcome = Literal["valid", "anothers", "unknown", "used", "expired", "slow_down"]


@dataclass(frozen=True)
class Command:
    """A command such as /menu; `name` has no slash and is lower case."""

    name: str


@dataclass(frozen=True)
class CodeGiven:
    """A join code arrived (by /start CODE or typed); the runner has looked it up.

    "anothers" is a good code of another pupil than the one who has joined in this chat.
    """

    outcome: CodeOutcome


@dataclass(frozen=True)
class Text:
    """Words typed by the person."""

    text: str


@dataclass(frozen=True)
class Tap:
    """A button was tapped; `data` may be old, doubled, forwarded or forged."""

    data: str


@dataclass(frozen=True)
class Attachment:
    """Anything that is not text: a sticker, photo, voice note, poll and so on; `caption` is what was typed with it."""

    kind: str
    caption: str = ""


@dataclass(frozen=True)
class Edited:
    """The person changed a message sent before; `text` is how it reads now."""

    text: str = ""


@dataclass(frozen=True)
class CheckInOpens:
    """A wave reached this pupil: begin the check-in; `own` are those of its items that are the school's own."""

    check_in: CheckInId
    bank_version: str
    items: tuple[str, ...]
    closes_at: datetime
    own: tuple[OwnQuestion, ...] = ()


@dataclass(frozen=True)
class CheckInReminder:
    """The one reminder of a check-in fell due."""

    check_in: CheckInId


@dataclass(frozen=True)
class CheckInCloses:
    """The wave of this check-in closed."""

    check_in: CheckInId


@dataclass(frozen=True)
class RequestOwned:
    """A member of staff took this pupil's request to talk."""

    staff_name: str


@dataclass(frozen=True)
class CopyDecided:
    """A member of staff decided on the copy this pupil asked for; `copy` is its id in hexadecimal."""

    copy: str
    staff_name: str
    yes: bool


@dataclass(frozen=True)
class ContestAnswered:
    """A safeguarding lead answered about a note this pupil had contested."""

    staff_name: str
    stands: bool


Event = (
    Command
    | CodeGiven
    | Text
    | Tap
    | Attachment
    | Edited
    | CheckInOpens
    | CheckInReminder
    | CheckInCloses
    | RequestOwned
    | CopyDecided
    | ContestAnswered
    | FromAdults
)


@dataclass(frozen=True)
class Person:
    """What a step may know of whom it speaks with; a stranger (a chat that has not joined) is `None` in its place.

    `talk_when` says when staff will next read a request: None inside school hours, else the next school day's start.
    `held` says that a guardian has the check-ins stopped, `hears` that questions can be read aloud to them. `adults`
    are known when the event needs them.
    """

    band: Band
    language: str
    languages: tuple[str, ...]
    nation: str
    status: PupilStatus
    talk_when: datetime | None = None
    held: bool = False
    hears: bool = False
    adults: Adults = NO_ADULTS


# --- what to do -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Send:
    """Send a new message to this person; `slot` names it, so that it can be edited later."""

    message: Message
    slot: str | None = None
    lane: Lane = "reply"
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Edit:
    """Replace the text and buttons of the message in `slot`; None means the message that was tapped."""

    message: Message
    slot: str | None = None
    lane: Lane = "reply"


@dataclass(frozen=True)
class Toast:
    """A line that shows briefly where the button was tapped."""

    text: Phrase


@dataclass(frozen=True)
class Bind:
    """Tie this chat to the pupil of the valid code just given, and spend the code."""


@dataclass(frozen=True)
class SetStatus:
    """Change whether check-ins are sent."""

    status: PupilStatus


@dataclass(frozen=True)
class SetLanguage:
    """Change the person's language."""

    language: str


@dataclass(frozen=True)
class Answer:
    """One tap: the item, the option (0 is the first shown) or None when skipped, and how long it took in ms."""

    item: str
    option: int | None
    ms: int


@dataclass(frozen=True)
class RecordCheckIn:
    """Put away a check-in that ended: "answered" (all items seen), "partial" (it closed half-way), "missed"."""

    check_in: CheckInId
    ending: Literal["answered", "partial", "missed"]
    answers: tuple[Answer, ...]
    words: str = ""


@dataclass(frozen=True)
class AskForAdult:
    """Tell an adult (an id in hexadecimal, or the leads) that this pupil asks for them.

    `danger` goes to all the safeguarding leads until owned, whoever `adult` is.
    """

    danger: bool
    adult: str = LEADS
    soon: Soon = "today"


@dataclass(frozen=True)
class ShowAnswers:
    """Show this pupil their own answers of the last check-ins, as a picture and in words."""


@dataclass(frozen=True)
class AskForCopy:
    """Ask staff for a copy of what is kept about this pupil."""


@dataclass(frozen=True)
class SendCopy:
    """Send this pupil the copy that was agreed to, as a file; `copy` is its id in hexadecimal."""

    copy: str


@dataclass(frozen=True)
class ShowNotes:
    """Show this pupil what they can say is not right."""


@dataclass(frozen=True)
class ContestNote:
    """Note that this pupil says a note about them is not right; `note` is its id in hexadecimal."""

    note: str


@dataclass(frozen=True)
class ReadAloud:
    """Read lines aloud to this person in a voice message; in `language`, else in their own."""

    lines: tuple[Phrase, ...]
    language: str | None = None


Effect = (
    Send
    | Edit
    | Toast
    | Bind
    | SetStatus
    | SetLanguage
    | RecordCheckIn
    | AskForAdult
    | ShowAnswers
    | AskForCopy
    | SendCopy
    | ShowNotes
    | ContestNote
    | ReadAloud
    | NameGoTo
    | SayIfMet
)


# --- where a conversation stands --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OpenCheckIn:
    """A check-in under way, pinned to the version of the item bank it began with.

    `position` counts the items passed; equal to len(items) it waits at "anything else?". `asked_at` is when the current
    item was shown. `started` turns true with the first tap, `reminded` with the reminder. `own` holds the words of the
    school's own questions among the items.
    """

    check_in: CheckInId
    bank_version: str
    items: tuple[str, ...]
    closes_at: datetime
    asked_at: datetime
    position: int = 0
    answers: tuple[Answer, ...] = ()
    started: bool = False
    reminded: bool = False
    own: tuple[OwnQuestion, ...] = ()

    def to_json(self) -> dict[str, Any]:
        own = {"own": [question.to_json() for question in self.own]} if self.own else {}
        return {
            **own,
            "id": self.check_in,
            "bank": self.bank_version,
            "items": list(self.items),
            "closes": self.closes_at.isoformat(),
            "asked": self.asked_at.isoformat(),
            "at": self.position,
            "answers": [[answer.item, answer.option, answer.ms] for answer in self.answers],
            "started": self.started,
            "reminded": self.reminded,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> OpenCheckIn:
        return cls(
            check_in=CheckInId(data["id"]),
            bank_version=data["bank"],
            items=tuple(data["items"]),
            closes_at=datetime.fromisoformat(data["closes"]),
            asked_at=datetime.fromisoformat(data["asked"]),
            position=data["at"],
            answers=tuple(Answer(*answer) for answer in data["answers"]),
            started=data["started"],
            reminded=data.get("reminded", False),
            own=tuple(OwnQuestion.from_json(question) for question in data.get("own", ())),
        )


@dataclass(frozen=True)
class State:
    """Where one person's conversation stands.

    `awaiting` names the flow and step that the next typed words belong to ("" when none does). `version` grows by one
    with every step that changes anything.
    """

    awaiting: str = ""
    check_in: OpenCheckIn | None = None
    version: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "awaiting": self.awaiting,
            "check_in": self.check_in.to_json() if self.check_in else None,
            "version": self.version,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> State:
        check_in = data.get("check_in")
        return cls(
            awaiting=data.get("awaiting", ""),
            check_in=OpenCheckIn.from_json(check_in) if check_in else None,
            version=data.get("version", 0),
        )


@dataclass(frozen=True)
class Step:
    """What one event led to: the next state, and the effects in the order they are to be carried out."""

    state: State
    effects: tuple[Effect, ...] = field(default=())

    def also(self, *effects: Effect) -> Step:
        """Add effects after those already there."""
        return replace(self, effects=self.effects + effects)
