"""The Slack edge against the stand-in, by Socket Mode and by signed HTTP, with the real Bolt between."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from aiohttp import web
from sqlalchemy import text
from sqlmodel import select

from bot.delivery import Sent
from bot.slack_edge import EVENTS_PATH, SlackEdge
from bot.slack_socket import Socket
from rehearsal.hub import SLACK_APP_TOKEN, SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET
from rehearsal.slack_delivery import signature
from rehearsal.slack_rules import Waits
from store import outbox
from store.outbox import Letter
from store.tables import Due, Failure, Seen, Staff
from tests.bot.slack_school import NOW, PEOPLE, SmallSchool, small_school
from tests.rehearsal.slack_rig import Rig, serving, slack

QUICK = Waits(ack=1.0, retries=(0.0, 0.2, 0.5, 1.0, 2.0), trigger=10.0)
WAYS = pytest.mark.parametrize("way", ["socket", "http"])


@dataclass
class Office:
    """The stand-in Slack, a school, and the edge between them; letters are sent when a test says so."""

    rig: Rig
    school: SmallSchool
    edge: SlackEdge
    letters: list[Letter]
    url: str
    woken: list[None] = field(default_factory=list)

    async def deliver(self, letters: Iterable[Letter] | None = None) -> None:
        """Send what was handed over (or these letters), and write where it lies."""
        waiting = list(letters) if letters is not None else [self.letters.pop(0) for _ in list(self.letters)]
        for letter in waiting:
            result = await self.edge.sender.send(letter)
            assert isinstance(result, Sent), result
            ref = result.ref
            self.school.work(
                lambda session, letter=letter, ref=ref: outbox.sent(session, self.school.sealer, letter, NOW, ref)
            )

    async def messages(self, user: str) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = await self.rig.ask("GET", f"/workspace/{user}/messages")
        return answer

    async def press(self, user: str, action: str, **more: object) -> Any:  # noqa: ANN401 (JSON)
        """Press a button of the person's last message."""
        message = (await self.messages(user))[-1]
        place = {"channel": f"D{user[1:]}", "ts": message["ts"], "action_id": action}
        return await self.rig.click(user, **place, **more)

    async def modal(self, user: str) -> str:
        """Wait for a modal and read it: its sections, one a line."""
        view = await self.soon(lambda: self.rig.ask("GET", f"/workspace/{user}/view"))
        return "\n".join(block["text"]["text"] for block in view["blocks"] if block["type"] == "section")

    async def home(self, user: str, want: Callable[[Any], bool] = bool) -> Any:  # noqa: ANN401 (JSON)
        return await self.soon(lambda: self.rig.ask("GET", f"/workspace/{user}/home"), want)

    async def soon(self, ask: Callable[[], Any], want: Callable[[Any], bool] = bool) -> Any:  # noqa: ANN401 (JSON)
        """Ask until the answer is as wanted."""
        async with asyncio.timeout(5):
            while not want(answer := await ask()):
                await self.deliver()
                await asyncio.sleep(0.01)
        return answer

    def count(self, table: type[Any]) -> int:
        return self.school.work(lambda session: len(session.exec(select(table)).all()))


@asynccontextmanager
async def office(
    folder: Path, way: str, *, linked: bool = True, waits: Waits = QUICK, bot_token: str = SLACK_BOT_TOKEN
) -> AsyncIterator[Office]:
    school = small_school(folder, linked=linked)
    async with slack(waits=waits) as rig:
        await rig.ask("PUT", "/workspace/people", PEOPLE)
        letters: list[Letter] = []
        woken: list[None] = []
        edge = SlackEdge(
            bot_token=bot_token,
            app_token=SLACK_APP_TOKEN if way == "socket" else None,
            signing_secret=SLACK_SIGNING_SECRET if way == "http" else None,
            api_url=f"{rig.base}/api/",
            school_id=school.school.id,
            worker=school.worker,
            sealer=school.sealer,
            clock=lambda: NOW,
            dispatch=letters.extend,
            wake=lambda: woken.append(None),
            name="tests",
        )
        server = web.Application()
        edge.add_routes(server)
        async with serving(server) as base:
            await edge.start()
            url = base + EVENTS_PATH
            try:
                if way == "http":
                    await rig.ask("PUT", "/workspace/delivery", {"mode": "http", "url": url})
                yield Office(rig, school, edge, letters, url, woken)
            finally:
                await edge.stop()
                school.worker.close()


@WAYS
async def test_nudge_is_taken_and_the_card_says_so(tmp_path: Path, way: str):
    async with office(tmp_path, way) as here:
        await here.deliver(here.school.post_nudge("tutor", "lead"))
        assert (await here.press("U0TUTOR", "nudge_take"))["acked"] is True
        assert here.school.the_flag().state == "taken"
        await here.deliver()
        for user in ("U0TUTOR", "U0LEAD"):
            (message,) = await here.messages(user)
            assert message["blocks"][1]["text"]["text"].splitlines()[-1] == "Taken by Tess Tolling."
        assert here.woken == [None]


@WAYS
async def test_button_pressed_twice_decides_once(tmp_path: Path, way: str):
    async with office(tmp_path, way) as here:
        await here.deliver(here.school.post_nudge("tutor"))
        answers = await asyncio.gather(*(here.press("U0TUTOR", "nudge_snooze") for _ in range(2)))
        assert [answer["acked"] for answer in answers] == [True, True]
        assert here.school.the_flag().version == 1
        assert here.count(Due) == 1


@WAYS
async def test_press_that_slack_delivers_twice_counts_once(tmp_path: Path, way: str):
    async with office(tmp_path, way) as here:
        await here.deliver(here.school.post_nudge("tutor"))
        here.rig.faults.mode, here.rig.faults.every = "duplicate", 1
        assert (await here.press("U0TUTOR", "nudge_take"))["acked"] is True
        here.rig.faults.mode = "off"
        assert here.count(Seen) == 1
        assert len(here.letters) == 1


@WAYS
async def test_button_of_a_group_that_is_not_theirs_shows_what_a_missing_one_would(tmp_path: Path, way: str):
    async with office(tmp_path, way) as here:
        await here.deliver(here.school.post_nudge("other"))
        assert (await here.press("U0OTHER", "nudge_take"))["acked"] is True
        assert await here.modal("U0OTHER") == "This is not there any more, or it is not yours to see."
        assert here.school.the_flag().state == "new"


@WAYS
async def test_forged_value_and_unknown_action_do_no_harm(tmp_path: Path, way: str):
    async with office(tmp_path, way) as here:
        await here.deliver(here.school.post_nudge("tutor"))
        forged = {"force": True, "value": "x" * 2000}
        assert (await here.press("U0TUTOR", "nudge_take", **forged))["acked"] is True
        assert await here.modal("U0TUTOR") == "This is not there any more, or it is not yours to see."
        assert (await here.press("U0TUTOR", "drop_table", force=True))["acked"] is True
        shown = "This button is from an earlier time. The Home tab shows what is open now."
        await here.soon(lambda: here.modal("U0TUTOR"), lambda words: words == shown)
        assert here.school.the_flag().state == "new"


@WAYS
async def test_second_lead_is_shown_who_owns_the_request(tmp_path: Path, way: str):
    async with office(tmp_path, way) as here:
        await here.deliver(here.school.post_request("lead", "deputy"))
        await here.press("U0LEAD", "request_own")
        await here.press("U0DEPUTY", "request_own")
        assert await here.modal("U0DEPUTY") == "Lena Lomax already owns this. The pupil has been told."
        assert here.school.the_request().owner_id == here.school.staff["lead"]


@WAYS
async def test_who_did_not_answer_opens_in_a_modal_from_home(tmp_path: Path, way: str):
    async with office(tmp_path, way) as here:
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        home = await here.home("U0TUTOR")
        pressed = await here.rig.click("U0TUTOR", view_id=home["id"], action_id="unanswered_show")
        assert pressed["acked"] is True
        assert await here.modal("U0TUTOR") == "Bo <!channel> Quill: not yet"


@WAYS
async def test_home_follows_a_decision_made_on_it(tmp_path: Path, way: str):
    async with office(tmp_path, way) as here:
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        home = await here.home("U0TUTOR")
        await here.rig.click("U0TUTOR", view_id=home["id"], action_id="nudge_take")
        after = await here.home("U0TUTOR", lambda view: view["hash"] != home["hash"])
        assert "nudge_take" in str(home)
        assert "nudge_take" not in str(after)


@WAYS
async def test_member_of_staff_is_found_by_email_at_the_first_opening(tmp_path: Path, way: str):
    async with office(tmp_path, way, linked=False) as here:
        await here.rig.ask("POST", "/workspace/U0LEAD/home/open")
        home = await here.home("U0LEAD")
        assert home["blocks"][0]["text"]["text"].startswith("*Urgent: ")
        lead = here.school.work(lambda session: session.get_one(Staff, here.school.staff["lead"]))
        assert lead.home_opened_at == NOW
        assert lead.slack_user_key == here.school.sealer.blind("slack", "U0LEAD")


@WAYS
async def test_stranger_is_told_why_and_shown_nothing(tmp_path: Path, way: str):
    async with office(tmp_path, way) as here:
        await here.rig.ask("POST", "/workspace/U0GUEST/home/open")
        home = await here.home("U0GUEST")
        (block,) = home["blocks"]
        assert block["text"]["text"].startswith("*Earshot does not know you yet*\n")
        assert here.letters == []
        press = {"view_id": home["id"], "action_id": "nudge_take", "value": here.school.flag.hex, "force": True}
        assert (await here.rig.click("U0GUEST", **press))["acked"] is True
        assert (await here.modal("U0GUEST")).startswith("Your Slack e-mail address is not on")
        assert here.school.the_flag().state == "new"


@WAYS
async def test_opening_that_slack_delivers_twice_is_published_once(tmp_path: Path, way: str):
    async with office(tmp_path, way) as here:
        here.rig.faults.mode, here.rig.faults.every = "duplicate", 1
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        here.rig.faults.mode = "off"
        await here.home("U0TUTOR")
        await asyncio.sleep(0.1)
        assert here.count(Seen) == 1
        assert here.letters == []


@WAYS
async def test_event_whose_commit_failed_is_not_acknowledged_and_comes_again(tmp_path: Path, way: str):
    async with office(tmp_path, way) as here:
        break_store(here.school)
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        await here.soon(lambda: failures(here))
        assert await here.rig.ask("GET", "/workspace/U0TUTOR/home") is None
        mend_store(here.school)
        assert await here.home("U0TUTOR")
        assert here.count(Seen) == 1


@WAYS
async def test_press_whose_commit_failed_is_not_acknowledged_and_the_person_is_told(tmp_path: Path, way: str):
    async with office(tmp_path, way) as here:
        await here.deliver(here.school.post_nudge("tutor"))
        break_store(here.school)
        assert (await here.press("U0TUTOR", "nudge_take"))["acked"] is False
        said = await here.modal("U0TUTOR")
        assert said == "Something went wrong and nothing was changed. Please try again in a minute."
        assert here.school.the_flag().state == "new"
        (failure,) = await failures(here)
        assert (failure.event, failure.error) == ("slack block_actions", "IntegrityError")
        mend_store(here.school)
        assert (await here.press("U0TUTOR", "nudge_take"))["acked"] is True


def break_store(school: SmallSchool) -> None:
    """Let every decision fail: the store refuses audit rows."""
    refuse = "CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'the name of a pupil'); END"
    school.work(lambda session: session.execute(text(refuse)))


def mend_store(school: SmallSchool) -> None:
    school.work(lambda session: session.execute(text("DROP TRIGGER broken")))


async def failures(here: Office) -> list[Failure]:
    return here.school.work(lambda session: list(session.exec(select(Failure))))


@WAYS
async def test_slack_that_cannot_say_who_it_is_delivers_again(tmp_path: Path, way: str):
    async with office(tmp_path, way, linked=False) as here:
        await here.rig.ask("POST", "/workspace/U0LEAD/home/open")
        await here.home("U0LEAD")
        here.rig.faults.mode, here.rig.faults.every = "5xx", 1
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        await here.soon(lambda: failures(here))
        here.rig.faults.mode = "off"
        assert await here.home("U0TUTOR")


@WAYS
async def test_what_nobody_listens_to_is_acknowledged(tmp_path: Path, way: str):
    async with office(tmp_path, way) as here:
        assert (await here.rig.ask("POST", "/workspace/U0TUTOR/shortcut", {"callback_id": "old"}))["acked"] is True
        assert (await here.rig.ask("POST", "/workspace/U0TUTOR/command", {"command": "/old"}))["acked"] is True
        assert here.count(Seen) == 0


@WAYS
async def test_logs_of_a_failure_hold_its_type_and_no_word(
    tmp_path: Path, way: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
):
    with structlog.testing.capture_logs() as logs, caplog.at_level(logging.DEBUG):
        async with office(tmp_path, way) as here:
            await here.deliver(here.school.post_nudge("tutor"))
            break_store(here.school)
            await here.press("U0TUTOR", "nudge_take")
            await here.modal("U0TUTOR")
            await here.rig.ask("POST", "/workspace/U0TUTOR/say", {"text": "Wren Ashdown"})
    ours = [entry for entry in logs if entry["event"] == "slack delivery not handled"]
    assert ours == [
        {
            "event": "slack delivery not handled",
            "log_level": "error",
            "delivery": "block_actions",
            "error": "IntegrityError",
        }
    ]
    printed = capsys.readouterr()
    library = [record.getMessage() for record in caplog.records if record.name.startswith("slack")]
    everything = f"{logs} {library} {printed.out} {printed.err}"
    for secret in ("Wren", "W.A.", "U0TUTOR", "Tolling", "xoxb", "xapp", here.school.flag.hex, "the name of a pupil"):
        assert secret not in everything


# --- Socket Mode ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_socket_that_slack_closes_is_opened_anew(tmp_path: Path, reason: str):
    async with office(tmp_path, "socket") as here:
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        await here.home("U0TUTOR")
        assert (await here.rig.ask("POST", "/workspace/disconnect", {"reason": reason}))["asked"] == 1
        await here.rig.ask("POST", "/workspace/U0LEAD/home/open")
        await here.home("U0LEAD")


async def test_address_that_has_grown_old_is_not_tried_again(tmp_path: Path):
    async with office(tmp_path, "http") as here:
        socket = Socket(app_token=SLACK_APP_TOKEN, web_client=here.edge.client, logger=logging.getLogger("slack_sdk"))
        socket.wss_uri = "ws://127.0.0.1:9/socket"
        assert socket.wss_uri == "ws://127.0.0.1:9/socket"
        socket._address_at -= 60
        assert socket.wss_uri is None
        await socket.close()


async def test_start_and_stop_are_quick_when_slack_is_not_there(tmp_path: Path):
    school = small_school(tmp_path)
    edge = SlackEdge(
        bot_token=SLACK_BOT_TOKEN,
        app_token=SLACK_APP_TOKEN,
        signing_secret=None,
        api_url="http://127.0.0.1:9/api/",
        school_id=school.school.id,
        worker=school.worker,
        sealer=school.sealer,
        clock=lambda: NOW,
        dispatch=lambda _letters: None,
        wake=lambda: None,
        name="tests",
    )
    async with asyncio.timeout(2):
        await edge.start()
        await asyncio.sleep(0.1)
        await edge.stop()
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
    school.worker.close()


async def test_stop_leaves_no_task_behind(tmp_path: Path):
    before = asyncio.all_tasks()
    async with office(tmp_path, "socket") as here:
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        await here.home("U0TUTOR")
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before


async def test_edge_without_a_way_to_listen_says_what_it_needs(tmp_path: Path):
    async with office(tmp_path, "http") as here:
        with pytest.raises(ValueError, match=r"an app token .* or a signing secret"):
            SlackEdge(
                bot_token=SLACK_BOT_TOKEN,
                app_token=None,
                signing_secret=None,
                api_url=None,
                school_id=here.school.school.id,
                worker=here.school.worker,
                sealer=here.school.sealer,
                clock=lambda: NOW,
                dispatch=lambda _letters: None,
                wake=lambda: None,
                name="tests",
            )


async def test_socket_mode_opens_no_door(tmp_path: Path):
    async with office(tmp_path, "socket") as here:
        assert await post(here, opening(), signed(opening())) == 404


# --- signed HTTP ------------------------------------------------------------------------------------------------------


async def post(here: Office, body: str, headers: dict[str, str]) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.post(here.url, data=body.encode(), headers=headers) as answer,
    ):
        return answer.status


def opening(user: str = "U0TUTOR", event_id: str = "Ev1") -> str:
    event = {"type": "app_home_opened", "user": user, "tab": "home"}
    return json.dumps({"type": "event_callback", "event_id": event_id, "team_id": "T0", "event": event})


def signed(body: str, *, secret: str = SLACK_SIGNING_SECRET, seconds_ago: int = 0) -> dict[str, str]:
    stamp = str(int(time.time()) - seconds_ago)
    return {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature(secret, stamp, body),
    }


async def test_signed_event_is_taken(tmp_path: Path):
    async with office(tmp_path, "http") as here:
        assert await post(here, opening(), signed(opening())) == 200
        assert len(here.letters) == 1


async def test_event_delivered_again_after_its_commit_is_acknowledged_and_does_nothing(tmp_path: Path):
    async with office(tmp_path, "http") as here:
        body = opening()
        assert [await post(here, body, signed(body)) for _ in range(3)] == [200, 200, 200]
        assert len(here.letters) == 1


async def test_opening_of_the_messages_tab_publishes_nothing(tmp_path: Path):
    async with office(tmp_path, "http") as here:
        body = opening().replace('"home"', '"messages"')
        assert await post(here, body, signed(body)) == 200
        assert here.letters == []


@pytest.mark.parametrize(
    "headers",
    [
        signed(opening(), secret="not-the-secret"),
        signed(opening(), seconds_ago=301),
        signed(opening(), seconds_ago=-900),
        signed(opening() + " "),
        {**signed(opening()), "X-Slack-Request-Timestamp": "yesterday"},
        {**signed(opening()), "X-Slack-Signature": "v0=" + "é" * 64},
        {name: value for name, value in signed(opening()).items() if name != "X-Slack-Signature"},
        {name: value for name, value in signed(opening()).items() if name != "X-Slack-Request-Timestamp"},
        {"Content-Type": "application/json"},
    ],
    ids=["wrong", "old", "from the future", "of another body", "odd time", "odd", "none", "no time", "nothing"],
)
async def test_request_that_slack_did_not_sign_just_now_is_refused(tmp_path: Path, headers: dict[str, str]):
    async with office(tmp_path, "http") as here:
        assert await post(here, opening(), headers) == 401
        assert (here.letters, here.count(Seen)) == ([], 0)


@pytest.mark.parametrize("body", ["", "[]", "null", "7", "{", "payload=%5B%5D", "payload=x", "\x00"])
async def test_unsigned_rubbish_is_refused(tmp_path: Path, body: str):
    async with office(tmp_path, "http") as here:
        assert await post(here, body, signed(body, secret="not-the-secret")) == 401


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"type":"event_callback","event":{"type":"app_home_opened"}}'])
async def test_signed_rubbish_ends_nothing(tmp_path: Path, body: str):
    async with office(tmp_path, "http") as here:
        assert await post(here, body, signed(body)) in (200, 401, 500)
        assert await post(here, opening(), signed(opening())) == 200
