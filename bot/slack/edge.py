"""The Slack edge: hears what staff open and press, and acknowledges it only once what it caused is committed.

Bolt checks and routes; Socket Mode needs no public address, signed HTTP is the other way. Slack delivers an event again
when it was not acknowledged, and may deliver anything twice: a row in the same transaction makes the second one void.
A press is not delivered again: if it fails, the person is told at once.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from aiohttp import ClientSession, ClientTimeout, web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot.health import Refusals
from bot.slack.answers import replaced, wrong
from bot.slack.blocks import Reader, answer_blocks, home_view, modal_view
from bot.slack.client import TIMEOUT_SECONDS, make_client, quiet_logger
from bot.slack.desk import Done, act, opened_home, submit, trouble_card
from bot.slack.forms import about, entered, form_view, home_page
from bot.slack.press import Press
from bot.slack.school import SchoolDesk
from bot.slack.sender import SlackSender, code_of
from bot.slack.socket import Socket
from bot.slack.typed import typed
from bot.whisper.slack import WhisperSlack
from bot.worker import Worker
from conversations.cards import Card, stranger_card
from conversations.forms import Form
from scheduling.school import SchoolFacts, facts
from store.outbox import Letter
from store.people import link_slack, staff_by_slack
from store.sealing import Sealer
from store.tables import Failure, School, Seen, Staff

log = structlog.get_logger()

EVENTS_PATH: Final = "/slack/events"
EVENTS: Final = ("app_home_opened",)
COMMAND: Final = "/earshot"
# Slack waits three seconds for an acknowledgement; a look-up of who it is must leave time for the rest.
LOOK_UP_SECONDS = 1.5
STOP_SECONDS = 0.5
TRY_MODAL_AGAIN = 1.0

NOTHING: Final = Done()

Work = Callable[[Session, SchoolFacts, Staff, datetime, str], Done]


@dataclass(frozen=True)
class _Outcome:
    """What one delivery led to; `known` is false when no member of staff is behind the Slack user."""

    school: SchoolFacts
    done: Done = NOTHING
    known: bool = True


class SlackEdge:
    """One workspace's way in. With an app token it listens by Socket Mode, else at EVENTS_PATH of the HTTP server.

    `dispatch` takes the letters just committed under the lease of `name`, empty while another process sends; `wake`
    says that a due row may have been written. `sender` sends letters through the same client.
    """

    def __init__(
        self,
        *,
        bot_token: str,
        app_token: str | None,
        signing_secret: str | None,
        api_url: str | None,
        school_id: UUID,
        worker: Worker,
        sealer: Sealer,
        clock: Callable[[], datetime],
        dispatch: Callable[[Iterable[Letter]], None],
        wake: Callable[[], None],
        name: str,
        may: Callable[[], bool] = lambda: True,
        whispers: WhisperSlack | None = None,
        refusals: Refusals | None = None,
    ) -> None:
        if not app_token and not signing_secret:
            raise ValueError("Slack needs an app token (Socket Mode) or a signing secret (HTTP)")
        self.client = make_client(bot_token, api_url)
        self.sender = SlackSender(self.client, worker, sealer, clock, whispers.home if whispers is not None else None)
        self._school = SchoolDesk(self.client, worker, sealer, clock)
        self._app_token, self._school_id, self._worker, self._sealer = app_token, school_id, worker, sealer
        self._clock, self._dispatch, self._wake, self.name = clock, dispatch, wake, name
        self._socket: Socket | None = None
        self._may, self._whispers, self._refusals = may, whispers, refusals
        self._tasks: set[asyncio.Task[Any]] = set()
        # Bolt's own client has no token: what is called, is called through ours, and nothing before the commit.
        self._library_client = make_client(None, api_url)
        self._app = AsyncApp(
            name="earshot",
            logger=quiet_logger(),
            client=self._library_client,
            authorize=_authorize,
            signing_secret=signing_secret or "",
            request_verification_enabled=not app_token,
            # Without this Bolt acknowledges an event before its listener has run.
            process_before_response=True,
            raise_error_for_unhandled_request=True,
            ssl_check_enabled=False,
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )
        self._app.event(EVENTS[0])(self._home_opened)
        if whispers is not None:
            whispers.listen(self._app, self.client)
        # Every other action comes here, old and forged ones too: `bot.slack.desk` knows which there are.
        self._app.action(re.compile(""))(self._pressed)
        self._app.command(COMMAND)(self._typed)
        self._app.view(re.compile("^desk_"))(self._submitted)
        self._app.error(_unhandled)

    def add_routes(self, app: web.Application) -> None:
        """Mount EVENTS_PATH on the HTTP server, unless Socket Mode is used."""
        if not self._app_token:
            app.router.add_post(EVENTS_PATH, self._receive)

    def open(self) -> None:
        """Make ready to call Slack, once."""
        if self.client.session is None:
            self.client.session = ClientSession(timeout=ClientTimeout(total=TIMEOUT_SECONDS))

    async def start(self) -> None:
        """Begin to listen; returns at once, and connects (and connects anew) in the background."""
        self.open()
        if self._app_token:
            self._socket = Socket(app_token=self._app_token, web_client=self._library_client, refusals=self._refusals)
            self._socket.socket_mode_request_listeners.append(self._receive_envelope)
            self._later(self._socket.connect())  # type: ignore[no-untyped-call]

    async def stop(self) -> None:
        """Listen no more; what is under way gets half a second, and what is not acknowledged comes again."""
        if self._socket is not None:
            self._socket.hold()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def close(self) -> None:
        """Listen no more, and call Slack no more."""
        await self.stop()
        if self.client.session is not None:
            await self.client.session.close()
            self.client.session = None

    # --- deliveries ---------------------------------------------------------------------------------------------------

    async def _receive(self, request: web.Request) -> web.Response:
        """Take one HTTP request: 401 unless Slack signed it within the last five minutes."""
        try:
            int(request.headers.get("X-Slack-Request-Timestamp", ""))
            request.headers.get("X-Slack-Signature", "").encode("ascii")
            delivery = await to_bolt_request(request)
        except (ValueError, TypeError, AttributeError):
            # No time, a signature or a body of a shape Slack never sends: Bolt would fail over these instead.
            return web.json_response({"error": "invalid request"}, status=401)
        return await to_aiohttp_response(await self._watched(self._app.async_dispatch(delivery)))

    async def _receive_envelope(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        if not self._may():
            # It has waited here while this process hung: another has taken it in, or the person has tried again.
            return
        began = time.time()
        response = await self._watched(run_async_bolt_app(self._app, request))
        await send_async_response(client, request, response, began)

    async def _watched(self, dispatch: Coroutine[Any, Any, BoltResponse]) -> BoltResponse:
        """Run in a task of our own, so that neither a lost connection nor a stop cuts through a commit unseen."""
        return await asyncio.shield(self._later(dispatch))

    async def _home_opened(self, body: dict[str, Any]) -> BoltResponse:
        event = body["event"]
        if event.get("tab") != "home":
            return BoltResponse(status=200)
        user = str(event["user"])

        def work(session: Session, school: SchoolFacts, viewer: Staff, now: datetime, key: str) -> Done:
            return opened_home(session, self._sealer, school, viewer, now, key, self.name)

        try:
            outcome = await self._commit(user, f"event {body['event_id']}", work)
            if not outcome.known:
                view = home_view((stranger_card(),), outcome.school.locale, outcome.school.zone, self._clock())
                await self.client.views_publish(user_id=user, view=view)
        except Exception as error:
            await self._note_failure("app_home_opened", error)
            return BoltResponse(status=500)
        return BoltResponse(status=200)

    async def _pressed(self, body: dict[str, Any]) -> BoltResponse:
        action, user, trigger = body["actions"][0], str(body["user"]["id"]), str(body.get("trigger_id", ""))
        name, value = str(action.get("action_id", "")), str(action.get("value", ""))
        page = home_page(body.get("view"))

        def work(session: Session, school: SchoolFacts, viewer: Staff, now: datetime, key: str) -> Done:
            return act(session, self._sealer, school, viewer, name, value, now, key, self.name, page)

        try:
            outcome = await self._commit(user, f"press {user} {trigger} {action.get('action_ts', '')}", work)
        except Exception as error:
            await self._note_failure("block_actions", error)
            self._later(self._open_modal(trigger, trouble_card(), None))
            return BoltResponse(status=500)
        card = (outcome.done.form or outcome.done.modal) if outcome.known else stranger_card()
        if outcome.done.errand is not None:
            self._later(self._school.run(outcome.done.errand, user, outcome.school))
        if card is not None:
            # In the background: the acknowledgement must not wait for it, nor it for anything.
            self._later(self._open_modal(trigger, card, outcome.school, page))
        return BoltResponse(status=200)

    async def _submitted(self, body: dict[str, Any]) -> BoltResponse:
        """Take a form that was filled in; what there is to say to it takes its place, and nothing closes it."""
        view, user = body["view"], str(body["user"]["id"])
        name, filled = str(view.get("callback_id", "")), entered(view)
        value, page = about(view)

        def work(session: Session, school: SchoolFacts, viewer: Staff, now: datetime, key: str) -> Done:
            return submit(session, self._sealer, school, viewer, name, value, filled, now, key, self.name, page)

        try:
            outcome = await self._commit(user, f"form {user} {view.get('id', '')} {view.get('hash', '')}", work)
        except Exception as error:
            await self._note_failure("view_submission", error)
            words = Reader("en", "UTC", self._clock()).words(trouble_card().lines[0])
            first = next(iter(view.get("state", {}).get("values", {})), None)
            # What they entered stays in the window.
            return wrong(first, words) if first is not None else replaced(self._view(trouble_card(), None))
        card = outcome.done.modal if outcome.known else stranger_card()
        return replaced(self._view(card, outcome.school)) if card is not None else BoltResponse(status=200)

    async def _typed(self, body: dict[str, Any]) -> BoltResponse:
        """Answer what was typed after /earshot, to the one who typed it alone."""
        user, text, trigger = str(body["user_id"]), str(body.get("text", "")), str(body.get("trigger_id", ""))
        shown: list[tuple[str, tuple[Card, ...]]] = []

        def work(session: Session, school: SchoolFacts, viewer: Staff, now: datetime, key: str) -> Done:
            press = Press(session, self._sealer, school, viewer, text, now, key, self.name)
            cards, done = typed(press)
            shown.append((f"staff:{viewer.id.hex}", cards))
            return done

        try:
            outcome = await self._commit(user, f"typed {user} {trigger}", work)
        except Exception as error:
            await self._note_failure("slash_commands", error)
            return self._answer((trouble_card(),), None)
        if not outcome.known or not shown:
            return self._answer((stranger_card(),), outcome.school)
        reader, cards = shown[-1]
        if self._whispers is not None:
            # As on the Home tab: the main store knows nothing of what is in the queue.
            cards = await self._whispers.home(reader, cards)
        return self._answer(cards, outcome.school)

    def _answer(self, cards: tuple[Card, ...], school: SchoolFacts | None) -> BoltResponse:
        language, zone = (school.locale, school.zone) if school else ("en", "UTC")
        blocks, text = answer_blocks(cards, language, zone, self._clock())
        said = {"response_type": "ephemeral", "text": text, "blocks": blocks}
        return BoltResponse(status=200, body=json.dumps(said), headers={"content-type": ["application/json"]})

    # --- the work -----------------------------------------------------------------------------------------------------

    async def _commit(self, user: str, delivery: str, work: Work) -> _Outcome:
        """Do the work of one delivery once, in one transaction, then hand on its letters."""
        transaction = partial(self._in_transaction, user=user, delivery=delivery, work=work)
        outcome = await self._worker.run(transaction)
        if not outcome.known and (email := await self._email_of(user)):
            outcome = await self._worker.run(partial(transaction, email=email))
        if outcome.done.letters:
            self._dispatch(outcome.done.letters)
        if outcome.known:
            self._wake()
        return outcome

    def _in_transaction(
        self, session: Session, *, user: str, delivery: str, work: Work, email: str | None = None
    ) -> _Outcome:
        school, now = facts(session.get_one(School, self._school_id)), self._clock()
        viewer = staff_by_slack(session, self._sealer, school.id, user)
        if viewer is None and email is not None:
            viewer = link_slack(session, self._sealer, school.id, user, email)
        if viewer is None:
            return _Outcome(school, known=False)
        # Hashed, for it names a person.
        key = self._sealer.blind("slack delivery", delivery).hex()[:32]
        if not first_time(session, key, now):
            return _Outcome(school)
        return _Outcome(school, work(session, school, viewer, now, key))

    async def _email_of(self, user: str) -> str | None:
        """Ask Slack for a user's e-mail address; None when it has none (a bot, a guest of another workspace)."""
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                answer = await self.client.users_info(user=user)
        except SlackApiError as error:
            if code_of(error) in ("user_not_found", "user_not_visible"):
                return None
            raise
        return (answer["user"].get("profile") or {}).get("email")

    def _view(self, shown: Card | Form, school: SchoolFacts | None, page: int | None = None) -> dict[str, Any]:
        language, zone = (school.locale, school.zone) if school else ("en", "UTC")
        if isinstance(shown, Form):
            return form_view(shown, Reader(language, zone, self._clock()), page)
        return modal_view(shown, language, zone, self._clock())

    async def _open_modal(
        self, trigger: str, shown: Card | Form, school: SchoolFacts | None, page: int | None = None
    ) -> None:
        view = self._view(shown, school, page)
        for last in (False, True):
            try:
                await self.client.views_open(trigger_id=trigger, view=view)
            except Exception as error:
                code = code_of(error) if isinstance(error, SlackApiError) else ""
                if code == "ratelimited" and not last:
                    # A trigger lasts three seconds: one more try fits in, a second would not.
                    await asyncio.sleep(TRY_MODAL_AGAIN)
                    continue
                log.warning("slack modal not opened", error=type(error).__name__, code=code)
            return

    async def _note_failure(self, event: str, error: Exception) -> None:
        """Keep a row of what could not be handled: its type, never its content."""
        kind = type(error).__name__
        log.error("slack delivery not handled", delivery=event, error=kind)
        row = Failure(school_id=self._school_id, at=self._clock(), event=f"slack {event}", error=kind)
        try:
            await self._worker.run(lambda session: session.add(row))
        except Exception as second:
            log.error("failure not kept", error=type(second).__name__)

    def _later(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def first_time(session: Session, key: str, now: datetime) -> bool:
    """Mark a delivery as seen; False when it was already, by this process or another."""
    if session.get(Seen, ("slack", key)) is not None:
        return False
    try:
        with session.begin_nested():
            session.add(Seen(source="slack", key=key, at=now))
    except IntegrityError:
        return False
    return True


async def _authorize() -> AuthorizeResult:
    """Let Bolt route without asking Slack who we are: its check would acknowledge what it could not check."""
    return AuthorizeResult(enterprise_id=None, team_id=None)


async def _unhandled(error: Exception) -> BoltResponse:
    """Acknowledge what nobody here listens to; anything else was ours, and is not acknowledged."""
    if isinstance(error, BoltUnhandledRequestError):
        return BoltResponse(status=200)
    log.error("slack delivery not handled", delivery="other", error=type(error).__name__)
    return BoltResponse(status=500)
