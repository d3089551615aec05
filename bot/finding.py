"""A finding: what the doctor hands back."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what it is, whether it is in order, and one sentence with what mends it."""

    what: str
    ok: bool
    words: str
