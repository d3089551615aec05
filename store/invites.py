"""Join codes: issued once, shown once, kept only as keyed hashes, spent by the first phone that gives them."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from unicodedata import category
from uuid import UUID

from sqlmodel import Session, col, select, update

from store.guardian_tables import GuardianBinding, GuardianInvite
from store.people_tables import Guardian
from store.sealing import Sealer
from store.tables import Attempt, Binding, Invite, Pupil

# No letter or digit that is taken for another when read from paper: no 0 O 1 I L 2 Z 5 S 8 B U V.
ALPHABET = "3467ACDEFGHJKMNPQRTWXY9"
# Codes are drawn without what a word could be made of (vowels, and the digits that pass for them): nobody gets a letter
# with a word on it, and no code is taken for a word of danger.
DRAWN = "679CDFGHJKMNPQRTWXY"
# How each of them is said (the spelling alphabet of aviation and radio), on letters and down the telephone.
SPELLING = {
    **{"3": "three", "4": "four", "6": "six", "7": "seven", "9": "nine"},
    **{"A": "Alfa", "C": "Charlie", "D": "Delta", "E": "Echo", "F": "Foxtrot", "G": "Golf", "H": "Hotel"},
    **{"J": "Juliett", "K": "Kilo", "M": "Mike", "N": "November", "P": "Papa", "Q": "Quebec", "R": "Romeo"},
    **{"T": "Tango", "W": "Whiskey", "X": "X-ray", "Y": "Yankee"},
}
LIFETIME = timedelta(days=30)
FREE_TRIES = 10
SLOW_FOR = timedelta(minutes=10)

Outcome = Literal["valid", "unknown", "used", "expired", "slow_down"]
_LENGTH = 8
_SHAPE = re.compile(rf"[{ALPHABET}]{{{_LENGTH}}}")
_SAID = {word.lower(): letter for letter, word in SPELLING.items()} | {"xray": "X", "alpha": "A", "juliet": "J"}


@dataclass(frozen=True)
class Lookup:
    """What became of a code given by a chat.

    When it is valid there is `invite` if it is a pupil's, or `guardian` if it is a guardian's. `for_guardian` says that
    it is, or was, a guardian's.
    """

    outcome: Outcome
    invite: Invite | None = None
    guardian: GuardianInvite | None = None
    for_guardian: bool = False


def normal(code: str) -> str | None:
    """Bring a typed code to its plain form (eight characters of ALPHABET); None if it cannot be one.

    A code may be typed in the words that spell it.
    """
    code = tidied(code)
    said = [_SAID.get(word) for word in re.split(r"[\s,;]+", code.lower())]
    if len(said) == _LENGTH and all(said):
        return "".join(letter for letter in said if letter)
    plain = re.sub(r"[\s\-_]", "", code).upper()
    return plain if _SHAPE.fullmatch(plain) else None


def tidied(code: str) -> str:
    """Leave out what nobody sees in a typed code, and make every dash the plain one."""
    return "".join("-" if _is_dash(sign) else sign for sign in code if category(sign) != "Cf").strip()


def _is_dash(sign: str) -> bool:
    return category(sign) == "Pd" or sign == "\N{MINUS SIGN}"


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
    plain, key = _drawn(sealer)
    session.add(Invite(school_id=pupil.school_id, pupil_id=pupil.id, code_key=key, expires_at=now + LIFETIME))
    return plain


def issue_to_guardian(session: Session, sealer: Sealer, guardian: Guardian, now: datetime) -> str:
    """Issue a guardian's own code; codes issued to them before and not used end."""
    session.exec(
        update(GuardianInvite)
        .where(col(GuardianInvite.school_id) == guardian.school_id, col(GuardianInvite.guardian_id) == guardian.id)
        .where(col(GuardianInvite.used_at).is_(None), col(GuardianInvite.expires_at) > now)
        .values(expires_at=now)
    )
    plain, key = _drawn(sealer)
    session.add(
        GuardianInvite(school_id=guardian.school_id, guardian_id=guardian.id, code_key=key, expires_at=now + LIFETIME)
    )
    return plain


def _drawn(sealer: Sealer) -> tuple[str, bytes]:
    """Draw a code; gives how it is written, and the hash it is kept as."""
    plain = "".join(secrets.choice(DRAWN) for _ in range(_LENGTH))
    return f"{plain[:4]}-{plain[4:]}", sealer.blind("invite", plain)


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
    invite = _invite(session, school_id, sealer.blind("invite", plain)) if plain else None
    for_guardian = isinstance(invite, GuardianInvite)
    if invite and not invite.used_at and now < invite.expires_at:
        if isinstance(invite, GuardianInvite):
            return Lookup("valid", guardian=invite, for_guardian=True)
        return Lookup("valid", invite)
    # A code already used by this same chat is a second tap on the same link, not a guess.
    if invite and invite.used_at and _chat_of(session, invite) == chat_key:
        return Lookup("used", for_guardian=for_guardian)
    if attempt is None:
        attempt = Attempt(school_id=school_id, chat_key=chat_key, tries=0, since=now)
    attempt.tries += 1
    session.add(attempt)
    if not invite:
        return Lookup("unknown")
    return Lookup("used" if invite.used_at else "expired", for_guardian=for_guardian)


def _invite(session: Session, school_id: UUID, key: bytes) -> Invite | GuardianInvite | None:
    mine = session.exec(select(Invite).where(Invite.school_id == school_id, Invite.code_key == key)).first()
    return (
        mine
        or session.exec(
            select(GuardianInvite).where(GuardianInvite.school_id == school_id, GuardianInvite.code_key == key)
        ).first()
    )


def _chat_of(session: Session, invite: Invite | GuardianInvite) -> bytes | None:
    """The chat, as its hash, of whoever used a code."""
    binding: Binding | GuardianBinding | None
    if isinstance(invite, GuardianInvite):
        binding = session.get(GuardianBinding, invite.guardian_id)
    else:
        binding = session.get(Binding, invite.pupil_id)
    return binding.chat_key if binding else None
