"""What one member of the stand-in workspace can do, and what the app is told of it."""

from __future__ import annotations

import time
import uuid
from typing import Any

from aiohttp import web

from rehearsal import slack_elements, slack_payloads
from rehearsal.slack_delivery import Kind, Receipt
from rehearsal.slack_desk import Desk, base_of
from rehearsal.slack_elements import Element
from rehearsal.slack_memory import Channel, Person
from rehearsal.slack_replies import take_reply
from rehearsal.slack_rules import Refusal
from rehearsal.slack_views import View

Outcome = dict[str, Any]


class NotThere(Exception):
    """What the member reached for is not in front of them; the text says so to a person."""


def need(body: dict[str, Any], name: str) -> str:
    """Give a text field of a request. Raises ValueError when it is not there."""
    value = body.get(name)
    if not isinstance(value, str):
        raise ValueError(f"The field {name} is missing.")
    return value


class Member:
    """One member, acting now."""

    def __init__(self, desk: Desk, person: Person, request: web.Request) -> None:
        self._desk = desk
        self._person = person
        self._base = base_of(request)
        self.id = person.id

    # ----- reading

    def conversations(self) -> list[Outcome]:
        memory = self._desk.memory
        return [
            slack_payloads.channel_object(channel) | {"unread": memory.unread(self.id, channel.id)}
            for channel in memory.conversations(self.id)
        ]

    def messages(self, channel: str) -> list[Outcome]:
        """List what the member sees in a conversation ("" is the one with the app), which they have then read."""
        memory = self._desk.memory
        channel = self._channel(channel or memory.dm(self.id).id).id
        memory.mark_read(self.id, channel)
        return [
            {
                "ts": message["ts"],
                "text": message["text"],
                "blocks": message.get("blocks", []),
                "files": message.get("files", []),
                "edited": "edited" in message,
                "ephemeral": ephemeral,
                "from": message["user"],
            }
            for message, ephemeral in memory.seen_by(self.id, channel)
        ]

    def _channel(self, channel: str) -> Channel:
        for known in self._desk.memory.conversations(self.id):
            if known.id == channel:
                return known
        raise NotThere("That conversation is not one of theirs.")

    # ----- events

    def open_home(self) -> None:
        home = self._desk.views.homes.get(self.id)
        self._desk.courier.post_event(slack_payloads.home_opened(self._desk.memory, self.id, home))

    def say(self, channel: str, text: str) -> Outcome:
        """Write a message, in the conversation with the app when `channel` is ""."""
        memory = self._desk.memory
        where = self._channel(channel or memory.dm(self.id).id)
        message = memory.post(where.id, self.id, {"text": text, "client_msg_id": str(uuid.uuid4())})
        if where.bot_in:
            self._desk.courier.post_event(slack_payloads.message_event(where, message))
        return {"channel": where.id, "ts": message["ts"]}

    # ----- interactions

    async def _tell(self, kind: Kind, payload: dict[str, Any]) -> tuple[Receipt, Outcome]:
        began = time.monotonic()
        receipt = await self._desk.courier.send(kind, payload)
        return receipt, {"acked": receipt.acked, "ms": round((time.monotonic() - began) * 1000)}

    async def click(self, body: dict[str, Any]) -> Outcome:
        """Use an element of a message, of the Home tab or of the modal on top.

        Raises NotThere when the element, or the choice made with it, is not in front of the member; with "force" the
        app is told all the same, as by someone who forges what their own client sends.
        """
        force = bool(body.get("force"))
        view = self._seen_view(body["view_id"], force) if body.get("view_id") else None
        where, blocks = self._place(view, body, force)
        block_id, element = self._element(blocks, body, force)
        what = next((body[name] for name in ("selected_options", "selected_option", "value") if name in body), None)
        if element["type"] == "button":
            if what is not None and what != element.get("value") and not force:
                raise NotThere("That button does not hold that value.")
            state = {"type": "button", "text": element["text"]}
            value = what if what is not None else element.get("value")
            state |= {name: part for name, part in (("value", value), ("style", element.get("style"))) if part}
        else:
            state = slack_elements.chosen(element, what)
        if view is not None:
            if element["type"] not in slack_elements.STATELESS:
                view["state"]["values"].setdefault(block_id, {})[element["action_id"]] = state
            where["view"] = self._with_state(view)
        else:
            where["state"] = {"values": slack_elements.state_of(blocks, {block_id: {element["action_id"]: state}})}
        action = {"action_id": element["action_id"], "block_id": block_id, **state, "action_ts": self._desk.memory.ts()}
        trigger = self._desk.passes.trigger(self.id, view["type"] if view else "message")
        payload = slack_payloads.interaction("block_actions", self._person, trigger, {**where, "actions": [action]})
        return (await self._tell("interactive", payload))[1]

    def _place(self, view: View | None, body: dict[str, Any], force: bool) -> tuple[Outcome, list[dict[str, Any]]]:
        if view is not None:
            return {"container": {"type": "view", "view_id": view["id"]}}, view["blocks"]
        memory = self._desk.memory
        channel = memory.channels.get(need(body, "channel")) if force else self._channel(need(body, "channel"))
        if channel is None:
            raise NotThere("There is no such conversation.")
        message = memory.find(channel.id, need(body, "ts"))
        ephemeral = message is None
        message = message or memory.find_only_for(self.id, channel.id, need(body, "ts"))
        if message is None:
            raise NotThere("That message is not there any more.")
        where = slack_payloads.message_place(channel, message, ephemeral=ephemeral)
        where["response_url"] = self._desk.passes.reply(self._base, self.id, channel.id, message["ts"])
        return where, message.get("blocks", [])

    def _element(self, blocks: list[dict[str, Any]], body: dict[str, Any], force: bool) -> tuple[str, Element]:
        found = slack_elements.find(blocks, need(body, "action_id"), body.get("block_id"))
        if found is not None:
            return found
        if not force:
            raise NotThere("There is nothing like that to press.")
        forged = {"type": "button", "action_id": need(body, "action_id"), "text": {"type": "plain_text", "text": "?"}}
        return str(body.get("block_id") or "forged"), forged

    def _seen_view(self, view_id: str, force: bool) -> View:
        for view in (self._desk.views.top(self.id), self._desk.views.homes.get(self.id)):
            if view is not None and view["id"] == view_id:
                return view
        if force:
            try:
                return self._desk.views.find(view_id)
            except Refusal:
                pass
        raise NotThere("That view is not open.")

    def _with_state(self, view: View) -> View:
        state = slack_elements.state_of(view["blocks"], view["state"]["values"])
        return {**view, "state": {"values": state}}

    async def submit(self, view_id: str, values: dict[str, dict[str, Any]]) -> Outcome:
        """Send the modal on top, with what was entered: {block_id: {action_id: value}}.

        Gives {"acked", "ms", "errors"?: {block_id: sentence}, "refused"?: code}. A field that must be filled and is
        not stops it before the app hears of it, as in the real client. `refused` is the code of what is wrong with
        the app's own answer.
        """
        view = self._desk.views.top(self.id)
        if view is None or view["id"] != view_id:
            raise NotThere("That view is not on top.")
        if not view["submit"]:
            raise NotThere("That view has nothing to send.")
        self._enter(view, values)
        empty = self._left_empty(view)
        if empty:
            return {"acked": False, "ms": 0, "errors": dict.fromkeys(empty, "Please complete this required field.")}
        trigger = self._desk.passes.trigger(self.id, "modal")
        more = {"view": self._with_state(view), "response_urls": []}
        payload = slack_payloads.interaction("view_submission", self._person, trigger, more)
        receipt, outcome = await self._tell("interactive", payload)
        if not receipt.acked:
            return outcome
        try:
            return outcome | self._obey(view, receipt.payload or {})
        except Refusal as refusal:
            return outcome | {"refused": refusal.error, "messages": refusal.messages}

    def _enter(self, view: View, values: dict[str, dict[str, Any]]) -> None:
        for block_id, fields in values.items():
            for action_id, what in fields.items():
                found = slack_elements.find(view["blocks"], action_id, block_id)
                if found is None:
                    raise NotThere("There is no such field in that view.")
                view["state"]["values"].setdefault(block_id, {})[action_id] = slack_elements.chosen(found[1], what)

    def _left_empty(self, view: View) -> list[str]:
        state = slack_elements.state_of(view["blocks"], view["state"]["values"])
        return [
            block["block_id"]
            for block in view["blocks"]
            if block["type"] == "input"
            and not block.get("optional")
            and any(slack_elements.is_empty(each) for each in state[block["block_id"]].values())
        ]

    def _obey(self, view: View, said: dict[str, Any]) -> Outcome:
        """Do what the app answered a submission with: errors, update, push, clear, or nothing, which closes it."""
        views = self._desk.views
        action = said.get("response_action")
        stack = views.stacks.get(self.id, [])
        if view not in stack:
            # The app changed the view meanwhile; what is shown now is its newer self.
            view = next((each for each in stack if each["id"] == view["id"]), view)
        if action == "errors":
            errors = said.get("errors")
            inputs = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
            if not isinstance(errors, dict) or not errors or not inputs.issuperset(errors):
                raise Refusal("invalid_arguments")
            return {"errors": errors}
        if action == "update":
            views.replace(view, views.check(said.get("view"), "modal"))
        elif action == "push":
            views.push(self.id, views.check(said.get("view"), "modal"))
        elif action == "clear":
            views.close(self.id, len(stack))
        elif action is not None:
            raise Refusal("invalid_arguments")
        elif stack and stack[-1]["id"] == view["id"]:
            views.close(self.id)
        return {}

    async def close(self, view_id: str | None) -> Outcome:
        """Close the modal on top; the app hears of it when it asked to (notify_on_close)."""
        top = self._desk.views.top(self.id)
        if top is None or view_id not in (None, top["id"]):
            raise NotThere("That view is not on top.")
        how_many = len(self._desk.views.stacks[self.id]) if top["clear_on_close"] else 1
        outcome: Outcome = {"acked": True, "ms": 0}
        for view in self._desk.views.close(self.id, how_many):
            if view["notify_on_close"]:
                more = {"view": self._with_state(view), "is_cleared": bool(top["clear_on_close"])}
                payload = slack_payloads.interaction("view_closed", self._person, None, more)
                outcome = (await self._tell("interactive", payload))[1]
        return outcome

    async def shortcut(self, callback_id: str) -> Outcome:
        trigger = self._desk.passes.trigger(self.id, "shortcut")
        more = {"callback_id": callback_id, "action_ts": self._desk.memory.ts()}
        return (await self._tell("interactive", slack_payloads.interaction("shortcut", self._person, trigger, more)))[1]

    async def command(self, name: str, text: str, channel: str) -> Outcome:
        """Send a slash command; what the app says in its acknowledgement is shown in the conversation."""
        where = self._channel(channel or self._desk.memory.dm(self.id).id)
        trigger = self._desk.passes.trigger(self.id, "command")
        url = self._desk.passes.reply(self._base, self.id, where.id, "")
        payload = slack_payloads.command(self._person, where, name, text, trigger, url)
        receipt, outcome = await self._tell("slash_commands", payload)
        if receipt.payload is not None:
            try:
                take_reply(self._desk, receipt.payload, self.id, where.id, "")
            except Refusal as refusal:
                return outcome | {"refused": refusal.error, "messages": refusal.messages}
        return outcome
