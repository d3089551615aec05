"""Deliveries of the stand-in Slack to a real Bolt app: Socket Mode, signed HTTP, again when unacknowledged."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

from rehearsal.hub import SLACK_APP_TOKEN
from rehearsal.slack_delivery import signature
from rehearsal.slack_rules import Waits
from tests.rehearsal.slack_rig import Rig, actions, button, connected, field, listening, modal, serving, slack, soon

QUICK = Waits(ack=0.3, retries=(0.0, 0.1, 0.1))
WAYS = pytest.mark.parametrize("way", [connected, listening], ids=["socket", "http"])


def recording(rig: Rig) -> tuple[AsyncApp, list[Any]]:
    """Make a Bolt app that notes every message event it is given."""
    app, seen = rig.new_app(), []

    @app.event("message")
    async def note(body: dict[str, Any]) -> None:
        seen.append(body)

    return app, seen


async def raw_socket(rig: Rig) -> aiohttp.ClientWebSocketResponse:
    """Connect without the library, and read the hello."""
    opened = await rig.client.apps_connections_open(app_token=SLACK_APP_TOKEN)
    assert opened["url"].startswith(rig.base.replace("http", "ws") + "/socket?ticket=")
    socket = await rig.session.ws_connect(opened["url"])
    hello = await socket.receive_json(timeout=3)
    assert (hello["type"], hello["connection_info"]) == ("hello", {"app_id": "A0REHEARSAL"})
    return socket


@WAYS
async def test_message_event_reaches_the_app(way: Any):  # noqa: ANN401 (a context manager)
    async with slack() as rig:
        app, seen = recording(rig)
        async with way(rig, app):
            said = await rig.ask("POST", "/workspace/U0HART/say", {"text": "hello"})
            await soon(lambda: bool(seen))
    inner = seen[0]["event"]
    expected = {"type": "message", "channel_type": "im", "user": "U0HART", "text": "hello", "ts": said["ts"]}
    assert {name: inner[name] for name in expected} == expected
    assert (seen[0]["team_id"], seen[0]["api_app_id"]) == ("T0REHEARSAL", "A0REHEARSAL")


@WAYS
async def test_home_opened_event_brings_the_published_view(way: Any):  # noqa: ANN401 (a context manager)
    async with slack() as rig:
        app, seen = rig.new_app(), []

        @app.event("app_home_opened")
        async def publish(event: dict[str, Any], client: Any) -> None:  # noqa: ANN401 (Bolt finds it by its name)
            await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [{"type": "divider"}]})
            seen.append(event)

        async with way(rig, app):
            for count in (1, 2):
                await rig.ask("POST", "/workspace/U0HART/home/open")
                await soon(lambda count=count: len(seen) == count)
        shown = await rig.ask("GET", "/workspace/U0HART/home")
    assert [(event["tab"], "view" in event) for event in seen] == [("home", False), ("home", True)]
    assert [block["type"] for block in shown["blocks"]] == ["divider"]


@WAYS
async def test_button_opens_a_modal_and_its_submission_closes_it(way: Any):  # noqa: ANN401 (a context manager)
    async with slack() as rig:
        app, seen = rig.new_app(), []

        @app.action("take")
        async def take(ack: Any, body: dict[str, Any], client: Any, respond: Any) -> None:  # noqa: ANN401 (Bolt's)
            await ack()
            seen.append(body["actions"][0])
            await client.views_open(trigger_id=body["trigger_id"], view=modal(field()))
            await respond(text="Thank you", replace_original=True)

        @app.view("details")
        async def save(ack: Any, view: dict[str, Any]) -> None:  # noqa: ANN401 (Bolt's)
            seen.append(view["state"]["values"])
            await ack()

        async with way(rig, app):
            posted = await rig.client.chat_postMessage(channel="U0HART", text="nudge", blocks=[actions(button())])
            pressed = await rig.click(channel=posted["channel"], ts=posted["ts"], action_id="take", block_id="nudge")
            assert pressed["acked"] is True
            view = await rig.ask("GET", "/workspace/U0HART/view")
            values = {"note": {"words": "Spoke at break"}}
            sent = await rig.ask("POST", "/workspace/U0HART/view/submit", {"view_id": view["id"], "values": values})
            assert sent["acked"] is True
            assert await rig.ask("GET", "/workspace/U0HART/view") is None
            shown = await rig.ask("GET", "/workspace/U0HART/messages")
    assert {name: seen[0][name] for name in ("action_id", "block_id", "value", "type")} == {
        "action_id": "take",
        "block_id": "nudge",
        "value": "n1",
        "type": "button",
    }
    assert seen[1] == {"note": {"words": {"type": "plain_text_input", "value": "Spoke at break"}}}
    assert [(each["text"], each["edited"]) for each in shown] == [("Thank you", True)]


@WAYS
async def test_command_is_answered_to_its_member_alone(way: Any):  # noqa: ANN401 (a context manager)
    async with slack() as rig:
        app, seen = rig.new_app(), []

        @app.command("/earshot")
        async def answer(ack: Any, command: dict[str, Any]) -> None:  # noqa: ANN401 (Bolt's)
            seen.append(command)
            await ack("All is well")

        async with way(rig, app):
            typed = await rig.ask("POST", "/workspace/U0HART/command", {"command": "/earshot", "text": "7B"})
        shown = await rig.ask("GET", "/workspace/U0HART/messages")
    assert typed["acked"] is True
    assert (seen[0]["text"], seen[0]["user_id"], seen[0]["channel_name"]) == ("7B", "U0HART", "directmessage")
    assert [(each["text"], each["ephemeral"]) for each in shown] == [("All is well", True)]


@WAYS
async def test_shortcut_opens_a_modal(way: Any):  # noqa: ANN401 (a context manager)
    async with slack() as rig:
        app = rig.new_app()

        @app.shortcut("whisper")
        async def whisper(ack: Any, shortcut: dict[str, Any], client: Any) -> None:  # noqa: ANN401 (Bolt's)
            await ack()
            await client.views_open(trigger_id=shortcut["trigger_id"], view=modal())

        async with way(rig, app):
            pressed = await rig.ask("POST", "/workspace/U0HART/shortcut", {"callback_id": "whisper"})
        assert pressed["acked"] is True
        assert (await rig.ask("GET", "/workspace/U0HART/view"))["callback_id"] == "details"


@WAYS
async def test_what_nobody_handles_is_not_acknowledged(way: Any):  # noqa: ANN401 (a context manager)
    async with slack(waits=QUICK) as rig, way(rig, rig.new_app()):
        pressed = await rig.ask("POST", "/workspace/U0HART/shortcut", {"callback_id": "whisper"})
    assert pressed["acked"] is False


@WAYS
async def test_duplicate_fault_delivers_an_event_twice_with_the_same_id(way: Any):  # noqa: ANN401 (a context manager)
    async with slack() as rig:
        app, seen = recording(rig)
        async with way(rig, app):
            rig.faults.mode, rig.faults.every = "duplicate", 1
            await rig.ask("POST", "/workspace/U0HART/say", {"text": "hello"})
            await soon(lambda: len(seen) == 2)
    assert seen[0]["event_id"] == seen[1]["event_id"]


async def test_envelope_has_slacks_fields():
    async with slack() as rig:
        socket = await raw_socket(rig)
        await rig.ask("POST", "/workspace/U0HART/say", {"text": "hello"})
        envelope = await socket.receive_json(timeout=3)
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        pressing = asyncio.create_task(rig.ask("POST", "/workspace/U0HART/shortcut", {"callback_id": "x"}))
        interactive = await socket.receive_json(timeout=3)
        await socket.send_json({"envelope_id": interactive["envelope_id"], "payload": {}})
        assert (await pressing)["acked"] is True
        await socket.close()
    assert sorted(envelope) == [
        "accepts_response_payload",
        "envelope_id",
        "payload",
        "retry_attempt",
        "retry_reason",
        "type",
    ]
    assert (envelope["type"], envelope["accepts_response_payload"], envelope["retry_attempt"]) == (
        "events_api",
        False,
        0,
    )
    assert sorted(interactive) == ["accepts_response_payload", "envelope_id", "payload", "type"]
    assert (interactive["type"], interactive["accepts_response_payload"]) == ("interactive", True)


async def test_unacknowledged_event_comes_again_after_three_seconds():
    async with slack() as rig:
        socket = await raw_socket(rig)
        await rig.ask("POST", "/workspace/U0HART/say", {"text": "hello"})
        first = await socket.receive_json(timeout=2)
        with pytest.raises(TimeoutError):
            await socket.receive_json(timeout=2)
        again = await socket.receive_json(timeout=3)
        await socket.send_json({"envelope_id": again["envelope_id"]})
        await socket.close()
    assert (again["retry_attempt"], again["retry_reason"]) == (1, "timeout")
    assert again["payload"] == first["payload"]
    assert again["envelope_id"] != first["envelope_id"]


async def test_event_is_given_up_after_three_retries():
    async with slack(waits=QUICK) as rig:
        socket = await raw_socket(rig)
        await rig.ask("POST", "/workspace/U0HART/say", {"text": "hello"})
        attempts = [(await socket.receive_json(timeout=2))["retry_attempt"] for _ in range(4)]
        with pytest.raises(TimeoutError):
            await socket.receive_json(timeout=1)
        await socket.close()
    assert attempts == [0, 1, 2, 3]


async def test_click_is_not_delivered_again_when_nobody_acknowledged_it():
    async with slack(waits=QUICK) as rig:
        socket = await raw_socket(rig)
        pressed = await rig.ask("POST", "/workspace/U0HART/shortcut", {"callback_id": "x"})
        assert pressed["acked"] is False
        assert (await socket.receive_json(timeout=2))["type"] == "interactive"
        with pytest.raises(TimeoutError):
            await socket.receive_json(timeout=1)
        await socket.close()


async def test_events_wait_while_no_socket_is_connected_and_come_in_order():
    async with slack() as rig:
        app, seen = recording(rig)
        for text in ("one", "two", "three"):
            await rig.ask("POST", "/workspace/U0HART/say", {"text": text})
        async with connected(rig, app):
            await soon(lambda: len(seen) == 3)
    assert [body["event"]["text"] for body in seen] == ["one", "two", "three"]


async def test_click_without_any_socket_is_told_to_the_member():
    async with slack(waits=QUICK) as rig:
        assert (await rig.ask("POST", "/workspace/U0HART/shortcut", {"callback_id": "x"}))["acked"] is False


async def test_event_a_lost_connection_left_unacknowledged_goes_to_the_next_one():
    async with slack() as rig:
        for _ in range(6):
            socket = await raw_socket(rig)
            if _ == 0:
                await rig.ask("POST", "/workspace/U0HART/say", {"text": "hello"})
            await socket.receive_json(timeout=2)
            await socket.close()
        app, seen = recording(rig)
        async with connected(rig, app):
            await soon(lambda: bool(seen))
    assert [body["event"]["text"] for body in seen] == ["hello"]


async def test_several_sockets_share_the_envelopes():
    async with slack() as rig:
        sockets = [await raw_socket(rig), await raw_socket(rig)]
        for text in ("one", "two"):
            await rig.ask("POST", "/workspace/U0HART/say", {"text": text})
        got = [await socket.receive_json(timeout=2) for socket in sockets]
        for socket in sockets:
            await socket.close()
    assert sorted(each["payload"]["event"]["text"] for each in got) == ["one", "two"]


async def test_eleventh_socket_is_turned_away():
    async with slack() as rig:
        rig_sockets = [await raw_socket(rig) for _ in range(5)]
        await rig.ask("POST", "/workspace/limits", {"enforce": False})
        rig_sockets += [await raw_socket(rig) for _ in range(5)]
        opened = await rig.client.apps_connections_open(app_token=SLACK_APP_TOKEN)
        socket = await rig.session.ws_connect(opened["url"])
        assert (await socket.receive_json(timeout=2))["reason"] == "too_many_websockets"
        for each in [socket, *rig_sockets]:
            await each.close()


async def test_ticket_opens_one_connection_only():
    async with slack() as rig:
        opened = await rig.client.apps_connections_open(app_token=SLACK_APP_TOKEN)
        socket = await rig.session.ws_connect(opened["url"])
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await rig.session.ws_connect(opened["url"])
        await socket.close()
    assert caught.value.status == 403


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_client_connects_anew_when_asked_and_misses_nothing(reason: str):
    async with slack() as rig:
        app, seen = recording(rig)
        async with connected(rig, app) as handler:
            before = await handler.client.session_id()
            assert await rig.ask("POST", "/workspace/disconnect", {"reason": reason}) == {"asked": 1}
            await rig.ask("POST", "/workspace/U0HART/say", {"text": "hello"})
            await soon(lambda: bool(seen))
            assert await handler.client.session_id() != before


async def test_client_connects_again_when_the_network_has_restarted():
    async with AsyncExitStack() as stack:
        async with slack() as rig:
            app, seen = recording(rig)
            await stack.enter_async_context(connected(rig, app))
            port = int(rig.base.rpartition(":")[2])
        async with slack(port=port) as rig:
            await rig.ask("POST", "/workspace/U0HART/say", {"text": "hello"})
            await soon(lambda: bool(seen), 15)


async def test_pings_of_the_client_are_answered():
    async with slack() as rig, connected(rig, rig.new_app()) as handler:
        await soon(lambda: handler.client.last_ping_pong_time is not None)
        first = handler.client.last_ping_pong_time
        await soon(lambda: handler.client.last_ping_pong_time != first)


async def test_text_that_is_no_acknowledgement_is_passed_over():
    async with slack() as rig:
        socket = await raw_socket(rig)
        for text in ("{", "[]", '{"envelope_id": "none"}', '{"envelope_id": 7}'):
            await socket.send_str(text)
        await rig.ask("POST", "/workspace/U0HART/say", {"text": "hello"})
        assert (await socket.receive_json(timeout=2))["type"] == "events_api"
        await socket.close()


def receiver(statuses: list[int], seen: list[tuple[dict[str, str], str]], **headers: str) -> web.Application:
    """Make a bare HTTP receiver that answers the challenge, then one status after the other, then 200."""

    async def take(request: web.Request) -> web.Response:
        text = await request.text()
        if "url_verification" in text:
            return web.json_response({"challenge": json.loads(text)["challenge"]})
        seen.append((dict(request.headers), text))
        if not statuses:
            return web.Response()
        status = statuses.pop(0)
        if status == 0:
            await asyncio.sleep(1)
        return web.Response(status=status or 200, headers=headers)

    app = web.Application()
    app.router.add_post("/slack/events", take)
    return app


async def test_http_requests_are_signed_and_in_the_form_of_their_kind():
    async with slack() as rig:
        seen: list[tuple[dict[str, str], str]] = []
        async with serving(receiver([], seen)) as base:
            await rig.ask("PUT", "/workspace/delivery", {"mode": "http", "url": f"{base}/slack/events"})
            await rig.ask("POST", "/workspace/U0HART/say", {"text": "hello"})
            await soon(lambda: len(seen) == 1)
            await rig.ask("POST", "/workspace/U0HART/shortcut", {"callback_id": "x"})
            await rig.ask("POST", "/workspace/U0HART/command", {"command": "/earshot"})
    for headers, body in seen:
        stamp = headers["X-Slack-Request-Timestamp"]
        assert headers["X-Slack-Signature"] == signature("rehearsal-signing-secret", stamp, body)
        assert "X-Slack-Retry-Num" not in headers
    assert [(headers["Content-Type"], body[:8]) for headers, body in seen] == [
        ("application/json", '{"token"'),
        ("application/x-www-form-urlencoded", "payload="),
        ("application/x-www-form-urlencoded", "token=re"),
    ]


async def test_app_with_another_signing_secret_refuses_what_is_delivered():
    async with slack() as rig:
        app = AsyncApp(client=rig.new_client(), signing_secret="another-secret", process_before_response=True)
        server = web.Application()

        async def events(request: web.Request) -> web.Response:
            return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

        server.router.add_post("/slack/events", events)
        async with serving(server) as base:
            wrong = {"mode": "http", "url": f"{base}/slack/events"}
            assert (await rig.ask_status("PUT", "/workspace/delivery", wrong))[0] == 400


async def test_http_event_is_retried_with_number_and_reason():
    async with slack(waits=QUICK) as rig:
        seen: list[tuple[dict[str, str], str]] = []
        async with serving(receiver([500, 0], seen)) as base:
            await rig.ask("PUT", "/workspace/delivery", {"mode": "http", "url": f"{base}/slack/events"})
            await rig.ask("POST", "/workspace/U0HART/say", {"text": "hello"})
            await soon(lambda: len(seen) == 3)
            await asyncio.sleep(0.5)
    told = [(headers.get("X-Slack-Retry-Num"), headers.get("X-Slack-Retry-Reason")) for headers, _ in seen]
    assert told == [(None, None), ("1", "http_error"), ("2", "http_timeout")]
    assert len({body for _, body in seen}) == 1


async def test_http_event_is_not_retried_when_the_app_says_so():
    async with slack(waits=QUICK) as rig:
        seen: list[tuple[dict[str, str], str]] = []
        headers = {"X-Slack-No-Retry": "1"}
        async with serving(receiver([500], seen, **headers)) as base:
            await rig.ask("PUT", "/workspace/delivery", {"mode": "http", "url": f"{base}/slack/events"})
            await rig.ask("POST", "/workspace/U0HART/say", {"text": "hello"})
            await asyncio.sleep(0.6)
    assert len(seen) == 1


async def test_http_event_is_retried_when_nobody_is_at_the_address():
    async with slack(waits=Waits(ack=0.3, retries=(0.0, 0.3, 0.3))) as rig:
        app, seen = recording(rig)
        async with listening(rig, app) as url:
            pass
        await rig.ask("POST", "/workspace/U0HART/say", {"text": "hello"})
        await rig.ask("PUT", "/workspace/delivery", {"mode": "socket"})
        assert url.startswith("http://127.0.0.1:")
        async with connected(rig, app):
            await soon(lambda: bool(seen))


async def test_http_address_that_does_not_answer_the_challenge_is_refused():
    async with slack() as rig:
        wrong = {"mode": "http", "url": f"{rig.base}/api/api.test"}
        status, answer = await rig.ask_status("PUT", "/workspace/delivery", wrong)
        assert (status, answer) == (400, {"error": "The app did not answer the challenge at that address."})
        assert await rig.ask("GET", "/workspace/delivery") == {"mode": "socket"}
