"""What staff read: cards as plain data, for Slack or any other place that can show words and buttons.

Few words, for history lasts: initials and tutor group, never an answer. A button's `action` is one of ACTIONS; its
`value` is the id of what it acts on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conversations.card import Card as Card
from conversations.card import CardButton as CardButton
from conversations.model import Phrase, say, say_n, verbatim
from conversations.staff_nudges import Nudge as Nudge
from conversations.staff_nudges import ideas_card as ideas_card
from conversations.staff_nudges import nudge_card as nudge_card

ACTIONS = (
    "nudge_take",
    "nudge_snooze",
    "nudge_not_needed",
    "nudge_why_known",
    "nudge_why_explained",
    "nudge_why_not_seen",
    "nudge_why_answers",
    "nudge_pass",
    "nudge_done",
    "nudge_undo",
    "nudge_who",
    "nudge_ideas",
    "nudge_figures",
    "plan_change",
    "plan_done",
    "plan_not_yet",
    "plan_help",
    "plan_helped",
    "plan_no_change",
    "plan_worried",
    "plan_words",
    "plan_ideas",
    "plan_take",
    "plan_undo",
    "group_plan",
    "home_page",
    "away_set",
    "away_other",
    "away_end",
    "meet_pick",
    "meet_more",
    "meet_free",
    "request_own",
    "request_today",
    "request_tomorrow",
    "request_cannot",
    "request_done",
    "request_undo",
    "request_back",
    "request_who",
    "nudge_goto",
    "asked_yes",
    "asked_no",
    "asked_who",
    "goto_ask",
    "goto_ask_yes",
    "goto_stop",
    "goto_nobody",
    "goto_many",
    "goto_no",
    "goto_yes",
    "unanswered_show",
    "words_show",
    "copy_send",
    "copy_decline",
    "copy_who",
    "contest_stands",
    "contest_withdraw",
    "contest_who",
    "school_show",
    "impact_show",
)
RECENT = "recent"
# A Home tab takes a hundred blocks; a nudge with two go-tos to ask has four, what lists people or whispers six.
HOME_PAGE = 20


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
    if not response.group_id:
        # Of the whole school there are totals to see, and nobody's name.
        return (
            CardButton("school_show", RECENT, say("The year in pictures")),
            CardButton("impact_show", RECENT, say("Did acting help?")),
        )
    if response.answered >= response.asked:
        return ()
    return (CardButton("unanswered_show", f"{response.wave}:{response.group_id}", say("Who did not")),)


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
        "absent": say("was not at school"),
        "cut_off": say("the bot or the phones may have been out of reach"),
        "replaced": say("another check-in took its place"),
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
    responses: tuple[Response, ...],
    nudges: tuple[Card, ...],
    requests: tuple[Card, ...],
    words: int = 0,
    plans: tuple[Card, ...] = (),
) -> tuple[Card, ...]:
    """The Home tab: requests first, then words, nudges to be decided, plans, and how far each group has answered."""
    cards = list(requests)
    if words:
        cards.append(words_waiting_card(words))
    cards += nudges
    cards += plans
    cards += response_cards(responses)
    return tuple(cards) or (quiet_card(),)


def response_cards(responses: tuple[Response, ...]) -> tuple[Card, ...]:
    """How far each group has answered, a card each."""
    cards = []
    for response in responses:
        when = (
            say("Closed {at}.", at=response.closes_at)
            if response.closed
            else say("Open until {at}.", at=response.closes_at)
        )
        plan = (CardButton("group_plan", response.group_id, say("Plan for the group")),) if response.group_id else ()
        cards.append(Card(verbatim(response.group), response_lines(response), when, (*_who_button(response), *plan)))
    return tuple(cards)


def home_pages(cards: tuple[Card, ...], page: int) -> tuple[Card, ...]:
    """Give one page of a Home tab, the last for a number past it, with the way to its neighbours."""
    last = max(0, len(cards) - 1) // HOME_PAGE
    page = min(page, last)
    shown = cards[page * HOME_PAGE : (page + 1) * HOME_PAGE]
    if not last:
        return shown
    turns = (
        *((CardButton("home_page", str(page - 1), say("Page before")),) if page else ()),
        *((CardButton("home_page", str(page + 1), say("Next page")),) if page < last else ()),
    )
    return (*shown, Card(say("Page {page} of {last}", page=page + 1, last=last + 1), buttons=turns))


def quiet_card() -> Card:
    """An empty Home tab."""
    return Card(say("Nothing here yet"), (say("What is yours to see will show here: check-ins, nudges, requests."),))


def stranger_card() -> Card:
    """What somebody sees whose e-mail address is not that of a member of staff here."""
    return Card(
        say("Earshot does not know you yet"),
        (say("Your Slack e-mail address is not on the school’s staff list. Ask whoever set Earshot up to add it."),),
    )
