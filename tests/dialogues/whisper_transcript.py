"""Plays a dialogue with Whisper, written as text, on its real path and stores, and gives back the whole transcript.

Lines of the world are played; all other lines are what came back.

    clock: +11 minutes             time passes
    earshot: starts again          the process ends, and another begins
    pupil: /whisper                a command, or words
    pupil taps: Whisper this       the newest button of that label
    pupil taps the first: ...      the oldest one
    pupil attaches: album          not words: see ATTACHED
    pupil edits: new words         the newest message, changed
    pupil writes much: 3           as many messages of the greatest length
    pupil types: the six words     of this whisper, or wrong ones: see RECEIPTS
    pupil taps a word: right       of the words that stand to choose from, or: wrong
    another taps: See replies      the pupil's newest button of that label, from a chat that it was forwarded to
    telegram: delivers it again    what came last
    earshot dies after sealing: hi words are sealed, nothing is answered, the process begins anew, they come again
    school: opens a check-in       at its first question
    store: locked                  what ails it, until: store: well (see Ails)
    lead: replies Thank you        or: asks Where?, closes helped, lets go (what was closed is purged)

“holds” is what waits in memory, “sealed” what a reader can open then, and “main” that the main path answers.
"""

from __future__ import annotations

import io
import re
import sqlite3
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import event

from benchmarks.whisper_town import Killed, Town
from conversations.model import Button, Message
from conversations.whisper_choice import Choice
from store.whisper_care import purge
from store.whisper_desk import change, open_thread, queue, readers_of, say
from store.whisper_sealing import new_receipt, words_of, words_of_code
from tests.bot.whisper.chats import check_in_opens
from tests.dialogues.transcript import in_english
from tests.factories import NOW

FOLDER = Path(__file__).parent / "whisper"
PLAYED = re.compile(
    r"^(?P<who>clock|earshot|pupil|pupil taps|pupil taps the first|pupil attaches|pupil edits|pupil writes much"
    r"|pupil types|pupil taps a word|another taps|telegram|earshot dies after sealing|school|store|lead): (?P<what>.*)$"
)
_PHOTO: dict[str, Any] = {"photo": [{"file_id": "one", "file_size": 500}]}
_LARGE = 50 << 20
ATTACHED: dict[str, list[dict[str, Any]]] = {
    "photo": [_PHOTO],
    "album": [{**_PHOTO, "media_group_id": "1"}] * 3,
    "eight photos": [_PHOTO] * 8,
    "sticker": [{"sticker": {"file_id": "one"}}],
    "voice note": [{"voice": {"file_id": "one"}}],
    "file of 50 MB": [{"document": {"file_id": "one", "file_size": _LARGE}}],
    "picture of 50 MB": [{"document": {"file_id": "one", "file_size": _LARGE, "mime_type": "image/png"}}],
    "photo that is none": [{"photo": [{"file_id": "none", "file_size": 500}]}],
    "photo that is none, with words": [{"photo": [{"file_id": "none", "file_size": 500}], "caption": "this is him"}],
    "photo with words": [{**_PHOTO, "caption": "look at this"}],
    "video with words": [{"video": {"file_id": "one"}, "caption": "they film me in the showers"}],
    "voice note with words of danger": [{"voice": {"file_id": "one"}, "caption": "i want to die"}],
    "file with words": [{"document": {"file_id": "one", "file_size": _LARGE}, "caption": "what they wrote of me"}],
    "sticker with words": [{"sticker": {"file_id": "one"}, "caption": "like this one"}],
    "poll": [{"poll": {"question": "Who hits me?", "options": [{"text": "Sam"}, {"text": "Kim"}]}}],
    "checklist": [{"checklist": {"title": "Each day", "tasks": [{"id": 1, "text": "they hit me"}]}}],
    "message with a heading": [{"rich_message": {"blocks": [{"type": "heading", "text": "It goes on"}]}}],
}
_INDENT = "     "
_LONGEST = 4096
# The six words are new each time.
_WORD_LINE = re.compile(r"^(\d)\. [a-z-]+$")


@dataclass
class Phone:
    """One pupil's chat, and what was seen of it so far."""

    town: Town
    now: datetime = NOW
    typed: list[str] = field(default_factory=list)
    _newest: dict[str, Any] = field(default_factory=dict)
    _last: list[dict[str, Any]] = field(default_factory=list)
    _known: str = ""
    _ails: Ails | None = None

    def __post_init__(self) -> None:
        self.town.parts = replace(self.town.parts, clock=lambda: self.now)
        self.town.restart()

    @property
    def chat(self) -> int:
        return self.town.chats[0]

    async def play(self, line: str) -> list[str]:
        """Play one line; gives what came of it."""
        played = PLAYED.match(line)
        assert played is not None, line
        who, what = played["who"], played["what"]
        if who == "clock":
            self.now += timedelta(minutes=int(what.split()[0]))
            # What the loop's own timer does.
            self.town.whispering.let_go()
            return self._state()
        if who == "earshot":
            self.town.restart()
            return self._state()
        if who == "school":
            check_in_opens(self.town, self.chat)
            return self._state()
        if who == "store":
            self._ails = Ails.begin(self.town, what) if self._ails is None else self._ails.end()
            return self._state()
        if who == "lead":
            _led(self.town, what)
            return self._state()
        said, hinted = len(self.town.voice.said), len(self.town.voice.hinted)
        if who == "earshot dies after sealing":
            await self._dies(self._updates("pupil", what)[0])
        self._last = self._last if who in ("telegram", "earshot dies after sealing") else self._updates(who, what)
        taken = [await self._feed(update) for update in self._last]
        lines = [
            line.replace("bot", "bot, to the other", 1) if chat != self.chat else line
            for chat, message, over in self.town.voice.said[said:]
            for line in _shown(message, over)
        ]
        lines += [f"bot (briefly): {in_english(phrase)}" for phrase in self.town.voice.hinted[hinted:]]
        return [*lines, *([] if all(taken) else ["main"]), *self._state()]

    async def _dies(self, update: dict[str, Any]) -> None:
        """Take an update in a process that dies at its first word, and begin another."""
        self._last = [update]
        self.town.voice.deadline = self.town.voice.calls + 1
        try:
            await self.town.feed(update)
        except Killed:
            self.town.restart()
        self.town.voice.deadline = 0

    async def _feed(self, update: dict[str, Any]) -> bool:
        before = self.town.whispering.taken
        if update["update_id"] in self.town.whispering._done:
            # It was dealt with: nothing comes of it.
            before -= 1
        await self.town.feed(update)
        return self.town.whispering.taken > before

    def _updates(self, who: str, what: str) -> list[dict[str, Any]]:
        if who == "pupil edits":
            number = next(self.town.updates)
            self.typed.append(what)
            return [{"update_id": number, "edited_message": {**self._newest, "text": what}}]
        if who == "pupil attaches":
            return [self._attached(one) for one in ATTACHED[what]]
        if who == "pupil types":
            return [self.town.text(self.chat, words) for words in self._typed(what)]
        if who == "another taps":
            return [self.town.tap(self.town.chats[1], self._button(what, first=False))]
        if who == "pupil taps a word":
            return [self.town.tap(self.chat, self._word(right=what == "right"))]
        if who.startswith("pupil taps"):
            return [self.town.tap(self.chat, self._button(what, first=who.endswith("first")))]
        words = [what] if who == "pupil" else ["x" * _LONGEST] * int(what)
        updates = [self.town.text(self.chat, one) for one in words]
        self.typed += words
        self._newest = updates[-1]["message"]
        return updates

    def _attached(self, what: dict[str, Any]) -> dict[str, Any]:
        picture = io.BytesIO()
        Image.new("RGB", (40, 30), "grey").save(picture, "PNG")
        self.town.voice.photos["one"] = picture.getvalue()
        update = self.town.text(self.chat, "")
        del update["message"]["text"]
        update["message"] |= what
        return update

    def _typed(self, what: str) -> list[str]:
        mine = " ".join(words_of_code(self._choice().receipt)) if what.startswith("the six words") else ""
        return {
            "the six words": [mine],
            "the six words in capitals": [mine.upper()],
            "six words of another school": [" ".join(words_of(new_receipt()))],
            "wrong words eleven times": [" ".join(words_of(new_receipt())) for _ in range(11)],
            "six words that are none": ["one two three four five six"],
        }[what]

    def _choice(self) -> Choice:
        """Find what the newest button carries that has a receipt in it."""
        for message in reversed([message for one, message, _ in self.town.voice.said if one == self.chat]):
            for button in _buttons(message):
                choice = Choice.read(button.data.partition(":")[2].partition(":")[2])
                if choice is not None and button.data.startswith("w:"):
                    return choice
        raise AssertionError("no receipt")

    def _word(self, *, right: bool) -> str:
        *_, words = [
            [button for button in _buttons(message) if _is_word(button)]
            for one, message, _ in self.town.voice.said
            if one == self.chat and any(map(_is_word, _buttons(message)))
        ]
        number = int(words[0].data.split(":")[1])
        mine = words_of_code(self._choice().receipt)[number - 1]
        return next(one.data for one in words if (in_english(one.label) == mine) is right)

    def _button(self, label: str, *, first: bool) -> str:
        messages = [message for one, message, _ in self.town.voice.said if one == self.chat]
        found = [button for message in messages for button in _buttons(message) if in_english(button.label) == label]
        assert found, f"no button {label}"
        return found[0 if first else -1].data

    def _state(self) -> list[str]:
        """Say what is held and what is sealed, where that has changed."""
        chat = self.town.whispering._chats.get(self.chat)
        waiting = chat.exchange.waiting if chat is not None and chat.exchange is not None else ()
        held = " | ".join(_short(one) for one in waiting) or "nothing"
        # Reports lie in no order.
        sealed = " | ".join(_short(one) for thread in self._threads() for one in thread) or "nothing"
        now = f"holds: {held}; sealed: {sealed}"
        if now == self._known:
            return []
        self._known = now
        return [now]

    def _threads(self) -> list[list[str]]:
        return [["not to be looked at"]] if self._ails is not None else sorted(_opened(self.town))


@dataclass
class Ails:
    """What ails the whisper store: "locked" by another program, "full", or "gone"; `end` puts it right."""

    town: Town
    what: str
    other: sqlite3.Connection | None = None

    @classmethod
    def begin(cls, town: Town, what: str) -> Ails:
        path = town.whispers.path
        assert path is not None
        ails = cls(town, what)
        if what == "locked":
            ails.other = sqlite3.connect(path, isolation_level=None)
            ails.other.execute("BEGIN IMMEDIATE")
        elif what == "full":
            # SQLite's own way to be full: never less than the pages there are.
            event.listen(town.whispers.engine, "connect", ails.fill)
            town.whispers.engine.dispose()
        else:
            assert what == "gone"
            path.rename(path.with_name("taken"))
        return ails

    def fill(self, connection: sqlite3.Connection, _entry: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")

    def end(self) -> None:
        path = self.town.whispers.path
        assert path is not None
        if self.other is not None:
            self.other.execute("ROLLBACK")
            self.other.close()
        elif self.what == "full":
            event.remove(self.town.whispers.engine, "connect", self.fill)
        else:
            path.unlink(missing_ok=True)
            path.with_name("taken").rename(path)
        self.town.whispers.engine.dispose()


def _opened(town: Town) -> list[list[str]]:
    """Open every whisper by one who may read it."""
    return [
        [
            turn.words if turn.what != "photo" else "a photo"
            for turn in open_thread(town.whispers, min(readers_of(town.whispers, line.id)), line.id).turns
        ]
        for line in queue(town.whispers)
    ]


def _led(town: Town, what: str) -> None:
    """Do what a lead does with the one whisper there is."""
    store, (line,) = town.whispers, queue(town.whispers)
    who = min(readers_of(store, line.id))
    deed, _, words = what.partition(" ")
    if deed == "replies":
        say(store, who, line.id, "reply", "A Lead", words)
    elif deed == "asks":
        say(store, who, line.id, "question", "A Lead", words)
    elif deed == "closes":
        change(store, who, line.id, status="closed", stage="read", outcome=words, closed="2026-11-24")
    elif deed == "opens":
        change(store, who, line.id, status="read", stage="read")
    else:
        assert what == "lets go"
        purge(store, line.id)


def _is_word(button: Button) -> bool:
    return button.data.startswith(("w:2:", "w:5:"))


def _short(words: str) -> str:
    words = words.replace("\n\n", " / ").replace("\n", " / ")
    return words if len(words) < 100 else f"{len(words)} characters"


def _shown(message: Message, over: int | None) -> list[str]:
    title = [f"*{in_english(message.title)}*"] if message.title is not None else []
    lines = [*title, *(_WORD_LINE.sub(r"\1. ...", in_english(one)) for one in message.paragraphs)]
    rows = [" ".join("[...]" if _is_word(one) else f"[{in_english(one.label)}]" for one in row) for row in message.rows]
    first, *rest = [*lines, *rows]
    who = "bot" if over is None else "bot (in its place)"
    return [f"{who}: {first}", *(f"{_INDENT}{line}" for line in rest)]


def _buttons(message: Message) -> list[Button]:
    return [button for row in message.rows for button in row]


async def transcript(script: str, phone: Phone) -> str:
    """Play the world's lines of a dialogue; gives all of it, with what came back written anew."""
    lines: list[str] = []
    for line in script.splitlines():
        if line.startswith("#"):
            lines += ["", line] if lines else [line]
        elif PLAYED.match(line):
            lines += ["", line, *await phone.play(line)]
    return "\n".join(lines) + "\n"
