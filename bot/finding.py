"""A finding: what the doctor hands back, and how a number in it is written."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what it is, whether it is in order, and one sentence with what mends it."""

    what: str
    ok: bool
    words: str


def counted(number: int, one: str, many: str) -> str:
    """Write a number with its words: those for one, or those for any other."""
    return f"{number:,} {one if number == 1 else many}"
