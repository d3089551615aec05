"""Whisper in Slack: leads open, answer and close; staff whisper from a shortcut.

A member of staff who whispers is not looked up, and whatever in the payload says who they are is not read. Nothing of
theirs goes through the main store. A lead's presses are ordinary deeds of staff, checked and audited.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from bot.pace import too_many
from bot.slack.answers import OK, cleared, replaced, wrong
from bot.slack.blocks import Reader, modal_view
from bot.slack.desk import trouble_card
from bot.slack.press import not_found_card, sentence
from bot.slack.sender import code_of
from bot.whisper import desk as whisper_desk
from bot.whisper import staff as whisper_staff
from bot.whisper import views as whisper_views
from bot.whisper.answers import Once
from bot.whisper.desk import Lead
from bot.whisper.keeping import TRIES, TRIES_SECONDS
from bot.whisper.locked import QUEUE, UNLOCK, locked_view, unlock
from bot.whisper.parts import Parts
from bot.whisper.people import leads as leads_of
from bot.whisper.people import reading
from bot.whisper.posts import Posts
from conversations.cards import Card
from conversations.model import Phrase, say
from conversations.whisper_cards import (
    COUNTS_BUTTON,
    WHISPER_ACTIONS,
    counts_card,
    home_card,
    is_desk_card,
    queue_card,
)
from scheduling.school import SchoolFacts
from store import whisper_lock
from store.people import link_slack, staff_by_slack
from store.whisper_desk import DeskLocked, Line, NotThere, note_file, reader_id
from store.whisper_sealing import NotOpened

log = structlog.get_logger()
T = TypeVar("T")

# A photo is taken out of Slack again after this; long enough to look at it.
PHOTO_SECONDS: Final = 60.0
QUEUE_SHOWN: Final = 20
# Stands in the audit chain for all that is counted.
COUNTS: Final = "counts"


class WhisperSlack(Posts):
    """Whisper's listeners in Slack, and its way to post cards."""

    def __init__(self, parts: Parts, urgent: Callable[[], None]) -> None:
        super().__init__(parts)
        self._urgent = urgent
        self._tasks: set[asyncio.Task[None]] = set()
        self._tries: dict[bytes, deque[float]] = {}
        self._windows = Once()

    def listen(self, app: AsyncApp, client: AsyncWebClient) -> None:
        """Take Whisper's own actions, windows and shortcut, before anything else sees them."""
        self.client = client
        for name, handler in zip(WHISPER_ACTIONS, (self._open, self._queue, self._photo, self._counts), strict=True):
            app.action(name)(handler)
        app.view(whisper_views.THREAD)(self._decided)
        app.view(UNLOCK)(self._unlocked)
        app.shortcut(whisper_views.SHORTCUT)(self._staff_form)
        app.view(whisper_views.STAFF)(self._staff_sent)

    # --- leads --------------------------------------------------------------------------------------------------------

    async def _open(self, body: dict[str, Any]) -> BoltResponse:
        report = str(body["actions"][0].get("value", ""))

        async def make() -> dict[str, Any]:
            lead, school = await self._lead(body, report, "read whisper")
            return await self._thread(lead, school, report)

        await self._show(body, make)
        return BoltResponse(status=OK)

    async def _queue(self, body: dict[str, Any]) -> BoltResponse:
        async def make() -> dict[str, Any]:
            lead, school = await self._lead(body, QUEUE, "read whispers")
            return await self._listed(lead, school)

        await self._show(body, make)
        return BoltResponse(status=OK)

    async def _counts(self, body: dict[str, Any]) -> BoltResponse:
        async def make() -> dict[str, Any]:
            lead, school = await self._lead(body, COUNTS, "count whispers")
            if (asked := await self._locked(lead, school, QUEUE)) is not None:
                return asked
            today = school.calendar.local_date(self._parts.clock())
            count = partial(whisper_desk.counts_for, self._parts.store, lead, school, today)
            return self._card(counts_card(await self._parts.on_thread(count)), school)

        await self._show(body, make)
        return BoltResponse(status=OK)

    async def _unlocked(self, body: dict[str, Any]) -> BoltResponse:
        """A lead entered a passphrase; what they had come for is shown in place of the window that asked."""
        target, entered = str(body["view"].get("private_metadata", "")), whisper_views.entered(body["view"])
        try:
            lead, school = await self._lead(body, target, "open desk")
            tries = self._tries.setdefault(lead.reader, deque())
            if too_many(time.monotonic(), tries, TRIES, TRIES_SECONDS):
                return wrong("passphrase", self._reader(school).words(say("Those were many tries. Wait ten minutes.")))
            problem = await self._parts.on_thread(unlock, self._parts.store, lead, entered)
            if problem is not None:
                tries.append(time.monotonic())
                return wrong("passphrase", self._reader(school).words(problem))
            tries.clear()
            shown = await (self._listed(lead, school) if target == QUEUE else self._thread(lead, school, target))
        except NotThere:
            shown = self._card(not_found_card(), None)
        except Exception as error:
            log.error("whisper desk not opened", error=type(error).__name__)
            shown = self._card(trouble_card(), None)
        return replaced(shown)

    async def _decided(self, body: dict[str, Any]) -> BoltResponse:
        return await self._windows.do(body["view"], lambda: self._done(body))

    async def _done(self, body: dict[str, Any]) -> BoltResponse:
        view, told = body["view"], None
        report, entered = str(view.get("private_metadata", "")), whisper_views.entered(view)
        try:
            lead, school = await self._lead(body, report, "answer whisper")
            if (missing := whisper_desk.words_missing(entered)) is not None:
                # What else they entered stays in the window.
                return wrong("words", self._reader(school).words(missing))
            today = school.calendar.local_date(self._parts.clock()).isoformat()
            decide = partial(whisper_desk.decide, self._parts.store, lead, report, entered, today)
            try:
                told = await self._parts.on_thread(decide) or say("Done.")
            except DeskLocked:
                # What they wrote stays in the window.
                words = say("Your desk has closed meanwhile. Copy your words, then open the whisper again.")
                return wrong("words", self._reader(school).words(words))
            try:
                shown = await self._thread(lead, school, report, told)
            except NotThere:
                # They stood back from it just now.
                return cleared()
        except NotThere:
            shown = self._card(not_found_card(), None)
        except Exception as error:
            log.error("whisper not changed", error=type(error).__name__)
            if told is None:
                # Theirs to send again: what they wrote stays in the window.
                return wrong("words", self._reader(None).words(trouble_card().lines[0]))
            shown = self._card(sentence(told), None)
        return replaced(shown)

    async def _thread(
        self, lead: Lead, school: SchoolFacts, report: str, problem: Phrase | None = None
    ) -> dict[str, Any]:
        """Show a whisper, or the window that asks for the passphrase. Raises NotThere."""
        store = self._parts.store
        if (asked := await self._locked(lead, school, report)) is not None:
            return asked
        thread = await self._parts.on_thread(whisper_desk.open_thread, store, lead, report)
        colleagues = await self._parts.on_thread(whisper_desk.colleagues_of, store, lead, report)
        return whisper_views.thread_view(thread, colleagues, self._reader(school), problem)

    async def _listed(self, lead: Lead, school: SchoolFacts) -> dict[str, Any]:
        if (asked := await self._locked(lead, school, QUEUE)) is not None:
            return asked
        lines = await self._parts.on_thread(whisper_desk.queue_of, self._parts.store, lead)
        card = queue_card(tuple(map(_shown, lines[:QUEUE_SHOWN])))
        return self._card(replace(card, buttons=(*card.buttons, COUNTS_BUTTON)), school)

    async def _locked(self, lead: Lead, school: SchoolFacts, target: str) -> dict[str, Any] | None:
        state = await self._parts.on_thread(whisper_lock.state_of, self._parts.store, lead.reader)
        return None if state == "open" else locked_view(state, target, self._reader(school))

    async def _photo(self, body: dict[str, Any]) -> BoltResponse:
        report, _, turn_id = str(body["actions"][0].get("value", "")).partition(":")
        self._later(self._show_photo(body, report, turn_id))
        return BoltResponse(status=OK)

    async def _show_photo(self, body: dict[str, Any], report: str, turn_id: str) -> None:
        """Show a photo in a window, from a file that no channel has and that is deleted a minute later."""
        file_id = None

        async def make() -> dict[str, Any]:
            nonlocal file_id
            lead, school = await self._lead(body, report, "read whisper photo")
            if (asked := await self._locked(lead, school, report)) is not None:
                return asked
            thread = await self._parts.on_thread(whisper_desk.open_thread, self._parts.store, lead, report)
            turn = next((one for one in thread.turns if one.id == turn_id and one.what == "photo"), None)
            if turn is None:
                raise NotThere
            sent = await self.client.files_upload_v2(filename="photo.jpg", content=turn.body)
            file_id = str(sent["files"][0]["id"])
            self.showing.add(file_id)
            await self._parts.on_thread(note_file, self._parts.store, report, file_id, there=True)
            view = self._card(Card(say("Photo"), (say("It is removed from Slack in a minute."),)), school)
            image = {"type": "image", "alt_text": "photo", "slack_file": {"id": file_id}}
            return {**view, "blocks": [image, *view["blocks"]]}

        try:
            await self._show(body, make)
            if file_id is not None:
                await asyncio.sleep(PHOTO_SECONDS)
        finally:
            if file_id is not None:
                self.showing.discard(file_id)
                try:
                    await self.delete_file(report, file_id)
                except Exception as error:
                    log.error("whisper photo not taken away", error=type(error).__name__)
                    self.left_behind = True

    async def _lead(self, body: dict[str, Any], report: str, action: str) -> tuple[Lead, SchoolFacts]:
        """Find the lead behind a press, and audit what they are about to do. Raises NotThere."""
        user = str(body["user"]["id"])

        def work(session: Session, email: str | None = None) -> tuple[Lead | None, SchoolFacts]:
            school = self._parts.school(session)
            staff = staff_by_slack(session, self._parts.sealer, school.id, user)
            if staff is None and email:
                staff = link_slack(session, self._parts.sealer, school.id, user, email)
            if staff is None:
                return None, school
            lead = whisper_desk.lead_of(session, self._parts.sealer, school, staff)
            whisper_desk.record(session, school, lead, report, action, self._parts.clock())
            return lead, school

        lead, school = await self._parts.worker.run(work)
        if lead is None:
            answer = await self.client.users_info(user=user)
            email = (answer["user"].get("profile") or {}).get("email")
            lead, school = await self._parts.worker.run(partial(work, email=email))
        if lead is None:
            raise NotThere
        return lead, school

    async def _show(self, body: dict[str, Any], make: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        """Open a window, or one above the window that was pressed in; what fails is said in it."""
        try:
            view = await make()
        except NotThere:
            view = self._card(not_found_card(), None)
        except Exception as error:
            log.error("whisper not shown", error=type(error).__name__)
            view = self._card(trouble_card(), None)
        trigger = str(body.get("trigger_id", ""))
        within = (body.get("view") or {}).get("type") == "modal"
        try:
            if within:
                await self.client.views_push(trigger_id=trigger, view=view)
            else:
                await self.client.views_open(trigger_id=trigger, view=view)
        except Exception as error:
            code = code_of(error) if isinstance(error, SlackApiError) else ""
            log.warning("whisper window not opened", error=type(error).__name__, code=code)

    # --- staff who whisper --------------------------------------------------------------------------------------------

    async def _staff_form(self, body: dict[str, Any]) -> BoltResponse:
        async def make() -> dict[str, Any]:
            leads, school = await self._parts.worker.run(self._leads)
            when = whisper_staff.when_read(school, self._parts.clock())
            return whisper_views.staff_view(leads, school.nation, when, self._reader(school))

        await self._show({"trigger_id": body.get("trigger_id")}, make)
        return BoltResponse(status=OK)

    async def _staff_sent(self, body: dict[str, Any]) -> BoltResponse:
        view = body["view"]
        return await self._windows.do(view, lambda: self._staff_taken(view))

    async def _staff_taken(self, view: dict[str, Any]) -> BoltResponse:
        entered = whisper_views.entered(view)
        leads, school = await self._parts.worker.run(self._leads)
        today = school.calendar.local_date(self._parts.clock()).isoformat()
        try:
            told = await self._parts.on_thread(whisper_staff.take, self._parts.store, entered, leads, today)
        except (SQLAlchemyError, OSError) as error:
            log.error("whisper not kept", error=type(error).__name__)
            # What they wrote stays in the window.
            return wrong("words", self._reader(school).words(whisper_staff.not_kept().message.paragraphs[0]))
        if told.urgent:
            self._urgent()
        return replaced(whisper_views.told_view(told.title, told.message, self._reader(school)))

    def _leads(self, session: Session) -> tuple[tuple[tuple[str, str], ...], SchoolFacts]:
        school = self._parts.school(reading(session))
        return leads_of(session, self._parts.sealer, school), school

    # --- the Home tab -------------------------------------------------------------------------------------------------

    async def home(self, recipient: str, cards: tuple[Card, ...]) -> tuple[Card, ...]:
        """Put a lead's queue into their Home tab as it leaves for Slack; what cannot be read is left as it is.

        Only whispers whose card has gone out are in it, so the tab tells of none before its fixed time.
        """
        if not any(map(is_desk_card, cards)):
            return cards
        who = reader_id(self._parts.sealer, recipient.removeprefix("staff:"))
        try:
            state = await self._parts.on_thread(whisper_lock.state_of, self._parts.store, who)
            lines = await self._parts.on_thread(whisper_desk.shown_at_home, self._parts.store, who)
        except (SQLAlchemyError, OSError, NotOpened) as error:
            log.error("whispers not shown", error=type(error).__name__)
            return cards
        queue = home_card(tuple(map(_shown, lines)), no_key=state == "new")
        return tuple(queue if is_desk_card(card) else card for card in cards)

    def _reader(self, school: SchoolFacts | None) -> Reader:
        language, zone = (school.locale, school.zone) if school else ("en", "UTC")
        return Reader(language, zone, self._parts.clock())

    def _card(self, card: Card, school: SchoolFacts | None) -> dict[str, Any]:
        reader = self._reader(school)
        return modal_view(card, reader.language, reader.zone, reader.now)

    def _later(self, work: Any) -> None:  # noqa: ANN401 (a coroutine)
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Take away at once what was to be taken away in a minute."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _shown(line: Line) -> tuple[str, str, str, str, str, bool]:
    return line.id, line.kind, line.status, line.day, line.handle, line.urgency == "urgent"
