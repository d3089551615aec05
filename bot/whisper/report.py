"""One whisper on paper: a PDF for the school's own safeguarding file, sealed with a password until it is there."""

import json
import os
import secrets
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from bot.text import render
from conversations.model import Phrase, say, verbatim
from conversations.whisper_cards import KINDS, OUTCOMES, STATUSES, line_of_turn
from scheduling.school import SchoolFacts
from store.vault import StoreProblem
from store.whisper_desk import Thread

_MAGIC: Final = b"EARSHOT-WHISPER-1\n"
_SALT, _NONCE = 16, 12
# What is said goes in as data, never as part of the page's own language.
_PAGE: Final = """
#let case = json(bytes(sys.inputs.case))
#set page(margin: 2.2cm, numbering: "1 / 1")
#set text(size: 10.5pt)
= #case.title
#for line in case.facts [#line #linebreak()]
#v(1em)
#for turn in case.turns [
  *#turn.line* \\
  #if turn.image != none [#image(bytes(turn.image), width: 60%) #linebreak()]
  #turn.words
  #v(0.8em)
]
"""


def case_of(thread: Thread, school: SchoolFacts) -> dict[str, Any]:
    """Give what the paper says: a title, its facts as lines, and every turn in order, as a line, words and an image."""

    def words(phrase: Phrase) -> str:
        return render(phrase, school.locale, school.zone)

    line = thread.line
    facts = [
        words(say("Kind: {kind}", kind=KINDS.get(line.kind, verbatim(line.kind)))),
        # With its year: the paper is kept for many.
        words(say("Day of the first message: {day}", day=line.day)),
        words(say("Status: {status}", status=STATUSES.get(line.status, verbatim(line.status)))),
    ]
    if line.outcome:
        facts.append(words(say("Outcome: {outcome}", outcome=OUTCOMES.get(line.outcome, verbatim(line.outcome)))))
    turns = [
        {
            "line": words(line_of_turn(turn.by, turn.what, turn.words)),
            "words": {"photo": turn.caption, "helped": ""}.get(turn.what, turn.words),
            "image": list(turn.body) if turn.what == "photo" else None,
        }
        for turn in thread.turns
    ]
    return {"title": words(say("Whisper {handle}", handle=line.handle)), "facts": facts, "turns": turns}


def pdf_of(thread: Thread, school: SchoolFacts) -> bytes:
    """Set a thread as a PDF."""
    # Imported here, for the compiler is large and nothing else needs it.
    import typst

    made = typst.compile(_PAGE.encode(), sys_inputs={"case": json.dumps(case_of(thread, school))})
    assert isinstance(made, bytes)  # noqa: S101 (one document, in memory)
    return made


def sealed(content: bytes, password: str) -> bytes:
    """Seal with a password: Argon2id and AES-256-GCM."""
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    return _MAGIC + salt + nonce + AESGCM(_key(password, salt)).encrypt(nonce, content, _MAGIC)


def opened(content: bytes, password: str) -> bytes:
    """Open what `sealed` made. Raises StoreProblem for another password or another kind of file."""
    if not content.startswith(_MAGIC):
        raise StoreProblem("That file is no exported whisper.")
    rest = content[len(_MAGIC) :]
    salt, nonce, body = rest[:_SALT], rest[_SALT : _SALT + _NONCE], rest[_SALT + _NONCE :]
    try:
        return AESGCM(_key(password, salt)).decrypt(nonce, body, _MAGIC)
    except (InvalidTag, ValueError):
        raise StoreProblem("That password does not open it, or the file was changed.") from None


def _key(password: str, salt: bytes) -> bytes:
    return Argon2id(salt=salt, length=32, iterations=3, lanes=1, memory_cost=65_536).derive(password.encode())


def write_new(path: Path, content: bytes) -> None:
    """Write a new file that its owner alone can read, whole or not at all.

    Raises StoreProblem when it is there already, or cannot be written.
    """
    made = False
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        made = True
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            # It may be all that opens the desk again: it must outlast a power cut.
            os.fsync(file.fileno())
    except FileExistsError:
        raise StoreProblem(f"{path.name} is there already. Name a new file.") from None
    except OSError as error:
        if made:
            path.unlink(missing_ok=True)
        raise StoreProblem(f"{path.name} cannot be written ({error.strerror}).") from None
