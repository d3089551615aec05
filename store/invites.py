"""Join codes: issued once, shown once, kept only as keyed hashes, spent by the first phone that gives them."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlmodel import Session, col, select, update

from store.sealing import Sealer
from store.tables import Attempt, Binding, Invite, Pupil

# No letter or digit that is taken for another when read from paper: no 0 O 1 I L 2 Z 5 S 8 B U V.
ALPHABET = "3467ACDEFGHJKMNPQRTWXY9"
# How each of them is said (the spelling alphabet of aviation and radio), on letters and down the telephone.
SPELLING = {
    **{"3": "three", "4": "four", "6": "six", "7": "seven", "9": "nine"},
    **{"A": "Alfa", "C": "Charlie", "D": "Delta", "E": "Echo", "F": "Foxtrot", "G": "Golf", "H": "Hotel"},
    **{"J": "Juliett", "K": "Kilo", "M": "Mike", "N": "November", "P": "Papa", "Q": "Quebec", "R": "Romeo"},
    **{"T": "Tango", "W": "Whiskey", "X": "X-ray", "Y": "Yankee"},
}
LIFETIME = timedelta(days=30)
FREE_TRIES = 5
SLOW_FOR = timedelta(minutes=10)

Outcome = Literal["valid", "unknown", "used", "expired", "slow_down"]
_LENGTH = 8
_SHAPE = re.compile(rf"[{ALPHABET}]{{{_LENGTH}}}")
_SAID = {word.lower(): letter for letter, word in SPELLING.items()} | {"xray": "X", "alpha": "A", "juliet": "J"}


@dataclass(frozen=True)
class Lookup:
    """What became of a code given by a chat; `invite` is there when it is valid."""

    outcome: Outcome
    invite: Invite | None = None


def normal(code: str) -> str | None:
    """Bring a typed code to its plain form (eight characters of ALPHABET); None if it cannot be one.

    A code may be typed in the words that spell it.
    """
    said = [_SAID.get(word) for word in re.split(r"[\s,;]+", code.strip().lower())]
    if len(said) == _LENGTH and all(said):
        return "".join(letter for letter in said if letter)
    plain = re.sub(r"[\s\-–—_]", "", code).upper()
    return plain if _SHAPE.fullmatch(plain) else None


def spelled(code: str) -> str:
    """Spell a code such as "ACDE-3467" in words: "Alfa Charlie Delta Echo, three four six seven"."""
    return ", ".join(" ".join(SPELLING[letter] for letter in part) for part in code.split("-"))


def issue(session: Session, sealer: Sealer, pupil: Pupil, now: datetime) -> str:
    """Issue a pupil's code, such as "ACDE-3467"; codes issued before and not used end."""
    session.exec(
        update(Invite)
        .where(col(Invite.school_id) == pupil.school_id, col(Invite.pupil_id) == pupil.id)
        .where(col(Invite.used_at).is_(None), col(Invite.expires_at) > now)
        .values(expires_at=now)
    )
    plain = "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH))
    session.add(
        Invite(
            school_id=pupil.school_id,
            pupil_id=pupil.id,
            code_key=sealer.blind("invite", plain),
            expires_at=now + LIFETIME,
        )
    )
    return f"{plain[:4]}-{plain[4:]}"


def look_up(session: Session, sealer: Sealer, school_id: UUID, chat_key: bytes, code: str, now: datetime) -> Lookup:
    """Find out what a code is worth, and slow down a chat that keeps guessing.

    After FREE_TRIES wrong codes a chat is told to wait: SLOW_FOR from its first wrong one, whatever it gives meanwhile.
    """
    attempt = session.get(Attempt, (school_id, chat_key))
    if attempt and now - attempt.since >= SLOW_FOR:
        session.delete(attempt)
        session.flush()
        attempt = None
    if attempt and attempt.tries >= FREE_TRIES:
        return Lookup("slow_down")
    plain = normal(code)
    invite = (
        plain
        and session.exec(
            select(Invite).where(Invite.school_id == school_id, Invite.code_key == sealer.blind("invite", plain))
        ).first()
    )
    if invite and not invite.used_at and now < invite.expires_at:
        return Lookup("valid", invite)
    # A code already used by this same chat is a second tap on the same link, not a guess.
    if invite and invite.used_at:
        binding = session.get(Binding, invite.pupil_id)
        if binding and binding.chat_key == chat_key:
            return Lookup("used")
    if attempt is None:
        attempt = Attempt(school_id=school_id, chat_key=chat_key, tries=0, since=now)
    attempt.tries += 1
    session.add(attempt)
    if not invite:
        return Lookup("unknown")
    return Lookup("used" if invite.used_at else "expired")
