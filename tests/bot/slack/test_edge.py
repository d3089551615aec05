"""The Slack edge against the stand-in, by Socket Mode and by signed HTTP, with the real Bolt between."""

from __future__ import annotations

import asyncio
import logging

import pytest
import structlog
from sqlalchemy import Engine, text
from sqlmodel import select

from bot.ends import Refused, Sent
from bot.slack.edge import SlackEdge
from bot.slack.socket import Socket
from rehearsal.hub import SLACK_APP_TOKEN, SLACK_BOT_TOKEN
from store.plan_tables import Plan
from store.tables import Due, Failure, Seen, Staff
from tests.bot.slack_office import QUICK, Office, office
from tests.bot.slack_school import NOW, SmallSchool, more_groups, small_school

WAYS = pytest.mark.parametrize("way", ["socket", "http"])


@WAYS
async def test_nudge_is_taken_and_the_card_says_so(engine: Engine, way: str):
    async with office(engine, way) as here:
        await here.deliver(here.school.post_nudge("tutor", "lead"))
        assert (await here.press("U0TUTOR", "nudge_take"))["acked"] is True
        assert here.school.the_flag().state == "taken"
        await here.deliver()
        for user in ("U0TUTOR", "U0LEAD"):
            (message,) = await here.messages(user)
            assert "Taken by Tess Tolling." in message["blocks"][1]["text"]["text"].splitlines()
        assert here.woken == [None]


@WAYS
async def test_button_pressed_twice_decides_once(engine: Engine, way: str):
    async with office(engine, way) as here:
        await here.deliver(here.school.post_nudge("tutor"))
        answers = await asyncio.gather(*(here.press("U0TUTOR", "nudge_snooze") for _ in range(2)))
        assert [answer["acked"] for answer in answers] == [True, True]
        assert here.school.the_flag().version == 1
        assert here.count(Due) == 1


@WAYS
async def test_press_counts_and_shows_on_the_other_copies_though_one_was_deleted(engine: Engine, way: str):
    async with office(engine, way) as here:
        await here.deliver(here.school.post_nudge("tutor", "lead"))
        (message,) = await here.messages("U0LEAD")
        await here.rig.client.chat_delete(channel="D0LEAD", ts=message["ts"])
        assert (await here.press("U0TUTOR", "nudge_take"))["acked"] is True
        assert here.school.the_flag().state == "taken"
        results = {letter.recipient: await here.edge.sender.send(letter) for letter in here.letters}
        lead, tutor = (f"staff:{here.school.staff[who].hex}" for who in ("lead", "tutor"))
        assert results[lead] == Refused("Slack refused: message_not_found")
        assert isinstance(results[tutor], Sent)


@WAYS
async def test_press_that_slack_delivers_twice_counts_once(engine: Engine, way: str):
    async with office(engine, way) as here:
        await here.deliver(here.school.post_nudge("tutor"))
        here.rig.faults.mode, here.rig.faults.every = "duplicate", 1
        assert (await here.press("U0TUTOR", "nudge_take"))["acked"] is True
        here.rig.faults.mode = "off"
        assert here.count(Seen) == 1
        assert len(here.letters) == 1


async def test_press_that_waited_while_the_process_hung_is_left_to_the_one_that_took_over(engine: Engine):
    async with office(engine, "socket", waits=QUICK) as here:
        await here.deliver(here.school.post_nudge("tutor"))
        here.may = False
        assert (await here.press("U0TUTOR", "nudge_take"))["acked"] is False
        assert (here.school.the_flag().state, here.count(Seen)) == ("new", 0)
        here.may = True
        assert (await here.press("U0TUTOR", "nudge_take"))["acked"] is True
        assert here.school.the_flag().state == "taken"


@WAYS
async def test_button_of_a_group_that_is_not_theirs_shows_what_a_missing_one_would(engine: Engine, way: str):
    async with office(engine, way) as here:
        await here.deliver(here.school.post_nudge("other"))
        assert (await here.press("U0OTHER", "nudge_take"))["acked"] is True
        assert await here.modal("U0OTHER") == "This is not there any more, or it is not yours to see."
        assert here.school.the_flag().state == "new"


@WAYS
async def test_forged_value_and_unknown_action_do_no_harm(engine: Engine, way: str):
    async with office(engine, way) as here:
        await here.deliver(here.school.post_nudge("tutor"))
        forged = {"force": True, "value": "x" * 2000}
        assert (await here.press("U0TUTOR", "nudge_take", **forged))["acked"] is True
        assert await here.modal("U0TUTOR") == "This is not there any more, or it is not yours to see."
        assert (await here.press("U0TUTOR", "drop_table", force=True))["acked"] is True
        shown = "This button is from an earlier time. The Home tab shows what is open now."
        await here.soon(lambda: here.modal("U0TUTOR"), lambda words: words == shown)
        assert here.school.the_flag().state == "new"


@WAYS
async def test_second_lead_is_shown_who_owns_the_request(engine: Engine, way: str):
    async with office(engine, way) as here:
        await here.deliver(here.school.post_request("lead", "deputy"))
        await here.press("U0LEAD", "request_own")
        await here.press("U0DEPUTY", "request_own")
        assert await here.modal("U0DEPUTY") == "Lena Lomax already owns this. The pupil has been told."
        assert here.school.the_request().owner_id == here.school.staff["lead"]


@WAYS
async def test_who_did_not_answer_opens_in_a_modal_from_home(engine: Engine, way: str):
    async with office(engine, way) as here:
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        home = await here.home("U0TUTOR")
        pressed = await here.rig.click("U0TUTOR", view_id=home["id"], action_id="unanswered_show")
        assert pressed["acked"] is True
        assert await here.modal("U0TUTOR") == "Bo <!channel> Quill: not yet"


@WAYS
async def test_a_modal_is_tried_again_when_slack_asks_to_slow_down(engine: Engine, way: str):
    async with office(engine, way) as here:
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        home = await here.home("U0TUTOR")
        here.rig.faults.mode, here.rig.faults.every = "429", 1
        await here.rig.click("U0TUTOR", view_id=home["id"], action_id="unanswered_show")
        await asyncio.sleep(0.5)
        here.rig.faults.mode = "off"
        assert await here.modal("U0TUTOR") == "Bo <!channel> Quill: not yet"


@WAYS
async def test_home_follows_a_decision_made_on_it(engine: Engine, way: str):
    async with office(engine, way) as here:
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        home = await here.home("U0TUTOR")
        await here.rig.click("U0TUTOR", view_id=home["id"], action_id="nudge_take")
        after = await here.home("U0TUTOR", lambda view: view["hash"] != home["hash"])
        assert "nudge_take" in str(home)
        assert "nudge_take" not in str(after)


@WAYS
async def test_home_stays_at_its_page_when_something_on_it_is_pressed_or_filled_in(engine: Engine, way: str):
    async with office(engine, way) as here:
        here.school.work(lambda session: more_groups(session, here.school, 40))
        await here.rig.ask("POST", "/workspace/U0LEAD/home/open")
        home = await here.home("U0LEAD")
        await here.rig.click("U0LEAD", view_id=home["id"], action_id="home_page")
        second = await here.home("U0LEAD", lambda view: view["hash"] != home["hash"])
        assert "Page 2 of 3" in str(second)
        await here.rig.click("U0LEAD", view_id=second["id"], action_id="group_plan")
        form = await here.soon(lambda: here.rig.ask("GET", "/workspace/U0LEAD/view"))
        values = {"action": {"action": "three-circles"}}
        await here.rig.ask("POST", "/workspace/U0LEAD/view/submit", {"view_id": form["id"], "values": values})
        filled = await here.home("U0LEAD", lambda view: view["hash"] != second["hash"])
        assert (filled["private_metadata"], "Page 2 of 3" in str(filled)) == ("1", True)


@WAYS
async def test_member_of_staff_is_found_by_email_at_the_first_opening(engine: Engine, way: str):
    async with office(engine, way, linked=False, waits=QUICK) as here:
        await here.rig.ask("POST", "/workspace/U0LEAD/home/open")
        home = await here.home("U0LEAD")
        assert home["blocks"][0]["text"]["text"].startswith("*Urgent: ")
        lead = here.school.work(lambda session: session.get_one(Staff, here.school.staff["lead"]))
        assert lead.home_opened_at == NOW
        assert lead.slack_user_key == here.school.sealer.blind("slack", "U0LEAD")


@WAYS
async def test_stranger_is_told_why_and_shown_nothing(engine: Engine, way: str):
    async with office(engine, way) as here:
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
async def test_opening_that_slack_delivers_twice_is_published_once(engine: Engine, way: str):
    async with office(engine, way) as here:
        here.rig.faults.mode, here.rig.faults.every = "duplicate", 1
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        here.rig.faults.mode = "off"
        await here.home("U0TUTOR")
        await asyncio.sleep(0.1)
        assert here.count(Seen) == 1
        assert here.letters == []


@WAYS
async def test_event_whose_commit_failed_is_not_acknowledged_and_comes_again(engine: Engine, way: str):
    async with office(engine, way, waits=QUICK) as here:
        break_store(here.school)
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        await here.soon(lambda: failures(here))
        assert await here.rig.ask("GET", "/workspace/U0TUTOR/home") is None
        mend_store(here.school)
        assert await here.home("U0TUTOR")
        assert here.count(Seen) == 1


@WAYS
async def test_press_whose_commit_failed_is_not_acknowledged_and_the_person_is_told(engine: Engine, way: str):
    async with office(engine, way) as here:
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


@WAYS
async def test_form_whose_commit_failed_stays_with_what_was_entered_and_can_be_sent_again(engine: Engine, way: str):
    async with office(engine, way) as here:
        await here.rig.ask("POST", "/workspace/U0LEAD/home/open")
        home = await here.home("U0LEAD")
        await here.rig.click("U0LEAD", view_id=home["id"], action_id="group_plan")
        form = await here.soon(lambda: here.rig.ask("GET", "/workspace/U0LEAD/view"))
        sent = {"view_id": form["id"], "values": {"action": {"action": "three-circles"}}}
        break_store(here.school)
        told = await here.rig.ask("POST", "/workspace/U0LEAD/view/submit", sent)
        trouble = "Something went wrong and nothing was changed. Please try again in a minute."
        assert told["errors"] == {"action": trouble}
        typed = await here.rig.ask("POST", "/workspace/U0LEAD/command", {"command": "/earshot", "text": "home"})
        assert trouble in str(typed) or trouble in str(await here.messages("U0LEAD"))
        mend_store(here.school)
        assert (await here.rig.ask("POST", "/workspace/U0LEAD/view/submit", sent))["acked"] is True
        assert here.count(Plan) == 1
        assert {one.event for one in await failures(here)} == {"slack view_submission", "slack slash_commands"}


def break_store(school: SmallSchool) -> None:
    """Let every decision fail: the store refuses audit rows."""
    refuse = {
        "sqlite": "CREATE TRIGGER broken BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'the name of a pupil'); END",
        "postgresql": "ALTER TABLE audit ADD CONSTRAINT broken CHECK (action = 'the name of a pupil') NOT VALID",
    }
    school.work(lambda session: session.execute(text(refuse[session.get_bind().dialect.name])))


def mend_store(school: SmallSchool) -> None:
    mend = {"sqlite": "DROP TRIGGER broken", "postgresql": "ALTER TABLE audit DROP CONSTRAINT broken"}
    school.work(lambda session: session.execute(text(mend[session.get_bind().dialect.name])))


async def failures(here: Office) -> list[Failure]:
    return here.school.work(lambda session: list(session.exec(select(Failure))))


@WAYS
async def test_slack_that_cannot_say_who_it_is_delivers_again(engine: Engine, way: str):
    async with office(engine, way, linked=False, waits=QUICK) as here:
        await here.rig.ask("POST", "/workspace/U0LEAD/home/open")
        await here.home("U0LEAD")
        here.rig.faults.mode, here.rig.faults.every = "5xx", 1
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        await here.soon(lambda: failures(here))
        here.rig.faults.mode = "off"
        assert await here.home("U0TUTOR")


@WAYS
async def test_what_nobody_listens_to_is_acknowledged(engine: Engine, way: str):
    async with office(engine, way) as here:
        assert (await here.rig.ask("POST", "/workspace/U0TUTOR/shortcut", {"callback_id": "old"}))["acked"] is True
        assert (await here.rig.ask("POST", "/workspace/U0TUTOR/command", {"command": "/old"}))["acked"] is True
        assert here.count(Seen) == 0


@WAYS
async def test_logs_of_a_failure_hold_its_type_and_no_word(
    engine: Engine, way: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
):
    with structlog.testing.capture_logs() as logs, caplog.at_level(logging.DEBUG):
        async with office(engine, way) as here:
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
async def test_socket_that_slack_closes_is_opened_anew(engine: Engine, reason: str):
    async with office(engine, "socket") as here:
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        await here.home("U0TUTOR")
        assert (await here.rig.ask("POST", "/workspace/disconnect", {"reason": reason}))["asked"] == 1
        await here.rig.ask("POST", "/workspace/U0LEAD/home/open")
        await here.home("U0LEAD")


async def test_address_that_has_grown_old_is_not_tried_again(engine: Engine):
    async with office(engine, "http") as here:
        socket = Socket(app_token=SLACK_APP_TOKEN, web_client=here.edge.client, logger=logging.getLogger("slack_sdk"))
        socket.wss_uri = "ws://127.0.0.1:9/socket"
        assert socket.wss_uri == "ws://127.0.0.1:9/socket"
        socket._address_at -= 60
        assert socket.wss_uri is None
        await socket.close()


async def test_start_and_stop_are_quick_when_slack_is_not_there(engine: Engine):
    school = small_school(engine)
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
        await edge.close()
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
    school.worker.close()


async def test_stop_leaves_no_task_behind(engine: Engine):
    before = asyncio.all_tasks()
    async with office(engine, "socket") as here:
        await here.rig.ask("POST", "/workspace/U0TUTOR/home/open")
        await here.home("U0TUTOR")
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before


async def test_edge_without_a_way_to_listen_says_what_it_needs(engine: Engine):
    async with office(engine, "http") as here:
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
