"""My check-ins: a pupil's own answers of the last weeks, shown back to them in the words they chose.

Rules
1. Anybody who has joined may ask, also after stopping and after leaving; nobody else sees that they did.
2. Question and answer stand as the pupil met them, in the language they read now. There are no scores, no colours for
   high and low, no average, no arrow, and nobody to compare with.
3. The youngest see the last two check-ins in larger letters, older pupils the last four.
4. The picture says nothing that the words below it do not say: it can be left unseen, or heard.
5. Words typed at "anything else?" are left out, so that a glance over a shoulder does not show them.
6. A question that is no longer in its bank is passed over, as in the check-in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from conversations.asking import asked as shown_item
from conversations.flows import own_copy
from conversations.model import Band, Button, Message, Phrase, ShowAnswers, State, Step, say, say_n
from conversations.own_questions import OwnQuestion
from conversations.wording import way_on

LAST: Mapping[Band, int] = MappingProxyType({"young": 2, "older": 4})
"""How many check-ins are shown."""

# Layout, not language: one below the other, the question before its answer.
_BELOW = "{first}\n{rest}"
_ASKED_AND_ANSWERED = "{question} {answer}"


@dataclass(frozen=True)
class Kept:
    """A check-in as it was put away: when it opened, its bank, its wording, and (item, option or None) as asked.

    `own` are the school's own questions of that time, `language` what the pupil reads now.
    """

    at: datetime
    bank_version: str
    band: Band
    answers: tuple[tuple[str, int | None], ...]
    own: tuple[OwnQuestion, ...] = ()
    language: str = "en"


@dataclass(frozen=True)
class Sheet:
    """One check-in to be shown: when it was, and each question with its answer."""

    at: datetime
    lines: tuple[tuple[Phrase, Phrase], ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "lines": [[question.to_json(), answer.to_json()] for question, answer in self.lines],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Sheet:
        lines = tuple((Phrase.from_json(question), Phrase.from_json(answer)) for question, answer in data["lines"])
        return cls(datetime.fromisoformat(data["at"]), lines)


def button() -> Button:
    return Button(say("My check-ins"), "mine")


def asked(state: State) -> Step:
    """Show a pupil their own answers; what they are is read where they are kept."""
    return Step(state, (ShowAnswers(),))


def sheets(kept: Iterable[Kept], band: Band) -> tuple[Sheet, ...]:
    """Choose what to show, newest first: the last check-ins with an answer, as many as the band is shown."""
    newest = sorted(kept, key=lambda one: one.at, reverse=True)
    shown = (Sheet(one.at, tuple(_lines(one))) for one in newest)
    return tuple(sheet for sheet in shown if sheet.lines)[: LAST[band]]


def heading(shown: tuple[Sheet, ...]) -> Phrase:
    """Say how many check-ins are shown."""
    return say_n("{count} check-in", "{count} check-ins", len(shown))


def in_words(shown: tuple[Sheet, ...]) -> Message:
    """Give what the picture shows as words, for whoever does not see it; or say that there is nothing yet."""
    rows = ((own_copy.button(),), *way_on())
    if not shown:
        nothing = say("Nothing here yet. Your answers will show here after a check-in.")
        return Message((nothing,), say("My check-ins"), rows)
    paragraphs = (
        say("These are your own answers. There is no right or wrong in them."),
        *map(_paragraph, shown),
        say("Words you typed are not in the picture."),
    )
    return Message(paragraphs, say("My check-ins"), rows)


def _paragraph(sheet: Sheet) -> Phrase:
    lines = [
        Phrase(_ASKED_AND_ANSWERED, (("question", question), ("answer", answer))) for question, answer in sheet.lines
    ]
    below = lines[-1]
    for line in reversed(lines[:-1]):
        below = Phrase(_BELOW, (("first", line), ("rest", below)))
    return Phrase(_BELOW, (("first", sheet.at), ("rest", below)))


def _lines(kept: Kept) -> Iterable[tuple[Phrase, Phrase]]:
    for name, option in kept.answers:
        item = shown_item(kept.bank_version, kept.own, name, kept.band, kept.language)
        if item is None or (option is not None and option >= len(item.options)):
            continue
        yield item.stem, say("Skipped") if option is None else item.options[option][0]
