"""The members' side of the stand-in Slack: pressing, modals, triggers, response URLs, and what is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_sdk.webhook.async_client import AsyncWebhookClient

from rehearsal.hub import SLACK_APP_TOKEN
from rehearsal.slack_rules import Waits
from tests.rehearsal.slack_rig import (
    DM,
    Rig,
    actions,
    button,
    error_of,
    field,
    home,
    modal,
    refusal,
    section,
    slack,
)


class Hand:
    """A Socket Mode client that acknowledges all it is given, with an answer where a test has set one."""

    def __init__(self) -> None:
        self.given: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []

    async def read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            envelope = json.loads(message.data)
            if "envelope_id" in envelope:
                self.given.append(envelope["payload"])
                answer: dict[str, Any] = {"envelope_id": envelope["envelope_id"]}
                if envelope["accepts_response_payload"] and self.answers:
                    answer["payload"] = self.answers.pop(0)
                await socket.send_json(answer)


@asynccontextmanager
async def hand(rig: Rig) -> AsyncIterator[Hand]:
    opened = await rig.client.apps_connections_open(app_token=SLACK_APP_TOKEN)
    socket = await rig.session.ws_connect(opened["url"])
    held = Hand()
    reading = asyncio.create_task(held.read(socket))
    try:
        yield held
    finally:
        await socket.close()
        await reading


async def trigger(rig: Rig, held: Hand) -> str:
    await rig.ask("POST", "/workspace/U0HART/shortcut", {"callback_id": "x"})
    return str(held.given[-1]["trigger_id"])


async def opened(rig: Rig, held: Hand, view: dict[str, Any]) -> dict[str, Any]:
    answer = await rig.client.views_open(trigger_id=await trigger(rig, held), view=view)
    shown: dict[str, Any] = answer["view"]
    return shown


async def submit(rig: Rig, view: dict[str, Any], words: str | None = "fine") -> Any:  # noqa: ANN401 (JSON)
    values = {"note": {"words": words}} if words is not None else {}
    return await rig.ask("POST", "/workspace/U0HART/view/submit", {"view_id": view["id"], "values": values})


async def top(rig: Rig) -> Any:  # noqa: ANN401 (JSON)
    return await rig.ask("GET", "/workspace/U0HART/view")


async def nudge(rig: Rig, *blocks: dict[str, Any]) -> str:
    shown = list(blocks or (section(), actions(button())))
    return str((await rig.client.chat_postMessage(channel="U0HART", text="nudge", blocks=shown))["ts"])


# ----- pressing


async def test_pressed_button_is_told_with_message_container_and_answering_address():
    async with slack() as rig, hand(rig) as held:
        ts = await nudge(rig)
        assert (await rig.click(channel=DM, ts=ts, action_id="take", block_id="nudge"))["acked"] is True
        told = held.given[0]
    assert told["type"] == "block_actions"
    assert told["container"] == {"type": "message", "message_ts": ts, "channel_id": DM, "is_ephemeral": False}
    assert told["channel"] == {"id": DM, "name": "directmessage"}
    assert told["user"] == {"id": "U0HART", "username": "a.hart", "name": "a.hart", "team_id": "T0REHEARSAL"}
    assert (told["message"]["ts"], told["state"]) == (ts, {"values": {}})
    assert told["response_url"].startswith(f"{rig.base}/response/T0REHEARSAL/")
    assert told["actions"][0]["text"] == {"type": "plain_text", "text": "I'll take this"}


async def test_choice_from_a_menu_is_told_as_the_whole_option():
    options = [{"text": {"type": "plain_text", "text": text}, "value": text} for text in ("Known", "Mistaken")]
    menu = {"type": "static_select", "action_id": "why", "options": options}
    async with slack() as rig, hand(rig) as held:
        ts = await nudge(rig, actions(menu))
        await rig.click(channel=DM, ts=ts, action_id="why", selected_option="Known")
        other = {"channel": DM, "ts": ts, "action_id": "why", "selected_option": "Other"}
        status, answer = await rig.ask_status("POST", "/workspace/U0HART/click", other)
    assert held.given[0]["actions"][0]["selected_option"] == options[0]
    assert held.given[0]["state"]["values"]["nudge"]["why"]["selected_option"] == options[0]
    assert (status, answer) == (400, {"error": "That choice is not on offer there."})


@pytest.mark.parametrize(
    "tampered",
    [
        {"action_id": "other"},
        {"action_id": "take", "block_id": "other"},
        {"action_id": "take", "value": "n2"},
        {"action_id": "take", "ts": "1.000000"},
        {"action_id": "take", "channel": "D0BANE"},
    ],
)
async def test_press_on_what_is_not_there_is_refused(tampered: dict[str, str]):
    async with slack() as rig, hand(rig) as held:
        ts = await nudge(rig)
        await rig.client.conversations_open(users="U0BANE")
        body = {"channel": DM, "ts": ts, **tampered}
        status, _ = await rig.ask_status("POST", "/workspace/U0HART/click", body)
        assert (status, held.given) == (404, [])


async def test_forged_press_reaches_the_app_with_force():
    async with slack() as rig, hand(rig) as held:
        ts = await nudge(rig)
        await rig.click("U0BANE", channel=DM, ts=ts, action_id="take", value="n2", force=True)
        await rig.click(channel=DM, ts=ts, action_id="never", value="n3", force=True)
    told = [(each["user"]["id"], each["actions"][0]["action_id"], each["actions"][0]["value"]) for each in held.given]
    assert told == [("U0BANE", "take", "n2"), ("U0HART", "never", "n3")]


async def test_press_in_an_ephemeral_message_has_no_message_and_can_be_replaced_and_deleted():
    async with slack() as rig, hand(rig) as held:
        await rig.client.conversations_open(users="U0HART")
        posted = await rig.client.chat_postEphemeral(
            channel=DM, user="U0HART", text="only you", blocks=[actions(button())]
        )
        await rig.click(channel=DM, ts=posted["message_ts"], action_id="take")
        told = held.given[0]
        assert (told["container"]["is_ephemeral"], "message" in told) == (True, False)
        reply = AsyncWebhookClient(told["response_url"])
        assert (await reply.send(text="done", replace_original=True)).status_code == 200
        assert [each["text"] for each in await rig.ask("GET", "/workspace/U0HART/messages")] == ["done"]
        assert (await reply.send(delete_original=True)).status_code == 200
        assert await rig.ask("GET", "/workspace/U0HART/messages") == []


async def test_press_on_the_home_tab_brings_the_view():
    async with slack() as rig, hand(rig) as held:
        published = (await rig.client.views_publish(user_id="U0HART", view=home(actions(button()))))["view"]
        await rig.click(view_id=published["id"], action_id="take")
        status, _ = await rig.ask_status(
            "POST", "/workspace/U0BANE/click", {"view_id": published["id"], "action_id": "take"}
        )
    assert held.given[0]["container"] == {"type": "view", "view_id": published["id"]}
    assert (held.given[0]["view"]["type"], "message" in held.given[0]) == ("home", False)
    assert status == 404


# ----- triggers and modals


async def test_trigger_opens_one_modal_only():
    async with slack() as rig, hand(rig) as held:
        key = await trigger(rig, held)
        assert (await rig.client.views_open(trigger_id=key, view=modal()))["ok"] is True
        assert await error_of(rig.client.views_open(trigger_id=key, view=modal())) == "exchanged_trigger_id"


async def test_trigger_expires():
    async with slack(waits=Waits(trigger=0.05)) as rig, hand(rig) as held:
        key = await trigger(rig, held)
        await asyncio.sleep(0.1)
        assert await error_of(rig.client.views_open(trigger_id=key, view=modal())) == "expired_trigger_id"


async def test_trigger_lives_three_seconds_by_default():
    assert (Waits().trigger, Waits().ack, Waits().response_url) == (3.0, 3.0, 1800.0)


async def test_trigger_of_another_form_is_refused():
    async with slack() as rig:
        assert await error_of(rig.client.views_open(trigger_id="x", view=modal())) == "invalid_trigger_id"
        missing = await refusal(rig.client.api_call("views.open", json={"view": modal()}))
        assert missing["response_metadata"]["messages"] == ["[ERROR] missing required field: trigger_id"]


async def test_invalid_view_is_refused_and_leaves_the_trigger_whole():
    async with slack() as rig, hand(rig) as held:
        key = await trigger(rig, held)
        long = modal(title={"type": "plain_text", "text": "x" * 25})
        answer = await refusal(rig.client.views_open(trigger_id=key, view=long))
        assert (answer["error"], answer["response_metadata"]["messages"]) == (
            "invalid_arguments",
            ["[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"],
        )
        assert await error_of(rig.client.views_open(trigger_id=key, view=home())) == "invalid_arguments"
        large = modal(*[section("x" * 2900)] * 90)
        assert await error_of(rig.client.views_open(trigger_id=key, view=large)) == "view_too_large"
        assert (await rig.client.views_open(trigger_id=key, view=modal()))["ok"] is True


async def test_modals_are_pushed_to_three_and_closed_one_by_one():
    async with slack() as rig, hand(rig) as held:
        first = await opened(rig, held, modal())
        for _ in range(2):
            pushed = (await rig.client.views_push(trigger_id=await trigger(rig, held), view=modal()))["view"]
        fourth = rig.client.views_push(trigger_id=await trigger(rig, held), view=modal())
        assert await error_of(fourth) == "push_limit_reached"
        assert (pushed["root_view_id"], (await top(rig))["id"]) == (first["id"], pushed["id"])
        for _ in range(3):
            await rig.ask("POST", "/workspace/U0HART/view/close", {"view_id": (await top(rig))["id"]})
        assert await top(rig) is None
        nothing_open = rig.client.views_push(trigger_id=await trigger(rig, held), view=modal())
        assert await error_of(nothing_open) == "not_found"


async def test_push_from_the_home_tab_is_refused():
    async with slack() as rig, hand(rig) as held:
        shown = (await rig.client.views_publish(user_id="U0HART", view=home(actions(button()))))["view"]
        await rig.click(view_id=shown["id"], action_id="take")
        answer = await refusal(rig.client.views_push(trigger_id=held.given[-1]["trigger_id"], view=modal()))
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must match the `type` of the root view whose stack we're pushing onto [json-pointer:/view/type]"
    ]


async def test_modal_is_updated_by_its_id_or_the_apps_own_and_a_stale_hash_conflicts():
    async with slack() as rig, hand(rig) as held:
        shown = await opened(rig, held, modal(external_id="mine"))
        update = rig.client.views_update
        changed = (await update(view_id=shown["id"], hash=shown["hash"], view=modal(external_id="mine")))["view"]
        assert (changed["id"], changed["hash"] == shown["hash"]) == (shown["id"], False)
        stale = update(view_id=shown["id"], hash=shown["hash"], view=modal())
        assert await error_of(stale) == "hash_conflict"
        assert (await update(external_id="mine", view=modal(external_id="mine")))["view"]["id"] == shown["id"]
        assert await error_of(update(view_id="V0", view=modal())) == "not_found"
        assert await error_of(update(view_id=shown["id"], view=home())) == "invalid_arguments"
        taken = rig.client.views_publish(user_id="U0BANE", view=home(external_id="mine"))
        assert await error_of(taken) == "duplicate_external_id"


async def test_button_in_a_modal_brings_the_view_with_what_was_chosen():
    picker = {"type": "users_select", "action_id": "who"}
    async with slack() as rig, hand(rig) as held:
        shown = await opened(rig, held, modal(actions(picker, button())))
        await rig.click(view_id=shown["id"], action_id="who", value="U0BANE")
        await rig.click(view_id=shown["id"], action_id="take")
        told = held.given[-1]
    assert told["container"] == {"type": "view", "view_id": shown["id"]}
    chosen = {"type": "users_select", "selected_user": "U0BANE"}
    assert told["view"]["state"] == {"values": {"nudge": {"who": chosen}}}


# ----- submissions


async def test_empty_answer_closes_the_modal_and_shows_the_one_below():
    async with slack() as rig, hand(rig) as held:
        below = await opened(rig, held, modal())
        above = (await rig.client.views_push(trigger_id=await trigger(rig, held), view=modal(field())))["view"]
        await submit(rig, above)
        assert (await top(rig))["id"] == below["id"]
        told = held.given[-1]
    assert (told["type"], told["view"]["callback_id"], told["response_urls"]) == ("view_submission", "details", [])


async def test_errors_keep_the_modal_open_and_are_shown_to_the_member():
    async with slack() as rig, hand(rig) as held:
        shown = await opened(rig, held, modal(field()))
        held.answers = [{"response_action": "errors", "errors": {"note": "Please say a little more."}}]
        assert (await submit(rig, shown))["errors"] == {"note": "Please say a little more."}
        assert (await top(rig))["id"] == shown["id"]


async def test_answers_that_mean_nothing_are_refused():
    nothing = [{"other": "x"}, {}, None, ["note"]]
    async with slack() as rig, hand(rig) as held:
        shown = await opened(rig, held, modal(field()))
        held.answers = [{"response_action": "errors", "errors": errors} for errors in nothing]
        held.answers.append({"response_action": "vanish"})
        told = [(await submit(rig, shown))["refused"] for _ in range(5)]
        assert (await top(rig))["id"] == shown["id"]
    assert told == ["invalid_arguments"] * 5


async def test_update_answer_changes_the_modal_in_its_place():
    async with slack() as rig, hand(rig) as held:
        shown = await opened(rig, held, modal(field()))
        held.answers = [{"response_action": "update", "view": modal(section("thank you"))}]
        await submit(rig, shown)
        after = await top(rig)
    assert (after["id"], after["blocks"][0]["text"]["text"]) == (shown["id"], "thank you")


async def test_push_answer_puts_a_modal_on_top():
    async with slack() as rig, hand(rig) as held:
        shown = await opened(rig, held, modal(field()))
        held.answers = [{"response_action": "push", "view": modal(section("next"))}]
        await submit(rig, shown)
        assert (await top(rig))["previous_view_id"] == shown["id"]


async def test_clear_answer_closes_every_modal():
    async with slack() as rig, hand(rig) as held:
        await opened(rig, held, modal())
        above = (await rig.client.views_push(trigger_id=await trigger(rig, held), view=modal(field())))["view"]
        held.answers = [{"response_action": "clear"}]
        await submit(rig, above)
        assert await top(rig) is None


async def test_answer_with_an_invalid_view_is_refused_with_what_is_wrong():
    async with slack() as rig, hand(rig) as held:
        shown = await opened(rig, held, modal(field()))
        held.answers = [{"response_action": "update", "view": modal(section("x" * 3001))}]
        answer = await submit(rig, shown)
    assert (answer["refused"], answer["messages"]) == (
        "invalid_arguments",
        ["[ERROR] must be less than 3001 characters [json-pointer:/view/blocks/0/text/text]"],
    )


async def test_field_that_must_be_filled_stops_the_submission_and_an_optional_one_does_not():
    async with slack() as rig, hand(rig) as held:
        shown = await opened(rig, held, modal(field()))
        count = len(held.given)
        assert (await submit(rig, shown, None))["errors"] == {"note": "Please complete this required field."}
        assert len(held.given) == count
        shown = await opened(rig, held, modal(field(optional=True)))
        assert (await submit(rig, shown, None))["acked"] is True
    empty = {"type": "plain_text_input", "value": None}
    assert held.given[-1]["view"]["state"] == {"values": {"note": {"words": empty}}}


async def test_what_cannot_be_entered_is_refused():
    async with slack() as rig, hand(rig) as held:
        shown = await opened(rig, held, modal(field()))
        path = "/workspace/U0HART/view/submit"
        for values, status in (
            ({"note": {"words": "x" * 3001}}, 400),
            ({"note": {"words": 7}}, 400),
            ({"other": {"words": "x"}}, 404),
        ):
            body = {"view_id": shown["id"], "values": values}
            assert (await rig.ask_status("POST", path, body))[0] == status
        assert (await rig.ask_status("POST", path, {"view_id": "V0"}))[0] == 404


async def test_closing_is_told_only_when_the_app_asked_for_it():
    async with slack() as rig, hand(rig) as held:
        shown = await opened(rig, held, modal(notify_on_close=True))
        await rig.ask("POST", "/workspace/U0HART/view/close", {"view_id": shown["id"]})
        told = held.given[-1]
        assert (told["type"], told["view"]["id"], told["is_cleared"]) == ("view_closed", shown["id"], False)
        count = len(held.given)
        await opened(rig, held, modal())
        await rig.ask("POST", "/workspace/U0HART/view/close")
        assert len(held.given) == count + 1


async def test_closing_a_modal_that_clears_closes_all_and_says_so():
    async with slack() as rig, hand(rig) as held:
        below = await opened(rig, held, modal(notify_on_close=True))
        view = modal(clear_on_close=True)
        above = (await rig.client.views_push(trigger_id=await trigger(rig, held), view=view))["view"]
        await rig.ask("POST", "/workspace/U0HART/view/close", {"view_id": above["id"]})
        told = held.given[-1]
        assert (told["type"], told["view"]["id"], told["is_cleared"]) == ("view_closed", below["id"], True)
        assert await top(rig) is None


async def test_modal_without_a_submit_button_cannot_be_sent():
    async with slack() as rig, hand(rig) as held:
        shown = await opened(rig, held, modal(submit=...))
        body = {"view_id": shown["id"]}
        status, _ = await rig.ask_status("POST", "/workspace/U0HART/view/submit", body)
    assert status == 404


async def test_invalid_command_answer_is_refused_with_what_is_wrong():
    async with slack() as rig, hand(rig) as held:
        held.answers = [{"blocks": [section("x" * 3001)]}]
        typed = await rig.ask("POST", "/workspace/U0HART/command", {"command": "/earshot"})
    assert (typed["acked"], typed["refused"]) == (True, "invalid_blocks")


# ----- response URLs


async def reply_url(rig: Rig, held: Hand) -> str:
    await rig.ask("POST", "/workspace/U0HART/command", {"command": "/earshot"})
    return str(held.given[-1]["response_url"])


async def test_response_url_takes_five_answers():
    async with slack() as rig, hand(rig) as held:
        reply = AsyncWebhookClient(await reply_url(rig, held))
        for number in range(5):
            assert (await reply.send(text=str(number))).status_code == 200
        sixth = await reply.send(text="6")
        assert (sixth.status_code, json.loads(sixth.body)["error"]) == (404, "used_url")
        shown = await rig.ask("GET", "/workspace/U0HART/messages")
    assert [(each["text"], each["ephemeral"]) for each in shown] == [(str(number), True) for number in range(5)]


async def test_response_url_expires():
    async with slack(waits=Waits(response_url=0.05)) as rig, hand(rig) as held:
        reply = AsyncWebhookClient(await reply_url(rig, held))
        await asyncio.sleep(0.1)
        late = await reply.send(text="x")
    assert (late.status_code, json.loads(late.body)["error"]) == (404, "expired_url")


async def test_response_url_can_answer_to_everybody():
    async with slack() as rig, hand(rig) as held:
        await AsyncWebhookClient(await reply_url(rig, held)).send(text="all", response_type="in_channel")
        history = await rig.client.conversations_history(channel=DM)
    assert [each["text"] for each in history["messages"]] == ["all"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "no_text"),
        ({"blocks": [section("x" * 3001)]}, "invalid_blocks"),
        ({"text": "x", "replace_original": True}, "message_not_found"),
        ({"delete_original": True}, "message_not_found"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": ["x"]}, "no_text"),
        ({"blocks": {}}, "invalid_blocks_format"),
        ([], "invalid_payload"),
    ],
)
async def test_response_url_refuses_what_is_no_message(body: object, error: str):
    async with slack() as rig, hand(rig) as held, rig.session.post(await reply_url(rig, held), json=body) as answer:
        assert (answer.status, (await answer.json())["error"]) == (400, error)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"{", "application/json"), (b"[" * 100_000, "application/json"), (b"{}", "a/b; charset=klingon")],
)
async def test_response_url_refuses_what_cannot_be_read(data: bytes, kind: str):
    async with slack() as rig, hand(rig) as held:
        headers = {"Content-Type": kind}
        async with rig.session.post(await reply_url(rig, held), data=data, headers=headers) as answer:
            assert (answer.status, await answer.json()) == (400, {"ok": False, "error": "invalid_payload"})


async def test_view_that_cannot_be_changed_is_refused():
    async with slack() as rig:
        table = [
            ("views.open", {"trigger_id": "x"}, "missing required field: view"),
            ("views.open", {"view": modal()}, "missing required field: trigger_id"),
            ("views.update", {"view": modal()}, "missing required field: view_id"),
            ("views.publish", {"view": home()}, "missing required field: user_id"),
        ]
        told = []
        for method, arguments, _ in table:
            refused = await refusal(rig.client.api_call(method, json=arguments))
            assert refused["error"] == "invalid_arguments"
            told.append((method, arguments, refused["response_metadata"]["messages"]))
        assert told == [(method, arguments, [f"[ERROR] {message}"]) for method, arguments, message in table]


async def test_home_is_changed_by_its_id():
    async with slack() as rig:
        shown = (await rig.client.views_publish(user_id="U0HART", view=home()))["view"]
        await rig.client.views_update(view_id=shown["id"], view=home(section("later")))
        assert (await rig.ask("GET", "/workspace/U0HART/home"))["blocks"][0]["text"]["text"] == "later"


# ----- who and where


async def test_people_are_searched_and_limited():
    async with slack() as rig:
        assert [each["id"] for each in await rig.ask("GET", "/workspace/people?q=BANE")] == ["U0BANE"]
        assert [each["id"] for each in await rig.ask("GET", "/workspace/people?limit=1")] == ["U0HART"]


async def test_whole_title_is_found_before_part_of_one_and_then_who_has_something_to_read():
    titles = {"U0AA": "head of year 4", "U0BB": "head of year 5", "U0CC": "tutor of 7B, head", "U0DD": "head"}
    people = [
        {"id": id_, "email": f"{id_}@example.org", "name": id_, "real_name": f"Ash Example · {title}"}
        for id_, title in titles.items()
    ]
    async with slack() as rig:
        await rig.ask("PUT", "/workspace/people", people)
        for reader in ("U0BB", "U0DD"):
            await rig.client.chat_postMessage(channel=reader, text="hello")
        found = [each["id"] for each in await rig.ask("GET", "/workspace/people?q=Head")]
        assert found == ["U0DD", "U0CC", "U0BB", "U0AA"]


async def test_unread_falls_to_none_once_the_member_has_looked():
    async with slack() as rig:
        await nudge(rig)
        await nudge(rig)
        assert [each["unread"] for each in await rig.ask("GET", "/workspace/U0HART/conversations")] == [2]
        await rig.ask("GET", f"/workspace/U0HART/messages?channel={DM}")
        assert [each["unread"] for each in await rig.ask("GET", "/workspace/U0HART/conversations")] == [0]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/workspace/U0NOBODY/conversations", None, 404),
        ("GET", "/workspace/U0HART/messages?channel=D0BANE", None, 404),
        ("POST", "/workspace/U0HART/view/close", None, 404),
        ("POST", "/workspace/U0HART/say", {}, 400),
        ("POST", "/workspace/U0HART/click", {"channel": "D0HART"}, 404),
        ("POST", "/workspace/U0HART/click", {"channel": "D0HART", "force": True}, 404),
        ("POST", "/workspace/U0HART/click", {"view_id": "V0", "action_id": "a", "force": True}, 404),
        ("PUT", "/workspace/people", [{"id": "X1", "email": "x", "name": "x", "real_name": "x"}], 400),
        ("PUT", "/workspace/people", {"id": "U1"}, 400),
        ("PUT", "/workspace/delivery", {"mode": "pigeon"}, 400),
        ("POST", "/workspace/U0HART/click", [], 400),
    ],
)
async def test_request_that_means_nothing_is_refused_with_a_sentence(method: str, path: str, body: object, status: int):
    async with slack() as rig:
        got, answer = await rig.ask_status(method, path, body)
        assert (got, list(answer)) == (status, ["error"])
