"""Whisper's windows in Slack, as Block Kit: the thread for a lead, and the form for a member of staff who whispers.

Content is shown here alone, in a window that Slack does not keep as a message.
"""

import json
from collections.abc import Iterable
from typing import Any, Final

from bot.settings import for_chosen
from bot.slack.blocks import TITLE_LENGTH, VIEW_BLOCKS, Reader, cut
from conversations.model import Message, Phrase, say, verbatim
from conversations.whisper_cards import KINDS, OUTCOMES, line_of, line_of_turn
from conversations.whisper_pages import helped_options
from conversations.wording import emergency_line
from store.whisper_desk import Line, Thread, Turn

Block = dict[str, Any]
THREAD: Final = "whisper_thread"
STAFF: Final = "whisper_staff"
SHORTCUT: Final = "whisper"
TEXT_MOST: Final = 3000
# What is told is made up to whole steps (bytes); Slack takes no more in the place that is filled.
TOLD_STEP: Final = 3000
# Blocks that the form below a thread takes, and the line above it.
_FORM_BLOCKS = 10


def thread_view(
    thread: Thread, colleagues: tuple[tuple[str, str], ...], reader: Reader, problem: Phrase | None = None
) -> dict[str, Any]:
    """Give a thread with what can be done below it; `colleagues` are pairs of a reader's id and name."""
    line = thread.line
    top = [_section(reader.words(line_of(line.kind, line.status, line.day, line.handle)), "line")]
    facts = [say("It is about someone else.") if thread.head.get("about") != "me" else say("It is about the writer.")]
    if thread.head.get("owner"):
        facts.append(say("Looked after by {name}.", name=str(thread.head["owner"])))
    if thread.head.get("links"):
        facts.append(say("Linked with {handles}.", handles=", ".join(thread.head["links"])))
    if problem is not None:
        facts.insert(0, problem)
    top.append(_context(" ".join(reader.words(fact) for fact in facts), "facts"))
    shown = [block for turn in thread.turns for block in _turn(thread, turn, reader)]
    room = VIEW_BLOCKS - _FORM_BLOCKS - len(top) - 1
    if len(shown) > room:
        shown = [
            _context(reader.words(say("Older turns have no room here. See them with earshot whisper read.")), "old")
        ]
        shown += [block for turn in thread.turns for block in _turn(thread, turn, reader)][-room:]
    return {
        "type": "modal",
        "callback_id": THREAD,
        "private_metadata": line.id,
        "title": _plain(cut(reader.words(say("Whisper {handle}", handle=line.handle)), TITLE_LENGTH)),
        "submit": _plain(reader.words(say("Send"))),
        "close": _plain(reader.words(say("Close"))),
        "blocks": [*top, *shown, *_form(thread, colleagues, reader), _context(reader.words(_export(line)), "export")],
    }


def _export(line: Line) -> Phrase:
    """Say how it gets into the school's own file: a PDF sent through Slack would lie there for anybody to open."""
    handle = line.handle
    command = for_chosen(f"`earshot whisper export {handle} {handle}.sealed --lead you@school.example`").strip("`")
    return say(
        "For the school's own safeguarding file, a PDF sealed with your password is made on the school's own machine. "
        "It never passes through Slack. Run: {command}",
        command=command,
    )


def _turn(thread: Thread, turn: Turn, reader: Reader) -> list[Block]:
    line = reader.words(line_of_turn(turn.by, turn.what, turn.words))
    if turn.what == "photo":
        button = {
            "type": "button",
            "action_id": "whisper_photo",
            "value": f"{thread.line.id}:{turn.id}",
            "text": _plain(reader.words(say("Show"))),
        }
        return [{**_section("\n".join(filter(None, (line, turn.caption))), turn.id), "accessory": button}]
    if turn.what in ("helped", "lost"):
        return [_section(line, turn.id)]
    text = f"{line}\n{turn.words}"
    parts = [text[start : start + TEXT_MOST] for start in range(0, len(text), TEXT_MOST)]
    return [_section(part, f"{turn.id}-{number}") for number, part in enumerate(parts)]


def _form(thread: Thread, colleagues: tuple[tuple[str, str], ...], reader: Reader) -> list[Block]:
    kinds = (
        ("reply", say("Reply to the writer")),
        ("question", say("Ask the writer a question")),
        ("note", say("Note for readers alone")),
    )
    statuses = (("read", say("Read")), ("acting", say("Being acted on")))
    urgencies = (("ordinary", say("Ordinary")), ("urgent", say("Urgent")))
    standing = (("keep", say("Keep it past ninety days")), ("recuse", say("I stand back: close it to me")))
    open_still = thread.line.status != "closed"
    blocks = [
        _input("what", _select(kinds, reader, "reply"), say("What to add"), reader),
        _input("words", {"type": "plain_text_input", "multiline": True, "max_length": TEXT_MOST}, say("Words"), reader),
        _input("status", _select(statuses, reader), say("Status"), reader),
        _input("urgency", _select(urgencies, reader), say("Urgency"), reader),
        _input("link", {"type": "plain_text_input", "max_length": 60}, say("Linked with (handle)"), reader),
        _input("standing", _boxes(standing, reader), say("For this whisper"), reader),
    ]
    if colleagues:
        names = tuple((key, verbatim(name)) for key, name in colleagues)
        blocks.append(_input("owner", _select(names, reader), say("Looked after by"), reader))
    if open_still:
        closing = tuple(OUTCOMES.items())
        blocks.append(_input("outcome", _select(closing, reader), say("Close it, with what came of it"), reader))
    return blocks


# --- the form for staff -----------------------------------------------------------------------------------------------


def staff_view(leads: tuple[tuple[str, str], ...], nation: str, when: Phrase, reader: Reader) -> dict[str, Any]:
    """Give the form by which a member of staff whispers, or comes back with six words."""
    limits = (
        emergency_line(nation),
        say("You can tell the safeguarding leads about something. They will not see your name."),
        say("Slack knows it is you. Your words may say who you are."),
        say("If someone may be hurt, staff must act, and may tell others. A court can ask for what we hold."),
        when,
    )
    kinds = tuple(KINDS.items())
    names = tuple((key, verbatim(name)) for key, name in leads)
    words = {"type": "plain_text_input", "multiline": True, "max_length": TEXT_MOST}
    blocks = [
        _section("\n".join(reader.words(line) for line in limits), "limits"),
        _input("kind", _select(kinds, reader), say("What is it about?"), reader),
        _input("words", words, say("What you want to say"), reader),
        _input("receipt", {"type": "plain_text_input", "max_length": 120}, say("Six words, to come back"), reader),
        _input("helped", _select(helped_options(), reader), say("Did it help? Only with your six words"), reader),
    ]
    if names:
        blocks.insert(2, _input("excluded", _select(names, reader), say("Who must never read it"), reader))
    return {
        "type": "modal",
        "callback_id": STAFF,
        "title": _plain(reader.words(say("Whisper"))),
        "submit": _plain(reader.words(say("Send"))),
        "close": _plain(reader.words(say("Close"))),
        "blocks": blocks,
    }


def told_view(title: Phrase, message: Message, reader: Reader) -> dict[str, Any]:
    """Give words to be read and closed: the receipt, the replies, or why nothing was kept."""
    lines = [reader.words(line) for line in message.paragraphs]
    parts = _fitted(lines)
    view: Block = {
        "type": "modal",
        "private_metadata": "",
        "title": _plain(cut(reader.words(title), TITLE_LENGTH)),
        "close": _plain(reader.words(say("Close"))),
        "blocks": [_section(part, f"part-{number}") for number, part in enumerate(parts)],
    }
    # Right words and wrong ones are answered by as many bytes: as many more as make the last step whole.
    return {**view, "private_metadata": "." * (-len(json.dumps(view)) % TOLD_STEP)}


def _fitted(lines: Iterable[str]) -> list[str]:
    parts: list[str] = []
    for line in lines:
        if parts and len(parts[-1]) + len(line) + 1 <= TEXT_MOST:
            parts[-1] += f"\n{line}"
        else:
            parts.append(line[:TEXT_MOST])
    return parts


def entered(view: dict[str, Any]) -> dict[str, Any]:
    """Read what was entered, by block: a text, an option's value, or a list of them; nothing for what was left."""
    found: dict[str, Any] = {}
    for name, fields in view.get("state", {}).get("values", {}).items():
        field = fields.get(name) or {}
        if field.get("selected_option"):
            found[name] = field["selected_option"]["value"]
        elif field.get("selected_options"):
            found[name] = [option["value"] for option in field["selected_options"]]
        elif field.get("value"):
            found[name] = str(field["value"]).strip()
    return found


def _input(name: str, element: Block, label: Phrase, reader: Reader) -> Block:
    return {
        "type": "input",
        "block_id": name,
        "optional": True,
        "label": _plain(reader.words(label)),
        "element": {**element, "action_id": name},
    }


def _select(options: tuple[tuple[str, Phrase], ...], reader: Reader, first: str | None = None) -> Block:
    made = [_option(value, words, reader) for value, words in options]
    select: Block = {"type": "static_select", "options": made}
    if first is not None:
        select["initial_option"] = next(option for option in made if option["value"] == first)
    return select


def _boxes(options: tuple[tuple[str, Phrase], ...], reader: Reader) -> Block:
    return {"type": "checkboxes", "options": [_option(value, words, reader) for value, words in options]}


def _option(value: str, words: Phrase, reader: Reader) -> Block:
    return {"text": _plain(cut(reader.words(words), 75)), "value": value}


def _section(text: str, name: str) -> Block:
    return {"type": "section", "block_id": name, "text": _plain(text[:TEXT_MOST] or "–")}


def _context(text: str, name: str) -> Block:
    return {"type": "context", "block_id": name, "elements": [_plain(cut(text, 2000))]}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
