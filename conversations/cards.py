"""What staff read: cards as plain data, for Slack or any other place that can show words and buttons.

Few words, for history lasts: initials and tutor group, never an answer. A button's `action` is one of ACTIONS; its
`value` is the id of what it acts on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from conversations.actions import Action, safeguarding_note
from conversations.model import Phrase, say, say_n, verbatim

ACTIONS = (
    "nudge_take",
    "nudge_snooze",
    "nudge_not_needed",
    "nudge_done",
    "nudge_undo",
    "nudge_who",
    "nudge_ideas",
    "request_own",
    "request_done",
    "request_back",
    "request_who",
    "unanswered_show",
    "words_show",
    "copy_send",
    "copy_decline",
    "copy_who",
    "contest_stands",
    "contest_withdraw",
    "contest_who",
)
RECENT = "recent"
Style = Literal["plain", "primary", "danger"]


@dataclass(frozen=True)
class CardButton:
    """A button on a card."""

    action: str
    value: str
    label: Phrase
    style: Style = "plain"


@dataclass(frozen=True)
class Card:
    """A title, a few lines, a quiet note below, and buttons. Lines hold plain text, no markup."""

    title: Phrase
    lines: tuple[Phrase, ...] = ()
    note: Phrase | None = None
    buttons: tuple[CardButton, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "title": self.title.to_json(),
            "lines": [line.to_json() for line in self.lines],
            "note": self.note.to_json() if self.note else None,
            "buttons": [[one.action, one.value, one.label.to_json(), one.style] for one in self.buttons],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Card:
        return cls(
            Phrase.from_json(data["title"]),
            tuple(Phrase.from_json(line) for line in data["lines"]),
            Phrase.from_json(data["note"]) if data["note"] else None,
            tuple(
                CardButton(action, value, Phrase.from_json(label), style)
                for action, value, label, style in data["buttons"]
            ),
        )


@dataclass(frozen=True)
class Nudge:
    """What a nudge card tells of a flag: ids in hexadecimal, the pupil by initials (or name, as the school chose).

    `ideas` are the titles of suggested actions, the best first.
    """

    flag: str
    pupil: str
    group: str
    reasons: tuple[Phrase, ...]
    ideas: tuple[Phrase, ...] = ()
    priority: bool = False
    state: Literal["new", "taken", "snoozed", "not_needed", "done"] = "new"
    owner: str = ""
    until: datetime | None = None
    contested: bool = False


def nudge_card(nudge: Nudge) -> Card:
    """The card a tutor gets for a flag, and what it becomes once somebody decided."""
    title = (
        say("{pupil} ({group}): please look soon", pupil=nudge.pupil, group=nudge.group)
        if nudge.priority
        else say("{pupil} ({group}): a change in pattern", pupil=nudge.pupil, group=nudge.group)
    )
    advice = say("Advisory only: a pattern, not a diagnosis. You know this pupil; trust what you see.")
    who = CardButton("nudge_who", nudge.flag, say("Who is it"))
    if nudge.contested:
        line = say("The pupil or their family says that this is not right. A safeguarding lead answers them.")
        return Card(title, (line,), advice, (who,))
    how = CardButton("nudge_ideas", nudge.flag, say("How to"))
    buttons = (CardButton("nudge_undo", nudge.flag, say("Undo")), who)
    if nudge.state == "taken":
        done = CardButton("nudge_done", nudge.flag, say("Done"), "primary")
        lines = (*nudge.reasons, say("Taken by {owner}.", owner=nudge.owner))
        return Card(title, (*lines, *_ideas(nudge)), advice, (done, how, *buttons))
    if nudge.state == "done":
        return Card(title, (*nudge.reasons, say("Done by {owner}.", owner=nudge.owner)), advice, buttons)
    if nudge.state == "snoozed" and nudge.until is not None:
        line = say("Snoozed by {owner} until {until}.", owner=nudge.owner, until=nudge.until)
        return Card(title, (*nudge.reasons, line), advice, buttons)
    if nudge.state == "not_needed":
        return Card(title, (*nudge.reasons, say("Not needed, says {owner}.", owner=nudge.owner)), advice, buttons)
    return Card(
        title,
        (*nudge.reasons, *_ideas(nudge)),
        advice,
        (
            CardButton("nudge_take", nudge.flag, say("I’ll take this"), "primary"),
            CardButton("nudge_snooze", nudge.flag, say("Snooze a week")),
            CardButton("nudge_not_needed", nudge.flag, say("Not needed")),
            how,
            who,
        ),
    )


def _ideas(nudge: Nudge) -> tuple[Phrase, ...]:
    return tuple(say("Ten minutes that may help: {idea}", idea=idea) for idea in nudge.ideas)


def ideas_card(actions: Sequence[Action]) -> Card:
    """How to do the suggested actions; shown in a modal, after the guard."""
    lines: list[Phrase] = []
    for number, action in enumerate(actions, start=1):
        lines += [
            say("{number}. {title}", number=number, title=say(action.title)),
            say(action.do),
            say("Say: “{words}”", words=say(action.say)),
            say("Rather not: “{words}”", words=say(action.not_say)),
            say("Why: {why} ({source})", why=say(action.why), source=verbatim(action.source.short)),
            say("Afterwards: {look_for}", look_for=say(action.look_for)),
        ]
    return Card(say("Ten minutes that may help"), tuple(lines), safeguarding_note())


@dataclass(frozen=True)
class Response:
    """How far one tutor group has answered one wave: counts of pupils; `wave` and `group_id` in hexadecimal.

    For the whole school `group` is its name and `group_id` is empty: who did not answer is not the head's to see.
    """

    wave: str
    group_id: str
    group: str
    answered: int
    asked: int
    undelivered: int
    closes_at: datetime
    closed: bool


def response_lines(response: Response) -> tuple[Phrase, ...]:
    """Say how many answered, and how many the check-in never reached."""
    lines = [
        say_n(
            "{answered} of {count} answered.",
            "{answered} of {count} answered.",
            response.asked,
            answered=response.answered,
        )
    ]
    if response.undelivered:
        lines.append(say_n("It did not reach {count} phone.", "It did not reach {count} phones.", response.undelivered))
    return tuple(lines)


def wave_card(response: Response) -> Card:
    """The card a tutor gets when a wave closes."""
    return Card(
        say("{group}: check-in closed", group=response.group),
        response_lines(response),
        say("Not answering is fine, and means nothing by itself."),
        _who_button(response),
    )


def _who_button(response: Response) -> tuple[CardButton, ...]:
    if response.answered >= response.asked or not response.group_id:
        return ()
    return (CardButton("unanswered_show", f"{response.wave}:{response.group_id}", say("Who did not")),)


@dataclass(frozen=True)
class AskedFor:
    """What a safeguarding lead is told of a request to talk; `owner` is set once somebody took it, `done` once met."""

    request: str
    pupil: str
    group: str
    danger: bool
    asked_at: datetime
    owner: str = ""
    done: bool = False


def request_card(asked: AskedFor) -> Card:
    """The card every safeguarding lead gets when a pupil asks for an adult, and what it becomes once owned."""
    if asked.danger:
        title = say("Urgent: {pupil} ({group}) may be in danger", pupil=asked.pupil, group=asked.group)
        line = say(
            "At {asked_at} they said so, or wrote words that may mean it. They were shown who to ring at once.",
            asked_at=asked.asked_at,
        )
    else:
        title = say("{pupil} ({group}) asks to talk to someone", pupil=asked.pupil, group=asked.group)
        line = say("They asked at {asked_at}.", asked_at=asked.asked_at)
    who = CardButton("request_who", asked.request, say("Who is it"))
    if asked.done:
        return Card(title, (line, say("{owner} has talked with them.", owner=asked.owner)), buttons=(who,))
    if asked.owner:
        owned = say("{owner} owns this. The pupil has been told.", owner=asked.owner)
        met = CardButton("request_done", asked.request, say("We have talked"), "primary")
        back = CardButton("request_back", asked.request, say("Hand it back"))
        return Card(title, (line, owned), buttons=(met, back, who))
    own = CardButton("request_own", asked.request, say("I own this"), "danger" if asked.danger else "primary")
    return Card(
        title, (line,), say("This comes again to every safeguarding lead until one of you owns it."), (own, who)
    )


@dataclass(frozen=True)
class Waiting:
    """What waits in a school: counts of cases that are open, owned, and overdue."""

    open: int
    owned: int
    overdue: int


def daily_card(waiting: Waiting, now: datetime) -> Card:
    """The line that safeguarding leads get as each school day begins."""
    return Card(
        say("What waits today"),
        (
            say(
                "{open} open, {owned} owned, {overdue} overdue.",
                open=waiting.open,
                owned=waiting.owned,
                overdue=waiting.overdue,
            ),
        ),
        say("Counted at {at} by a check of its own. If this line stays away, ask whoever runs Earshot.", at=now),
    )


def who_card(name: str, group: str) -> Card:
    """Which pupil a card is about, in full; shown in a modal, after the guard."""
    return Card(say("Who is it"), (say("{name} ({group})", name=name, group=group),))


def unanswered_card(group: str, names: tuple[tuple[str, str], ...]) -> Card:
    """Who did not answer: pairs of a pupil's name and the check-in's state; shown in a modal, after the guard."""
    states = {
        "partial": say("began, did not finish"),
        "undelivered": say("it did not reach their phone"),
        "open": say("not yet"),
        "missed": say("no answer"),
    }
    return Card(
        say("{group}: not answered", group=group),
        tuple(say("{name}: {state}", name=name, state=states.get(state, verbatim(state))) for name, state in names)
        or (say("Everybody answered."),),
        say("Not answering is fine, and means nothing by itself."),
    )


def words_waiting_card(count: int) -> Card:
    """How many pupils added words to a check-in in the last fortnight; the words are behind the guarded button."""
    return Card(
        say("Words with check-ins"),
        (
            say_n(
                "{count} pupil added words in the last two weeks.",
                "{count} pupils added words in the last two weeks.",
                count,
            ),
        ),
        buttons=(CardButton("words_show", RECENT, say("Read them")),),
    )


def words_card(words: tuple[tuple[str, str, str], ...]) -> Card:
    """The words themselves: a pupil's name, tutor group and words; shown in a modal, after the guard."""
    return Card(
        say("Words with check-ins"),
        tuple(say("{name} ({group}): {words}", name=name, group=group, words=text) for name, group, text in words)
        or (say("No pupil added words in the last two weeks."),),
        say("Pupils were told that safeguarding leads can read these, and when."),
    )


def home_cards(
    responses: tuple[Response, ...], nudges: tuple[Nudge, ...], requests: tuple[AskedFor, ...], words: int = 0
) -> tuple[Card, ...]:
    """The Home tab: requests first, then words, nudges still to be decided, and how far each group has answered."""
    cards = [request_card(asked) for asked in requests]
    if words:
        cards.append(words_waiting_card(words))
    cards += [nudge_card(nudge) for nudge in nudges]
    for response in responses:
        when = (
            say("Closed {at}.", at=response.closes_at)
            if response.closed
            else say("Open until {at}.", at=response.closes_at)
        )
        cards.append(Card(verbatim(response.group), response_lines(response), when, _who_button(response)))
    return tuple(cards) or (quiet_card(),)


def quiet_card() -> Card:
    """An empty Home tab."""
    return Card(say("Nothing here yet"), (say("What is yours to see will show here: check-ins, nudges, requests."),))


def stranger_card() -> Card:
    """What somebody sees whose e-mail address is not that of a member of staff here."""
    return Card(
        say("Earshot does not know you yet"),
        (say("Your Slack e-mail address is not on the school’s staff list. Ask whoever set Earshot up to add it."),),
    )
