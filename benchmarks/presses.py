"""Presses: how long a member of staff waits after each button, each form and each thing they type.

The full sample school with ten years of history runs as `make run` starts it, over Socket Mode. Every button the code
knows is pressed on a subject made ready for it (`presses_ready`), from the Home tab of whoever presses, which is
written anew where the press changes it. An acknowledgement counts until the stand-in has answered whoever pressed; a
window from the press until the stand-in tells that it is open. Slack takes three seconds; people should not wait one.

Of the ten years there is what the clocks of retention leave; with `--full` all of it, and ten presses of each instead
of three. Half a minute passes until the bot has sent the cards that are pressed, one a second to each person, as it
does for Slack; only then the presses begin.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session, col, select

from benchmarks import history, school, stage
from benchmarks.history import Size
from benchmarks.presses_ready import BUTTONS, WINDOWS, Ready, ready
from benchmarks.report import Report, Row, Scale
from benchmarks.stage import Change, Networks, Watch
from bot.sample import listing
from bot.slack.edge import COMMAND
from bot.slack.plan_desk import CHANGE, GROUP, WORDS
from bot.whisper.locked import UNLOCK
from bot.whisper.views import SHORTCUT, STAFF, THREAD
from conversations.staff_absence import AWAY, AWAY_OTHER
from conversations.staff_commands import COMMANDS
from scheduling.school import Schools, next_in_school
from store.sealing import Sealer
from store.tables import School, Staff
from store.whisper_store import open_whispers

SIZES = {
    "tiny": Size(pupils=150, waves=4, flags_a_wave=25, letters=50, audits=5),
    "usual": Size(purged=True),
    "full": Size(),
}
TIMES = {"tiny": 1, "usual": 3, "full": 10}
TARGET_S: Final = 1.0
# From the Home tab's last change on, until the bot counts as having nothing more to send.
QUIET_SECONDS = 2.0
# Which button opens each form; a member of staff's own whisper is opened by a shortcut.
FORMS: Final[dict[str, str]] = {
    CHANGE: "plan_change",
    WORDS: "plan_words",
    GROUP: "group_plan",
    AWAY: "away_set",
    AWAY_OTHER: "away_other",
    UNLOCK: "whisper_queue",
    THREAD: "whisper_open",
    STAFF: SHORTCUT,
}
# Slack itself lets a window be opened for three seconds.
PATIENCE: Final = 5.0
_ENTERED: Final = "a phrase of several words"
# What a press is answered with that did not find what it was made ready for.
_NOT_THERE: Final = ("This is not there any more", "Something went wrong", "from an earlier time")


@dataclass
class _Took:
    """What one kind of press took, in seconds: until it was acknowledged, and until its window was open."""

    acknowledged: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)

    @property
    def slowest(self) -> float:
        return max((*self.acknowledged, *self.opened))


@dataclass
class _Hand:
    """Presses buttons as members of the workspace; `wrong` notes what was answered otherwise than it should be."""

    networks: Networks
    watch: Watch
    took: dict[str, _Took] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)

    async def press(self, user: str, name: str, value: str) -> None:
        """Press a button once, send the form it may open, and close its window."""
        home = await self.networks.get(f"/workspace/{user}/home")
        body = {"view_id": home["id"], "action_id": name, "value": value, "force": True}
        view = await self._do(name, user, "click", body, window=name in WINDOWS)
        while view is not None and view.get("submit"):
            form = str(view["callback_id"])
            view = await self._send(form, user, view)
            if form == THREAD:
                break
        await self._close(user)

    async def shortcut(self, user: str) -> None:
        """Whisper as a member of staff."""
        view = await self._do(f"shortcut {SHORTCUT}", user, "shortcut", {"callback_id": SHORTCUT}, window=True)
        if view is not None:
            await self._send(STAFF, user, view)
        await self._close(user)

    async def type(self, user: str, text: str) -> None:
        """Type a command."""
        await self._do(f"{COMMAND} {text}", user, "command", {"command": COMMAND, "text": text}, window=False)

    async def home(self, user: str) -> None:
        """Open a Home tab, and wait until it is there."""
        began = time.monotonic()
        shown = self._next(user, "home")
        await self.networks.post(f"/workspace/{user}/home/open")
        self._of("the Home tab").opened.append((await shown()) - began)

    async def _do(
        self, name: str, user: str, what: str, body: dict[str, Any], *, window: bool
    ) -> dict[str, Any] | None:
        before = len(self.watch.changes)
        shown = self._next(user, "view")
        began = time.monotonic()
        answer = await self.networks.post(f"/workspace/{user}/{what}", body)
        self._of(name).acknowledged.append(time.monotonic() - began)
        if not answer["acked"]:
            self.wrong.add(f"{name}: not acknowledged")
            return None
        if not window:
            if any(_is(change, user, "view") for change in self.watch.changes[before:]):
                self.wrong.add(f"{name}: a window that was not looked for")
            return None
        try:
            self._of(name).opened.append((await shown()) - began)
        except stage.StageProblem:
            self.wrong.add(f"{name}: no window")
            return None
        view = await self.networks.get(f"/workspace/{user}/view")
        if any(words in str(view["blocks"]) for words in _NOT_THERE):
            self.wrong.add(f"{name}: not there")
        return dict(view)

    async def _send(self, form: str, user: str, view: dict[str, Any]) -> dict[str, Any] | None:
        """Send a form, filled in; gives what came in its place."""
        body = {"view_id": view["id"], "values": _filled(view)}
        began = time.monotonic()
        answer = await self.networks.post(f"/workspace/{user}/view/submit", body)
        self._of(f"form {form}").acknowledged.append(time.monotonic() - began)
        if not answer["acked"] or answer.get("errors") or answer.get("refused"):
            self.wrong.add(f"form {form}: not taken")
            return None
        after = await self.networks.get(f"/workspace/{user}/view")
        if after is not None and any(words in str(after["blocks"]) for words in _NOT_THERE):
            self.wrong.add(f"form {form}: not there")
        return dict(after) if after is not None else None

    async def _close(self, user: str) -> None:
        while (view := await self.networks.get(f"/workspace/{user}/view")) is not None:
            closed = self._next(user, "view")
            await self.networks.post(f"/workspace/{user}/view/close", {"view_id": view["id"]})
            await closed()

    def _next(self, user: str, kind: str) -> Callable[[], Awaitable[float]]:
        """Listen from now on for a change of one member's; what is given waits for it, and gives the moment."""
        first = len(self.watch.changes)

        def seen() -> Iterator[float]:
            return (change.at for change in self.watch.changes[first:] if _is(change, user, kind))

        async def wait() -> float:
            await self.watch.until(lambda: next(seen(), None) is not None, PATIENCE)
            return next(seen())

        return wait

    def _of(self, name: str) -> _Took:
        return self.took.setdefault(name, _Took())


def _is(change: Change, user: str, kind: str) -> bool:
    return change.topic == "workspace" and change.data["user"] == user and change.data["kind"] == kind


def _filled(view: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Fill in what a form needs, and the words where there are any."""
    values = {}
    for block in view["blocks"]:
        if block["type"] != "input" or (block.get("optional") and block["block_id"] not in ("words", "kind")):
            continue
        element, name = block["element"], block["block_id"]
        options = [
            *element.get("options", []),
            *(one for of in element.get("option_groups", []) for one in of["options"]),
        ]
        if element["type"] == "datepicker":
            entered = element.get("initial_date") or (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
        else:
            entered = options[0]["value"] if options else _ENTERED
        values[name] = {str(element["action_id"]): entered}
    return values


async def measure(scale: Scale) -> Report:
    """Make the history and what is pressed, then press every button, send every form, and type every command."""
    with stage.folder() as path:
        data = Path(path)
        made, users = make(data, SIZES[scale], TIMES[scale])
        async with stage.rehearsal(data) as (_program, networks), stage.watching(networks) as watch:
            # So many presses in a minute are more than Slack would let one app answer; here it is our own time.
            await networks.post("/workspace/limits", {"enforce": False})
            hand = _Hand(networks, watch)
            await _quiet(watch)
            for user in sorted({users[one.staff_id] for presses in made.values() for one in presses}):
                await hand.home(user)
            await _all(hand, made, users)
    note = f"{sum(len(one.acknowledged) for one in hand.took.values()):,} presses, one after the other, by Socket Mode."
    return Report(tuple(_rows(hand)), note)


def make(data: Path, size: Size, times: int) -> tuple[dict[str, list[Ready]], dict[UUID, str]]:
    """Make the school and what is pressed; gives the presses by button, and who each member of staff is in Slack."""
    engine, sealer = history.make(data, size)
    whispers = open_whispers(school.store_settings(data).whisper_url, sealer)
    with Session(engine) as session:
        facts = Schools(session.exec(select(School.id)).one()).of(session)
        now = datetime.now(UTC)
        made = ready(session, sealer, facts, next_in_school(facts, now) or now, times, whispers)
        users = _users(session, sealer)
        session.commit()
    engine.dispose()
    whispers.engine.dispose()
    return made, users


def _users(session: Session, sealer: Sealer) -> dict[UUID, str]:
    people = listing.directory(session, sealer, datetime.now(UTC)).staff
    by_email = {one.email: one.id for one in people}
    staff = session.exec(select(Staff).order_by(col(Staff.id))).all()
    return {one.id: by_email[str(sealer.read(one, "email"))] for one in staff}


async def _quiet(watch: Watch) -> None:
    """Wait until what the bot sends at its start has been sent."""
    seen = -1
    while seen != len(watch.changes):
        seen = len(watch.changes)
        await asyncio.sleep(QUIET_SECONDS)


async def _all(hand: _Hand, made: dict[str, list[Ready]], users: dict[UUID, str]) -> None:
    for name in BUTTONS:
        for one in made[name]:
            await hand.press(users[one.staff_id], name, one.value)
    lead = users[made["goto_ask"][0].staff_id]
    for _ in made["goto_ask"]:
        await hand.shortcut(lead)
        for word in COMMANDS:
            await hand.type(lead, f"{word} until {_tomorrow()}" if word == "away" else word)


def _tomorrow() -> str:
    return (datetime.now(UTC) + timedelta(days=7)).date().isoformat()


def _rows(hand: _Hand) -> Iterator[Row]:
    everything = [took for one in hand.took.values() for took in (*one.acknowledged, *one.opened)]
    for name, one in sorted(hand.took.items(), key=lambda each: -each[1].slowest):
        parts = [f"{_ms(times)}{what}" for times, what in ((one.acknowledged, ""), (one.opened, " shown")) if times]
        yield Row(name, "; ".join(parts), f"≤ {TARGET_S:g} s", one.slowest <= TARGET_S)
    yield Row("all: median, slowest", _ms(everything), f"≤ {TARGET_S:g} s", max(everything) <= TARGET_S)
    yield Row("answered otherwise than looked for", "\n".join(sorted(hand.wrong)) or "none", "none", not hand.wrong)


def _ms(took: list[float]) -> str:
    return f"{median(took) * 1000:.0f}, {max(took) * 1000:.0f} ms"
