"""Plays a dialogue written as text, and gives back the whole transcript with what the bot said and did.

A dialogue is a text file. Its first lines describe who speaks (`# ...` comments, then `person: older, active, ENG`).
Lines of the world are played; all other lines are what came back:

    clock: 2026-11-23 10:00        the time from here on
    pupil: /start                  a command, or words
    pupil code: valid              a join code, as the runner found it
    pupil taps: Skip               the newest button with that label
    pupil tampers: c:...           button data as it is, under the newest message; {id} is the open check-in
    pupil attaches: photo          not words; "photo, with these words" has a caption
    pupil edits: new words         a message changed afterwards
    school: opens SD-IN-1, ...     a wave; also `school: reminds`, `school: closes`
    school closed until: ...       requests are read only then; `school: open` ends it
    staff: Ms Alder takes it       a request was taken
    staff: Ms Alder comes today    or tomorrow, or later; with ", changed" when they had said something else
    staff: Ms Alder cannot, Mr Birch is next       without the second half it goes to the leads
    staff: nobody came, Mr Birch is next
    staff: Ms Alder is gone, Mr Birch stays        a go-to, the first; or nobody stays
    school: asks for go-tos        also `school: reminds of go-tos`
    school: asks whether Ms Alder came
    staff list: Ms Alder, ...      who can be named; `go-tos: Ms Alder, -`, `tutor: Mr Birch`, `leads: none`
    away until: Ms Alder, 2026-12-14   who is away for long (others after ";"); `away until: nobody` afterwards
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from conversations.adults import (
    Adult,
    AdultAnswered,
    Adults,
    Away,
    GoToAway,
    GoToBack,
    GoToGone,
    GoTosAsked,
    MetAsked,
    NameGoTo,
    NobodyReached,
    SayIfMet,
)
from conversations.model import (
    AskForAdult,
    AskForCopy,
    Attachment,
    Bind,
    Button,
    CheckInCloses,
    CheckInId,
    CheckInOpens,
    CheckInReminder,
    CodeGiven,
    Command,
    ContestAnswered,
    ContestNote,
    CopyDecided,
    Edit,
    Edited,
    Effect,
    Event,
    Message,
    Person,
    Phrase,
    ReadAloud,
    RecordCheckIn,
    RequestOwned,
    Send,
    SendCopy,
    SetLanguage,
    SetStatus,
    ShowAnswers,
    ShowNotes,
    State,
    Tap,
    Text,
    Toast,
)
from conversations.own_questions import OwnQuestion, OwnWording
from conversations.router import step

FOLDER = Path(__file__).parent
BANK = "2026-2"
_INDENT = "     "
PLAYED = ("clock:", "pupil", "school", "staff", "go-tos:", "tutor:", "leads:", "away until:")
_REQUEST = "0" * 31 + "7"
OWN = {
    "own:LUNCH-1": OwnQuestion(
        "own:LUNCH-1",
        (
            OwnWording("en", "young", "Where do you sit at lunch?", ("At the edge", "In the middle"), ("🪟", "🎪")),
            OwnWording("en", "older", "Where do you sit at lunch?", ("At the edge", "In the middle")),
            OwnWording("cy", "older", "Ble wyt ti’n eistedd?", ("Ar yr ymyl", "Yn y canol")),
        ),
    )
}
"""A school's own questions, for a check-in to hold."""


def in_english(phrase: Phrase) -> str:
    """Render a phrase as its English source, with its plural chosen and its fields filled."""
    text = phrase.plural if phrase.plural is not None and phrase.count != 1 else phrase.text
    return text.format(**{name: _field(value) for name, value in phrase.params})


def _field(value: str | int | datetime | Phrase) -> str:
    if isinstance(value, Phrase):
        return in_english(value)
    return value.strftime("%A %-d %B, %H:%M") if isinstance(value, datetime) else str(value)


@dataclass
class Stage:
    """One chat: who speaks, where the conversation stands, and the messages on the screen."""

    person: Person | None
    pupil: Person
    now: datetime = datetime(2026, 11, 23, 10, tzinfo=UTC)
    state: State = field(default_factory=State)
    screen: list[Message] = field(default_factory=list)
    slots: dict[str, int] = field(default_factory=dict)
    opened: int = 0

    def play(self, line: str) -> list[str]:
        """Play one line of the world and give the lines that came back."""
        who, _, what = line.partition(": ")
        if who == "clock":
            self.now = datetime.fromisoformat(what).replace(tzinfo=UTC)
            return []
        if who == "school closed until":
            self._learn(talk_when=datetime.fromisoformat(what).replace(tzinfo=UTC))
            return []
        if line == "school: open":
            self._learn(talk_when=None)
            return []
        if who in ("staff list", "go-tos", "tutor", "leads", "away until"):
            self._learn(adults=_known(self.pupil.adults, who, what))
            return []
        event, tapped = self._event(who, what)
        self.now += timedelta(seconds=4)
        person = self.pupil if event == CodeGiven("valid") else self.person
        # Every step is taken by a program that knows nothing but the JSON of the one before.
        state = State.from_json(json.loads(json.dumps(self.state.to_json())))
        if person is not None and isinstance(event, Text):
            found = tuple(one for one in person.adults.everyone if event.text.casefold() in one.name.casefold())
            person = replace(person, adults=replace(person.adults, found=found))
        taken = step(state, event, person, self.now)
        self.state = taken.state
        lines = [line for effect in taken.effects for line in self._carried_out(effect, tapped)]
        return lines or [f"{_INDENT}(nothing)"]

    def _learn(self, **facts: object) -> None:
        self.pupil = replace(self.pupil, **facts)  # type: ignore[arg-type]
        self.person = self.pupil if self.person is not None else None

    def _event(self, who: str, what: str) -> tuple[Event, int | None]:
        match who:
            case "pupil taps":
                at, button = self._button(what)
                return Tap(button.data), at
            case "pupil tampers":
                return Tap(what.replace("{id}", self._check_in())), len(self.screen) - 1
            case "pupil attaches":
                kind, _, caption = what.partition(", with ")
                return Attachment(kind, caption), None
            case "pupil edits":
                return Edited(what), None
            case "pupil code":
                assert what in ("valid", "anothers", "unknown", "used", "expired", "slow_down")
                return CodeGiven(what), None
            case "pupil":
                return (Command(what[1:]) if what.startswith("/") else Text(what)), None
            case "staff":
                return _of_staff(what), None
            case "school":
                return self._school(what), None
        raise AssertionError(f"no such line: {who}: {what}")

    def _school(self, what: str) -> Event:
        if what in ("asks for go-tos", "reminds of go-tos"):
            return GoTosAsked(reminder=what.startswith("reminds"))
        if what.startswith("asks whether "):
            return MetAsked(_REQUEST, 1, what.removeprefix("asks whether ").removesuffix(" came"))
        if what.startswith("reaches nobody"):
            return NobodyReached(danger=what.endswith("in danger"))
        if what == "reminds":
            return CheckInReminder(CheckInId(self._check_in()))
        if what == "closes":
            return CheckInCloses(CheckInId(self._check_in()))
        self.opened += 1
        items = tuple(re.findall(r"(?:own:)?[A-Z0-9-]+", what.removeprefix("opens ")))
        own = tuple(OWN[item] for item in items if item in OWN)
        return CheckInOpens(CheckInId(self._check_in()), BANK, items, self.now + timedelta(days=2), own)

    def _check_in(self) -> str:
        return f"{self.opened:032x}"

    def _button(self, label: str) -> tuple[int, Button]:
        for at in range(len(self.screen) - 1, -1, -1):
            for row in self.screen[at].rows:
                for button in row:
                    if in_english(button.label) == label:
                        return at, button
        raise AssertionError(f"no button {label!r} on the screen")

    def _carried_out(self, effect: Effect, tapped: int | None) -> list[str]:
        match effect:
            case Send(message, slot, lane, expires_at):
                self.screen.append(message)
                if slot is not None:
                    self.slots[slot] = len(self.screen) - 1
                note = "" if lane == "reply" else f" ({lane}{', expires' if expires_at else ''})"
                return _shown(f"bot{note}: ", message)
            case Edit(message, slot):
                at = tapped if slot is None else self.slots[slot]
                assert at is not None
                self.screen[at] = message
                return _shown("bot edits: ", message)
            case Toast(text):
                return [f"toast: {in_english(text)}"]
            case Bind():
                self.person = self.pupil
                return ["does: ties this chat to the pupil"]
            case SetStatus(status):
                self._learn(status=status)
                return [f"does: sets status to {status}"]
            case SetLanguage(language):
                self._learn(language=language)
                return [f"does: sets language to {language}"]
            case ShowAnswers():
                return ["does: shows the pupil their own answers"]
            case AskForCopy():
                return ["does: asks staff for a copy of what is kept"]
            case SendCopy():
                return ["does: sends the copy as a file"]
            case ShowNotes():
                return ["does: shows what can be said to be not right"]
            case ContestNote():
                return ["does: notes that a note is contested"]
            case ReadAloud(lines):
                return [f"reads aloud: {' / '.join(map(in_english, lines))}"]
            case RecordCheckIn():
                return [_recorded(effect)]
            case AskForAdult(danger, adult, soon):
                if danger:
                    return ["does: tells every safeguarding lead (danger)"]
                return [f"does: tells {self._named(adult)}{'' if soon == 'today' else ' (this week)'}"]
            case NameGoTo(3, adult):
                self._learn(adults=replace(self.pupil.adults, for_now=self._adult(adult)))
                return [f"does: names {self._named(adult)} for now"]
            case NameGoTo(place, adult):
                gotos = list(self.pupil.adults.gotos)
                gotos[place - 1] = self._adult(adult)
                self._learn(adults=replace(self.pupil.adults, gotos=tuple(gotos)))
                return [f"does: names {self._named(adult)} as go-to {place}"]
            case SayIfMet(_, promise, met):
                return [f"does: notes of promise {promise} that they {'met' if met else 'have not met yet'}"]

    def _adult(self, adult: str) -> Adult:
        return next(one for one in self.pupil.adults.everyone if one.id == adult)

    def _named(self, adult: str) -> str:
        adults = self.pupil.adults
        known = {one.id: one.name for one in (*adults.askable(), *adults.everyone)}
        return known.get(adult, "the leads")


def _known(adults: Adults, what: str, names: str) -> Adults:
    """Take in what a line says of the adults around the pupil."""
    if what == "leads":
        return replace(adults, leads=names != "none")
    if what == "away until" and names == "nobody":
        return replace(adults, away=(), for_now=None)
    if what == "away until":
        known = {one.name: one.id for one in (*adults.everyone, *adults.gotos) if one is not None}
        each = (one.rpartition(", ") for one in names.split("; "))
        return replace(adults, away=tuple(Away(known[name], date.fromisoformat(day)) for name, _, day in each))
    people = tuple(Adult(name.encode().hex().rjust(32, "0")[-32:], name) for name in names.split(", "))
    if what == "staff list":
        return replace(adults, everyone=people)
    if what == "tutor":
        return replace(adults, tutor=people[0])
    first, second = (None if one.name == "-" else one for one in people)
    return replace(adults, gotos=(first, second))


def _of_staff(what: str) -> Event:
    name, _, deed = what.rpartition(" ")
    match deed:
        case "agrees" | "declines":
            return CopyDecided("0" * 32, name, yes=deed == "agrees")
        case "confirms" | "withdraws":
            return ContestAnswered(name, stands=deed == "confirms")
    first, _, second = what.partition(", ")
    next_one, stays = second.removesuffix(" is next"), second.removesuffix(" stays")
    if first == "danger is the leads' again":
        return AdultAnswered("asked again", "", changed=True, danger=True)
    if first == "nobody answers":
        return AdultAnswered("unanswered", "")
    if first == "nobody came":
        return AdultAnswered("asked again", "", next_one, changed=True)
    if first.endswith(" takes it"):
        return RequestOwned(first.removesuffix(" takes it"))
    if first.endswith(" cannot"):
        return AdultAnswered("passed", first.removesuffix(" cannot"), next_one)
    if first.endswith(" is back"):
        return GoToBack(first.removesuffix(" is back"))
    if " is away until " in first:
        name, _, day = first.partition(" is away until ")
        return GoToAway(name, date.fromisoformat(day), second.removesuffix(" is asked first"))
    if first.endswith(" is gone"):
        return GoToGone(1, first.removesuffix(" is gone"), "" if second == "nobody stays" else stays)
    name, _, when = first.partition(" comes ")
    assert when in ("today", "tomorrow", "later")
    return AdultAnswered(when, name, changed=second == "changed")


def _shown(start: str, message: Message) -> list[str]:
    lines = [f"*{in_english(message.title)}*"] if message.title else []
    lines += [in_english(paragraph) for paragraph in message.paragraphs]
    lines += [" ".join(_label(button) for button in row) for row in message.rows]
    return [start + lines[0], *(_INDENT + line for line in lines[1:])]


def _label(button: Button) -> str:
    return f"[{button.picture} {in_english(button.label)}]" if button.picture else f"[{in_english(button.label)}]"


def _recorded(record: RecordCheckIn) -> str:
    answers = " ".join(
        f"{answer.item}={'skipped' if answer.option is None else answer.option}/{answer.ms}ms"
        for answer in record.answers
    )
    words = f", words: {record.words}" if record.words else ""
    return f"does: puts the check-in away as {record.ending}: {answers or 'no answers'}{words}"


def transcript(script: str) -> str:
    """Play the lines of the world in a dialogue and write the whole of it anew."""
    lines = script.splitlines()
    described = next(line for line in lines if line.startswith("person: ")).removeprefix("person: ")
    stage = _stage(described)
    out: list[str] = []
    for line in lines:
        if line.startswith(("#", "person: ")):
            out.append(line)
        elif line.startswith(PLAYED):
            out += ["", line, *stage.play(line)]
    return "\n".join(out) + "\n"


def _stage(described: str) -> Stage:
    band, status, nation, *languages = described.split(", ")
    assert band in ("young", "older")
    stranger, hears, held = status == "stranger", "hears" in languages, "held" in languages
    languages = [language for language in languages if language not in ("hears", "held")]
    assert stranger or status in ("invited", "active", "stopped", "left")
    pupil = Person(
        band=band,
        language="en",
        languages=tuple(languages) or ("en",),
        nation=nation,
        status="invited" if stranger else status,
        hears=hears,
        held=held,
    )
    return Stage(None if stranger else pupil, pupil)
