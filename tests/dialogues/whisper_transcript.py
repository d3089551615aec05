"""Plays a dialogue with Whisper, written as text, on its real path and stores, and gives back the whole transcript.

Lines of the world are played; all other lines are what came back.

    clock: +11 minutes             time passes
    earshot: starts again          the process ends, and another begins
    pupil: /whisper                a command, or words
    pupil taps: Whisper this       the newest button of that label
    pupil taps the first: ...      the oldest one
    pupil attaches: photo          not words
    pupil edits: new words         the newest message, changed
    pupil writes much: 3           as many messages of the greatest length

“holds” is what waits in memory, “sealed” what a reader can open then, and “main” that the main path answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.whisper_town import Town
from conversations.model import Button, Message
from tests.bot.whisper.chats import threads
from tests.dialogues.transcript import in_english
from tests.factories import NOW

FOLDER = Path(__file__).parent / "whisper"
PLAYED = re.compile(
    r"^(?P<who>clock|earshot|pupil|pupil taps|pupil taps the first|pupil attaches|pupil edits|pupil writes much): "
    r"(?P<what>.*)$"
)
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
    _known: str = ""

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
        said, hinted = len(self.town.voice.said), len(self.town.voice.hinted)
        taken = [await self._feed(update) for update in self._updates(who, what)]
        lines = [line for _, message, over in self.town.voice.said[said:] for line in _shown(message, over)]
        lines += [f"bot (briefly): {in_english(phrase)}" for phrase in self.town.voice.hinted[hinted:]]
        return [*lines, *([] if all(taken) else ["main"]), *self._state()]

    async def _feed(self, update: dict[str, Any]) -> bool:
        before = self.town.whispering.taken
        await self.town.feed(update)
        return self.town.whispering.taken > before

    def _updates(self, who: str, what: str) -> list[dict[str, Any]]:
        if who == "pupil edits":
            number = next(self.town.updates)
            self.typed.append(what)
            return [{"update_id": number, "edited_message": {**self._newest, "text": what}}]
        if who == "pupil attaches":
            update = self.town.text(self.chat, "")
            del update["message"]["text"]
            update["message"] |= {"photo": [{"file_id": "one", "file_size": 500}]}
            return [update]
        if who.startswith("pupil taps"):
            return [self.town.tap(self.chat, self._button(what, first=who.endswith("first")))]
        words = [what] if who == "pupil" else ["x" * _LONGEST] * int(what)
        updates = [self.town.text(self.chat, one) for one in words]
        self.typed += words
        self._newest = updates[-1]["message"]
        return updates

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
        sealed = " | ".join(_short(one) for thread in sorted(threads(self.town)) for one in thread) or "nothing"
        now = f"holds: {held}; sealed: {sealed}"
        if now == self._known:
            return []
        self._known = now
        return [now]


def _short(words: str) -> str:
    words = words.replace("\n\n", " / ")
    return words if len(words) < 100 else f"{len(words)} characters"


def _shown(message: Message, over: int | None) -> list[str]:
    title = [f"*{in_english(message.title)}*"] if message.title is not None else []
    lines = [*title, *(_WORD_LINE.sub(r"\1. ...", in_english(one)) for one in message.paragraphs)]
    rows = [" ".join(f"[{in_english(button.label)}]" for button in row) for row in message.rows]
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
