"""A school's two days as 200 events: what pupils tap, type and send, what staff press, and the clock that moves on.

Each event is done once and then waited for until what it leads to can be seen; a press that Slack says was not
acknowledged is pressed again, as a person would.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, zip_longest
from typing import Any

from conversations.bank import LATEST, load
from tests.crash.picture import is_settled
from tests.crash.rig import Json, World
from tests.crash.school import MONDAY, School

LENGTH = 200
DAY = timedelta(days=1)
# Monday 09:30 it begins; the check-in opens on Tuesday at 08:40, is reminded of at 15:40, closes on Wednesday at 15:00.
OPENS, REMINDS, CLOSES = MONDAY + DAY, MONDAY + DAY + timedelta(hours=6.5), MONDAY + 2 * DAY + timedelta(hours=6)
CHECK_IN = r"c:[0-9a-f]{32}"

Play = Callable[[World], Awaitable[None]]


@dataclass(frozen=True)
class Event:
    """One event: a name that says what it is, and the playing of it."""

    name: str
    play: Play


# --- what a pupil does ------------------------------------------------------------------------------------------------


def _buttons(message: Json) -> list[str]:
    return [button["callback_data"] for row in message["keyboard"] or [] for button in row]


async def _message_with(world: World, user: int, data: str) -> tuple[Json, str]:
    """Wait for a message with a button of this data (a pattern), and give the newest one and the data itself."""

    async def look() -> tuple[Json, str] | None:
        for message in reversed(await world.phone(user)):
            for found in _buttons(message):
                if re.fullmatch(data, found):
                    return message, found
        return None

    return await world.until(look, f"a button {data}")


async def _new_message(world: World, user: int, than: int) -> None:
    async def look() -> bool:
        return any(message["message_id"] > than for message in await world.phone(user))

    await world.until(look, "an answer")


async def _newest(world: World, user: int) -> int:
    told = await world.ask("GET", f"/phone/{user}/messages")
    return max((message["message_id"] for message in told["messages"]), default=0)


async def _confirmed(world: World) -> None:
    """Wait until the bot has acknowledged every update: all that is to be seen of one that is only noted."""

    async def look() -> bool:
        return len(world.api.updates) == 0

    await world.until(look, "all updates acknowledged")


def write(user: int, text: str) -> Event:
    """Type something, and be answered below it."""

    async def play(world: World) -> None:
        told = await world.ask("POST", f"/phone/{user}/text", {"text": text})
        await _new_message(world, user, told["message_id"])

    return Event(f"text {text.split()[0]}", play)


def attach(user: int, kind: str) -> Event:
    """Send something that is not words, and be answered."""

    async def play(world: World) -> None:
        told = await world.ask("POST", f"/phone/{user}/attachment", {"kind": kind})
        await _new_message(world, user, told["message_id"])

    return Event(f"attachment {kind}", play)


def tap(user: int, data: str, *, answered_below: bool = False) -> Event:
    """Tap a button, and see its message change, or a new one come below it."""

    async def play(world: World) -> None:
        message, exact = await _message_with(world, user, data)
        newest = await _newest(world, user)
        await world.ask("POST", f"/phone/{user}/tap", {"message_id": message["message_id"], "data": exact})
        if answered_below:
            await _new_message(world, user, newest)
            return

        async def look() -> bool:
            now = next(one for one in await world.phone(user) if one["message_id"] == message["message_id"])
            return bool((now["text"], now["keyboard"]) != (message["text"], message["keyboard"]))

        await world.until(look, "the tapped message changed")

    return Event(f"tap {re.sub(r'^c:.*?:', 'check-in ', data.replace(CHECK_IN, 'c:'))}", play)


def low_tap(user: int, at: int) -> Event:
    """Answer at the low end of whatever item is shown."""
    stems = {stem: item for item in load(LATEST).items.values() for stem in item.stem.values()}

    async def play(world: World) -> None:
        message, _ = await _message_with(world, user, f"{CHECK_IN}:{at}:0")
        item = next(item for stem, item in stems.items() if stem in message["text"])
        options = sum(re.fullmatch(f"{CHECK_IN}:{at}:[0-9]", data) is not None for data in _buttons(message))
        await tap(user, f"{CHECK_IN}:{at}:{0 if item.direction > 0 else options - 1}").play(world)

    return Event("tap check-in low", play)


def stale_tap(user: int, data: str) -> Event:
    """Tap a button that is no longer there: nothing is to be seen but a line that may be missed."""

    async def play(world: World) -> None:
        message = (await world.phone(user))[-1]
        await world.ask("POST", f"/phone/{user}/tap", {"message_id": message["message_id"], "data": data})
        await _confirmed(world)

    return Event("tap an old button", play)


def change(user: int) -> Event:
    """Edit the last thing typed while a check-in is open, and be told that nothing changed."""

    async def play(world: World) -> None:
        told = await world.ask("GET", f"/phone/{user}/messages")
        own = [message["message_id"] for message in told["messages"] if message["from"] == "user"][-1]
        newest = await _newest(world, user)
        await world.ask("POST", f"/phone/{user}/edit", {"message_id": own, "text": "I meant something else"})
        await _new_message(world, user, newest)

    return Event("edit a message", play)


def block(user: int, blocked: bool) -> Event:
    async def play(world: World) -> None:
        await world.ask("POST", f"/phone/{user}/block", {"blocked": blocked})
        await _confirmed(world)

    return Event("block" if blocked else "unblock", play)


# --- what staff do ----------------------------------------------------------------------------------------------------


def open_home(user: str) -> Event:
    """Open the Home tab, and see it published."""

    async def play(world: World) -> None:
        before = len(world.published)
        await world.ask("POST", f"/workspace/{user}/home/open")

        async def look() -> bool:
            return len(world.published) > before

        await world.until(look, "a Home tab")

    return Event("open home", play)


def press(user: str, action: str, *, modal: bool = False) -> Event:
    """Press the newest button of an action in the conversation with the app, until it is acknowledged.

    Without `modal` the card then changes; a modal is shown in passing, so it is not waited for.
    """

    async def play(world: World) -> None:
        async def find() -> tuple[Json, Json] | None:
            for message in reversed(await world.desk(user)):
                for each in chain(*(block.get("elements", []) for block in message["blocks"])):
                    if each.get("action_id") == action:
                        return message, each
            return None

        # A copy that a colleague's press is still to change has a button that is nobody's to press any more.
        await settled(world)
        card, button = await world.until(find, f"a button {action}")
        channel = (await world.ask("GET", f"/workspace/{user}/conversations"))[0]["id"]
        body = {"channel": channel, "ts": card["ts"], "action_id": action, "value": button["value"], "force": True}

        async def acknowledged() -> bool:
            told = await world.ask("POST", f"/workspace/{user}/click", body)
            return bool(told["acked"])

        await world.until(acknowledged, f"a press of {action} acknowledged")

        async def changed() -> bool:
            return all(one["blocks"] != card["blocks"] for one in await world.desk(user) if one["ts"] == card["ts"])

        if not modal:
            await world.until(changed, f"the card after {action}")

    return Event(f"press {action}", play)


# --- the clock and the end --------------------------------------------------------------------------------------------


async def settled(world: World) -> None:
    """Wait until nothing is under way: every update acknowledged, every letter gone, all due work done."""

    async def look() -> bool:
        with world.reading() as session:
            return is_settled(session, world)

    await world.until(look, "nothing under way")


async def odd_update(world: World) -> int:
    """Send an update of a kind nobody knows, and wait until it is acknowledged; gives its number, the highest."""
    told = await world.ask("POST", "/phone/update", {"some_future_kind": {}})
    await _confirmed(world)
    return int(told["update_id"])


def clock(name: str, moment: Any, look: Callable[[World], Awaitable[bool]]) -> Event:  # noqa: ANN401 (a datetime)
    """Let the day go on once nothing is under way, and wait for what it brings."""

    async def play(world: World) -> None:
        await settled(world)
        world.move_to(moment)

        async def seen() -> bool:
            return await look(world)

        await world.until(seen, name)

    return Event(name, play)


def everyone_has(users: list[int], pattern: str) -> Callable[[World], Awaitable[bool]]:
    """Make the question whether each of these phones shows a message that matches."""

    async def look(world: World) -> bool:
        for user in users:
            messages = await world.phone(user)
            if not any(re.search(pattern, message["text"]) for message in messages):
                return False
        return True

    return look


# --- the script -------------------------------------------------------------------------------------------------------


def _in_turn(*lines: list[Event]) -> Iterator[Event]:
    """Let several people act by turns, as they would: nobody waits for another's check-in to be over."""
    for round_of in zip_longest(*lines):
        yield from (event for event in round_of if event is not None)


def _joins(user: int, code: str, *, hesitates: bool) -> list[Event]:
    line = [
        write(user, "hello"),
        write(user, "ABCD-EFGH"),
        tap(user, "help", answered_below=True),
        write(user, f"/start {code}"),
    ]
    line += [tap(user, "join:later"), write(user, "/start")] if hesitates else [write(user, "/menu")]
    return [*line, tap(user, "join:agree"), write(user, f"/start {code}")]


def _looks_round(user: int) -> list[Event]:
    return [write(user, "/menu"), tap(user, "settings"), tap(user, "menu"), tap(user, "help")]


def _answers(user: int, options: str, words: str = "") -> list[Event]:
    """One whole check-in of five items: `options` holds a digit or s (skip) for each."""
    taps = [tap(user, f"{CHECK_IN}:{at}:{'skip' if one == 's' else one}") for at, one in enumerate(options)]
    return [*taps, write(user, words) if words else tap(user, f"{CHECK_IN}:5:done")]


def make_script(school: School) -> list[Event]:
    """Write the script for the people of a school."""
    joined = [one for one in school.people.pupils if one.started]
    invited = [one for one in school.people.pupils if not one.started]
    near = [one.id for one in joined if "two low answers" in one.note]
    u = [one.id for one in joined if one.id not in near]
    titles = {one.title: one.id for one in school.people.staff}
    dsl, deputy = titles["DSL"], titles["deputy DSL"]
    tutors = [user for title, user in titles.items() if title.startswith("tutor of")]
    codes = [str(re.search(r"code (\S+)", one.note)[1]) for one in invited]  # type: ignore[index]
    monday = _in_turn(
        _joins(invited[0].id, codes[0], hesitates=True),
        _joins(invited[1].id, codes[1], hesitates=False),
        *(_looks_round(user) for user in u[:3]),
        [write(u[3], "/stop"), write(u[3], "/menu"), tap(u[3], "settings"), tap(u[3], "start")],
        [write(u[4], "/nothing"), attach(u[4], "photo"), write(u[4], "Good morning")],
        [write(u[5], "/stop"), write(u[5], "/help")],
        [write(u[6], "/language"), stale_tap(u[6], "c:0:0:0")],
        [open_home(user) for user in (*tutors, dsl, deputy)],
    )
    asked = [*near, *(user for user in u if user != u[5]), *(one.id for one in invited)]
    tuesday = _in_turn(
        *([*(low_tap(user, at) for at in range(5)), tap(user, f"{CHECK_IN}:5:done")] for user in near),
        *(_answers(user, f"{n % 3}{(n + 1) % 3}1{n % 2}2") for n, user in enumerate(u[6:13])),
        _answers(u[0], "0s12s", "We won the match"),
        _answers(u[1], "11111", "Nothing much"),
        [*_answers(u[2], "210")[:3], tap(u[2], f"{CHECK_IN}:3:back"), *_answers(u[2], "00012")[2:]],
        [write(u[13], "/menu"), change(u[13]), write(u[13], "Can I type this?"), *_answers(u[13], "00110")],
        [tap(u[14], f"{CHECK_IN}:0:1"), write(u[14], "I want to die"), *_answers(u[14], "11111")[1:]],
        [
            tap(u[15], "talk", answered_below=True),
            tap(u[15], "talk:to:leads"),
            tap(u[15], "talk:at:leads:today"),
            *_answers(u[15], "12121"),
        ],
        [tap(u[3], f"{CHECK_IN}:0:2"), tap(u[3], f"{CHECK_IN}:1:2"), write(u[3], "/stop"), write(u[3], "/start")],
        [tap(u[4], f"{CHECK_IN}:0:0"), stale_tap(u[4], "nonsense"), tap(u[4], f"{CHECK_IN}:1:skip")],
        [block(u[16], True), block(u[16], False)],
    )
    staff = [
        press(dsl, "request_today"),
        press(deputy, "request_tomorrow", modal=True),
        press(tutors[0], "nudge_take"),
        press(tutors[0], "nudge_undo"),
        press(tutors[0], "nudge_not_needed"),
        press(tutors[1], "nudge_snooze"),
    ]
    evening = [
        tap(u[4], f"{CHECK_IN}:go", answered_below=True),
        *(tap(u[4], f"{CHECK_IN}:{at}:1") for at in (2, 3)),
        tap(u[17], f"{CHECK_IN}:0:0"),
    ]
    wednesday = [press(tutors[0], "unanswered_show", modal=True), press(tutors[1], "unanswered_show", modal=True)]
    script = [
        *monday,
        clock("the check-in opens", OPENS, everyone_has(asked, "1 of 6")),
        *tuesday,
        *staff,
        clock("the reminder", REMINDS, everyone_has([u[4], u[17]], "still open")),
        *evening,
        clock("the check-in closes", CLOSES, everyone_has([u[4], u[17]], "has closed")),
        *wednesday,
    ]
    return [*script, *_filling(u, LENGTH - len(script))]


def _filling(users: list[int], count: int) -> Iterator[Event]:
    """Fill up to the length with what pupils do most: look at the menu, and at what is there."""
    assert count >= 0, f"the script is {-count} events too long"
    for number in range(count):
        user = users[number % len(users)]
        yield write(user, ("/menu", "/help", "Thanks")[number % 3])
