"""Cards about go-tos: how a school stands, who was named, and asking a go-to to check in with a pupil."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from conversations.cards import Card, CardButton
from conversations.model import Phrase, say, say_n

WHOLE_SCHOOL = "school"


@dataclass(frozen=True)
class YearStands:
    """Of one year group, how many pupils have two go-tos, one, and nobody."""

    year: int
    two: int
    one: int
    nobody: int


def coverage_card(years: Sequence[YearStands], named_by_many: int, asking_since: datetime | None) -> Card:
    """How the school stands, for safeguarding leads; `asking_since` while a round is under way."""
    nobody = sum(year.nobody for year in years)
    lines = [
        say(
            "Year {year}: {two} have two, {one} have one, {nobody} have nobody.",
            year=year.year,
            two=year.two,
            one=year.one,
            nobody=year.nobody,
        )
        for year in years
    ]
    if named_by_many:
        lines.append(say_n("{count} adult is named by many.", "{count} adults are named by many.", named_by_many))
    buttons = []
    if nobody:
        buttons.append(CardButton("goto_nobody", WHOLE_SCHOOL, say("Who has nobody")))
    if named_by_many:
        buttons.append(CardButton("goto_many", WHOLE_SCHOOL, say("Named by many")))
    if asking_since is None:
        buttons.append(CardButton("goto_ask", WHOLE_SCHOOL, say("Ask every pupil")))
        return Card(say("Go-to adults"), tuple(lines), buttons=tuple(buttons))
    buttons.append(CardButton("goto_stop", WHOLE_SCHOOL, say("Stop asking")))
    since = say("Pupils are being asked since {at}, and reminded once.", at=asking_since)
    return Card(say("Go-to adults"), tuple(lines), since, tuple(buttons))


def ask_every_pupil_card(waiting: int) -> Card:
    """Asks whether to ask: messages that were sent cannot be taken back. `waiting` have fewer than two."""
    words = say_n(
        "{count} pupil has fewer than two go-tos. Who has joined gets one message now, and one reminder in three "
        "school days if they name nobody.",
        "{count} pupils have fewer than two go-tos. Those who have joined get one message now, and one reminder in "
        "three school days if they name nobody.",
        waiting,
    )
    buttons = (CardButton("goto_ask_yes", WHOLE_SCHOOL, say("Ask them now"), "primary"),)
    return Card(say("Ask every pupil"), (words,), say("What has been sent cannot be taken back."), buttons)


def asking_card(at: datetime) -> Card:
    """That a round has begun."""
    words = say("Pupils are being asked to name two go-tos since {at}. The Home tab shows how it stands.", at=at)
    return Card(say("Go-to adults"), (words,), buttons=(CardButton("goto_stop", WHOLE_SCHOOL, say("Stop asking")),))


def nobody_card(groups: Sequence[tuple[str, Sequence[str]]]) -> Card:
    """Which pupils have nobody: pairs of a tutor group and names; shown in a modal, after the guard."""
    lines = tuple(say("{group}: {names}", group=group, names=", ".join(names)) for group, names in groups)
    note = say("Naming nobody is fine, and means nothing by itself.")
    return Card(say("Who has nobody"), lines or (say("Every pupil has somebody."),), note)


def many_card(named: Sequence[tuple[str, int, str]], many: int) -> Card:
    """Which adults are named by many, most first: a name, a count, and it by year ("7: 12, 8: 3"); shown in a modal."""
    lines = tuple(
        say("{name}: {count} (by year {years})", name=name, count=count, years=years) for name, count, years in named
    )
    note = say("Many is {count} or more here: twice an even share, and never fewer than ten.", count=many)
    return Card(say("Named by many"), lines or (say("Nobody is named by many."),), note)


def named_card(count: int, *, refuses: bool) -> Card:
    """What an adult sees of being a go-to: by how many, and a way to say no."""
    if refuses:
        words = say("You said that you cannot be a go-to now. Pupils are asked for somebody else.")
        again = CardButton("goto_yes", WHOLE_SCHOOL, say("I can be one"))
        return Card(say("Go-to adults"), (words,), buttons=(again,))
    words = say_n("{count} pupil named you as a go-to.", "{count} pupils named you as a go-to.", count)
    no = CardButton("goto_no", WHOLE_SCHOOL, say("I can’t be one"))
    return Card(say("Go-to adults"), (words,), say("You hear who, when one of them would like to talk to you."), (no,))


@dataclass(frozen=True)
class CheckInAsk:
    """That somebody asks a go-to to check in with a pupil; `answer` is "", yes or no."""

    ask: str
    pupil: str
    group: str
    asker: str
    answer: str = ""


def check_in_ask_card(asked: CheckInAsk) -> Card:
    """The card a go-to gets when somebody who knows the pupil asks them to check in."""
    title = say("{pupil} ({group}): could you check in?", pupil=asked.pupil, group=asked.group)
    lines: list[Phrase] = [
        say("{asker} asks whether you could. The pupil named you as a go-to.", asker=asked.asker),
    ]
    if asked.answer == "yes":
        lines.append(say("You said that you will."))
    if asked.answer == "no":
        lines.append(say("You said that you cannot this time."))
    yes = CardButton("asked_yes", asked.ask, say("I will"), "primary")
    no = CardButton("asked_no", asked.ask, say("I can’t"))
    who = CardButton("asked_who", asked.ask, say("Who is it"))
    shown = {"": (yes, no, who), "yes": (no, who), "no": (yes, who)}[asked.answer]
    return Card(title, tuple(lines), say("A hello and a little time are plenty. The reason need not come up."), shown)
