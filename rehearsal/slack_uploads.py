"""Uploads under way in the stand-in Slack: announced, then sent, then finished into a file of the workspace."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from rehearsal.slack_memory import File, Memory
from rehearsal.slack_rules import Refusal


@dataclass
class Upload:
    file_id: str
    name: str
    length: int
    alt: str = ""
    content: bytes | None = None


class Uploads:
    """What was announced and not finished yet; forgotten at a restart."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._by_ticket: dict[str, Upload] = {}

    def begin(self, name: str, length: int, alt: str = "") -> tuple[str, str]:
        """Announce a file of `length` bytes, told by `alt`; gives the ticket it is sent under and the file's id."""
        ticket = secrets.token_urlsafe(24)
        self._by_ticket[ticket] = Upload(f"F{secrets.token_hex(5).upper()}", name, length, alt)
        return ticket, self._by_ticket[ticket].file_id

    def receive(self, ticket: str, content: bytes) -> bool:
        """Take the bytes; False when the ticket is unknown or the length is not the one announced."""
        upload = self._by_ticket.get(ticket)
        if upload is None or len(content) != upload.length:
            return False
        upload.content = content
        return True

    def sent(self, file_id: str) -> bool:
        return any(upload.file_id == file_id and upload.content is not None for upload in self._by_ticket.values())

    def finish(self, file_id: str, title: str) -> File:
        """Make the upload a file. Raises Refusal `file_not_found` for one that was never sent."""
        for ticket, upload in self._by_ticket.items():
            if upload.file_id == file_id and upload.content is not None:
                del self._by_ticket[ticket]
                file = File(file_id, upload.name, title or upload.name, upload.content, upload.alt)
                self._memory.keep_file(file)
                return file
        raise Refusal("file_not_found")
