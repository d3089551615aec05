"""What the buttons of Whisper carry, and what its pages may know: plain data, none of it kept by Earshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

ADULT = "a"
KIND_NAMES: Mapping[str, str] = MappingProxyType(
    {"b": "bullying", "n": "online", "h": "home", "f": "friend", ADULT: "adult", "e": "other"}
)
RECEIPT_LENGTH = 14
_EXCLUDED_LENGTH = 8


@dataclass(frozen=True)
class Choice:
    """What the buttons of one exchange carry.

    `about` is "m" (me), "o" (someone else) or ""; `kind` a key of KIND_NAMES or ""; `excluded` the beginning of the
    id of a reader left out; `receipt` the code of the six words; `hold` that the card waits for the next fixed slot;
    `told` that the reporter has read that it is urgent; `guess` the place of a tapped word.
    """

    about: str = ""
    kind: str = ""
    excluded: str = ""
    receipt: str = ""
    hold: bool = False
    told: bool = False
    guess: int | None = None

    def code(self) -> str:
        """Write it as a button's data, 40 bytes at most."""
        flags = f"{self.about or '-'}{self.kind or '-'}{'h' if self.hold else '-'}{'t' if self.told else '-'}"
        guess = "" if self.guess is None else f".{self.guess}"
        return f"{flags}{self.excluded}.{self.receipt}{guess}"

    @classmethod
    def read(cls, code: str) -> Choice | None:
        """Read what `code` wrote; None for anything else."""
        head, _, rest = code.partition(".")
        receipt, _, guess = rest.partition(".")
        if len(head) not in (4, 4 + _EXCLUDED_LENGTH) or len(receipt) != RECEIPT_LENGTH:
            return None
        about, kind, hold, told = tuple(head[:4])
        known = about in "mo-" and (kind in KIND_NAMES or kind == "-") and hold in "h-" and told in "t-"
        if not known or not (guess == "" or (guess.isascii() and guess.isdigit())):
            return None
        return cls(
            about.strip("-"),
            kind.strip("-"),
            head[4:],
            receipt,
            hold == "h",
            told == "t",
            int(guess) if guess else None,
        )


@dataclass(frozen=True)
class Around:
    """What a page may know: the nation, when staff read next, the readers' names, and how a receipt is spelt.

    `reads_at` is None inside school hours; `slot` is the next fixed time of cards; `quiet` means that few have used
    this in the last hour; `fresh` is a new receipt's code; `leads` are pairs of an id's beginning and a name; `parent`
    means that a parent or carer reads it; `check_in` is the id of a check-in that is open meanwhile.
    """

    nation: str
    reads_at: datetime | None
    slot: datetime
    quiet: bool
    leads: tuple[tuple[str, str], ...]
    fresh: str
    words: Callable[[str], tuple[str, ...]]
    decoys: Callable[[str, int], tuple[str, ...]]
    is_receipt: Callable[[str], bool]
    parent: bool = False
    check_in: str = ""


@dataclass(frozen=True)
class Found:
    """What a right receipt opened: status, outcome, and replies as pairs of "reply" or "question" and words."""

    status: str
    outcome: str
    replies: tuple[tuple[str, str], ...]
