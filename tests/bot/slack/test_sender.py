"""Letters to the stand-in Slack over HTTP: sent once, changed in place, and what becomes of them when Slack says no."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Engine

from bot.ends import Refused, Result, Sent, TryAgain
from bot.slack.client import make_client
from bot.slack.sender import NO_ACCOUNT, SlackSender
from conversations.cards import nudge_card
from rehearsal.hub import SLACK_BOT_TOKEN
from rehearsal.slack_rules import SCOPES
from scheduling.briefing import nudge, post_home, update_copies
from store import outbox
from store.outbox import Letter
from store.people import staff_by_slack
from store.tables import Flag
from tests.bot.slack_school import NOW, PEOPLE, SmallSchool, small_school
from tests.rehearsal.slack_rig import Rig, serving, slack

# Older than any lease: somebody may have sent it before.
LONG_AGO = UUID(int=(1_600_000_000_000 << 80) | (0x7 << 76) | (0b10 << 62) | 1)


@dataclass
class Post:
    """The stand-in, a school, and a sender between them."""

    rig: Rig
    school: SmallSchool
    sender: SlackSender

    async def messages(self, user: str) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = await self.rig.ask("GET", f"/workspace/{user}/messages")
        return answer

    async def send_and_settle(self, letter: Letter) -> Result:
        """Send a letter and write its end, as the delivery does."""
        result = await self.sender.send(letter)
        if isinstance(result, Sent):
            ref = result.ref
            self.school.work(lambda session: outbox.sent(session, self.school.sealer, letter, NOW, ref))
        return result


def sender_of(school: SmallSchool, client: AsyncWebClient) -> SlackSender:
    return SlackSender(client, school.worker, school.sealer, lambda: NOW)


@asynccontextmanager
async def post_office(
    engine: Engine, *, linked: bool = True, scopes: tuple[str, ...] = SCOPES, token: str = SLACK_BOT_TOKEN
) -> AsyncIterator[Post]:
    school = small_school(engine, linked=linked)
    try:
        async with slack(scopes=scopes) as rig:
            await rig.ask("PUT", "/workspace/people", PEOPLE)
            yield Post(rig, school, sender_of(school, make_client(token, f"{rig.base}/api")))
    finally:
        school.worker.close()


async def test_card_arrives_as_a_direct_message(engine: Engine):
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        result = await post.sender.send(letter)
        (message,) = await post.messages("U0TUTOR")
        assert result == Sent({"channel": "D0TUTOR", "ts": message["ts"]})
        assert message["text"] == "W.A. (7A): a change in pattern"
        assert [block["type"] for block in message["blocks"]] == [
            "header",
            "section",
            "section",
            "context",
            "actions",
            "actions",
        ]


async def test_card_is_changed_in_place(engine: Engine):
    async with post_office(engine) as post:
        school = post.school
        (letter,) = school.post_nudge("tutor")
        await post.send_and_settle(letter)
        (update,) = update_nudge(school)
        assert isinstance(await post.send_and_settle(update), Sent)
        (message,) = await post.messages("U0TUTOR")
        assert message["edited"]
        assert [one["action_id"] for one in message["blocks"][-1]["elements"]] == [
            "nudge_done",
            "nudge_ideas",
            "nudge_undo",
            "nudge_figures",
            "nudge_who",
        ]


def update_nudge(school: SmallSchool) -> list[Letter]:
    def write(session: Any) -> list[Letter]:  # noqa: ANN401
        flag = session.get_one(Flag, school.flag)
        flag.state, flag.owner_id = "taken", school.staff["tutor"]
        card = nudge_card(nudge(session, school.sealer, school.school, flag))
        return update_copies(
            session,
            school.sealer,
            school.school,
            f"nudge:{school.flag.hex}:",
            card,
            dedupe="k",
            now=NOW,
            lease_to="tests",
        )

    return school.work(write)


async def test_change_of_a_card_on_its_way_waits_for_it(engine: Engine):
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        (update,) = update_nudge(post.school)
        assert await post.sender.send(replace(update, attempts=5)) == TryAgain("not posted yet")
        assert isinstance(await post.send_and_settle(letter), Sent)
        assert isinstance(await post.sender.send(update), Sent)


async def test_change_of_a_card_that_was_never_posted_is_refused(engine: Engine):
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        (update,) = update_nudge(post.school)
        post.school.work(lambda session: outbox.ended(session, letter, "failed", NOW, "refused"))
        assert await post.sender.send(update) == Refused("there is no message to change")


async def test_change_of_a_message_that_was_deleted_is_refused(engine: Engine):
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        result = await post.send_and_settle(letter)
        assert isinstance(result, Sent)
        assert result.ref is not None
        await post.rig.client.chat_delete(**result.ref)
        (update,) = update_nudge(post.school)
        assert await post.sender.send(update) == Refused("Slack refused: message_not_found")


async def test_home_is_published(engine: Engine):
    async with post_office(engine) as post:
        school = post.school
        letter = school.work(
            lambda session: post_home(
                session,
                school.sealer,
                school.school,
                school.member(session, "lead"),
                dedupe="h",
                now=NOW,
                lease_to="tests",
            )
        )
        assert letter is not None
        assert await post.sender.send(letter) == Sent()
        home = await post.rig.ask("GET", "/workspace/U0LEAD/home")
        assert home["blocks"][0]["text"]["text"].startswith("*Urgent: W.A. (7A) may be in danger*\n")


async def test_name_that_is_a_command_reaches_slack_without_its_power(engine: Engine):
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        card = {**letter.payload["card"], "title": {"t": "{text}", "p": {"text": "<!channel> <@U0LEAD>"}}}
        await post.sender.send(replace(letter, payload={**letter.payload, "card": card}))
        (message,) = await post.messages("U0TUTOR")
        assert message["text"] == "&lt;!channel&gt; &lt;@U0LEAD&gt;"
        assert message["blocks"][0]["text"]["type"] == "plain_text"


# --- who it is --------------------------------------------------------------------------------------------------------


async def test_member_of_staff_is_found_by_email_and_linked_for_the_next_time(engine: Engine):
    async with post_office(engine, linked=False) as post:
        school = post.school
        (letter,) = school.post_nudge("tutor")
        assert letter.payload["user"] is None
        assert isinstance(await post.sender.send(letter), Sent)
        found = school.work(lambda session: staff_by_slack(session, school.sealer, school.school.id, "U0TUTOR"))
        assert found is not None
        assert found.id == school.staff["tutor"]
        (again,) = school.post_request("tutor")
        assert again.payload["user"] == "U0TUTOR"


async def test_email_that_no_account_has_is_refused(engine: Engine):
    async with post_office(engine, linked=False) as post:
        (letter,) = post.school.post_nudge("tutor")
        unknown = replace(letter, payload={**letter.payload, "email": "nobody@rehearsal.school"})
        assert await post.sender.send(unknown) == Refused(NO_ACCOUNT, unreachable=True)


async def test_account_that_was_closed_is_refused_as_out_of_reach(engine: Engine):
    async with post_office(engine) as post:
        await post.rig.ask("PUT", "/workspace/people", [{**PEOPLE[0], "deleted": True}])
        (letter,) = post.school.post_nudge("tutor")
        assert await post.sender.send(letter) == Refused("Slack refused: user_disabled", unreachable=True)


async def test_message_to_a_channel_that_is_gone_goes_to_the_one_that_is_opened_anew(engine: Engine):
    async with post_office(engine) as post:
        first, second = post.school.post_nudge("tutor"), post.school.post_request("tutor")
        await post.sender.send(first[0])
        # What Slack opened for them then is no more: the workspace was moved.
        post.sender._channels["U0TUTOR"] = "D0GONE"
        result = await post.sender.send(second[0])
        assert result == TryAgain("Slack knows the channel no more (channel_not_found)")
        assert isinstance(await post.sender.send(replace(second[0], attempts=1)), Sent)
        assert len(await post.messages("U0TUTOR")) == 2
        post.sender._channels["U0TUTOR"] = "D0GONE"
        assert await post.sender.send(replace(second[0], attempts=2)) == Refused("Slack refused: channel_not_found")


# --- once and no more -------------------------------------------------------------------------------------------------


async def test_post_whose_answer_was_lost_is_found_in_the_history_and_not_repeated(engine: Engine):
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        await post.sender.send(letter)
        (message,) = await post.messages("U0TUTOR")
        # Another process takes it up, which knows only that it was tried.
        other = sender_of(post.school, make_client(SLACK_BOT_TOKEN, f"{post.rig.base}/api/"))
        assert await other.send(replace(letter, attempts=1)) == Sent({"channel": "D0TUTOR", "ts": message["ts"]})
        assert len(await post.messages("U0TUTOR")) == 1


async def test_letter_left_by_a_process_that_died_is_looked_for_even_if_it_was_never_tried(engine: Engine):
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        left = replace(letter, id=LONG_AGO)
        await post.sender.send(left)
        await post.sender.send(left)
        assert len(await post.messages("U0TUTOR")) == 1


async def test_letter_that_did_not_arrive_is_sent_by_the_second_try(engine: Engine):
    async with post_office(engine) as post:
        first, second = post.school.post_nudge("tutor"), post.school.post_request("tutor")
        await post.sender.send(first[0])
        assert isinstance(await post.sender.send(replace(second[0], attempts=3)), Sent)
        assert len(await post.messages("U0TUTOR")) == 2


async def test_letter_is_found_behind_many_others(engine: Engine):
    async with post_office(engine) as post:
        await post.rig.ask("POST", "/workspace/limits", {"enforce": False})
        (letter,) = post.school.post_nudge("tutor")
        await post.sender.send(letter)
        for number in range(250):
            await post.rig.client.chat_postMessage(channel="D0TUTOR", text=f"{number}")
        result = await post.sender.send(replace(letter, attempts=1))
        first = (await post.messages("U0TUTOR"))[0]
        assert result == Sent({"channel": "D0TUTOR", "ts": first["ts"]})


async def test_connection_cut_after_the_post_gives_one_message(engine: Engine):
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        await post.sender.send(replace(letter, payload=letter.payload))
        (again,) = post.school.post_request("tutor")
        post.rig.faults.mode, post.rig.faults.every = "drop", 1
        result = await post.sender.send(again)
        assert result == TryAgain("network: ServerDisconnectedError")
        post.rig.faults.mode = "off"
        assert isinstance(await post.sender.send(replace(again, attempts=1)), Sent)
        assert len(await post.messages("U0TUTOR")) == 2


# --- when Slack says no -----------------------------------------------------------------------------------------------


async def test_429_says_for_how_long_to_wait(engine: Engine):
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        post.rig.faults.mode, post.rig.faults.every = "429", 1
        assert await post.sender.send(letter) == TryAgain("Slack asks to wait", after=1.0)


async def test_too_many_posts_into_one_channel_are_held_up_not_lost(engine: Engine):
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        results = [await post.sender.send(letter) for _ in range(7)]
        held = [result for result in results if isinstance(result, TryAgain)]
        assert held
        assert all(result.after is not None and result.after >= 1 for result in held)


async def test_fault_of_slack_is_tried_again(engine: Engine):
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        post.rig.faults.mode, post.rig.faults.every = "5xx", 1
        result = await post.sender.send(letter)
        assert result == TryAgain("Slack had a fault (service_unavailable)")


async def test_nobody_listening_is_tried_again(engine: Engine):
    school = small_school(engine, linked=True)
    (letter,) = school.post_nudge("tutor")
    async with serving(web.Application()) as base:
        pass
    result = await sender_of(school, make_client(SLACK_BOT_TOKEN, base)).send(letter)
    assert result == TryAgain("network: ClientConnectorError")
    school.worker.close()


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (502, "text/html", "<html>Bad gateway</html>"),
        (200, "text/html", "<html>Log in to the school's network</html>"),
        (200, "application/json", "not JSON"),
        (200, "application/json", "[]"),
        (200, "application/json", "null"),
        (200, "text/plain", "ok"),
    ],
)
async def test_answer_that_is_not_slacks_is_tried_again(engine: Engine, status: int, kind: str, body: str):
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, content_type=kind, text=body)

    school = small_school(engine, linked=True)
    (letter,) = school.post_nudge("tutor")
    portal = web.Application()
    portal.router.add_route("*", "/{tail:.*}", answer)
    async with serving(portal) as base:
        result = await sender_of(school, make_client(SLACK_BOT_TOKEN, base)).send(letter)
    assert isinstance(result, TryAgain)
    school.worker.close()


async def test_token_that_slack_does_not_accept_can_be_mended(engine: Engine):
    async with post_office(engine, token="xoxb-wrong") as post:
        (letter,) = post.school.post_nudge("tutor")
        assert await post.sender.send(letter) == TryAgain("Slack does not accept the bot token (invalid_auth)")


async def test_scope_that_is_missing_can_be_mended(engine: Engine):
    lacking = tuple(scope for scope in SCOPES if scope != "im:write")
    async with post_office(engine, scopes=lacking) as post:
        (letter,) = post.school.post_nudge("tutor")
        assert await post.sender.send(letter) == TryAgain(
            "the Slack app lacks a scope: install it again from the manifest (missing_scope)"
        )


async def test_payload_from_another_version_does_not_raise(engine: Engine):
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        odd = replace(letter, payload={"user": "U0TUTOR"})
        assert await post.sender.send(odd) == TryAgain("fault: KeyError")


async def test_proxy_of_the_environment_is_not_used_for_this_machine(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert os.environ["HTTPS_PROXY"]
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        assert isinstance(await post.sender.send(letter), Sent)
    assert make_client("xoxb-x", "https://slack.com/api/").proxy == "http://127.0.0.1:9"


async def test_home_tab_does_not_hold_up_messages_to_the_same_person(engine: Engine):
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        update, home = replace(letter, method="update"), replace(letter, method="home", expires_at=NOW + timedelta(1))
        chats = [post.sender.chat_of(one) for one in (letter, update, home)]
        assert chats == [letter.recipient, letter.recipient, f"home:{letter.recipient}"]


async def test_a_card_is_deleted(engine: Engine):
    async with post_office(engine) as post:
        (letter,) = post.school.post_nudge("tutor")
        sent = await post.sender.send(letter)
        assert isinstance(sent, Sent)
        gone = replace(letter, method="delete", payload={"user": "", **(sent.ref or {})})
        assert await post.sender.send(gone) == Sent()
        assert await post.messages("U0TUTOR") == []
