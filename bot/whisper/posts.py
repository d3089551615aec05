"""Whisper's cards in Slack: posted to one lead, changed and taken away; they never pass through the outbox."""

from typing import Final

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.blocks import message_blocks
from bot.slack.sender import code_of, pass_refusal
from bot.whisper.parts import Parts
from conversations.cards import Card
from scheduling.school import SchoolFacts
from store.people import link_slack
from store.tables import Staff
from store.whisper_desk import note_file

# What Slack says of a file that is not there any more.
GONE: Final = ("file_not_found", "file_deleted")


class Posts:
    """Where whispers' cards, and the files of their photos, lie in Slack."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.client: AsyncWebClient
        # The files that somebody looks at now; and whether one may have stayed in Slack that nobody does.
        self.showing: set[str] = set()
        self.left_behind = True

    async def post(self, user: str, card: Card, school: SchoolFacts) -> tuple[str, str] | None:
        """Post a card to one person; gives where it lies. It never passes through the outbox.

        None where Slack will never take it, for their account was closed: the others must get theirs.
        """
        blocks, text = message_blocks(card, school.locale, school.zone, self._parts.clock())
        try:
            channel = str((await self.client.conversations_open(users=user))["channel"]["id"])
            sent = await self.client.chat_postMessage(
                channel=channel, blocks=blocks, text=text, unfurl_links=False, unfurl_media=False
            )
        except SlackApiError as error:
            pass_refusal(error)
            return None
        return channel, str(sent["ts"])

    async def rewrite(self, channel: str, ts: str, card: Card, school: SchoolFacts) -> None:
        """Put a card in the place of another; one that is gone, or that Slack lets nobody change, stays as it is."""
        blocks, text = message_blocks(card, school.locale, school.zone, self._parts.clock())
        try:
            await self.client.chat_update(channel=channel, ts=ts, blocks=blocks, text=text)
        except SlackApiError as error:
            pass_refusal(error)

    async def delete(self, channel: str, ts: str) -> None:
        """Take a card away; one that is gone already, or that Slack never gives away, is as well as can be."""
        try:
            await self.client.chat_delete(channel=channel, ts=ts)
        except SlackApiError as error:
            pass_refusal(error)

    async def delete_file(self, report: str, file_id: str) -> None:
        """Take a photo out of Slack; one that is gone already is well."""
        try:
            await self.client.files_delete(file=file_id)
        except SlackApiError as error:
            if code_of(error) not in GONE:
                raise
        await self._parts.on_thread(note_file, self._parts.store, report, file_id, there=False)

    async def user_of(self, staff: Staff, school: SchoolFacts) -> str | None:
        """Find the Slack user of a lead; None for one whom Slack does not know."""
        user = self._parts.sealer.read(staff, "slack_user")
        if user is not None:
            return str(user)
        email = self._parts.sealer.read(staff, "email")
        try:
            found = str((await self.client.users_lookupByEmail(email=email))["user"]["id"])
        except SlackApiError as error:
            if code_of(error) == "users_not_found":
                return None
            raise
        await self._parts.worker.run(lambda session: link_slack(session, self._parts.sealer, school.id, found, email))
        return found
