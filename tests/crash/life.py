"""One life of the bot: the real service on the real store, until it is stopped, or killed where the test says."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection
from sqlmodel import Session, select

from bot import logs
from bot.clock import Clock
from bot.opening import OnlyOne, open_store
from bot.service import Service
from bot.settings import Settings
from rehearsal.hub import SLACK_APP_TOKEN, SLACK_BOT_TOKEN, TELEGRAM_TOKEN
from store.tables import School
from store.vault import StoreProblem
from tests.crash.points import AFTER_COMMIT, BEFORE_COMMIT, Panel

_WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True)
class Order:
    """Where a life is lived: the data folder, the store's address ("" for SQLite in it), the networks' address."""

    folder: str
    database_url: str
    networks: str
    panel: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class SharedClock(Clock):
    """Real time plus the panel's shift, so that one move of the clock is seen by every life."""

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self._panel = panel

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(microseconds=self._panel.shift_us)


def run(order: Order) -> None:
    """Live until SIGTERM, or until a point of the panel's choosing."""
    logs.set_up(os.environ.get("EARSHOT_CRASH_LOG", "ERROR"))
    panel = Panel(Path(order.panel))
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        data_dir=Path(order.folder),
        database_url=order.database_url,
        telegram_token=SecretStr(TELEGRAM_TOKEN),
        telegram_api_url=order.networks,
        slack_bot_token=SecretStr(SLACK_BOT_TOKEN),
        slack_app_token=SecretStr(SLACK_APP_TOKEN),
        slack_api_url=f"{order.networks}/api/",
    ).model_copy(update={"http_port": 0})
    engine, sealer = open_store(settings, make=False)
    lock = _lock(settings, engine)
    with Session(engine) as session:
        school_id = session.exec(select(School.id)).one()
    watch(engine, panel)
    asyncio.run(_serve(Service(settings, engine, sealer, school_id, SharedClock(panel))))
    lock.close()


def _lock(settings: Settings, engine: Engine) -> OnlyOne:
    # PostgreSQL may need a moment to see that the life before this one is over; a supervisor would start it again.
    for _ in range(100):
        try:
            return OnlyOne(settings, engine)
        except StoreProblem:
            time.sleep(0.05)
    return OnlyOne(settings, engine)


async def _serve(service: Service) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await service.start(stop)
    await stop.wait()
    await service.close()


def watch(engine: Engine, panel: Panel) -> None:
    """Count the commits that wrote something, just before and just after each, and die where the panel says."""

    @event.listens_for(engine, "before_cursor_execute")
    def _note_write(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip()[:6].upper() in _WRITES:
            connection.info["wrote"] = True

    @event.listens_for(engine, "commit")
    def _commits(connection: Connection) -> None:
        if connection.info.get("wrote"):
            connection.info["committed"] = True
            _pass(panel, BEFORE_COMMIT)

    # A connection goes back to its pool as soon as the commit is done, before anybody hears of it.
    @event.listens_for(engine, "checkin")
    def _committed(_connection: object, record: Any) -> None:  # noqa: ANN401 (a pool's entry)
        record.info.pop("wrote", None)
        if record.info.pop("committed", False):
            _pass(panel, AFTER_COMMIT)

    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "checkout")
        def _limit(connection: Any, *_: object) -> None:  # noqa: ANN401 (the driver's connection)
            connection.execute(f"PRAGMA max_page_count={panel.pages or 2**32 - 2}")
            if panel.patience_ms:
                connection.execute(f"PRAGMA busy_timeout={panel.patience_ms}")


def _pass(panel: Panel, kind: int) -> None:
    if panel.passes(kind):
        os.kill(os.getpid(), signal.SIGKILL)
