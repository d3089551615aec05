"""The stand-in Slack's Web API, called with the real client: answers, refusals, limits, faults, what survives."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from rehearsal.hub import SLACK_APP_TOKEN, FaultMode
from rehearsal.slack_rules import SCOPES
from tests.rehearsal.slack_rig import DM, Rig, actions, button, error_of, home, refusal, section, slack

CHANNEL = {"id": "C0STAFF", "name": "staff", "members": ["U0HART", "U0BANE"], "bot_in": True}


async def post(rig: Rig, text: str = "hello", **more: Any) -> Any:  # noqa: ANN401 (JSON)
    return await rig.client.chat_postMessage(channel=more.pop("channel", "U0HART"), text=text, **more)


async def test_auth_test_names_team_and_bot_and_tells_the_scopes():
    async with slack() as rig:
        answer = await rig.client.auth_test()
    assert {name: answer[name] for name in ("ok", "team_id", "user_id", "bot_id")} == {
        "ok": True,
        "team_id": "T0REHEARSAL",
        "user_id": "U0EARSHOT",
        "bot_id": "B0EARSHOT",
    }
    assert answer.headers["X-OAuth-Scopes"] == ",".join(SCOPES)


async def test_api_test_needs_no_token_and_returns_its_arguments():
    async with slack() as rig:
        answer = await rig.new_client(token="").api_test(foo="bar")
        assert (answer["ok"], answer["args"]["foo"]) == (True, "bar")
        assert await error_of(rig.client.api_test(error="my_error")) == "my_error"


@pytest.mark.parametrize(
    ("token", "error"),
    [("", "not_authed"), ("xoxb-other", "invalid_auth"), (SLACK_APP_TOKEN, "not_allowed_token_type")],
)
async def test_token_that_may_not_call_a_method_is_refused(token: str, error: str):
    async with slack() as rig:
        assert await error_of(rig.new_client(token).auth_test()) == error


async def test_bot_token_may_not_open_a_socket_connection():
    async with slack() as rig:
        call = rig.client.apps_connections_open(app_token="xoxb-rehearsal")
        assert await error_of(call) == "not_allowed_token_type"


async def test_unknown_method_is_named_in_the_refusal():
    async with slack() as rig:
        answer = await refusal(rig.client.api_call("chat.sing"))
        assert (answer["error"], answer["req_method"]) == ("unknown_method", "chat.sing")


async def test_missing_scope_says_which_is_needed_and_which_are_held():
    async with slack(scopes=("users:read",)) as rig:
        answer = await refusal(post(rig))
        assert {name: answer[name] for name in ("error", "needed", "provided")} == {
            "error": "missing_scope",
            "needed": "chat:write",
            "provided": "users:read",
        }
        assert await error_of(rig.client.users_lookupByEmail(email="a.hart@rehearsal.school")) == "missing_scope"
        assert "email" not in (await rig.client.users_info(user="U0HART"))["user"]["profile"]


async def test_scopes_of_conversations_are_asked_by_kind():
    async with slack() as rig:
        await rig.client.conversations_open(users="U0HART")
        assert (await refusal(rig.client.conversations_info(channel=DM)))["needed"] == "im:read"
        assert (await refusal(rig.client.conversations_list(types="im,mpim")))["needed"] == "im:read,mpim:read"
        assert (await refusal(rig.client.conversations_open(users="U0HART,U0BANE")))["needed"] == "mpim:write"


async def test_message_posted_to_a_member_lands_in_their_direct_message():
    async with slack() as rig:
        answer = await post(rig, "hello", blocks=[section(), actions(button())])
        shown = await rig.ask("GET", f"/workspace/U0HART/messages?channel={DM}")
        assert answer["channel"] == DM
        assert [(each["ts"], each["text"], each["edited"], each["ephemeral"], each["from"]) for each in shown] == [
            (answer["ts"], "hello", False, False, "U0EARSHOT")
        ]
        assert [block["type"] for block in shown[0]["blocks"]] == ["section", "actions"]
        assert await rig.ask("GET", "/workspace/U0BANE/messages") == []


async def test_form_with_json_text_is_read_as_json_is():
    async with slack() as rig:
        data = {"channel": "U0HART", "blocks": '[{"type":"divider"}]', "token": "xoxb-rehearsal"}
        async with rig.session.post(f"{rig.base}/api/chat.postMessage", data=data) as answer:
            body = await answer.json()
    assert (body["ok"], body["message"]["blocks"][0]["type"]) == (True, "divider")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"text": "", "channel": "U0HART"}, "no_text"),
        ({"text": "x" * 40_001, "channel": "U0HART"}, "msg_too_long"),
        ({"text": "x", "channel": "D0NOBODY"}, "channel_not_found"),
        ({"text": "x", "channel": "C0APART"}, "not_in_channel"),
        ({"text": "x", "channel": "U0HART", "blocks": "{"}, "invalid_blocks_format"),
        ({"text": "x", "channel": "U0HART", "metadata": "{"}, "invalid_metadata_format"),
        ({"text": "x", "channel": "U0HART", "blocks": {}}, "invalid_blocks_format"),
        ({"text": "x", "channel": "U0HART", "blocks": "[" * 100_000}, "invalid_blocks_format"),
        ({"text": "x", "channel": "U0HART", "metadata": []}, "invalid_metadata_format"),
        ({"text": "x", "channel": "U0HART", "metadata": {"event_type": "row"}}, "invalid_metadata_schema"),
    ],
)
async def test_message_that_cannot_be_posted_is_refused(arguments: dict[str, Any], error: str):
    async with slack() as rig:
        await rig.ask("PUT", "/workspace/channels", [CHANNEL | {"id": "C0APART", "bot_in": False}])
        assert await error_of(rig.client.api_call("chat.postMessage", json=arguments)) == error


async def test_metadata_given_empty_is_taken_away():
    async with slack() as rig:
        ts = (await post(rig, metadata={"event_type": "row", "event_payload": {}}))["ts"]
        await rig.client.api_call("chat.update", json={"channel": DM, "ts": ts, "text": "x", "metadata": {}})
        kept = await rig.client.conversations_history(channel=DM, include_all_metadata=True)
    assert "metadata" not in kept["messages"][0]


async def test_invalid_blocks_say_what_is_wrong_and_nothing_is_posted():
    async with slack() as rig:
        answer = await refusal(post(rig, blocks=[section("x" * 3001)]))
        assert answer["error"] == "invalid_blocks"
        assert answer["response_metadata"]["messages"] == [
            "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
        ]
        assert await rig.ask("GET", "/workspace/U0HART/messages") == []


async def test_update_by_text_takes_the_blocks_away_and_keeps_the_metadata():
    async with slack() as rig:
        metadata = {"event_type": "row", "event_payload": {"id": "1"}}
        ts = (await post(rig, blocks=[section()], metadata=metadata))["ts"]
        await rig.client.chat_update(channel=DM, ts=ts, text="taken")
        shown = await rig.ask("GET", "/workspace/U0HART/messages")
        kept = await rig.client.conversations_history(channel=DM, include_all_metadata=True)
    assert [(each["text"], each["blocks"], each["edited"]) for each in shown] == [("taken", [], True)]
    assert kept["messages"][0]["metadata"] == metadata


async def test_update_by_blocks_alone_keeps_the_text():
    async with slack() as rig:
        ts = (await post(rig, "nudge"))["ts"]
        await rig.client.api_call("chat.update", json={"channel": DM, "ts": ts, "blocks": [section()]})
        shown = await rig.ask("GET", "/workspace/U0HART/messages")
    assert [(each["text"], len(each["blocks"])) for each in shown] == [("nudge", 1)]


async def test_update_and_delete_refuse_what_is_not_the_apps_own():
    async with slack() as rig:
        said = await rig.ask("POST", "/workspace/U0HART/say", {"text": "hello"})
        theirs = {"channel": DM, "ts": said["ts"]}
        assert await error_of(rig.client.chat_update(**theirs, text="x")) == "cant_update_message"
        assert await error_of(rig.client.chat_delete(**theirs)) == "cant_delete_message"
        nowhere = {"channel": DM, "ts": "1.000000"}
        assert await error_of(rig.client.chat_update(**nowhere, text="x")) == "message_not_found"
        assert await error_of(rig.client.chat_delete(**nowhere)) == "message_not_found"
        assert await error_of(rig.client.chat_update(channel="U0HART", ts="1.0", text="x")) == "channel_not_found"


async def test_update_over_four_thousand_characters_is_refused():
    async with slack() as rig:
        ts = (await post(rig))["ts"]
        assert await error_of(rig.client.chat_update(channel=DM, ts=ts, text="x" * 4001)) == "msg_too_long"


async def test_deleted_message_is_gone_for_the_member():
    async with slack() as rig:
        ts = (await post(rig))["ts"]
        await rig.client.chat_delete(channel=DM, ts=ts)
        assert await rig.ask("GET", "/workspace/U0HART/messages") == []


async def test_ephemeral_message_is_seen_by_one_member_and_is_not_in_the_history():
    async with slack(scopes=(*SCOPES, "channels:history")) as rig:
        await rig.ask("PUT", "/workspace/channels", [CHANNEL])
        await rig.client.chat_postEphemeral(channel="C0STAFF", user="U0HART", text="only you")
        mine = await rig.ask("GET", "/workspace/U0HART/messages?channel=C0STAFF")
        assert [(each["text"], each["ephemeral"]) for each in mine] == [("only you", True)]
        assert await rig.ask("GET", "/workspace/U0BANE/messages?channel=C0STAFF") == []
        assert (await rig.client.conversations_history(channel="C0STAFF"))["messages"] == []
        outsider = rig.client.chat_postEphemeral(channel=DM, user="U0BANE", text="x")
        assert await error_of(outsider) == "channel_not_found"
        await rig.client.conversations_open(users="U0HART")
        outsider = rig.client.chat_postEphemeral(channel=DM, user="U0BANE", text="x")
        assert await error_of(outsider) == "user_not_in_channel"


async def test_history_is_newest_first_in_pages_and_between_bounds():
    async with slack() as rig:
        stamps = [(await post(rig, str(number)))["ts"] for number in range(4)]
        first = await rig.client.conversations_history(channel=DM, limit=3)
        assert [each["text"] for each in first["messages"]] == ["3", "2", "1"]
        assert first["has_more"] is True
        cursor = first["response_metadata"]["next_cursor"]
        rest = await rig.client.conversations_history(channel=DM, limit=3, cursor=cursor)
        assert ([each["text"] for each in rest["messages"]], rest["has_more"]) == (["0"], False)
        between = await rig.client.conversations_history(channel=DM, oldest=stamps[0], latest=stamps[2])
        assert [each["text"] for each in between["messages"]] == ["1"]
        among = await rig.client.conversations_history(channel=DM, oldest=stamps[0], latest=stamps[2], inclusive=True)
        assert [each["text"] for each in among["messages"]] == ["2", "1", "0"]
        assert await error_of(rig.client.conversations_history(channel=DM, cursor="?")) == "invalid_cursor"
        assert await error_of(rig.client.conversations_history(channel=DM, limit=0)) == "invalid_limit"
        assert await error_of(rig.client.conversations_history(channel=DM, oldest="now")) == "invalid_ts_oldest"
        assert await error_of(rig.client.conversations_history(channel="D0NOBODY")) == "channel_not_found"


async def test_metadata_is_in_the_history_only_when_asked_for():
    async with slack() as rig:
        metadata = {"event_type": "row", "event_payload": {"id": "1"}}
        await post(rig, metadata=metadata)
        plain = await rig.client.conversations_history(channel=DM)
        full = await rig.client.conversations_history(channel=DM, include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert full["messages"][0]["metadata"] == metadata


async def test_conversations_open_says_when_it_was_open_already():
    async with slack() as rig:
        first = await rig.client.conversations_open(users="U0HART")
        again = await rig.client.conversations_open(users=["U0HART"], return_im=True)
        assert (first["channel"], first.get("already_open")) == ({"id": DM}, None)
        assert (again["channel"]["user"], again["already_open"]) == ("U0HART", True)
        assert await error_of(rig.client.conversations_open(users="U0NOBODY")) == "user_not_found"
        assert await error_of(rig.client.conversations_open(users="")) == "users_list_not_supplied"
        assert await error_of(rig.client.conversations_open(channel="D0NOBODY")) == "channel_not_found"


async def test_conversation_is_resumed_by_its_id_when_it_is_a_direct_message():
    async with slack() as rig:
        await rig.ask("PUT", "/workspace/channels", [CHANNEL])
        await rig.client.conversations_open(users="U0HART")
        assert (await rig.client.conversations_open(channel=DM))["channel"] == {"id": DM}
        public = rig.client.conversations_open(channel="C0STAFF")
        assert await error_of(public) == "method_not_supported_for_channel_type"


async def test_conversations_list_and_info_with_the_scopes_for_them():
    async with slack(scopes=(*SCOPES, "im:read", "channels:read")) as rig:
        await rig.ask("PUT", "/workspace/channels", [CHANNEL])
        await rig.client.conversations_open(users="U0HART")
        listed = await rig.client.conversations_list(types="im,public_channel")
        assert sorted(each["id"] for each in listed["channels"]) == ["C0STAFF", DM]
        assert (await rig.client.conversations_info(channel="C0STAFF"))["channel"]["num_members"] == 3
        assert await error_of(rig.client.conversations_info(channel="C0NONE")) == "channel_not_found"
        assert await error_of(rig.client.conversations_list(types="club")) == "invalid_types"


async def test_conversation_the_app_is_not_in_is_not_read():
    async with slack(scopes=(*SCOPES, "channels:history")) as rig:
        await rig.ask("PUT", "/workspace/channels", [CHANNEL | {"id": "C0APART", "bot_in": False}])
        assert await error_of(rig.client.conversations_history(channel="C0APART")) == "not_in_channel"


async def test_app_is_a_member_too():
    async with slack() as rig:
        assert (await rig.client.users_info(user="U0EARSHOT"))["user"]["is_bot"] is True


async def test_members_are_found_by_id_and_by_email_without_regard_to_case():
    async with slack() as rig:
        assert (await rig.client.users_info(user="U0HART"))["user"]["real_name"] == "Ada Hart"
        found = await rig.client.users_lookupByEmail(email="A.Hart@Rehearsal.School")
        assert found["user"]["id"] == "U0HART"
        assert await error_of(rig.client.users_info(user="U0NOBODY")) == "user_not_found"
        nobody = rig.client.users_lookupByEmail(email="nobody@rehearsal.school")
        assert await error_of(nobody) == "users_not_found"
        missing = await refusal(rig.client.api_call("users.lookupByEmail"))
        assert missing["response_metadata"]["messages"] == ["[ERROR] missing required field: email"]


async def test_member_who_left_is_not_found_by_email_and_cannot_be_written_to():
    async with slack() as rig:
        left = {"id": "U0HART", "email": "a.hart@rehearsal.school", "name": "a", "real_name": "A", "deleted": True}
        await rig.ask("PUT", "/workspace/people", [left])
        found = rig.client.users_lookupByEmail(email="a.hart@rehearsal.school")
        assert await error_of(found) == "users_not_found"
        assert await error_of(rig.client.conversations_open(users="U0HART")) == "user_disabled"
        assert (await rig.client.users_info(user="U0HART"))["user"]["deleted"] is True


async def test_users_list_comes_in_pages_the_client_can_walk():
    async with slack() as rig:
        seen = []
        async for page in await rig.client.users_list(limit=2):
            seen.append([each["id"] for each in page["members"]])
    assert seen == [["U0EARSHOT", "U0HART"], ["U0BANE"]]


async def test_home_is_published_and_a_stale_hash_conflicts():
    async with slack() as rig:
        first = (await rig.client.views_publish(user_id="U0HART", view=home(section("one"))))["view"]
        second = (await rig.client.views_publish(user_id="U0HART", view=home(section("two")), hash=first["hash"]))[
            "view"
        ]
        stale = rig.client.views_publish(user_id="U0HART", view=home(), hash=first["hash"])
        assert await error_of(stale) == "hash_conflict"
        shown = await rig.ask("GET", "/workspace/U0HART/home")
        assert (shown["id"], shown["blocks"][0]["text"]["text"]) == (first["id"], "two")
        assert first["id"] == second["id"]
        assert await rig.ask("GET", "/workspace/U0BANE/home") is None
        assert await error_of(rig.client.views_publish(user_id="U0NOBODY", view=home())) == "user_not_found"
        wrong = await refusal(rig.client.views_publish(user_id="U0HART", view=home(section("x" * 3001))))
        assert wrong["error"] == "invalid_arguments"
        assert wrong["response_metadata"]["messages"] == [
            "[ERROR] must be less than 3001 characters [json-pointer:/view/blocks/0/text/text]"
        ]
        large = rig.client.views_publish(user_id="U0HART", view=home(*[section("x" * 2900)] * 90))
        assert await error_of(large) == "view_too_large"


async def test_sixth_message_in_a_row_to_one_channel_is_rate_limited_and_other_channels_are_not():
    async with slack() as rig:
        for _ in range(5):
            await post(rig)
        with pytest.raises(SlackApiError) as caught:
            await post(rig)
        assert (caught.value.response.status_code, caught.value.response["error"]) == (429, "ratelimited")
        assert caught.value.response.headers["Retry-After"] == "1"
        assert (await post(rig, channel="U0BANE"))["ok"] is True
        await rig.ask("POST", "/workspace/limits", {"enforce": False})
        assert (await post(rig))["ok"] is True


async def test_method_over_its_tier_is_rate_limited_until_retry_after():
    async with slack() as rig:
        for _ in range(20):
            await rig.client.users_list()
        answer = await refusal(rig.client.users_list())
        assert (answer.status_code, answer["error"], answer.headers["Retry-After"]) == (429, "ratelimited", "3")
        assert (await rig.client.users_info(user="U0HART"))["ok"] is True


@pytest.mark.parametrize(("mode", "status"), [("429", 429), ("5xx", 503)])
async def test_fault_refuses_the_call_before_it_is_carried_out(mode: FaultMode, status: int):
    async with slack() as rig:
        rig.faults.mode, rig.faults.every = mode, 1
        answer = await refusal(post(rig))
        assert answer.status_code == status
        assert answer.headers.get("Retry-After") == ("1" if status == 429 else None)
        rig.faults.mode = "off"
        assert await rig.ask("GET", "/workspace/U0HART/messages") == []


async def test_dropped_call_is_carried_out_and_its_answer_lost():
    async with slack() as rig:
        rig.faults.mode, rig.faults.every = "drop", 1
        with pytest.raises(aiohttp.ClientError):
            await post(rig, "once")
        rig.faults.mode = "off"
        assert [each["text"] for each in await rig.ask("GET", "/workspace/U0HART/messages")] == ["once"]


async def test_members_conversations_messages_homes_and_files_survive_a_restart(tmp_path: Path):
    state = tmp_path / "state.sqlite"
    async with slack(state=state) as rig:
        first = (await post(rig, "kept"))["ts"]
        gone = (await post(rig, "gone"))["ts"]
        await rig.client.chat_update(channel=DM, ts=first, text="kept and changed")
        await rig.client.chat_delete(channel=DM, ts=gone)
        await rig.client.views_publish(user_id="U0HART", view=home(section("home")))
        await rig.client.files_upload_v2(content=b"words", filename="a.txt", channel=DM)
        await rig.ask("GET", "/workspace/U0HART/messages")
        await post(rig, "unread")
    async with slack(state=state) as rig:
        people = await rig.ask("GET", "/workspace/people?q=ada")
        assert [(each["id"], each["unread"]) for each in people] == [("U0HART", 1)]
        texts = [each["text"] for each in await rig.ask("GET", "/workspace/U0HART/messages")]
        assert texts == ["kept and changed", "", "unread"]
        assert (await rig.ask("GET", "/workspace/U0HART/home"))["blocks"][0]["text"]["text"] == "home"
        assert (await post(rig, "later"))["ts"] > first


async def test_each_change_is_published_on_the_hub():
    async with slack() as rig:
        with rig.hub.subscribe() as queue:
            ts = (await post(rig))["ts"]
            await rig.client.chat_update(channel=DM, ts=ts, text="changed")
            await rig.client.chat_delete(channel=DM, ts=ts)
            await rig.client.views_publish(user_id="U0BANE", view=home())
            told = [queue.get_nowait() for _ in range(4)]
    where = {"user": "U0HART", "channel": DM, "ts": ts}
    assert told == [
        ("workspace", {**where, "kind": "message"}),
        ("workspace", {**where, "kind": "update"}),
        ("workspace", {**where, "kind": "delete"}),
        ("workspace", {"user": "U0BANE", "kind": "home", "channel": "", "ts": ""}),
    ]


async def test_timestamps_are_never_the_same_for_calls_at_once():
    async with slack() as rig:
        await rig.ask("POST", "/workspace/limits", {"enforce": False})
        answers = await asyncio.gather(*(post(rig) for _ in range(20)))
    assert len({answer["ts"] for answer in answers}) == 20
