"""Intake: how many updates a second are taken in, beside python-telegram-bot's own echo bot, same machine, same run.

Earshot's updates are taps of whole check-ins: joined pupils, real conversation steps, state and answers sealed, replies
queued, SQLite with full sync, replies sent at the pace Telegram allows. An update counts once its effect is committed
and acknowledged (a poll has confirmed it). The echo bot keeps nothing: an update counts once its handler has finished.
Its first row is the documented bot, whose handler waits for its reply; in the second the reply goes in the background,
as Earshot's do. Both face the same stand-in, in a process of its own, with its limits not enforced.

The bot is held (SIGSTOP) while the phones tap, so that the clock starts with every update in line and all polls full.
"""

import asyncio
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import school, stage
from benchmarks.report import Report, Row, Scale
from benchmarks.school import OpenCheckIn
from benchmarks.stage import Networks, Program, StageProblem
from bot.opening import open_store

UPDATES = {"tiny": 60, "usual": 3_000, "full": 3_000}
ROUNDS = {"tiny": 1, "usual": 3, "full": 7}
TAPS = 6


@dataclass(frozen=True)
class _Template:
    """A store with open check-ins, to be copied for each round."""

    data: Path
    check_ins: list[OpenCheckIn]


async def measure(scale: Scale) -> Report:
    """Measure both in turn, some rounds; gives medians and their ratio."""
    ours, waiting, background = [], [], []
    with stage.folder() as path:
        template = _prepare(Path(path) / "template", UPDATES[scale] // TAPS)
        count = sum(len(one.taps()) for one in template.check_ins)
        for number in range(ROUNDS[scale]):
            ours.append(count / await _earshot(template, Path(path) / f"round-{number}"))
            waiting.append(count / await _echo(template, count))
            background.append(count / await _echo(template, count, "--background"))
    row, beside = median(ours), (median(waiting), median(background))
    return Report(
        (
            Row("Earshot: committed updates/s", f"{row:,.0f}/s"),
            Row("echo bot: handlers finished/s", f"{beside[0]:,.0f}/s"),
            Row("  Earshot beside it", f"{row / beside[0]:.2f} ×", "≥ 1 ×", row >= beside[0]),
            Row("echo bot, not waiting for its replies", f"{beside[1]:,.0f}/s"),
            Row("  Earshot beside it", f"{row / beside[1]:.2f} ×"),
        ),
        f"Medians of {len(ours)} rounds, in turn, of {count:,} updates each. Earshot: "
        + ", ".join(f"{value:,.0f}" for value in ours)
        + "; echo bot: "
        + ", ".join(f"{value:,.0f}" for value in waiting)
        + "; not waiting: "
        + ", ".join(f"{value:,.0f}" for value in background),
    )


def _prepare(data: Path, pupils: int) -> _Template:
    engine, sealer, _people = school.make(data, school.sample_size(pupils))
    check_ins = school.open_check_ins(engine, sealer)
    school.make_real(engine)
    engine.dispose()
    return _Template(data, check_ins)


async def _earshot(template: _Template, data: Path) -> float:
    """Measure the seconds from the first look at a full line to the last confirmation."""
    shutil.copytree(template.data, data)
    async with stage.networks() as networks:
        messages = await furnish(networks, template.check_ins)
        program = await Program.start("bot", "run", **stage.live_settings(data, networks.base))
        try:
            await networks.until(lambda stats: bool(stats["polling"]), program)
            await asyncio.sleep(0.5)
            program.send(signal.SIGSTOP)
            await tap_all(networks, template.check_ins, messages)
            began = time.monotonic()
            program.send(signal.SIGCONT)
            ended = await networks.until(lambda stats: stats["pending"] == 0, program)
        finally:
            await program.stop()
    _check(data, template)
    shutil.rmtree(data)
    return ended - began


async def tap_all(networks: Networks, check_ins: Sequence[OpenCheckIn], messages: dict[int, int]) -> None:
    """Have every pupil answer their whole check-in, one tap after the other."""
    for number in range(TAPS):
        await stage.all_of(
            networks.post(f"/phone/{one.chat}/tap", {"message_id": messages[one.chat], "data": one.taps()[number]})
            for one in check_ins
        )


def _check(data: Path, template: _Template) -> None:
    """Make sure that what was counted was done: every check-in is answered, in the store."""
    settings = school.store_settings(data)
    engine, _sealer = open_store(settings, make=False)
    done = school.answered(engine, template.check_ins)
    engine.dispose()
    if done != len(template.check_ins):
        raise StageProblem(f"only {done} of {len(template.check_ins)} check-ins were answered")


async def _echo(template: _Template, count: int, *more: str) -> float:
    """Measure the seconds from the first look at a full line to the last handler's end."""
    async with stage.networks() as networks:
        await furnish(networks, template.check_ins)
        program = await Program.start("benchmarks.echo_bot", networks.base, str(count), *more)
        try:
            await networks.until(lambda stats: bool(stats["polling"]), program)
            await asyncio.sleep(0.5)
            program.send(signal.SIGSTOP)
            chats = [one.chat for one in template.check_ins]
            words = [(chats[number % len(chats)], f"Hello {number}") for number in range(count)]
            await stage.all_of(networks.post(f"/phone/{chat}/text", {"text": text}) for chat, text in words)
            began = time.monotonic()
            program.send(signal.SIGCONT)
            return float((await program.line("finished")).split()[1]) - began
        finally:
            await program.stop(signal.SIGKILL)


async def furnish(networks: Networks, check_ins: Sequence[OpenCheckIn]) -> dict[int, int]:
    """Give every pupil a phone with one message of the bot's; gives the messages' ids by chat."""
    await networks.post("/phone/limits", {"enforce": False})
    chats = [one.chat for one in check_ins]
    people = [{"id": chat, "first_name": "Pupil", "last_name": str(chat), "started": True} for chat in chats]
    await networks.put("/phone/people", people)
    path = f"/bot{stage.TELEGRAM_TOKEN}/sendMessage"
    sent = await stage.all_of(networks.post(path, {"chat_id": chat, "text": "1 of 6"}) for chat in chats)
    return {told["result"]["chat"]["id"]: told["result"]["message_id"] for told in sent}
