"""The window that asks a lead for their passphrase where the desk is locked, and what becomes of what they enter."""

from collections.abc import Mapping
from typing import Any, Final

from bot.slack.blocks import TITLE_LENGTH, Reader, cut
from bot.whisper.desk import Lead
from conversations.model import Phrase, say
from store import whisper_lock
from store.whisper_lock import PASSPHRASE_LEAST, DeskState
from store.whisper_store import WhisperStore

UNLOCK: Final = "whisper_unlock"
# The target that is no whisper: all that a lead may read.
QUEUE: Final = "queue"
_MOST: Final = 200


def locked_view(state: DeskState, target: str, reader: Reader) -> dict[str, Any]:
    """Ask for the passphrase, or for a new one; `target` is what is shown afterwards."""
    new = state == "new"
    words = (
        say("Choose a passphrase of four or five words. Nobody can tell you what it is, so keep it somewhere safe.")
        if new
        else say("Your desk is locked. Your passphrase opens it for four hours.")
    )
    passes = say(
        "What you type here passes through Slack. Better, if you can: on the command line it does not. There, run: "
        "{command}",
        command=f"earshot whisper {_command(new)} --lead you@school.example",
    )
    label = say("A new passphrase") if new else say("Your passphrase")
    blocks = [
        {"type": "section", "block_id": "words", "text": _plain(reader.words(words))},
        {"type": "section", "block_id": "passes", "text": _plain(reader.words(passes))},
        _input("passphrase", label, reader),
    ]
    if new:
        blocks.append(_input("again", say("The same once more"), reader))
    return {
        "type": "modal",
        "callback_id": UNLOCK,
        "private_metadata": target,
        "title": _plain(cut(reader.words(say("Whispers")), TITLE_LENGTH)),
        "submit": _plain(reader.words(say("Open"))),
        "close": _plain(reader.words(say("Close"))),
        "blocks": blocks,
    }


def _command(new: bool) -> str:
    """Name the command that does without Slack what they have come for."""
    return "desk passphrase" if new else "desk open"


def unlock(store: WhisperStore, lead: Lead, entered: Mapping[str, Any]) -> Phrase | None:
    """Open a lead's desk with what they entered, or lock their key under it; a sentence says why it did not work."""
    passphrase = str(entered.get("passphrase", ""))
    state = whisper_lock.state_of(store, lead.reader)
    if state == "new":
        if len(passphrase) < PASSPHRASE_LEAST:
            return say("That is too short: it needs {count} characters or more.", count=PASSPHRASE_LEAST)
        if entered.get("again") != passphrase:
            return say("The two were not the same.")
        whisper_lock.choose_passphrase(store, lead.reader, passphrase)
    elif state == "locked" and not whisper_lock.open_desk(store, lead.reader, passphrase):
        return say("That is not your passphrase.")
    return None


def _input(name: str, label: Phrase, reader: Reader) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": name, "max_length": _MOST}
    return {"type": "input", "block_id": name, "label": _plain(reader.words(label)), "element": element}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
